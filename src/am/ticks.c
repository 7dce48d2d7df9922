/*
 * ticks.c
 *		Ticks: moments of a native table's past that can be read again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "am/ticks.h"
#include "dev/stop_point.h"
#include "state/tables.h"

/* Ticks of a companion by an index, with conditions on its second column. */
typedef struct TickScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	ScanKeyData keys[3];
	int			nkeys;
} TickScan;

static void
open_scan(TickScan *scan, Oid runs, Oid index, LOCKMODE lock)
{
	scan->rel = table_open(spine_tables(false)->tick, lock);
	scan->index = index_open(index, AccessShareLock);
	scan->nkeys = 1;
	ScanKeyInit(&scan->keys[0], TICK_RUNS, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(runs));
}

static void
add_key(TickScan *scan, AttrNumber column, StrategyNumber strategy, RegProcedure procedure,
		Datum value)
{
	ScanKeyInit(&scan->keys[scan->nkeys++], column, strategy, procedure, value);
}

static void
begin_scan(TickScan *scan, Snapshot snapshot)
{
	scan->scan = systable_beginscan_ordered(scan->rel, scan->index, snapshot, scan->nkeys,
											scan->keys);
}

static bool
next_tick(TickScan *scan, ScanDirection direction, Tick *tick, ItemPointer tid)
{
	HeapTuple	tuple = systable_getnext_ordered(scan->scan, direction);
	Datum		values[TICK_COLUMNS];
	bool		nulls[TICK_COLUMNS];

	CHECK_FOR_INTERRUPTS();
	if (!HeapTupleIsValid(tuple))
		return false;
	heap_deform_tuple(tuple, RelationGetDescr(scan->rel), values, nulls);
	tick->tick = DatumGetInt64(values[TICK_TICK - 1]);
	tick->at = DatumGetTimestampTz(values[TICK_AT - 1]);
	tick->held = DatumGetInt64(values[TICK_HELD - 1]);
	*tid = tuple->t_self;
	return true;
}

static void
end_scan(TickScan *scan)
{
	systable_endscan_ordered(scan->scan);
	index_close(scan->index, AccessShareLock);
	table_close(scan->rel, NoLock);
}

/* The first that comes in a direction. */
static bool
take_one(TickScan *scan, Snapshot snapshot, ScanDirection direction, Tick *found)
{
	ItemPointerData tid;
	bool		is;

	begin_scan(scan, snapshot);
	is = next_tick(scan, direction, found, &tid);
	end_scan(scan);
	return is;
}

bool
tick_find(Oid runs, int64 tick, Snapshot snapshot, Tick *found)
{
	TickScan	scan;

	open_scan(&scan, runs, spine_tables(false)->tick_pkey, AccessShareLock);
	add_key(&scan, TICK_TICK, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(tick));
	return take_one(&scan, snapshot, BackwardScanDirection, found);
}

bool
tick_find_at(Oid runs, TimestampTz at, Snapshot snapshot, Tick *found)
{
	TickScan	scan;

	open_scan(&scan, runs, spine_tables(false)->tick_at, AccessShareLock);
	add_key(&scan, TICK_AT, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE,
			TimestampTzGetDatum(at));
	return take_one(&scan, snapshot, BackwardScanDirection, found);
}

bool
tick_find_first(Oid runs, Snapshot snapshot, Tick *found)
{
	TickScan	scan;

	open_scan(&scan, runs, spine_tables(false)->tick_pkey, AccessShareLock);
	return take_one(&scan, snapshot, ForwardScanDirection, found);
}

int64 *
ticks_between(Oid runs, int64 after, int64 upto, Snapshot snapshot, int *count)
{
	int			size = 64;
	int64	   *ticks = palloc(sizeof(int64) * size);
	TickScan	scan;
	Tick		tick;
	ItemPointerData tid;

	*count = 0;
	open_scan(&scan, runs, spine_tables(false)->tick_pkey, AccessShareLock);
	add_key(&scan, TICK_TICK, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after));
	add_key(&scan, TICK_TICK, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(upto));
	begin_scan(&scan, snapshot);
	while (next_tick(&scan, ForwardScanDirection, &tick, &tid))
	{
		if (*count == size)
		{
			size *= 2;
			ticks = repalloc_huge(ticks, sizeof(int64) * size);
		}
		ticks[(*count)++] = tick.tick;
	}
	end_scan(&scan);
	return ticks;
}

void
tick_add(Oid runs, const Tick *tick)
{
	Relation	rel = table_open(spine_tables(false)->tick, RowExclusiveLock);
	Datum		values[TICK_COLUMNS];
	bool		nulls[TICK_COLUMNS] = {false};

	values[TICK_RUNS - 1] = ObjectIdGetDatum(runs);
	values[TICK_TICK - 1] = Int64GetDatum(tick->tick);
	values[TICK_AT - 1] = TimestampTzGetDatum(tick->at);
	values[TICK_HELD - 1] = Int64GetDatum(tick->held);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
	stop_point("tick_added");
}

/* Whoever deletes has a lock that others who do would want. */
void
ticks_forget(Oid runs, int64 before)
{
	TickScan	scan;
	Tick		tick;
	ItemPointerData tid;

	open_scan(&scan, runs, spine_tables(false)->tick_pkey, RowExclusiveLock);
	add_key(&scan, TICK_TICK, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(before));
	begin_scan(&scan, SnapshotSelf);
	while (next_tick(&scan, ForwardScanDirection, &tick, &tid))
		CatalogTupleDelete(scan.rel, &tid);
	end_scan(&scan);
	stop_point("ticks_forgotten");
}
