/*
 * group.c
 *		Writing row groups.  Rows are kept as they come, column by column, until
 *		the group is finished; then each column is made into a chunk.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/tupmacs.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "am/chunk.h"
#include "am/group.h"
#include "am/group_format.h"
#include "am/pack.h"
#include "am/zone.h"

/*
 * A group's values take so many bytes at most.  It has to stay below
 * MaxAllocSize with all that is added to them: padding, bitmaps, headers.
 */
#define GROUP_BYTES_MAX ((Size) 900 * 1024 * 1024)

/* Small values share blocks of this size: bytes. */
#define BLOCK_SIZE (64 * 1024)
#define SMALL_VALUE (BLOCK_SIZE / 16)

struct GroupWriter
{
	TupleDesc	desc;
	int			ntimes;			/* the last columns of it */
	MemoryContext context;
	MemoryContext copies;		/* what the values point to */
	MemoryContext scratch;
	Datum	  **values;			/* [attnum - 1][row] */
	bool	  **nulls;
	ZoneWriter *zone;
	int			room;			/* rows that there is room for */
	int			nrows;
	Size		bytes;			/* of the values */
	char	   *block;			/* where the next small one goes */
	Size		block_left;
};

static void
make_columns(GroupWriter *writer)
{
	TupleDesc	desc = writer->desc;

	writer->room = Min(GROUP_ROWS, GROUP_BYTES / (sizeof(Datum) * Max(desc->natts, 1)));
	writer->values = palloc0(sizeof(Datum *) * Max(desc->natts, 1));
	writer->nulls = palloc0(sizeof(bool *) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		writer->values[i] = palloc(sizeof(Datum) * writer->room);
		writer->nulls[i] = palloc(sizeof(bool) * writer->room);
	}
}

GroupWriter *
group_writer_create(TupleDesc desc, int ntimes, MemoryContext context)
{
	MemoryContext own = AllocSetContextCreate(context, "spine group writer",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	GroupWriter *writer = palloc0(sizeof(GroupWriter));

	writer->desc = desc;
	writer->ntimes = ntimes;
	writer->context = own;
	writer->copies = AllocSetContextCreate(own, "spine group values", ALLOCSET_DEFAULT_SIZES);
	writer->scratch = AllocSetContextCreate(own, "spine group chunk", ALLOCSET_DEFAULT_SIZES);
	make_columns(writer);
	writer->zone = zone_writer_create(desc, own);
	MemoryContextSwitchTo(old);
	return writer;
}

void
group_writer_free(GroupWriter *writer)
{
	MemoryContextDelete(writer->context);
}

/* ----------------------------------------------------------------
 * Rows
 */

Size
group_row_size(TupleDesc desc, const Datum *values, const bool *nulls)
{
	Size		size = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		size += sizeof(Datum);
		if (att->attisdropped || nulls[i] || att->attbyval)
			continue;
		if (att->attlen == -1)
			size += toast_raw_datum_size(values[i]);
		else
			size += att_addlength_datum(0, att->attlen, values[i]);
	}
	return size;
}

bool
group_row_fits(Size bytes)
{
	return bytes <= GROUP_BYTES_MAX;
}

static char *
allocate(GroupWriter *writer, Size size)
{
	char	   *at;

	size = MAXALIGN(size);
	if (size > SMALL_VALUE)
		return MemoryContextAlloc(writer->copies, size);
	if (size > writer->block_left)
	{
		writer->block = MemoryContextAlloc(writer->copies, BLOCK_SIZE);
		writer->block_left = BLOCK_SIZE;
	}
	at = writer->block;
	writer->block += size;
	writer->block_left -= size;
	return at;
}

static Datum
copy_bytes(GroupWriter *writer, const void *from, Size size)
{
	return PointerGetDatum(memcpy(allocate(writer, size), from, size));
}

/* With a short header if the column allows it, as a heap would have it. */
static Datum
copy_varlena(GroupWriter *writer, Form_pg_attribute att, struct varlena *value)
{
	struct varlena *own = NULL;
	Datum		copy;

	if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
	{
		MemoryContext old = MemoryContextSwitchTo(writer->copies);

		value = own = detoast_attr(value);
		MemoryContextSwitchTo(old);
	}
	if (att->attstorage != TYPSTORAGE_PLAIN && VARATT_CAN_MAKE_SHORT(value))
	{
		Size		size = VARATT_CONVERTED_SHORT_SIZE(value);
		char	   *at = allocate(writer, size);

		SET_VARSIZE_SHORT(at, size);
		memcpy(at + VARHDRSZ_SHORT, VARDATA(value), size - VARHDRSZ_SHORT);
		copy = PointerGetDatum(at);
	}
	else if (own != NULL)
		return PointerGetDatum(own);
	else
		copy = copy_bytes(writer, value, VARSIZE_ANY(value));
	if (own != NULL)
		pfree(own);
	return copy;
}

static Datum
copy_value(GroupWriter *writer, Form_pg_attribute att, Datum value)
{
	if (att->attbyval)
		return value;
	if (att->attlen == -1)
		return copy_varlena(writer, att, (struct varlena *) DatumGetPointer(value));
	return copy_bytes(writer, DatumGetPointer(value), att_addlength_datum(0, att->attlen, value));
}

bool
group_writer_add(GroupWriter *writer, const Datum *values, const bool *nulls)
{
	TupleDesc	desc = writer->desc;
	Size		size = group_row_size(desc, values, nulls);

	if (!group_row_fits(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row is too big for a row group"),
				 errdetail("Its values take %zu bytes uncompressed; %zu are possible.", size,
						   GROUP_BYTES_MAX)));
	if (writer->nrows == writer->room || !group_row_fits(writer->bytes + size))
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		writer->nulls[i][writer->nrows] = nulls[i];
		writer->values[i][writer->nrows] = nulls[i] ? (Datum) 0 : copy_value(writer, att, values[i]);
	}
	writer->bytes += size;
	writer->nrows++;
	return true;
}

bool
group_writer_is_full(const GroupWriter *writer)
{
	return writer->nrows == writer->room || writer->bytes >= GROUP_BYTES;
}

int
group_writer_rows(const GroupWriter *writer)
{
	return writer->nrows;
}

/* ----------------------------------------------------------------
 * The group
 */

static bool
is_time(const GroupWriter *writer, int i)
{
	return i >= writer->desc->natts - writer->ntimes;
}

/* The number that a column has in the directory. */
static int16
entry_number(const GroupWriter *writer, int i)
{
	int			ncolumns = writer->desc->natts - writer->ntimes;

	return i < ncolumns ? i + 1 : ncolumns - i - 1;
}

/* Where no row has a time, there is no chunk of it. */
static bool
is_left_out(const GroupWriter *writer, int i)
{
	if (TupleDescAttr(writer->desc, i)->attisdropped)
		return true;
	if (!is_time(writer, i))
		return false;
	for (int row = 0; row < writer->nrows; row++)
		if (!writer->nulls[i][row])
			return false;
	return true;
}

/* The chunk of a column, in the current context. */
static struct varlena *
make_chunk(GroupWriter *writer, int i)
{
	MemoryContext old = MemoryContextSwitchTo(writer->scratch);
	struct varlena *chunk;

	CHECK_FOR_INTERRUPTS();
	if (!is_time(writer, i))
		zone_writer_column(writer->zone, i + 1, writer->values[i], writer->nulls[i],
						   writer->nrows);
	chunk = chunk_write(TupleDescAttr(writer->desc, i), writer->values[i], writer->nulls[i],
						writer->nrows);
	MemoryContextSwitchTo(old);
	chunk = memcpy(palloc(VARSIZE(chunk)), chunk, VARSIZE(chunk));
	MemoryContextReset(writer->scratch);
	return chunk;
}

static void
reset(GroupWriter *writer)
{
	MemoryContextReset(writer->copies);
	zone_writer_reset(writer->zone);
	writer->block_left = 0;
	writer->bytes = 0;
	writer->nrows = 0;
}

/* The chunks behind header and directory; frees them. */
static bytea *
assemble(int nrows, int nchunks, GroupEntry *entries, struct varlena **chunks)
{
	Size		size = MAXALIGN(GROUP_HEADER_SIZE(nchunks));
	GroupHeader *header;

	for (int i = 0; i < nchunks; i++)
	{
		entries[i].offset = size;
		entries[i].size = VARSIZE(chunks[i]);
		entries[i].raw_size = piece_raw_size(chunks[i]);
		entries[i].method = piece_method(chunks[i]);
		entries[i].crc = group_chunk_crc(chunks[i], entries[i].size);
		size += MAXALIGN(entries[i].size);
	}
	header = palloc(size);
	SET_VARSIZE(header, size);
	header->magic = GROUP_MAGIC;
	header->version = GROUP_VERSION;
	header->nchunks = nchunks;
	header->nrows = nrows;
	header->size = size;
	header->crc = group_header_crc(header, entries);
	memcpy(header + 1, entries, sizeof(GroupEntry) * nchunks);
	for (int i = 0; i < nchunks; i++)
	{
		char	   *at = (char *) header + entries[i].offset;

		memcpy(at, chunks[i], entries[i].size);
		memset(at + entries[i].size, 0, MAXALIGN(entries[i].size) - entries[i].size);
		pfree(chunks[i]);
	}
	return (bytea *) header;
}

void
group_writer_range(const GroupWriter *writer, int i, int64 null, int64 *least,
				   int64 *greatest)
{
	*least = PG_INT64_MAX;
	*greatest = PG_INT64_MIN;
	for (int row = 0; row < writer->nrows; row++)
	{
		int64		value = writer->nulls[i][row] ? null : DatumGetInt64(writer->values[i][row]);

		*least = Min(*least, value);
		*greatest = Max(*greatest, value);
	}
}

bytea *
group_writer_finish(GroupWriter *writer, bytea **zone)
{
	TupleDesc	desc = writer->desc;
	GroupEntry *entries = palloc0(sizeof(GroupEntry) * Max(desc->natts, 1));
	struct varlena **chunks = palloc(sizeof(struct varlena *) * Max(desc->natts, 1));
	int			nrows = writer->nrows;
	int			nchunks = 0;
	bytea	   *group;

	for (int i = 0; i < desc->natts; i++)
	{
		if (is_left_out(writer, i))
			continue;
		entries[nchunks].attnum = entry_number(writer, i);
		chunks[nchunks++] = make_chunk(writer, i);
	}
	*zone = zone_writer_finish(writer->zone);
	reset(writer);
	group = assemble(nrows, nchunks, entries, chunks);
	pfree(entries);
	pfree(chunks);
	return group;
}
