/*
 * waiting.h
 *		Tables whose rows wait for the worker: merge results, and batches in the
 *		inbox.
 *
 * A merge result waits while its time of completion is null; a batch is deleted
 * when it has got its time, and answered in another table.  What is completed or
 * answered is pruned after spine.result_retention.  Everything here runs inside
 * the caller's transaction.
 */
#ifndef SPINE_STATE_WAITING_H
#define SPINE_STATE_WAITING_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

typedef enum WaitingTable
{
	WAITING_RESULTS,			/* spine_merge_result */
	WAITING_BATCHES				/* spine_inbox_batch, and spine_inbox_answer */
} WaitingTable;

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

/*
 * Oids of the relations that have rows waiting, ascending, at most max of them.
 * With SnapshotAny those of dead rows are among them, over which a look need not
 * step then, however many there are.
 */
extern List *waiting_relations(WaitingTable which, Snapshot snapshot, int max);

/*
 * Copies of the rows that wait for a relation, in the order of their ids; at
 * most max and one more.  They are the latest: a snapshot is taken here.
 */
extern List *waiting_rows(WaitingTable which, Oid relid, int max);

/* Deletes rows completed or answered longer ago than spine.result_retention, at most max. */
extern int	waiting_prune(WaitingTable which, int max);

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
