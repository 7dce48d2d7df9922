/*
 * wakeup.h
 *		Telling those who wait for a spine that it has changed.
 *
 * Wake-ups are hints: a sleeper has to look for itself, and again now and then,
 * since not every change is told (see wakeup_all).
 */
#ifndef SPINE_STATE_WAKEUP_H
#define SPINE_STATE_WAKEUP_H

#include "postgres.h"

extern Size wakeup_shmem_size(void);
extern void wakeup_shmem_init(void);	/* under AddinShmemInitLock */

/*
 * Wakes all who wait for a spine of this database; to be called when what they
 * wait for can be seen.  Allocates nothing and raises no error.  A COMMIT
 * PREPARED calls it for none, nor does the replay of commits on a standby.
 */
extern void wakeup_all(Oid relid);

/*
 * From wakeup_prepare on, no wake-up is missed: look then, wakeup_sleep if there
 * is need to, look again, and wakeup_done in the end (after an error, that is
 * done by the server).  Sleeps for so many milliseconds at most; may be
 * cancelled.
 */
extern void wakeup_prepare(Oid relid);
extern void wakeup_sleep(Oid relid, long milliseconds);
extern void wakeup_done(void);

#endif
