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

#include "nodes/pg_list.h"

#include "state/batches.h"

/* What results_apply found. */
typedef enum ResultsProgress
{
	RESULTS_NONE,				/* nothing queued for the relation */
	RESULTS_BUSY,				/* somebody holds the spine; nothing done */
	RESULTS_MORE,				/* some done, more may be queued */
	RESULTS_DONE				/* all done that the snapshot saw */
} ResultsProgress;

/*
 * Queues a result; returns its id.  inputs may be NULL; claim is 0 without one.
 * The bounds are not looked at: the worker judges them and records an
 * error with the result.  Wakes the worker when the transaction commits.
 */
extern int64 results_submit(Oid relid, const BatchRow *result, ArrayType *inputs,
							int64 claim);

/* The parts of a result; NULL if it is not there any more. */
extern ArrayType *results_parts(int64 id);

/* Oids of the relations that have results queued, at most max of them. */
extern List *results_relations(int max);

/*
 * Applies queued results of one relation in order of submission, at most max of
 * them and for at most milliseconds.  Takes the relation's lock and the spine's
 * conditionally and keeps them until the transaction ends.  What is wrong with
 * one result is recorded with it and hinders no other.  The parts of those that
 * are not applied become garbage.
 */
extern ResultsProgress results_apply(Oid relid, int max, int milliseconds);

/* Deletes results applied longer ago than spine.result_retention, at most max. */
extern int	results_prune(int max);

#endif
