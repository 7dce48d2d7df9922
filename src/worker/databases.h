/*
 * databases.h
 *		The databases of the cluster, as the launcher knows them.
 */
#ifndef SPINE_WORKER_DATABASES_H
#define SPINE_WORKER_DATABASES_H

#include "postgres.h"

#include "postmaster/bgworker.h"

#include "state/mailbox.h"

/* Times are mailbox_clock's. */
typedef struct Database
{
	Oid			oid;			/* hash key */
	char		name[NAMEDATALEN];
	uint64		listed;			/* the number of the list that had it last */
	BackgroundWorkerHandle *handle; /* of its worker, if we have asked for one */
	int			failures;		/* workers that failed in a row */
	int64		routine_at;		/* when to visit it without being told to */
	int64		not_before;		/* after a failure */
	int64		due_since;		/* how long it waits for a place */
	const MailboxSlot *slot;	/* copied in this turn, or NULL */
} Database;

/* Reads the list anew, and frees the slots of databases that are gone. */
extern void databases_refresh(void);

extern Database *databases_find(Oid oid);

/* All of them, in an array in the current memory context. */
extern Database **databases_all(int *count);

#endif
