/*
 * engine.h
 *		What the two merge disciplines (trace.c, dd.c) share of a trace: pushing
 *		into pending batches or the levels.
 */
#ifndef SPINE_CORE_ENGINE_H
#define SPINE_CORE_ENGINE_H

#include "core/trace.h"

/* For the levels of this trace. */
static inline LevelsContext
trace_context(Trace *trace, const MergeRules *rules, void *context)
{
	return (LevelsContext) {rules, context, &trace->arena, trace->since, trace->effort};
}

/* Is the batch before the physical frontier, so that it may enter the levels? */
static inline bool
batch_is_ripe(const Trace *trace, const SpineBatch *batch)
{
	return !trace->physical_used ||
		frontier_less_equal(&batch->desc.upper, &trace->physical);
}

/* The next spine batch, for a batch that was checked; its id is the next one. */
static inline SpineBatch
trace_entry(Trace *trace, const HollowBatch *batch)
{
	const Frontier *since = &batch->desc.since;

	return (SpineBatch)
	{
		.lo = trace->next_id, .hi = trace->next_id + 1,
		.desc = {
			trace->upper, frontier_copy(&batch->desc.upper, &trace->arena),
			frontier_equal(since, &trace->since) ? trace->since :
			frontier_copy(since, &trace->arena)
		},
		.len = batch->len, .hollow = 1, .parts = batch->nparts, .runs = batch->nruns > 0
	};
}

/* Puts a batch into the levels: with the newest one, if both are empty. */
extern Status trace_introduce(Trace *trace, const LevelsContext *context,
							  const SpineBatch *batch, CoreError *err);
extern void trace_append_pending(Trace *trace, const SpineBatch *batch);

/* Puts the next spine batch where it belongs: into the levels, or pending. */
static inline Status
trace_enter(Trace *trace, const LevelsContext *context, const SpineBatch *entry,
			CoreError *err)
{
	Status		status = CORE_OK;

	if (trace->npending == 0 && batch_is_ripe(trace, entry))
		status = trace_introduce(trace, context, entry, err);
	else
		trace_append_pending(trace, entry);
	if (status != CORE_OK)
		return status;
	trace->next_id = entry->hi;
	trace->upper = entry->desc.upper;
	return CORE_OK;
}

/* Moves the oldest pending batch into the levels, if it is ripe. */
extern Status trace_move_pending(Trace *trace, const LevelsContext *context,
								 bool *moved, CoreError *err);

/* The id at which the newest batch of the levels ends. */
extern uint64_t trace_levels_end(const Trace *trace);

#endif
