/*
 * places.c
 *		The bounded pool: how launcher and workers use the mailbox.
 *
 * The launcher gives a database's slot to a worker, the worker gives it back.
 * mailbox.c says why no wake-up is lost between them.  Everything here is a
 * step of its own under the mailbox's lock, which must therefore not be held.
 */
#include "worker/places.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/ascii.h"
#include "utils/timestamp.h"

/* The slot of the database that this process works for, in a worker. */
static MailboxSlot *mine = NULL;

/*
 * The launcher's side.
 */

static void
detach_launcher(int code, Datum arg)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	if (spine_mailbox->launcher.pid == MyProcPid)
	{
		spine_mailbox->launcher.pid = 0;
		spine_mailbox->launcher_latch = NULL;
	}
	LWLockRelease(spine_mailbox_lock);
}

void
places_attach_launcher(void)
{
	on_shmem_exit(detach_launcher, (Datum) 0);
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	spine_mailbox->launcher.pid = MyProcPid;
	spine_mailbox->launcher_latch = &MyProc->procLatch;
	LWLockRelease(spine_mailbox_lock);
}

/* It has a look around. */
void
places_launcher_woken(void)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	spine_mailbox->launcher.woken_at = GetCurrentTimestamp();
	LWLockRelease(spine_mailbox_lock);
}

/* Notes an error of the launcher's for people to see. */
void
places_record_error(const char *message)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	ascii_safe_strlcpy(spine_mailbox->launcher.last_error, message, MAILBOX_ERROR_LENGTH);
	spine_mailbox->launcher.last_error_at = GetCurrentTimestamp();
	LWLockRelease(spine_mailbox_lock);
}

/* Slots that exist already are of this generation or an earlier one. */
uint64
places_generation(void)
{
	uint64		generation;

	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	generation = spine_mailbox->generation;
	LWLockRelease(spine_mailbox_lock);
	return generation;
}

/*
 * Frees the slot of a database that does not exist, according to a list made
 * after places_generation gave generation: a younger slot may be that of a
 * database which is younger than the list.
 */
void
places_forget(Oid database, uint64 generation)
{
	MailboxSlot *slot;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	slot = mailbox_find(database);
	if (slot != NULL && slot->state == MAILBOX_VACANT && slot->born <= generation)
		slot->database = InvalidOid;
	LWLockRelease(spine_mailbox_lock);
}

bool
places_take_overflow(void)
{
	bool		overflow;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	overflow = spine_mailbox->overflow;
	spine_mailbox->overflow = false;
	LWLockRelease(spine_mailbox_lock);
	return overflow;
}

/*
 * Before a worker is asked for.  False if none must be: one is there, the
 * database is barred, or there is no slot.
 */
bool
places_set_starting(Oid database)
{
	MailboxSlot *slot;
	bool		allowed = false;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	slot = mailbox_find_or_take(database);
	if (slot != NULL && slot->state == MAILBOX_VACANT &&
		slot->barred_until <= mailbox_clock())
	{
		slot->state = MAILBOX_STARTING;
		slot->fate = MAILBOX_FAILED;
		slot->starting_since = mailbox_clock();
		slot->leave = false;
		slot->revisit_at = 0;
		slot->barred_until = 0;
		allowed = true;
	}
	LWLockRelease(spine_mailbox_lock);
	return allowed;
}

/* The worker that was asked for did not come to be; another has to. */
void
places_set_failed(Oid database)
{
	MailboxSlot *slot;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	slot = mailbox_find(database);
	if (slot != NULL && slot->state == MAILBOX_STARTING)
	{
		slot->state = MAILBOX_VACANT;
		mailbox_set_pending(slot);
	}
	LWLockRelease(spine_mailbox_lock);
}

/*
 * So many databases wait for a place.  Those on their way out count as places
 * already; the others are woken, so that idle ones can offer theirs.
 */
void
places_set_waiting(int databases)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAILBOX_SLOTS; i++)
		if (spine_mailbox->slot[i].state == MAILBOX_LEAVING)
			databases--;
	spine_mailbox->waiting = Max(databases, 0);
	if (spine_mailbox->waiting > 0)
		for (int i = 0; i < MAILBOX_SLOTS; i++)
			if (spine_mailbox->slot[i].state == MAILBOX_CONNECTED)
				mailbox_wake(spine_mailbox->slot[i].worker_latch);
	LWLockRelease(spine_mailbox_lock);
}

/*
 * A worker's side.
 */

static void
detach_worker(int code, Datum arg)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	mine->state = MAILBOX_VACANT;
	mine->worker_pid = 0;
	mine->worker_latch = NULL;
	mine->leave = false;
	if (mine->fate != MAILBOX_LEFT)
		mailbox_set_pending(mine);
	mailbox_wake(spine_mailbox->launcher_latch);
	LWLockRelease(spine_mailbox_lock);
	mine = NULL;
}

/*
 * To be called before the process connects to the database: what is registered
 * first is called last, so that the slot becomes vacant only when the process
 * no longer counts as connected.  False if this worker is not wanted.
 */
bool
place_attach(Oid database)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	mine = mailbox_find(database);
	if (mine != NULL && (mine->state != MAILBOX_STARTING || mine->worker_pid != 0))
		mine = NULL;
	if (mine != NULL)
	{
		mine->state = MAILBOX_CONNECTED;
		mine->worker_pid = MyProcPid;
		mine->worker_latch = &MyProc->procLatch;
	}
	LWLockRelease(spine_mailbox_lock);

	if (mine != NULL)
		on_shmem_exit(detach_worker, (Datum) 0);
	return mine != NULL;
}

/* The worker has got into the database, and found the extension there or not. */
void
place_arrived(bool absent)
{
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	mine->fate = MAILBOX_DIED;
	mine->absent = absent;
	LWLockRelease(spine_mailbox_lock);
}

/* Are there merge functions to run in the database?  Returns what was known. */
bool
place_set_merges(bool merges)
{
	bool		known;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	known = mine->merges;
	mine->merges = merges;
	LWLockRelease(spine_mailbox_lock);
	return known;
}

bool
place_take_pending(void)
{
	bool		pending;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	pending = mine->pending;
	mine->pending = false;
	mine->used = ++spine_mailbox->uses;
	mine->woken_at = GetCurrentTimestamp();
	LWLockRelease(spine_mailbox_lock);
	return pending;
}

PlaceOrder
place_order(void)
{
	PlaceOrder	order;

	LWLockAcquire(spine_mailbox_lock, LW_SHARED);
	if (mine->leave)
		order = PLACE_GO;
	else
		order = spine_mailbox->waiting > 0 ? PLACE_YIELD : PLACE_STAY;
	LWLockRelease(spine_mailbox_lock);
	return order;
}

/* What the worker here, or the one before, has left for later; only we write it. */
int64
place_rows_waiting_since(void)
{
	return mine->rows_waiting_since;
}

void
place_set_rows_waiting_since(int64 since)
{
	if (mine->rows_waiting_since == since)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	mine->rows_waiting_since = since;
	LWLockRelease(spine_mailbox_lock);
}

/*
 * The worker wants to leave: for want of work (PLACE_STAY), or as ordered.
 * again says when it wishes the database to be visited again, in ms; -1 = when
 * there is a reason to.  False if it has to stay after all, because it was
 * notified or because enough others have offered their places.
 */
bool
place_leave(PlaceOrder why, int again)
{
	bool		agreed;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	if (why == PLACE_STAY)
		agreed = !mine->pending;
	else
		agreed = why == PLACE_GO || spine_mailbox->waiting > 0;
	if (agreed)
	{
		if (why == PLACE_YIELD)
			spine_mailbox->waiting--;
		mine->state = MAILBOX_LEAVING;
		mine->worker_latch = NULL;
		mine->fate = MAILBOX_LEFT;
		if (again == 0)
			mailbox_set_pending(mine);
		else if (again > 0)
			mine->revisit_at = mailbox_clock() + again;
	}
	LWLockRelease(spine_mailbox_lock);
	return agreed;
}

/* Enters an error among those known; false if it was known already. */
static bool
remember_error(uint64 task, uint32 hash)
{
	MailboxError *known = mine->error;

	for (int i = 0; i < MAILBOX_ERRORS; i++)
		if (known[i].hash == hash && known[i].task == task)
			return false;
	known += mine->nerrors++ % MAILBOX_ERRORS;
	known->task = task;
	known->hash = hash;
	return true;
}

/*
 * Notes an error for people to see; false if a worker, this one or an earlier
 * one, has met it before and the task has not been all right since.
 */
bool
place_record_error(uint64 task, const char *message)
{
	char	   *error = spine_mailbox->error[mine - spine_mailbox->slot];
	char		text[MAILBOX_ERROR_LENGTH];
	uint32		hash;
	bool		isnew;

	/* Who reads it may use another encoding than this database. */
	ascii_safe_strlcpy(text, message, sizeof(text));
	hash = hash_bytes((const unsigned char *) text, (int) strlen(text)) | 1;

	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	isnew = remember_error(task, hash);
	strcpy(error, text);
	mine->last_error_at = GetCurrentTimestamp();
	LWLockRelease(spine_mailbox_lock);
	return isnew;
}

/* The task is all right: its next error will be news. */
void
place_clear_errors(uint64 task)
{
	/* Only the database's own worker writes here: no lock for a look. */
	if (mine->nerrors == 0)
		return;
	LWLockAcquire(spine_mailbox_lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAILBOX_ERRORS; i++)
		if (mine->error[i].task == task)
			mine->error[i].hash = 0;
	LWLockRelease(spine_mailbox_lock);
}
