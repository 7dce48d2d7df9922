/*
 * task.h
 *		What a worker does in one transaction at a time, again and again.
 */
#ifndef SPINE_WORKER_TASK_H
#define SPINE_WORKER_TASK_H

#include "postgres.h"

#include "state/mailbox.h"

typedef enum TaskKind
{
	TASK_LOOK,					/* at what waits */
	TASK_SEQUENCE,				/* the inbox of a relation */
	TASK_APPLY,					/* the merge results of a relation */
	TASK_EXERT,					/* a relation whose spine is idle */
	TASK_ABSORB,				/* the delta of a native table */
	TASK_PRUNE,
	TASK_NOTIFY,
	TASK_ACQUAINT,				/* oneself with spines that are idle */
	TASK_SURVEY					/* of what there is for mergers */
} TaskKind;

typedef struct TaskKey
{
	Oid			relid;			/* InvalidOid: not about a relation */
	TaskKind	kind;
} TaskKey;

typedef struct Task
{
	TaskKey		key;
	uint64		listed;			/* the number of the look that had it last */
	bool		queued;			/* there is something to do */
	bool		failing;		/* the last try raised an error */
	int			pause;			/* before the next try: ms, 0 = none */
	int64		next;			/* mailbox_clock's time of it */
	int64		begun_at;		/* the last try; 0 = none yet */
	char		what[NAMEDATALEN + 64]; /* it is doing, for messages */
} Task;

/* Is it to be done now? */
extern bool task_is_due(const Task *task, int64 now);

/*
 * Does it in a transaction of its own; false after an error.  Then the next try
 * has to wait, longer every time.
 */
extern bool task_run(Task *task, void (*step) (void *arg), void *arg);

/* It was done: another try may come at once. */
extern void task_done(Task *task);

/* It cannot be done yet: the next try waits, first for shortest, then longer. */
extern void task_postpone(Task *task, int shortest, int longest);

#endif
