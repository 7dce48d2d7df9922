/*
 * sample.c
 *		TABLESAMPLE, ANALYZE, and how big the planner takes a native table for.
 *
 * All three think in blocks.  For TABLESAMPLE the rows in runs are in blocks of
 * SAMPLE_ROWS each, numbered after those of the delta.  ANALYZE asks for blocks
 * of the main fork only, whatever an access method may have besides; so with each
 * of them it gets a share of the runs' rows.  If those are too many, it gets every
 * so manieth row only, of the delta as well, but all of them are counted.
 */
#include "postgres.h"

#include <math.h>

#include "access/heapam.h"
#include "access/tsmapi.h"
#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"

#include "am/file.h"
#include "am/scan.h"
#include "state/tables.h"
#include "compat.h"

/* Rows of a group in one block, for TABLESAMPLE. */
#define SAMPLE_ROWS 128

/* Rows and groups of the runs that ANALYZE looks at, more or less, at most. */
#define ANALYZE_ROWS 300000
#define ANALYZE_GROUPS 300

struct NativeSample
{
	/* TABLESAMPLE */
	BlockNumber delta_blocks;
	BlockNumber nblocks;		/* all */
	BlockNumber block;			/* the current one; InvalidBlockNumber: none yet */
	OffsetNumber maxoffset;		/* in it */
	int		   *first_block;	/* of each group, after the delta's */

	/* ANALYZE */
	double		fraction;		/* of the rows that are shown */
	double		group_fraction; /* of the groups that are read */
	double		row_fraction;	/* of the rows in them that are shown */
	double		share;			/* of the groups, for one block */
	double		due;			/* groups, up to the current block */
	int			group;			/* the next one */
	int			row;			/* the next row in it */
	pg_prng_state random;
};

static const TableAmRoutine *heap;

/* --------------------------------------------------------------------
 * TABLESAMPLE
 */

static NativeSample *
begin_sample(NativeScan *scan)
{
	NativeSample *sample = palloc0(sizeof(NativeSample));
	int			ngroups = scan->runs == NULL ? 0 : runscan_groups(scan->runs);

	sample->delta_blocks = RelationGetNumberOfBlocks(scan->base.rs_rd);
	sample->nblocks = sample->delta_blocks;
	sample->block = InvalidBlockNumber;
	sample->first_block = palloc(sizeof(int) * (ngroups + 1));
	for (int i = 0; i < ngroups; i++)
	{
		sample->first_block[i] = (int) (sample->nblocks - sample->delta_blocks);
		sample->nblocks += (runscan_group(scan->runs, i)->nrows + SAMPLE_ROWS - 1) / SAMPLE_ROWS;
	}
	return sample;
}

/* How many rows a block may have: in the delta, of which not all can be seen. */
static OffsetNumber
delta_maxoffset(NativeScan *scan, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(scan->base.rs_rd, block);
	OffsetNumber max;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	max = PageGetMaxOffsetNumber(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	return max;
}

/* The group that a block is of: the last that does not begin after it. */
static int
group_of_block(NativeScan *scan, int block)
{
	int			lo = 0;
	int			hi = runscan_groups(scan->runs) - 1;

	while (lo < hi)
	{
		int			middle = lo + (hi - lo + 1) / 2;

		if (scan->sample->first_block[middle] <= block)
			lo = middle;
		else
			hi = middle - 1;
	}
	return lo;
}

/* The first row of the current block in its group. */
static int
first_row(NativeScan *scan, int *group)
{
	int			block = (int) (scan->sample->block - scan->sample->delta_blocks);

	*group = group_of_block(scan, block);
	return (block - scan->sample->first_block[*group]) * SAMPLE_ROWS;
}

static bool
scan_sample_next_block(TableScanDesc base, SampleScanState *state)
{
	NativeScan *scan = (NativeScan *) base;
	NativeSample *sample;
	TsmRoutine *tsm = state->tsmroutine;

	if (scan->sample == NULL)
		scan->sample = begin_sample(scan);
	sample = scan->sample;
	if (sample->nblocks == 0)
		return false;
	if (tsm->NextSampleBlock != NULL)
		sample->block = tsm->NextSampleBlock(state, sample->nblocks);
	else
	{
		sample->block = sample->block == InvalidBlockNumber ? 0 : sample->block + 1;
		if (sample->block >= sample->nblocks)
			sample->block = InvalidBlockNumber;
	}
	if (!BlockNumberIsValid(sample->block))
		return false;
	if (sample->block < sample->delta_blocks)
		sample->maxoffset = delta_maxoffset(scan, sample->block);
	else
	{
		int			group;
		int			row = first_row(scan, &group);

		sample->maxoffset = Min(SAMPLE_ROWS, runscan_group(scan->runs, group)->nrows - row);
	}
	return true;
}

/* A row of the delta by its number in the current block; false if it cannot be seen. */
static bool
fetch_from_delta(NativeScan *scan, OffsetNumber offset, TupleTableSlot *slot)
{
	ItemPointerData tid;

	ItemPointerSet(&tid, scan->sample->block, offset);
	return heap->tuple_fetch_row_version(scan->base.rs_rd, &tid, scan->base.rs_snapshot,
										 slot);
}

static bool
scan_sample_next_tuple(TableScanDesc base, SampleScanState *state, TupleTableSlot *slot)
{
	NativeScan *scan = (NativeScan *) base;
	NativeSample *sample = scan->sample;

	for (;;)
	{
		OffsetNumber offset = state->tsmroutine->NextSampleTuple(state, sample->block,
																 sample->maxoffset);
		int			group;
		int			row;

		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		if (!OffsetNumberIsValid(offset))
			return false;
		if (sample->block < sample->delta_blocks)
		{
			if (fetch_from_delta(scan, offset, slot))
				return true;
			continue;
		}
		row = first_row(scan, &group) + offset - 1;
		runscan_row(scan->runs, group, row, slot);
		return true;
	}
}

/* --------------------------------------------------------------------
 * ANALYZE
 */

static NativeSample *
begin_analyze(NativeScan *scan)
{
	NativeSample *sample = palloc0(sizeof(NativeSample));
	double		rows = (double) runscan_rows(scan->runs);
	int			ngroups = runscan_groups(scan->runs);
	BlockNumber nblocks = RelationGetNumberOfBlocks(scan->base.rs_rd);

	sample->fraction = Min(1.0, ANALYZE_ROWS / Max(rows, 1.0));
	sample->group_fraction = Max(sample->fraction,
								 Min(1.0, (double) ANALYZE_GROUPS / Max(ngroups, 1)));
	sample->row_fraction = sample->fraction / sample->group_fraction;
	sample->share = (double) ngroups / Max(nblocks, 1);
	pg_prng_seed(&sample->random, pg_prng_uint64(&pg_global_prng_state));
	return sample;
}

/* The next group of the block's share that is to be read; false if none is left. */
static bool
next_group(NativeScan *scan, double *liverows)
{
	NativeSample *sample = scan->sample;

	while (sample->group < runscan_groups(scan->runs) && sample->group < sample->due)
	{
		*liverows += runscan_group(scan->runs, sample->group)->nrows;
		if (pg_prng_double(&sample->random) < sample->group_fraction)
			return true;
		sample->group++;
	}
	return false;
}

/* ANALYZE sorts the tuples that it makes of its rows by where they are. */
static void
make_tuple(TupleTableSlot *slot)
{
	ExecMaterializeSlot(slot);
	if (TTS_IS_BUFFERTUPLE(slot))
		((BufferHeapTupleTableSlot *) slot)->base.tuple->t_self = slot->tts_tid;
}

/* Shows rows of the runs, as many as belong to the current block. */
static bool
analyze_runs(NativeScan *scan, double *liverows, TupleTableSlot *slot)
{
	NativeSample *sample = scan->sample;

	for (;;)
	{
		if (sample->row == 0 && !next_group(scan, liverows))
			return false;
		while (sample->row < runscan_group(scan->runs, sample->group)->nrows)
		{
			int			row = sample->row++;

			if (pg_prng_double(&sample->random) < sample->row_fraction)
			{
				runscan_row(scan->runs, sample->group, row, slot);
				make_tuple(slot);
				return true;
			}
		}
		sample->group++;
		sample->row = 0;
	}
}

static bool
scan_analyze_next_tuple(TableScanDesc base, TransactionId oldest, double *liverows,
						double *deadrows, TupleTableSlot *slot)
{
	NativeScan *scan = (NativeScan *) base;

	if (scan->runs == NULL)
		return heap->scan_analyze_next_tuple(scan->delta, oldest, liverows, deadrows, slot);
	if (analyze_runs(scan, liverows, slot))
		return true;
	while (heap->scan_analyze_next_tuple(scan->delta, oldest, liverows, deadrows, slot))
		if (pg_prng_double(&scan->sample->random) < scan->sample->fraction)
			return true;
	return false;
}

/* Another block, and its share of the runs. */
static void
begin_block(NativeScan *scan)
{
	if (scan->runs == NULL)
		return;
	if (scan->sample == NULL)
		scan->sample = begin_analyze(scan);
	scan->sample->due += scan->sample->share;
}

#if PG_VERSION_NUM < 170000
static bool
scan_analyze_next_block(TableScanDesc base, BlockNumber block, BufferAccessStrategy strategy)
{
	NativeScan *scan = (NativeScan *) base;

	begin_block(scan);
	return heap->scan_analyze_next_block(scan->delta, block, strategy);
}
#else
static bool
scan_analyze_next_block(TableScanDesc base, ReadStream *stream)
{
	NativeScan *scan = (NativeScan *) base;

	if (!heap->scan_analyze_next_block(scan->delta, stream))
		return false;
	begin_block(scan);
	return true;
}
#endif

/* --------------------------------------------------------------------
 * Estimates
 */

/* Rows and pages of the runs that the latest snapshot sees. */
static void
estimate_runs(Relation rel, BlockNumber *pages, double *tuples)
{
	Snapshot	snapshot = RegisterSnapshot(latest_snapshot());
	RunScan    *runs = runscan_begin(rel, snapshot, NULL, NULL);

	if (runs != NULL)
	{
		*tuples += (double) runscan_rows(runs);
		*pages += runscan_pages(runs);
		runscan_end(runs);
	}
	UnregisterSnapshot(snapshot);
}

/*
 * What pg_class says of the table is about both after ANALYZE, and about the delta
 * after VACUUM, hence of no use here.  The delta is taken for full: at worst it has
 * room for as many rows as have left it for the runs.
 */
double
sample_delta_rows(Relation rel, int32 *widths)
{
	int32		width = get_relation_data_width(RelationGetRelid(rel), widths) +
		(int32) (MAXALIGN(SizeofHeapTupleHeader) + sizeof(ItemIdData));

	return floor((BLCKSZ - SizeOfPageHeaderData) / (double) width) *
		RelationGetNumberOfBlocks(rel);
}

static void
relation_estimate_size(Relation rel, int32 *widths, BlockNumber *pages, double *tuples,
					   double *allvisfrac)
{
	NativeFile	file;

	if (!file_find(rel, &file))
	{
		heap->relation_estimate_size(rel, widths, pages, tuples, allvisfrac);
		return;
	}
	*pages = RelationGetNumberOfBlocks(rel);
	*tuples = sample_delta_rows(rel, widths);
	*allvisfrac = 0;
	estimate_runs(rel, pages, tuples);
}

void
sample_set_callbacks(TableAmRoutine *routine)
{
	heap = GetHeapamTableAmRoutine();
	routine->scan_sample_next_block = scan_sample_next_block;
	routine->scan_sample_next_tuple = scan_sample_next_tuple;
	routine->scan_analyze_next_block = scan_analyze_next_block;
	routine->scan_analyze_next_tuple = scan_analyze_next_tuple;
	routine->relation_estimate_size = relation_estimate_size;
}
