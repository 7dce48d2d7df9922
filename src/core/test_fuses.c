/*
 * test_fuses.c
 *		What a push tells besides: the batches that fuse, and the merge requests.
 */
#include "core/test.h"

static PushEffects effects;

static bool
one_fuse(uint64_t lo, uint64_t hi, uint64_t lower, uint64_t upper,
		 uint64_t since)
{
	Description expected = desc(lower, upper, since);

	return effects.nfuses == 1 && effects.fuses[0].lo == lo &&
		effects.fuses[0].hi == hi &&
		description_equal(&effects.fuses[0].desc, &expected);
}

static void
test_fuse(void)
{
	HollowList	list = {0};
	HollowBatch batch;
	Frontier	since = at(4);
	CoreError	err;
	Trace		trace;

	effects.want_requests = true;
	start_trace(&trace, 1);
	batch = hollow(0, 1, 0, 0, 2);
	push(&trace, &list, &batch, &effects);
	CHECK(effects.nfuses == 0 && effects.id == 0);
	CHECK(oldest(&trace)->parts == 2);
	CHECK(trace_downgrade_since(&trace, &since, &err) == CORE_OK);
	batch = hollow(1, 3, 2, 0, 3);
	push(&trace, &list, &batch, &effects);
	CHECK(one_fuse(0, 2, 0, 3, 4) && effects.id == 1);
	CHECK(oldest(&trace)->parts == 0 && oldest(&trace)->hollow == 1);
	batch = hollow(3, END, 0, 0, 0);
	push(&trace, &list, &batch, &effects);
	CHECK(one_fuse(0, 3, 0, END, 4) && effects.id == 2);
	CHECK(effects.nrequests == 0);
	CHECK(list.count == 1 && list.entries[0].batch.nparts == 0);
	CHECK(trace.levels.count == 1);
	hollow_clear(&list);
	end_case("empty batches fuse at once; their parts are gone, no request");
}

static void
test_fuse_rolled_up(void)
{
	HollowList	list = {0};
	HollowBatch result;
	Trace		trace;

	effects.want_requests = true;
	start_trace(&trace, 1);
	for (int i = 0; i < 3; i++)
		push_length(&trace, &list, 1, &effects);
	result = hollow(0, 2, 0, 0, 2);
	apply(&trace, &list, &result, APPLIED_EXACT, 0, 2, (HollowSum) {1, 2, 0});
	result = hollow(2, 3, 0, 0, 1);
	apply(&trace, &list, &result, APPLIED_EXACT, 2, 3, (HollowSum) {1, 1, 0});
	push_length(&trace, &list, 4, &effects);
	CHECK(one_fuse(0, 3, 0, 3, 0));
	CHECK(effects.nrequests == 0);
	CHECK(list.count == 2 && list.entries[0].batch.nparts == 0);
	CHECK(list.entries[1].batch.nparts == 1);
	hollow_clear(&list);
	end_case("batches made empty by results fuse when they are rolled up");
}

/* Three levels of nothing: the fuse of two is inside the fuse of all. */
static void
test_fuse_nested(void)
{
	static const uint64_t bounds[][2] = {{0, 4}, {4, 6}, {6, 7}};
	HollowList	list = {0};
	Trace		trace;

	start_trace(&trace, 1);
	for (int i = 0; i < 7; i++)
		push_length(&trace, &list, 1, &effects);
	for (int i = 0; i < 3; i++)
	{
		HollowBatch result = hollow(bounds[i][0], bounds[i][1], 0, 0, 1);

		apply(&trace, &list, &result, APPLIED_EXACT, bounds[i][0],
			  bounds[i][1], (HollowSum) {1, 1, 0});
	}
	push_length(&trace, &list, 8, &effects);
	CHECK(one_fuse(0, 7, 0, 7, 0));
	CHECK(list.count == 2);
	hollow_clear(&list);
	end_case("of fuses inside one another only the greatest is told");
}

/* An empty batch that is merged with one that is not keeps its parts. */
static void
test_no_fuse(void)
{
	HollowList	list = {0};
	Trace		trace;

	start_trace(&trace, 1);
	push_length(&trace, &list, 0, &effects);
	push_length(&trace, &list, 1, &effects);
	push_length(&trace, &list, 0, &effects);
	CHECK(effects.nfuses == 0);
	CHECK(list.count == 3);
	CHECK(oldest(&trace)->parts == 2 && oldest(&trace)->hollow == 2);
	hollow_clear(&list);
	end_case("an empty batch merged with another one keeps its parts");
}

static bool
is_request(int i, uint64_t lo, uint64_t hi, int64_t len)
{
	const MergeRequest *request = &effects.requests[i];
	Description expected = desc(lo, hi, 0);

	return request->lo == lo && request->hi == hi && request->len == len &&
		request->parts == (int64_t) (hi - lo) &&
		description_equal(&request->desc, &expected);
}

static void
test_requests(void)
{
	static const int64_t lengths[] = {6, 3, 6, 4, 0, 4, 1, 4};
	Trace		trace;

	effects.want_requests = true;
	start_trace(&trace, 1);
	push_length(&trace, NULL, 1, &effects);
	push_length(&trace, NULL, 1, &effects);
	CHECK(effects.nrequests == 0);
	push_length(&trace, NULL, 1, &effects);
	CHECK(effects.nrequests == 1 && is_request(0, 0, 2, 2));
	/* Rolls up: 2-3 with 0-2, one request covering the other ones. */
	push_length(&trace, NULL, 64, &effects);
	CHECK(effects.nrequests == 1 && is_request(0, 0, 3, 3));

	/* Completes 2-5, 0-5 and 5-7 in this order: the first is in vain. */
	start_trace(&trace, 1);
	for (int i = 0; i < 8; i++)
		push_length(&trace, NULL, lengths[i], &effects);
	CHECK(effects.nrequests == 2);
	CHECK(is_request(0, 5, 7, 5) && is_request(1, 0, 5, 19));
	end_case("requests: redundant ones removed, the others in reverse order");
}

static void
test_requests_unwanted(void)
{
	Dice		dice = {3};
	Trace		with;
	Trace		without;

	start_trace(&with, 1);
	start_trace(&without, 1);
	for (int i = 0; i < 3000; i++)
	{
		int64_t		len = (int64_t) below(&dice, 20);
		PushEffects unwanted = {.want_requests = false, .nrequests = 7};

		effects.want_requests = true;
		push_length(&with, NULL, len, &effects);
		push_length(&without, NULL, len, &unwanted);
		CHECK(unwanted.nrequests == 0);
		CHECK(unwanted.nfuses == effects.nfuses);
	}
	CHECK(trace_equal(&with, &without));
	end_case("without requests the same trace comes of it");
}

int
main(void)
{
	test_fuse();
	test_fuse_rolled_up();
	test_fuse_nested();
	test_no_fuse();
	test_requests();
	test_requests_unwanted();
	return end_tests();
}
