/*
 * queue.c
 *		What there is to do in the database that a worker is connected to.
 *
 * A look at the queue finds the relations that have batches in the inbox, and
 * those that have results queued; each is a task of its own, so that one that is
 * locked or raises errors only waits by itself.  The inbox goes first, since
 * writers wait for it; of what native tables have to absorb, one part is done a
 * round, each table in its turn.  Pruning is one more task, and so are notifications
 * and seeing to it that mergers come where there is something for them.  Relies on
 * inbox_sequence.c, results.c, idle.c and background.c for the work and on task.c
 * for surviving it.
 */
#include "worker/queue.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "postmaster/interrupt.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "am/background.h"
#include "am/sweep.h"
#include "spine.h"
#include "state/claims_prune.h"
#include "state/holds.h"
#include "state/idle.h"
#include "state/inbox.h"
#include "state/inbox_queue.h"
#include "state/results.h"
#include "state/tables.h"
#include "state/waiting.h"
#include "worker/demand.h"
#include "worker/news.h"
#include "worker/places.h"
#include "worker/task.h"

/* How much is done in one transaction, under one spine's lock. */
#define SEQUENCE_BATCHES 1000
#define APPLY_RESULTS 200
#define WORK_TIME 10			/* ms */
#define PRUNE_ROWS 1000
#define PRUNE_CLAIMS 100		/* each may need a lock */

#define MAX_RELATIONS 10000		/* that one look at the queue finds */

/* Milliseconds. */
#define LOOK_PAUSE 100			/* between two looks while there is work */
#define GATHER_PAUSE 10			/* when there is none: what comes meanwhile is done together */
#define BUSY_PAUSE 20			/* when somebody holds the spine, then doubled */
#define BUSY_PAUSE_MAX 1000
#define PRUNE_PAUSE 60000
#define NOTIFY_PAUSE 100		/* what happens meanwhile is told together */
#define SURVEY_PAUSE 100		/* between two surveys, or ten times what one takes */
#define UNMET_PAUSE 1000		/* when there are fewer mergers than wanted */
#define DOUBT_PAUSE_MAX 60000	/* between looks at requests that nobody takes */

struct Queue
{
	MemoryContext scratch;
	Task		look;
	Task		prune;
	Task		notify;
	Task		acquaint;		/* with idle spines that shared memory does not know */
	Task		survey;			/* of what there is to merge */
	HTAB	   *tasks;			/* for each relation with something waiting */
	List	   *order;			/* the same, in the order the look found them */
	uint64		looks;
	int64		looked_at;		/* 0 = not yet */
	int64		active_at;
	int64		prune_at;
	int64		survey_at;		/* not before */
	int64		doubt;			/* pause after the last survey; 0 = none */
	int			max_mergers;	/* the setting, when it was last looked at */
	int			exert_delay;	/* likewise */
	bool		absent;			/* there is no extension */

	/* What the steps are told, and what they find. */
	Task	   *current;
	List	   *batches;		/* oids of relations with some, in scratch */
	List	   *results;
	List	   *idle;
	List	   *written;
	int64		written_pause;	/* until there may be more; -1 = somebody will tell */
	WorkProgress progress;
	bool		more_to_prune;
	Demand		demand;
};

Queue *
queue_create(void)
{
	Queue	   *queue = MemoryContextAllocZero(TopMemoryContext, sizeof(Queue));
	HASHCTL		control = {0};

	control.keysize = sizeof(TaskKey);
	control.entrysize = sizeof(Task);
	control.hcxt = TopMemoryContext;
	queue->tasks = hash_create("spine tasks", 64, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	queue->scratch = AllocSetContextCreate(TopMemoryContext, "spine queue",
										   ALLOCSET_DEFAULT_SIZES);
	queue->look.queued = true;
	queue->look.key.kind = TASK_LOOK;
	strcpy(queue->look.what, "looking for appended batches and merge results");
	queue->prune.key.kind = TASK_PRUNE;
	strcpy(queue->prune.what, "pruning the inbox, merge results, holds and files");
	queue->notify.key.kind = TASK_NOTIFY;
	queue->notify.queued = true;
	strcpy(queue->notify.what, "sending notifications");
	queue->acquaint.key.kind = TASK_ACQUAINT;
	strcpy(queue->acquaint.what, "looking for idle spines");
	queue->survey.key.kind = TASK_SURVEY;
	strcpy(queue->survey.what, "looking for merge requests");
	queue->max_mergers = spine_max_mergers;
	queue->exert_delay = -1;
	return queue;
}

void
queue_notice(Queue *queue)
{
	queue->look.queued = true;
	queue->notify.queued = true;
	queue->active_at = mailbox_clock();
	background_expect_writes();
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
	int64		waiting_since = place_rows_waiting_since();

	queue->absent = !spine_hold_extension();
	place_arrived(queue->absent);
	queue->batches = queue->results = queue->idle = queue->written = NIL;
	queue->written_pause = -1;
	if (queue->absent)
		return;
	context = MemoryContextSwitchTo(queue->scratch);
	queue->batches = inbox_relations(MAX_RELATIONS);
	queue->results = waiting_relations(MAX_RELATIONS);
	queue->idle = idle_relations();
	queue->written = background_tables(&waiting_since, &queue->written_pause);
	place_set_rows_waiting_since(waiting_since);
	MemoryContextSwitchTo(context);
}

/* By its number, if it has no name (any more). */
static void
describe_task(Task *task, const char *name)
{
	const char *what = task->key.kind == TASK_SEQUENCE ? "giving times to batches of" :
		task->key.kind == TASK_APPLY ? "applying merge results to" :
		task->key.kind == TASK_ABSORB ? "absorbing rows of" :
		"moving merges along in idle";

	if (name != NULL)
		snprintf(task->what, sizeof(task->what), "%s relation \"%s\"", what, name);
	else
		snprintf(task->what, sizeof(task->what), "%s relation %u", what, task->key.relid);
}

static void
relation_step(void *arg)
{
	Queue	   *queue = arg;
	Task	   *task = queue->current;
	char	   *name;

	queue->progress = WORK_NONE;
	if (!spine_hold_extension())
		return;
	name = get_rel_name(task->key.relid);
	if (name != NULL)
		describe_task(task, name);
	if (task->key.kind == TASK_SEQUENCE)
		queue->progress = inbox_sequence(task->key.relid, SEQUENCE_BATCHES, WORK_TIME);
	else if (task->key.kind == TASK_APPLY)
		queue->progress = results_apply(task->key.relid, APPLY_RESULTS, WORK_TIME);
	else if (task->key.kind == TASK_ABSORB)
		queue->progress = background_absorb(task->key.relid);
	else
		queue->progress = idle_exert(task->key.relid);
}

static void
prune_step(void *arg)
{
	Queue	   *queue = arg;
	int			answers;
	int			results;
	int			claims;

	queue->more_to_prune = false;
	if (!spine_hold_extension())
		return;
	answers = waiting_prune_answers(PRUNE_ROWS);
	results = waiting_prune_results(PRUNE_ROWS);
	claims = claims_prune(PRUNE_CLAIMS);
	queue->more_to_prune = answers == PRUNE_ROWS || results == PRUNE_ROWS ||
		claims == PRUNE_CLAIMS;
	holds_prune();
	files_sweep();
}

static void
acquaint_step(void *arg)
{
	if (spine_hold_extension())
		idle_get_to_know();
}

static void
survey_step(void *arg)
{
	Queue	   *queue = arg;

	if (spine_hold_extension())
		demand_look(&queue->demand);
}

/* The relation's task; a new one if it has none. */
static Task *
find_task(Queue *queue, TaskKey key)
{
	bool		found;
	Task	   *task = hash_search(queue->tasks, &key, HASH_ENTER, &found);

	if (!found)
	{
		memset(task, 0, sizeof(Task));
		task->key = key;
		describe_task(task, NULL);
	}
	return task;
}

static List *
add_tasks(Queue *queue, List *order, List *relations, TaskKind kind)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		Task	   *task = find_task(queue, (TaskKey) {lfirst_oid(lc), kind});

		task->queued = true;
		task->listed = queue->looks;
		order = lappend(order, task);
	}
	return order;
}

/* Makes the tasks those of the relations found; old ones keep their pauses. */
static void
list_tasks(Queue *queue)
{
	List	   *old = queue->order;
	MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
	ListCell   *lc;

	queue->looks++;
	queue->order = add_tasks(queue, NIL, queue->batches, TASK_SEQUENCE);
	queue->order = add_tasks(queue, queue->order, queue->results, TASK_APPLY);
	queue->order = add_tasks(queue, queue->order, queue->idle, TASK_EXERT);
	queue->order = add_tasks(queue, queue->order, queue->written, TASK_ABSORB);
	foreach(lc, old)
	{
		Task	   *task = lfirst(lc);

		if (task->listed != queue->looks)
			(void) hash_search(queue->tasks, &task->key, HASH_REMOVE, NULL);
	}
	list_free(old);
	MemoryContextSwitchTo(context);
}

/* There will be a survey, at this time or before. */
static void
plan_survey(Queue *queue, int64 at)
{
	Task	   *task = &queue->survey;

	if (!task->queued || (at < task->next && !task->failing))
		task->next = Max(at, queue->survey_at);
	task->queued = true;
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
	queue->look.next = queue->looked_at + GATHER_PAUSE;
	list_tasks(queue);
	if (queue->written_pause >= 0)
	{
		queue->look.queued = true;
		queue->look.next = queue->looked_at + queue->written_pause;
	}
	if (queue->absent)
		queue->prune.queued = queue->survey.queued = queue->acquaint.queued = false;
	else
		plan_survey(queue, queue->looked_at);
}

static void
work_on(Queue *queue, Task *task)
{
	queue->current = task;
	if (!task_run(task, relation_step, queue))
		return;
	if (queue->progress == WORK_BUSY)
	{
		task_postpone(task, BUSY_PAUSE, BUSY_PAUSE_MAX);
		return;
	}
	task_done(task);
	task->queued = queue->progress == WORK_MORE;
	/* What rows are waiting now decides when to come back. */
	if (task->key.kind == TASK_ABSORB)
	{
		queue->look.queued = true;
		queue->look.next = queue->looked_at + GATHER_PAUSE;
	}
	if (queue->progress != WORK_NONE)
	{
		queue->active_at = mailbox_clock();
		queue->doubt = 0;
		plan_survey(queue, queue->active_at);
	}
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

/* A task of its own: what is wrong with a spine there keeps nobody waiting. */
static void
acquaint(Queue *queue)
{
	if (!task_run(&queue->acquaint, acquaint_step, NULL))
		return;
	task_done(&queue->acquaint);
	queue->acquaint.queued = false;
	queue->look.queued = true;
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

/*
 * Pushes tell us of requests once we have said that there are merge functions,
 * so what was pushed before that takes a second look.
 */
static void
survey(Queue *queue)
{
	int64		start = mailbox_clock();
	int64		now;
	Demand	   *demand = &queue->demand;

	queue->max_mergers = spine_max_mergers;
	if (!task_run(&queue->survey, survey_step, queue))
		return;
	task_done(&queue->survey);
	queue->survey.queued = false;
	now = mailbox_clock();
	queue->survey_at = now + Max(SURVEY_PAUSE, 10 * (now - start));
	if (demand->functions && !place_set_merges(true))
		plan_survey(queue, now);
	else if (!demand->functions)
		(void) place_set_merges(false);
	if (!demand_meet(demand))
		plan_survey(queue, now + UNMET_PAUSE);
	/*
	 * Mergers go around what somebody is claiming, and nobody tells when that is
	 * rolled back.
	 */
	queue->doubt = demand->open == 0 ? 0 :
		Min(Max(2 * queue->doubt, UNMET_PAUSE), DOUBT_PAUSE_MAX);
	if (demand->open > 0)
		plan_survey(queue, now + queue->doubt);
	if (demand->next >= 0)
		plan_survey(queue, now + demand->next);
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

/* The absorption that has waited longest of those that are due; NULL if none is. */
static Task *
next_absorption(Queue *queue)
{
	int64		now = mailbox_clock();
	Task	   *next = NULL;
	ListCell   *lc;

	foreach(lc, queue->order)
	{
		Task	   *task = lfirst(lc);

		if (task->key.kind == TASK_ABSORB && task_is_due(task, now) &&
			(next == NULL || task->begun_at < next->begun_at))
			next = task;
	}
	return next;
}

void
queue_work(Queue *queue)
{
	int64		now = mailbox_clock();
	Task	   *absorption;
	ListCell   *lc;

	if (spine_exert_delay >= 0 && queue->exert_delay < 0)
		queue->acquaint.queued = queue->look.queued = true;
	queue->exert_delay = spine_exert_delay;

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
		Task	   *task = lfirst(lc);

		if (task->key.kind != TASK_ABSORB && task_is_due(task, mailbox_clock()))
			work_on(queue, task);
		if (ProcDiePending || ConfigReloadPending || place_order() == PLACE_GO)
			return;
	}

	/* One at a time: it may take long, and writers wait for the others. */
	absorption = next_absorption(queue);
	if (absorption != NULL)
		work_on(queue, absorption);

	if (queue->looked_at == 0 || queue->absent)
		return;
	if (task_is_due(&queue->acquaint, mailbox_clock()))
		acquaint(queue);
	if (queue->max_mergers != spine_max_mergers)
		plan_survey(queue, now);
	if (task_is_due(&queue->survey, mailbox_clock()))
		survey(queue);
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
	if (queue->acquaint.queued && queue->looked_at != 0)
		next = Min(next, queue->acquaint.next);
	if (queue->survey.queued)
		next = Min(next, queue->survey.next);
	foreach(lc, queue->order)
	{
		Task	   *task = lfirst(lc);

		if (task->queued)
			next = Min(next, task->next);
	}
	return next == PG_INT64_MAX ? -1 : Max(next - mailbox_clock(), 0);
}

int64
queue_gathers(Queue *queue)
{
	return queue->looked_at + GATHER_PAUSE - mailbox_clock();
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
