/*
 * test_exert.c
 *		Merges without updates: exertion, fuel, structural empties, pending
 *		batches, cuts, and what users of the originals have wished for.
 */
#include "core/test.h"

static PushEffects effects;

/* Answers every outstanding request with a result of so many updates at most. */
static int
answer_requests(Trace *trace, HollowList *list, int64_t most)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	int			answered = 0;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
	{
		HollowSource source = hollow_source(list);
		HollowBatch result = {.desc = batch->desc, .nparts = 1, .parts = part_keys};
		ApplyEffect effect;
		CoreError	err;

		if (!spine_batch_is_fueled(batch))
			continue;
		result.len = batch->len < most ? batch->len : most;
		CHECK(trace_match(trace, &result, &source, &effect, &err) == CORE_OK);
		CHECK(effect.outcome == APPLIED_EXACT);
		trace_apply(trace, &result, &effect);
		hollow_replace(list, effect.lo, effect.hi, &result);
		answered++;
	}
	return answered;
}

/* Carries out the fuses of an operation that pushed nothing. */
static void
check_quiet(Trace *trace, HollowList *list)
{
	CoreError	err;

	hollow_fused(list, &effects);
	CHECK(trace_validate(trace, &err) == CORE_OK);
}

/*
 * Insertions and as many retractions, then nothing: exertion alone must leave one
 * compact batch of what remains, however much that has shrunk.
 */
static void
test_idle_retractions(void)
{
	static const int64_t remains[] = {0, 1, 3, 100, INT64_MAX};

	for (size_t i = 0; i < sizeof(remains) / sizeof(remains[0]); i++)
		for (int64_t effort = 1; effort < 5000; effort *= 16)
		{
			HollowList	list = {0};
			Trace		trace;
			CoreError	err;
			bool		worked = true;
			int			steps = 0;

			start_trace(&trace, 1);
			effects.want_requests = true;
			for (int k = 0; k < 500; k++)
				push_length(&trace, &list, 1 + k % 7, &effects);
			while (worked && steps++ < 100000)
			{
				CHECK(trace_exert(&trace, effort, &effects, &worked, &err) == CORE_OK);
				check_quiet(&trace, &list);
				worked |= answer_requests(&trace, &list, remains[i]) > 0;
			}
			CHECK(!worked);
			CHECK(trace_metrics(&trace).compacting == 0);
			/* Batches without updates ask for nothing. */
			CHECK(spine_batches(&trace) == 1 || remains[i] == 0);
			hollow_clear(&list);
		}
	end_case("an idle spine with retractions converges to one compact batch");
}

/* All pending batches move on once nobody wants to cut any more. */
static void
test_physical_to_the_end(void)
{
	HollowList	list = {0};
	Frontier	physical = at(0);
	Trace		trace;
	CoreError	err;
	bool		moved = true;
	int			moves = 0;

	start_trace(&trace, 1);
	CHECK(trace_set_physical(&trace, &physical, &err) == CORE_OK);
	for (int i = 0; i < 100; i++)
		push_length(&trace, &list, 2, &effects);
	CHECK(trace.npending == 100 && spine_batches(&trace) == 0);
	physical = at(50);
	CHECK(trace_set_physical(&trace, &physical, &err) == CORE_OK);
	while (moved)
	{
		CHECK(trace_settle(&trace, &effects, &moved, &err) == CORE_OK);
		check_quiet(&trace, &list);
		moves += moved;
	}
	CHECK(moves == 50 && trace.npending == 50 && trace.pending[0].lo == 50);
	physical = at(49);
	CHECK(trace_set_physical(&trace, &physical, &err) == CORE_PHYSICAL_REGRESSED);
	physical = at(END);
	CHECK(trace_set_physical(&trace, &physical, &err) == CORE_OK);
	do
	{
		CHECK(trace_settle(&trace, &effects, &moved, &err) == CORE_OK);
		check_quiet(&trace, &list);
	} while (moved);
	CHECK(trace.npending == 0);
	push_length(&trace, &list, 2, &effects);
	CHECK(trace.npending == 0 && spine_batches(&trace) < 10);
	hollow_clear(&list);
	end_case("physical compaction to the empty frontier does not stall merging");
}

static void
test_force(void)
{
	for (int n = 0; n < 300; n++)
	{
		HollowList	list = {0};
		Trace		trace;
		CoreError	err;
		bool		worked;
		int64_t		len = 0;

		start_trace(&trace, 1);
		for (int k = 0; k < n; k++)
		{
			push_length(&trace, &list, k * k % 50, &effects);
			len += k * k % 50;
		}
		effects.want_requests = true;
		CHECK(trace_force(&trace, &effects, &worked, &err) == CORE_OK);
		check_quiet(&trace, &list);
		CHECK(spine_batches(&trace) == (n > 0) && effects.nrequests <= 1);
		if (effects.nrequests == 1)
			CHECK(effects.requests[0].lo == 0 && effects.requests[0].hi == (uint64_t) n &&
				  effects.requests[0].len == len);
		answer_requests(&trace, &list, 10);
		CHECK(trace_force(&trace, &effects, &worked, &err) == CORE_OK);
		CHECK(!worked && (n == 0 || trace_metrics(&trace).compact == 1));
		hollow_clear(&list);
	}
	end_case("forced compaction: one spine batch, one request, one compact batch");
}

static void
test_arguments(void)
{
	Trace		trace;
	CoreError	err;
	bool		worked;

	start_trace(&trace, 1);
	CHECK(trace_exert(&trace, 0, &effects, &worked, &err) == CORE_EXERTION);
	CHECK(trace_exert(&trace, -1, &effects, &worked, &err) == CORE_EXERTION);
	CHECK(trace_exert(&trace, INT64_MAX, &effects, &worked, &err) == CORE_OK && !worked);
	CHECK(trace_apply_fuel(&trace, -1, &effects, &worked, &err) == CORE_FUEL);
	CHECK(trace_apply_fuel(&trace, INT64_MAX, &effects, &worked, &err) == CORE_OK && !worked);
	CHECK(trace_introduce_empty(&trace, -1, &effects, &err) == CORE_LEVEL);
	CHECK(trace_introduce_empty(&trace, 64, &effects, &err) == CORE_LEVEL);
	CHECK(trace_set_effort(&trace, 0, &err) == CORE_EFFORT);
	CHECK(trace_set_effort(&trace, 7, &err) == CORE_OK && trace.effort == 7);
	for (int i = 0; i < 1000; i++)
		CHECK(trace_introduce_empty(&trace, 63, &effects, &err) == CORE_OK);
	CHECK(trace_validate(&trace, &err) == CORE_OK);
	end_case("effort, fuel and levels out of range, and the greatest ones");
}

/* A structural empty alone gives way to the first empty batch. */
static void
test_structural(void)
{
	HollowList	list = {0};
	Trace		trace;
	CoreError	err;

	start_trace(&trace, 1);
	CHECK(trace_introduce_empty(&trace, 5, &effects, &err) == CORE_OK);
	CHECK(spine_batches(&trace) == 0 && trace.levels.count == 1);
	CHECK(level_state(&trace.levels.level[0]) == LEVEL_SINGLE);
	push_length(&trace, &list, 0, &effects);
	CHECK(effects.nfuses == 0 && spine_batches(&trace) == 1);
	CHECK(trace.levels.count == 1 && level_state(&trace.levels.level[0]) == LEVEL_SINGLE);
	CHECK(trace_introduce_empty(&trace, 0, &effects, &err) == CORE_OK);
	CHECK(level_state(&trace.levels.level[0]) == LEVEL_COMPLETE);
	CHECK(level_batch(&trace.levels.level[0])->hi == 1);
	push_length(&trace, &list, 3, &effects);
	CHECK(list.count == 2 && spine_batches(&trace) == 2);
	hollow_clear(&list);
	end_case("structural empties meet batches");
}

static void
check_cut(const Trace *trace, uint64_t time, Status expected, bool expected_nothing)
{
	Frontier	cut = at(time);
	CoreError	err;
	bool		nothing = false;

	CHECK(trace_check_cut(trace, &cut, &nothing, &err) == expected);
	CHECK(expected != CORE_OK || nothing == expected_nothing);
}

static void
test_cut(void)
{
	Frontier	physical = at(5);
	Frontier	cut = at(7);
	Description d = desc(5, 7, 0);
	Frontier	end = at(END);
	Trace		trace;
	CoreError	err;
	bool		included;

	start_trace(&trace, 1);
	check_cut(&trace, 0, CORE_OK, true);
	check_cut(&trace, 3, CORE_OK, false);
	CHECK(trace_set_physical(&trace, &physical, &err) == CORE_OK);
	check_cut(&trace, 4, CORE_NOT_BEYOND_PHYSICAL, false);
	check_cut(&trace, 5, CORE_OK, false);
	check_cut(&trace, END, CORE_OK, false);
	CHECK(cut_includes(&cut, &d, &included, &err) == CORE_OK && included);
	d = desc(7, 9, 0);
	CHECK(cut_includes(&cut, &d, &included, &err) == CORE_OK && !included);
	d = desc(6, 8, 0);
	CHECK(cut_includes(&cut, &d, &included, &err) == CORE_STRADDLES);
	CHECK(trace_downgrade_since(&trace, &end, &err) == CORE_OK);
	check_cut(&trace, 7, CORE_CLOSED, false);
	end_case("cuts: closed, not beyond the physical frontier, through a batch");
}

static void
test_close(void)
{
	HollowBatch batch;
	Trace		trace;
	CoreError	err;

	start_trace(&trace, 1);
	push_length(&trace, NULL, 3, &effects);
	CHECK(trace_closing_batch(&trace, &batch, &err) == CORE_OK);
	push(&trace, NULL, &batch, &effects);
	CHECK(frontier_is_empty(&trace.upper));
	CHECK(trace_closing_batch(&trace, &batch, &err) == CORE_CLOSED);
	end_case("closing");
}

int
main(void)
{
	test_idle_retractions();
	test_physical_to_the_end();
	test_force();
	test_arguments();
	test_structural();
	test_cut();
	test_close();
	return end_tests();
}
