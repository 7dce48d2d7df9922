/*
 * events.c
 *		What has happened to spines lately.
 *
 * In shared memory there are rings of fixed size, which spines share by their
 * numbers, rather than one for each: so the events of a spine outlive it, and
 * nothing has to be made or evicted at commit.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "state/events.h"
#include "state/registry.h"

#define RINGS 64
#define RING_EVENTS 128

/* Of one transaction and spine, at most as many as in a ring are kept. */
#define CHUNK_EVENTS 16

typedef struct EventChunk
{
	struct EventChunk *next;
	int			count;
	SpineEvent	event[CHUNK_EVENTS];
} EventChunk;

typedef struct RingEntry
{
	Oid			database;
	Oid			relid;
	SpineEvent	event;
} RingEntry;

typedef struct Ring
{
	uint64		added;			/* ever: the next one goes to this, modulo its size */
	RingEntry	entry[RING_EVENTS];
} Ring;

static Ring *rings = NULL;

/* Drops what is not among the last. */
static void
trim(EventLog *log)
{
	while (log->first != log->last && log->count - log->first->count >= RING_EVENTS)
	{
		EventChunk *chunk = log->first;

		log->first = chunk->next;
		log->count -= chunk->count;
		pfree(chunk);
	}
}

void
events_add(EventLog *log, const SpineEvent *event)
{
	if (log->last == NULL || log->last->count == CHUNK_EVENTS)
	{
		EventChunk *chunk = MemoryContextAlloc(TopTransactionContext, sizeof(EventChunk));

		chunk->next = NULL;
		chunk->count = 0;
		if (log->last == NULL)
			log->first = chunk;
		else
			log->last->next = chunk;
		log->last = chunk;
		trim(log);
	}
	log->last->event[log->last->count++] = *event;
	log->count++;
}

void
events_append(EventLog *earlier, EventLog *later)
{
	if (earlier->last == NULL)
		*earlier = *later;
	else if (later->first != NULL)
	{
		earlier->last->next = later->first;
		earlier->last = later->last;
		earlier->count += later->count;
		trim(earlier);
	}
	*later = (EventLog) {0};
}

void
events_free(EventLog *log)
{
	while (log->first != NULL)
	{
		EventChunk *chunk = log->first;

		log->first = chunk->next;
		pfree(chunk);
	}
	*log = (EventLog) {0};
}

Size
events_shmem_size(void)
{
	return RINGS * sizeof(Ring);
}

void
events_shmem_init(void)
{
	bool		found;

	rings = ShmemInitStruct("spine events", events_shmem_size(), &found);
	if (!found)
		memset(rings, 0, events_shmem_size());
}

static Ring *
ring_of(Oid relid)
{
	return &rings[murmurhash32(relid) % RINGS];
}

void
events_publish(Oid relid, const EventLog *log)
{
	Ring	   *ring = ring_of(relid);
	TimestampTz now;

	if (log->count == 0)
		return;
	now = GetCurrentTimestamp();
	LWLockAcquire(EVENTS_LOCK, LW_EXCLUSIVE);
	for (EventChunk *chunk = log->first; chunk != NULL; chunk = chunk->next)
		for (int i = 0; i < chunk->count; i++)
		{
			RingEntry  *entry = &ring->entry[ring->added++ % RING_EVENTS];

			entry->database = MyDatabaseId;
			entry->relid = relid;
			entry->event = chunk->event[i];
			entry->event.at = now;
		}
	LWLockRelease(EVENTS_LOCK);
}

int
events_read(Oid relid, SpineEvent **events)
{
	Ring	   *ring = ring_of(relid);
	int			count = 0;

	*events = palloc(sizeof(SpineEvent) * RING_EVENTS);
	LWLockAcquire(EVENTS_LOCK, LW_SHARED);
	for (uint64 i = ring->added - Min(ring->added, RING_EVENTS); i < ring->added; i++)
	{
		RingEntry  *entry = &ring->entry[i % RING_EVENTS];

		if (entry->database == MyDatabaseId && entry->relid == relid)
			(*events)[count++] = entry->event;
	}
	LWLockRelease(EVENTS_LOCK);
	return count;
}
