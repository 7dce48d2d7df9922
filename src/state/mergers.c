/*
 * mergers.c
 *		The places of mergers.
 *
 * An array under one lock that is held for a look at it only.  A worker that
 * finds no place free leaves its database's name as the one that waits; while it
 * does, mergers of other databases leave after what they are at, and others get
 * only what is left when it is served.  It has to come back every few seconds to
 * go on waiting.  A merger that has come looks once in any case: else databases
 * could send each other away without anything being merged.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "state/mailbox.h"
#include "state/mergers.h"
#include "state/registry.h"

/* Milliseconds. */
#define START_PATIENCE 60000	/* for a merger that was asked for */
#define WAIT_PATIENCE 5000		/* a database waits no longer without a word */

typedef struct Mergers
{
	uint64		number;
	Oid			waiting;		/* a database that has found no place */
	int64		waiting_until;
	MergerPlace place[MAX_MERGERS];
} Mergers;

static Mergers *mergers = NULL;
static LWLock *lock = NULL;

/* In a merger: its place. */
static MergerPlace *mine = NULL;

Size
mergers_shmem_size(void)
{
	return MAXALIGN(sizeof(Mergers));
}

void
mergers_shmem_init(void)
{
	bool		found;

	mergers = ShmemInitStruct("spine mergers", mergers_shmem_size(), &found);
	if (!found)
		memset(mergers, 0, sizeof(Mergers));
	lock = MERGERS_LOCK;
}

/* A process that was asked for and never came gives way. */
static bool
is_free(const MergerPlace *place, int64 now)
{
	return !OidIsValid(place->database) ||
		(place->state == MERGER_STARTING && place->starting_since + START_PATIENCE < now);
}

static int
count_taken(int64 now)
{
	int			taken = 0;

	for (int i = 0; i < MAX_MERGERS; i++)
		taken += !is_free(&mergers->place[i], now);
	return taken;
}

/* Does another database wait for a place? */
static bool
other_waits(Oid database, int64 now)
{
	return OidIsValid(mergers->waiting) && mergers->waiting != database &&
		mergers->waiting_until > now;
}

int
mergers_look(MergerPlace *places)
{
	int			n = 0;

	if (mergers == NULL)
		return 0;
	LWLockAcquire(lock, LW_SHARED);
	for (int i = 0; i < MAX_MERGERS; i++)
		if (OidIsValid(mergers->place[i].database))
			places[n++] = mergers->place[i];
	LWLockRelease(lock);
	return n;
}

bool
mergers_show_the_door(Oid database, bool insist)
{
	bool		gone = true;

	if (mergers == NULL)
		return true;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_MERGERS; i++)
	{
		MergerPlace *place = &mergers->place[i];

		if (place->database != database)
			continue;
		gone = false;
		/* Under the lock, so that the pid cannot be another process's. */
		if (place->pid != 0 && (insist || !place->leave))
			kill(place->pid, insist ? SIGTERM : SIGINT);
		place->leave = true;
	}
	LWLockRelease(lock);
	return gone;
}

int
mergers_wake(Oid database)
{
	int			woken = 0;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_MERGERS; i++)
	{
		MergerPlace *place = &mergers->place[i];

		if (place->database != database || place->leave ||
			is_free(place, mailbox_clock()) ||
			(place->state != MERGER_STARTING && place->state != MERGER_IDLE))
			continue;
		place->woken = true;
		mailbox_wake(place->latch);
		woken++;
	}
	LWLockRelease(lock);
	return woken;
}

/* Has the database a merger, or is one on its way there? */
static bool
is_served(Oid database, int64 now)
{
	for (int i = 0; i < MAX_MERGERS; i++)
		if (mergers->place[i].database == database && !is_free(&mergers->place[i], now))
			return true;
	return false;
}

/* Idle mergers see that somebody waits.  Who has one already does not. */
static void
wait_for_place(Oid database, int64 now)
{
	if (other_waits(database, now) || is_served(database, now))
		return;
	mergers->waiting = database;
	mergers->waiting_until = now + WAIT_PATIENCE;
	for (int i = 0; i < MAX_MERGERS; i++)
		if (mergers->place[i].state == MERGER_IDLE)
			mailbox_wake(mergers->place[i].latch);
}

bool
mergers_take(Oid database, MergerTicket *ticket)
{
	int64		now = mailbox_clock();
	int			left;
	bool		found;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	left = spine_max_mergers - count_taken(now);
	/* One of them is for who waits. */
	found = left > (other_waits(database, now) ? 1 : 0);
	if (!found && left <= 0)
		wait_for_place(database, now);
	for (int i = 0; found && i < MAX_MERGERS; i++)
	{
		MergerPlace *place = &mergers->place[i];

		if (!is_free(place, now))
			continue;
		memset(place, 0, sizeof(*place));
		place->database = database;
		place->state = MERGER_STARTING;
		place->starting_since = now;
		ticket->place = i;
		ticket->number = place->number = ++mergers->number;
		if (mergers->waiting == database)
			mergers->waiting = InvalidOid;
		break;
	}
	LWLockRelease(lock);
	return found;
}

void
mergers_give_back(const MergerTicket *ticket)
{
	MergerPlace *place = &mergers->place[ticket->place];

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (place->number == ticket->number)
		memset(place, 0, sizeof(*place));
	LWLockRelease(lock);
}

/* Who waits for a place is told; and its own worker, if there may be more to do. */
static void
detach(int code, Datum arg)
{
	Oid			waiting = InvalidOid;
	Oid			unfinished = InvalidOid;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (other_waits(mine->database, mailbox_clock()))
		waiting = mergers->waiting;
	if (mine->state != MERGER_LEAVING && !mine->leave)
		unfinished = mine->database;
	memset(mine, 0, sizeof(*mine));
	LWLockRelease(lock);
	mine = NULL;
	if (OidIsValid(waiting))
		mailbox_notify(waiting);
	if (OidIsValid(unfinished))
		mailbox_notify(unfinished);
}

bool
merger_attach(const MergerTicket *ticket, Oid *database)
{
	MergerPlace *place = &mergers->place[ticket->place];

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (place->number == ticket->number && place->state == MERGER_STARTING)
	{
		*database = place->database;
		place->pid = MyProcPid;
		place->latch = &MyProc->procLatch;
		place->state = MERGER_IDLE;
		mine = place;
	}
	LWLockRelease(lock);
	if (mine == NULL)
		return false;
	on_shmem_exit(detach, (Datum) 0);
	return !mine->leave;
}

bool
merger_told_to_leave(void)
{
	bool		leave;

	LWLockAcquire(lock, LW_SHARED);
	leave = mine->leave;
	LWLockRelease(lock);
	return leave;
}

bool
merger_may_look(void)
{
	int64		now = mailbox_clock();
	bool		may;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	may = spine_worker && !mine->leave && count_taken(now) <= spine_max_mergers &&
		(mine->woken_at == 0 || !other_waits(mine->database, now));
	mine->woken = false;
	mine->woken_at = GetCurrentTimestamp();
	LWLockRelease(lock);
	return may;
}

bool
merger_leave(void)
{
	bool		leave;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	leave = !mine->woken;
	if (leave)
		mine->state = MERGER_LEAVING;
	LWLockRelease(lock);
	return leave;
}

void
merger_set_at_work(bool at_work)
{
	LWLockAcquire(lock, LW_EXCLUSIVE);
	mine->state = at_work ? MERGER_AT_WORK : MERGER_IDLE;
	LWLockRelease(lock);
}
