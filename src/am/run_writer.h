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
	GroupWriter *group;
	int64		run;
	int64		tick;
	int64		taken;			/* rows that were added */
	int64		rows;			/* that were written */
	int64		accounted;		/* added ones that were written, or went into others */
	RowOrder   *order;			/* NULL: as they come */
	Tuplesortstate *sort;		/* with an order without diffs */
	Consolidation *consolidation;	/* with diffs */
	TupleTableSlot *slot;		/* for what comes out of them */
	MemoryContext scratch;
} RunWriter;

/*
 * Begins a run of a table's file, which the caller has opened for writing, with
 * the time that its rows get.  Rows are sorted and consolidated as the table's
 * settings say.  What it allocates is in the current context.
 */
extern RunWriter *run_writer_begin(Relation rel, const NativeFile *file, int64 tick);

/* Adds a row that fits a group. */
extern void run_writer_add(RunWriter *writer, TupleTableSlot *slot);

/* Writes what is left.  Without rows there is no run. */
extern void run_writer_finish(RunWriter *writer);

/* Gives back what it has taken. */
extern void run_writer_end(RunWriter *writer);

#endif
