/*
 * ticks.h
 *		Ticks: moments of a native table's past that can be read again, rows of
 *		spine_tick.
 *
 * A tick is the snapshot by which an absorption sorted rows into runs, known by
 * the last time of the batch that it pushed.  It shows the rows whose inserted is
 * not after it and whose deleted is.  Ticks belong to a file, known by its
 * companion, and like the companion's rows they are what a snapshot sees of them:
 * who finds a tick can read it with the same snapshot, whatever is merged meanwhile.
 */
#ifndef SPINE_AM_TICKS_H
#define SPINE_AM_TICKS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

typedef struct Tick
{
	int64		tick;
	TimestampTz at;				/* all that it shows was committed by then */
	int64		held;			/* rows it shows that are in the delta, others being at them */
} Tick;

/* The last tick not after one, or not after a moment; false if there is none. */
extern bool tick_find(Oid runs, int64 tick, Snapshot snapshot, Tick *found);
extern bool tick_find_at(Oid runs, TimestampTz at, Snapshot snapshot, Tick *found);

/* The first that is kept. */
extern bool tick_find_first(Oid runs, Snapshot snapshot, Tick *found);

/* The numbers of those after one, up to another, in their order: a palloc'd array. */
extern int64 *ticks_between(Oid runs, int64 after, int64 upto, Snapshot snapshot, int *count);

/* Adds one.  The caller has the spine's lock, as for the next one. */
extern void tick_add(Oid runs, const Tick *tick);

/* Forgets those before one; PG_INT64_MAX: all. */
extern void ticks_forget(Oid runs, int64 before);

#endif
