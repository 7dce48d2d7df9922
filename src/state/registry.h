/*
 * registry.h
 *		What shared memory knows of each spine of the cluster.
 */
#ifndef SPINE_STATE_REGISTRY_H
#define SPINE_STATE_REGISTRY_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

#include "core/trace.h"

/* The locks of the tranche "spine": the mailbox's is the first. */
#define REGISTRY_LOCK	(&GetNamedLWLockTranche("spine")[1].lock)
#define SPINE_LOCKS		2

/* What happened to a spine, counted up. */
typedef struct SpineCounts
{
	int64		pushes;
	int64		updates;
	int64		requests;
	int64		outcomes[NOT_APPLIED_TOO_MANY_UPDATES + 1];
	int64		errors;
	TimestampTz last_push;		/* 0 = never */
	TimestampTz last_result;
} SpineCounts;

extern Size registry_shmem_size(void);
extern void registry_shmem_init(void);	/* under AddinShmemInitLock */

/*
 * Makes room for a spine of this database, so that registry_count cannot fail
 * later; without room its counts are not kept.
 */
extern void registry_reserve(Oid relid);

/* Adds counts; allocates nothing and raises no error. */
extern void registry_count(Oid relid, const SpineCounts *counts);

/* False if nothing was ever counted. */
extern bool registry_counts(Oid relid, SpineCounts *counts, TimestampTz *reset);
extern void registry_reset(Oid relid);

/* The spine or the database (relid InvalidOid) is gone. */
extern void registry_remove(Oid database, Oid relid);

extern void add_counts(SpineCounts *to, const SpineCounts *counts);

#endif
