/*
 * zone.c
 *		The least and the greatest value of each column of a row group.
 *
 * Most columns are of a few types by value, which are compared as integers here;
 * the others by what their type's btree class has for sorting.
 *
 * A zone is a format byte, and for each column a ZoneEntry with the bytes of
 * both values behind it, unaligned.
 */
#include "postgres.h"

#include <math.h>

#include "access/tupmacs.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "am/pack.h"
#include "am/zone.h"

#define ZONE_FORMAT 1

#define FLAG_NULLS 0x01
#define FLAG_ALL_NULL 0x02
#define FLAG_KNOWN 0x04

/* How the values of a column are compared. */
typedef enum ZoneOrder
{
	ORDER_NONE,
	ORDER_GENERAL,
	ORDER_BYTE,
	ORDER_INT16,
	ORDER_INT32,
	ORDER_INT64,
	ORDER_UINT32,
	ORDER_UINT64,
	ORDER_FLOAT4,
	ORDER_FLOAT8
} ZoneOrder;

typedef struct ZoneEntry
{
	int16		attnum;
	uint8		flags;
	uint8		low_size;		/* bytes */
	uint8		high_size;
} ZoneEntry;

typedef struct ZoneSide
{
	ZoneOrder	order;
	SortSupportData sort;		/* with ORDER_GENERAL */
	uint8		flags;
	Datum		low;
	Datum		high;
} ZoneSide;

struct ZoneWriter
{
	TupleDesc	desc;
	MemoryContext copies;		/* what the values point to */
	ZoneSide   *columns;		/* [attnum - 1] */
};

/* ----------------------------------------------------------------
 * Orders
 */

static ZoneOrder
order_of(Oid compare)
{
	switch (compare)
	{
		case F_BTBOOLCMP:
		case F_BTCHARCMP:
			return ORDER_BYTE;
		case F_BTINT2CMP:
			return ORDER_INT16;
		case F_BTINT4CMP:
		case F_DATE_CMP:
			return ORDER_INT32;
		case F_BTINT8CMP:
		case F_TIME_CMP:
		case F_TIMESTAMP_CMP:
		case F_TIMESTAMPTZ_CMP:
		case F_CASH_CMP:
			return ORDER_INT64;
		case F_BTOIDCMP:
			return ORDER_UINT32;
		case F_PG_LSN_CMP:
		case F_XID8CMP:
			return ORDER_UINT64;
		case F_BTFLOAT4CMP:
			return ORDER_FLOAT4;
		case F_BTFLOAT8CMP:
			return ORDER_FLOAT8;
	}
	return ORDER_GENERAL;
}

static void
find_order(ZoneSide *column, Form_pg_attribute att, MemoryContext context)
{
	TypeCacheEntry *type = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR | TYPECACHE_CMP_PROC);

	if (!OidIsValid(type->cmp_proc) || !OidIsValid(type->lt_opr))
		return;
	column->order = att->attbyval ? order_of(type->cmp_proc) : ORDER_GENERAL;
	if (column->order != ORDER_GENERAL)
		return;
	column->sort.ssup_cxt = context;
	column->sort.ssup_collation = att->attcollation;
	PrepareSortSupportFromOrderingOp(type->lt_opr, &column->sort);
}

ZoneWriter *
zone_writer_create(TupleDesc desc, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ZoneWriter *writer = palloc(sizeof(ZoneWriter));

	writer->desc = desc;
	writer->copies = AllocSetContextCreate(context, "spine zone", ALLOCSET_SMALL_SIZES);
	writer->columns = palloc0(sizeof(ZoneSide) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			find_order(&writer->columns[i], TupleDescAttr(desc, i), context);
	MemoryContextSwitchTo(old);
	return writer;
}

void
zone_writer_reset(ZoneWriter *writer)
{
	MemoryContextReset(writer->copies);
	for (int i = 0; i < writer->desc->natts; i++)
		writer->columns[i].flags = 0;
}

/* ----------------------------------------------------------------
 * Least and greatest
 */

/* As btree has it: -0 is 0, and nothing is greater than NaN. */
static inline int64
float_key(double value)
{
	int64		bits;

	if (isnan(value))
		return PG_INT64_MAX;
	if (value == 0)
		return 0;
	memcpy(&bits, &value, sizeof(bits));
	return bits ^ (bits >> 63 & PG_INT64_MAX);
}

/* An integer that has the order of the values. */
static pg_attribute_always_inline int64
key_of(ZoneOrder order, Datum value)
{
	switch (order)
	{
		case ORDER_BYTE:
			return (uint8) value;
		case ORDER_INT16:
			return DatumGetInt16(value);
		case ORDER_INT32:
			return DatumGetInt32(value);
		case ORDER_INT64:
			return (int64) value;
		case ORDER_UINT32:
			return DatumGetUInt32(value);
		case ORDER_UINT64:
			return (int64) ((uint64) value ^ (UINT64CONST(1) << 63));
		case ORDER_FLOAT4:
			return float_key(DatumGetFloat4(value));
		case ORDER_FLOAT8:
			return float_key(DatumGetFloat8(value));
		default:
			return 0;
	}
}

static pg_attribute_always_inline void
extremes(ZoneOrder order, const Datum *values, const bool *nulls, int nrows, ZoneSide *column)
{
	int64		least = PG_INT64_MAX;
	int64		greatest = PG_INT64_MIN;

	for (int i = 0; i < nrows; i++)
	{
		int64		key = key_of(order, values[i]);

		if (nulls != NULL && nulls[i])
			continue;
		if (key <= least)
		{
			least = key;
			column->low = values[i];
		}
		if (key >= greatest)
		{
			greatest = key;
			column->high = values[i];
		}
	}
}

static void
extremes_by_key(const Datum *values, const bool *nulls, int nrows, ZoneSide *column)
{
#define EXTREMES(order) case order: extremes(order, values, nulls, nrows, column); break
	switch (column->order)
	{
		EXTREMES(ORDER_BYTE);
		EXTREMES(ORDER_INT16);
		EXTREMES(ORDER_INT32);
		EXTREMES(ORDER_INT64);
		EXTREMES(ORDER_UINT32);
		EXTREMES(ORDER_UINT64);
		EXTREMES(ORDER_FLOAT4);
		EXTREMES(ORDER_FLOAT8);
		default:
			break;
	}
#undef EXTREMES
}

static void
extremes_by_sort(const Datum *values, const bool *nulls, int nrows, ZoneSide *column)
{
	SortSupport sort = &column->sort;
	bool		first = true;

	for (int i = 0; i < nrows; i++)
	{
		if (nulls != NULL && nulls[i])
			continue;
		if (first || ApplySortComparator(values[i], false, column->low, false, sort) < 0)
			column->low = values[i];
		if (first || ApplySortComparator(values[i], false, column->high, false, sort) > 0)
			column->high = values[i];
		first = false;
	}
}

static Size
value_size(Form_pg_attribute att, Datum value)
{
	return att->attbyval ? (Size) att->attlen : att_addlength_datum(0, att->attlen, value);
}

/* Comparing long values is not worth its time: the extremes will hardly be short. */
static bool
are_long(Form_pg_attribute att, const Datum *values, const bool *nulls, int nrows, int count)
{
	Size		bytes = 0;

	if (att->attlen > 0)
		return att->attlen > ZONE_VALUE_BYTES;
	for (int i = 0; i < nrows; i++)
		if (nulls == NULL || !nulls[i])
			bytes += value_size(att, values[i]);
	return bytes / count > ZONE_VALUE_BYTES;
}

static int
count_values(const bool *nulls, int nrows)
{
	int			count = 0;

	for (int i = 0; i < nrows; i++)
		count += nulls == NULL || !nulls[i];
	return count;
}

/* The extremes are in column->low and high, for which there is room. */
static void
keep_extremes(ZoneWriter *writer, ZoneSide *column, Form_pg_attribute att)
{
	MemoryContext old;

	if (value_size(att, column->low) > ZONE_VALUE_BYTES ||
		value_size(att, column->high) > ZONE_VALUE_BYTES)
		return;
	old = MemoryContextSwitchTo(writer->copies);
	column->low = datumCopy(column->low, att->attbyval, att->attlen);
	column->high = datumCopy(column->high, att->attbyval, att->attlen);
	column->flags |= FLAG_KNOWN;
	MemoryContextSwitchTo(old);
}

void
zone_writer_column(ZoneWriter *writer, int attnum, const Datum *values, const bool *nulls,
				   int nrows)
{
	ZoneSide   *column = &writer->columns[attnum - 1];
	Form_pg_attribute att = TupleDescAttr(writer->desc, attnum - 1);
	int			count = count_values(nulls, nrows);

	column->flags = (count < nrows ? FLAG_NULLS : 0) | (count == 0 ? FLAG_ALL_NULL : 0);
	if (count == nrows)
		nulls = NULL;
	if (count == 0 || column->order == ORDER_NONE)
		return;
	if (column->order != ORDER_GENERAL)
		extremes_by_key(values, nulls, nrows, column);
	else if (!are_long(att, values, nulls, nrows, count))
		extremes_by_sort(values, nulls, nrows, column);
	else
		return;
	keep_extremes(writer, column, att);
}

/* ----------------------------------------------------------------
 * The zone
 */

static uint8
append_value(StringInfo out, Form_pg_attribute att, Datum value)
{
	Size		size = value_size(att, value);
	Datum		bytes = value;

	if (att->attbyval)
		store_att_byval(&bytes, value, att->attlen);
	appendBinaryStringInfo(out, att->attbyval ? (const char *) &bytes : DatumGetPointer(value),
						   size);
	return size;
}

static void
append_entry(StringInfo out, const ZoneSide *column, Form_pg_attribute att)
{
	ZoneEntry	entry = {.attnum = att->attnum,.flags = column->flags};
	int			start = out->len;

	appendBinaryStringInfo(out, (const char *) &entry, sizeof(entry));
	if (column->flags & FLAG_KNOWN)
	{
		entry.low_size = append_value(out, att, column->low);
		entry.high_size = append_value(out, att, column->high);
	}
	memcpy(out->data + start, &entry, sizeof(entry));
}

bytea *
zone_writer_finish(ZoneWriter *writer)
{
	StringInfoData out;

	piece_begin(&out);
	appendStringInfoChar(&out, ZONE_FORMAT);
	for (int i = 0; i < writer->desc->natts; i++)
		if (!TupleDescAttr(writer->desc, i)->attisdropped)
			append_entry(&out, &writer->columns[i], TupleDescAttr(writer->desc, i));
	return piece_end(&out);
}

static Datum
value_of(const char *bytes, Size size, Form_pg_attribute att)
{
	char	   *copy = palloc0(Max(size, sizeof(Datum)));

	memcpy(copy, bytes, size);
	if (size == 0 || (att->attlen == -1 && (!VARATT_IS_1B(copy) || VARSIZE_1B(copy) != size) &&
					  (!VARATT_IS_4B_U(copy) || VARSIZE_4B(copy) != size)) ||
		(att->attlen == -2 && strnlen(copy, size) + 1 != size) ||
		(att->attlen > 0 && (Size) att->attlen != size))
		group_corrupted("Its zone has a value of the wrong length.");
	return fetch_att(copy, att->attbyval, att->attlen);
}

/* The entry of a column, copied; what follows it; or NULL. */
static const char *
find_entry(const bytea *zone, int attnum, ZoneEntry *entry)
{
	const char *at = VARDATA_ANY(zone);
	const char *end = at + VARSIZE_ANY_EXHDR(zone);

	if (at == end || *at++ != ZONE_FORMAT)
		group_corrupted("Its zone has an unknown format.");
	while (at < end)
	{
		if ((Size) (end - at) < sizeof(ZoneEntry))
			group_corrupted("Its zone is cut off.");
		memcpy(entry, at, sizeof(ZoneEntry));
		at += sizeof(ZoneEntry);
		if (entry->low_size + entry->high_size > end - at)
			group_corrupted("Its zone is cut off.");
		if (entry->attnum == attnum)
			return at;
		at += entry->low_size + entry->high_size;
	}
	return NULL;
}

void
zone_read(const bytea *zone, TupleDesc desc, int attnum, ZoneColumn *column)
{
	Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
	ZoneEntry	entry;
	const char *values = find_entry(zone, attnum, &entry);

	memset(column, 0, sizeof(ZoneColumn));
	column->has_nulls = values == NULL || (entry.flags & FLAG_NULLS) != 0;
	column->all_null = values != NULL && (entry.flags & FLAG_ALL_NULL) != 0;
	column->known = values != NULL && (entry.flags & FLAG_KNOWN) != 0;
	if (!column->known)
		return;
	column->low = value_of(values, entry.low_size, att);
	column->high = value_of(values + entry.low_size, entry.high_size, att);
}
