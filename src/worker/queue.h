/*
 * queue.h
 *		What there is to do in the database that a worker is connected to.
 */
#ifndef SPINE_WORKER_QUEUE_H
#define SPINE_WORKER_QUEUE_H

#include "postgres.h"

typedef struct Queue Queue;

/* The process has one; it begins with a first look. */
extern Queue *queue_create(void);

/* Somebody has submitted something: the queue has to be looked at. */
extern void queue_notice(Queue *queue);

/* A short stretch of work: a transaction for each relation that has any. */
extern void queue_work(Queue *queue);

/* For how long there is no work: ms, 0 = there is some, -1 = for good. */
extern int64 queue_rest(Queue *queue);

/*
 * For how long what comes is left to gather before there is another look: ms, not
 * above 0 if the last look was long enough ago.
 */
extern int64 queue_gathers(Queue *queue);

/* Is something waiting for a lock that others hold? */
extern bool queue_is_blocked(Queue *queue);

/* When a submission or a result was last seen, by mailbox_clock. */
extern int64 queue_active_at(Queue *queue);

/* Is the extension missing? */
extern bool queue_is_absent(Queue *queue);

#endif
