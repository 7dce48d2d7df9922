/*
 * run_writer.h
 *		Writing a run, row by row.
 */
#ifndef SPINE_AM_RUN_WRITER_H
#define SPINE_AM_RUN_WRITER_H

#include "postgres.h"

#include "am/file.h"
#include "am/group.h"

typedef struct RunWriter
{
	Relation	runs;
	GroupWriter *group;
	int64		run;
	int64		tick;
	int64		rows;			/* so far */
	Size		bytes;			/* of the groups that are written */
	MemoryContext scratch;
} RunWriter;

/*
 * Begins a run of a table's file, which the caller has opened for writing, with
 * the time that its rows get.  What it allocates is in a child of the current
 * context.
 */
extern RunWriter *run_writer_begin(Relation rel, const NativeFile *file, int64 tick);

/* Adds a row that fits a group. */
extern void run_writer_add(RunWriter *writer, const Datum *values, const bool *nulls);

/* Writes what is left.  If no row was added, there is no run. */
extern void run_writer_finish(RunWriter *writer);

/* Gives back what it has taken. */
extern void run_writer_end(RunWriter *writer);

#endif
