/*
 * mailbox.c
 *		Who tells whom that there is work: submitters, launcher and workers.
 *
 * A fixed array of slots in shared memory, one for each database that was
 * submitted to or visited lately, under one lock that is held for a look at
 * the array only.  When every slot is in use by others, an overflow flag makes
 * the launcher visit all databases instead.  Relies on the shared memory hooks
 * for its space and its lock.
 *
 * No wake-up is lost, because each of these is one step under the lock:
 *
 *	- notify sets pending, and then picks whose latch to set: the worker's
 *	  while the slot says CONNECTED, the launcher's otherwise;
 *	- a worker takes pending, after it has reset its latch and before it looks
 *	  at the queue (in a transaction that begins later, so one that sees what
 *	  was committed before the notify);
 *	- a worker that wants to leave for want of work finds pending not set, and
 *	  makes the slot LEAVING.
 *
 * So a notify is either seen by the worker, or it comes after LEAVING and goes
 * to the launcher, which resets its latch before it looks at the slots.  It
 * finds the slot pending and occupied; the worker's exit makes the slot VACANT
 * and sets the launcher's latch once more.  A worker that dies makes its
 * database pending again on its way out.  One that is killed takes the shared
 * memory with it: the new launcher begins by visiting every database.  Should
 * the launcher be away, pending stays set and it looks at all slots on return.
 */
#include "state/mailbox.h"

#include <signal.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/wait_event.h"

#include "state/mergers.h"

/* How mailbox_ask_to_leave waits: ms. */
#define ASK_STEP 10
#define ASK_FORCE 500			/* then it is no longer a question */
#define ASK_LONGEST 1000

Mailbox    *spine_mailbox = NULL;
LWLock	   *spine_mailbox_lock = NULL;

int64
mailbox_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MILLISEC(now);
}

Size
mailbox_shmem_size(void)
{
	return MAXALIGN(sizeof(Mailbox));
}

void
mailbox_shmem_init(void)
{
	bool		found;

	spine_mailbox = ShmemInitStruct("spine mailbox", mailbox_shmem_size(), &found);
	if (!found)
		memset(spine_mailbox, 0, sizeof(Mailbox));
	spine_mailbox_lock = MAILBOX_LOCK;
}

MailboxSlot *
mailbox_find(Oid database)
{
	for (int i = 0; i < MAILBOX_SLOTS; i++)
		if (spine_mailbox->slot[i].database == database)
			return &spine_mailbox->slot[i];
	return NULL;
}

/* May the slot be given to another database? */
static bool
is_spare(const MailboxSlot *slot, int64 now)
{
	return slot->state == MAILBOX_VACANT && !slot->pending &&
		slot->revisit_at == 0 && slot->barred_until <= now;
}

/* Is a spare slot the better one to take?  Pushes tell us by those that have merges. */
static bool
is_better(const MailboxSlot *slot, const MailboxSlot *other)
{
	if (slot->merges != other->merges)
		return other->merges;
	return slot->used < other->used;
}

/*
 * The database's slot, a free one or the one that was not in use for longest;
 * NULL if all are in use.
 */
MailboxSlot *
mailbox_find_or_take(Oid database)
{
	MailboxSlot *slot = mailbox_find(database);

	if (slot == NULL)
		slot = mailbox_find(InvalidOid);
	if (slot == NULL)
	{
		int64		now = mailbox_clock();

		for (int i = 0; i < MAILBOX_SLOTS; i++)
			if (is_spare(&spine_mailbox->slot[i], now) &&
				(slot == NULL || is_better(&spine_mailbox->slot[i], slot)))
				slot = &spine_mailbox->slot[i];
	}
	if (slot == NULL)
		return NULL;

	if (slot->database != database)
	{
		memset(slot, 0, sizeof(MailboxSlot));
		spine_mailbox->error[slot - spine_mailbox->slot][0] = '\0';
		slot->database = database;
		slot->born = ++spine_mailbox->generation;
	}
	slot->used = ++spine_mailbox->uses;
	return slot;
}

void
mailbox_set_pending(MailboxSlot *slot)
{
	if (!slot->pending)
		slot->pending_since = mailbox_clock();
	slot->pending = true;
}

void
mailbox_wake(Latch *latch)
{
	if (latch != NULL)
		SetLatch(latch);
}

/* Makes it likely that mailbox_notify finds a slot for this database. */
void
mailbox_reserve(void)
{
	if (spine_mailbox == NULL)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	(void) mailbox_find_or_take(MyDatabaseId);
	LWLockRelease(spine_mailbox_lock);
}

void
mailbox_notify(Oid database)
{
	MailboxSlot *slot;
	Latch	   *latch;
	bool		known;

	if (spine_mailbox == NULL)
		return;

	/* Still pending: whoever is to look has been told, and has not yet. */
	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	slot = mailbox_find(database);
	known = slot != NULL && slot->pending;
	LWLockRelease(spine_mailbox_lock);
	if (known)
		return;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	latch = spine_mailbox->launcher_latch;
	slot = mailbox_find_or_take(database);
	if (slot == NULL)
		spine_mailbox->overflow = true;
	else
	{
		mailbox_set_pending(slot);
		if (slot->state == MAILBOX_CONNECTED)
			latch = slot->worker_latch;
	}
	LWLockRelease(spine_mailbox_lock);
	mailbox_wake(latch);
}

void
mailbox_notify_merges(Oid database)
{
	MailboxSlot *slot;
	bool		merges;

	if (spine_mailbox == NULL)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	slot = mailbox_find(database);
	merges = slot != NULL && slot->merges;
	LWLockRelease(spine_mailbox_lock);
	if (merges)
		mailbox_notify(database);
}

/* Is the database empty of us?  If not, says so to those there, or insists. */
static bool
show_the_door(Oid database, bool insist)
{
	MailboxSlot *slot;
	Latch	   *latch = NULL;
	bool		gone = true;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	slot = mailbox_find_or_take(database);
	if (slot != NULL)
	{
		gone = slot->state == MAILBOX_VACANT;
		slot->leave = !gone;
		slot->barred_until = mailbox_clock() + MAILBOX_BARRED;
		latch = slot->worker_latch;

		/* Under the lock, so that the pid cannot be another process's. */
		if (insist && slot->worker_pid != 0)
			kill(slot->worker_pid, SIGTERM);
	}
	LWLockRelease(spine_mailbox_lock);
	mailbox_wake(latch);
	return mergers_show_the_door(database, insist) && gone;
}

void
mailbox_ask_to_leave(Oid database)
{
	int64		start;
	bool		insisted = false;

	if (spine_mailbox == NULL)
		return;

	start = mailbox_clock();
	for (;;)
	{
		int64		waited = mailbox_clock() - start;
		bool		insist = waited >= ASK_FORCE && !insisted;

		/*
		 * If it will not go, the server's own wait for the database to empty
		 * comes next, and its own complaint.
		 */
		if (show_the_door(database, insist) || waited >= ASK_LONGEST)
			return;
		insisted |= insist;

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 ASK_STEP, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
mailbox_welcome(Oid database)
{
	MailboxSlot *slot;

	if (spine_mailbox == NULL)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	slot = mailbox_find(database);
	if (slot != NULL)
		slot->barred_until = 0;
	mailbox_wake(spine_mailbox->launcher_latch);
	LWLockRelease(spine_mailbox_lock);
}

int
mailbox_look(MailboxSlot *slots, char (*errors)[MAILBOX_ERROR_LENGTH])
{
	int			n = 0;

	if (spine_mailbox == NULL)
		return 0;
	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	for (int i = 0; i < MAILBOX_SLOTS; i++)
	{
		if (!OidIsValid(spine_mailbox->slot[i].database))
			continue;
		slots[n] = spine_mailbox->slot[i];
		if (errors != NULL)
			memcpy(errors[n], spine_mailbox->error[i], MAILBOX_ERROR_LENGTH);
		n++;
	}
	LWLockRelease(spine_mailbox_lock);
	return n;
}

void
mailbox_look_launcher(MailboxLauncher *launcher)
{
	memset(launcher, 0, sizeof(*launcher));
	if (spine_mailbox == NULL)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	*launcher = spine_mailbox->launcher;
	LWLockRelease(spine_mailbox_lock);
}
