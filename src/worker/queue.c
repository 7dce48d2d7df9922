/*
 * queue.c
 *		What there is to do in the database that a worker is connected to.
 *
 * A look at the queue finds the relations that have results queued; each is a
 * task of its own, so that one that is locked or raises errors only waits by
 * itself.  Pruning is one more task, and so are notifications.  Relies on
 * results.c for the work and on task.c for surviving it.
 */
#include "worker/queue.h"

#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "postmaster/interrupt.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "spine.h"
#include "state/claims_prune.h"
#include "state/holds.h"
#include "state/results.h"
#include "worker/news.h"
#include "worker/places.h"
#include "worker/task.h"

/* How much is done in one transaction, under one spine's lock. */
#define APPLY_RESULTS 200
#define APPLY_TIME 10			/* ms */
#define PRUNE_RESULTS 1000
#define PRUNE_CLAIMS 100		/* each may need a lock */

#define NOT_A_RELATION ((Oid) 1)	/* the prune's, in the mailbox */
#define NOTIFY_NOT_A_RELATION ((Oid) 2)
#define MAX_RELATIONS 10000		/* that one look at the queue finds */

/* Milliseconds. */
#define LOOK_PAUSE 100			/* between two looks while there is work */
#define BUSY_PAUSE 20			/* when somebody holds the spine, then doubled */
#define BUSY_PAUSE_MAX 1000
#define PRUNE_PAUSE 60000
#define NOTIFY_PAUSE 100		/* what happens meanwhile is told together */

struct Queue
{
	MemoryContext scratch;
	Task		look;
	Task		prune;
	Task		notify;
	HTAB	   *tasks;			/* one a relation with results queued */
	List	   *order;			/* the same, in the order the look found them */
	uint64		looks;
	int64		looked_at;		/* 0 = not yet */
	int64		active_at;
	int64		prune_at;
	bool		absent;			/* there is no extension */

	/* What the steps are told, and what they find. */
	Task	   *current;
	List	   *relations;		/* oids, in scratch */
	ResultsProgress progress;
	bool		more_to_prune;
};

Queue *
queue_create(void)
{
	Queue	   *queue = MemoryContextAllocZero(TopMemoryContext, sizeof(Queue));
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Task);
	control.hcxt = TopMemoryContext;
	queue->tasks = hash_create("spine relations with results", 64, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	queue->scratch = AllocSetContextCreate(TopMemoryContext, "spine queue",
										   ALLOCSET_DEFAULT_SIZES);
	queue->look.queued = true;
	strcpy(queue->look.what, "looking for submitted merge results");
	queue->prune.relid = NOT_A_RELATION;
	strcpy(queue->prune.what, "pruning merge results and holds");
	queue->notify.relid = NOTIFY_NOT_A_RELATION;
	queue->notify.queued = true;
	strcpy(queue->notify.what, "sending notifications");
	return queue;
}

void
queue_notice(Queue *queue)
{
	queue->look.queued = true;
	queue->notify.queued = true;
	queue->active_at = mailbox_clock();
}

int64
queue_active_at(Queue *queue)
{
	return queue->active_at;
}

bool
queue_is_absent(Queue *queue)
{
	return queue->absent;
}

/*
 * The steps: each in a transaction of its own.
 */

static void
look_step(void *arg)
{
	Queue	   *queue = arg;
	MemoryContext context;

	queue->absent = !OidIsValid(get_extension_oid("spine", true));
	place_arrived(queue->absent);
	queue->relations = NIL;
	if (queue->absent)
		return;
	context = MemoryContextSwitchTo(queue->scratch);
	queue->relations = results_relations(MAX_RELATIONS);
	MemoryContextSwitchTo(context);
}

static void
apply_step(void *arg)
{
	Queue	   *queue = arg;
	Task	   *task = queue->current;
	char	   *name = get_rel_name(task->relid);

	if (name != NULL)
		snprintf(task->what, sizeof(task->what),
				 "applying merge results to relation \"%s\"", name);
	queue->progress = results_apply(task->relid, APPLY_RESULTS, APPLY_TIME);
}

static void
prune_step(void *arg)
{
	Queue	   *queue = arg;
	bool		more = results_prune(PRUNE_RESULTS) == PRUNE_RESULTS;

	queue->more_to_prune = claims_prune(PRUNE_CLAIMS) == PRUNE_CLAIMS || more;
	holds_prune();
}

/* The relation's task; a new one if it has none. */
static Task *
find_task(Queue *queue, Oid relid)
{
	bool		found;
	Task	   *task = hash_search(queue->tasks, &relid, HASH_ENTER, &found);

	if (!found)
	{
		memset(task, 0, sizeof(Task));
		task->relid = relid;
		snprintf(task->what, sizeof(task->what),
				 "applying merge results to relation %u", relid);
	}
	return task;
}

/* Makes the tasks those of the relations found; old ones keep their pauses. */
static void
list_tasks(Queue *queue)
{
	List	   *old = queue->order;
	List	   *order = NIL;
	MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
	ListCell   *lc;

	queue->looks++;
	foreach(lc, queue->relations)
	{
		Task	   *task = find_task(queue, lfirst_oid(lc));

		task->queued = true;
		task->listed = queue->looks;
		order = lappend(order, task);
	}
	queue->order = order;
	foreach(lc, old)
	{
		Task	   *task = lfirst(lc);

		if (task->listed != queue->looks)
			(void) hash_search(queue->tasks, &task->relid, HASH_REMOVE, NULL);
	}
	list_free(old);
	MemoryContextSwitchTo(context);
}

static void
look(Queue *queue)
{
	MemoryContextReset(queue->scratch);
	if (!task_run(&queue->look, look_step, queue))
		return;
	task_done(&queue->look);
	queue->look.queued = false;
	queue->looked_at = mailbox_clock();
	list_tasks(queue);
}

static void
apply(Queue *queue, Task *task)
{
	queue->current = task;
	if (!task_run(task, apply_step, queue))
		return;
	if (queue->progress == RESULTS_BUSY)
	{
		task_postpone(task, BUSY_PAUSE, BUSY_PAUSE_MAX);
		return;
	}
	task_done(task);
	task->queued = queue->progress == RESULTS_MORE;
	if (queue->progress != RESULTS_NONE)
		queue->active_at = mailbox_clock();
}

static void
prune(Queue *queue)
{
	bool		fine = task_run(&queue->prune, prune_step, queue);

	/* Nobody waits for it: after an error, a try now and then is enough. */
	queue->prune.queued = fine && queue->more_to_prune;
	if (fine)
		task_done(&queue->prune);
	queue->prune_at = mailbox_clock() + PRUNE_PAUSE;
}

/* While it may not, there may be something to send: it stays queued. */
static bool
may_notify(Queue *queue)
{
	return spine_notify && queue->looked_at != 0 && !queue->absent;
}

/* News that are not sent for an error stay where they were. */
static void
notify(Queue *queue)
{
	queue->notify.queued = news_take();
	if (!queue->notify.queued)
		return;
	if (!task_run(&queue->notify, news_send, NULL))
	{
		news_put_back();
		return;
	}
	task_done(&queue->notify);
	/* For the next ones, and for those that there was no room for. */
	queue->notify.next = mailbox_clock() + NOTIFY_PAUSE;
}

/* Is there a relation that can be worked on at once? */
static bool
is_unfinished(Queue *queue)
{
	int64		now = mailbox_clock();
	ListCell   *lc;

	foreach(lc, queue->order)
		if (task_is_due(lfirst(lc), now))
			return true;
	return false;
}

void
queue_work(Queue *queue)
{
	int64		now = mailbox_clock();
	ListCell   *lc;

	/*
	 * A steady stream of submissions should not mean a look at the whole queue
	 * before every step; when the work runs out there is another one anyway.
	 */
	if (task_is_due(&queue->look, now) &&
		(now >= queue->looked_at + LOOK_PAUSE || !is_unfinished(queue)))
		look(queue);
	if (may_notify(queue) && task_is_due(&queue->notify, now))
		notify(queue);

	foreach(lc, queue->order)
	{
		if (task_is_due(lfirst(lc), mailbox_clock()))
			apply(queue, lfirst(lc));
		if (ProcDiePending || ConfigReloadPending || place_order() == PLACE_GO)
			return;
	}

	if (queue->looked_at == 0 || queue->absent)
		return;
	if (now >= queue->prune_at)
		queue->prune.queued = true;
	if (task_is_due(&queue->prune, now))
		prune(queue);
}

int64
queue_rest(Queue *queue)
{
	int64		next = PG_INT64_MAX;
	ListCell   *lc;

	if (queue->look.queued)
		next = Min(next, queue->look.next);
	if (queue->prune.queued)
		next = Min(next, queue->prune.next);
	if (queue->notify.queued && may_notify(queue))
		next = Min(next, queue->notify.next);
	foreach(lc, queue->order)
	{
		Task	   *task = lfirst(lc);

		if (task->queued)
			next = Min(next, task->next);
	}
	return next == PG_INT64_MAX ? -1 : Max(next - mailbox_clock(), 0);
}

bool
queue_is_blocked(Queue *queue)
{
	ListCell   *lc;

	foreach(lc, queue->order)
	{
		Task	   *task = lfirst(lc);

		if (task->queued && task->pause > 0 && !task->failing)
			return true;
	}
	return false;
}
