/*
 * scan.c
 *		Scans of native tables: first the rows in the runs, then the delta.
 *
 * The delta is read by a scan of the heap's own over the same relation.  Both
 * halves use the same snapshot, so a row that is being absorbed is in one of
 * them.  What is scanned without a snapshot (for ANALYZE) sees the runs
 * by the latest one.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/skey.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/snapmgr.h"

#include "am/scan.h"

/* In shared memory; the heap's part is first, since it is handed on. */
typedef struct ParallelNativeScan
{
	ParallelBlockTableScanDescData delta;
	pg_atomic_uint64 next_group;
} ParallelNativeScan;

static const TableAmRoutine *heap;

/* Of everything there is in the delta: the heap's own, for who writes it anew. */
static bool
is_heap_scan(TableScanDesc base)
{
	return base->rs_snapshot == SnapshotAny;
}

static Size
parallelscan_estimate(Relation rel)
{
	return sizeof(ParallelNativeScan);
}

static Size
parallelscan_initialize(Relation rel, ParallelTableScanDesc shared)
{
	(void) heap->parallelscan_initialize(rel, shared);
	pg_atomic_init_u64(&((ParallelNativeScan *) shared)->next_group, 0);
	return sizeof(ParallelNativeScan);
}

static void
parallelscan_reinitialize(Relation rel, ParallelTableScanDesc shared)
{
	heap->parallelscan_reinitialize(rel, shared);
	pg_atomic_write_u64(&((ParallelNativeScan *) shared)->next_group, 0);
}

/*
 * Do rows add up in such a scan, if the table has diff columns?  Those without a
 * snapshot are for ANALYZE, which takes rows as they are stored, as TABLESAMPLE does.
 */
static bool
may_add_up(Snapshot snapshot, uint32 flags)
{
	return snapshot != NULL && IsMVCCSnapshot(snapshot) && (flags & SO_TYPE_SEQSCAN) != 0;
}

static TableScanDesc
scan_begin(Relation rel, Snapshot snapshot, int nkeys, struct ScanKeyData *key,
		   ParallelTableScanDesc shared, uint32 flags)
{
	NativeScan *scan;
	Snapshot	seen = snapshot;

	if (snapshot == SnapshotAny)
		return heap->scan_begin(rel, snapshot, nkeys, key, shared, flags);
	scan = palloc0(sizeof(NativeScan));
	scan->base.rs_rd = rel;
	scan->base.rs_snapshot = snapshot;
	scan->base.rs_nkeys = nkeys;
	scan->base.rs_flags = flags;
	scan->base.rs_parallel = shared;
	if (nkeys > 0)
	{
		scan->base.rs_key = palloc(sizeof(ScanKeyData) * nkeys);
		memcpy(scan->base.rs_key, key, sizeof(ScanKeyData) * nkeys);
	}
	scan->delta = heap->scan_begin(rel, snapshot, nkeys, key, shared, flags);
	if (snapshot == NULL || !IsMVCCSnapshot(snapshot))
		seen = scan->snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan->runs = runscan_begin(rel, seen, NULL, shared == NULL ? NULL :
							   &((ParallelNativeScan *) shared)->next_group);
	scan->in_delta = scan->runs == NULL;
	scan->context = CurrentMemoryContext;
	if (may_add_up(snapshot, flags))
		scan->order = order_of(rel);
	if (scan->order != NULL && scan->order->ndiffs == 0)
		scan->order = NULL;
	return &scan->base;
}

static void
end_consolidation(NativeScan *scan)
{
	if (scan->consolidation == NULL)
		return;
	consolidation_end(scan->consolidation);
	ExecDropSingleTupleTableSlot(scan->row);
	scan->consolidation = NULL;
}

static void
scan_rescan(TableScanDesc base, struct ScanKeyData *key, bool set_params, bool allow_strat,
			bool allow_sync, bool allow_pagemode)
{
	NativeScan *scan = (NativeScan *) base;

	if (is_heap_scan(base))
	{
		heap->scan_rescan(base, key, set_params, allow_strat, allow_sync, allow_pagemode);
		return;
	}
	if (key != NULL && base->rs_nkeys > 0)
		memcpy(base->rs_key, key, sizeof(ScanKeyData) * base->rs_nkeys);
	heap->scan_rescan(scan->delta, key, set_params, allow_strat, allow_sync, allow_pagemode);
	if (scan->runs != NULL)
		runscan_rescan(scan->runs);
	scan->in_delta = scan->runs == NULL;
	scan->sample = NULL;
	end_consolidation(scan);
}

static void
scan_end(TableScanDesc base)
{
	NativeScan *scan = (NativeScan *) base;

	if (is_heap_scan(base))
	{
		heap->scan_end(base);
		return;
	}
	end_consolidation(scan);
	if (scan->runs != NULL)
		runscan_end(scan->runs);
	if (scan->snapshot != NULL)
		UnregisterSnapshot(scan->snapshot);
	/* This also gives back a snapshot that belongs to the scan. */
	heap->scan_end(scan->delta);
	if (base->rs_key != NULL)
		pfree(base->rs_key);
	pfree(scan);
}

/* As heap scans do it: a null, on either side, is no match. */
static bool
keys_match(TableScanDesc base, TupleTableSlot *slot)
{
	for (int i = 0; i < base->rs_nkeys; i++)
	{
		ScanKey		key = &base->rs_key[i];
		bool		isnull;
		Datum		value = slot_getattr(slot, key->sk_attno, &isnull);

		if ((key->sk_flags & SK_ISNULL) != 0 || isnull ||
			!DatumGetBool(FunctionCall2Coll(&key->sk_func, key->sk_collation, value,
											key->sk_argument)))
			return false;
	}
	return true;
}

static bool
is_in_range(NativeScan *scan, TupleTableSlot *slot)
{
	return !scan->has_range ||
		(ItemPointerCompare(&slot->tts_tid, &scan->min) >= 0 &&
		 ItemPointerCompare(&slot->tts_tid, &scan->max) <= 0);
}

/* The server's name for it is of who counts more than one at once. */
void
native_scan_count(TableScanDesc scan, int rows)
{
	pgstat_count_index_tuples(scan->rs_rd, rows);
}

static bool
next_in_runs(NativeScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	while (runscan_next(scan->runs, direction, slot))
	{
		native_scan_count(&scan->base, 1);
		if (is_in_range(scan, slot) && keys_match(&scan->base, slot))
			return true;
	}
	return false;
}

bool
native_scan_next_in_delta(TableScanDesc base, ScanDirection direction, TupleTableSlot *slot)
{
	NativeScan *scan = (NativeScan *) base;
	bool		found;

	if (scan->has_range)
		found = heap->scan_getnextslot_tidrange(scan->delta, direction, slot);
	else
		found = heap->scan_getnextslot(scan->delta, direction, slot);
	scan->delta_rows += found;
	return found;
}

/* Each half, when it has come to its end, begins there in the other direction. */
static bool
next_row(NativeScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	if (ScanDirectionIsBackward(direction))
	{
		if (scan->in_delta)
		{
			if (native_scan_next_in_delta(&scan->base, direction, slot))
				return true;
			scan->in_delta = scan->runs == NULL;
		}
		return !scan->in_delta && next_in_runs(scan, direction, slot);
	}
	if (!scan->in_delta)
	{
		if (next_in_runs(scan, direction, slot))
			return true;
		scan->in_delta = true;
	}
	return native_scan_next_in_delta(&scan->base, direction, slot);
}

/* ALTER TABLE that writes a table anew reads it by what its columns were before. */
static bool
is_rewrite(Relation rel, TupleDesc desc)
{
	TupleDesc	present = RelationGetDescr(rel);

	if (desc->natts != present->natts)
		return true;
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->atttypid != TupleDescAttr(present, i)->atttypid ||
			TupleDescAttr(desc, i)->atttypmod != TupleDescAttr(present, i)->atttypmod ||
			TupleDescAttr(desc, i)->attcollation != TupleDescAttr(present, i)->attcollation)
			return true;
	return false;
}

/*
 * Reads all rows, for their sums.  Who writes the table anew may do so because a sum
 * is out of range.
 */
static void
begin_consolidation(NativeScan *scan, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	bool		rewrite = is_rewrite(scan->base.rs_rd, desc);

	if (rewrite)
		scan->order = order_of_described(scan->base.rs_rd, desc);
	scan->consolidation = consolidation_begin(scan->order, desc, !rewrite);
	scan->row = MakeSingleTupleTableSlot(desc, &TTSOpsBufferHeapTuple);
	while (next_row(scan, ForwardScanDirection, scan->row))
	{
		CHECK_FOR_INTERRUPTS();
		consolidation_add(scan->consolidation, scan->row);
	}
	MemoryContextSwitchTo(old);
}

/* Rows that were added up are nowhere, so they have no tid. */
static bool
next_consolidated(NativeScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	/* The planner sees to it, but where xmin and the like are asked for. */
	if (ScanDirectionIsBackward(direction))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("sums of table \"%s\" cannot be read backwards",
						RelationGetRelationName(scan->base.rs_rd)),
				 errdetail("Rows that were added up are made as they are read."),
				 errhint("Leave xmin and other system columns out, which sums do not have, or declare the cursor NO SCROLL.")));
	if (scan->consolidation == NULL)
		begin_consolidation(scan, slot->tts_tupleDescriptor);
	if (!consolidation_next(scan->consolidation, slot))
		return false;
	ItemPointerSetInvalid(&slot->tts_tid);
	slot->tts_tableOid = RelationGetRelid(scan->base.rs_rd);
	return true;
}

static bool
scan_getnextslot(TableScanDesc base, ScanDirection direction, TupleTableSlot *slot)
{
	NativeScan *scan = (NativeScan *) base;

	if (is_heap_scan(base))
		return heap->scan_getnextslot(base, direction, slot);
	if (scan->order != NULL)
		return next_consolidated(scan, direction, slot);
	return next_row(scan, direction, slot);
}

/* Tids in runs are beyond all that the delta has. */
static void
scan_set_tidrange(TableScanDesc base, ItemPointer min, ItemPointer max)
{
	NativeScan *scan = (NativeScan *) base;

	heap->scan_set_tidrange(scan->delta, min, max);
	scan->has_range = true;
	scan->min = *min;
	scan->max = *max;
}

void
scan_set_callbacks(TableAmRoutine *routine)
{
	heap = GetHeapamTableAmRoutine();
	routine->scan_begin = scan_begin;
	routine->scan_end = scan_end;
	routine->scan_rescan = scan_rescan;
	routine->scan_getnextslot = scan_getnextslot;
	routine->scan_set_tidrange = scan_set_tidrange;
	routine->scan_getnextslot_tidrange = scan_getnextslot;
	routine->parallelscan_estimate = parallelscan_estimate;
	routine->parallelscan_initialize = parallelscan_initialize;
	routine->parallelscan_reinitialize = parallelscan_reinitialize;
}
