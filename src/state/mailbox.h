/*
 * mailbox.h
 *		Who tells whom that there is work: submitters, launcher and workers.
 *
 * Shared memory only.  Everybody may call everything under "For everybody";
 * without the library preloaded those do nothing.
 */
#ifndef SPINE_STATE_MAILBOX_H
#define SPINE_STATE_MAILBOX_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

/* The first lock of the tranche that shmem_request_hook asks for. */
#define MAILBOX_LOCK (&(GetNamedLWLockTranche("spine"))[0].lock)

#define MAILBOX_SLOTS 128
#define MAILBOX_ERROR_LENGTH 256
#define MAILBOX_ERRORS 16		/* remembered per database */

/* For how long no worker is sent to a database that was asked for: ms. */
#define MAILBOX_BARRED 10000

typedef enum MailboxState
{
	MAILBOX_VACANT,				/* no worker there */
	MAILBOX_STARTING,			/* the launcher has asked for one */
	MAILBOX_CONNECTED,			/* one is there: its latch is to be set */
	MAILBOX_LEAVING				/* it no longer listens: the launcher's is */
} MailboxState;

/* How the last worker of a database ended, or will if it dies right now. */
typedef enum MailboxFate
{
	MAILBOX_FAILED,				/* before it had seen the database */
	MAILBOX_DIED,				/* at work */
	MAILBOX_LEFT				/* of its own accord */
} MailboxFate;

/* An error that was logged, and is not to be logged again at every try. */
typedef struct MailboxError
{
	uint64		task;			/* which kept raising it */
	uint32		hash;			/* of its text; 0 = none */
} MailboxError;

/* A database; times are mailbox_clock's, 0 = none. */
typedef struct MailboxSlot
{
	Oid			database;		/* InvalidOid: a free slot */
	MailboxState state;
	MailboxFate fate;
	bool		pending;		/* submitted to since a worker last looked */
	bool		leave;			/* the worker there shall go */
	bool		merges;			/* it has merge functions for us to run */
	bool		absent;			/* no extension, when a worker last looked */
	pid_t		worker_pid;
	Latch	   *worker_latch;
	uint64		born;			/* counts the slots ever taken into use */
	uint64		used;			/* counts uses of all slots, for reuse */
	int64		pending_since;
	int64		starting_since;
	int64		revisit_at;		/* what the last worker wished */
	int64		rows_waiting_since; /* to be absorbed, as it has seen it */
	int64		barred_until;
	TimestampTz woken_at;		/* when a worker last looked for work */
	TimestampTz last_error_at;
	int			nerrors;		/* ever entered here: */
	MailboxError error[MAILBOX_ERRORS];
} MailboxSlot;

/* Milliseconds on a clock that is the same everywhere and never set back. */
extern int64 mailbox_clock(void);

/*
 * For everybody.  Sizes and set-up for the shared memory hooks (the latter
 * with AddinShmemInitLock held); then, before a commit that queues results,
 * mailbox_reserve and after it mailbox_notify, which neither allocates nor
 * fails.
 */
extern Size mailbox_shmem_size(void);
extern void mailbox_shmem_init(void);
extern void mailbox_reserve(void);
extern void mailbox_notify(Oid database);

/* The same, if it has merge functions: there may be something to merge. */
extern void mailbox_notify_merges(Oid database);

/*
 * Makes worker and mergers leave the database and the launcher send none for
 * MAILBOX_BARRED, and waits for up to a second until it is gone.
 */
extern void mailbox_ask_to_leave(Oid database);

/* The command is done: workers may go there again. */
extern void mailbox_welcome(Oid database);

/*
 * Copies the slots in use to an array of MAILBOX_SLOTS; returns how many.
 * errors may be NULL, or take as many texts of MAILBOX_ERROR_LENGTH.
 */
extern int	mailbox_look(MailboxSlot *slots, char (*errors)[MAILBOX_ERROR_LENGTH]);

/* The launcher, for people to see. */
typedef struct MailboxLauncher
{
	pid_t		pid;			/* 0 = there is none */
	TimestampTz woken_at;
	TimestampTz last_error_at;
	char		last_error[MAILBOX_ERROR_LENGTH];
} MailboxLauncher;

extern void mailbox_look_launcher(MailboxLauncher *launcher);

/*
 * For launcher and workers, whose sides of it are in worker/places.c.  All but
 * mailbox_wake want the lock to be held.
 */
typedef struct Mailbox
{
	Latch	   *launcher_latch;
	MailboxLauncher launcher;
	bool		overflow;		/* a notify found no slot */
	int			waiting;		/* databases that wait for a worker's place */
	uint64		generation;		/* slots ever taken into use */
	uint64		uses;
	MailboxSlot slot[MAILBOX_SLOTS];
	char		error[MAILBOX_SLOTS][MAILBOX_ERROR_LENGTH];
} Mailbox;

extern Mailbox *spine_mailbox;		/* NULL without preloading */
extern LWLock *spine_mailbox_lock;

extern MailboxSlot *mailbox_find(Oid database);
extern MailboxSlot *mailbox_find_or_take(Oid database);
extern void mailbox_set_pending(MailboxSlot *slot);
extern void mailbox_wake(Latch *latch);

#endif
