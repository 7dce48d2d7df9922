/*
 * garbage.c
 *		Reading and writing rows of spine_garbage_part.
 *
 * A part that an applied merge, a fuse, a TRUNCATE or a DROP took out of a spine
 * is listed here with the transaction that did so, for whoever keeps the data to
 * delete it once no snapshot can name it any more (collect.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/garbage.h"
#include "state/registry.h"
#include "state/tables.h"
#include "state/values.h"

static void
insert_part(Relation rel, CatalogIndexState indexes, Oid relid, int64 generation,
			text *part, TimestampTz now)
{
	Datum		values[GARBAGE_COLUMNS];
	bool		nulls[GARBAGE_COLUMNS] = {false};
	HeapTuple	tuple;

	values[GARBAGE_ID - 1] = Int64GetDatum(registry_next_id());
	values[GARBAGE_RELATION - 1] = ObjectIdGetDatum(relid);
	values[GARBAGE_GENERATION - 1] = Int64GetDatum(generation);
	values[GARBAGE_PART - 1] = PointerGetDatum(part);
	values[GARBAGE_REMOVED_BY - 1] =
		UInt64GetDatum(U64FromFullTransactionId(GetTopFullTransactionId()));
	values[GARBAGE_REMOVED_AT - 1] = TimestampTzGetDatum(now);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsertWithInfo(rel, tuple, indexes);
	heap_freetuple(tuple);
}

/*
 * The time is that of the clock, not the transaction's: under the spine's lock,
 * it is after that of any hold which was there before.
 */
void
garbage_add_difference(Oid relid, int64 generation, text **parts, int nparts,
					   text **kept, int nkept)
{
	Relation	rel;
	CatalogIndexState indexes;
	TimestampTz now = GetCurrentTimestamp();
	int			k = 0;

	/* What native tables have is the server's, and goes with their transactions. */
	if (nparts == 0 || relation_is_native(relid))
		return;
	texts_sort(parts, nparts);
	texts_sort(kept, nkept);
	rel = table_open(spine_tables(false)->garbage, RowExclusiveLock);
	indexes = CatalogOpenIndexes(rel);
	for (int i = 0; i < nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && texts_compare(parts[i - 1], parts[i]) == 0)
			continue;
		while (k < nkept && texts_compare(kept[k], parts[i]) < 0)
			k++;
		if (k == nkept || texts_compare(kept[k], parts[i]) != 0)
			insert_part(rel, indexes, relid, generation, parts[i], now);
	}
	CatalogCloseIndexes(indexes);
	table_close(rel, NoLock);
}

void
garbage_add_refused(Oid relid, int64 generation, ArrayType *parts)
{
	int			count;
	text	  **texts = array_texts(parts, &count);

	garbage_add_difference(relid, generation, texts, count, NULL, 0);
	stop_point("output_discarded");
}

struct GarbageScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	GarbageRow	row;
	MemoryContext context;		/* of the current row's part */
};

GarbageScan *
garbage_begin(Relation rel, Oid relid, int64 after, Snapshot snapshot)
{
	GarbageScan *scan = palloc0(sizeof(GarbageScan));
	ScanKeyData keys[2];

	scan->rel = rel;
	scan->index = index_open(spine_tables(false)->garbage_relation, AccessShareLock);
	scan->context = AllocSetContextCreate(CurrentMemoryContext, "spine garbage row",
										  ALLOCSET_SMALL_SIZES);
	ScanKeyInit(&keys[0], GARBAGE_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], GARBAGE_ID, BTGreaterStrategyNumber, F_INT8GT,
				Int64GetDatum(after));
	scan->scan = systable_beginscan_ordered(rel, scan->index, snapshot, 2, keys);
	return scan;
}

GarbageRow *
garbage_next(GarbageScan *scan)
{
	HeapTuple	tuple;
	Datum		values[GARBAGE_COLUMNS];
	bool		nulls[GARBAGE_COLUMNS];
	GarbageRow *row = &scan->row;
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	tuple = systable_getnext_ordered(scan->scan, ForwardScanDirection);
	if (!HeapTupleIsValid(tuple))
		return NULL;
	heap_deform_tuple(tuple, RelationGetDescr(scan->rel), values, nulls);
	MemoryContextReset(scan->context);
	old = MemoryContextSwitchTo(scan->context);
	row->tid = tuple->t_self;
	row->id = DatumGetInt64(values[GARBAGE_ID - 1]);
	row->generation = DatumGetInt64(values[GARBAGE_GENERATION - 1]);
	row->part = DatumGetTextPP(values[GARBAGE_PART - 1]);
	row->removed_by = DatumGetUInt64(values[GARBAGE_REMOVED_BY - 1]);
	row->removed_at = DatumGetTimestampTz(values[GARBAGE_REMOVED_AT - 1]);
	MemoryContextSwitchTo(old);
	return row;
}

void
garbage_end(GarbageScan *scan)
{
	systable_endscan_ordered(scan->scan);
	index_close(scan->index, AccessShareLock);
	MemoryContextDelete(scan->context);
	pfree(scan);
}

/* Two sweepers may well be after the same row, which is no error. */
bool
garbage_delete(Relation rel, ItemPointer tid, bool wait)
{
	TM_FailureData failure;
	TM_Result	result = heap_delete(rel, tid, GetCurrentCommandId(true), InvalidSnapshot,
									 wait, &failure, false);

	stop_point("garbage_deleted");
	if (result == TM_Updated)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errdetail("Somebody has updated a row of spine_garbage_part."),
				 errhint("The transaction might succeed if retried.")));
	return result == TM_Ok;
}

static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* Deletes the row with this id; false without one. */
static bool
forget_one(Relation rel, int64 id, Snapshot snapshot,
		   void (*check) (void *arg, Oid relid), void *arg)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		gone = false;

	ScanKeyInit(&key, GARBAGE_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = systable_beginscan(rel, spine_tables(false)->garbage_pkey, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		check(arg, DatumGetObjectId(heap_getattr(tuple, GARBAGE_RELATION,
												 RelationGetDescr(rel), &isnull)));
		gone = garbage_delete(rel, &tuple->t_self, true);
	}
	systable_endscan(scan);
	return gone;
}

/* In the order of ids, so that two who forget the same do not deadlock. */
int64
garbage_forget(int64 *ids, int count, void (*check) (void *arg, Oid relid), void *arg)
{
	Relation	rel = table_open(spine_tables(false)->garbage, RowExclusiveLock);
	Snapshot	snapshot;
	int64		forgotten = 0;

	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	qsort(ids, count, sizeof(int64), compare_ids);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if ((i == 0 || ids[i] != ids[i - 1]) &&
			forget_one(rel, ids[i], snapshot, check, arg))
			forgotten++;
	}
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return forgotten;
}
