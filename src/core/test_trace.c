/*
 * test_trace.c
 *		A trace, one thing at a time: every error of a push and of since, every
 *		outcome of a merge result, fuses, requests, effort, lengths so great that
 *		their sums saturate, and every invariant that can be found broken.
 */
#include "core/test.h"

static PushEffects effects;

/* ------------------------------------------------------------------ errors */

static void
test_init(void)
{
	static const int wrong[] = {0, -1, MAX_DIMS + 1, INT32_MAX, INT32_MIN};
	Trace		trace;
	CoreError	err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(trace_init(&trace, wrong[i], 1, test_arena(), &err) == CORE_DIMS);
	for (int dims = 2; dims <= MAX_DIMS; dims++)
		CHECK(trace_init(&trace, dims, 1, test_arena(), &err) == CORE_OK);
	CHECK(trace_init(&trace, 1, 0, test_arena(), &err) == CORE_EFFORT);
	CHECK(trace_init(&trace, 1, -5, test_arena(), &err) == CORE_EFFORT);
	CHECK(trace_init(&trace, 1, INT32_MAX, test_arena(), &err) == CORE_OK);
	CHECK(trace.next_id == 0 && trace.levels.count == 0);
	CHECK(trace.since.time == 0 && trace.since.count == 1);
	CHECK(trace.upper.time == 0 && trace.upper.count == 1);
	CHECK(trace_validate(&trace, &err) == CORE_OK);
	end_case("a new trace: dimensions, effort, and what it starts with");
}

/* A push that must fail, with this message, and leave everything as it was. */
static void
refuse(Trace *trace, const HollowBatch *batch, Status expected,
	   const char *message)
{
	Trace		before;
	CoreError	err = {0};

	trace_copy(&before, trace, test_arena());
	CHECK(trace_check_push(trace, batch, &err) == expected);
	memset(&err, 0, sizeof(err));
	if (!CHECK(trace_push(trace, batch, &effects, &err) == expected))
		printf("# %s\n", message);
	CHECK(err.status == expected);
	CHECK(strcmp(err.message, message) == 0);
	CHECK(err.detail[0] != '\0');
	CHECK(trace_equal(trace, &before));
}

static void
refuse_plain(Trace *trace, uint64_t lower, uint64_t upper, uint64_t since,
			 int64_t len, Status expected, const char *message)
{
	HollowBatch batch = hollow(lower, upper, since, len, 1);

	refuse(trace, &batch, expected, message);
}

/* [0][10], since [3], with a merge under way on two levels. */
static void
start_busy_trace(Trace *trace, HollowList *list)
{
	static const int64_t lengths[] = {9, 16, 1, 1, 0, 3, 4, 1, 2, 1};
	Frontier	since = at(3);
	CoreError	err;

	start_trace(trace, 1);
	for (int i = 0; i < 10; i++)
		push_length(trace, list, lengths[i], &effects);
	CHECK(trace_downgrade_since(trace, &since, &err) == CORE_OK);
}

static void
test_push_errors(void)
{
	static const char empty[] = "lower is empty";
	static const char equal[] = "lower equals upper";
	static const char inverted[] = "lower is not before upper";
	static const char mismatch[] = "lower does not match trace upper";
	static const char beyond[] = "since beyond trace since";
	Trace		trace;

	start_busy_trace(&trace, NULL);
	refuse_plain(&trace, END, 11, 0, 1, CORE_LOWER_EMPTY, empty);
	refuse_plain(&trace, END, END, 9, -1, CORE_LOWER_EMPTY, empty);
	refuse_plain(&trace, 10, 10, 0, 1, CORE_LOWER_EQUALS_UPPER, equal);
	refuse_plain(&trace, 7, 7, 9, -1, CORE_LOWER_EQUALS_UPPER, equal);
	refuse_plain(&trace, 10, 9, 0, 1, CORE_INVERTED, inverted);
	refuse_plain(&trace, 5, 3, 9, -1, CORE_INVERTED, inverted);
	refuse_plain(&trace, 11, 12, 0, 1, CORE_LOWER_MISMATCH, mismatch);
	refuse_plain(&trace, 9, 12, 0, 1, CORE_LOWER_MISMATCH, mismatch);
	refuse_plain(&trace, 0, END, 9, -1, CORE_LOWER_MISMATCH, mismatch);
	refuse_plain(&trace, 10, 11, 4, 1, CORE_SINCE_BEYOND, beyond);
	refuse_plain(&trace, 10, 11, END, -1, CORE_SINCE_BEYOND, beyond);
	refuse_plain(&trace, 10, 11, 3, -1, CORE_LENGTH, "length is negative");
	end_case("errors of a push, in their order, change nothing");
}

static void
test_push_batch_errors(void)
{
	const char *blank[] = {"a", ""};
	const char *null[] = {NULL, "b"};
	int32_t		outside[] = {2};
	int32_t		unsorted[] = {1, 1};
	HollowBatch batch = hollow(10, 11, 3, 1, 2);
	Trace		trace;

	start_busy_trace(&trace, NULL);
	batch.parts = blank;
	refuse(&trace, &batch, CORE_PART, "part key is empty");
	batch.parts = null;
	refuse(&trace, &batch, CORE_PART, "part key is null");
	batch.parts = part_keys;
	batch.nruns = 1;
	batch.runs = outside;
	refuse(&trace, &batch, CORE_RUNS, "run is outside parts");
	batch.nruns = 2;
	batch.runs = unsorted;
	refuse(&trace, &batch, CORE_RUNS, "runs are not increasing");
	batch.nruns = 1;
	batch.runs = (const int32_t[]) {1};
	CHECK(trace_metrics(&trace).noncompact == 0);
	push(&trace, NULL, &batch, &effects);
	CHECK(trace.next_id == 11);
	CHECK(trace_metrics(&trace).noncompact == 1);
	end_case("errors of the batch itself change nothing");
}

static void
test_closed(void)
{
	HollowBatch last = hollow(10, END, 0, 5, 1);
	Trace		trace;

	start_busy_trace(&trace, NULL);
	push(&trace, NULL, &last, &effects);
	CHECK(frontier_is_empty(&trace.upper));
	refuse_plain(&trace, 10, END, 0, 1, CORE_LOWER_MISMATCH,
				 "lower does not match trace upper");
	refuse_plain(&trace, 11, 12, 0, 1, CORE_LOWER_MISMATCH,
				 "lower does not match trace upper");
	refuse_plain(&trace, END, END, 0, 0, CORE_LOWER_EMPTY, "lower is empty");
	end_case("a trace that has ended takes nothing more");
}

/* One batch, on the last of so many levels; what a push of another one says. */
static Status
push_high(Trace *trace, int levels, int64_t first, int64_t second)
{
	HollowBatch batch = hollow(1, 2, 0, second, 1);
	CoreError	err;
	Trace		before;
	Status		status;

	start_trace(trace, 1);
	push_length(trace, NULL, first, &effects);
	trace->levels.level[levels - 1] = trace->levels.level[0];
	trace->levels.count = levels;
	for (int i = 0; i < levels - 1; i++)
		trace->levels.level[i].count = 0;
	trace_copy(&before, trace, test_arena());
	status = trace_push(trace, &batch, &effects, &err);
	CHECK(status == CORE_OK || trace_equal(trace, &before));
	CHECK(trace_validate(trace, &err) == CORE_OK);
	return status;
}

/* A push may add two levels; if there might be no room, it is refused. */
static void
test_limit(void)
{
	Trace		trace;

	CHECK(push_high(&trace, MAX_LEVELS, 1, 1) == CORE_LIMIT);
	CHECK(push_high(&trace, MAX_LEVELS, 1, 0) == CORE_LIMIT);
	CHECK(push_high(&trace, MAX_LEVELS, 1, INT64_MAX) == CORE_LIMIT);
	CHECK(push_high(&trace, MAX_LEVELS - 1, 1, 1) == CORE_LIMIT);
	CHECK(push_high(&trace, MAX_LEVELS - 2, 1, 1) == CORE_OK);
	CHECK(trace.levels.count == 1 && trace.levels.level[0].count == 2);
	CHECK(push_high(&trace, MAX_LEVELS, 0, 0) == CORE_OK);
	CHECK(trace.levels.count == MAX_LEVELS);
	end_case("more levels than a trace can have");
}

static Status
move_since(Trace *trace, uint64_t time)
{
	Frontier	since = at(time);
	CoreError	err = {0};
	Trace		before;
	Status		status;

	trace_copy(&before, trace, test_arena());
	status = trace_downgrade_since(trace, &since, &err);
	if (status != CORE_OK)
	{
		CHECK(trace_equal(trace, &before));
		CHECK(err.status == status && err.detail[0] != '\0');
	}
	else
		CHECK(frontier_equal(&trace->since, &since));
	return status;
}

static void
test_since(void)
{
	Trace		trace;

	start_busy_trace(&trace, NULL);
	CHECK(move_since(&trace, 3) == CORE_OK);
	CHECK(move_since(&trace, 2) == CORE_SINCE_REGRESSED);
	CHECK(move_since(&trace, 0) == CORE_SINCE_REGRESSED);
	CHECK(move_since(&trace, 4) == CORE_OK);
	CHECK(move_since(&trace, 3) == CORE_SINCE_REGRESSED);
	CHECK(move_since(&trace, TIME_MAX) == CORE_OK);
	CHECK(move_since(&trace, TIME_MAX - 1) == CORE_SINCE_REGRESSED);
	CHECK(move_since(&trace, END) == CORE_OK);
	CHECK(move_since(&trace, TIME_MAX) == CORE_SINCE_REGRESSED);
	CHECK(move_since(&trace, END) == CORE_OK);
	end_case("since goes forward only, past the upper if asked to");
}

/* ----------------------------------------------------------- merge results */

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

/* Matches a result, which must not change anything yet. */
static Status
match(Trace *trace, HollowList *list, const HollowBatch *result,
	  ApplyEffect *effect)
{
	HollowSource source = hollow_source(list);
	CoreError	err = {0};
	Trace		before;
	Status		status;

	trace_copy(&before, trace, test_arena());
	status = trace_match(trace, result, &source, effect, &err);
	CHECK(trace_equal(trace, &before));
	CHECK(err.status == status);
	return status;
}

static MergeOutcome
outcome_of(Trace *trace, HollowList *list, const HollowBatch *result)
{
	ApplyEffect effect;

	CHECK(match(trace, list, result, &effect) == CORE_OK);
	CHECK((effect.batch == NULL) == (effect.outcome == NOT_APPLIED_NO_MATCH));
	return effect.outcome;
}

/* Matches and applies; checks the ids replaced and what the batch sums up to. */
static void
apply(Trace *trace, HollowList *list, const HollowBatch *result,
	  MergeOutcome outcome, uint64_t lo, uint64_t hi, HollowSum sum)
{
	ApplyEffect effect;
	CoreError	err;

	CHECK(match(trace, list, result, &effect) == CORE_OK);
	if (!CHECK(effect.outcome == outcome))
		return;
	CHECK(effect.lo == lo && effect.hi == hi);
	CHECK(effect.left.len == sum.len && effect.left.parts == sum.parts &&
		  effect.left.hollow == sum.hollow);
	trace_apply(trace, result, &effect);
	hollow_replace(list, effect.lo, effect.hi, result);
	CHECK(effect.batch->len == sum.len && effect.batch->parts == sum.parts &&
		  effect.batch->hollow == sum.hollow);
	CHECK(trace_validate(trace, &err) == CORE_OK);
}

static SpineBatch *
oldest(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);

	return levels_next(&trace->levels, &walk, NULL);
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

/* ------------------------------------------------------------------- fuses */

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

/* ---------------------------------------------------------------- requests */

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

/* ------------------------------------------------------------------ effort */

/* Two batches of 16 ask for 32 units; a batch of one brings eight times effort. */
static int64_t
remaining_after(int effort, bool *complete)
{
	Trace		trace;

	start_trace(&trace, effort);
	push_length(&trace, NULL, 16, &effects);
	push_length(&trace, NULL, 16, &effects);
	CHECK(trace.levels.level[4].count == 2 &&
		  trace.levels.level[4].merge.remaining == 32);
	push_length(&trace, NULL, 1, &effects);
	*complete = trace.levels.level[4].count == 0;
	return trace.levels.level[4].merge.remaining;
}

static void
test_effort(void)
{
	bool		complete;

	CHECK(remaining_after(1, &complete) == 24 && !complete);
	CHECK(remaining_after(2, &complete) == 16 && !complete);
	CHECK(remaining_after(3, &complete) == 8 && !complete);
	remaining_after(4, &complete);
	CHECK(complete);
	remaining_after(INT32_MAX, &complete);
	CHECK(complete);
	end_case("effort multiplies the fuel");
}

static void
test_most_effort(void)
{
	Dice		dice = {4};
	Trace		trace;

	start_trace(&trace, INT32_MAX);
	for (int i = 0; i < 2000; i++)
		push_length(&trace, NULL, (int64_t) (roll(&dice) >> below(&dice, 63) >> 1),
					&effects);
	end_case("the greatest effort does not overflow");
}

/* -------------------------------------------------------------- saturation */

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

/* ---------------------------------------------------------------- validate */

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

		start_busy_trace(&trace, NULL);
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

/* ------------------------------------------------------------------ copies */

static void
test_copy(void)
{
	Dice		dice = {6};
	Trace		trace;
	Trace		copy;
	Trace		again;

	start_trace(&trace, 2);
	for (int i = 0; i < 500; i++)
	{
		trace_copy(&copy, &trace, test_arena());
		trace_copy(&again, &trace, test_arena());
		push_length(&trace, NULL, (int64_t) below(&dice, 300), &effects);
		CHECK(trace_equal(&copy, &again));
		CHECK(!trace_equal(&copy, &trace));
	}
	end_case("a copy is apart from what it was taken from");
}

int
main(void)
{
	test_init();
	test_push_errors();
	test_push_batch_errors();
	test_closed();
	test_limit();
	test_since();
	test_not_applied();
	test_invalid_since();
	test_applied();
	test_bad_results();
	test_owner_fails();
	test_fuse();
	test_fuse_rolled_up();
	test_fuse_nested();
	test_no_fuse();
	test_requests();
	test_requests_unwanted();
	test_effort();
	test_most_effort();
	test_saturation();
	test_saturation_mixed();
	test_saturated_results();
	test_validate();
	test_copy();
	return end_tests();
}
