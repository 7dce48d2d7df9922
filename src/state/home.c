/*
 * home.c
 *		The rows of spine_home: where the data of this database came to be.
 *
 * A database that was restored from a dump, or made from a template, has the
 * rows of the one that it is a copy of.  The files that these name are not its
 * to delete, until somebody says so.  A copy of the whole server's files has the
 * same identifiers, and cannot be told from it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dev/stop_point.h"
#include "state/copies.h"
#include "state/home.h"
#include "state/tables.h"
#include "state/working.h"

/* The next row of a scan, taken apart. */
static HeapTuple
next_row(SysScanDesc scan, TupleDesc desc, Datum *values, bool *nulls)
{
	HeapTuple	tuple = systable_getnext(scan);

	CHECK_FOR_INTERRUPTS();
	if (HeapTupleIsValid(tuple))
		heap_deform_tuple(tuple, desc, values, nulls);
	return tuple;
}

static bool
is_here(Datum system, Datum database)
{
	return DatumGetInt64(system) == (int64) GetSystemIdentifier() &&
		DatumGetObjectId(database) == MyDatabaseId;
}

bool
home_is_own(int64 *system, Oid *database)
{
	Relation	rel = table_open(spine_tables(false)->home, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	Datum		values[HOME_COLUMNS];
	bool		nulls[HOME_COLUMNS];
	bool		own = true;

	while (own && next_row(scan, RelationGetDescr(rel), values, nulls) != NULL)
	{
		own = is_here(values[HOME_SYSTEM - 1], values[HOME_DATABASE - 1]);
		*system = DatumGetInt64(values[HOME_SYSTEM - 1]);
		*database = DatumGetObjectId(values[HOME_DATABASE - 1]);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return own;
}

/* One row, this database's, in the place of all others. */
static void
adopt_home(Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->home, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	Datum		values[HOME_COLUMNS];
	bool		nulls[HOME_COLUMNS] = {false};
	bool		found = false;
	HeapTuple	tuple;

	while ((tuple = next_row(scan, RelationGetDescr(rel), values, nulls)) != NULL)
	{
		if (found || !is_here(values[HOME_SYSTEM - 1], values[HOME_DATABASE - 1]))
			CatalogTupleDelete(rel, &tuple->t_self);
		else
			found = true;
	}
	systable_endscan(scan);
	values[HOME_SYSTEM - 1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[HOME_DATABASE - 1] = ObjectIdGetDatum(MyDatabaseId);
	if (!found)
		CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
}

/* Working copies of this transaction follow. */
static void
adopt_copies(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
		if (spine->foreign)
			copies_own(spine->relid)->foreign = false;
	/* Merge functions let them alone so far. */
	spine_requests_at_commit();
}

/*
 * Under a lock on the table that all writers of spines respect, so the rows stay
 * what they are.  What the registry has of them is recognized as that of older
 * versions.
 */
static void
adopt_traces(Relation rel, Snapshot snapshot)
{
	TupleDesc	desc = RelationGetDescr(rel);
	CatalogIndexState indexes = CatalogOpenIndexes(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	Datum		values[TRACE_COLUMNS];
	bool		nulls[TRACE_COLUMNS];
	bool		replaces[TRACE_COLUMNS] = {false};
	int64		generation = 0;
	HeapTuple	tuple;

	replaces[TRACE_SYSTEM - 1] = replaces[TRACE_DATABASE - 1] = true;
	while ((tuple = next_row(scan, desc, values, nulls)) != NULL)
	{
		HeapTuple	adopted;

		if (is_here(values[TRACE_SYSTEM - 1], values[TRACE_DATABASE - 1]))
			continue;
		generation = Max(generation, DatumGetInt64(values[TRACE_GENERATION - 1]));
		values[TRACE_SYSTEM - 1] = Int64GetDatum((int64) GetSystemIdentifier());
		values[TRACE_DATABASE - 1] = ObjectIdGetDatum(MyDatabaseId);
		adopted = heap_modify_tuple(tuple, desc, values, nulls, replaces);
		CatalogTupleUpdateWithInfo(rel, &tuple->t_self, adopted, indexes);
		heap_freetuple(adopted);
	}
	systable_endscan(scan);
	CatalogCloseIndexes(indexes);
	spine_follow_generation(generation);
}

/*
 * Transaction numbers of another server may be far ahead of ours, and what they
 * took out would be garbage for ever.  It was gone when it came here.
 */
static void
adopt_garbage(Relation rel, Snapshot snapshot)
{
	TupleDesc	desc = RelationGetDescr(rel);
	CatalogIndexState indexes = CatalogOpenIndexes(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	uint64		own = U64FromFullTransactionId(GetTopFullTransactionId());
	Datum		values[GARBAGE_COLUMNS];
	bool		nulls[GARBAGE_COLUMNS];
	bool		replaces[GARBAGE_COLUMNS] = {false};
	HeapTuple	tuple;

	replaces[GARBAGE_REMOVED_BY - 1] = true;
	while ((tuple = next_row(scan, desc, values, nulls)) != NULL)
	{
		HeapTuple	adopted;

		if (DatumGetUInt64(values[GARBAGE_REMOVED_BY - 1]) <= own)
			continue;
		values[GARBAGE_REMOVED_BY - 1] = UInt64GetDatum(own);
		adopted = heap_modify_tuple(tuple, desc, values, nulls, replaces);
		CatalogTupleUpdateWithInfo(rel, &tuple->t_self, adopted, indexes);
		heap_freetuple(adopted);
	}
	systable_endscan(scan);
	CatalogCloseIndexes(indexes);
}

void
home_adopt(void)
{
	const SpineTables *tables = spine_tables(false);
	Oid			garbage = tables->garbage;
	Relation	traces;
	Relation	parts;
	Snapshot	snapshot;

	/* In the order of those who write to a spine. */
	traces = table_open(tables->trace, ShareRowExclusiveLock);
	parts = table_open(garbage, ShareRowExclusiveLock);
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	adopt_copies();
	adopt_traces(traces, snapshot);
	adopt_garbage(parts, snapshot);
	adopt_home(snapshot);
	stop_point("home_adopted");
	UnregisterSnapshot(snapshot);
	table_close(parts, NoLock);
	table_close(traces, NoLock);
}
