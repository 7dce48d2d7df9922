/*
 * replay_persist.c
 *		The directives of `persist` scripts: one trace and its hollow batches.
 *
 * Where our answer deliberately differs from the seed's, the seed's is printed
 * if it is merely less telling (a result with an invalid since is a no-op), and
 * an error if the seed would go wrong (inverted batches, results over no time,
 * a since that goes back).
 */
#include "core/image.h"
#include "core/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void
start_over(PersistState *state, int dims)
{
	CoreError	err;

	chunks_free(&state->memory);
	hollow_clear(&state->hollow);
	text_reset(&state->requests);
	trace_init(&state->trace, dims, 1, chunks_arena(&state->memory), &err);
}

static void *
start(void)
{
	PersistState *state = calloc(1, sizeof(PersistState));

	if (state == NULL)
		exit(2);
	start_over(state, 1);
	return state;
}

static void
end(void *state)
{
	start_over(state, 1);
	free(state);
}

void
persist_add_parts(const PersistState *state, uint64_t lo, uint64_t hi, Text *text)
{
	for (size_t i = hollow_index(&state->hollow, lo);
		 i < state->hollow.count && state->hollow.entries[i].hi <= hi; i++)
	{
		const HollowBatch *batch = &state->hollow.entries[i].batch;

		for (int32_t k = 0; k < batch->nparts; k++)
			text_add(text, " %s", batch->parts[k]);
	}
}

static void
add_request(const PersistState *state, const MergeRequest *request, Text *text)
{
	text_add_description(text, &request->desc);
	persist_add_parts(state, request->lo, request->hi, text);
	text_add(text, "\n");
}

/* Advances a copy of the trace's upper, to see whether all lines are legal. */
static Status
check_line(void *context, const HollowBatch *batch, Text *answer, CoreError *err)
{
	PersistState *state = context;
	Status		status = trace_check_push(&state->trace, batch, err);

	(void) answer;
	if (status == CORE_OK)
		state->trace.upper = frontier_copy(&batch->desc.upper, &state->trace.arena);
	return status;
}

static Status
push_line(void *context, const HollowBatch *batch, Text *answer, CoreError *err)
{
	PersistState *state = context;
	PushEffects effects = {.want_requests = true};
	Status		status = trace_push(&state->trace, batch, &effects, err);

	(void) answer;
	if (status != CORE_OK)
		return status;
	hollow_pushed(&state->hollow, batch, &effects);
	for (int i = 0; i < effects.nrequests; i++)
		add_request(state, &effects.requests[i], &state->requests);
	return CORE_OK;
}

static void
push_batch(PersistState *state, const char *input, Text *answer)
{
	Frontier	upper = state->trace.upper;
	CoreError	err;
	Status		status = for_each_line(state, input, check_line, answer, &err);

	state->trace.upper = upper;
	if (status == CORE_OK)
		status = for_each_line(state, input, push_line, answer, &err);
	if (status == CORE_OK)
		text_add(answer, "ok\n");
	else
		text_add_error(answer, &err);
}

/* An error is this line's answer; the next one is applied all the same. */
static Status
apply_line(void *context, const HollowBatch *batch, Text *answer, CoreError *err)
{
	PersistState *state = context;
	static const char *const outcomes[] = {
		"applied exact", "applied subset", "no-op", "no-op", "no-op too many updates"
	};
	HollowSource source = hollow_source(&state->hollow);
	ApplyEffect effect;

	if (trace_match(&state->trace, batch, &source, &effect, err) != CORE_OK)
	{
		text_add_error(answer, err);
		return CORE_OK;
	}
	if (effect.outcome == APPLIED_EXACT || effect.outcome == APPLIED_SUBSET)
	{
		trace_apply(&state->trace, batch, &effect);
		hollow_replace(&state->hollow, effect.lo, effect.hi, batch);
	}
	text_add(answer, "%s\n", outcomes[effect.outcome]);
	return CORE_OK;
}

static void
apply_merge_res(PersistState *state, const char *input, Text *answer)
{
	CoreError	err;

	if (for_each_line(state, input, apply_line, answer, &err) != CORE_OK)
		text_add_error(answer, &err);
}

static void
all_merge_reqs(PersistState *state, Text *answer)
{
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	SpineBatch *batch;

	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
		if (spine_batch_is_fueled(batch))
		{
			MergeRequest request = spine_batch_request(batch);

			add_request(state, &request, answer);
		}
}

static void
take_merge_reqs(PersistState *state, Text *answer)
{
	if (state->requests.size > 0)
		text_add(answer, "%s", state->requests.data);
	text_reset(&state->requests);
}

static void
batches(PersistState *state, Text *answer)
{
	for (size_t i = 0; i < state->hollow.count; i++)
	{
		const HollowEntry *entry = &state->hollow.entries[i];

		text_add_description(answer, &entry->batch.desc);
		text_add(answer, " %" PRId64, entry->batch.len);
		persist_add_parts(state, entry->lo, entry->hi, answer);
		text_add(answer, "\n");
	}
}

static void
spine_batches(PersistState *state, Text *answer)
{
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	SpineBatch *batch;

	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
	{
		text_add(answer, "[%" PRIu64 "-%" PRIu64 "]", batch->lo, batch->hi);
		text_add_description(answer, &batch->desc);
		text_add(answer, " ");
		if (spine_batch_is_fueled(batch))
			text_add(answer, "%" PRId64 "/", batch->hollow);
		text_add(answer, "%" PRId64, batch->len);
		persist_add_parts(state, batch->lo, batch->hi, answer);
		text_add(answer, "\n");
	}
}

static void
spine_levels(PersistState *state, Text *answer)
{
	for (int i = 0; i < state->trace.levels.count; i++)
	{
		const Level *level = &state->trace.levels.level[i];

		text_add(answer, "L%d: n=%d len=%" PRId64, i, level->count, level_length(level));
		if (level_state(level) == LEVEL_IN_PROGRESS)
		{
			text_add(answer, " merge=%" PRIu64 "-%" PRIu64 " since=", level->batch[0].lo,
					 level->batch[1].hi);
			text_add_frontier(answer, &level->merge.since);
			text_add(answer, " remaining=%" PRId64, level->merge.remaining);
		}
		text_add(answer, "\n");
	}
}

static void
downgrade_since(PersistState *state, const char *directive, Text *answer)
{
	Frontier	since;
	CoreError	err;

	if (directive_frontier(directive, "since", &state->trace.arena, &since,
						   &err) != CORE_OK ||
		trace_downgrade_since(&state->trace, &since, &err) != CORE_OK)
		text_add_error(answer, &err);
	else
		text_add(answer, "ok\n");
}

static void
set_time(PersistState *state, const char *directive, Text *answer)
{
	const char *text = directive_argument(directive, "dims");
	int			dims = text == NULL ? 0 : atoi(text);

	if (dims < 1 || dims > MAX_DIMS)
	{
		text_add(answer, "error: number of dimensions is out of range\n");
		return;
	}
	start_over(state, dims);
	text_add(answer, "ok\n");
}

/* Does the image read back, and come out the same again? */
static Status
check_image(const Trace *trace, CoreError *err)
{
	Chunks		memory = {0};
	size_t		size = image_write(trace, NULL, 0);
	uint8_t    *bytes = malloc(2 * size);
	Trace		again;
	Status		status;

	if (bytes == NULL)
		exit(2);
	image_write(trace, bytes, size);
	status = image_read(bytes, size, chunks_arena(&memory), &again, err);
	if (status == CORE_OK && (image_write(&again, bytes + size, size) != size ||
							  memcmp(bytes, bytes + size, size) != 0))
		status = core_error(err, CORE_CORRUPT, "image does not read back", NULL);
	free(bytes);
	chunks_free(&memory);
	return status;
}

/* The trace's own invariants, those of its sums, and that its image reads back. */
static void
validate(PersistState *state, Text *answer)
{
	HollowSource source = hollow_source(&state->hollow);
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	SpineBatch *batch;
	CoreError	err;

	if (trace_validate(&state->trace, &err) != CORE_OK ||
		check_image(&state->trace, &err) != CORE_OK)
	{
		text_add_error(answer, &err);
		return;
	}
	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
	{
		HollowSum	sum;

		source.sum(source.context, batch->lo, batch->hi, &sum, &err);
		if (sum.hollow != batch->hollow || sum.parts != batch->parts || sum.len != batch->len)
		{
			text_add(answer, "error: sums of %" PRIu64 "-%" PRIu64 " do not match\n",
					 batch->lo, batch->hi);
			return;
		}
	}
	text_add(answer, "ok\n");
}

static void
since_upper(PersistState *state, Text *answer)
{
	text_add_frontier(answer, &state->trace.since);
	text_add_frontier(answer, &state->trace.upper);
	text_add(answer, "\n");
}

static void
metrics(PersistState *state, Text *answer)
{
	TraceMetrics m = trace_metrics(&state->trace);

	text_add(answer, "compact=%" PRId64 " compacting=%" PRId64 " noncompact=%" PRId64 "\n",
			 m.compact, m.compacting, m.noncompact);
}

static void
run(void *context, const char *directive, const char *input, Text *answer)
{
	PersistState *state = context;

	if (directive_is(directive, "push-batch"))
		push_batch(state, input, answer);
	else if (directive_is(directive, "take-merge-reqs"))
		take_merge_reqs(state, answer);
	else if (directive_is(directive, "all-merge-reqs"))
		all_merge_reqs(state, answer);
	else if (directive_is(directive, "apply-merge-res"))
		apply_merge_res(state, input, answer);
	else if (directive_is(directive, "downgrade-since"))
		downgrade_since(state, directive, answer);
	else if (directive_is(directive, "since-upper"))
		since_upper(state, answer);
	else if (directive_is(directive, "batches"))
		batches(state, answer);
	else if (directive_is(directive, "spine-batches"))
		spine_batches(state, answer);
	else if (directive_is(directive, "spine-levels"))
		spine_levels(state, answer);
	else if (directive_is(directive, "metrics"))
		metrics(state, answer);
	else if (directive_is(directive, "flatten"))
		persist_flatten(state, answer);
	else if (directive_is(directive, "roundtrip"))
		persist_unflatten(state, true, answer);
	else if (directive_is(directive, "rebuild"))
		persist_unflatten(state, false, answer);
	else if (directive_is(directive, "time"))
		set_time(state, directive, answer);
	else if (directive_is(directive, "validate"))
		validate(state, answer);
	else
		text_add(answer, "error: unknown directive\n");
}

const ReplayKind replay_persist = {"persist", start, run, end};
