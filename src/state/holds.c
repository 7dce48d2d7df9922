/*
 * holds.c
 *		Reading and writing rows of spine_reader_hold.
 *
 * Writers hold the spine's lock, so they read with SnapshotSelf, as those of
 * spine_batch do.  Each write ends with a CommandCounterIncrement: the same
 * command may come back to the row.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/holds.h"
#include "state/tables.h"
#include "state/values.h"
#include "state/working.h"

#define PRUNE_RELATIONS 1000	/* in one transaction */

typedef struct HoldScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	TimestampTz now;
} HoldScan;

/* The rows of a relation, or with a name that one; all for InvalidOid. */
static void
begin_scan(HoldScan *scan, Oid relid, text *name, Snapshot snapshot)
{
	ScanKeyData keys[2];

	/* Opening the table may bring news of its index. */
	scan->rel = table_open(spine_tables(false)->hold, RowExclusiveLock);
	scan->index = index_open(spine_tables(false)->hold_pkey, AccessShareLock);
	scan->now = GetCurrentTimestamp();
	ScanKeyInit(&keys[0], HOLD_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyEntryInitialize(&keys[1], 0, HOLD_NAME, BTEqualStrategyNumber, InvalidOid,
						   scan->index->rd_indcollation[1], F_TEXTEQ,
						   PointerGetDatum(name));
	scan->scan = systable_beginscan_ordered(scan->rel, scan->index, snapshot,
											!OidIsValid(relid) ? 0 : name == NULL ? 1 : 2,
											keys);
}

static HeapTuple
next_row(HoldScan *scan)
{
	CHECK_FOR_INTERRUPTS();
	return systable_getnext_ordered(scan->scan, ForwardScanDirection);
}

static void
end_scan(HoldScan *scan)
{
	systable_endscan_ordered(scan->scan);
	index_close(scan->index, AccessShareLock);
	table_close(scan->rel, NoLock);
}

/* Takes a row apart; returns its relation. */
static Oid
read_row(HoldScan *scan, HeapTuple tuple, Hold *hold)
{
	Datum		values[HOLD_COLUMNS];
	bool		nulls[HOLD_COLUMNS];

	heap_deform_tuple(tuple, RelationGetDescr(scan->rel), values, nulls);
	hold->tid = tuple->t_self;
	hold->since = datum_get_frontier(values[HOLD_SINCE - 1]);
	hold->held_at = DatumGetTimestampTz(values[HOLD_HELD_AT - 1]);
	hold->held_by = *DatumGetName(values[HOLD_HELD_BY - 1]);
	hold->expires = nulls[HOLD_EXPIRES_AT - 1] ? HOLD_FOR_EVER :
		DatumGetTimestampTz(values[HOLD_EXPIRES_AT - 1]);
	hold->live = nulls[HOLD_EXPIRES_AT - 1] || hold->expires > scan->now;
	return DatumGetObjectId(values[HOLD_RELATION - 1]);
}

void
hold_find(Oid relid, text *name, Hold *hold)
{
	HoldScan	scan;
	HeapTuple	tuple;

	memset(hold, 0, sizeof(*hold));
	ItemPointerSetInvalid(&hold->tid);
	begin_scan(&scan, relid, name, SnapshotSelf);
	tuple = next_row(&scan);
	if (HeapTupleIsValid(tuple))
		(void) read_row(&scan, tuple, hold);
	end_scan(&scan);
	if (!hold->live)
		namestrcpy(&hold->held_by, GetUserNameFromId(GetUserId(), false));
}

void
hold_write(Oid relid, text *name, const Hold *hold)
{
	Relation	rel = table_open(spine_tables(false)->hold, RowExclusiveLock);
	Datum		values[HOLD_COLUMNS];
	bool		nulls[HOLD_COLUMNS] = {false};
	ItemPointerData tid = hold->tid;
	HeapTuple	tuple;

	values[HOLD_RELATION - 1] = ObjectIdGetDatum(relid);
	values[HOLD_NAME - 1] = PointerGetDatum(name);
	values[HOLD_SINCE - 1] = frontier_get_datum(&hold->since);
	values[HOLD_HELD_BY - 1] = NameGetDatum(&hold->held_by);
	values[HOLD_HELD_AT - 1] = TimestampTzGetDatum(hold->held_at);
	values[HOLD_EXPIRES_AT - 1] = TimestampTzGetDatum(hold->expires);
	nulls[HOLD_EXPIRES_AT - 1] = hold->expires == HOLD_FOR_EVER;
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	if (ItemPointerIsValid(&tid))
		CatalogTupleUpdate(rel, &tid, tuple);
	else
		CatalogTupleInsert(rel, tuple);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	stop_point("hold_written");
}

void
hold_delete(const Hold *hold)
{
	Relation	rel = table_open(spine_tables(false)->hold, RowExclusiveLock);
	ItemPointerData tid = hold->tid;

	CatalogTupleDelete(rel, &tid);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	stop_point("hold_deleted");
}

Frontier
holds_meet(Oid relid, const Frontier *since)
{
	Frontier	meet = *since;
	HoldScan	scan;
	HeapTuple	tuple;
	Hold		hold;

	begin_scan(&scan, relid, NULL, SnapshotSelf);
	while (HeapTupleIsValid(tuple = next_row(&scan)))
	{
		(void) read_row(&scan, tuple, &hold);
		if (hold.live)
			meet = frontiers_met(&meet, &hold.since);
		else
			hold_delete(&hold);
	}
	end_scan(&scan);
	return meet;
}

static void
delete_holds(Oid relid, bool expired_only)
{
	HoldScan	scan;
	HeapTuple	tuple;
	Hold		hold;

	begin_scan(&scan, relid, NULL, SnapshotSelf);
	while (HeapTupleIsValid(tuple = next_row(&scan)))
	{
		(void) read_row(&scan, tuple, &hold);
		if (!hold.live || !expired_only)
			hold_delete(&hold);
	}
	end_scan(&scan);
}

void
holds_end(Oid relid)
{
	delete_holds(relid, false);
}

/* Relations with expired holds, as the active snapshot sees them. */
static List *
relations_to_prune(void)
{
	List	   *relids = NIL;
	HoldScan	scan;
	HeapTuple	tuple;
	Hold		hold;

	begin_scan(&scan, InvalidOid, NULL, GetActiveSnapshot());
	while (list_length(relids) < PRUNE_RELATIONS && HeapTupleIsValid(tuple = next_row(&scan)))
	{
		Oid			relid = read_row(&scan, tuple, &hold);

		/* They come in the order of the index. */
		if (!hold.live && (relids == NIL || llast_oid(relids) != relid))
			relids = lappend_oid(relids, relid);
	}
	end_scan(&scan);
	return relids;
}

void
holds_prune(void)
{
	ListCell   *cell;

	foreach(cell, relations_to_prune())
	{
		CHECK_FOR_INTERRUPTS();
		if (ConditionalLockRelationOid(lfirst_oid(cell), AccessShareLock) &&
			spine_lock(lfirst_oid(cell), false))
			delete_holds(lfirst_oid(cell), true);
	}
}
