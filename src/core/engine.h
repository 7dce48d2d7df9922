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
extern SpineBatch trace_entry(Trace *trace, const HollowBatch *batch);

/* Puts the next spine batch where it belongs: into the levels, or pending. */
extern Status trace_enter(Trace *trace, const LevelsContext *context,
						  const SpineBatch *entry, CoreError *err);

/* Moves the oldest pending batch into the levels, if it is ripe. */
extern Status trace_move_pending(Trace *trace, const LevelsContext *context,
								 bool *moved, CoreError *err);

/* The id at which the newest batch of the levels ends. */
extern uint64_t trace_levels_end(const Trace *trace);

#endif
