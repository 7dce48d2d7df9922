/*
 * test_requests.c
 *		Which merge requests of an operation are in vain: the cases of seed 000's
 *		own test, more of them, any lists at all against what the rule says of a
 *		single request, and the requests of merges that were forced and exerted.
 */
#include "core/test.h"

static PushEffects effects;

/* ------------------------------------------------------------------- lists */

typedef struct Interval
{
	uint64_t	lower;
	uint64_t	upper;
	uint64_t	since;
} Interval;

/* The length says where in the list a request was, to tell equal ones apart. */
static MergeRequest
request_of(Interval interval, int place)
{
	return (MergeRequest)
	{
		.lo = interval.lower, .hi = interval.upper, .len = place,
		.desc = desc(interval.lower, interval.upper, interval.since)
	};
}

/* Of the intervals up to one that is empty, those at these places must be left. */
static void
expect(const Interval *intervals, const char *places)
{
	MergeRequest requests[MAX_EFFECTS];
	int			count = 0;
	int			left;

	for (; intervals[count].lower != intervals[count].upper; count++)
		requests[count] = request_of(intervals[count], count);
	left = requests_reduce(requests, count);
	CHECK(left == (int) strlen(places));
	for (int i = 0; i < left && places[i] != '\0'; i++)
		CHECK(requests[i].len == places[i] - '0');
}

#define EXPECT(places, ...) \
	expect((const Interval[]) {__VA_ARGS__, {0, 0, 0}}, places)

static void
test_seed(void)
{
	expect((const Interval[]) {{0, 0, 0}}, "");
	EXPECT("0", {0, 1, END});
	EXPECT("1", {0, 1, END}, {0, 1, END});
	EXPECT("10", {0, 1, END}, {1, 2, END});
	EXPECT("1", {1, 2, END}, {0, 3, END});
	EXPECT("1", {0, 2, END}, {0, 3, END});
	EXPECT("1", {1, 3, END}, {0, 3, END});
	EXPECT("0", {0, 3, END}, {1, 2, END});
	EXPECT("10", {0, 2, END}, {1, 3, END});
	end_case("the cases of the original's own test");
}

static void
test_identical(void)
{
	EXPECT("3", {4, 7, 2}, {4, 7, 2}, {4, 7, 2}, {4, 7, 2});
	EXPECT("32", {4, 7, 2}, {7, 9, 2}, {4, 7, 2}, {7, 9, 2});
	EXPECT("3210", {4, 7, 2}, {4, 7, 1}, {4, 7, 0}, {4, 7, END});
	EXPECT("32", {4, 7, 2}, {4, 7, 1}, {4, 7, 1}, {4, 7, 2});
	end_case("of identical requests the last is left, of each since one");
}

static void
test_covered(void)
{
	/* As rolling up makes them. */
	EXPECT("4", {8, 9, 0}, {7, 9, 0}, {5, 9, 0}, {2, 9, 0}, {0, 9, 0});
	EXPECT("42", {4, 5, 0}, {3, 5, 0}, {2, 5, 0}, {5, 7, 0}, {5, 9, 0});
	EXPECT("1", {3, 5, 0}, {3, END, 0});
	/* One that covers several, which are no neighbours. */
	EXPECT("42", {0, 2, 0}, {4, 6, 0}, {9, 12, 0}, {1, 3, 0}, {0, 8, 0});
	/* A chain of which the middle is covered, too. */
	EXPECT("2", {3, 4, 0}, {2, 5, 0}, {1, 6, 0});
	end_case("requests that another one covers are in vain");
}

static void
test_overlap(void)
{
	EXPECT("210", {0, 3, 0}, {2, 5, 0}, {4, 7, 0});
	EXPECT("10", {2, 5, 0}, {0, 3, 0});
	/* Two that cover a third only together. */
	EXPECT("210", {1, 5, 0}, {0, 3, 0}, {3, 6, 0});
	EXPECT("21", {1, 3, 0}, {0, 3, 0}, {2, 6, 0});
	end_case("requests that overlap are all left, in reverse");
}

static void
test_unexpected_order(void)
{
	EXPECT("0", {0, 9, 0}, {2, 9, 0}, {5, 9, 0}, {8, 9, 0});
	EXPECT("1", {2, 5, 0}, {1, 6, 0}, {3, 4, 0});
	/* What a larger one takes out again closes the gap. */
	EXPECT("30", {0, 9, 0}, {1, 2, 0}, {4, 5, 0}, {9, 12, 0});
	EXPECT("420", {0, 4, 0}, {1, 2, 0}, {5, 9, 0}, {6, 7, 0}, {3, 6, 0});
	end_case("a larger request that comes first counts as much");
}

static void
test_since(void)
{
	EXPECT("10", {1, 2, 0}, {0, 3, 1});
	EXPECT("10", {1, 2, 1}, {0, 3, 0});
	EXPECT("10", {0, 3, 1}, {1, 2, 0});
	EXPECT("21", {1, 2, 0}, {1, 3, 1}, {0, 3, 0});
	end_case("a request of another since covers nothing");
}

/* --------------------------------------------------------------- any lists */

static Frontier
frontier_from(const char *text)
{
	Arena		arena = test_arena();
	Frontier	result = {0};
	CoreError	err;

	CHECK(frontier_parse(&text, &arena, &result, &err) == CORE_OK && *text == '\0');
	return result;
}

/* What the rule says of a and b in isolation. */
static bool
makes_vain(const MergeRequest *a, const MergeRequest *b)
{
	return frontier_equal(&a->desc.since, &b->desc.since) &&
		frontier_less_equal(&a->desc.lower, &b->desc.lower) &&
		frontier_less_equal(&b->desc.upper, &a->desc.upper);
}

/*
 * Covering is transitive, so a request is left unless some later one covers it,
 * or an earlier one that is not the same.
 */
static bool
is_left(const MergeRequest *requests, int count, int place)
{
	const MergeRequest *request = &requests[place];

	for (int i = 0; i < count; i++)
		if (i != place && makes_vain(&requests[i], request) &&
			(i > place || !makes_vain(request, &requests[i])))
			return false;
	return true;
}

static void
check_reduced(const MergeRequest *requests, int count)
{
	MergeRequest reduced[MAX_EFFECTS];
	int			left;
	int			n = 0;

	memcpy(reduced, requests, sizeof(MergeRequest) * (size_t) count);
	left = requests_reduce(reduced, count);
	for (int i = count - 1; i >= 0; i--)
		if (is_left(requests, count, i))
		{
			CHECK(n < left && reduced[n].len == i);
			n++;
		}
	CHECK(n == left);
	/* Turned around, they are as they were, and nothing more is in vain. */
	CHECK(requests_reduce(reduced, left) == left);
	for (int i = 0; i < left; i++)
		CHECK(is_left(reduced, left, i));
}

static void
test_any_list(void)
{
	Dice		dice = {11};
	MergeRequest requests[MAX_EFFECTS];

	for (int i = 0; i < 20000; i++)
	{
		int			count = (int) below(&dice, i % 100 == 0 ? MAX_EFFECTS + 1 : 8);
		uint64_t	span = 2 + below(&dice, 12);

		for (int k = 0; k < count; k++)
		{
			uint64_t	lower = below(&dice, span);
			uint64_t	upper = lower + 1 + below(&dice, span);

			requests[k] = request_of((Interval) {lower, upper, below(&dice, 8) / 7}, k);
		}
		check_reduced(requests, count);
	}
	end_case("any list of intervals");
}

static void
test_dimensions(void)
{
	static const char *const texts[] = {
		"[(0,0)]", "[(0,3)]", "[(3,0)]", "[(0,3),(3,0)]", "[(1,1)]", "[(3,3)]", "[(2,5),(4,1)]",
		"[]"
	};
	enum
	{
		TEXTS = sizeof(texts) / sizeof(texts[0])
	};
	Frontier	frontiers[TEXTS];
	Dice		dice = {12};
	MergeRequest requests[8];

	for (int i = 0; i < TEXTS; i++)
		frontiers[i] = frontier_from(texts[i]);
	/* Neither [(0,3)] nor [(3,0)] is before the other: both requests stay. */
	requests[0] = (MergeRequest) {.desc = {frontiers[1], frontiers[7], frontiers[0]}};
	requests[1] = (MergeRequest) {.desc = {frontiers[2], frontiers[7], frontiers[0]}};
	CHECK(requests_reduce(requests, 2) == 2);
	/* [(0,3),(3,0)] is before both. */
	requests[2] = (MergeRequest) {.desc = {frontiers[3], frontiers[7], frontiers[0]}};
	CHECK(requests_reduce(requests, 3) == 1);
	CHECK(frontier_equal(&requests[0].desc.lower, &frontiers[3]));
	for (int i = 0; i < 5000; i++)
	{
		for (int k = 0; k < 8; k++)
			requests[k] = (MergeRequest)
		{
			.desc = {frontiers[below(&dice, TEXTS)], frontiers[below(&dice, TEXTS)],
			frontiers[below(&dice, 2)]}, .len = k
		};
		check_reduced(requests, 8);
	}
	end_case("frontiers of which neither is before the other");
}

/* ------------------------------------------------------------- operations */

/* Pushes lengths up to one that is negative. */
static void
start_with(Trace *trace, const int64_t *lengths)
{
	effects.want_requests = true;
	start_trace(trace, 1);
	for (; *lengths >= 0; lengths++)
		push_length(trace, NULL, *lengths, &effects);
}

static bool
is_request(int i, uint64_t lo, uint64_t hi, uint64_t since)
{
	const MergeRequest *request = &effects.requests[i];
	Description expected = desc(lo, hi, since);

	return request->lo == lo && request->hi == hi &&
		description_equal(&request->desc, &expected);
}

/* How many merges the last operation completed; each has asked for an answer. */
static int
merges_done(void)
{
	int			count = 0;

	for (int i = 0; i < effects.nevents; i++)
		count += effects.events[i].done && !effects.events[i].structural[0] &&
			!effects.events[i].structural[1];
	return count;
}

/*
 * Two merges are under way, of the first two batches and of the last two.  The
 * latter's result meets the third batch at once, and that merge has fuel as well.
 */
static const int64_t under_way[] = {128, 128, 8, 4, 4, -1};

static void
check_both_done(void)
{
	CHECK(merges_done() == 3);
	CHECK(effects.nrequests == 2 && is_request(0, 0, 2, 0) && is_request(1, 2, 5, 0));
}

/* Of sizes that do not meet; merges begin only when something drives them. */
static const int64_t apart[] = {100, 30, 8, 3, 1, -1};

static void
test_fuel(void)
{
	Trace		trace;
	CoreError	err;
	bool		worked;

	start_with(&trace, under_way);
	CHECK(trace_apply_fuel(&trace, 1000, &effects, &worked, &err) == CORE_OK && worked);
	check_both_done();
	start_with(&trace, under_way);
	CHECK(trace_exert(&trace, 1000, &effects, &worked, &err) == CORE_OK && worked);
	check_both_done();
	end_case("fuel and exertion: what goes on at once is asked for once, in reverse");
}

static void
test_roll_up(void)
{
	Trace		trace;
	CoreError	err;
	bool		worked;

	start_with(&trace, apart);
	CHECK(trace_exert(&trace, 4096, &effects, &worked, &err) == CORE_OK && worked);
	CHECK(merges_done() == 4);
	CHECK(effects.nrequests == 1 && is_request(0, 0, 5, 0));
	start_with(&trace, apart);
	CHECK(trace_introduce_empty(&trace, 4, &effects, &err) == CORE_OK);
	CHECK(merges_done() == 2);
	CHECK(effects.nrequests == 1 && is_request(0, 2, 5, 0));
	start_with(&trace, apart);
	CHECK(trace_force(&trace, &effects, &worked, &err) == CORE_OK && worked);
	CHECK(merges_done() == 4);
	CHECK(effects.nrequests == 1 && is_request(0, 0, 5, 0));
	end_case("rolled up by exertion, an empty batch or force: one request for all");
}

/* A merge keeps the since that it has begun with. */
static void
test_roll_up_since(void)
{
	Frontier	since = at(3);
	Trace		trace;
	CoreError	err;
	bool		worked;

	start_with(&trace, under_way);
	CHECK(trace_downgrade_since(&trace, &since, &err) == CORE_OK);
	CHECK(trace_force(&trace, &effects, &worked, &err) == CORE_OK && worked);
	CHECK(merges_done() == 4);
	CHECK(effects.nrequests == 3 && is_request(0, 0, 5, 3));
	CHECK(is_request(1, 0, 2, 0) && is_request(2, 3, 5, 0));
	end_case("rolled up after since has moved: those from before are asked for as well");
}

/* Whatever is done to a trace, none of its requests is in vain. */
static void
test_any_operation(void)
{
	Dice		dice = {13};
	Trace		trace;
	CoreError	err;
	bool		worked;
	int			several = 0;

	effects.want_requests = true;
	start_trace(&trace, 1);
	for (int i = 0; i < 20000; i++)
	{
		int			kind = (int) below(&dice, 100);
		Frontier	since = at(trace.upper.time / 2);

		if (kind < 90)
			push_length(&trace, NULL, INT64_C(1) << below(&dice, 12), &effects);
		else if (kind < 93)
			CHECK(trace_exert(&trace, 1 + (int64_t) below(&dice, 5000), &effects, &worked,
							  &err) == CORE_OK);
		else if (kind < 95)
			CHECK(trace_apply_fuel(&trace, (int64_t) below(&dice, 5000), &effects, &worked,
								   &err) == CORE_OK);
		else if (kind < 97)
			CHECK(trace_introduce_empty(&trace, (int) below(&dice, 12), &effects,
										&err) == CORE_OK);
		else if (kind < 98)
			CHECK(trace_force(&trace, &effects, &worked, &err) == CORE_OK);
		else
		{
			CHECK(trace_downgrade_since(&trace, &since, &err) == CORE_OK);
			continue;
		}
		CHECK(effects.nrequests <= merges_done());
		CHECK((effects.nrequests > 0) == effects.requested);
		several += effects.nrequests > 1;
		for (int k = 0; k < effects.nrequests; k++)
			CHECK(is_left(effects.requests, effects.nrequests, k));
	}
	CHECK(several > 100);
	end_case("whatever drives the merges, no request is in vain");
}

int
main(void)
{
	test_seed();
	test_identical();
	test_covered();
	test_overlap();
	test_unexpected_order();
	test_since();
	test_any_list();
	test_dimensions();
	test_fuel();
	test_roll_up();
	test_roll_up_since();
	test_any_operation();
	return end_tests();
}
