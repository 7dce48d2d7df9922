/*
 * batches.c
 *		Reading and writing rows of spine_batch.
 *
 * Writers hold the spine's lock, so they read with SnapshotSelf: what is
 * committed, and what this transaction has done up to now.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dev/stop_point.h"
#include "state/arena.h"
#include "state/batches.h"
#include "state/buffer.h"
#include "state/garbage.h"
#include "state/tables.h"
#include "state/values.h"

struct BatchScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	BatchRow	row;
	Datum		stored[BATCH_COLUMNS];	/* of the current row */
	ItemPointerData tid;
	TupleTableSlot **recent;	/* instead of a scan: rows at hand, */
	int			nrecent;		/* so many, */
	int			next;			/* from this one on */
	MemoryContext context;		/* of what the current row points to */
};

void
batches_insert(Oid relid, const BatchRow *row)
{
	Datum		values[BATCH_COLUMNS];

	values[BATCH_RELATION - 1] = ObjectIdGetDatum(relid);
	values[BATCH_ID_LO - 1] = Int64GetDatum(row->id_lo);
	values[BATCH_ID_HI - 1] = Int64GetDatum(row->id_hi);
	values[BATCH_LOWER - 1] = frontier_get_datum(&row->desc.lower);
	values[BATCH_UPPER - 1] = frontier_get_datum(&row->desc.upper);
	values[BATCH_SINCE - 1] = frontier_get_datum(&row->desc.since);
	values[BATCH_LEN - 1] = Int64GetDatum(row->len);
	values[BATCH_PARTS - 1] = PointerGetDatum(row->parts);
	values[BATCH_RUNS - 1] = PointerGetDatum(row->runs);
	/* What is not in arrays and frontiers takes less than a hundred bytes. */
	buffer_add(values, VARSIZE(row->parts) + VARSIZE(row->runs) + 100 +
			   FRONTIER_BINARY_SIZE(&row->desc.lower) +
			   FRONTIER_BINARY_SIZE(&row->desc.upper) +
			   FRONTIER_BINARY_SIZE(&row->desc.since));
}

/* A scan over ids from lo, and to below hi, either way. */
static BatchScan *
begin_scan(Oid relid, int64 lo, int64 hi, Snapshot snapshot)
{
	BatchScan  *scan = palloc0(sizeof(BatchScan));
	ScanKeyData keys[3];

	buffer_flush();
	/* Opening the table may bring news of its index. */
	scan->rel = table_open(spine_tables(false)->batch, AccessShareLock);
	scan->index = index_open(spine_tables(false)->batch_pkey, AccessShareLock);
	scan->context = AllocSetContextCreate(CurrentMemoryContext, "spine batch row",
										  ALLOCSET_DEFAULT_SIZES);
	ScanKeyInit(&keys[0], BATCH_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], BATCH_ID_LO, BTGreaterEqualStrategyNumber, F_INT8GE,
				Int64GetDatum(lo));
	ScanKeyInit(&keys[2], BATCH_ID_LO, BTLessStrategyNumber, F_INT8LT,
				Int64GetDatum(hi));
	scan->scan = systable_beginscan_ordered(scan->rel, scan->index,
											snapshot != NULL ? snapshot : SnapshotSelf,
											3, keys);
	return scan;
}

BatchScan *
batches_begin(Oid relid, int64 lo, int64 hi, Snapshot snapshot)
{
	TupleTableSlot **recent;
	int			nrecent = snapshot == NULL ? buffer_recent(relid, lo, hi, &recent) : 0;
	BatchScan  *scan;

	if (nrecent == 0)
		return begin_scan(relid, lo, hi, snapshot);
	scan = palloc0(sizeof(BatchScan));
	scan->recent = recent;
	scan->nrecent = nrecent;
	scan->context = AllocSetContextCreate(CurrentMemoryContext, "spine batch row",
										  ALLOCSET_DEFAULT_SIZES);
	return scan;
}

/* Takes the values of a row apart, in the scan's context. */
static BatchRow *
fill_row(BatchScan *scan, const Datum *values)
{
	BatchRow   *row = &scan->row;

	row->id_lo = DatumGetInt64(values[BATCH_ID_LO - 1]);
	row->id_hi = DatumGetInt64(values[BATCH_ID_HI - 1]);
	row->desc.lower = datum_get_frontier(values[BATCH_LOWER - 1]);
	row->desc.upper = datum_get_frontier(values[BATCH_UPPER - 1]);
	row->desc.since = datum_get_frontier(values[BATCH_SINCE - 1]);
	row->len = DatumGetInt64(values[BATCH_LEN - 1]);
	row->parts = DatumGetArrayTypeP(values[BATCH_PARTS - 1]);
	row->runs = DatumGetArrayTypeP(values[BATCH_RUNS - 1]);
	return row;
}

static const Datum *
next_recent(BatchScan *scan)
{
	TupleTableSlot *slot;

	if (scan->next == scan->nrecent)
		return NULL;
	slot = scan->recent[scan->next++];
	slot_getallattrs(slot);
	return slot->tts_values;
}

static const Datum *
next_stored(BatchScan *scan, ScanDirection direction)
{
	bool		nulls[BATCH_COLUMNS];
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	tuple = systable_getnext_ordered(scan->scan, direction);
	if (!HeapTupleIsValid(tuple))
		return NULL;
	heap_deform_tuple(tuple, RelationGetDescr(scan->rel), scan->stored, nulls);
	scan->tid = tuple->t_self;
	return scan->stored;
}

const Datum *
batches_next_stored(BatchScan *scan)
{
	return scan->recent != NULL ? next_recent(scan) :
		next_stored(scan, ForwardScanDirection);
}

/* Takes a row apart, if there is one. */
static BatchRow *
take_apart(BatchScan *scan, const Datum *stored)
{
	MemoryContext old;

	if (stored == NULL)
		return NULL;
	MemoryContextReset(scan->context);
	old = MemoryContextSwitchTo(scan->context);
	fill_row(scan, stored);
	MemoryContextSwitchTo(old);
	return &scan->row;
}

static BatchRow *
next_row(BatchScan *scan, ScanDirection direction)
{
	return take_apart(scan, next_stored(scan, direction));
}

BatchRow *
batches_next(BatchScan *scan)
{
	return take_apart(scan, batches_next_stored(scan));
}

void
batches_end(BatchScan *scan)
{
	if (scan->recent == NULL)
	{
		systable_endscan_ordered(scan->scan);
		index_close(scan->index, AccessShareLock);
		table_close(scan->rel, AccessShareLock);
	}
	MemoryContextDelete(scan->context);
	pfree(scan);
}

text	  **
batches_parts(Oid relid, int64 lo, int64 hi, Snapshot snapshot, int *count)
{
	BatchScan  *scan = batches_begin(relid, lo, hi, snapshot);
	int			capacity = 64;
	text	  **parts = palloc(sizeof(text *) * capacity);
	BatchRow   *row;

	*count = 0;
	while ((row = batches_next(scan)) != NULL)
	{
		int			n;
		text	  **texts = array_texts(row->parts, &n);

		if (*count + n > capacity)
		{
			capacity = Max(*count + n, 2 * capacity);
			parts = repalloc_huge(parts, sizeof(text *) * capacity);
		}
		for (int i = 0; i < n; i++)
			parts[(*count)++] = (text *) DatumGetPointer(
				datumCopy(PointerGetDatum(texts[i]), false, -1));
		pfree(texts);
	}
	batches_end(scan);
	return parts;
}

/* Deletes the rows with ids in [lo, hi). */
static void
delete_rows(Oid relid, int64 lo, int64 hi)
{
	BatchScan  *scan;

	/* Rows that this very command made are deletable only by a later one. */
	buffer_flush();
	buffer_forget_recent();
	CommandCounterIncrement();
	LockRelationOid(spine_tables(false)->batch, RowExclusiveLock);
	scan = begin_scan(relid, lo, hi, NULL);
	while (next_stored(scan, ForwardScanDirection) != NULL)
		CatalogTupleDelete(scan->rel, &scan->tid);
	batches_end(scan);
}

void
batches_replace(Oid relid, int64 generation, const BatchRow *row, text **parts, int nparts)
{
	int			nnew;
	text	  **new = array_texts(row->parts, &nnew);

	garbage_add_difference(relid, generation, parts, nparts, new, nnew);
	stop_point("garbage_added");
	delete_rows(relid, row->id_lo, row->id_hi);
	stop_point("inputs_deleted");
	batches_insert(relid, row);
}

void
batches_take_out(Oid relid)
{
	delete_rows(relid, PG_INT64_MIN, PG_INT64_MAX);
}

/* In stretches, so that a large spine's parts need not all be in memory. */
#define DELETE_STRETCH 10000

void
batches_delete_all(Oid relid, int64 generation)
{
	int64		lo = 0;

	for (;;)
	{
		BatchScan  *scan = begin_scan(relid, lo, PG_INT64_MAX, NULL);
		BatchRow   *row = next_row(scan, ForwardScanDirection);
		int64		hi;
		int			nparts;
		text	  **parts;

		if (row == NULL)
		{
			batches_end(scan);
			return;
		}
		lo = row->id_lo;
		batches_end(scan);
		hi = lo > PG_INT64_MAX - DELETE_STRETCH ? PG_INT64_MAX : lo + DELETE_STRETCH;
		parts = batches_parts(relid, lo, hi, NULL, &nparts);
		garbage_add_difference(relid, generation, parts, nparts, NULL, 0);
		delete_rows(relid, lo, hi);
		stop_point("batches_deleted");
	}
}

bool
batches_at(Oid relid, int64 lo, int64 id, Snapshot snapshot, BatchRow *result)
{
	BatchScan  *scan = begin_scan(relid, lo, id + 1, snapshot);
	BatchRow   *row = next_row(scan, BackwardScanDirection);
	Arena		arena = current_arena();

	if (row != NULL)
	{
		*result = *row;
		result->desc = description_copy(&row->desc, &arena);
	}
	batches_end(scan);
	return row != NULL;
}
