/*
 * past.c
 *		Reading what a native table was, and what has changed in it.
 *
 * Only what is in runs is looked at: a tick shows no more (tick_maker.h).  Groups
 * of which the companion says that no row can be meant are not read.  Relies on
 * times.h for what the times say.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"

#include "am/consolidate.h"
#include "am/file.h"
#include "am/past.h"
#include "am/runscan.h"
#include "am/times.h"

/* The rows in runs with their times, one after the other. */
typedef struct PastScan
{
	RunScan    *scan;			/* NULL: there are no runs */
	TupleDesc	desc;
	TupleTableSlot *timed;
	TupleTableSlot *row;		/* the same without its times */
	int			group;
	int			next;			/* row in it */
	int64		inserted;
	int64		deleted;
} PastScan;

static void
begin_scan(PastScan *scan, Relation rel, Snapshot snapshot)
{
	memset(scan, 0, sizeof(*scan));
	scan->scan = runscan_begin_timed(rel, snapshot);
	scan->desc = times_describe(RelationGetDescr(rel));
	scan->timed = MakeSingleTupleTableSlot(scan->desc, &TTSOpsVirtual);
	scan->row = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
}

static void
end_scan(PastScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->timed);
	ExecDropSingleTupleTableSlot(scan->row);
	if (scan->scan != NULL)
		runscan_end(scan->scan);
}

/* The group that the next row is in; NULL at the end. */
static const GroupInfo *
next_group(PastScan *scan)
{
	return scan->scan == NULL || scan->group >= runscan_groups(scan->scan) ? NULL :
		runscan_group(scan->scan, scan->group);
}

static void
skip_group(PastScan *scan)
{
	scan->group++;
	scan->next = 0;
}

/* The next row of the group, in scan->row; false when it has no more. */
static bool
next_row(PastScan *scan)
{
	const GroupInfo *info = next_group(scan);
	int			natts = scan->row->tts_tupleDescriptor->natts;

	CHECK_FOR_INTERRUPTS();
	if (scan->next == info->nrows)
	{
		skip_group(scan);
		return false;
	}
	runscan_row(scan->scan, scan->group, scan->next++, scan->timed);
	scan->inserted = row_time(scan->timed, TIME_INSERTED(scan->desc));
	scan->deleted = row_time(scan->timed, TIME_DELETED(scan->desc));
	ExecClearTuple(scan->row);
	memcpy(scan->row->tts_values, scan->timed->tts_values, sizeof(Datum) * natts);
	memcpy(scan->row->tts_isnull, scan->timed->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(scan->row);
	return true;
}

static bool
is_shown(const PastScan *scan, int64 tick)
{
	return scan->inserted <= tick && (scan->deleted == TIME_NONE || scan->deleted > tick);
}

static void
put_sums(Consolidation *sums, TupleDesc desc, PastRow row, void *arg)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);

	while (consolidation_next(sums, slot))
		row(arg, slot);
	ExecDropSingleTupleTableSlot(slot);
	consolidation_end(sums);
}

void
past_as_of(Relation rel, Snapshot snapshot, int64 tick, PastRow row, void *arg)
{
	RowOrder   *order = order_of(rel);
	Consolidation *sums = NULL;
	PastScan	scan;
	const GroupInfo *info;

	if (order != NULL && order->ndiffs > 0)
		sums = consolidation_begin(order, RelationGetDescr(rel), true);
	begin_scan(&scan, rel, snapshot);
	while ((info = next_group(&scan)) != NULL)
	{
		if (info->first > tick)
		{
			skip_group(&scan);
			continue;
		}
		while (next_row(&scan))
		{
			if (!is_shown(&scan, tick))
				continue;
			if (sums != NULL)
				consolidation_add(sums, scan.row);
			else
				row(arg, scan.row);
		}
	}
	end_scan(&scan);
	if (sums != NULL)
		put_sums(sums, RelationGetDescr(rel), row, arg);
}

/* ----------------------------------------------------------------
 * Changes
 */

typedef struct Changes
{
	int64	   *ticks;
	int			nticks;
	int64		after;
	PastChange	change;
	void	   *arg;
} Changes;

/* The index of the first tick that knows of a time; nticks if there is none. */
static int
tick_of(const Changes *changes, int64 time)
{
	int			lo = 0;
	int			hi = changes->nticks;

	while (lo < hi)
	{
		int			middle = lo + (hi - lo) / 2;

		if (changes->ticks[middle] < time)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

/*
 * A row came with the first tick after its time, unless it was there before; if it is a
 * past one it went with another, unless that is the same, and no tick has shown it.
 */
static void
tell_changes(const Changes *changes, PastScan *scan)
{
	bool		was_there = changes->after != TIME_NONE && scan->inserted <= changes->after;
	int			came = was_there ? -1 : tick_of(changes, scan->inserted);
	int			went = changes->nticks;

	if (scan->deleted != TIME_NONE)
	{
		if (scan->deleted <= changes->after)
			return;
		went = tick_of(changes, scan->deleted);
	}
	if (came == went)
		return;
	if (came >= 0)
		changes->change(changes->arg, scan->row, changes->ticks[came], 1);
	if (went < changes->nticks)
		changes->change(changes->arg, scan->row, changes->ticks[went], -1);
}

void
past_changes(Relation rel, Snapshot snapshot, int64 after, int64 upto, PastChange change,
			 void *arg)
{
	Changes		changes = {.after = after,.change = change,.arg = arg};
	PastScan	scan;
	const GroupInfo *info;
	NativeFile	file;

	if (!file_find(rel, &file))
		return;
	changes.ticks = ticks_between(file.runs, after, upto, snapshot, &changes.nticks);
	begin_scan(&scan, rel, snapshot);
	while ((info = next_group(&scan)) != NULL)
	{
		if (info->first > upto || (!info->past && after != TIME_NONE && info->last <= after))
			skip_group(&scan);
		else
			while (next_row(&scan))
				tell_changes(&changes, &scan);
	}
	end_scan(&scan);
	pfree(changes.ticks);
}
