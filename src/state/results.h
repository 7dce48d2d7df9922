/*
 * results.h
 *		The queue of merge results: submitted by anybody, applied by the worker.
 *
 * One row of spine_merge_result a result, kept with its outcome for
 * spine.result_retention and then pruned.  Everything here runs inside the
 * caller's transaction.
 */
#ifndef SPINE_STATE_RESULTS_H
#define SPINE_STATE_RESULTS_H

#include "postgres.h"

#include "state/batches.h"
#include "state/claims.h"
#include "state/waiting.h"

/*
 * Queues a result for a generation of the relation; returns its id.  inputs may be
 * NULL.  The bounds are not looked at: the worker judges them and records an
 * error with the result.  Wakes the worker when the transaction commits.
 */
extern int64 results_submit(Oid relid, int64 generation, const BatchRow *result,
							ArrayType *inputs);

/*
 * The same for what answers a claim: under its claim lock, which is let go.  What
 * the claim knows is left out: bounds and inputs.  Fills in claim->result.
 */
extern void results_answer(Claim *claim, const BatchRow *result);

/* The parts of a result; NULL if it is not there any more. */
extern ArrayType *results_parts(int64 id);

/* Is it queued still? */
extern bool results_is_queued(int64 id);

/*
 * Applies queued results of one relation in order of submission, at most max of
 * them and for at most milliseconds.  Takes the relation's lock and the spine's
 * conditionally and keeps them until the transaction ends.  What is wrong with
 * one result is recorded with it and hinders no other.  The parts of those that
 * are not applied become garbage.
 */
extern WorkProgress results_apply(Oid relid, int max, int milliseconds);

#endif
