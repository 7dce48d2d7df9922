/*
 * inbox_answer.h
 *		What has become of batches that were in the inbox: their times, or errors.
 *
 * Batches of one role that got consecutive times, one after the other, share a row
 * of spine_inbox_answer; so do those that met the same error.  Rows are kept for
 * spine.result_retention and then pruned (see waiting.h).
 */
#ifndef SPINE_STATE_INBOX_ANSWER_H
#define SPINE_STATE_INBOX_ANSWER_H

#include "postgres.h"

#include "access/genam.h"
#include "catalog/indexing.h"
#include "datatype/timestamp.h"
#include "utils/relcache.h"

#include "state/inbox.h"

#define ANSWER_TICKETS_MAX 100	/* a row still fits without TOAST */

/* Answers about one relation, of which the last ones are not written yet. */
typedef struct Answers
{
	Oid			relid;
	Relation	rel;
	CatalogIndexState indexes;
	MemoryContext context;		/* of error */

	/* The row that is growing. */
	int			count;			/* 0 = none is */
	int64		generation;
	NameData	appended_by;
	int64		lower;			/* of the first, without an error */
	char	   *error;			/* NULL = none */
	int64		tickets[ANSWER_TICKETS_MAX];
	TimestampTz appended_at[ANSWER_TICKETS_MAX];
} Answers;

extern void answers_begin(Answers *answers, Oid relid);

/*
 * A batch, given by the columns of its row in the inbox, has got a time, or else an
 * error.  Tickets ascend.
 */
extern void answers_add(Answers *answers, const Datum *row, const Frontier *lower,
						const char *error);

/* Writes what has been added. */
extern void answers_write(Answers *answers);

/* Forgets what has not been written. */
extern void answers_forget(Answers *answers);

extern void answers_end(Answers *answers);

/* Looks a ticket up; false if the snapshot sees no answer. */
extern bool answers_find(int64 ticket, Snapshot snapshot, InboxEntry *entry);

#endif
