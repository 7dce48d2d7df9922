/*
 * launcher.c
 *		The launcher: sends workers to the databases that need one.
 *
 * It connects to no database, sleeps on its latch, and decides in turns.  A
 * database is due for a visit when it was submitted to (its mailbox slot is
 * pending), when its last worker wished so, when the launcher sees it for the
 * first time, and after a long while in any case: for pruning, and for what no
 * message tells of.  At most spine.max_workers are visited at once; who has
 * waited longest comes first.  Relies on places.c for the handing over of slots
 * and on databases.c for which databases there are.
 */
#include "worker/worker.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "spine.h"
#include "state/registry.h"
#include "worker/databases.h"
#include "worker/guard.h"
#include "worker/places.h"
#include "worker/register.h"

/* Milliseconds, all of them. */
#define LONG_INTERVAL 600000	/* between two visits without a reason */
#define ROUTINE_PATIENCE 60000	/* by which such a visit lets others go first */
#define START_PATIENCE 30000	/* for a worker to get into its database */
#define REGISTER_PAUSE 5000		/* when there is no background worker left */
#define FAILURE_PAUSE 1000		/* after a worker's failure, then doubled */
#define FAILURE_PAUSE_MAX 300000
#define LONG_LIFE 300000		/* after which a worker's death is a new story */
#define ERROR_PAUSE 1000		/* after an error of our own, then doubled */
#define ERROR_PAUSE_MAX 60000

/* So many workers of a database fail in a row before we remark on it. */
#define FAILURES_TO_REPORT 3

typedef struct Launcher
{
	MemoryContext turn;			/* reset at the start of each turn */
	int64		refresh_at;		/* when to read the list of databases */
	int64		register_at;	/* not before, after there was none left */
	bool		told;			/* so, and have not got one since */
	int64		quiet_until;	/* not to be told again before */
	MailboxSlot slots[MAILBOX_SLOTS];
	int			nslots;
	int			max_mergers;	/* the setting, in the last turn */
	int			exert_delay;	/* likewise */
} Launcher;

static int64
long_interval(void)
{
	return Max(LONG_INTERVAL, INT64CONST(10) * 1000 * spine_naptime);
}

/* A worker has ended; when may, and when shall, the next one come? */
static void
judge_end(Launcher *launcher, Database *database, int64 now)
{
	MailboxFate fate = database->slot == NULL ? MAILBOX_LEFT : database->slot->fate;
	int64		pause = FAILURE_PAUSE;

	if (fate == MAILBOX_LEFT)
	{
		database->failures = 0;
		database->not_before = 0;
		database->routine_at = now + long_interval();
		return;
	}

	if (fate == MAILBOX_DIED && now - database->slot->starting_since > LONG_LIFE)
		database->failures = 0;
	database->failures++;
	for (int i = 1; i < database->failures && pause < FAILURE_PAUSE_MAX; i++)
		pause *= 2;
	database->not_before = now + Min(pause, FAILURE_PAUSE_MAX);

	/* Was it dropped? */
	launcher->refresh_at = now;
	if (database->failures == FAILURES_TO_REPORT)
		ereport(LOG,
				(errmsg("spine workers for database \"%s\" keep failing",
						database->name),
				 errdetail("%d of them have ended one after the other.",
						   database->failures),
				 errhint("See the messages before this one. Others will be sent, less and less often.")));
}

/* Copies the mailbox, and finds out whose workers have ended. */
static void
look_around(Launcher *launcher, int64 now)
{
	int			count;
	Database  **all = databases_all(&count);
	bool	   *ended = palloc0(sizeof(bool) * (count + 1));
	pid_t		pid;

	for (int i = 0; i < count; i++)
	{
		BackgroundWorkerHandle *handle = all[i]->handle;

		all[i]->slot = NULL;
		if (handle == NULL || GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED)
			continue;
		all[i]->handle = NULL;
		pfree(handle);
		ended[i] = true;

		/* If it has not even begun, the slot still waits for it. */
		places_set_failed(all[i]->oid);

		/* Its background worker is free for another one. */
		launcher->register_at = 0;
	}

	launcher->nslots = mailbox_look(launcher->slots, NULL);
	for (int i = 0; i < launcher->nslots; i++)
	{
		Database   *database = databases_find(launcher->slots[i].database);

		if (database != NULL)
			database->slot = &launcher->slots[i];
	}
	for (int i = 0; i < count; i++)
		if (ended[i])
			judge_end(launcher, all[i], now);
}

/* Has somebody submitted to a database that we do not know yet? */
static bool
is_unknown_pending(const Launcher *launcher)
{
	for (int i = 0; i < launcher->nslots; i++)
		if (launcher->slots[i].pending &&
			databases_find(launcher->slots[i].database) == NULL)
			return true;
	return false;
}

/* Any of them may have been submitted to: as if all were. */
static void
visit_all(int64 now)
{
	int			count;
	Database  **all = databases_all(&count);

	for (int i = 0; i < count; i++)
		all[i]->routine_at = Min(all[i]->routine_at, now - ROUTINE_PATIENCE);
}

static void
notify_all(void)
{
	int			count;
	Database  **all = databases_all(&count);

	for (int i = 0; i < count; i++)
		mailbox_notify(all[i]->oid);
}

/*
 * When the database is to be visited.  Sets due_since as well, by which those
 * are put in order that wait for a place.
 */
static int64
visit_at(Database *database)
{
	const MailboxSlot *slot = database->slot;
	int64		at = database->routine_at;

	database->due_since = at + ROUTINE_PATIENCE;
	if (slot != NULL && slot->revisit_at != 0 && slot->revisit_at < at)
		database->due_since = at = slot->revisit_at;
	if (slot != NULL && slot->pending)
	{
		database->due_since = slot->pending_since;
		at = 0;
	}
	at = Max(at, database->not_before);
	if (slot != NULL)
		at = Max(at, slot->barred_until);
	return at;
}

static bool
is_occupied(const MailboxSlot *slot)
{
	return slot != NULL && slot->state != MAILBOX_VACANT;
}

static int
compare_due(const void *a, const void *b)
{
	int64		x = (*(Database *const *) a)->due_since;
	int64		y = (*(Database *const *) b)->due_since;

	return x < y ? -1 : x > y;
}

/* Says so once, until there was one again, and not all the time even then. */
static void
complain(Launcher *launcher, int64 now)
{
	if (!launcher->told && now >= launcher->quiet_until)
	{
		ereport(LOG,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is left for spine"),
				 errdetail("Submitted merge results stay queued until there is one."),
				 errhint("Consider increasing max_worker_processes, or decreasing spine.max_workers.")));
		launcher->quiet_until = now + LONG_INTERVAL;
	}
	launcher->told = true;
}

/* Has the database got a worker?  If not, it will be looked at again soon. */
static bool
start_worker(Launcher *launcher, Database *database, int64 now)
{
	/* It may have been barred just now, or there is no slot to be had. */
	if (!places_set_starting(database->oid))
	{
		database->not_before = now + FAILURE_PAUSE;
		return false;
	}
	if (!register_worker(database->oid, &database->handle))
	{
		places_set_failed(database->oid);
		launcher->register_at = now + REGISTER_PAUSE;
		complain(launcher, now);
		return false;
	}
	launcher->told = false;
	return true;
}

/* Frees a place that a worker holds without getting into its database. */
static void
hurry(Database *database, int64 now)
{
	const MailboxSlot *slot = database->slot;

	if (!is_occupied(slot) || slot->fate != MAILBOX_FAILED ||
		now - slot->starting_since < START_PATIENCE)
		return;
	if (database->handle != NULL)
		TerminateBackgroundWorker(database->handle);
	else if (slot->worker_pid == 0)
		places_set_failed(database->oid);	/* an earlier launcher's */
}

/* Starts those that are due, as far as there is room; returns how many. */
static int
fill_places(Launcher *launcher, Database **due, int ndue, int room, int64 now)
{
	int			started = 0;

	qsort(due, ndue, sizeof(Database *), compare_due);
	for (int i = 0; i < ndue && started < room; i++)
	{
		if (now < launcher->register_at)
			break;
		started += start_worker(launcher, due[i], now);
	}
	return started;
}

/* Starts what is due and has a place; returns when to look again. */
static int64
start_workers(Launcher *launcher, int64 now)
{
	int			count;
	Database  **all = databases_all(&count);
	Database  **due = palloc(sizeof(Database *) * (count + 1));
	int64		next = PG_INT64_MAX;
	int			ndue = 0;
	int			running = 0;
	int			freed = 0;		/* of these, the ones that are all but gone */
	int			left;

	for (int i = 0; i < count; i++)
	{
		bool		occupied = is_occupied(all[i]->slot);

		if (occupied || all[i]->handle != NULL)
		{
			running++;
			freed += !occupied;
		}
		else if (visit_at(all[i]) <= now)
			due[ndue++] = all[i];
		else
			next = Min(next, visit_at(all[i]));
	}
	left = ndue - fill_places(launcher, due, ndue, spine_max_workers - running, now);

	/*
	 * For the rest somebody has to make room; also if there are too many
	 * workers, after a change of the setting.
	 */
	places_set_waiting(Max(left, running - spine_max_workers) - freed);
	if (left == 0)
		return next;
	for (int i = 0; i < count; i++)
		hurry(all[i], now);
	return Min(next, now + (launcher->register_at > now ? REGISTER_PAUSE : FAILURE_PAUSE));
}

/* Where spines have been idle for long, somebody is to see to them. */
static void
visit_idle(void)
{
	Oid			databases[MAILBOX_SLOTS];
	int			count;

	if (spine_exert_delay < 0)
		return;
	count = registry_idle_databases(spine_exert_delay, databases, lengthof(databases));
	for (int i = 0; i < count; i++)
		mailbox_notify(databases[i]);
}

/* Decides what to do, does it, and sleeps. */
static void
take_turn(void *arg)
{
	Launcher   *launcher = arg;
	int64		now;
	int64		next = PG_INT64_MAX;

	ResetLatch(MyLatch);
	guard_attend();
	places_launcher_woken();
	MemoryContextReset(launcher->turn);
	MemoryContextSwitchTo(launcher->turn);

	now = mailbox_clock();
	/* The setting may have been lowered. */
	launcher->refresh_at = Min(launcher->refresh_at,
							   now + INT64CONST(1000) * spine_naptime);
	look_around(launcher, now);
	if (now >= launcher->refresh_at || is_unknown_pending(launcher))
	{
		visit_idle();
		databases_refresh();
		launcher->refresh_at = now + INT64CONST(1000) * spine_naptime;
		look_around(launcher, now);
	}
	/* Requests of which nobody wanted to know. */
	if (places_take_overflow() || spine_max_mergers > launcher->max_mergers)
		visit_all(now);
	/* Likewise idle spines, but also by the workers that are there. */
	if (spine_exert_delay >= 0 && launcher->exert_delay < 0)
		notify_all();
	launcher->max_mergers = spine_max_mergers;
	launcher->exert_delay = spine_exert_delay;
	if (spine_worker)
		next = start_workers(launcher, now);

	next = Min(next, launcher->refresh_at);
	guard_wait(next - mailbox_clock());
}

static bool
record_error(void *arg, const ErrorData *error)
{
	places_record_error(error->message);
	return true;
}

void
spine_launcher_main(Datum main_arg)
{
	Launcher   *launcher;
	int64		pause = ERROR_PAUSE;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);

	launcher = MemoryContextAllocZero(TopMemoryContext, sizeof(Launcher));
	launcher->turn = AllocSetContextCreate(TopMemoryContext, "spine launcher",
										   ALLOCSET_DEFAULT_SIZES);
	launcher->max_mergers = spine_max_mergers;
	launcher->exert_delay = spine_exert_delay;
	places_attach_launcher();

	for (;;)
	{
		MemoryContextSwitchTo(launcher->turn);
		if (guard_run(take_turn, record_error, launcher))
			pause = ERROR_PAUSE;
		else
		{
			guard_pause(pause);
			pause = Min(pause * 2, ERROR_PAUSE_MAX);
		}
	}
}
