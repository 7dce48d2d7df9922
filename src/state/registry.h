/*
 * registry.h
 *		What shared memory knows of each spine of the cluster: its committed
 *		state, and what has happened to it.
 */
#ifndef SPINE_STATE_REGISTRY_H
#define SPINE_STATE_REGISTRY_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

#include "core/trace.h"

/* The locks of the tranche "spine": the mailbox's is the first. */
#define REGISTRY_LOCK	(&GetNamedLWLockTranche("spine")[1].lock)
#define MERGERS_LOCK	(&GetNamedLWLockTranche("spine")[2].lock)
#define EVENTS_LOCK		(&GetNamedLWLockTranche("spine")[3].lock)
#define SPINE_LOCKS		4

/* What happened to a spine, counted up. */
typedef struct SpineCounts
{
	int64		pushes;
	int64		updates;
	int64		requests;
	int64		outcomes[NOT_APPLIED_TOO_MANY_UPDATES + 1];
	int64		exertions;		/* merges moved along without a push */
	int64		merges_begun;	/* of two batches that cover something */
	int64		merges_done;	/* that is, to be compacted by somebody */
	int64		drops;			/* spine batches thrown away, with all others */
	int64		errors;
	int64		hits;			/* transactions that found its state here */
	int64		misses;			/* those that had to read it from the table */
	TimestampTz last_push;		/* 0 = never */
	TimestampTz last_result;
	int64		claims;
	int64		expirations;	/* claims that somebody else has taken over */
	int64		failures;		/* attempts at requests that have failed */
	int64		retries;		/* claims of requests that had failed before */
	int64		merge_time;		/* from claim to application, in microseconds */
} SpineCounts;

/* What listeners are told of. */
#define NEWS_UPPER		1		/* upper has moved */
#define NEWS_REQUEST	2		/* there is a merge request that was not before */
#define NEWS_RESULT		4		/* a merge result has got its outcome */

typedef struct SpineNews
{
	Oid			relid;
	int			news;
} SpineNews;

/*
 * Up to where a merge request has been claimed: a hint.  Who claims some of it next
 * looks from there on first, so as not to go through all that is claimed, nor to
 * merge the same batches again and again.  A spine has some for the requests that
 * were claimed last: of two that save much the same, now one is the best, now the
 * other.
 */
typedef struct ClaimedMark
{
	int64		generation;		/* 0 = no mark */
	int64		lo;				/* the request */
	int64		hi;
	int64		from;			/* ids from here on have been looked at least lately */
	TimestampTz until;			/* no lease in it ends before that */
} ClaimedMark;

/* What a commit means for how long a spine has been idle. */
typedef enum IdleChange
{
	IDLE_STAYS,					/* as long as before */
	IDLE_ENDS,					/* it has been written to */
	IDLE_EXERTED				/* since it is idle, its merges were moved along */
} IdleChange;

struct Spine;

extern Size registry_shmem_size(void);
extern void registry_shmem_init(void);	/* under AddinShmemInitLock */

/*
 * Makes room for a spine of this database, evicting the one that was not in use
 * for longest, so that nothing needs to be allocated at commit.
 */
extern void registry_reserve(Oid relid);

/*
 * Copies a spine's state out; false without one.  It is what some transaction
 * has published, and current only if the row at its tid says so.
 */
extern bool registry_load(Oid relid, struct Spine *spine);

/*
 * Publishes a spine's state as of the row version at spine->tid, if there is
 * room for it.  By the holder of the spine's lock only, or after its commit;
 * allocates nothing and raises no error.
 */
extern void registry_store(const struct Spine *spine, IdleChange change);

/*
 * Idle spines.  One is restless if its merges could be moved along: as of the
 * state published last, or because that is not known (disturb, also for a spine
 * without an entry, while there is room for one).  calm: it is to be let alone
 * until it is published again.
 *
 * due says whether the spine is restless and has been idle for so many
 * milliseconds, and how often it has been exerted meanwhile.  The others list
 * spines of this database, and databases, with some that are; they return how
 * many, at most max.
 */
extern void registry_disturb(Oid relid);
extern void registry_calm(Oid relid);
extern bool registry_is_known(Oid relid);
extern bool registry_idle_due(Oid relid, int milliseconds, int *exertions);
extern int	registry_idle_spines(int milliseconds, Oid *relids, int max);
extern int	registry_idle_databases(int milliseconds, Oid *databases, int max);

/* Adds counts; allocates nothing and raises no error. */
extern void registry_count(Oid relid, const SpineCounts *counts);

/*
 * None of these allocates anything or raises an error; without an entry there is
 * no mark.  *mark says which request is meant; false if there is none for it.
 */
extern void registry_set_claimed(Oid relid, const ClaimedMark *mark);
extern bool registry_claimed(Oid relid, ClaimedMark *mark);
extern void registry_forget_claimed(Oid relid);

/* False if nothing was ever counted. */
extern bool registry_counts(Oid relid, SpineCounts *counts, TimestampTz *reset);
extern void registry_reset(Oid relid);

/*
 * Adds to the news of a spine, until they are taken; lost if it is evicted
 * before.  Says whether somebody should be told that there are any.  Allocates
 * nothing and raises no error.
 */
extern bool registry_add_news(Oid relid, int news);

/* Takes the news of at most max spines of this database; returns how many. */
extern int	registry_take_news(SpineNews *news, int max);

/* Of an id, what is not the time. */
#define ID_NUMBER_BITS 20

/*
 * An id that neither this database nor any other, nor a copy that was restored
 * to an earlier state, has given out or will: milliseconds since 2000 and a
 * number in these.  Later ones are greater, as long as the clock does not go
 * back between two starts of the server.
 */
extern int64 registry_next_id(void);

/* The last one that was given out here. */
extern int64 registry_last_id(void);

/*
 * Ids that were given out elsewhere come in: to be noted when they have been
 * written, before that is committed.  And how many times that has happened.
 */
extern void registry_note_foreign_ids(void);
extern uint64 registry_foreign_ids(void);

/* Spines evicted since the server started. */
extern int64 registry_evictions(void);

/* The spine or the database (relid InvalidOid) is gone. */
extern void registry_remove(Oid database, Oid relid);

extern void add_counts(SpineCounts *to, const SpineCounts *counts);

#endif
