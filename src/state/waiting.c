/*
 * waiting.c
 *		Finding and pruning rows that wait for the worker.
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
	AttrNumber	relation;		/* columns */
	AttrNumber	completed_at;	/* 0 = rows go when they are done */
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

/* Merge results: (applied_at, relation, id); batches: (relation, ticket). */
static void
open_queue(WaitingScan *waiting, WaitingTable which)
{
	const SpineTables *tables = spine_tables(false);

	if (which == WAITING_RESULTS)
		open_table(waiting, &tables->result, &tables->result_queue);
	else
		open_table(waiting, &tables->inbox, &tables->inbox_pkey);
	waiting->relation = which == WAITING_RESULTS ? (AttrNumber) RESULT_RELATION :
		(AttrNumber) INBOX_RELATION;
	waiting->completed_at = which == WAITING_RESULTS ? RESULT_APPLIED_AT : 0;
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
	int			nkeys = 0;

	if (waiting->completed_at != 0)
		ScanKeyEntryInitialize(&keys[nkeys++], SK_ISNULL | SK_SEARCHNULL,
							   waiting->completed_at, InvalidStrategy, InvalidOid,
							   InvalidOid, InvalidOid, (Datum) 0);
	ScanKeyInit(&keys[nkeys++], waiting->relation, strategy, compare,
				ObjectIdGetDatum(relid));
	waiting->scan = systable_beginscan_ordered(waiting->rel, waiting->index, snapshot,
											   nkeys, keys);
}

static HeapTuple
next_waiting(WaitingScan *waiting)
{
	CHECK_FOR_INTERRUPTS();
	return systable_getnext_ordered(waiting->scan, ForwardScanDirection);
}

/* The first relation after this one that has rows waiting; InvalidOid if none. */
static Oid
next_relation(WaitingScan *waiting, Oid after, Snapshot snapshot)
{
	Oid			relid = InvalidOid;
	HeapTuple	tuple;
	bool		isnull;

	begin_waiting(waiting, BTGreaterStrategyNumber, F_OIDGT, after, snapshot);
	tuple = next_waiting(waiting);
	if (tuple != NULL)
		relid = DatumGetObjectId(heap_getattr(tuple, waiting->relation,
											  RelationGetDescr(waiting->rel), &isnull));
	systable_endscan_ordered(waiting->scan);
	return relid;
}

List *
waiting_relations(WaitingTable which, Snapshot snapshot, int max)
{
	List	   *relations = NIL;
	WaitingScan waiting;
	Oid			relid = InvalidOid;

	open_queue(&waiting, which);
	while (list_length(relations) < max &&
		   OidIsValid(relid = next_relation(&waiting, relid, snapshot)))
		relations = lappend_oid(relations, relid);
	close_table(&waiting);
	return relations;
}

List *
waiting_rows(WaitingTable which, Oid relid, int max)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	List	   *rows = NIL;
	WaitingScan waiting;
	HeapTuple	tuple;

	open_queue(&waiting, which);
	begin_waiting(&waiting, BTEqualStrategyNumber, F_OIDEQ, relid, snapshot);
	while (list_length(rows) <= max && (tuple = next_waiting(&waiting)) != NULL)
		rows = lappend(rows, heap_copytuple(tuple));
	systable_endscan_ordered(waiting.scan);
	close_table(&waiting);
	UnregisterSnapshot(snapshot);
	return rows;
}

int
waiting_prune(WaitingTable which, int max)
{
	bool		results = which == WAITING_RESULTS;
	const SpineTables *tables = spine_tables(false);
	TimestampTz before;
	WaitingScan done;
	ScanKeyData key;
	HeapTuple	tuple;
	int			pruned = 0;

	if (spine_result_retention < 0)
		return 0;
	before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										 -INT64CONST(1000) * spine_result_retention);
	open_table(&done, results ? &tables->result : &tables->answer,
			   results ? &tables->result_queue : &tables->answer_sequenced);
	ScanKeyInit(&key, results ? (AttrNumber) RESULT_APPLIED_AT :
				(AttrNumber) ANSWER_SEQUENCED_AT, BTLessStrategyNumber, F_TIMESTAMPTZ_LT,
				TimestampTzGetDatum(before));
	done.scan = systable_beginscan_ordered(done.rel, done.index, GetActiveSnapshot(), 1,
										   &key);
	while (pruned < max && (tuple = next_waiting(&done)) != NULL)
	{
		CatalogTupleDelete(done.rel, &tuple->t_self);
		pruned++;
	}
	systable_endscan_ordered(done.scan);
	close_table(&done);
	return pruned;
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
