/*
 * waiting.c
 *		Finding merge results that wait for the worker, and pruning what is done; and
 *		what both queues have in common.
 *
 * The queue is the table itself.  Ids are given out before commit, so a lower
 * one may become visible later; hence no last id is remembered anywhere, and
 * each look takes all that it sees.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "spine.h"
#include "state/tables.h"
#include "state/waiting.h"
#include "state/working.h"

typedef struct WaitingScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
} WaitingScan;

static void
open_table(WaitingScan *waiting, const Oid *table, const Oid *index)
{
	waiting->rel = table_open(*table, RowExclusiveLock);
	/* That may have brought news of its index. */
	(void) spine_tables(false);
	waiting->index = index_open(*index, AccessShareLock);
}

static void
open_results(WaitingScan *waiting)
{
	const SpineTables *tables = spine_tables(false);

	open_table(waiting, &tables->result, &tables->result_queue);
}

static void
close_table(WaitingScan *waiting)
{
	index_close(waiting->index, AccessShareLock);
	table_close(waiting->rel, NoLock);
}

/* Rows that wait, of relations with an oid that compares so with this one. */
static void
begin_waiting(WaitingScan *waiting, StrategyNumber strategy, RegProcedure compare,
			  Oid relid, Snapshot snapshot)
{
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], SK_ISNULL | SK_SEARCHNULL, RESULT_APPLIED_AT,
						   InvalidStrategy, InvalidOid, InvalidOid, InvalidOid, (Datum) 0);
	ScanKeyInit(&keys[1], RESULT_RELATION, strategy, compare, ObjectIdGetDatum(relid));
	waiting->scan = systable_beginscan_ordered(waiting->rel, waiting->index, snapshot, 2,
											   keys);
}

static HeapTuple
next_row(WaitingScan *waiting)
{
	CHECK_FOR_INTERRUPTS();
	return systable_getnext_ordered(waiting->scan, ForwardScanDirection);
}

/* The first relation after this one that has rows waiting; InvalidOid if none. */
static Oid
next_relation(WaitingScan *waiting, Oid after)
{
	Oid			relid = InvalidOid;
	HeapTuple	tuple;
	bool		isnull;

	begin_waiting(waiting, BTGreaterStrategyNumber, F_OIDGT, after, GetActiveSnapshot());
	tuple = next_row(waiting);
	if (tuple != NULL)
		relid = DatumGetObjectId(heap_getattr(tuple, RESULT_RELATION,
											  RelationGetDescr(waiting->rel), &isnull));
	systable_endscan_ordered(waiting->scan);
	return relid;
}

List *
waiting_relations(int max)
{
	List	   *relations = NIL;
	WaitingScan waiting;
	Oid			relid = InvalidOid;

	open_results(&waiting);
	while (list_length(relations) < max &&
		   OidIsValid(relid = next_relation(&waiting, relid)))
		relations = lappend_oid(relations, relid);
	close_table(&waiting);
	return relations;
}

List *
waiting_results(Oid relid, int max)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	List	   *rows = NIL;
	WaitingScan waiting;
	HeapTuple	tuple;

	open_results(&waiting);
	begin_waiting(&waiting, BTEqualStrategyNumber, F_OIDEQ, relid, snapshot);
	while (list_length(rows) <= max && (tuple = next_row(&waiting)) != NULL)
		rows = lappend(rows, heap_copytuple(tuple));
	systable_endscan_ordered(waiting.scan);
	close_table(&waiting);
	UnregisterSnapshot(snapshot);
	return rows;
}

/* Of a table that is open, with the index on the column first in it. */
static int
prune(WaitingScan *done, AttrNumber completed_at, int max)
{
	TimestampTz before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													 -INT64CONST(1000) * spine_result_retention);
	ScanKeyData key;
	HeapTuple	tuple;
	int			pruned = 0;

	ScanKeyInit(&key, completed_at, BTLessStrategyNumber, F_TIMESTAMPTZ_LT,
				TimestampTzGetDatum(before));
	done->scan = systable_beginscan_ordered(done->rel, done->index, GetActiveSnapshot(), 1,
											&key);
	while (pruned < max && (tuple = next_row(done)) != NULL)
	{
		CatalogTupleDelete(done->rel, &tuple->t_self);
		pruned++;
	}
	systable_endscan_ordered(done->scan);
	close_table(done);
	return pruned;
}

int
waiting_prune_results(int max)
{
	WaitingScan done;

	if (spine_result_retention < 0)
		return 0;
	open_results(&done);
	return prune(&done, RESULT_APPLIED_AT, max);
}

int
waiting_prune_answers(int max)
{
	const SpineTables *tables = spine_tables(false);
	WaitingScan done;

	if (spine_result_retention < 0)
		return 0;
	open_table(&done, &tables->answer, &tables->answer_sequenced);
	return prune(&done, ANSWER_SEQUENCED_AT, max);
}

SpineCondition
waiting_lock(Oid relid)
{
	bool		busy;

	if (!ConditionalLockRelationOid(relid, AccessShareLock))
		return SPINE_BUSY;
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		return SPINE_DROPPED;
	if (spine_try_open(relid, &busy) != NULL)
		return SPINE_OPEN;
	return busy ? SPINE_BUSY : SPINE_UNREGISTERED;
}

const char *
waiting_hopeless(SpineCondition condition)
{
	switch (condition)
	{
		case SPINE_OPEN:
		case SPINE_BUSY:
			break;
		case SPINE_DROPPED:
			return "the relation does not exist any more";
		case SPINE_UNREGISTERED:
			return "the relation is not registered as a spine any more";
	}
	return NULL;
}

bool
waiting_error_is_passing(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_TRANSACTION_ROLLBACK ||
		category == ERRCODE_SYSTEM_ERROR;
}

Datum
waiting_user(void)
{
	Name		name = palloc0(sizeof(NameData));

	namestrcpy(name, GetUserNameFromId(GetUserId(), false));
	return NameGetDatum(name);
}
