/*
 * run_writer.h
 *		Writing a run, row by row.
 */
#ifndef SPINE_AM_RUN_WRITER_H
#define SPINE_AM_RUN_WRITER_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "am/consolidate.h"
#include "am/file.h"
#include "am/group.h"

typedef struct RunWriter
{
	Relation	runs;
	TupleDesc	desc;			/* of the rows: the table's, and their times */
	GroupWriter *group;
	GroupWriter *past;			/* for past rows; NULL: none yet */
	int64		run;
	int64		taken;			/* rows that were added */
	int64		rows;			/* that were written, without past ones */
	int64		past_rows;
	int64		accounted;		/* added ones that were written, or went into others */
	RowOrder   *order;			/* NULL: as they come */
	int32		sorted_by;		/* its hash, or that of the run before; 0: nothing */
	Tuplesortstate *sort;		/* with an order without diffs */
	Consolidation *consolidation;	/* with diffs */
	TupleTableSlot *slot;		/* for what comes out of them */
	MemoryContext context;		/* that it was begun in */
	MemoryContext scratch;
} RunWriter;

/*
 * Begins a run of a table's file, which the caller has opened for writing.  Rows
 * are sorted and consolidated as the table's settings say, but for past ones.  What
 * it allocates is in the current context.
 */
extern RunWriter *run_writer_begin(Relation rel, const NativeFile *file);

/*
 * Begins to write a run anew, with the number that it has: its rows, which are sorted by
 * this order (its hash), stay as they come.
 */
extern RunWriter *run_writer_begin_again(Relation rel, const NativeFile *file, int64 run,
										 int32 order);

/* Adds a row that fits a group, with its times: a virtual tuple of writer->desc. */
extern void run_writer_add(RunWriter *writer, TupleTableSlot *slot);

/* Writes what is left.  Without rows there is no run. */
extern void run_writer_finish(RunWriter *writer);

/* Gives back what it has taken. */
extern void run_writer_end(RunWriter *writer);

#endif
