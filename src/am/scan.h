/*
 * scan.h
 *		Scans of native tables: first the rows in the runs, then the delta.
 */
#ifndef SPINE_AM_SCAN_H
#define SPINE_AM_SCAN_H

#include "postgres.h"

#include "access/tableam.h"

#include "am/consolidate.h"
#include "am/runscan.h"

/* A scan that samples goes through blocks: those of the delta, then others. */
typedef struct NativeSample NativeSample;

typedef struct NativeScan
{
	TableScanDescData base;
	TableScanDesc delta;		/* the heap's own */
	RunScan    *runs;			/* NULL: none */
	Snapshot	snapshot;		/* registered for the runs' sake; NULL: none */
	bool		in_delta;
	int64		delta_rows;		/* that were read there */
	bool		has_range;		/* of tids, for a TID range scan */
	ItemPointerData min;
	ItemPointerData max;
	RowOrder   *order;			/* with diff columns; NULL: none */
	Consolidation *consolidation;	/* of the whole; NULL: not begun */
	TupleTableSlot *row;		/* what goes into it */
	MemoryContext context;		/* that the scan was begun in */
	NativeSample *sample;		/* sample.c's; NULL: it does not sample */
} NativeScan;

/*
 * The next row of the delta alone, in a slot for a heap's rows.  in_delta is its
 * caller's affair.
 */
extern bool native_scan_next_in_delta(TableScanDesc scan, ScanDirection direction,
									  TupleTableSlot *slot);

/* Counts rows of the runs that were read, for statistics, as the heap does those of the delta. */
extern void native_scan_count(TableScanDesc scan, int rows);

/* Puts the callbacks for scans into a routine that is otherwise the heap's. */
extern void scan_set_callbacks(TableAmRoutine *routine);

/* The same for TABLESAMPLE, ANALYZE and the planner's estimates. */
extern void sample_set_callbacks(TableAmRoutine *routine);

/*
 * How many rows the delta may have, by its size.  widths are the columns' as far as
 * they are known, by their numbers, as for relation_estimate_size.
 */
extern double sample_delta_rows(Relation rel, int32 *widths);

#endif
