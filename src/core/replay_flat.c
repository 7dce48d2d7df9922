/*
 * replay_flat.c
 *		The directives of `persist` scripts that take a trace apart and put it
 *		together again.
 *
 * As in the seed, the hollow batches lose their ids on the way.
 */
#include "core/flat.h"
#include "core/replay.h"

#include <inttypes.h>
#include <stdlib.h>

/* The flat form of a trace and its hollow batches, which it shares. */
static Status
flatten(PersistState *state, const Arena *arena, FlatTrace *flat, CoreError *err)
{
	hollow_flatten(&state->hollow, false, arena, flat);
	return trace_flatten(&state->trace, arena, flat, err);
}

static void
add_spine_batch(const FlatSpineBatch *spine, Text *answer)
{
	text_add(answer, "spine %" PRIu64 "-%" PRIu64 " level=%d ", spine->lo, spine->hi,
			 spine->level);
	text_add_description(answer, &spine->desc);
	for (size_t i = 0; i < spine->nparts; i++)
		text_add(answer, "%s%" PRIu64 "-%" PRIu64, i == 0 ? " parts=" : ",",
				 spine->parts[i].lo, spine->parts[i].hi);
	text_add(answer, "\n");
}

void
persist_flatten(PersistState *state, Text *answer)
{
	Chunks		memory = {0};
	Arena		arena = chunks_arena(&memory);
	FlatTrace	flat;
	CoreError	err;

	if (flatten(state, &arena, &flat, &err) != CORE_OK)
	{
		text_add_error(answer, &err);
		chunks_free(&memory);
		return;
	}
	text_add(answer, "since ");
	text_add_frontier(answer, &flat.since);
	text_add(answer, "\n");
	for (size_t i = 0; i < flat.nbatches; i++)
	{
		const FlatBatch *batch = &flat.batches[i];

		text_add(answer, "batch ");
		text_add_description(answer, &batch->batch.desc);
		text_add(answer, " %" PRId64, batch->batch.len);
		persist_add_parts(state, batch->lo, batch->hi, answer);
		text_add(answer, "\n");
	}
	for (size_t i = 0; i < flat.nspine; i++)
		add_spine_batch(&flat.spine[i], answer);
	for (size_t i = 0; i < flat.nmerges; i++)
	{
		text_add(answer, "merge %" PRIu64 "-%" PRIu64 " since=", flat.merges[i].lo,
				 flat.merges[i].hi);
		text_add_frontier(answer, &flat.merges[i].since);
		text_add(answer, " remaining=%" PRId64 "\n", flat.merges[i].remaining);
	}
	chunks_free(&memory);
}

void
persist_unflatten(PersistState *state, bool structure, Text *answer)
{
	Chunks		memory = {0};
	Chunks		scratch = {0};
	Arena		arena = chunks_arena(&scratch);
	HollowList	hollow = {0};
	FlatSink	sink = hollow_sink(&hollow);
	Trace		trace;
	FlatTrace	flat;
	CoreError	err;
	Status		status = flatten(state, &arena, &flat, &err);

	if (!structure)
		flat.nspine = flat.nmerges = 0;
	if (status == CORE_OK)
		status = trace_unflatten(&flat, chunks_arena(&memory), &sink, &trace, &err);
	chunks_free(&scratch);
	if (status != CORE_OK)
	{
		text_add_error(answer, &err);
		hollow_clear(&hollow);
		chunks_free(&memory);
		return;
	}
	hollow_clear(&state->hollow);
	chunks_free(&state->memory);
	state->hollow = hollow;
	state->memory = memory;
	trace.arena = chunks_arena(&state->memory);
	state->trace = trace;
	text_add(answer, "ok\n");
}
