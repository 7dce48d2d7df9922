/*
 * compact.c
 *		Bringing all rows of a native table into one run, at once.
 *
 * What mergers would do one after the other, in the caller's transaction: the
 * spine is driven to a single batch (spine_force_compaction), and the result of the
 * merge that this asks for is applied to it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "am/absorb.h"
#include "am/compact.h"
#include "am/merge.h"
#include "dev/stop_point.h"
#include "state/claims.h"
#include "state/exertion.h"
#include "state/merge.h"
#include "state/progress.h"
#include "state/results.h"
#include "state/trace_row.h"

/* How long to wait before looking whether mergers are done: ms. */
#define LOOK_PAUSE 50

/* Has a merger claimed runs, which would not be its any more when we are done? */
static bool
are_being_merged(Oid relid, int64 generation)
{
	TimestampTz now = GetCurrentTimestamp();
	SnapshotData dirty;
	ListCell   *cell;

	InitDirtySnapshot(dirty);
	foreach(cell, claims_open(relid, generation, 0, PG_INT64_MAX, &dirty))
		if (claim_state(lfirst(cell), now) != CLAIM_LAPSED)
			return true;
	return false;
}

/*
 * Does anybody wait for a lock on the table?  Ours may be one that the server keeps
 * with the process, of which it could not tell who waits for it.
 */
static bool
is_waited_for(Oid relid)
{
	LockData   *locks = GetLockStatusData();
	LOCKTAG		tag;
	bool		found = false;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relid);
	for (int i = 0; i < locks->nelements && !found; i++)
		found = locks->locks[i].waitLockMode != NoLock &&
			memcmp(&locks->locks[i].locktag, &tag, sizeof(tag)) == 0;
	pfree(locks->locks);
	pfree(locks);
	return found;
}

/*
 * Who waits for our lock on the table may be in the way of mergers: then waiting for
 * these could be for ever.
 */
static void
wait_for_mergers(Relation rel)
{
	if (is_waited_for(RelationGetRelid(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("runs of table \"%s\" are being merged", RelationGetRelationName(rel)),
				 errdetail("Somebody is waiting for a lock on it meanwhile."),
				 errhint("Try again; spine_progress and spine_claims show what is being merged.")));
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_PAUSE,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* What mergers have done already. */
static void
apply_results(Oid relid)
{
	while (results_apply(relid, PG_INT16_MAX, PG_INT32_MAX) == WORK_MORE)
		;
}

static bool
is_stale(Relation rel)
{
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	NativeFile	file;
	bool		stale = file_find(rel, &file) && runs_are_stale(rel, &file, snapshot);

	UnregisterSnapshot(snapshot);
	return stale;
}

/*
 * The spine's only batch with updates, if it is one that consists of several hollow
 * ones, or is not as it would be written now.
 */
static SpineBatch *
batch_to_merge(Relation rel, Spine *spine)
{
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	bool		stale = is_stale(rel);
	SpineBatch *batch;

	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
		if (batch->hollow > 1 || (stale && batch->len > 0))
			return batch;
	return NULL;
}

/* The parts of all of them, in their order. */
static ArrayType *
parts_of(Spine *spine, const SpineBatch *batch)
{
	BatchScan  *scan = batches_begin(spine->relid, batch->lo, batch->hi, NULL);
	ArrayBuildState *parts = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	BatchRow   *row;

	while ((row = batches_next(scan)) != NULL)
	{
		Datum	   *elements;
		int			count;

		deconstruct_array(row->parts, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL,
						  &count);
		for (int i = 0; i < count; i++)
			accumArrayResult(parts, elements[i], false, TEXTOID, CurrentMemoryContext);
	}
	batches_end(scan);
	return DatumGetArrayTypeP(makeArrayResult(parts, CurrentMemoryContext));
}

static void
merge_all(Relation rel, Spine *spine, const SpineBatch *batch)
{
	BatchRow	row = {.desc = batch->desc};
	const char *missing;
	MergeOutput output;
	Progress	outer;

	progress_begin(&(Progress)
				   {
					   .phase = PROGRESS_COMPACTING, .relid = spine->relid,
					   .lo = batch->lo, .hi = batch->hi, .len = batch->len
				   }, &outer);
	PG_TRY();
	{
		runs_merge(rel, parts_of(spine, batch), &output);
	}
	PG_FINALLY();
	{
		progress_end(&outer);
	}
	PG_END_TRY();
	row.len = output.len;
	row.parts = output.parts;
	row.runs = output.runs;
	if (spine_apply(spine, &row, NULL, &missing) != APPLIED_EXACT)
		elog(ERROR, "merging all runs of table \"%s\" was in vain",
			 RelationGetRelationName(rel));
	stop_point("runs_compacted");
}

/*
 * With the claim lock held until the end: who claims after us sees what we have made.
 * The spine is locked, so that there is an end of what mergers are at.
 */
static Spine *
open_unclaimed(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	for (;;)
	{
		Spine	   *spine;

		claims_lock(relid);
		apply_results(relid);
		spine = spine_open(relid);
		if (!are_being_merged(relid, spine->generation))
			return spine;
		claims_unlock(relid);
		wait_for_mergers(rel);
	}
}

int64
compact(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	Absorption	absorbed;
	Spine	   *spine;
	SpineBatch *batch;
	LevelsWalk	walk;
	int64		rows = 0;

	(void) absorb(rel, 0, true, &absorbed);
	/* The run that it has written is merged with the others. */
	CommandCounterIncrement();
	if (!trace_row_exists(relid))
		return 0;
	spine = open_unclaimed(rel);
	(void) spine_force_merges(spine);
	batch = batch_to_merge(rel, spine);
	if (batch != NULL)
		merge_all(rel, spine, batch);
	walk = (LevelsWalk) LEVELS_WALK_START(&spine->trace.levels);
	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
		rows += batch->len;
	return rows;
}
