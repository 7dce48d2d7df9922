/*
 * chunk_read.c
 *		Reading chunks.  Declared in chunk.h.
 *
 * Checksums have told already whether a chunk is what was written; and yet nothing
 * here reads beyond its end, whatever is in it.
 */
#include "postgres.h"

#include "am/chunk.h"
#include "am/chunk_format.h"
#include "am/ints.h"
#include "am/pack.h"

static const char *
aligned(const char *chunk, const char *at, Size alignment)
{
	return chunk + TYPEALIGN(alignment, at - chunk);
}

static void
read_fixed(const char *at, const char *end, Form_pg_attribute att, int n, Datum *values)
{
	Size		size = TYPEALIGN(alignment_of(att), att->attlen);

	/* the last one is not padded */
	if (n > 0 && (Size) (end - at) < size * (n - 1) + att->attlen)
		group_corrupted("Its values are cut off.");
	for (int i = 0; i < n; i++)
		values[i] = PointerGetDatum(at + size * i);
}

static void
read_varlena(const char *at, const char *end, Form_pg_attribute att, int n, Datum *values)
{
	Size		alignment = alignment_of(att);

	for (int i = 0; i < n; i++)
	{
		Size		size;

		if (at < end && VARATT_IS_1B(at))
			size = VARSIZE_1B(at);
		else
		{
			at = (const char *) TYPEALIGN(alignment, at);
			if (end - at < VARHDRSZ || !VARATT_IS_4B_U(at))
				group_corrupted("A value in it has no header.");
			size = VARSIZE_4B(at);
			if (size < VARHDRSZ)
				group_corrupted("A value in it has an impossible length.");
		}
		/* external ones claim to be of no length */
		if (size == 0 || size > (Size) (end - at))
			group_corrupted("A value in it has an impossible length.");
		values[i] = PointerGetDatum(at);
		at += size;
	}
}

static void
read_cstrings(const char *at, const char *end, Form_pg_attribute att, int n, Datum *values)
{
	for (int i = 0; i < n; i++)
	{
		const char *zero = at < end ? memchr(at, '\0', end - at) : NULL;

		if (zero == NULL)
			group_corrupted("A value in it has no end.");
		values[i] = PointerGetDatum(at);
		at = (const char *) TYPEALIGN(alignment_of(att), zero + 1);
	}
}

static void
read_rows(const char *at, const char *end, Form_pg_attribute att, int n, Datum *values)
{
	if (att->attlen > 0)
		read_fixed(at, end, att, n, values);
	else if (att->attlen == -1)
		read_varlena(at, end, att, n, values);
	else
		read_cstrings(at, end, att, n, values);
}

static void
read_planes(const char *at, const char *end, Form_pg_attribute att, int n, Datum *values)
{
	Size		size = TYPEALIGN(alignment_of(att), att->attlen);
	char	   *rows = palloc0(size * n + 1);

	if ((Size) (end - at) < (Size) att->attlen * n)
		group_corrupted("Its values are cut off.");
	for (int plane = 0; plane < att->attlen; plane++)
		for (int i = 0; i < n; i++)
			rows[size * i + plane] = *at++;
	for (int i = 0; i < n; i++)
		values[i] = PointerGetDatum(rows + size * i);
}

static void
read_dictionary(const char *chunk, const char *at, const char *end, Form_pg_attribute att, int n,
				Datum *values)
{
	DictionaryHeader header;
	Datum	   *dictionary;

	if ((Size) (end - at) < sizeof(header))
		group_corrupted("Its dictionary is cut off.");
	memcpy(&header, at, sizeof(header));
	at += sizeof(header);
	if (header.codes_size > (Size) (end - at) || header.nvalues > (uint32) n)
		group_corrupted("Its dictionary is cut off.");
	ints_read(at, at + header.codes_size, n, CODE_WIDTH, values);
	at = aligned(chunk, at + header.codes_size, MAXIMUM_ALIGNOF);

	dictionary = palloc(sizeof(Datum) * Max(header.nvalues, 1));
	if (att->attbyval)
		ints_read(at, end, header.nvalues, att->attlen, dictionary);
	else
		read_rows(at, end, att, header.nvalues, dictionary);
	for (int i = 0; i < n; i++)
	{
		if ((uint32) values[i] >= header.nvalues)
			group_corrupted("It has a value that is not in its dictionary.");
		values[i] = dictionary[(uint32) values[i]];
	}
}

static void
read_values(const ChunkHeader *chunk, const char *at, Form_pg_attribute att, Datum *values)
{
	const char *start = (const char *) chunk;
	const char *end = start + VARSIZE_4B(chunk);
	int			n = chunk->nvalues;
	bool		by_value = att->attbyval;

	if (chunk->encoding == CHUNK_INTS && by_value)
		ints_read(at, end, n, att->attlen, values);
	else if (chunk->encoding == CHUNK_ROWS && !by_value)
		read_rows(at, end, att, n, values);
	else if (chunk->encoding == CHUNK_PLANES && !by_value && att->attlen > 0)
		read_planes(at, end, att, n, values);
	else if (chunk->encoding == (by_value ? CHUNK_INTS_DICTIONARY : CHUNK_ROWS_DICTIONARY))
		read_dictionary(start, at, end, att, n, values);
	else
		group_corrupted("A column of it is encoded in an unknown way.");
}

/* How many are not null. */
static uint32
read_nulls(const uint8 *bitmap, int nrows, bool *nulls)
{
	uint32		count = 0;

	for (int i = 0; i < nrows; i++)
	{
		nulls[i] = bitmap[i / 8] >> i % 8 & 1;
		count += !nulls[i];
	}
	return count;
}

/* To their rows, from the last one on. */
static void
spread(Datum *values, int n, const bool *nulls, int nrows)
{
	for (int i = nrows - 1; i >= 0; i--)
		values[i] = nulls[i] ? (Datum) 0 : values[--n];
}

bool
chunk_read(struct varlena *packed, Form_pg_attribute att, int nrows, Datum *values, bool *nulls)
{
	const ChunkHeader *chunk = (ChunkHeader *) piece_unpack(packed);
	const char *start = (const char *) chunk;
	const char *at = start + sizeof(ChunkHeader);
	bool		has_nulls;

	if (VARSIZE_4B(chunk) < sizeof(ChunkHeader) || chunk->nrows != (uint32) nrows ||
		chunk->nvalues > chunk->nrows)
		group_corrupted("A column of it has another number of rows.");
	if (chunk->attlen != att->attlen || chunk->attalign != att->attalign)
		group_corrupted("A column of it is of another type.");
	has_nulls = chunk->nvalues < chunk->nrows;
	if (has_nulls)
	{
		if (VARSIZE_4B(chunk) - sizeof(ChunkHeader) < (Size) (nrows + 7) / 8)
			group_corrupted("The nulls of a column are cut off.");
		if (read_nulls((const uint8 *) at, nrows, nulls) != chunk->nvalues)
			group_corrupted("A column of it has another number of nulls.");
		at += (nrows + 7) / 8;
	}
	at = aligned(start, at, MAXIMUM_ALIGNOF);
	if (at > start + VARSIZE_4B(chunk))
		group_corrupted("The values of a column are cut off.");
	read_values(chunk, at, att, values);
	if (has_nulls)
		spread(values, chunk->nvalues, nulls, nrows);
	return has_nulls;
}
