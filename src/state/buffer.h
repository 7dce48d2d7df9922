/*
 * buffer.h
 *		Rows of spine_batch on their way into the table, many at a time.
 */
#ifndef SPINE_STATE_BUFFER_H
#define SPINE_STATE_BUFFER_H

#include "postgres.h"

#include "executor/tuptable.h"

/*
 * Takes a row of BATCH_COLUMNS values, none of them null, of about size bytes,
 * and copies it.  It is in the table after buffer_flush, or when the transaction
 * commits.
 */
extern void buffer_add(Datum *values, Size size);

/* Writes what is buffered; cheap if nothing is. */
extern void buffer_flush(void);

/*
 * The rows that this subtransaction added lately are still at hand, written or
 * not.  If those of a relation make up the ids [lo, hi) exactly, gives their
 * slots, in order and as long as no row is added, and their number; else 0.
 */
extern int	buffer_recent(Oid relid, int64 lo, int64 hi, TupleTableSlot ***slots);

/* Rows in the table have been deleted: none is at hand any more. */
extern void buffer_forget_recent(void);

/*
 * To be called when a subtransaction at this nesting level has committed (before
 * that, flush) or aborted, and when the transaction ends.
 */
extern void buffer_commit_subtransaction(int nest);
extern void buffer_abort_subtransaction(int nest);
extern void buffer_forget(void);

#endif
