/*
 * inbox.h
 *		Batches of which the writers leave it to the worker to give them a time.
 *
 * One row of spine_inbox_batch a batch, which is deleted when it gets its time;
 * spine_inbox_answer then has the ticket (see inbox_answer.h).  Everything here
 * runs inside the caller's transaction.
 */
#ifndef SPINE_STATE_INBOX_H
#define SPINE_STATE_INBOX_H

#include "postgres.h"

#include "state/batches.h"
#include "state/waiting.h"

/* What has become of a batch, as far as it can be seen. */
typedef struct InboxEntry
{
	Oid			relid;
	NameData	appended_by;
	bool		own;			/* by this very transaction */
	bool		sequenced;
	Frontier	lower;			/* if sequenced, without an error */
	char	   *error;			/* NULL = none */
} InboxEntry;

/*
 * Puts a batch into the inbox: its len, parts and runs, which have been checked.
 * Returns its ticket; later ones are greater.  Takes no lock on the spine, and
 * wakes the worker when the transaction commits.
 */
extern int64 inbox_add(Oid relid, const BatchRow *batch);

/*
 * Looks a ticket up in the latest state; false if there is none.  relid is where
 * it has been found before; InvalidOid takes longer.
 */
extern bool inbox_find(int64 ticket, Oid relid, InboxEntry *entry);

/*
 * What waits for one generation of a relation is for another from now on.  The
 * caller has an AccessExclusive lock on the relation, and the spine's.
 */
extern void inbox_follow_generation(Oid relid, int64 from, int64 to);

/*
 * Gives waiting batches of one relation their times, in order of their tickets,
 * at most max of them and for at most milliseconds.  Takes the relation's lock
 * and the spine's conditionally and keeps them until the transaction ends.  One
 * that cannot be pushed gets its error, and its parts become garbage; it hinders
 * no other.
 */
extern WorkProgress inbox_sequence(Oid relid, int max, int milliseconds);

#endif
