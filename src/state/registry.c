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
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "core/image.h"
#include "spine.h"
#include "state/arena.h"
#include "state/registry_entry.h"
#include "state/working.h"

RegistryHeader *registry_header = NULL;

static HTAB *registry = NULL;

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

	registry_header = ShmemInitStruct("spine registry header", sizeof(RegistryHeader), &found);
	if (!found)
	{
		pg_atomic_init_u64(&registry_header->clock, 0);
		pg_atomic_init_u64(&registry_header->evictions, 0);
		pg_atomic_init_u64(&registry_header->last_id, 0);
		pg_atomic_init_u64(&registry_header->foreign_ids, 0);
		dlist_init(&registry_header->news);
		dlist_init(&registry_header->restless);
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

RegistryEntry *
registry_lock_entry(Oid relid, LWLockMode mode)
{
	LWLockAcquire(REGISTRY_LOCK, mode);
	return find_entry(relid);
}

static void
touch(RegistryEntry *entry)
{
	pg_atomic_write_u64(&entry->used, pg_atomic_fetch_add_u64(&registry_header->clock, 1));
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
	pg_atomic_fetch_add_u64(&registry_header->evictions, 1);
}

/* A new entry, with the lock held exclusively; NULL if there is no memory for it. */
static RegistryEntry *
create_entry(Oid relid)
{
	RegistryKey key = {MyDatabaseId, relid};
	RegistryEntry *entry;

	if (hash_get_num_entries(registry) >= spine_max_spines)
		evict();
	entry = hash_search(registry, &key, HASH_ENTER_NULL, NULL);
	if (entry == NULL)
		return NULL;
	entry->counts = (SpineCounts) {0};
	entry->reset = GetCurrentTimestamp();
	memset(entry->claimed, 0, sizeof(entry->claimed));
	entry->size = 0;
	entry->news = 0;
	entry->restless = false;
	entry->exertions = 0;
	pg_atomic_init_u64(&entry->used, 0);
	touch(entry);
	return entry;
}

RegistryEntry *
registry_lock_new_entry(Oid relid)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);

	if (entry == NULL && hash_get_num_entries(registry) < spine_max_spines)
		entry = create_entry(relid);
	return entry;
}

void
registry_reserve(Oid relid)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_SHARED);

	if (entry != NULL)
		touch(entry);
	LWLockRelease(REGISTRY_LOCK);
	if (entry != NULL)
		return;
	if (registry_lock_entry(relid, LW_EXCLUSIVE) == NULL)
		(void) create_entry(relid);
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_load(Oid relid, Spine *spine)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_SHARED);
	uint8		image[REGISTRY_IMAGE_SIZE];
	int32		size = 0;
	CoreError	err;

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

void
registry_store(const Spine *spine, IdleChange change)
{
	RegistryEntry *entry = registry_lock_entry(spine->relid, LW_EXCLUSIVE);
	uint8		image[REGISTRY_IMAGE_SIZE];
	size_t		size = image_write(&spine->trace, image, sizeof(image));

	if (entry != NULL)
	{
		registry_note_idle(entry, &spine->trace, change);
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

bool
registry_is_known(Oid relid)
{
	bool		known;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	known = find_entry(relid) != NULL;
	LWLockRelease(REGISTRY_LOCK);
	return known;
}

/* The number starts anywhere, since two servers have the same milliseconds. */
int64
registry_next_id(void)
{
	uint64		now = (uint64) GetCurrentTimestamp() / 1000;
	uint64		id = now << ID_NUMBER_BITS |
		(pg_prng_uint32(&pg_global_prng_state) & ((1 << (ID_NUMBER_BITS - 1)) - 1));
	uint64		last = pg_atomic_read_u64(&registry_header->last_id);
	uint64		next;

	do
		next = last >> ID_NUMBER_BITS >= now ? last + 1 : id;
	while (!pg_atomic_compare_exchange_u64(&registry_header->last_id, &last, next));
	return (int64) next;
}

int64
registry_last_id(void)
{
	return (int64) pg_atomic_read_u64(&registry_header->last_id);
}

void
registry_note_foreign_ids(void)
{
	pg_atomic_fetch_add_u64(&registry_header->foreign_ids, 1);
}

uint64
registry_foreign_ids(void)
{
	return pg_atomic_read_u64(&registry_header->foreign_ids);
}

int64
registry_evictions(void)
{
	return (int64) pg_atomic_read_u64(&registry_header->evictions);
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
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);

	if (entry != NULL)
		add_counts(&entry->counts, counts);
	LWLockRelease(REGISTRY_LOCK);
}

/* The mark of the same request, or else the one that was set longest ago. */
static int
find_mark(const RegistryEntry *entry, const ClaimedMark *mark, bool *found)
{
	for (int i = 0; i < CLAIMED_MARKS; i++)
	{
		const ClaimedMark *claimed = &entry->claimed[i];

		*found = claimed->generation == mark->generation && claimed->lo == mark->lo &&
			claimed->hi == mark->hi;
		if (*found)
			return i;
	}
	return CLAIMED_MARKS - 1;
}

void
registry_set_claimed(Oid relid, const ClaimedMark *mark)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);
	bool		found;

	if (entry != NULL)
	{
		memmove(entry->claimed + 1, entry->claimed,
				sizeof(ClaimedMark) * find_mark(entry, mark, &found));
		entry->claimed[0] = *mark;
	}
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_claimed(Oid relid, ClaimedMark *mark)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_SHARED);
	bool		found = false;

	if (entry != NULL)
	{
		int			i = find_mark(entry, mark, &found);

		if (found)
			*mark = entry->claimed[i];
	}
	LWLockRelease(REGISTRY_LOCK);
	return found;
}

void
registry_forget_claimed(Oid relid)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);

	if (entry != NULL)
		memset(entry->claimed, 0, sizeof(entry->claimed));
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_counts(Oid relid, SpineCounts *counts, TimestampTz *reset)
{
	RegistryEntry *entry = registry_lock_entry(relid, LW_SHARED);

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
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);

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
