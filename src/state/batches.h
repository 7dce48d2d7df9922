/*
 * batches.h
 *		The rows of spine_batch: the hollow batches of all spines.
 */
#ifndef SPINE_STATE_BATCHES_H
#define SPINE_STATE_BATCHES_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/snapshot.h"

#include "core/trace.h"

/* One row; the arrays belong to the scan's current row, or to the caller. */
typedef struct BatchRow
{
	int64		id_lo;
	int64		id_hi;
	Description desc;
	int64		len;
	ArrayType  *parts;
	ArrayType  *runs;
} BatchRow;

extern void batches_insert(Oid relid, const BatchRow *row);

/*
 * Puts one row in the place of those with ids in [row->id_lo, row->id_hi).
 * Parts of theirs, which batches_parts() has given, become garbage if the new one
 * does not have them; the list is sorted.
 */
extern void batches_replace(Oid relid, int64 generation, const BatchRow *row, text **parts,
							int nparts);

/* Deletes all rows of a relation; their parts become garbage. */
extern void batches_delete_all(Oid relid, int64 generation);

/* The same, to put their parts back in. */
extern void batches_take_out(Oid relid);

/*
 * Reads the rows with ids in [lo, hi), ascending.  A row is good until the next
 * call.  NULL for snapshot means the latest state, right only under the spine's
 * lock.
 */
typedef struct BatchScan BatchScan;

extern BatchScan *batches_begin(Oid relid, int64 lo, int64 hi, Snapshot snapshot);
extern BatchRow *batches_next(BatchScan *scan);

/* The same as it is stored: the columns of the table, nothing taken apart. */
extern const Datum *batches_next_stored(BatchScan *scan);
extern void batches_end(BatchScan *scan);

/*
 * The newest row that begins at id or before, but not before lo; false without
 * one.  Its description is copied, its arrays are not to be looked at.
 */
extern bool batches_at(Oid relid, int64 lo, int64 id, Snapshot snapshot, BatchRow *row);

/*
 * The id at which the first hollow batch begins that is not wholly before a
 * frontier; next_id if there is none.
 */
extern int64 batches_first_after(Oid relid, uint64 next_id, const Frontier *frontier,
								 Snapshot snapshot);

/* All part keys of the rows with ids in [lo, hi), in the current context. */
extern text **batches_parts(Oid relid, int64 lo, int64 hi, Snapshot snapshot, int *count);

/* The latest state as the core asks about it; relid must live as long. */
extern HollowSource batches_source(Oid *relid);

/* The same if what is asked for is most likely to be in a range of ids. */
typedef struct BatchRange
{
	Oid			relid;
	int64		lo;
	int64		hi;
} BatchRange;

extern HollowSource batches_source_near(BatchRange *range);

#endif
