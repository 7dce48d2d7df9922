/*
 * test_validate.c
 *		Every invariant that can be found broken.
 */
#include "core/test.h"

static PushEffects effects;

/* Each breaks one thing in a busy trace, and says what validate will. */
typedef struct Damage
{
	void		(*damage) (Trace *trace);
	const char *message;
} Damage;

/* The lowest level on which a merge is under way. */
static Level *
merging_level(Trace *trace)
{
	for (int i = 0; i < trace->levels.count; i++)
		if (trace->levels.level[i].count == 2)
			return &trace->levels.level[i];
	CHECK(false);
	return &trace->levels.level[0];
}

static void
break_ids(Trace *trace)
{
	merging_level(trace)->batch[1].lo++;
}

static void
break_width(Trace *trace)
{
	merging_level(trace)->batch[1].hi = merging_level(trace)->batch[1].lo;
}

static void
break_bounds(Trace *trace)
{
	merging_level(trace)->batch[1].desc.lower.time++;
}

static void
break_interval(Trace *trace)
{
	merging_level(trace)->batch[1].desc.upper =
		merging_level(trace)->batch[1].desc.lower;
}

static void
break_order(Trace *trace)
{
	merging_level(trace)->batch[1].desc.upper = at(0);
}

static void
break_since(Trace *trace)
{
	oldest(trace)->desc.since = at(trace->since.time + 1);
}

static void
break_length(Trace *trace)
{
	oldest(trace)->len = -1;
}

static void
break_parts(Trace *trace)
{
	oldest(trace)->parts = -1;
}

static void
break_hollow(Trace *trace)
{
	oldest(trace)->hollow = 0;
}

static void
break_hollow_most(Trace *trace)
{
	oldest(trace)->hollow = (int64_t) oldest(trace)->hi + 1;
}

static void
break_runs(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch = levels_next(&trace->levels, &walk, NULL);

	while (batch != NULL && !spine_batch_is_fueled(batch))
		batch = levels_next(&trace->levels, &walk, NULL);
	if (CHECK(batch != NULL))
		batch->runs = true;
}

static void
break_remaining(Trace *trace)
{
	merging_level(trace)->merge.remaining = -1;
}

static void
break_merge_since(Trace *trace)
{
	merging_level(trace)->merge.since = at(trace->since.time + 1);
}

static void
break_merge_join(Trace *trace)
{
	merging_level(trace)->batch[0].desc.since = trace->since;
	merging_level(trace)->merge.since = at(trace->since.time - 1);
}

static void
break_next_id(Trace *trace)
{
	trace->next_id++;
}

static void
break_upper(Trace *trace)
{
	trace->upper = at(END);
}

static void
break_count(Trace *trace)
{
	merging_level(trace)->count = 3;
}

static void
break_count_negative(Trace *trace)
{
	merging_level(trace)->count = -1;
}

static void
break_levels(Trace *trace)
{
	trace->levels.count = MAX_LEVELS + 1;
}

static void
break_levels_negative(Trace *trace)
{
	trace->levels.count = -1;
}

static void
test_validate(void)
{
	static const Damage damages[] = {
		{break_ids, "batch ids do not line up"},
		{break_width, "batch ids do not line up"},
		{break_bounds, "batch bounds do not line up"},
		{break_interval, "lower equals upper"},
		{break_order, "lower is not before upper"},
		{break_since, "since of a batch is past the trace's"},
		{break_length, "batch counts are impossible"},
		{break_parts, "batch counts are impossible"},
		{break_hollow, "batch counts are impossible"},
		{break_hollow_most, "batch counts are impossible"},
		{break_runs, "a fueled batch has runs of its own"},
		{break_remaining, "a merge has less than nothing left to do"},
		{break_merge_since, "since of a merge is past the trace's"},
		{break_merge_join, "since of a batch is past its merge's"},
		{break_next_id, "next id does not follow the last batch"},
		{break_upper, "trace upper does not match the last batch"},
		{break_count, "number of batches on a level is impossible"},
		{break_count_negative, "number of batches on a level is impossible"},
		{break_levels, "number of levels is impossible"},
		{break_levels_negative, "number of levels is impossible"}
	};
	Trace		trace;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
	{
		CoreError	err = {0};

		start_busy_trace(&trace, &effects);
		CHECK(trace_validate(&trace, &err) == CORE_OK);
		damages[i].damage(&trace);
		CHECK(trace_validate(&trace, &err) == CORE_CORRUPT);
		CHECK(err.status == CORE_CORRUPT);
		CHECK(err.detail[0] != '\0');
		if (!CHECK(strcmp(err.message, damages[i].message) == 0))
			printf("# case %zu: %s\n", i, err.message);
	}
	end_case("validate names each broken invariant");
}

int
main(void)
{
	test_validate();
	return end_tests();
}
