/*
 * group_time.c
 *		What row groups cost, in bytes and time: see group_test.sql.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/group.h"

PG_FUNCTION_INFO_V1(spine_group_time);

typedef struct Totals
{
	int64		rows;
	int64		bytes;
	int64		values;			/* that were read */
	double		write_ns;
	double		read_ns;
} Totals;

static double
since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_DOUBLE(now) * 1e9;
}

/* Finishes a group and reads it so many times; the fastest counts. */
static void
finish(GroupWriter *writer, RowGroup *group, TupleDesc desc, const Bitmapset *columns, int rounds,
	   Totals *totals)
{
	instr_time	start;
	double		fastest = 0;
	bytea	   *zone;
	bytea	   *data;

	totals->rows += group_writer_rows(writer);
	INSTR_TIME_SET_CURRENT(start);
	data = group_writer_finish(writer, &zone);
	totals->write_ns += since(start);
	totals->bytes += VARSIZE(data) + VARSIZE(zone);
	for (int round = 0; round < rounds; round++)
	{
		double		time;

		INSTR_TIME_SET_CURRENT(start);
		group_read(group, desc, data, columns);
		time = since(start);
		fastest = round == 0 ? time : Min(fastest, time);
	}
	totals->read_ns += fastest;
	totals->values += (int64) group->nrows * (columns == NULL ? desc->natts : bms_num_members(columns));
	pfree(data);
	pfree(zone);
}

static Totals
measure(Relation rel, const Bitmapset *columns, int rounds)
{
	Totals		totals = {0};
	TupleDesc	desc = RelationGetDescr(rel);
	GroupWriter *writer = group_writer_create(desc, 0, CurrentMemoryContext);
	RowGroup   *group = group_create(desc, 0, CurrentMemoryContext);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		instr_time	start;

		slot_getallattrs(slot);
		INSTR_TIME_SET_CURRENT(start);
		group_writer_add(writer, slot->tts_values, slot->tts_isnull);
		totals.write_ns += since(start);
		if (group_writer_is_full(writer))
			finish(writer, group, desc, columns, rounds, &totals);
	}
	if (group_writer_rows(writer) > 0)
		finish(writer, group, desc, columns, rounds, &totals);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	group_writer_free(writer);
	group_free(group);
	return totals;
}

Datum
spine_group_time(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(PG_GETARG_OID(0), AccessShareLock);
	Bitmapset  *columns = NULL;
	Totals		totals;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!PG_ARGISNULL(2))
	{
		ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);

		for (int i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
			columns = bms_add_member(columns, ((int32 *) ARR_DATA_PTR(array))[i]);
	}
	totals = measure(rel, columns, PG_GETARG_INT32(1));
	values[0] = Int64GetDatum(totals.rows);
	values[1] = Int64GetDatum(totals.bytes);
	values[2] = Float8GetDatum(totals.write_ns / Max(totals.rows, 1));
	values[3] = Float8GetDatum(totals.read_ns / Max(totals.values, 1));
	table_close(rel, AccessShareLock);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
