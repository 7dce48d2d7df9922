/*
 * zone.c
 *		The least and the greatest value of each column of a row group.
 *
 * A zone is a format byte, and for each column a ZoneEntry with the bytes of
 * both values behind it, unaligned.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "am/extremes.h"
#include "am/pack.h"
#include "am/zone.h"

#define ZONE_FORMAT 1

#define FLAG_NULLS 0x01
#define FLAG_ALL_NULL 0x02
#define FLAG_KNOWN 0x04

typedef struct ZoneEntry
{
	uint32		order;			/* column_order_id when it was written */
	int16		attnum;
	uint8		flags;
	uint8		low_size;		/* bytes */
	uint8		high_size;
} ZoneEntry;

typedef struct ZoneSide
{
	ColumnOrder order;
	uint32		order_id;
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
		{
			writer->columns[i].order = column_order(TupleDescAttr(desc, i), context);
			writer->columns[i].order_id = column_order_id(TupleDescAttr(desc, i));
		}
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
	if (count > 0 && !are_long(att, values, nulls, nrows, count) &&
		find_extremes(&column->order, values, nulls, nrows, &column->low, &column->high))
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
	ZoneEntry	entry = {.order = column->order_id,.attnum = att->attnum,.flags = column->flags};
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
	Datum		by_value = 0;
	char	   *copy = (char *) &by_value;

	if (att->attlen > 0 && (Size) att->attlen != size)
		group_corrupted("Its zone has a value of the wrong length.");
	if (!att->attbyval)
		copy = palloc0(Max(size, sizeof(Datum)));
	memcpy(copy, bytes, size);
	if (size == 0 || (att->attlen == -1 && (!VARATT_IS_1B(copy) || VARSIZE_1B(copy) != size) &&
					  (!VARATT_IS_4B_U(copy) || VARSIZE_4B(copy) != size)) ||
		(att->attlen == -2 && strnlen(copy, size) + 1 != size))
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
	column->known = values != NULL && (entry.flags & FLAG_KNOWN) != 0 &&
		entry.order == column_order_id(att);
	if (!column->known)
		return;
	column->low = value_of(values, entry.low_size, att);
	column->high = value_of(values + entry.low_size, entry.high_size, att);
}
