/*
 * fuzz_image.c
 *		Any bytes as the image of a trace: whatever is accepted is valid, writes
 *		the same image, survives being taken apart, and can be worked with.
 *
 * A libFuzzer target (make fuzz); without libFuzzer fuzz.h makes a program of it
 * that replays files.
 */
#include "core/fuzz.h"
#include "core/image.h"

static void
check_same(const Trace *trace, const uint8_t *data, size_t size)
{
	uint8_t    *written = malloc(size);

	must(written != NULL && image_write(trace, written, size) == size);
	must(memcmp(written, data, size) == 0);
	free(written);
}

/* Errors are fine, and end it; after success the trace must be valid. */
static void
work(Trace *trace, const Arena *arena)
{
	static PushEffects effects = {.want_requests = true};
	HollowBatch batch = {.len = 3};
	Frontier	physical = frontier_empty();
	CoreError	err;
	bool		worked;

	if (trace_exert(trace, 5, &effects, &worked, &err) != CORE_OK)
		return;
	must(trace_validate(trace, &err) == CORE_OK);
	if (trace_introduce_empty(trace, 2, &effects, &err) != CORE_OK ||
		trace_force(trace, &effects, &worked, &err) != CORE_OK)
		return;
	must(trace_validate(trace, &err) == CORE_OK);
	if (trace_set_physical(trace, &physical, &err) != CORE_OK)
		return;
	do
	{
		if (trace_settle(trace, &effects, &worked, &err) != CORE_OK)
			return;
	} while (worked);
	must(trace_validate(trace, &err) == CORE_OK);
	batch.desc = (Description) {trace->upper, frontier_empty(), frontier_minimum(trace->dims)};
	if (trace_push(trace, &batch, &effects, &err) == CORE_OK)
		must(trace_validate(trace, &err) == CORE_OK);
	trace_move(trace, *arena);
	must(trace_validate(trace, &err) == CORE_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Chunks		memory = {0};
	Chunks		other = {0};
	Arena		arena = chunks_arena(&memory);
	Arena		target = chunks_arena(&other);
	static Trace trace;
	CoreError	err;

	if (image_read(data, size, arena, &trace, &err) == CORE_OK)
	{
		must(trace_validate(&trace, &err) == CORE_OK);
		check_same(&trace, data, size);
		work(&trace, &target);
	}
	else
		must(err.status == CORE_CORRUPT || err.status == CORE_LIMIT);
	chunks_free(&memory);
	chunks_free(&other);
	return 0;
}
