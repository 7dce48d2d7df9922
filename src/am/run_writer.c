/*
 * run_writer.c
 *		Writing a run, row by row.
 *
 * Rows are collected in a group, which is written to the companion when it is
 * full.  Relies on group.h for the bytes and on runs.h for where they go.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "am/run_writer.h"
#include "am/runs.h"
#include "dev/stop_point.h"

RunWriter *
run_writer_begin(Relation rel, const NativeFile *file, int64 tick)
{
	RunWriter  *writer = palloc0(sizeof(RunWriter));

	writer->runs = table_open(file->runs, RowExclusiveLock);
	writer->run = runs_next_number();
	writer->tick = tick;
	writer->scratch = AllocSetContextCreate(CurrentMemoryContext, "spine run writer",
											ALLOCSET_DEFAULT_SIZES);
	writer->group = group_writer_create(RelationGetDescr(rel), CurrentMemoryContext);
	return writer;
}

static void
flush(RunWriter *writer)
{
	GroupInfo	info = {.group = runs_next_number(), .run = writer->run};
	MemoryContext old = MemoryContextSwitchTo(writer->scratch);
	bytea	   *zone;
	bytea	   *data;

	CHECK_FOR_INTERRUPTS();
	info.nrows = group_writer_rows(writer->group);
	data = group_writer_finish(writer->group, &zone);
	runs_insert(writer->runs, &info, writer->tick, zone, data);
	writer->bytes += VARSIZE(data) + VARSIZE(zone);
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->scratch);
	stop_point("group_written");
}

void
run_writer_add(RunWriter *writer, const Datum *values, const bool *nulls)
{
	if (!group_writer_add(writer->group, values, nulls))
	{
		flush(writer);
		if (!group_writer_add(writer->group, values, nulls))
			elog(ERROR, "a row does not fit an empty group");
	}
	writer->rows++;
	if (group_writer_is_full(writer->group))
		flush(writer);
}

void
run_writer_finish(RunWriter *writer)
{
	if (group_writer_rows(writer->group) > 0)
		flush(writer);
}

void
run_writer_end(RunWriter *writer)
{
	table_close(writer->runs, NoLock);
	MemoryContextDelete(writer->scratch);
}
