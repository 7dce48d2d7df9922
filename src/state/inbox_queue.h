/*
 * inbox_queue.h
 *		Which batches wait in the inbox.
 */
#ifndef SPINE_STATE_INBOX_QUEUE_H
#define SPINE_STATE_INBOX_QUEUE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Oids of the relations that have batches waiting, ascending, at most max of them. */
extern List *inbox_relations(int max);

/* The same, and any others that have had some since the table was vacuumed. */
extern List *inbox_relations_ever(void);

/*
 * Copies of the rows that wait for a relation, in the order of their tickets; at
 * most max and one more.  They are the latest: a snapshot is taken here.
 */
extern List *inbox_rows(Oid relid, int max);

#endif
