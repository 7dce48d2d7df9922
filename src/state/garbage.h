/*
 * garbage.h
 *		The rows of spine_garbage_part: parts that have left their spine, or that
 *		were made for one in vain.
 */
#ifndef SPINE_STATE_GARBAGE_H
#define SPINE_STATE_GARBAGE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* One row; the part belongs to the scan's current row. */
typedef struct GarbageRow
{
	ItemPointerData tid;
	int64		id;
	int64		generation;
	text	   *part;
	uint64		removed_by;
	TimestampTz removed_at;
} GarbageRow;

/*
 * Records those parts that are not among kept, once each, as taken out by this
 * transaction; nothing for native tables.  Reorders both arrays.
 */
extern void garbage_add_difference(Oid relid, int64 generation, text **parts, int nparts,
								   text **kept, int nkept);

/* Records parts that were never in the spine, and are not going to be. */
extern void garbage_add_refused(Oid relid, int64 generation, ArrayType *parts);

/*
 * Reads the rows of a relation with ids after that one, ascending.  A row is
 * good until the next call.  The table is the caller's, open and locked.
 */
typedef struct GarbageScan GarbageScan;

extern GarbageScan *garbage_begin(Relation rel, Oid relid, int64 after, Snapshot snapshot);
extern GarbageRow *garbage_next(GarbageScan *scan);
extern void garbage_end(GarbageScan *scan);

/*
 * Deletes a row that a snapshot has seen; false if somebody else has.  Without
 * wait, also if somebody is about to.
 */
extern bool garbage_delete(Relation rel, ItemPointer tid, bool wait);

/*
 * Deletes the rows with these ids, as far as they are there; returns how many.
 * Reorders the ids.  Calls check for the relation of each before it is deleted:
 * it raises an error unless that is allowed.
 */
extern int64 garbage_forget(int64 *ids, int count,
							void (*check) (void *arg, Oid relid), void *arg);

#endif
