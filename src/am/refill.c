/*
 * refill.c
 *		Writing runs anew where they lack columns.
 *
 * A column that was added with a default is in no group that is older; its value is
 * in the catalog, until VACUUM FULL has written all rows of the table anew and
 * forgets it.  So that has to be true of the rows in runs, too.  Each run keeps its
 * number, by which its spine knows it, and its rows their order and their times.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "am/file.h"
#include "am/refill.h"
#include "am/run_writer.h"
#include "am/runs.h"
#include "am/runscan.h"
#include "dev/stop_point.h"

static bool
has_missing(TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->atthasmissing)
			return true;
	return false;
}

static void
copy_group(RunScan *scan, int ordinal, RunWriter *writer, TupleTableSlot *slot)
{
	const GroupInfo *info = runscan_group(scan, ordinal);

	for (int row = 0; row < info->nrows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		runscan_row(scan, ordinal, row, slot);
		run_writer_add(writer, slot);
	}
	runs_delete(writer->runs, info);
}

/* The groups of one run; returns the ordinal of the next one's first. */
static int
copy_run(Relation rel, const NativeFile *file, RunScan *scan, int ordinal)
{
	const GroupInfo *first = runscan_group(scan, ordinal);
	int64		run = first->run;
	RunWriter  *writer = run_writer_begin_again(rel, file, run, first->order);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(writer->desc, &TTSOpsVirtual);

	for (; ordinal < runscan_groups(scan) && runscan_group(scan, ordinal)->run == run; ordinal++)
		copy_group(scan, ordinal, writer, slot);
	run_writer_finish(writer);
	ExecDropSingleTupleTableSlot(slot);
	run_writer_end(writer);
	stop_point("run_refilled");
	return ordinal;
}

void
runs_refill(Relation rel)
{
	Snapshot	snapshot;
	RunScan    *scan;
	NativeFile	file;
	int			ordinal = 0;

	if (!has_missing(RelationGetDescr(rel)) || !file_find(rel, &file))
		return;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = runscan_begin_timed(rel, snapshot);
	while (ordinal < runscan_groups(scan))
		ordinal = copy_run(rel, &file, scan, ordinal);
	runscan_end(scan);
	UnregisterSnapshot(snapshot);
}
