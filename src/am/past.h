/*
 * past.h
 *		Reading what a native table was, and what has changed in it.
 */
#ifndef SPINE_AM_PAST_H
#define SPINE_AM_PAST_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "am/ticks.h"

/* Takes a row, of the table's description, which is gone afterwards. */
typedef void (*PastRow) (void *arg, TupleTableSlot *slot);

/* Takes a change: a row that the tick shows and the one before does not, or (-1) the reverse. */
typedef void (*PastChange) (void *arg, TupleTableSlot *slot, int64 tick, int diff);

/*
 * Calls back for each row that a tick shows, which the snapshot sees.  Rows that
 * add up are added up.  The caller has a lock on the table.
 */
extern void past_as_of(Relation rel, Snapshot snapshot, int64 tick, PastRow row, void *arg);

/*
 * Calls back for each change of the ticks after one, up to another; ascending they are
 * not.  With TIME_NONE for after, what the first tick shows has come with it.
 */
extern void past_changes(Relation rel, Snapshot snapshot, int64 after, int64 upto,
						 PastChange change, void *arg);

#endif
