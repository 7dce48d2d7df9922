/*
 * dd.h
 *		The spine of seed 001: merges are done by the spine itself, bit by bit as
 *		they are fueled, and yield one batch.
 *
 * The trace is the same as that of hollow batches, with the levels' other merge
 * discipline: each batch is one whole, so no merge request is ever made.  What a
 * batch is, and what merging does with it, the owner knows.  since is the
 * logical compaction frontier; the physical one is always in use.
 *
 * Source: `Spine` in seed 001.
 */
#ifndef SPINE_CORE_DD_H
#define SPINE_CORE_DD_H

#include "core/trace.h"

/* What a spine tells its owner; batches are known by their ids. */
typedef struct DdOwner
{
	void	   *context;
	void		(*inserted) (void *context, const SpineBatch *batch);

	/* Two batches have met on a level, where structural ones have length 0. */
	void		(*met) (void *context, int level, const SpineBatch pair[2]);

	/* A merge is finished: makes one of the pair and returns its length. */
	int64_t		(*merge) (void *context, int level, const SpineBatch pair[2]);
	void		(*dropped) (void *context, const SpineBatch *batch);

	/* There is more to do for dd_exert, some time later. */
	void		(*activate) (void *context);
} DdOwner;

typedef struct DdSpine
{
	DdOwner		owner;
	int64_t		idle_effort;	/* what exertion asks for when idle; 0 = never */
	Trace		trace;
} DdSpine;

/* An effort below 1 is taken for 1. */
extern Status dd_init(DdSpine *spine, int dims, int effort, Arena arena,
					  const DdOwner *owner, CoreError *err);

/* Tells of every batch that it is dropped, and starts over. */
extern void dd_drop(DdSpine *spine);

/*
 * Errors as for trace_push.  The batch is the one with the trace's next id, and
 * is told of as inserted.
 */
extern Status dd_insert(DdSpine *spine, const HollowBatch *batch, CoreError *err);

/* Inserts the final empty batch, unless closed already; says whether it did. */
extern Status dd_close(DdSpine *spine, bool *closed, CoreError *err);

extern Status dd_set_logical(DdSpine *spine, const Frontier *frontier, CoreError *err);
extern Status dd_set_physical(DdSpine *spine, const Frontier *frontier, CoreError *err);

extern Status dd_exert(DdSpine *spine, CoreError *err);
extern Status dd_apply_fuel(DdSpine *spine, int64_t fuel, CoreError *err);
extern Status dd_introduce_empty(DdSpine *spine, int level, CoreError *err);

/*
 * Calls take on each batch with updates that a cursor through this frontier
 * reads, oldest first.  Errors of trace_check_cut, and CORE_STRADDLES.
 */
extern Status dd_cursor_through(DdSpine *spine, const Frontier *upper,
								void (*take) (void *context, const SpineBatch *batch),
								void *context, CoreError *err);

#endif
