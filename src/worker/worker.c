/*
 * worker.c
 *		A worker: empties the inboxes and applies the submitted merge results of
 *		one database.
 *
 * It is sent by the launcher, looks at the queue when its database's mailbox
 * slot is pending, applies what it finds with short transactions, relation by
 * relation, sleeps on its latch, and leaves when there is nothing to do.
 * Nothing but its slot ties it to anybody.  Relies on queue.c for the work and
 * on places.c for coming and going.
 */
#include "worker/worker.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "spine.h"
#include "worker/guard.h"
#include "worker/places.h"
#include "worker/queue.h"
#include "worker/session.h"

/* Milliseconds. */
#define SHIFT 1000				/* work in a row while others wait for a place */
#define REVISIT_PAUSE 1000		/* before coming back to what could not be done */
#define ERROR_PAUSE 1000		/* after an error outside all transactions */
#define LONGEST_WAIT 60000

typedef struct Worker
{
	Queue	   *queue;
	int64		shift_since;
} Worker;

/* How much longer to stay for want of work: ms. */
static int64
idle_left(Worker *worker)
{
	if (queue_is_absent(worker->queue))
		return 0;
	return queue_active_at(worker->queue) + spine_worker_idle_timeout - mailbox_clock();
}

/* Should it leave, though nobody wants it to? */
static bool
is_idle(Worker *worker, int64 rest)
{
	/* A lock that others hold may be free any moment, and nobody tells. */
	if (rest == 0 || queue_is_blocked(worker->queue))
		return false;

	/* What has raised errors is worth staying for if it is due soon. */
	if (rest > 0 && rest <= spine_worker_idle_timeout)
		return false;
	return idle_left(worker) <= 0;
}

/* Leaves if it is time to; the mailbox has the last word. */
static bool
leave(Worker *worker, int64 rest)
{
	int64		now = mailbox_clock();
	PlaceOrder	order = spine_worker ? place_order() : PLACE_GO;

	if (rest != 0)
		worker->shift_since = now;
	if (order == PLACE_STAY && !is_idle(worker, rest))
		return false;
	if (order == PLACE_YIELD && rest == 0 && now < worker->shift_since + SHIFT)
		return false;
	return place_leave(order, rest > 0 ? Max(rest, REVISIT_PAUSE) : rest);
}

/*
 * Under load the next row comes before the last ones are done.  Until the queue
 * may be looked at again this does not wait for the latch, which stays set: so
 * nobody else who brings something pays for a signal.
 */
static void
gather(Worker *worker)
{
	int64		pause = queue_gathers(worker->queue);

	if (pause > 0)
		pg_usleep(pause * 1000);
}

/* Sleeps until there is something to do, or it may be time to leave. */
static void
sleep_for(Worker *worker, int64 rest)
{
	int64		wait = LONGEST_WAIT;

	if (rest > 0)
		wait = Min(wait, rest);

	/* If it stays although it is idle, it is for the sake of rest. */
	if (!queue_is_blocked(worker->queue) && (rest < 0 || idle_left(worker) > 0))
		wait = Min(wait, idle_left(worker));
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	guard_wait(wait);
	gather(worker);
}

/* Until it is time to leave. */
static void
serve(void *arg)
{
	Worker	   *worker = arg;

	for (;;)
	{
		int64		rest;

		ResetLatch(MyLatch);
		guard_attend();
		if (place_take_pending())
			queue_notice(worker->queue);
		if (spine_worker && place_order() != PLACE_GO)
			queue_work(worker->queue);
		rest = queue_rest(worker->queue);
		if (leave(worker, rest))
			return;
		if (rest != 0)
			sleep_for(worker, rest);
		else
			pgstat_report_stat(false);
	}
}

void
spine_worker_main(Datum main_arg)
{
	Oid			database = DatumGetObjectId(main_arg);
	Worker		worker;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* Not wanted any more? */
	if (!place_attach(database))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	session_settle("spine worker");

	worker.queue = queue_create();
	worker.shift_since = mailbox_clock();
	while (!guard_run(serve, NULL, &worker))
		guard_pause(ERROR_PAUSE);
	proc_exit(0);
}
