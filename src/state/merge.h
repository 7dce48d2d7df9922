/*
 * merge.h
 *		Writing to a spine: pushing a batch, applying a merge result.
 */
#ifndef SPINE_STATE_MERGE_H
#define SPINE_STATE_MERGE_H

#include "postgres.h"

#include "state/batches.h"
#include "state/working.h"

/* Raises an error for a batch that could be pushed onto no spine at all. */
extern void batch_row_check(const BatchRow *row);

/*
 * Pushes a batch onto an open spine: row->desc, len, parts and runs; the ids are
 * filled in.  Raises an error if the batch is not legal.  effects->want_requests
 * says whether requests are wanted.
 */
extern void spine_push(Spine *spine, BatchRow *row, PushEffects *effects);

/*
 * Has the hollow rows follow what an operation did to the trace, and whoever
 * answers merge requests told of new ones at commit.
 */
extern void spine_carry_out(Spine *spine, const PushEffects *effects);

/* The same after a push of this batch, of which the ids are filled in. */
extern void spine_insert_pushed(Spine *spine, BatchRow *row, const PushEffects *effects);

/*
 * The next batch that is appended: lower and upper, and the least since.
 * CORE_CLOSED or CORE_RANGE if nothing can follow.
 */
extern Status spine_next_time(const Spine *spine, Description *desc, CoreError *err);

/*
 * Applies a merge result to an open spine; the ids of *row are filled in, and say
 * before where they are most likely to be (0, 0: anywhere).  With inputs, only if
 * exactly those parts are what is replaced.  *missing says what of the result is
 * not there, where that is the outcome, and else is NULL.
 */
extern MergeOutcome spine_apply(Spine *spine, BatchRow *row, ArrayType *inputs,
								const char **missing);

#endif
