/*
 * task.c
 *		What a worker does in one transaction at a time, again and again.
 *
 * An ERROR ends the transaction and nothing else: the task is put off, and the
 * others go on.  It is logged once, not at every try, and left in the mailbox
 * for people to see.
 */
#include "worker/task.h"

#include "pgstat.h"

#include "worker/guard.h"
#include "worker/places.h"

/* Between two tries of what raises errors: ms. */
#define ERROR_PAUSE 1000
#define ERROR_PAUSE_MAX 60000

typedef struct Run
{
	Task	   *task;
	void		(*step) (void *arg);
	void	   *arg;
} Run;

/* Its name in the mailbox. */
static uint64
task_number(const Task *task)
{
	return (uint64) task->key.kind << 32 | task->key.relid;
}

bool
task_is_due(const Task *task, int64 now)
{
	return task->queued && task->next <= now;
}

void
task_done(Task *task)
{
	place_clear_errors(task_number(task));
	task->failing = false;
	task->pause = 0;
	task->next = 0;
}

static void
put_off(Task *task, int shortest, int longest)
{
	task->pause = Min(Max(task->pause * 2, shortest), longest);
	task->next = mailbox_clock() + task->pause;
}

void
task_postpone(Task *task, int shortest, int longest)
{
	if (task->failing)
		task_done(task);
	put_off(task, shortest, longest);
}

static void
add_context(void *arg)
{
	Task	   *task = arg;

	errcontext("%s", task->what);
}

static void
run(void *arg)
{
	Run		   *self = arg;
	ErrorContextCallback callback = {0};

	callback.callback = add_context;
	callback.arg = self->task;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	self->step(self->arg);
	error_context_stack = callback.previous;
}

/*
 * Logs an error unless it is known.  If a worker before this one has met it, it
 * is not going to pass soon.
 */
static bool
filter(void *arg, const ErrorData *error)
{
	Task	   *task = ((Run *) arg)->task;
	char		text[MAILBOX_ERROR_LENGTH];
	bool		isnew;

	snprintf(text, sizeof(text), "%s: %s", task->what,
			 error->message == NULL ? "" : error->message);
	isnew = place_record_error(task_number(task), text);
	if (!isnew && !task->failing)
		task->pause = ERROR_PAUSE_MAX;
	return isnew;
}

bool
task_run(Task *task, void (*step) (void *arg), void *arg)
{
	Run			self = {task, step, arg};

	task->begun_at = mailbox_clock();
	pgstat_report_activity(STATE_RUNNING, task->what);
	if (guard_transaction(run, filter, &self))
		return true;

	if (!task->failing && task->pause < ERROR_PAUSE_MAX)
		task->pause = 0;
	task->failing = true;
	put_off(task, ERROR_PAUSE, ERROR_PAUSE_MAX);
	return false;
}
