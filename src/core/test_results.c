/*
 * test_results.c
 *		Every outcome of a merge result, and every error.
 */
#include "core/test.h"

static PushEffects effects;

/*
 * Spine batches: ids 0-4, fueled, [0][8] of 4 updates in 4 parts, the first
 * over [0][5]; ids 4-5, merged, [8][9] of 4 updates.
 */
static void
start_fueled_trace(Trace *trace, HollowList *list)
{
	static const uint64_t uppers[] = {5, 6, 7, 8, 9};
	Frontier	since = at(2);
	uint64_t	lower = 0;
	CoreError	err;

	start_trace(trace, 1);
	CHECK(trace_downgrade_since(trace, &since, &err) == CORE_OK);
	for (int i = 0; i < 5; i++)
	{
		HollowBatch batch = hollow(lower, uppers[i], 0, i == 4 ? 4 : 1, 1);

		push(trace, list, &batch, &effects);
		lower = uppers[i];
	}
}

static void
test_not_applied(void)
{
	/* Bounds inside a batch, across spine batches, and beyond the end. */
	static const uint64_t nowhere[][2] = {
		{0, 4}, {1, 8}, {4, 6}, {0, 9}, {7, 9}, {5, 9}, {9, 10}, {8, 10},
		{0, END}, {100, 200}, {TIME_MAX, END}
	};
	HollowList	list = {0};
	HollowBatch result;
	Trace		trace;

	start_fueled_trace(&trace, &list);
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
	{
		result = hollow(nowhere[i][0], nowhere[i][1], 0, 0, 0);
		CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_NO_MATCH);
	}
	result = hollow(0, 8, 0, 5, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	result = hollow(5, 7, 0, 3, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	result = hollow(8, 9, 0, 5, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	result = hollow(5, 6, 0, INT64_MAX, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	hollow_clear(&list);
	end_case("results without match, and with too many updates");
}

static void
test_invalid_since(void)
{
	HollowList	list = {0};
	HollowBatch result;
	Trace		trace;

	start_fueled_trace(&trace, &list);
	CHECK(oldest(&trace)->desc.since.time == 2);
	result = hollow(0, 8, 3, 4, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_INVALID_SINCE);
	result = hollow(0, 8, END, 5, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_INVALID_SINCE);
	result = hollow(5, 7, 3, 2, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_INVALID_SINCE);
	result = hollow(8, 9, 1, 4, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_INVALID_SINCE);
	result = hollow(4, 7, 3, 2, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_NO_MATCH);
	hollow_clear(&list);
	end_case("results compacted too far; matching comes first");
}

static void
test_applied(void)
{
	HollowList	list = {0};
	HollowBatch result;
	int32_t		runs[] = {1};
	TraceMetrics metrics;
	Trace		trace;

	start_fueled_trace(&trace, &list);
	result = hollow(5, 7, 2, 2, 3);
	apply(&trace, &list, &result, APPLIED_SUBSET, 1, 3, (HollowSum) {3, 5, 4});
	result = hollow(5, 7, 1, 0, 0);
	apply(&trace, &list, &result, APPLIED_SUBSET, 1, 3, (HollowSum) {3, 2, 2});
	result = hollow(0, 7, 0, 1, 1);
	apply(&trace, &list, &result, APPLIED_SUBSET, 0, 3, (HollowSum) {2, 2, 2});
	metrics = trace_metrics(&trace);
	CHECK(metrics.compact == 1 && metrics.compacting == 1 &&
		  metrics.noncompact == 0);
	CHECK(oldest(&trace)->desc.since.time == 2);

	result = hollow(0, 8, 1, 2, 2);
	result.nruns = 1;
	result.runs = runs;
	apply(&trace, &list, &result, APPLIED_EXACT, 0, 4, (HollowSum) {1, 2, 2});
	CHECK(oldest(&trace)->desc.since.time == 1);
	metrics = trace_metrics(&trace);
	CHECK(metrics.compact == 1 && metrics.compacting == 0 &&
		  metrics.noncompact == 1);

	result = hollow(0, 8, 1, 1, 1);
	apply(&trace, &list, &result, APPLIED_EXACT, 0, 4, (HollowSum) {1, 1, 1});
	result = hollow(0, 8, 2, 1, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_INVALID_SINCE);
	result = hollow(0, 8, 0, 2, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	result = hollow(8, 9, 0, 0, 0);
	apply(&trace, &list, &result, APPLIED_EXACT, 4, 5, (HollowSum) {1, 0, 0});
	CHECK(list.count == 2);
	metrics = trace_metrics(&trace);
	CHECK(metrics.compact == 2 && metrics.noncompact == 0);
	hollow_clear(&list);
	end_case("subsets; exact on fueled, on merged, and on pushed batches");
}

static void
test_bad_results(void)
{
	static const struct
	{
		uint64_t	lower;
		uint64_t	upper;
		int64_t		len;
		Status		expected;
	}			bad[] = {
		{5, 5, 0, CORE_LOWER_EQUALS_UPPER},
		{6, 6, 1, CORE_LOWER_EQUALS_UPPER},
		{0, 0, 0, CORE_LOWER_EQUALS_UPPER},
		{8, 8, 0, CORE_LOWER_EQUALS_UPPER},
		{6, 5, 0, CORE_INVERTED},
		{7, 5, 1, CORE_INVERTED},
		{8, 0, 0, CORE_INVERTED},
		{END, 8, 0, CORE_LOWER_EMPTY},
		{END, END, 0, CORE_LOWER_EMPTY},
		{0, 8, -1, CORE_LENGTH},
		{5, 7, INT64_MIN, CORE_LENGTH}
	};
	const char *blank[] = {""};
	HollowList	list = {0};
	ApplyEffect effect;
	HollowBatch result;
	Trace		trace;

	start_fueled_trace(&trace, &list);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		result = hollow(bad[i].lower, bad[i].upper, 0, bad[i].len, 0);
		CHECK(match(&trace, &list, &result, &effect) == bad[i].expected);
		CHECK(effect.batch == NULL && effect.outcome == NOT_APPLIED_NO_MATCH);
	}
	result = hollow(0, 8, 0, 0, 1);
	result.parts = blank;
	CHECK(match(&trace, &list, &result, &effect) == CORE_PART);
	result.parts = part_keys;
	result.nruns = 1;
	result.runs = (const int32_t[]) {1};
	CHECK(match(&trace, &list, &result, &effect) == CORE_RUNS);
	hollow_clear(&list);
	end_case("results over no time, at a seam or not, and other illegal ones");
}

/* A source whose functions fail at will. */
typedef struct Grumpy
{
	HollowSource real;
	bool		fail_find;
	int			sums;			/* how many sums succeed */
} Grumpy;

static Status
grumpy_find(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
			const Frontier *upper, bool *found, uint64_t *found_lo,
			uint64_t *found_hi, CoreError *err)
{
	Grumpy	   *grumpy = context;

	if (grumpy->fail_find)
		return core_error(err, CORE_OWNER, "no", NULL);
	return grumpy->real.find(grumpy->real.context, lo, hi, lower, upper, found,
							 found_lo, found_hi, err);
}

static Status
grumpy_sum(void *context, uint64_t lo, uint64_t hi, HollowSum *sum,
		   CoreError *err)
{
	Grumpy	   *grumpy = context;

	if (grumpy->sums-- == 0)
		return core_error(err, CORE_OWNER, "no", NULL);
	return grumpy->real.sum(grumpy->real.context, lo, hi, sum, err);
}

/* One failing call after another, until the result is applied. */
static void
check_grumpy(Trace *trace, HollowList *list, const HollowBatch *result,
			 int sums)
{
	for (int i = -1; i <= sums; i++)
	{
		Grumpy		grumpy = {hollow_source(list), i < 0, i};
		HollowSource source = {&grumpy, grumpy_find, grumpy_sum};
		ApplyEffect effect;
		CoreError	err = {0};
		Trace		before;
		Status		status;

		trace_copy(&before, trace, test_arena());
		status = trace_match(trace, result, &source, &effect, &err);
		CHECK(status == (i < sums ? CORE_OWNER : CORE_OK));
		CHECK(err.status == status);
		CHECK(trace_equal(trace, &before));
	}
}

static void
test_owner_fails(void)
{
	HollowList	list = {0};
	HollowBatch result = hollow(5, 7, 0, 1, 1);
	Trace		trace;

	start_fueled_trace(&trace, &list);
	check_grumpy(&trace, &list, &result, 1);
	hollow_clear(&list);

	/* With a saturated sum, what is before and behind is asked for as well. */
	start_trace(&trace, 1);
	for (int i = 0; i < 4; i++)
		push_length(&trace, &list, INT64_MAX, &effects);
	push_length(&trace, &list, INT64_MAX, &effects);
	result = hollow(1, 2, 0, 1, 1);
	CHECK(oldest(&trace)->hollow > 2);
	check_grumpy(&trace, &list, &result, 3);
	hollow_clear(&list);
	end_case("a callback that fails is passed on, and changes nothing");
}

int
main(void)
{
	test_not_applied();
	test_invalid_since();
	test_applied();
	test_bad_results();
	test_owner_fails();
	return end_tests();
}
