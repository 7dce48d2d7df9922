/*
 * registry.c
 *		The registry of spines in shared memory: one entry a spine, found by
 *		database and relation.
 *
 * An entry keeps the cumulative counts and the image of the committed trace,
 * so that a transaction which pushes to a spine in use reads no index and
 * decodes no row.  The image is that of one version of the spine's row, named
 * by tid and xmin: whoever loads it looks whether the row is still that one.
 * So nothing has to be invalidated, whatever happens to the row behind our back
 * (a prepared transaction, VACUUM FULL, a restore), and a published image that
 * is lost or stale is merely a miss.
 *
 * The table is of fixed size (spine.max_spines).  An image larger than
 * REGISTRY_IMAGE_SIZE is not kept.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "core/image.h"
#include "spine.h"
#include "state/arena.h"
#include "state/registry.h"
#include "state/working.h"

/*
 * A level takes some 20 bytes, a merge as much again: enough for any length.  In
 * builds for tests it is not, so that larger images are met as well.
 */
#ifdef SPINE_STOP_POINTS
#define REGISTRY_IMAGE_SIZE 128
#else
#define REGISTRY_IMAGE_SIZE 4096
#endif

/* News that nobody has taken for so long are told of again: ms. */
#define NEWS_PATIENCE 1000

/* Of an id, what is not the time. */
#define ID_NUMBER_BITS 20

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
	ClaimedMark claimed;
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
	dlist_head	news;			/* entries that have any, oldest first */
	dlist_head	restless;		/* entries that are, by idle_since */
} RegistryHeader;

static HTAB *registry = NULL;
static RegistryHeader *header = NULL;

Size
registry_shmem_size(void)
{
	return add_size(MAXALIGN(sizeof(RegistryHeader)),
					hash_estimate_size(spine_max_spines, sizeof(RegistryEntry)));
}

void
registry_shmem_init(void)
{
	HASHCTL		info = {.keysize = sizeof(RegistryKey), .entrysize = sizeof(RegistryEntry)};
	bool		found;

	header = ShmemInitStruct("spine registry header", sizeof(RegistryHeader), &found);
	if (!found)
	{
		pg_atomic_init_u64(&header->clock, 0);
		pg_atomic_init_u64(&header->evictions, 0);
		pg_atomic_init_u64(&header->last_id, 0);
		dlist_init(&header->news);
		dlist_init(&header->restless);
	}
	registry = ShmemInitHash("spine registry", spine_max_spines, spine_max_spines, &info,
							 HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
}

static RegistryEntry *
find_entry(Oid relid)
{
	RegistryKey key = {MyDatabaseId, relid};

	return hash_search(registry, &key, HASH_FIND, NULL);
}

static void
touch(RegistryEntry *entry)
{
	pg_atomic_write_u64(&entry->used, pg_atomic_fetch_add_u64(&header->clock, 1));
}

static void
remove_entry(RegistryEntry *entry)
{
	RegistryKey key = entry->key;

	if (entry->news != 0)
		dlist_delete(&entry->with_news);
	if (entry->restless)
		dlist_delete(&entry->with_restless);
	hash_search(registry, &key, HASH_REMOVE, NULL);
}

/* One with news only if all have some: they would be lost. */
static void
evict(void)
{
	HASH_SEQ_STATUS status;
	RegistryEntry *entry;
	RegistryEntry *victim = NULL;

	hash_seq_init(&status, registry);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (victim == NULL || (victim->news != 0 && entry->news == 0) ||
			((victim->news != 0) == (entry->news != 0) &&
			 pg_atomic_read_u64(&entry->used) < pg_atomic_read_u64(&victim->used)))
			victim = entry;
	remove_entry(victim);
	pg_atomic_fetch_add_u64(&header->evictions, 1);
}

/* A new entry, with the lock held exclusively. */
static void
create_entry(Oid relid)
{
	RegistryKey key = {MyDatabaseId, relid};
	RegistryEntry *entry;
	bool		found;

	if (hash_get_num_entries(registry) >= spine_max_spines)
		evict();
	entry = hash_search(registry, &key, HASH_ENTER_NULL, &found);
	if (entry == NULL || found)
		return;
	entry->counts = (SpineCounts) {0};
	entry->reset = GetCurrentTimestamp();
	entry->claimed = (ClaimedMark) {0};
	entry->size = 0;
	entry->news = 0;
	entry->restless = false;
	entry->exertions = 0;
	pg_atomic_init_u64(&entry->used, 0);
	touch(entry);
}

void
registry_reserve(Oid relid)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid);
	if (entry != NULL)
		touch(entry);
	LWLockRelease(REGISTRY_LOCK);
	if (entry != NULL)
		return;
	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	if (find_entry(relid) == NULL)
		create_entry(relid);
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_load(Oid relid, Spine *spine)
{
	RegistryEntry *entry;
	uint8		image[REGISTRY_IMAGE_SIZE];
	int32		size = 0;
	CoreError	err;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid);
	if (entry != NULL && entry->size > 0)
	{
		touch(entry);
		spine->tid = entry->tid;
		spine->xmin = entry->xmin;
		spine->generation = entry->generation;
		size = entry->size;
		memcpy(image, entry->image, size);
	}
	LWLockRelease(REGISTRY_LOCK);
	if (size == 0)
		return false;
	spine->relid = relid;
	spine->gone = spine->dirty = spine->foreign = spine->stays_foreign = false;
	return image_read(image, size, current_arena(), &spine->trace, &err) == CORE_OK;
}

/* Makes it restless from now on. */
static void
set_restless(RegistryEntry *entry)
{
	if (entry->restless)
		dlist_delete(&entry->with_restless);
	entry->restless = true;
	entry->idle_since = GetCurrentTimestamp();
	dlist_push_tail(&header->restless, &entry->with_restless);
}

static void
clear_restless(RegistryEntry *entry)
{
	if (entry->restless)
		dlist_delete(&entry->with_restless);
	entry->restless = false;
}

static void
note_idle(RegistryEntry *entry, const Trace *trace, IdleChange change)
{
	if (change == IDLE_ENDS)
		entry->exertions = 0;
	else if (change == IDLE_EXERTED && entry->exertions < 63)
		entry->exertions++;
	if (levels_idle_effort(&trace->levels, 1) == 0)
		clear_restless(entry);
	else if (!entry->restless || change != IDLE_STAYS)
		set_restless(entry);
}

void
registry_store(const Spine *spine, IdleChange change)
{
	RegistryEntry *entry;
	uint8		image[REGISTRY_IMAGE_SIZE];
	size_t		size = image_write(&spine->trace, image, sizeof(image));

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(spine->relid);
	if (entry != NULL)
	{
		note_idle(entry, &spine->trace, change);
		entry->size = 0;
		if (size <= REGISTRY_IMAGE_SIZE)
		{
			entry->tid = spine->tid;
			entry->xmin = spine->xmin;
			entry->generation = spine->generation;
			memcpy(entry->image, image, size);
			entry->size = (int32) size;
		}
	}
	LWLockRelease(REGISTRY_LOCK);
}

void
registry_disturb(Oid relid)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry == NULL && hash_get_num_entries(registry) < spine_max_spines)
	{
		create_entry(relid);
		entry = find_entry(relid);
	}
	if (entry != NULL)
	{
		entry->exertions = 0;
		set_restless(entry);
	}
	LWLockRelease(REGISTRY_LOCK);
}

void
registry_calm(Oid relid)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry != NULL)
		clear_restless(entry);
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_is_known(Oid relid)
{
	bool		known;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	known = find_entry(relid) != NULL;
	LWLockRelease(REGISTRY_LOCK);
	return known;
}

static bool
is_due(const RegistryEntry *entry, TimestampTz now, int milliseconds)
{
	return entry->restless &&
		TimestampDifferenceExceeds(entry->idle_since, now, milliseconds);
}

bool
registry_idle_due(Oid relid, int milliseconds, int *exertions)
{
	TimestampTz now = GetCurrentTimestamp();
	RegistryEntry *entry;
	bool		due;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid);
	due = entry != NULL && is_due(entry, now, milliseconds);
	if (due)
		*exertions = entry->exertions;
	LWLockRelease(REGISTRY_LOCK);
	return due;
}

/* Those of one database, or one of each database. */
static int
list_due(int milliseconds, Oid database, Oid *oids, int max)
{
	TimestampTz now = GetCurrentTimestamp();
	dlist_iter	iter;
	int			count = 0;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	dlist_foreach(iter, &header->restless)
	{
		RegistryEntry *entry = dlist_container(RegistryEntry, with_restless, iter.cur);
		Oid			oid = OidIsValid(database) ? entry->key.relid : entry->key.database;
		int			i = 0;

		if (count == max || !is_due(entry, now, milliseconds))
			break;
		if (OidIsValid(database) && entry->key.database != database)
			continue;
		while (i < count && oids[i] != oid)
			i++;
		if (i == count)
			oids[count++] = oid;
	}
	LWLockRelease(REGISTRY_LOCK);
	return count;
}

int
registry_idle_spines(int milliseconds, Oid *relids, int max)
{
	return list_due(milliseconds, MyDatabaseId, relids, max);
}

int
registry_idle_databases(int milliseconds, Oid *databases, int max)
{
	return list_due(milliseconds, InvalidOid, databases, max);
}

/*
 * Who finds news there already need not tell, for whoever brought these has.
 * Should that have come to nothing, the next one after a while does.
 */
bool
registry_add_news(Oid relid, int news)
{
	TimestampTz now = GetCurrentTimestamp();
	RegistryEntry *entry;
	bool		tell = false;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry != NULL)
	{
		tell = entry->news == 0 ||
			TimestampDifferenceExceeds(entry->told_at, now, NEWS_PATIENCE);
		if (entry->news == 0)
			dlist_push_tail(&header->news, &entry->with_news);
		entry->news |= news;
		if (tell)
			entry->told_at = now;
	}
	LWLockRelease(REGISTRY_LOCK);
	return tell;
}

int
registry_take_news(SpineNews *news, int max)
{
	dlist_mutable_iter iter;
	int			count = 0;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	dlist_foreach_modify(iter, &header->news)
	{
		RegistryEntry *entry = dlist_container(RegistryEntry, with_news, iter.cur);

		if (count == max)
			break;
		if (entry->key.database != MyDatabaseId)
			continue;
		news[count].relid = entry->key.relid;
		news[count].news = entry->news;
		count++;
		entry->news = 0;
		dlist_delete(&entry->with_news);
	}
	LWLockRelease(REGISTRY_LOCK);
	return count;
}

/* The number starts anywhere, since two servers have the same milliseconds. */
int64
registry_next_id(void)
{
	uint64		now = (uint64) GetCurrentTimestamp() / 1000;
	uint64		id = now << ID_NUMBER_BITS |
		(pg_prng_uint32(&pg_global_prng_state) & ((1 << (ID_NUMBER_BITS - 1)) - 1));
	uint64		last = pg_atomic_read_u64(&header->last_id);
	uint64		next;

	do
		next = last >> ID_NUMBER_BITS >= now ? last + 1 : id;
	while (!pg_atomic_compare_exchange_u64(&header->last_id, &last, next));
	return (int64) next;
}

int64
registry_evictions(void)
{
	return (int64) pg_atomic_read_u64(&header->evictions);
}

void
add_counts(SpineCounts *to, const SpineCounts *counts)
{
	to->pushes += counts->pushes;
	to->updates = add_saturating(to->updates, counts->updates);
	to->requests += counts->requests;
	for (int i = 0; i < (int) lengthof(to->outcomes); i++)
		to->outcomes[i] += counts->outcomes[i];
	to->exertions += counts->exertions;
	to->merges_begun += counts->merges_begun;
	to->merges_done += counts->merges_done;
	to->drops += counts->drops;
	to->errors += counts->errors;
	to->hits += counts->hits;
	to->misses += counts->misses;
	to->last_push = Max(to->last_push, counts->last_push);
	to->last_result = Max(to->last_result, counts->last_result);
	to->claims += counts->claims;
	to->expirations += counts->expirations;
	to->failures += counts->failures;
	to->retries += counts->retries;
	to->merge_time += counts->merge_time;
}

void
registry_count(Oid relid, const SpineCounts *counts)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry != NULL)
		add_counts(&entry->counts, counts);
	LWLockRelease(REGISTRY_LOCK);
}

void
registry_set_claimed(Oid relid, const ClaimedMark *mark)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry != NULL)
		entry->claimed = *mark;
	LWLockRelease(REGISTRY_LOCK);
}

ClaimedMark
registry_claimed(Oid relid)
{
	RegistryEntry *entry;
	ClaimedMark mark = {0};

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid);
	if (entry != NULL)
		mark = entry->claimed;
	LWLockRelease(REGISTRY_LOCK);
	return mark;
}

bool
registry_counts(Oid relid, SpineCounts *counts, TimestampTz *reset)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid);
	if (entry != NULL)
	{
		*counts = entry->counts;
		*reset = entry->reset;
	}
	LWLockRelease(REGISTRY_LOCK);
	return entry != NULL;
}

void
registry_reset(Oid relid)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid);
	if (entry != NULL)
	{
		entry->counts = (SpineCounts) {0};
		entry->reset = GetCurrentTimestamp();
	}
	LWLockRelease(REGISTRY_LOCK);
}

void
registry_remove(Oid database, Oid relid)
{
	HASH_SEQ_STATUS status;
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	if (OidIsValid(relid))
	{
		RegistryKey key = {database, relid};

		entry = hash_search(registry, &key, HASH_FIND, NULL);
		if (entry != NULL)
			remove_entry(entry);
	}
	else
	{
		hash_seq_init(&status, registry);
		while ((entry = hash_seq_search(&status)) != NULL)
			if (entry->key.database == database)
				remove_entry(entry);
	}
	LWLockRelease(REGISTRY_LOCK);
}
