/*
 * group_test.c
 *		Row groups, chunks and zones for tests, without the tables that are made
 *		of them.  What each function does is told in group_test.sql.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "common/pg_prng.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "am/chunk.h"
#include "am/group.h"
#include "am/group_format.h"
#include "am/pack.h"
#include "am/zone.h"

/* Rows of a table, as its scan gives them. */
typedef struct Rows
{
	Relation	rel;
	TupleDesc	desc;
	int			n;
	Datum	  **values;			/* [attnum - 1][row] */
	bool	  **nulls;
} Rows;

PG_FUNCTION_INFO_V1(spine_group_write);
PG_FUNCTION_INFO_V1(spine_group_check);
PG_FUNCTION_INFO_V1(spine_zone_check);
PG_FUNCTION_INFO_V1(spine_group_flip);
PG_FUNCTION_INFO_V1(spine_chunk_fuzz);

/* ----------------------------------------------------------------
 * Rows
 */

static TableScanDesc
begin_scan(Relation rel)
{
	return table_beginscan_strat(rel, GetActiveSnapshot(), 0, NULL, true, false);
}

/* So many rows, or all that there are, from first on. */
static Rows
read_rows(Oid relid, int64 first, int n)
{
	Rows		rows = {.rel = table_open(relid, AccessShareLock)};
	TupleTableSlot *slot = table_slot_create(rows.rel, NULL);
	TableScanDesc scan = begin_scan(rows.rel);
	int			natts = RelationGetDescr(rows.rel)->natts;
	Datum	   *values = palloc(sizeof(Datum) * natts);
	bool	   *nulls = palloc(natts);

	rows.desc = RelationGetDescr(rows.rel);
	rows.values = palloc(sizeof(Datum *) * natts);
	rows.nulls = palloc(sizeof(bool *) * natts);
	for (int i = 0; i < natts; i++)
	{
		rows.values[i] = palloc(sizeof(Datum) * n);
		rows.nulls[i] = palloc(n);
	}
	while (rows.n < n && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		if (first-- > 0)
			continue;
		heap_deform_tuple(ExecCopySlotHeapTuple(slot), rows.desc, values, nulls);
		for (int i = 0; i < natts; i++)
		{
			rows.values[i][rows.n] = values[i];
			rows.nulls[i][rows.n] = nulls[i];
		}
		rows.n++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return rows;
}

static void
close_rows(Rows *rows)
{
	table_close(rows->rel, AccessShareLock);
}

static Bitmapset *
columns_arg(FunctionCallInfo fcinfo, int n)
{
	Bitmapset  *columns = NULL;
	ArrayType  *array;

	if (PG_ARGISNULL(n))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(n);
	for (int i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
		columns = bms_add_member(columns, ((int32 *) ARR_DATA_PTR(array))[i]);
	return columns;
}

/* ----------------------------------------------------------------
 * Round trips
 */

Datum
spine_group_write(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(PG_GETARG_OID(0), AccessShareLock);
	ArrayType  *sizes = PG_GETARG_ARRAYTYPE_P(1);
	int			nsizes = ArrayGetNItems(ARR_NDIM(sizes), ARR_DIMS(sizes));
	GroupWriter *writer = group_writer_create(RelationGetDescr(rel), 0, CurrentMemoryContext);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = begin_scan(rel);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		first = 0;
	int			ngroups = 0;
	bool		more;

	InitMaterializedSRF(fcinfo, 0);
	do
	{
		int			size = ((int32 *) ARR_DATA_PTR(sizes))[ngroups++ % nsizes];
		bool		nulls[4] = {0};
		Datum		values[4];
		bytea	   *zone;

		while ((more = table_scan_getnextslot(scan, ForwardScanDirection, slot)))
		{
			slot_getallattrs(slot);
			if (!group_writer_add(writer, slot->tts_values, slot->tts_isnull))
				elog(ERROR, "a group that is not full takes no row");
			if (group_writer_rows(writer) == size || group_writer_is_full(writer))
				break;
		}
		values[0] = Int64GetDatum(first);
		values[1] = Int32GetDatum(group_writer_rows(writer));
		first += group_writer_rows(writer);
		values[2] = PointerGetDatum(group_writer_finish(writer, &zone));
		values[3] = PointerGetDatum(zone);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[2]));
	} while (more);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	group_writer_free(writer);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

static bool
is_equal(const Rows *rows, int i, int row, Datum value, bool null)
{
	Form_pg_attribute att = TupleDescAttr(rows->desc, i);

	if (null || rows->nulls[i][row] || att->attisdropped)
		return null && (rows->nulls[i][row] || att->attisdropped);
	return datum_image_eq(value, rows->values[i][row], att->attbyval, att->attlen);
}

/* How many values are equal; false if any is not. */
static bool
compare(const RowGroup *group, const Rows *rows, const Bitmapset *columns, int64 *count)
{
	for (int i = 0; i < group->natts; i++)
	{
		bool		wanted = columns == NULL || bms_is_member(i + 1, columns);

		if (wanted != (group->values[i] != NULL))
			return false;
		for (int row = 0; wanted && row < group->nrows; row++, (*count)++)
			if (!is_equal(rows, i, row, group->values[i][row],
						  group->nulls[i] != NULL && group->nulls[i][row]))
				return false;
	}
	return true;
}

Datum
spine_group_check(PG_FUNCTION_ARGS)
{
	Rows		rows = read_rows(PG_GETARG_OID(0), PG_GETARG_INT64(1), GROUP_ROWS);
	struct varlena *data = (struct varlena *) PG_GETARG_POINTER(2);
	Bitmapset  *columns = columns_arg(fcinfo, 3);
	RowGroup   *group = group_create(rows.desc, 0, CurrentMemoryContext);
	int64		count;

	/* The second time, everything is read in the place of what is there. */
	for (int round = 0; round < 2; round++)
	{
		count = 0;
		group_read(group, rows.desc, data, columns);
		if (group->nrows > rows.n || !compare(group, &rows, columns, &count))
			elog(ERROR, "value " INT64_FORMAT " differs", count);
	}
	group_free(group);
	close_rows(&rows);
	PG_RETURN_INT64(count);
}

/* ----------------------------------------------------------------
 * Zones
 */

static int
compare_values(Form_pg_attribute att, Datum a, Datum b)
{
	TypeCacheEntry *type = lookup_type_cache(att->atttypid, TYPECACHE_CMP_PROC_FINFO);

	return DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo, att->attcollation, a, b));
}

static void
check_zone_column(const Rows *rows, int i, const ZoneColumn *column)
{
	Form_pg_attribute att = TupleDescAttr(rows->desc, i);
	int			nulls = 0;
	int			lowest = 0;
	int			highest = 0;

	for (int row = 0; row < rows->n; row++)
	{
		int			low;
		int			high;

		if (rows->nulls[i][row])
			nulls++;
		if (rows->nulls[i][row] || !column->known)
			continue;
		low = compare_values(att, rows->values[i][row], column->low);
		high = compare_values(att, rows->values[i][row], column->high);
		if (low < 0 || high > 0)
			elog(ERROR, "column %d, row %d is out of the zone", i + 1, row);
		lowest += low == 0;
		highest += high == 0;
	}
	/* a column that is not in the zone may have nulls, for all that is known */
	if (column->has_nulls < (nulls > 0) || column->all_null > (nulls == rows->n) ||
		(column->known && (column->has_nulls != (nulls > 0) || lowest == 0 || highest == 0)))
		elog(ERROR, "the zone of column %d is wrong", i + 1);
}

Datum
spine_zone_check(PG_FUNCTION_ARGS)
{
	Rows		rows = read_rows(PG_GETARG_OID(0), PG_GETARG_INT64(1), PG_GETARG_INT32(2));
	bytea	   *zone = PG_GETARG_BYTEA_PP(3);
	int			known = 0;

	for (int i = 0; i < rows.desc->natts; i++)
	{
		ZoneColumn	column;

		if (TupleDescAttr(rows.desc, i)->attisdropped)
			continue;
		zone_read(zone, rows.desc, i + 1, &column);
		check_zone_column(&rows, i, &column);
		known += column.known;
	}
	close_rows(&rows);
	PG_RETURN_INT32(known);
}

/* ----------------------------------------------------------------
 * Corruption
 */

/* True if the error that has just been caught is that of corrupted data. */
static bool
is_corrupted(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (error->sqlerrcode != ERRCODE_DATA_CORRUPTED)
		ReThrowError(error);
	FlushErrorState();
	FreeErrorData(error);
	return true;
}

/* Makes all checksums right again, so that what else is wrong has to be found. */
static void
seal(bytea *data)
{
	GroupHeader *header = (GroupHeader *) data;
	GroupEntry *entries = (GroupEntry *) (header + 1);

	if (GROUP_HEADER_SIZE(header->nchunks) > VARSIZE(data))
		return;
	for (int i = 0; i < header->nchunks; i++)
		if ((Size) entries[i].offset + entries[i].size <= VARSIZE(data))
			entries[i].crc = group_chunk_crc((char *) data + entries[i].offset, entries[i].size);
	header->crc = group_header_crc(header, entries);
}

Datum
spine_group_flip(PG_FUNCTION_ARGS)
{
	Rows		rows = read_rows(PG_GETARG_OID(0), PG_GETARG_INT64(1), GROUP_ROWS);
	bytea	   *data = PG_GETARG_BYTEA_P(2);
	bool		sealed = PG_GETARG_BOOL(3);
	Size		size = VARSIZE(data);
	bytea	   *copy = palloc(size);
	RowGroup   *group = group_create(rows.desc, 0, CurrentMemoryContext);
	MemoryContext context = CurrentMemoryContext;
	volatile int corrupted = 0;

	for (volatile Size i = VARHDRSZ; i < size; i++)
	{
		int64		count = 0;

		CHECK_FOR_INTERRUPTS();
		memcpy(copy, data, size);
		((char *) copy)[i] ^= 1 << pg_prng_uint64_range(&pg_global_prng_state, 0, 7);
		if (sealed)
			seal(copy);
		PG_TRY();
		{
			group_read(group, rows.desc, copy, NULL);
			if (!sealed && !compare(group, &rows, NULL, &count))
				elog(ERROR, "byte %zu was changed, and nobody noticed", i);
		}
		PG_CATCH();
		{
			corrupted += is_corrupted(context);
		}
		PG_END_TRY();
	}
	close_rows(&rows);
	PG_RETURN_INT32(corrupted);
}

/* What by-reference values that were read point to is in the chunk, as a whole. */
static void
check_inside(Form_pg_attribute att, const struct varlena *chunk, const Datum *values,
			 const bool *nulls, int nrows)
{
	const char *start = (const char *) chunk;
	const char *end = start + VARSIZE(chunk);

	for (int row = 0; row < nrows; row++)
	{
		const char *value = DatumGetPointer(values[row]);

		/* split into planes, they are put together elsewhere */
		if (att->attbyval || nulls[row] || (att->attlen > 0 && (value < start || value >= end)))
			continue;
		if (value < start || value + datumGetSize(values[row], false, att->attlen) > end)
			elog(ERROR, "a value of a corrupted chunk is outside");
	}
}

static bool
read_corrupted(Form_pg_attribute att, struct varlena *chunk, int nrows)
{
	Datum	   *values = palloc(sizeof(Datum) * nrows);
	bool	   *nulls = palloc0(nrows);
	MemoryContext context = CurrentMemoryContext;
	volatile bool corrupted = false;

	PG_TRY();
	{
		if (!chunk_read(chunk, att, nrows, values, nulls))
			memset(nulls, false, nrows);
		check_inside(att, chunk, values, nulls, nrows);
	}
	PG_CATCH();
	{
		corrupted = is_corrupted(context);
	}
	PG_END_TRY();
	return corrupted;
}

/* Some bytes are changed, the first ones more often; and some of the end is lost. */
static void
corrupt(struct varlena *chunk)
{
	pg_prng_state *state = &pg_global_prng_state;
	Size		size = VARSIZE(chunk);

	for (uint64 n = pg_prng_uint64_range(state, 0, 3); n > 0; n--)
	{
		uint64		last = pg_prng_bool(state) ? Min(size - 1, 64) : size - 1;

		if (last >= VARHDRSZ)
			((char *) chunk)[pg_prng_uint64_range(state, VARHDRSZ, last)] = (char) pg_prng_uint64(state);
	}
	if (pg_prng_bool(state))
		SET_VARSIZE(chunk, pg_prng_uint64_range(state, VARHDRSZ, size));
}

Datum
spine_chunk_fuzz(PG_FUNCTION_ARGS)
{
	Rows		rows = read_rows(PG_GETARG_OID(0), 0, PG_GETARG_INT32(1));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "fuzz",
												  ALLOCSET_DEFAULT_SIZES);
	int			corrupted = 0;

	for (int i = 0; i < rows.desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(rows.desc, i);
		struct varlena *chunk;

		if (att->attisdropped)
			continue;
		for (int row = 0; att->attlen == -1 && row < rows.n; row++)
			if (!rows.nulls[i][row])
				rows.values[i][row] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(rows.values[i][row]));
		chunk = piece_unpack(chunk_write(att, rows.values[i], rows.nulls[i], rows.n));
		for (int round = 0; round < PG_GETARG_INT32(2); round++)
		{
			MemoryContext old = MemoryContextSwitchTo(scratch);
			struct varlena *copy = memcpy(palloc(VARSIZE(chunk)), chunk, VARSIZE(chunk));

			CHECK_FOR_INTERRUPTS();
			corrupt(copy);
			corrupted += read_corrupted(att, copy, rows.n);
			MemoryContextSwitchTo(old);
			MemoryContextReset(scratch);
		}
	}
	close_rows(&rows);
	PG_RETURN_INT32(corrupted);
}
