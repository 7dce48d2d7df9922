/*
 * trace_row.c
 *		Reading and writing rows of spine_trace.  Relies on core/flat.h for the
 *		image of the levels.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "core/image.h"
#include "state/arena.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/values.h"

/* What stands in columns of its own, for people, is in the image as well. */
static bool
columns_agree(const Trace *trace, const Datum *values, const bool *nulls)
{
	Frontier	since = datum_get_frontier(values[TRACE_SINCE - 1]);
	Frontier	physical;

	if (trace->dims != DatumGetInt32(values[TRACE_DIMS - 1]) ||
		trace->effort != DatumGetInt32(values[TRACE_EFFORT - 1]) ||
		!frontier_equal(&trace->since, &since) ||
		trace->physical_used == nulls[TRACE_PHYSICAL - 1])
		return false;
	if (!trace->physical_used)
		return true;
	physical = datum_get_frontier(values[TRACE_PHYSICAL - 1]);
	return frontier_equal(&trace->physical, &physical);
}

/* The trace in a row; false if it is damaged. */
static bool
read_trace(const Datum *values, const bool *nulls, Trace *trace, CoreError *err)
{
	bytea	   *image = DatumGetByteaPP(values[TRACE_IMAGE - 1]);

	if (image_read((uint8 *) VARDATA_ANY(image), VARSIZE_ANY_EXHDR(image), current_arena(),
				   trace, err) != CORE_OK)
		return false;
	return columns_agree(trace, values, nulls) ||
		core_error(err, CORE_CORRUPT, "columns and image disagree",
				   "dims, effort, since or physical differs from what the image says.") == CORE_OK;
}

/* Takes a row apart into *spine. */
static void
read_row(HeapTuple tuple, TupleDesc desc, bool damaged_ok, Spine *spine)
{
	Datum		values[TRACE_COLUMNS];
	bool		nulls[TRACE_COLUMNS];
	CoreError	err;

	heap_deform_tuple(tuple, desc, values, nulls);
	spine->relid = DatumGetObjectId(values[TRACE_RELATION - 1]);
	spine->tid = tuple->t_self;
	spine->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	spine->generation = DatumGetInt64(values[TRACE_GENERATION - 1]);
	spine->foreign = DatumGetInt64(values[TRACE_SYSTEM - 1]) != (int64) GetSystemIdentifier() ||
		DatumGetObjectId(values[TRACE_DATABASE - 1]) != MyDatabaseId;
	spine->stays_foreign = false;
	if (read_trace(values, nulls, &spine->trace, &err))
		return;
	if (!damaged_ok)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("trace of relation \"%s\" is damaged: %s",
						get_rel_name(spine->relid), err.message),
				 errdetail_internal("%s", err.detail),
				 errhint("Restore spine_trace and spine_batch from a backup, or run spine_unregister() to start over.")));
	if (trace_init(&spine->trace, DatumGetInt32(values[TRACE_DIMS - 1]),
				   DatumGetInt32(values[TRACE_EFFORT - 1]), current_arena(), &err) != CORE_OK)
		report_core_error(&err);
	spine->trace.since = datum_get_frontier(values[TRACE_SINCE - 1]);
	spine->trace.physical_used = !nulls[TRACE_PHYSICAL - 1];
	if (spine->trace.physical_used)
		spine->trace.physical = datum_get_frontier(values[TRACE_PHYSICAL - 1]);
}

/* Finds the row of a relation; fills in what is not NULL. */
static bool
find_row(Oid relid, Snapshot snapshot, bool damaged_ok, Spine *spine, ItemPointer tid)
{
	/* Opening the table may bring news of its index. */
	Relation	rel = table_open(spine_tables(false)->trace, AccessShareLock);
	Oid			index = spine_tables(false)->trace_index;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&key, TRACE_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, index, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found && spine != NULL)
		read_row(tuple, RelationGetDescr(rel), damaged_ok, spine);
	if (found && tid != NULL)
		*tid = tuple->t_self;
	if (found && HeapTupleIsValid(systable_getnext(scan)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("relation \"%s\" has more than one trace", get_rel_name(relid)),
				 errdetail("There are several rows for it in spine_trace."),
				 errhint("Was a dump restored over a spine?  Delete the rows that do not belong there from spine_trace and spine_batch.")));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

bool
trace_row_load(Oid relid, Snapshot snapshot, bool damaged_ok, Spine *spine)
{
	spine->gone = spine->dirty = false;
	return find_row(relid, snapshot, damaged_ok, spine, NULL);
}

List *
trace_row_versions(Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->trace, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	List	   *rows = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		RowVersion *row = palloc(sizeof(RowVersion));
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		row->relid = DatumGetObjectId(heap_getattr(tuple, TRACE_RELATION,
												   RelationGetDescr(rel), &isnull));
		row->tid = tuple->t_self;
		row->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
		rows = lappend(rows, row);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return rows;
}

List *
trace_row_relations(Snapshot snapshot)
{
	List	   *relids = NIL;
	ListCell   *cell;

	foreach(cell, trace_row_versions(snapshot))
		relids = lappend_oid(relids, ((RowVersion *) lfirst(cell))->relid);
	return relids;
}

bool
trace_row_exists(Oid relid)
{
	return find_row(relid, SnapshotSelf, true, NULL, NULL);
}

/*
 * Neither reading a row by its place nor updating it prunes its page, so the
 * writer asks for that, if the page lacks room; else every version of the row
 * would go to another one.
 */
static bool
check_row(const RowVersion *row, Snapshot snapshot, bool prune)
{
	Relation	rel = table_open(spine_tables(false)->trace, AccessShareLock);
	HeapTupleData tuple = {.t_self = row->tid};
	Buffer		buffer;
	bool		seen = false;

	/* VACUUM may have cut the table off before there. */
	if (ItemPointerGetBlockNumber(&tuple.t_self) < RelationGetNumberOfBlocks(rel) &&
		heap_fetch(rel, snapshot, &tuple, &buffer, false))
	{
		bool		isnull;
		Oid			relid = DatumGetObjectId(heap_getattr(&tuple, TRACE_RELATION,
														  RelationGetDescr(rel), &isnull));

		seen = relid == row->relid && HeapTupleHeaderGetRawXmin(tuple.t_data) == row->xmin;
		if (prune)
			heap_page_prune_opt(rel, buffer);
		ReleaseBuffer(buffer);
	}
	table_close(rel, AccessShareLock);
	return seen;
}

static RowVersion
version_of(const Spine *spine)
{
	return (RowVersion) {spine->relid, spine->tid, spine->xmin};
}

bool
trace_row_is_seen(const RowVersion *row, Snapshot snapshot)
{
	return check_row(row, snapshot, false);
}

bool
trace_row_is_current(const Spine *spine)
{
	RowVersion	row = version_of(spine);

	return check_row(&row, SnapshotSelf, false);
}

/* CLUSTER and VACUUM FULL, by this very transaction, may have moved the row. */
static void
follow_row(Spine *spine)
{
	RowVersion	row = version_of(spine);

	if (!check_row(&row, SnapshotSelf, true) &&
		!find_row(spine->relid, SnapshotSelf, true, NULL, &spine->tid))
		elog(ERROR, "trace of relation %u has vanished", spine->relid);
}

static HeapTuple
form_row(const Spine *spine, TupleDesc desc)
{
	Datum		values[TRACE_COLUMNS];
	bool		nulls[TRACE_COLUMNS] = {false};
	size_t		size = image_write(&spine->trace, NULL, 0);
	bytea	   *image = palloc(VARHDRSZ + size);

	image_write(&spine->trace, (uint8 *) VARDATA(image), size);
	SET_VARSIZE(image, VARHDRSZ + size);
	values[TRACE_RELATION - 1] = ObjectIdGetDatum(spine->relid);
	values[TRACE_GENERATION - 1] = Int64GetDatum(spine->generation);
	values[TRACE_DIMS - 1] = Int32GetDatum(spine->trace.dims);
	values[TRACE_EFFORT - 1] = Int32GetDatum(spine->trace.effort);
	values[TRACE_SINCE - 1] = frontier_get_datum(&spine->trace.since);
	values[TRACE_SYSTEM - 1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[TRACE_DATABASE - 1] = ObjectIdGetDatum(spine->stays_foreign ? InvalidOid :
												  MyDatabaseId);
	values[TRACE_PHYSICAL - 1] = 0;
	nulls[TRACE_PHYSICAL - 1] = !spine->trace.physical_used;
	if (spine->trace.physical_used)
		values[TRACE_PHYSICAL - 1] = frontier_get_datum(&spine->trace.physical);
	values[TRACE_IMAGE - 1] = PointerGetDatum(image);
	return heap_form_tuple(desc, values, nulls);
}

void
trace_row_insert(Spine *spine)
{
	Relation	rel = table_open(spine_tables(false)->trace, RowExclusiveLock);
	HeapTuple	tuple = form_row(spine, RelationGetDescr(rel));

	CatalogTupleInsert(rel, tuple);
	spine->tid = tuple->t_self;
	spine->xmin = GetCurrentTransactionId();
	table_close(rel, NoLock);
}

void
trace_row_update(Spine *spine)
{
	Relation	rel = table_open(spine_tables(false)->trace, RowExclusiveLock);
	HeapTuple	tuple = form_row(spine, RelationGetDescr(rel));

	follow_row(spine);
	CatalogTupleUpdate(rel, &spine->tid, tuple);
	spine->tid = tuple->t_self;
	spine->xmin = GetCurrentTransactionId();
	table_close(rel, NoLock);
}

void
trace_row_delete(Spine *spine)
{
	Relation	rel = table_open(spine_tables(false)->trace, RowExclusiveLock);

	CommandCounterIncrement();
	follow_row(spine);
	CatalogTupleDelete(rel, &spine->tid);
	table_close(rel, NoLock);
}
