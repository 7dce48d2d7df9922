/*
 * merge.c
 *		Merging runs of a native table.
 *
 * Native tables have a merge function like those of users, so that their merge
 * requests are claimed, timed, repeated, parked and shown like all others.
 * It moves rows from the companion's old groups to new ones; the result that the
 * merger queues in the same transaction tells the spine.  Readers see the old
 * groups or the new, by their snapshots, and vacuum takes the old away.
 *
 * What no tick that is kept can tell apart any more is made the same: rows that all
 * of them show lose the time they were inserted, and past rows that none shows
 * are dropped.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "am/file.h"
#include "am/merge.h"
#include "am/run_writer.h"
#include "am/runs.h"
#include "am/runscan.h"
#include "am/ticks.h"
#include "am/times.h"
#include "dev/stop_point.h"
#include "state/progress.h"
#include "state/tables.h"

typedef struct RunMerge
{
	Relation	rel;
	RunScan    *scan;
	RunWriter  *writer;
	TupleTableSlot *slot;		/* with times */
	int64		since;			/* the first tick that is kept; PG_INT64_MAX: none */
	int64		read;			/* rows */
	int64		dropped;		/* past ones */
	List	   *merged;			/* ordinals of groups, to be deleted */
} RunMerge;

static void
no_such_run(Relation rel, int64 run)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("run " INT64_FORMAT " of table \"%s\" is not there", run,
					RelationGetRelationName(rel)),
			 errdetail("The table's spine names it, but its companion has no group of it."),
			 errhint("VACUUM FULL, or any other command that writes the table anew, gives it a new spine; no row is lost by that.")));
}

/* Sets times before since to none; false for a row that is not shown from then on. */
static bool
advance_times(RunMerge *merge)
{
	TupleTableSlot *slot = merge->slot;
	TupleDesc	desc = slot->tts_tupleDescriptor;
	int64		deleted = row_time(slot, TIME_DELETED(desc));

	if (deleted != TIME_NONE && deleted <= merge->since)
		return false;
	if (row_time(slot, TIME_INSERTED(desc)) <= merge->since)
		set_row_time(slot, TIME_INSERTED(desc), TIME_NONE);
	return true;
}

/* Copies one group's rows. */
static void
merge_group(RunMerge *merge, int ordinal)
{
	const GroupInfo *info = runscan_group(merge->scan, ordinal);
	int			nrows = info->nrows;

	if (info->past && merge->since == PG_INT64_MAX)
		merge->dropped += nrows;
	else
		for (int row = 0; row < nrows; row++)
		{
			runscan_row(merge->scan, ordinal, row, merge->slot);
			if (advance_times(merge))
				run_writer_add(merge->writer, merge->slot);
			else
				merge->dropped++;
		}
	merge->read += nrows;
	merge->merged = lappend_int(merge->merged, ordinal);
	progress_report(merge->read);
}

/* Groups are listed by run, so one look finds where a run begins. */
static void
merge_run(RunMerge *merge, int64 run)
{
	int			ngroups = runscan_groups(merge->scan);
	int			lo = 0;
	int			hi = ngroups;

	while (lo < hi)
	{
		int			middle = lo + (hi - lo) / 2;

		if (runscan_group(merge->scan, middle)->run < run)
			lo = middle + 1;
		else
			hi = middle;
	}
	if (lo == ngroups || runscan_group(merge->scan, lo)->run != run)
		no_such_run(merge->rel, run);
	for (; lo < ngroups && runscan_group(merge->scan, lo)->run == run; lo++)
	{
		CHECK_FOR_INTERRUPTS();
		merge_group(merge, lo);
	}
}

/* A merge conserves, whatever else is wrong. */
static void
check_conserved(const RunMerge *merge)
{
	if (merge->read == merge->writer->taken + merge->dropped &&
		merge->writer->taken == merge->writer->accounted)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("merging runs of table \"%s\" has not kept all rows",
					RelationGetRelationName(merge->rel)),
			 errdetail("It has read " INT64_FORMAT ", dropped " INT64_FORMAT ", and accounted for " INT64_FORMAT ".",
					   merge->read, merge->dropped, merge->writer->accounted),
			 errhint("Nothing has been changed.  Please report it.")));
}

static void
delete_merged(RunMerge *merge)
{
	ListCell   *cell;

	foreach(cell, merge->merged)
		runs_delete(merge->writer->runs, runscan_group(merge->scan, lfirst_int(cell)));
	stop_point("runs_deleted");
}

/* The first tick that is kept, as a time; none of those before is needed. */
static int64
since_of(const NativeFile *file, Snapshot snapshot)
{
	Tick		first;

	return tick_find_first(file->runs, snapshot, &first) ? first.tick : PG_INT64_MAX;
}

static bool
is_stale(const GroupInfo *info, int32 order, int64 since)
{
	return (info->past && since == PG_INT64_MAX) ||
		(info->last != TIME_NONE && info->last <= since) ||
		(info->first != TIME_NONE && info->first <= since) ||
		(!info->past && info->order != order);
}

bool
runs_are_stale(Relation rel, const NativeFile *file, Snapshot snapshot)
{
	Relation	runs = table_open(file->runs, AccessShareLock);
	int64		since = since_of(file, snapshot);
	RowOrder   *order = order_of(rel);
	GroupInfo  *groups;
	int			count = runs_list(runs, snapshot, true, &groups);
	bool		stale = false;

	table_close(runs, AccessShareLock);
	for (int i = 0; i < count && !stale; i++)
		stale = is_stale(&groups[i], order == NULL ? 0 : order->hash, since);
	pfree(groups);
	return stale;
}

void
runs_merge(Relation rel, ArrayType *parts, MergeOutput *output)
{
	RunMerge	merge = {.rel = rel};
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	NativeFile	file;
	Datum	   *names;
	int			count;
	Datum		part;

	deconstruct_array(parts, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &count);
	merge.scan = runscan_begin_timed(rel, snapshot);
	if (merge.scan == NULL || !file_find(rel, &file))
		no_such_run(rel, 0);
	merge.since = since_of(&file, snapshot);
	merge.writer = run_writer_begin(rel, &file);
	merge.slot = MakeSingleTupleTableSlot(merge.writer->desc, &TTSOpsVirtual);
	for (int i = 0; i < count; i++)
		merge_run(&merge, pg_strtoint64(TextDatumGetCString(names[i])));
	ExecDropSingleTupleTableSlot(merge.slot);
	run_writer_finish(merge.writer);
	check_conserved(&merge);
	delete_merged(&merge);
	part = CStringGetTextDatum(psprintf(INT64_FORMAT, merge.writer->run));
	output->len = merge.writer->rows;
	output->parts = output->len + merge.writer->past_rows == 0 ?
		construct_empty_array(TEXTOID) :
		construct_array(&part, 1, TEXTOID, -1, false, TYPALIGN_INT);
	output->runs = construct_empty_array(INT4OID);
	run_writer_end(merge.writer);
	runscan_end(merge.scan);
	UnregisterSnapshot(snapshot);
}

char *
runs_merge_function(void)
{
	const char *schema = quote_identifier(get_namespace_name(get_rel_namespace(spine_tables(false)->file)));

	return psprintf("%s.spine_merge_runs(%s.spine_merge_request)", schema, schema);
}
