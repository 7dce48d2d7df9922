/*
 * registry_idle.c
 *		Which spines of the registry have been idle, and for how long.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "state/registry_entry.h"

/* Makes it restless from now on. */
static void
set_restless(RegistryEntry *entry)
{
	if (entry->restless)
		dlist_delete(&entry->with_restless);
	entry->restless = true;
	entry->idle_since = GetCurrentTimestamp();
	dlist_push_tail(&registry_header->restless, &entry->with_restless);
}

static void
clear_restless(RegistryEntry *entry)
{
	if (entry->restless)
		dlist_delete(&entry->with_restless);
	entry->restless = false;
}

void
registry_note_idle(RegistryEntry *entry, const Trace *trace, IdleChange change)
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
registry_disturb(Oid relid)
{
	RegistryEntry *entry = registry_lock_new_entry(relid);

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
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);

	if (entry != NULL)
		clear_restless(entry);
	LWLockRelease(REGISTRY_LOCK);
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
	RegistryEntry *entry = registry_lock_entry(relid, LW_SHARED);
	bool		due = entry != NULL && is_due(entry, now, milliseconds);
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
	dlist_foreach(iter, &registry_header->restless)
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
