/*
 * test_saturation.c
 *		Lengths so great that their sums saturate.
 */
#include "core/test.h"

static PushEffects effects;

static void
check_sums(Trace *trace, HollowList *list)
{
	HollowSource source = hollow_source(list);
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	CoreError	err;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
	{
		HollowSum	sum;

		CHECK(source.sum(list, batch->lo, batch->hi, &sum, &err) == CORE_OK);
		CHECK(sum.hollow == batch->hollow && sum.parts == batch->parts &&
			  sum.len == batch->len);
	}
}

static void
test_saturation(void)
{
	HollowList	list = {0};
	Trace		trace;

	start_trace(&trace, 1);
	for (int i = 0; i < 100000; i++)
	{
		push_length(&trace, &list, INT64_MAX, &effects);
		CHECK(trace.levels.count <= 65);
		if (i % 997 == 0)
			check_sums(&trace, &list);
	}
	check_sums(&trace, &list);
	CHECK(oldest(&trace)->len == INT64_MAX);
	CHECK(level_length(&trace.levels.level[63]) == INT64_MAX);
	hollow_clear(&list);
	end_case("100000 batches of 2^63-1 updates");
}

static void
test_saturation_mixed(void)
{
	static const int64_t lengths[] = {
		INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, INT64_MAX / 2 + 1,
		INT64_MAX / 2 + 2, INT64_MAX / 4, 1, 0, 1000
	};
	HollowList	list = {0};
	Dice		dice = {5};
	Trace		trace;

	start_trace(&trace, 3);
	for (int i = 0; i < 50000; i++)
	{
		push_length(&trace, &list, lengths[below(&dice, 9)], &effects);
		CHECK(trace.levels.count <= 80);
		if (i % 97 == 0)
			check_sums(&trace, &list);
	}
	check_sums(&trace, &list);
	hollow_clear(&list);
	end_case("great lengths among small ones");
}

static void
test_saturated_results(void)
{
	HollowList	list = {0};
	HollowBatch result;
	Trace		trace;
	int64_t		left;

	start_trace(&trace, 1);
	for (int i = 0; i < 5; i++)
		push_length(&trace, &list, INT64_MAX, &effects);
	CHECK(oldest(&trace)->hollow == 4 && oldest(&trace)->len == INT64_MAX);
	result = hollow(0, 1, 0, 7, 1);
	apply(&trace, &list, &result, APPLIED_SUBSET, 0, 1,
		  (HollowSum) {4, 4, INT64_MAX});
	result = hollow(1, 2, 0, INT64_MAX, 2);
	apply(&trace, &list, &result, APPLIED_SUBSET, 1, 2,
		  (HollowSum) {4, 5, INT64_MAX});
	result = hollow(1, 3, 0, 0, 0);
	apply(&trace, &list, &result, APPLIED_SUBSET, 1, 3,
		  (HollowSum) {3, 2, INT64_MAX});
	left = INT64_MAX - 10 + 7;
	result = hollow(3, 4, 0, INT64_MAX - 10, 1);
	apply(&trace, &list, &result, APPLIED_SUBSET, 3, 4, (HollowSum) {3, 2, left});
	result = hollow(0, 4, 0, left + 1, 1);
	CHECK(outcome_of(&trace, &list, &result) == NOT_APPLIED_TOO_MANY_UPDATES);
	result = hollow(0, 4, 0, left, 1);
	apply(&trace, &list, &result, APPLIED_EXACT, 0, 4, (HollowSum) {1, 1, left});
	check_sums(&trace, &list);
	hollow_clear(&list);
	end_case("results for sums that have saturated");
}

int
main(void)
{
	test_saturation();
	test_saturation_mixed();
	test_saturated_results();
	return end_tests();
}
