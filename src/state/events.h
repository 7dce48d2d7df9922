/*
 * events.h
 *		What has happened to spines lately: batches that came, merges that began
 *		and were done, batches that were dropped.
 *
 * As in seed 001, which logs these.  What a transaction does is kept with its
 * working copies, and goes to shared memory when it commits; only the last ones
 * are kept, there and here.
 */
#ifndef SPINE_STATE_EVENTS_H
#define SPINE_STATE_EVENTS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

#include "core/trace.h"

typedef enum EventKind
{
	EVENT_BATCH,
	EVENT_MERGE_BEGUN,
	EVENT_MERGE_DONE,
	EVENT_DROP
} EventKind;

/* As a length: of a structural empty, which covers nothing. */
#define EVENT_NO_LENGTH (-1)

typedef struct SpineEvent
{
	TimestampTz at;				/* of the commit */
	int64		generation;
	int32		kind;
	int32		level;			/* of a merge */
	int64		pair[2];		/* lengths: of what a merge is of, */
	int64		len;			/* of the batch, or the result of a merge */
} SpineEvent;

/* The last events of a subtransaction; all zeros at first. */
typedef struct EventLog
{
	struct EventChunk *first;
	struct EventChunk *last;
	int			count;
} EventLog;

extern void events_add(EventLog *log, const SpineEvent *event);

/* Puts the later ones behind the earlier; *later is empty then.  Allocates nothing. */
extern void events_append(EventLog *earlier, EventLog *later);

extern void events_free(EventLog *log);

extern Size events_shmem_size(void);
extern void events_shmem_init(void);	/* under AddinShmemInitLock */

/* After commit; allocates nothing and raises no error. */
extern void events_publish(Oid relid, const EventLog *log);

/*
 * The last events of a relation of this database, oldest first, palloc'd; returns
 * how many.
 */
extern int	events_read(Oid relid, SpineEvent **events);

#endif
