/*
 * mergers.h
 *		The processes that run merge functions: their places in shared memory,
 *		spine.max_mergers of them for the whole server.
 *
 * A database's worker takes a place and asks for a process; the process gives
 * the place back when it ends.  Without the library preloaded there are none.
 */
#ifndef SPINE_STATE_MERGERS_H
#define SPINE_STATE_MERGERS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

#include "spine.h"

typedef enum MergerState
{
	MERGER_STARTING,			/* asked for, and not there yet */
	MERGER_IDLE,				/* looks for a request, or waits for one */
	MERGER_AT_WORK,
	MERGER_LEAVING				/* it looks no more */
} MergerState;

typedef struct MergerPlace
{
	Oid			database;		/* InvalidOid: free */
	MergerState state;
	uint64		number;			/* counts the takings of places */
	int64		starting_since; /* by mailbox_clock */
	pid_t		pid;
	Latch	   *latch;
	bool		woken;			/* told that there is something to merge */
	bool		leave;			/* somebody needs the database empty */
	TimestampTz woken_at;		/* when it last looked for a request */
} MergerPlace;

/* A place that was taken. */
typedef struct MergerTicket
{
	int			place;
	uint64		number;
} MergerTicket;

extern Size mergers_shmem_size(void);
extern void mergers_shmem_init(void);	/* under AddinShmemInitLock */

/* Copies the places in use to an array of MAX_MERGERS; returns how many. */
extern int	mergers_look(MergerPlace *places);

/*
 * Makes the mergers of a database leave, what they do is cancelled; insist ends
 * them.  Are they gone?
 */
extern bool mergers_show_the_door(Oid database, bool insist);

/* For a worker: wakes the idle mergers of its database; how many will look? */
extern int	mergers_wake(Oid database);

/*
 * For a worker: false if none is free; others are asked to make room then, so
 * try again soon.
 */
extern bool mergers_take(Oid database, MergerTicket *ticket);
extern void mergers_give_back(const MergerTicket *ticket);

/*
 * For a merger, about its own place.  Attaching is before it connects; false if
 * it is not wanted any more.
 */
extern bool merger_attach(const MergerTicket *ticket, Oid *database);

/* Is it about to look for requests?  False: it has to leave, for one reason or other. */
extern bool merger_may_look(void);
extern bool merger_told_to_leave(void);

/* True unless it has been woken since it looked. */
extern bool merger_leave(void);
extern void merger_set_at_work(bool at_work);

#endif
