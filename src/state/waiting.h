/*
 * waiting.h
 *		Work that waits for the worker: merge results, and batches in the inbox (of
 *		which see inbox_queue.h).
 *
 * A merge result waits while its time of completion is null.  What is completed,
 * or answered from the inbox, is pruned after spine.result_retention.  Everything
 * here runs inside the caller's transaction.
 */
#ifndef SPINE_STATE_WAITING_H
#define SPINE_STATE_WAITING_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/pg_list.h"

/* What a stretch of work on the rows of one relation has found. */
typedef enum WorkProgress
{
	WORK_NONE,					/* nothing waits */
	WORK_BUSY,					/* it cannot be done yet */
	WORK_MORE,					/* some done, more may wait */
	WORK_DONE					/* all done that the snapshot saw */
} WorkProgress;

/* What has become of a relation for which rows wait. */
typedef enum SpineCondition
{
	SPINE_OPEN,					/* it is locked, and can be written to */
	SPINE_BUSY,					/* somebody holds it */
	SPINE_DROPPED,
	SPINE_UNREGISTERED
} SpineCondition;

/* Oids of the relations that have results waiting, ascending, at most max of them. */
extern List *waiting_relations(int max);

/*
 * Copies of the results that wait for a relation, in the order of their ids; at
 * most max and one more.  They are the latest: a snapshot is taken here.
 */
extern List *waiting_results(Oid relid, int max);

/* Delete what was completed, or answered, longer ago than that, at most max rows. */
extern int	waiting_prune_results(int max);
extern int	waiting_prune_answers(int max);

/*
 * Locks a relation and its spine until the transaction ends, but never waits for
 * them.
 */
extern SpineCondition waiting_lock(Oid relid);

/* Why nothing can ever be done; NULL if it is not as bad as that. */
extern const char *waiting_hopeless(SpineCondition condition);

/* Is it the server that is in trouble, rather than one row? */
extern bool waiting_error_is_passing(const ErrorData *error);

/* Who makes a row wait; a Name. */
extern Datum waiting_user(void);

#endif
