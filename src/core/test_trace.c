/*
 * test_trace.c
 *		A trace, one thing at a time: how it starts, every error of a push and of since,
 *		effort, and copies.
 */
#include "core/test.h"

static PushEffects effects;

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

static void
test_push_errors(void)
{
	static const char empty[] = "lower is empty";
	static const char equal[] = "lower equals upper";
	static const char inverted[] = "lower is not before upper";
	static const char mismatch[] = "lower does not match trace upper";
	static const char beyond[] = "since beyond trace since";
	Trace		trace;

	start_busy_trace(&trace, &effects);
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

	start_busy_trace(&trace, &effects);
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

	start_busy_trace(&trace, &effects);
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

	start_busy_trace(&trace, &effects);
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
	test_effort();
	test_most_effort();
	test_copy();
	return end_tests();
}
