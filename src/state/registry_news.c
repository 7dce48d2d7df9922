/*
 * registry_news.c
 *		What listeners have still to be told of each spine of the registry.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "state/registry_entry.h"

/* News that nobody has taken for so long are told of again: ms. */
#define NEWS_PATIENCE 1000

/*
 * Who finds news there already need not tell, for whoever brought these has.
 * Should that have come to nothing, the next one after a while does.
 */
bool
registry_add_news(Oid relid, int news)
{
	TimestampTz now = GetCurrentTimestamp();
	RegistryEntry *entry = registry_lock_entry(relid, LW_EXCLUSIVE);
	bool		tell = false;

	if (entry != NULL)
	{
		tell = entry->news == 0 ||
			TimestampDifferenceExceeds(entry->told_at, now, NEWS_PATIENCE);
		if (entry->news == 0)
			dlist_push_tail(&registry_header->news, &entry->with_news);
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
	dlist_foreach_modify(iter, &registry_header->news)
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
