/*
 * run_writer.c
 *		Writing a run, row by row.
 *
 * Rows are collected in a group, which is written to the companion when it is
 * full; before that, all of them are sorted, or sorted and consolidated, if the
 * table has an order or diff columns.  Relies on order.h and consolidate.h for
 * that, on group.h for the bytes and on runs.h for where they go.
 */
#include "postgres.h"

#include "access/table.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "am/run_writer.h"
#include "am/runs.h"
#include "dev/stop_point.h"

RunWriter *
run_writer_begin(Relation rel, const NativeFile *file, int64 tick)
{
	RunWriter  *writer = palloc0(sizeof(RunWriter));
	TupleDesc	desc = RelationGetDescr(rel);

	writer->runs = table_open(file->runs, RowExclusiveLock);
	writer->run = runs_next_number();
	writer->tick = tick;
	writer->scratch = AllocSetContextCreate(CurrentMemoryContext, "spine run writer",
											ALLOCSET_DEFAULT_SIZES);
	writer->group = group_writer_create(desc, CurrentMemoryContext);
	writer->order = order_of(rel);
	if (writer->order != NULL && writer->order->ndiffs > 0)
	{
		writer->consolidation = consolidation_begin(writer->order, desc, false);
		writer->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	}
	else if (writer->order != NULL)
	{
		writer->sort = order_sort(writer->order, desc);
		writer->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	}
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
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->scratch);
	stop_point("group_written");
}

static void
write_row(RunWriter *writer, TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	if (!group_writer_add(writer->group, slot->tts_values, slot->tts_isnull))
	{
		flush(writer);
		if (!group_writer_add(writer->group, slot->tts_values, slot->tts_isnull))
			elog(ERROR, "a row does not fit an empty group");
	}
	writer->rows++;
	if (group_writer_is_full(writer->group))
		flush(writer);
}

void
run_writer_add(RunWriter *writer, TupleTableSlot *slot)
{
	writer->taken++;
	if (writer->consolidation != NULL)
		consolidation_add(writer->consolidation, slot);
	else if (writer->sort != NULL)
		tuplesort_puttupleslot(writer->sort, slot);
	else
		write_row(writer, slot);
}

void
run_writer_finish(RunWriter *writer)
{
	if (writer->consolidation != NULL)
		while (consolidation_next(writer->consolidation, writer->slot))
			write_row(writer, writer->slot);
	if (writer->sort != NULL)
	{
		tuplesort_performsort(writer->sort);
		while (tuplesort_gettupleslot(writer->sort, true, false, writer->slot, NULL))
			write_row(writer, writer->slot);
	}
	if (group_writer_rows(writer->group) > 0)
		flush(writer);
	writer->accounted = writer->consolidation != NULL ?
		consolidation_rows(writer->consolidation) : writer->rows;
}

void
run_writer_end(RunWriter *writer)
{
	if (writer->consolidation != NULL)
		consolidation_end(writer->consolidation);
	if (writer->sort != NULL)
		tuplesort_end(writer->sort);
	if (writer->slot != NULL)
		ExecDropSingleTupleTableSlot(writer->slot);
	group_writer_free(writer->group);
	table_close(writer->runs, NoLock);
	MemoryContextDelete(writer->scratch);
}
