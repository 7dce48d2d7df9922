/*
 * run_writer.c
 *		Writing a run, row by row.
 *
 * Rows are collected in a group, which is written to the companion when it is
 * full; before that, all of them are sorted, or sorted and consolidated, if the
 * table has an order or diff columns.  Past rows, which few will ever ask for, go
 * into groups of their own, as they come.  Relies on order.h and consolidate.h for
 * the order, on group.h for the bytes and on runs.h for where they go.
 */
#include "postgres.h"

#include "access/table.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "am/run_writer.h"
#include "am/runs.h"
#include "am/times.h"
#include "dev/stop_point.h"

static void
begin_sorting(RunWriter *writer)
{
	if (writer->order->ndiffs > 0)
	{
		order_add_inserted(writer->order, writer->desc);
		writer->consolidation = consolidation_begin(writer->order, writer->desc, false);
		writer->slot = MakeSingleTupleTableSlot(writer->desc, &TTSOpsVirtual);
	}
	else
	{
		writer->sort = order_sort(writer->order, writer->desc);
		writer->slot = MakeSingleTupleTableSlot(writer->desc, &TTSOpsMinimalTuple);
	}
}

RunWriter *
run_writer_begin_again(Relation rel, const NativeFile *file, int64 run, int32 order)
{
	RunWriter  *writer = palloc0(sizeof(RunWriter));

	writer->runs = table_open(file->runs, RowExclusiveLock);
	writer->desc = times_describe(RelationGetDescr(rel));
	writer->run = run;
	writer->sorted_by = order;
	writer->context = CurrentMemoryContext;
	writer->scratch = AllocSetContextCreate(CurrentMemoryContext, "spine run writer",
											ALLOCSET_DEFAULT_SIZES);
	writer->group = group_writer_create(writer->desc, TIME_COLUMNS, CurrentMemoryContext);
	return writer;
}

RunWriter *
run_writer_begin(Relation rel, const NativeFile *file)
{
	RowOrder   *order = order_of(rel);
	RunWriter  *writer = run_writer_begin_again(rel, file, runs_next_number(),
												order == NULL ? 0 : order->hash);

	writer->order = order;
	if (writer->order != NULL)
		begin_sorting(writer);
	return writer;
}

static void
flush(RunWriter *writer, GroupWriter *group)
{
	GroupInfo	info = {.group = runs_next_number(),.run = writer->run};
	MemoryContext old = MemoryContextSwitchTo(writer->scratch);
	bytea	   *zone;
	bytea	   *data;

	CHECK_FOR_INTERRUPTS();
	info.nrows = group_writer_rows(group);
	info.past = group == writer->past;
	info.order = writer->sorted_by;
	group_writer_range(group, TIME_INSERTED(writer->desc), TIME_NONE, &info.first, &info.last);
	data = group_writer_finish(group, &zone);
	runs_insert(writer->runs, &info, zone, data);
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->scratch);
	stop_point("group_written");
}

static void
write_to(RunWriter *writer, GroupWriter *group, TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	if (!group_writer_add(group, slot->tts_values, slot->tts_isnull))
	{
		flush(writer, group);
		if (!group_writer_add(group, slot->tts_values, slot->tts_isnull))
			elog(ERROR, "a row does not fit an empty group");
	}
	if (group_writer_is_full(group))
		flush(writer, group);
}

static void
write_row(RunWriter *writer, TupleTableSlot *slot)
{
	write_to(writer, writer->group, slot);
	writer->rows++;
}

static void
write_past_row(RunWriter *writer, TupleTableSlot *slot)
{
	if (writer->past == NULL)
		writer->past = group_writer_create(writer->desc, TIME_COLUMNS, writer->context);
	write_to(writer, writer->past, slot);
	writer->past_rows++;
}

void
run_writer_add(RunWriter *writer, TupleTableSlot *slot)
{
	writer->taken++;
	if (!slot->tts_isnull[TIME_DELETED(writer->desc)])
		write_past_row(writer, slot);
	else if (writer->consolidation != NULL)
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
		flush(writer, writer->group);
	if (writer->past != NULL && group_writer_rows(writer->past) > 0)
		flush(writer, writer->past);
	writer->accounted = writer->past_rows +
		(writer->consolidation != NULL ? consolidation_rows(writer->consolidation) : writer->rows);
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
	if (writer->past != NULL)
		group_writer_free(writer->past);
	table_close(writer->runs, NoLock);
	MemoryContextDelete(writer->scratch);
}
