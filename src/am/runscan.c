/*
 * runscan.c
 *		Reading the rows in a table's runs.
 *
 * The groups that the snapshot sees are listed at the beginning, which takes one
 * look at each row of the companion and none at what is in it.  One group is read
 * at a time, into arrays that the rows are then taken from.  Relies on file.h and
 * runs.h for where the groups are, and on group.h for what is in them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "am/file.h"
#include "am/runscan.h"
#include "am/times.h"

struct RunScan
{
	Relation	rel;
	Relation	runs;
	Snapshot	snapshot;
	const Bitmapset *columns;
	pg_atomic_uint64 *shared;
	bool		timed;
	bool		stale;			/* the snapshot is from before the file */
	MemoryContext context;
	GroupInfo  *groups;
	int			ngroups;
	TupleDesc	desc;			/* of the slots, once there was one */
	RowGroup   *group;			/* for that */
	int			loaded;			/* ordinal of the group that was read; -1 = none */
	int			current;		/* ordinal of the group that the scan is in */
	int			row;			/* in it; the last that was returned */
	bool		(*wanted) (void *arg, const bytea *zone);	/* NULL: all are */
	void	   *wanted_arg;
	MemoryContext zone_context; /* for what it allocates */
	int64		groups_read;
	int64		groups_skipped;
};

/*
 * Has the table got its file after the snapshot?  Then the snapshot may see groups that
 * were written anew with it, as they were before (refill.h).
 */
static bool
is_stale(const NativeFile *file, Snapshot snapshot)
{
	return TransactionIdIsValid(file->made_by) && IsMVCCSnapshot(snapshot) &&
		!TransactionIdIsCurrentTransactionId(file->made_by) &&
		XidInMVCCSnapshot(file->made_by, snapshot);
}

static RunScan *
begin(Relation rel, Snapshot snapshot, const Bitmapset *columns, pg_atomic_uint64 *shared,
	  bool timed)
{
	NativeFile	file;
	MemoryContext context;
	MemoryContext old;
	RunScan    *scan;

	if (!file_find(rel, &file))
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "spine runs",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	scan = palloc0(sizeof(RunScan));
	scan->rel = rel;
	scan->runs = table_open(file.runs, AccessShareLock);
	scan->snapshot = snapshot;
	scan->columns = columns;
	scan->shared = shared;
	scan->timed = timed;
	scan->stale = is_stale(&file, snapshot);
	scan->context = context;
	scan->ngroups = runs_list(scan->runs, snapshot, timed, &scan->groups);
	MemoryContextSwitchTo(old);
	runscan_rescan(scan);
	return scan;
}

RunScan *
runscan_begin(Relation rel, Snapshot snapshot, const Bitmapset *columns,
			  pg_atomic_uint64 *shared)
{
	return begin(rel, snapshot, columns, shared, false);
}

RunScan *
runscan_begin_timed(Relation rel, Snapshot snapshot)
{
	return begin(rel, snapshot, NULL, NULL, true);
}

void
runscan_rescan(RunScan *scan)
{
	scan->loaded = -1;
	scan->current = -1;
	scan->row = 0;
}

void
runscan_filter(RunScan *scan, bool (*wanted) (void *arg, const bytea *zone), void *arg)
{
	scan->wanted = wanted;
	scan->wanted_arg = arg;
	if (scan->zone_context == NULL)
		scan->zone_context = AllocSetContextCreate(scan->context, "spine zone",
												   ALLOCSET_SMALL_SIZES);
}

void
runscan_set_columns(RunScan *scan, const Bitmapset *columns)
{
	scan->columns = columns;
	scan->loaded = -1;
}

void
runscan_counts(const RunScan *scan, int64 *read, int64 *skipped)
{
	*read = scan->groups_read;
	*skipped = scan->groups_skipped;
}

void
runscan_end(RunScan *scan)
{
	table_close(scan->runs, AccessShareLock);
	MemoryContextDelete(scan->context);
}

int
runscan_runs(const RunScan *scan)
{
	int			runs = 0;

	for (int i = 0; i < scan->ngroups; i++)
		runs += i == 0 || scan->groups[i].run != scan->groups[i - 1].run;
	return runs;
}

int
runscan_groups(const RunScan *scan)
{
	return scan->ngroups;
}

int64
runscan_rows(const RunScan *scan)
{
	int64		rows = 0;

	for (int i = 0; i < scan->ngroups; i++)
		rows += scan->groups[i].nrows;
	return rows;
}

BlockNumber
runscan_pages(const RunScan *scan)
{
	BlockNumber pages = RelationGetNumberOfBlocks(scan->runs);
	Oid			toast = scan->runs->rd_rel->reltoastrelid;

	if (OidIsValid(toast))
	{
		Relation	rel = table_open(toast, AccessShareLock);

		pages += RelationGetNumberOfBlocks(rel);
		table_close(rel, AccessShareLock);
	}
	return pages;
}

const GroupInfo *
runscan_group(const RunScan *scan, int group)
{
	return &scan->groups[group];
}

/* The row of a group, which the snapshot has seen; its buffer is pinned. */
static void
fetch(RunScan *scan, const GroupInfo *info, HeapTuple tuple, Buffer *buffer)
{
	tuple->t_self = info->tid;
	if (!heap_fetch(scan->runs, scan->snapshot, tuple, buffer, false))
		elog(ERROR, "group " INT64_FORMAT " of table \"%s\" is gone", info->group,
			 RelationGetRelationName(scan->rel));
}

static void
check_rows(RunScan *scan, const GroupInfo *info)
{
	if (scan->group->nrows == info->nrows)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("group " INT64_FORMAT " of table \"%s\" is damaged", info->group,
					RelationGetRelationName(scan->rel)),
			 errdetail("It has %d rows where its companion says %d.",
					   scan->group->nrows, info->nrows),
			 errhint("Restore the table from a backup.")));
}

/*
 * Rows are read as their reader describes them.  While ALTER TABLE writes a table anew,
 * the table's own description is already that of what is to come.
 */
static void
follow(RunScan *scan, TupleDesc desc)
{
	MemoryContext old;

	if (scan->desc == desc)
		return;
	if (scan->group != NULL)
		group_free(scan->group);
	scan->desc = desc;
	scan->loaded = -1;
	old = MemoryContextSwitchTo(scan->context);
	scan->group = group_create(scan->desc, scan->timed ? TIME_COLUMNS : 0, scan->context);
	MemoryContextSwitchTo(old);
}

/*
 * What the columns had by default that such a group is without is forgotten: it may
 * be null, or not.
 */
static void
check_stale(RunScan *scan)
{
	if (!scan->stale || !scan->group->has_gaps)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not read table \"%s\" as it was", RelationGetRelationName(scan->rel)),
			 errdetail("It was written anew since the transaction's snapshot was taken, and what was in columns that had been added to it is not known any more."),
			 errhint("The transaction might succeed if retried.")));
}

static void
load(RunScan *scan, int ordinal)
{
	const GroupInfo *info = &scan->groups[ordinal];
	HeapTupleData tuple;
	Buffer		buffer;
	Datum		data;
	bool		isnull;
	MemoryContext old;

	if (scan->loaded == ordinal)
		return;
	CHECK_FOR_INTERRUPTS();
	scan->loaded = -1;
	fetch(scan, info, &tuple, &buffer);
	data = heap_getattr(&tuple, RUNS_DATA, RelationGetDescr(scan->runs), &isnull);
	old = MemoryContextSwitchTo(scan->context);
	group_read(scan->group, scan->desc, (struct varlena *) DatumGetPointer(data), scan->columns);
	MemoryContextSwitchTo(old);
	ReleaseBuffer(buffer);
	check_rows(scan, info);
	check_stale(scan);
	scan->loaded = ordinal;
}

/* Has the group the scan is in perhaps rows that are wanted? */
static bool
is_wanted(RunScan *scan)
{
	const GroupInfo *info = &scan->groups[scan->current];
	HeapTupleData tuple;
	Buffer		buffer = InvalidBuffer;
	Datum		zone = PointerGetDatum(info->zone);
	bool		isnull;
	bool		wanted;
	MemoryContext old;

	/* Zones know no more than groups do. */
	if (scan->wanted == NULL || scan->stale)
		return true;
	CHECK_FOR_INTERRUPTS();
	if (info->zone == NULL)
	{
		fetch(scan, info, &tuple, &buffer);
		zone = heap_getattr(&tuple, RUNS_ZONE, RelationGetDescr(scan->runs), &isnull);
	}
	old = MemoryContextSwitchTo(scan->zone_context);
	wanted = scan->wanted(scan->wanted_arg, (bytea *) PG_DETOAST_DATUM_PACKED(zone));
	MemoryContextSwitchTo(old);
	MemoryContextReset(scan->zone_context);
	if (BufferIsValid(buffer))
		ReleaseBuffer(buffer);
	return wanted;
}

void
runscan_row(RunScan *scan, int group, int row, TupleTableSlot *slot)
{
	int			natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	follow(scan, slot->tts_tupleDescriptor);
	load(scan, group);
	for (int i = 0; i < natts; i++)
	{
		bool	   *nulls = scan->group->nulls[i];

		if (scan->group->values[i] == NULL)
		{
			slot->tts_values[i] = (Datum) 0;
			slot->tts_isnull[i] = true;
			continue;
		}
		slot->tts_values[i] = scan->group->values[i][row];
		slot->tts_isnull[i] = nulls != NULL && nulls[row];
	}
	ExecStoreVirtualTuple(slot);
	ItemPointerSet(&slot->tts_tid, GROUP_BLOCK(scan->groups[group].group), row + 1);
	slot->tts_tableOid = RelationGetRelid(scan->rel);
}

/* Goes to the next group that has not been taken; false at the end. */
static bool
step(RunScan *scan, bool forward)
{
	if (scan->shared != NULL)
	{
		uint64		next = pg_atomic_fetch_add_u64(scan->shared, 1);

		scan->current = (int) Min(next, (uint64) scan->ngroups);
	}
	else
		scan->current += forward ? 1 : -1;
	return scan->current >= 0 && scan->current < scan->ngroups;
}

static bool
step_to_wanted(RunScan *scan, bool forward)
{
	while (step(scan, forward))
	{
		bool		wanted = is_wanted(scan);

		scan->groups_read += wanted;
		scan->groups_skipped += !wanted;
		if (wanted)
			return true;
	}
	return false;
}

bool
runscan_next(RunScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	bool		forward = !ScanDirectionIsBackward(direction);
	bool		inside = scan->current >= 0 && scan->current < scan->ngroups;

	scan->row += forward ? 1 : -1;
	if (!inside || scan->row < 0 || scan->row >= scan->groups[scan->current].nrows)
	{
		/* At an end it stays, so that the other direction finds the last row. */
		if ((forward && scan->current >= scan->ngroups) ||
			(!forward && scan->current < 0) || !step_to_wanted(scan, forward))
		{
			ExecClearTuple(slot);
			return false;
		}
		scan->row = forward ? 0 : scan->groups[scan->current].nrows - 1;
	}
	runscan_row(scan, scan->current, scan->row, slot);
	return true;
}

const RowGroup *
runscan_next_group(RunScan *scan, ScanDirection direction, TupleDesc desc, BlockNumber *block)
{
	bool		forward = !ScanDirectionIsBackward(direction);

	/* At an end it stays, as above. */
	if ((forward && scan->current >= scan->ngroups) || (!forward && scan->current < 0) ||
		!step_to_wanted(scan, forward))
		return NULL;
	follow(scan, desc);
	load(scan, scan->current);
	*block = GROUP_BLOCK(scan->groups[scan->current].group);
	return scan->group;
}
