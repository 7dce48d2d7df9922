/*
 * group_read.c
 *		Reading row groups.  What is external is fetched only where it is wanted;
 *		whatever was stored is checked before it is believed.  Declared in
 *		group.h.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "am/chunk.h"
#include "am/group.h"
#include "am/group_format.h"
#include "am/pack.h"

/* Fetching this much that is not wanted costs less than fetching twice: bytes. */
#define FETCH_GAP 8192

/* Columns that a group may have, but not the description it is read for. */
#define MORE_CHUNKS 4

/* A group as it is stored. */
typedef struct Stored
{
	struct varlena *value;
	Size		size;
	const char *whole;			/* all of it, or NULL: to be fetched */
	const GroupHeader *header;
	const GroupEntry *entries;
} Stored;

RowGroup *
group_create(TupleDesc desc, int ntimes, MemoryContext context)
{
	MemoryContext own = AllocSetContextCreate(context, "spine group", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	RowGroup   *group = palloc0(sizeof(RowGroup));
	int			natts = Max(desc->natts, 1);

	group->natts = desc->natts;
	group->ntimes = ntimes;
	group->context = own;
	group->data = AllocSetContextCreate(own, "spine group data", ALLOCSET_DEFAULT_SIZES);
	group->columns = AllocSetContextCreate(own, "spine group columns", ALLOCSET_DEFAULT_SIZES);
	group->values = palloc0(sizeof(Datum *) * natts);
	group->nulls = palloc0(sizeof(bool *) * natts);
	group->value_room = palloc0(sizeof(Datum *) * natts);
	group->null_room = palloc0(sizeof(bool *) * natts);
	MemoryContextSwitchTo(old);
	return group;
}

void
group_free(RowGroup *group)
{
	MemoryContextDelete(group->context);
}

/* ----------------------------------------------------------------
 * Fetching
 */

/* The bytes from one offset to another, as aligned as they are in the group. */
static const char *
fetch(const Stored *stored, Size from, Size to)
{
	struct varlena *slice;
	Size		start;

	if (stored->whole != NULL)
		return stored->whole + from;
	/* a slice begins with a header of its own, just before an aligned offset */
	start = TYPEALIGN_DOWN(MAXIMUM_ALIGNOF, from);
	start = start < MAXIMUM_ALIGNOF ? 0 : start - MAXIMUM_ALIGNOF;
	slice = detoast_attr_slice(stored->value, start, to - start - VARHDRSZ);
	if (VARSIZE(slice) != to - start)
		group_corrupted("It is cut off.");
	return (const char *) slice + (from - start);
}

/* All of it, as our own copy. */
static const char *
fetch_whole(struct varlena *value)
{
	struct varlena *whole = detoast_attr(value);

	if (whole == value)
		whole = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	return (const char *) whole;
}

static void
check_entry(const Stored *stored, const GroupEntry *entry, Size *offset)
{
	if (entry->offset != MAXALIGN(entry->offset) || entry->offset < *offset ||
		entry->size < VARHDRSZ || entry->size > stored->size ||
		entry->offset > stored->size - entry->size || entry->raw_size > MaxAllocSize)
		group_corrupted("Its directory has an impossible entry.");
	*offset = (Size) entry->offset + entry->size;
}

/* Checks header and directory. */
static void
read_header(Stored *stored, TupleDesc desc)
{
	Size		fetched = Min(stored->size, GROUP_HEADER_SIZE(desc->natts + MORE_CHUNKS));
	const GroupHeader *header;
	Size		offset;

	if (stored->size < sizeof(GroupHeader))
		group_corrupted("It is shorter than its header.");
	header = (const GroupHeader *) fetch(stored, 0, fetched);
	if (header->magic != GROUP_MAGIC)
		group_corrupted("It is none of ours.");
	if (header->version != GROUP_VERSION)
		group_corrupted(psprintf("It has format %u; %u was expected.", header->version,
								 GROUP_VERSION));
	offset = GROUP_HEADER_SIZE(header->nchunks);
	if (header->size != stored->size || offset > stored->size)
		group_corrupted("It is of another size.");
	if (offset > fetched)
		header = (const GroupHeader *) fetch(stored, 0, offset);
	stored->header = header;
	stored->entries = (const GroupEntry *) (header + 1);
	if (!EQ_CRC32C(header->crc, group_header_crc(header, stored->entries)))
		group_corrupted("Its directory has a wrong checksum.");
	if (header->nrows > GROUP_ROWS)
		group_corrupted("It has too many rows.");
	for (int i = 0; i < header->nchunks; i++)
		check_entry(stored, &stored->entries[i], &offset);
}

static void
open_stored(Stored *stored, TupleDesc desc, struct varlena *value, bool all)
{
	stored->value = value;
	stored->whole = NULL;
	stored->size = toast_raw_datum_size(PointerGetDatum(value));
	if (all || !VARATT_IS_EXTERNAL_ONDISK(value))
	{
		stored->whole = fetch_whole(value);
		stored->size = VARSIZE(stored->whole);
	}
	read_header(stored, desc);
}

/* ----------------------------------------------------------------
 * Columns
 */

/* Arrays for the rows of a group: as many as ever had to be, and used again. */
static void
make_room(RowGroup *group, int nrows)
{
	memset(group->values, 0, sizeof(Datum *) * group->natts);
	memset(group->nulls, 0, sizeof(bool *) * group->natts);
	if (nrows <= group->room)
		return;
	MemoryContextReset(group->columns);
	memset(group->value_room, 0, sizeof(Datum *) * group->natts);
	memset(group->null_room, 0, sizeof(bool *) * group->natts);
	group->room = nrows;
}

static void
open_column(RowGroup *group, int i)
{
	if (group->value_room[i] == NULL)
	{
		group->value_room[i] = MemoryContextAlloc(group->columns, sizeof(Datum) * group->room);
		group->null_room[i] = MemoryContextAlloc(group->columns, sizeof(bool) * group->room);
	}
	group->values[i] = group->value_room[i];
}

/* The column that a number in the directory stands for; -1: none that is known. */
static int
column_of(const RowGroup *group, int number)
{
	int			ncolumns = group->natts - group->ntimes;

	if (number > 0 && number <= ncolumns)
		return number - 1;
	if (number < 0 && -number <= group->ntimes)
		return ncolumns - number - 1;
	return -1;
}

static void
read_chunk(RowGroup *group, TupleDesc desc, const GroupEntry *entry, const char *bytes)
{
	struct varlena *chunk = (struct varlena *) bytes;
	int			i = column_of(group, entry->attnum);

	CHECK_FOR_INTERRUPTS();
	if (!EQ_CRC32C(entry->crc, group_chunk_crc(chunk, entry->size)))
		group_corrupted("A column of it has a wrong checksum.");
	if (VARATT_IS_1B(chunk) || VARSIZE_4B(chunk) != entry->size ||
		(VARATT_IS_4B_C(chunk) && entry->size < VARHDRSZ_COMPRESSED) ||
		piece_method(chunk) != entry->method || piece_raw_size(chunk) != entry->raw_size)
		group_corrupted("A column of it is not what its directory says.");
	open_column(group, i);
	if (chunk_read(chunk, TupleDescAttr(desc, i), group->nrows, group->values[i],
				   group->null_room[i]))
		group->nulls[i] = group->null_room[i];
}

static bool
is_wanted(const RowGroup *group, TupleDesc desc, const Bitmapset *columns, int number)
{
	int			i = column_of(group, number);

	return i >= 0 && !TupleDescAttr(desc, i)->attisdropped &&
		(columns == NULL || bms_is_member(i + 1, columns));
}

/* Reads the wanted chunks; those that are near each other are fetched together. */
static void
read_chunks(RowGroup *group, TupleDesc desc, const Stored *stored, const Bitmapset *columns)
{
	const GroupEntry *entries = stored->entries;
	int			nchunks = stored->header->nchunks;
	int			first = 0;

	while (first < nchunks)
	{
		int			last = first;
		Size		start = entries[first].offset;
		Size		end = start + entries[first].size;
		const char *bytes;

		if (!is_wanted(group, desc, columns, entries[first].attnum))
		{
			first++;
			continue;
		}
		for (int i = first + 1; i < nchunks && entries[i].offset <= end + FETCH_GAP; i++)
			if (is_wanted(group, desc, columns, entries[i].attnum))
			{
				last = i;
				end = (Size) entries[i].offset + entries[i].size;
			}
		bytes = fetch(stored, start, end);
		for (; first <= last; first++)
			if (is_wanted(group, desc, columns, entries[first].attnum))
				read_chunk(group, desc, &entries[first], bytes + (entries[first].offset - start));
	}
}

/* A column that was not there yet, or is not there any more. */
static void
fill_in(RowGroup *group, TupleDesc desc, int i)
{
	Form_pg_attribute att = TupleDescAttr(desc, i);
	Datum		value = (Datum) 0;
	bool		null = true;

	open_column(group, i);
	if (!att->attisdropped)
	{
		value = getmissingattr(desc, i + 1, &null);
		group->has_gaps |= null;
	}
	if (!null)
		value = datumCopy(value, att->attbyval, att->attlen);
	else
	{
		group->nulls[i] = group->null_room[i];
		memset(group->nulls[i], true, sizeof(bool) * group->nrows);
	}
	for (int row = 0; row < group->nrows; row++)
		group->values[i][row] = value;
}

void
group_read(RowGroup *group, TupleDesc desc, struct varlena *value, const Bitmapset *columns)
{
	MemoryContext old = MemoryContextSwitchTo(group->data);
	Stored		stored;

	Assert(desc->natts == group->natts);
	MemoryContextReset(group->data);
	group->nrows = 0;
	open_stored(&stored, desc, value, columns == NULL);
	make_room(group, stored.header->nrows);
	group->nrows = stored.header->nrows;
	group->has_gaps = false;
	read_chunks(group, desc, &stored, columns);
	for (int i = 0; i < group->natts; i++)
		if (group->values[i] == NULL && (columns == NULL || bms_is_member(i + 1, columns)))
			fill_in(group, desc, i);
	MemoryContextSwitchTo(old);
}
