/*
 * guard.h
 *		Running things so that an ERROR does not end the process.
 */
#ifndef SPINE_WORKER_GUARD_H
#define SPINE_WORKER_GUARD_H

#include "postgres.h"

typedef void (*GuardStep) (void *arg);

/* Shall the error go to the server log? */
typedef bool (*GuardFilter) (void *arg, const ErrorData *error);

/*
 * Runs step; false if it raised an error, after which no transaction is open
 * any more.  filter may be NULL: every error is logged.
 */
extern bool guard_run(GuardStep step, GuardFilter filter, void *arg);

/* The same in a transaction of its own, with a snapshot. */
extern bool guard_transaction(GuardStep step, GuardFilter filter, void *arg);

/* Waits for the latch, or for so many milliseconds at most. */
extern void guard_wait(int64 milliseconds);

/* Waits all that time, except for being told to end. */
extern void guard_pause(int64 milliseconds);

/* Does what others asked of this process; to be called between transactions. */
extern void guard_attend(void);

#endif
