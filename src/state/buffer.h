/*
 * buffer.h
 *		Rows of spine_batch on their way into the table, many at a time.
 */
#ifndef SPINE_STATE_BUFFER_H
#define SPINE_STATE_BUFFER_H

#include "postgres.h"

/*
 * Takes a row of BATCH_COLUMNS values, none of them null, and copies it.  It is
 * in the table after buffer_flush, or when the transaction commits.
 */
extern void buffer_add(Datum *values);

/* Writes what is buffered; cheap if nothing is. */
extern void buffer_flush(void);

/*
 * To be called when a subtransaction at this nesting level has committed (before
 * that, flush) or aborted, and when the transaction ends.
 */
extern void buffer_commit_subtransaction(int nest);
extern void buffer_abort_subtransaction(int nest);
extern void buffer_forget(void);

#endif
