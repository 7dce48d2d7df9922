/*
 * trace.c
 *		Pushing batches, and the merge requests that come of it; since; metrics.
 *
 * Relies on levels.c for where batches go, and gives it the merge discipline of
 * seed 000: a merge is pure bookkeeping, complete when its fuel is spent, and
 * yields a fueled batch and a request for somebody to do the real work.
 *
 * Source: push_batch, spine_metrics, and FuelingMerge in seed 000.
 */
#include "core/engine.h"

#include <stddef.h>
#include <string.h>

static bool
hollow_work(Merge *merge, int64_t *fuel)
{
	int64_t		used = *fuel < merge->remaining ? *fuel : merge->remaining;

	merge->remaining -= used;
	*fuel -= used;
	return merge->remaining == 0;
}

MergeRequest
spine_batch_request(const SpineBatch *batch)
{
	return (MergeRequest)
	{
		.lo = batch->lo, .hi = batch->hi, .desc = batch->desc, .len = batch->len,
		.parts = batch->parts
	};
}

/* Empty batches become one at once; a fuse swallows the earlier ones inside it. */
static void
log_fuse(PushEffects *effects, const SpineBatch *batch)
{
	int			n = 0;

	for (int i = 0; i < effects->nfuses; i++)
		if (effects->fuses[i].lo < batch->lo || effects->fuses[i].hi > batch->hi)
			effects->fuses[n++] = effects->fuses[i];
	effects->fuses[n] = (Fuse) {.lo = batch->lo, .hi = batch->hi, .desc = batch->desc};
	effects->nfuses = n + 1;
}

static void
log_event(PushEffects *effects, bool done, int level, const SpineBatch pair[2], int64_t len)
{
	if (effects->nevents == MAX_EVENTS)
		return;
	effects->events[effects->nevents++] = (MergeEvent)
	{
		.done = done, .level = level, .pair = {pair[0].len, pair[1].len}, .len = len,
		.structural = {spine_batch_is_structural(&pair[0]),
			spine_batch_is_structural(&pair[1])}
	};
}

static void
hollow_met(void *context, int level, const SpineBatch pair[2])
{
	log_event(context, false, level, pair, 0);
}

static void
hollow_done(void *context, int level, const Merge *merge, const SpineBatch pair[2],
			SpineBatch *result)
{
	PushEffects *effects = context;

	*result = (SpineBatch)
	{
		.lo = pair[0].lo, .hi = pair[1].hi,
		.desc = {pair[0].desc.lower, pair[1].desc.upper, merge->since},
		.len = add_saturating(pair[0].len, pair[1].len),
		.hollow = pair[0].hollow + pair[1].hollow,
		.parts = add_saturating(pair[0].parts, pair[1].parts)
	};
	log_event(effects, true, level, pair, result->len);
	if (result->len == 0)
	{
		result->hollow = 1;
		result->parts = 0;
		log_fuse(effects, result);
	}
	else
	{
		effects->requested = true;
		if (effects->want_requests)
			effects->requests[effects->nrequests++] = spine_batch_request(result);
	}
}

static const MergeRules hollow_rules = {hollow_met, hollow_work, hollow_done};

Status
trace_set_effort(Trace *trace, int effort, CoreError *err)
{
	if (effort < 1)
		return core_error(err, CORE_EFFORT, "effort is out of range",
						  "It is %d; without effort nothing would ever be merged.", effort);
	trace->effort = effort;
	return CORE_OK;
}

Status
trace_init(Trace *trace, int dims, int effort, Arena arena, CoreError *err)
{
	if (dims < 1 || dims > MAX_DIMS)
		return core_error(err, CORE_DIMS, "number of dimensions is out of range",
						  "It is %d; times have 1 to %d dimensions.", dims, MAX_DIMS);
	if (trace_set_effort(trace, effort, err) != CORE_OK)
		return err->status;
	trace->dims = dims;
	trace->next_id = 0;
	trace->arena = arena;
	trace->since = trace->upper = trace->physical = frontier_minimum(dims);
	trace->physical_used = false;
	trace->npending = trace->pending_room = 0;
	trace->pending = NULL;
	trace->levels.count = 0;
	return CORE_OK;
}

/* A batch's lower is the upper before it, and shares it. */
static void
move_batch(SpineBatch *batch, Frontier *upper, const Arena *arena)
{
	if (spine_batch_is_structural(batch))
		return;
	batch->desc.lower = *upper;
	batch->desc.upper = *upper = frontier_copy(&batch->desc.upper, arena);
	batch->desc.since = frontier_copy(&batch->desc.since, arena);
}

static void
move_frontiers(Trace *trace)
{
	const Arena *arena = &trace->arena;
	Frontier	upper = frontier_minimum(trace->dims);

	trace->since = frontier_copy(&trace->since, arena);
	trace->physical = frontier_copy(&trace->physical, arena);
	for (int i = trace->levels.count - 1; i >= 0; i--)
	{
		Level	   *level = &trace->levels.level[i];

		for (int k = 0; k < level->count; k++)
			move_batch(&level->batch[k], &upper, arena);
		if (level_state(level) == LEVEL_IN_PROGRESS)
			level->merge.since = frontier_copy(&level->merge.since, arena);
	}
	for (uint32_t i = 0; i < trace->npending; i++)
		move_batch(&trace->pending[i], &upper, arena);
	trace->upper = upper;
}

void
trace_move(Trace *trace, Arena arena)
{
	SpineBatch *pending = trace->pending;

	trace->arena = arena;
	trace->pending = NULL;
	trace->pending_room = trace->npending;
	if (trace->npending > 0)
	{
		trace->pending = arena_alloc(&arena, sizeof(SpineBatch) * trace->npending);
		memcpy(trace->pending, pending, sizeof(SpineBatch) * trace->npending);
	}
	if (trace->dims > 1)
		move_frontiers(trace);
}

void
trace_copy(Trace *to, const Trace *from, Arena arena)
{
	memcpy(to, from, offsetof(Trace, levels));
	levels_copy(&to->levels, &from->levels);
	trace_move(to, arena);
}

Status
trace_check_push(const Trace *trace, const HollowBatch *batch, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	Status		status;

	if ((!description_has_dims(&batch->desc, trace->dims) &&
		 (status = description_check_dims(&batch->desc, trace->dims, err)) != CORE_OK) ||
		(status = description_check(&batch->desc, err)) != CORE_OK)
		return status;
	if (!frontier_equal(&batch->desc.lower, &trace->upper))
		return core_error(err, CORE_LOWER_MISMATCH, "lower does not match trace upper",
						  "The batch's lower is %s, the upper so far is %s.",
						  frontier_print(&batch->desc.lower, a),
						  frontier_print(&trace->upper, b));
	if (!frontier_less_equal(&batch->desc.since, &trace->since))
		return core_error(err, CORE_SINCE_BEYOND, "since beyond trace since",
						  "The batch's since is %s, the trace's is %s.",
						  frontier_print(&batch->desc.since, a),
						  frontier_print(&trace->since, b));
	return hollow_batch_check(batch, err);
}

static LevelsContext
start_operation(Trace *trace, PushEffects *effects)
{
	effects->requested = false;
	effects->nrequests = 0;
	effects->nfuses = 0;
	effects->nevents = 0;
	return trace_context(trace, &hollow_rules, effects);
}

static Status
end_operation(PushEffects *effects, Status status)
{
	if (effects->nrequests > 1)
		effects->nrequests = requests_reduce(effects->requests, effects->nrequests);
	return status;
}

Status
trace_push(Trace *trace, const HollowBatch *batch, PushEffects *effects,
		   CoreError *err)
{
	LevelsContext context;
	SpineBatch	entry;
	Status		status;

	if ((status = trace_check_push(trace, batch, err)) != CORE_OK)
		return status;
	if (trace->next_id >= INT64_MAX || trace->npending == INT32_MAX)
		return core_error(err, CORE_LIMIT, "the spine has used up its ids",
						  "It has had %llu batches.", (unsigned long long) trace->next_id);
	context = start_operation(trace, effects);
	effects->id = trace->next_id;
	entry = trace_entry(trace, batch);
	return end_operation(effects, trace_enter(trace, &context, &entry, err));
}

Status
trace_closing_batch(const Trace *trace, HollowBatch *batch, CoreError *err)
{
	if (frontier_is_empty(&trace->upper))
		return core_error(err, CORE_CLOSED, "the trace is closed",
						  "Its upper is [], the end of time.");
	*batch = (HollowBatch)
	{
		.desc = {trace->upper, frontier_empty(), frontier_minimum(trace->dims)}
	};
	return CORE_OK;
}

Status
trace_settle(Trace *trace, PushEffects *effects, bool *moved, CoreError *err)
{
	LevelsContext context = start_operation(trace, effects);

	return end_operation(effects, trace_move_pending(trace, &context, moved, err));
}

Status
trace_exert(Trace *trace, int64_t effort, PushEffects *effects, bool *worked,
			CoreError *err)
{
	LevelsContext context = start_operation(trace, effects);
	int32_t		count = trace->levels.count;
	Status		status;

	if (effort < 1)
		return core_error(err, CORE_EXERTION, "effort is out of range",
						  "It is %lld; there is no exertion without effort.",
						  (long long) effort);
	status = levels_exert(&trace->levels, &context, trace_levels_end(trace), effort, worked,
						  err);
	/* Tidying takes a level away, if it does anything. */
	*worked |= trace->levels.count != count;
	return end_operation(effects, status);
}

Status
trace_apply_fuel(Trace *trace, int64_t fuel, PushEffects *effects, bool *worked,
				 CoreError *err)
{
	LevelsContext context = start_operation(trace, effects);

	*worked = false;
	if (fuel < 0)
		return core_error(err, CORE_FUEL, "fuel is negative", "It is %lld.",
						  (long long) fuel);
	for (int i = 0; i < trace->levels.count; i++)
		*worked |= trace->levels.level[i].count == 2;
	return end_operation(effects, levels_apply_fuel(&trace->levels, &context, fuel, err));
}

Status
trace_introduce_empty(Trace *trace, int level, PushEffects *effects, CoreError *err)
{
	LevelsContext context = start_operation(trace, effects);
	SpineBatch	empty = structural_empty(trace_levels_end(trace));

	if (level < 0 || level > MAX_INTRODUCED_LEVEL)
		return core_error(err, CORE_LEVEL, "level is out of range",
						  "It is %d; batches are introduced at levels 0 to %d.", level,
						  MAX_INTRODUCED_LEVEL);
	return end_operation(effects, levels_introduce(&trace->levels, &context, &empty, level,
												   err));
}

Status
trace_force(Trace *trace, PushEffects *effects, bool *worked, CoreError *err)
{
	LevelsContext context = start_operation(trace, effects);

	return end_operation(effects, levels_force(&trace->levels, &context,
											   trace_levels_end(trace), worked, err));
}

Status
trace_downgrade_since(Trace *trace, const Frontier *since, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];

	if (frontier_check_dims(since, trace->dims, "since", err) != CORE_OK)
		return err->status;
	if (!frontier_less_equal(&trace->since, since))
		return core_error(err, CORE_SINCE_REGRESSED, "since would go back",
						  "It is %s, and %s was asked for.",
						  frontier_print(&trace->since, a), frontier_print(since, b));
	trace->since = frontier_copy(since, &trace->arena);
	return CORE_OK;
}

TraceMetrics
trace_metrics(const Trace *trace)
{
	TraceMetrics metrics = {0};

	for (int i = 0; i < trace->levels.count; i++)
	{
		const Level *level = &trace->levels.level[i];

		for (int k = 0; k < level->count; k++)
		{
			if (spine_batch_is_structural(&level->batch[k]))
				continue;
			if (spine_batch_is_fueled(&level->batch[k]))
				metrics.compacting++;
			else if (level->batch[k].runs)
				metrics.noncompact++;
			else
				metrics.compact++;
		}
	}
	return metrics;
}
