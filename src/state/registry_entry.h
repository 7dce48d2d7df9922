/*
 * registry_entry.h
 *		How the registry's entries are laid out in shared memory, for registry.c,
 *		registry_idle.c and registry_news.c.
 */
#ifndef SPINE_STATE_REGISTRY_ENTRY_H
#define SPINE_STATE_REGISTRY_ENTRY_H

#include "postgres.h"

#include "lib/ilist.h"
#include "port/atomics.h"
#include "storage/itemptr.h"
#include "storage/lwlock.h"

#include "state/registry.h"

/*
 * A level takes some 20 bytes, a merge as much again: enough for any length.  In
 * builds for tests it is not, so that larger images are met as well.
 */
#ifdef SPINE_STOP_POINTS
#define REGISTRY_IMAGE_SIZE 128
#else
#define REGISTRY_IMAGE_SIZE 4096
#endif

/* Requests of a spine that have a mark. */
#define CLAIMED_MARKS 8

typedef struct RegistryKey
{
	Oid			database;
	Oid			relid;
} RegistryKey;

typedef struct RegistryEntry
{
	RegistryKey key;
	SpineCounts counts;
	TimestampTz reset;
	ClaimedMark claimed[CLAIMED_MARKS]; /* last set first */
	pg_atomic_uint64 used;		/* when, on the registry's clock */
	int			news;			/* not taken yet; if any, in the header's list */
	TimestampTz told_at;		/* that there are */
	dlist_node	with_news;
	bool		restless;		/* idle, but merges could go on: in the header's list */
	int			exertions;		/* since then */
	TimestampTz idle_since;		/* of those that are restless */
	dlist_node	with_restless;
	ItemPointerData tid;
	TransactionId xmin;
	int64		generation;
	int32		size;			/* of the image; 0 = none */
	uint8		image[REGISTRY_IMAGE_SIZE];
} RegistryEntry;

typedef struct RegistryHeader
{
	pg_atomic_uint64 clock;		/* counts uses */
	pg_atomic_uint64 evictions;
	pg_atomic_uint64 last_id;
	pg_atomic_uint64 foreign_ids;	/* how many times any came in */
	dlist_head	news;			/* entries that have any, oldest first */
	dlist_head	restless;		/* entries that are, by idle_since */
} RegistryHeader;

extern RegistryHeader *registry_header;

/* Takes the registry's lock, in any case; the spine's entry, or NULL. */
extern RegistryEntry *registry_lock_entry(Oid relid, LWLockMode mode);

/* The same, exclusively, with an entry made for it while there is room for one. */
extern RegistryEntry *registry_lock_new_entry(Oid relid);

/* Under the lock: takes down what the state that is being published means for it. */
extern void registry_note_idle(RegistryEntry *entry, const Trace *trace, IdleChange change);

#endif
