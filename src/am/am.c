/*
 * am.c
 *		The table access method: a heap whose settled rows are in runs.
 *
 * The routine is the heap's.  What scans is replaced in scan.c; what is replaced
 * here sees to it that runs follow the table's file (file.h), and that rows in
 * runs are not changed.  Absorption deletes a row as a move to another partition
 * would, so whoever has waited for one can tell.
 *
 * Where the library was not preloaded, nobody follows what becomes of files:
 * nothing can be read or written then, but a table can be dropped.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "am/background.h"
#include "am/fetch.h"
#include "am/file.h"
#include "am/native_hooks.h"
#include "am/runs.h"
#include "am/scan.h"
#include "am/vacuum.h"
#include "compat.h"
#include "spine.h"
#include "state/tables.h"

static const TableAmRoutine *heap;

static const char *const change_hint =
"Insert rows that say what is different, or make an ordinary table of it: ALTER TABLE ... SET ACCESS METHOD heap.";
static const char *const lock_hint =
"Lock them FOR SHARE; instead of changing them, insert rows that say what is different.";

static void
refuse(Relation rel, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot %s rows of table \"%s\" that are in its runs", what,
					RelationGetRelationName(rel)),
			 errdetail("Rows that have been absorbed are never changed."),
			 errhint("%s", hint)));
}

/*
 * By somebody else, or by the very command that is about to change it, which would
 * take it for done.  A partition's row may really have moved to another one.  The
 * server then asks for the transaction to be repeated, and that finds out.
 */
static bool
is_absorbed(Relation rel, TM_Result result, const TM_FailureData *failure)
{
	return (result == TM_Updated || result == TM_SelfModified) &&
		ItemPointerIndicatesMovedPartitions(&failure->ctid) && !rel->rd_rel->relispartition;
}

static void
tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
			 struct BulkInsertStateData *bulk)
{
	background_note_write();
	heap->tuple_insert(rel, slot, cid, options, bulk);
}

static void
multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid, int options,
			 struct BulkInsertStateData *bulk)
{
	background_note_write();
	heap->multi_insert(rel, slots, nslots, cid, options, bulk);
}

static TM_Result
tuple_delete(Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot,
			 Snapshot crosscheck, bool wait, TM_FailureData *failure, bool changingPart)
{
	TM_Result	result;

	if (TID_IS_IN_RUN(tid))
		refuse(rel, "delete", change_hint);
	result = heap->tuple_delete(rel, tid, cid, snapshot, crosscheck, wait, failure,
								changingPart);
	if (is_absorbed(rel, result, failure))
		refuse(rel, "delete", change_hint);
	return result;
}

static TM_Result
tuple_update(Relation rel, ItemPointer tid, TupleTableSlot *slot, CommandId cid,
			 Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *failure,
			 LockTupleMode *mode, TU_UpdateIndexes *indexes)
{
	TM_Result	result;

	if (TID_IS_IN_RUN(tid))
		refuse(rel, "update", change_hint);
	background_note_write();
	result = heap->tuple_update(rel, tid, slot, cid, snapshot, crosscheck, wait, failure, mode,
								indexes);
	if (is_absorbed(rel, result, failure))
		refuse(rel, "update", change_hint);
	return result;
}

/*
 * A row in a run stays what it is, through merges too, until the table is emptied:
 * that waits for the lock on the table.  So nothing has to be done for who wants it
 * not to be changed.  A row that he has found in the delta and that was absorbed
 * since is still there, with the same values, as long as his snapshot is.  (Sums
 * cannot be locked at all; the planner has seen to that.)
 */
static TM_Result
lock_in_run(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
			LockTupleMode mode, TM_FailureData *failure)
{
	bool		found;

	if (mode != LockTupleKeyShare && mode != LockTupleShare)
		refuse(rel, "lock", lock_hint);
	if (TID_IS_IN_RUN(tid))
		found = runs_fetch(rel, tid, snapshot, slot);
	else
		found = heap->tuple_fetch_row_version(rel, tid, SnapshotAny, slot);
	failure->traversed = false;
	return found ? TM_Ok : TM_Invisible;
}

/* The heap has an error of its own for a row that has moved, if it is to find it. */
static TM_Result
tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
		   CommandId cid, LockTupleMode mode, LockWaitPolicy policy, uint8 flags,
		   TM_FailureData *failure)
{
	TM_Result	result;

	if (TID_IS_IN_RUN(tid))
		return lock_in_run(rel, tid, snapshot, slot, mode, failure);
	result = heap->tuple_lock(rel, tid, snapshot, slot, cid, mode, policy,
							  flags & ~TUPLE_LOCK_FLAG_FIND_LAST_VERSION, failure);
	if (is_absorbed(rel, result, failure))
	{
		ExecClearTuple(slot);
		return lock_in_run(rel, tid, snapshot, slot, mode, failure);
	}
	if (result != TM_Updated || (flags & TUPLE_LOCK_FLAG_FIND_LAST_VERSION) == 0)
		return result;
	ExecClearTuple(slot);
	return heap->tuple_lock(rel, tid, snapshot, slot, cid, mode, policy, flags, failure);
}

static bool
tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot)
{
	if (TID_IS_IN_RUN(tid))
		return runs_fetch(rel, tid, snapshot, slot);
	return heap->tuple_fetch_row_version(rel, tid, snapshot, slot);
}

static bool
tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot, Snapshot snapshot)
{
	TupleTableSlot *copy;
	bool		does;

	if (!TID_IS_IN_RUN(&slot->tts_tid))
		return heap->tuple_satisfies_snapshot(rel, slot, snapshot);
	copy = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	does = runs_fetch(rel, &slot->tts_tid, snapshot, copy);
	ExecDropSingleTupleTableSlot(copy);
	return does;
}

/* Whether there is such a row in a run shows when it is fetched. */
static bool
tuple_tid_valid(TableScanDesc scan, ItemPointer tid)
{
	return TID_IS_IN_RUN(tid) ? ItemPointerIsValid(tid) :
		heap->tuple_tid_valid(((NativeScan *) scan)->delta, tid);
}

static void
tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	if (!TID_IS_IN_RUN(tid))
		heap->tuple_get_latest_tid(((NativeScan *) scan)->delta, tid);
}

/* As pg_class says it: 0 for the database's own. */
static Oid
tablespace_of(const RelFileLocator *locator)
{
	return locator->spcOid == MyDatabaseTableSpace ? InvalidOid : locator->spcOid;
}

/*
 * A file that takes the place of another one is there because of TRUNCATE.  All
 * else that writes a table anew makes another table, and has them swap files.
 */
static void
set_new_filelocator(Relation rel, const RelFileLocator *locator, char persistence,
					TransactionId *freeze, MultiXactId *minmulti)
{
	/* pg_upgrade puts files in the place of these. */
	if (!IsBinaryUpgrade)
		require_preloaded();
	if (!IsBinaryUpgrade && persistence != RELPERSISTENCE_TEMP)
	{
		file_drop_stale(tablespace_of(locator), locator->relNumber, NULL);
		if (rel->rd_locator.relNumber != locator->relNumber)
			file_drop(rel->rd_rel->reltablespace, rel->rd_rel->relfilenode);
	}
	heap->relation_set_new_filelocator(rel, locator, persistence, freeze, minmulti);
}

/* The table, or this file of it, was made by the same transaction. */
static void
nontransactional_truncate(Relation rel)
{
	if (rel->rd_rel->relpersistence != RELPERSISTENCE_TEMP)
		file_drop(rel->rd_rel->reltablespace, rel->rd_rel->relfilenode);
	heap->relation_nontransactional_truncate(rel);
}

/* To another tablespace. */
static void
copy_data(Relation rel, const RelFileLocator *locator)
{
	require_preloaded();
	heap->relation_copy_data(rel, locator);
	file_move(rel->rd_rel->reltablespace, rel->rd_rel->relfilenode, tablespace_of(locator),
			  locator->relNumber);
}

/* An index that was made while the table was another access method's. */
static double
index_build_range_scan(Relation rel, Relation index, struct IndexInfo *info, bool allow_sync,
					   bool anyvisible, bool progress, BlockNumber start, BlockNumber nblocks,
					   IndexBuildCallback callback, void *state, TableScanDesc scan)
{
	native_refuse_index(RelationGetRelid(rel));
	return 0;
}

static Oid
toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

static TableScanDesc
absent_scan_begin(Relation rel, Snapshot snapshot, int nkeys, struct ScanKeyData *key,
				  ParallelTableScanDesc shared, uint32 flags)
{
	require_preloaded();
	return NULL;
}

static void
absent_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
					struct BulkInsertStateData *bulk)
{
	require_preloaded();
}

static void
absent_multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid,
					int options, struct BulkInsertStateData *bulk)
{
	require_preloaded();
}

/* Where the library is: the runs follow the file, and its rows are found in both. */
static void
set_callbacks(TableAmRoutine *routine)
{
	scan_set_callbacks(routine);
	sample_set_callbacks(routine);
	routine->tuple_insert = tuple_insert;
	routine->multi_insert = multi_insert;
	routine->tuple_delete = tuple_delete;
	routine->tuple_update = tuple_update;
	routine->tuple_lock = tuple_lock;
	routine->tuple_fetch_row_version = tuple_fetch_row_version;
	routine->tuple_satisfies_snapshot = tuple_satisfies_snapshot;
	routine->tuple_tid_valid = tuple_tid_valid;
	routine->tuple_get_latest_tid = tuple_get_latest_tid;
	routine->relation_nontransactional_truncate = nontransactional_truncate;
	vacuum_set_callbacks(routine);
}

static void
set_absent_callbacks(TableAmRoutine *routine)
{
	routine->scan_begin = absent_scan_begin;
	routine->tuple_insert = absent_tuple_insert;
	routine->multi_insert = absent_multi_insert;
}

PG_FUNCTION_INFO_V1(spine_am_handler);
Datum
spine_am_handler(PG_FUNCTION_ARGS)
{
	static TableAmRoutine routine;

	if (heap == NULL)
	{
		heap = GetHeapamTableAmRoutine();
		routine = *heap;
		routine.relation_toast_am = toast_am;
		routine.relation_set_new_filelocator = set_new_filelocator;
		routine.relation_copy_data = copy_data;
		routine.index_build_range_scan = index_build_range_scan;
		if (spine_preloaded)
			set_callbacks(&routine);
		else
			set_absent_callbacks(&routine);
	}
	PG_RETURN_POINTER(&routine);
}
