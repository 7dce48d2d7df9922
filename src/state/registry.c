/*
 * registry.c
 *		The registry of spines in shared memory: one entry a spine, found by
 *		database and relation.
 *
 * An entry keeps the cumulative counts.  The table is of fixed size
 * (spine.max_spines); spines beyond it work and are not counted.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "spine.h"
#include "state/registry.h"

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
} RegistryEntry;

static HTAB *registry = NULL;

Size
registry_shmem_size(void)
{
	return hash_estimate_size(spine_max_spines, sizeof(RegistryEntry));
}

void
registry_shmem_init(void)
{
	HASHCTL		info = {.keysize = sizeof(RegistryKey), .entrysize = sizeof(RegistryEntry)};

	registry = ShmemInitHash("spine registry", spine_max_spines, spine_max_spines, &info,
							 HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
}

static RegistryEntry *
find_entry(Oid relid, HASHACTION action, bool *found)
{
	RegistryKey key = {MyDatabaseId, relid};

	return hash_search(registry, &key, action, found);
}

void
registry_reserve(Oid relid)
{
	RegistryEntry *entry;
	bool		found;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid, HASH_FIND, NULL);
	LWLockRelease(REGISTRY_LOCK);
	if (entry != NULL)
		return;
	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	if (hash_get_num_entries(registry) < spine_max_spines ||
		find_entry(relid, HASH_FIND, NULL) != NULL)
	{
		entry = find_entry(relid, HASH_ENTER_NULL, &found);
		if (entry != NULL && !found)
		{
			entry->counts = (SpineCounts) {0};
			entry->reset = GetCurrentTimestamp();
		}
	}
	LWLockRelease(REGISTRY_LOCK);
}

void
add_counts(SpineCounts *to, const SpineCounts *counts)
{
	to->pushes += counts->pushes;
	to->updates = add_saturating(to->updates, counts->updates);
	to->requests += counts->requests;
	for (int i = 0; i < (int) lengthof(to->outcomes); i++)
		to->outcomes[i] += counts->outcomes[i];
	to->errors += counts->errors;
	to->last_push = Max(to->last_push, counts->last_push);
	to->last_result = Max(to->last_result, counts->last_result);
}

void
registry_count(Oid relid, const SpineCounts *counts)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_EXCLUSIVE);
	entry = find_entry(relid, HASH_FIND, NULL);
	if (entry != NULL)
		add_counts(&entry->counts, counts);
	LWLockRelease(REGISTRY_LOCK);
}

bool
registry_counts(Oid relid, SpineCounts *counts, TimestampTz *reset)
{
	RegistryEntry *entry;

	LWLockAcquire(REGISTRY_LOCK, LW_SHARED);
	entry = find_entry(relid, HASH_FIND, NULL);
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
	entry = find_entry(relid, HASH_FIND, NULL);
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

		hash_search(registry, &key, HASH_REMOVE, NULL);
	}
	else
	{
		hash_seq_init(&status, registry);
		while ((entry = hash_seq_search(&status)) != NULL)
			if (entry->key.database == database)
				hash_search(registry, &entry->key, HASH_REMOVE, NULL);
	}
	LWLockRelease(REGISTRY_LOCK);
}
