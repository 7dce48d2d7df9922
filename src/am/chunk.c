/*
 * chunk.c
 *		One column of a row group as a sequence of bytes.
 *
 * A chunk begins with a ChunkHeader.  A bitmap of nulls follows, if there are
 * any, and then the values that are not null, in one of the ways of
 * ChunkEncoding.  All positions in it are as the values' alignment wants them, if
 * the chunk itself is MAXALIGNed.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "miscadmin.h"

#include "am/chunk.h"
#include "am/dictionary.h"
#include "am/ints.h"
#include "am/pack.h"

/* Numbers are on disk: never changed. */
typedef enum ChunkEncoding
{
	CHUNK_INTS = 1,				/* by value */
	CHUNK_ROWS,					/* one value after the other */
	CHUNK_PLANES,				/* all first bytes, all second bytes, ... */
	CHUNK_INTS_DICTIONARY,		/* DictionaryHeader, codes, CHUNK_INTS */
	CHUNK_ROWS_DICTIONARY		/* DictionaryHeader, codes, CHUNK_ROWS */
} ChunkEncoding;

typedef struct ChunkHeader
{
	int32		vl_len_;
	uint8		encoding;
	char		attalign;		/* of what the column was when it was written */
	int16		attlen;
	uint32		nvalues;		/* that are not null */
	uint32		nrows;
} ChunkHeader;

typedef struct DictionaryHeader
{
	uint32		nvalues;		/* the different ones */
	uint32		codes_size;
} DictionaryHeader;

/* Values of fixed length up to so many bytes may be split into planes. */
#define PLANES_MAX 64

/* Codes of dictionaries as integers: bytes. */
#define CODE_WIDTH 4

/* ----------------------------------------------------------------
 * Writing
 */

/* A column that is written, without its nulls. */
typedef struct Column
{
	Form_pg_attribute att;
	const bool *nulls;			/* NULL if there are none */
	int			nrows;
	int			n;
	const Datum *values;		/* n of them */
} Column;

static void
append_nulls(StringInfo out, const bool *nulls, int nrows)
{
	int			size = (nrows + 7) / 8;
	char	   *bitmap;

	enlargeStringInfo(out, size);
	bitmap = out->data + out->len;
	memset(bitmap, 0, size);
	for (int i = 0; i < nrows; i++)
		bitmap[i / 8] |= nulls[i] << i % 8;
	out->len += size;
}

static void
append_padding(StringInfo out, Size alignment)
{
	while (out->len % alignment != 0)
		appendStringInfoCharMacro(out, '\0');
}

static void
begin(StringInfo out, const Column *column, ChunkEncoding encoding)
{
	ChunkHeader header = {0};

	header.encoding = encoding;
	header.attalign = column->att->attalign;
	header.attlen = column->att->attlen;
	header.nvalues = column->n;
	header.nrows = column->nrows;
	initStringInfo(out);
	appendBinaryStringInfo(out, (const char *) &header, sizeof(header));
	if (column->nulls != NULL)
		append_nulls(out, column->nulls, column->nrows);
	append_padding(out, MAXIMUM_ALIGNOF);
}

static Size
alignment_of(Form_pg_attribute att)
{
	return att_align_nominal(1, att->attalign);
}

/* Including the header or the final zero. */
static Size
value_size(Form_pg_attribute att, Datum value)
{
	return att_addlength_datum(0, att->attlen, value);
}

static void
append_rows(StringInfo out, Form_pg_attribute att, const Datum *values, int n)
{
	Size		alignment = alignment_of(att);

	for (int i = 0; i < n; i++)
	{
		const char *value = DatumGetPointer(values[i]);

		if (att->attlen != -1 || !VARATT_IS_1B(value))
			append_padding(out, alignment);
		appendBinaryStringInfo(out, value, value_size(att, values[i]));
	}
}

static void
append_planes(StringInfo out, Form_pg_attribute att, const Datum *values, int n)
{
	for (int plane = 0; plane < att->attlen; plane++)
	{
		char	   *at;

		enlargeStringInfo(out, n);
		at = out->data + out->len;
		for (int i = 0; i < n; i++)
			at[i] = DatumGetPointer(values[i])[plane];
		out->len += n;
	}
}

static int64 *
integers_of(const Datum *values, int n, int width)
{
	int64	   *integers = palloc(sizeof(int64) * n);
	int			shift = 64 - 8 * width;

	for (int i = 0; i < n; i++)
		integers[i] = (int64) ((uint64) values[i] << shift) >> shift;
	return integers;
}

static void
append_dictionary(StringInfo out, Form_pg_attribute att, const Dictionary *dictionary, int n)
{
	DictionaryHeader header;
	int			start = out->len;

	header.nvalues = dictionary->n;
	appendBinaryStringInfo(out, (const char *) &header, sizeof(header));
	ints_write(out, dictionary->codes, n, CODE_WIDTH);
	append_padding(out, MAXIMUM_ALIGNOF);
	header.codes_size = out->len - start - sizeof(header);
	memcpy(out->data + start, &header, sizeof(header));
	if (att->attbyval)
		ints_write(out, integers_of(dictionary->values, dictionary->n, att->attlen),
				   dictionary->n, att->attlen);
	else
		append_rows(out, att, dictionary->values, dictionary->n);
}

/* Writes the column in one way. */
static struct varlena *
encode(const Column *column, ChunkEncoding encoding, const Dictionary *dictionary)
{
	Form_pg_attribute att = column->att;
	StringInfoData out;

	CHECK_FOR_INTERRUPTS();
	begin(&out, column, encoding);
	switch (encoding)
	{
		case CHUNK_INTS:
			ints_write(&out, integers_of(column->values, column->n, att->attlen), column->n,
					   att->attlen);
			break;
		case CHUNK_ROWS:
			append_rows(&out, att, column->values, column->n);
			break;
		case CHUNK_PLANES:
			append_planes(&out, att, column->values, column->n);
			break;
		case CHUNK_INTS_DICTIONARY:
		case CHUNK_ROWS_DICTIONARY:
			append_dictionary(&out, att, dictionary, column->n);
			break;
	}
	return piece_end(&out);
}

/* Packs a chunk; returns the shorter one. */
static struct varlena *
shorter(struct varlena *packed, struct varlena *chunk)
{
	struct varlena *other = piece_pack(chunk);

	if (other != chunk)
		pfree(chunk);
	if (packed == NULL)
		return other;
	if (VARSIZE(other) < VARSIZE(packed))
	{
		pfree(packed);
		return other;
	}
	pfree(other);
	return packed;
}

/* The values that are not null, close together. */
static Column
make_column(Form_pg_attribute att, const Datum *values, const bool *nulls, int nrows)
{
	Column		column = {att, NULL, nrows, nrows, values};
	Datum	   *dense;

	if (nulls == NULL || memchr(nulls, true, nrows) == NULL)
		return column;
	dense = palloc(sizeof(Datum) * nrows);
	column.nulls = nulls;
	column.values = dense;
	column.n = 0;
	for (int i = 0; i < nrows; i++)
		if (!nulls[i])
			dense[column.n++] = values[i];
	return column;
}

struct varlena *
chunk_write(Form_pg_attribute att, const Datum *values, const bool *nulls, int nrows)
{
	Column		column = make_column(att, values, nulls, nrows);
	Dictionary *dictionary = dictionary_make(att, column.values, column.n);
	struct varlena *packed;

	packed = shorter(NULL, encode(&column, att->attbyval ? CHUNK_INTS : CHUNK_ROWS, NULL));
	if (!att->attbyval && att->attlen > 0 && att->attlen <= PLANES_MAX)
		packed = shorter(packed, encode(&column, CHUNK_PLANES, NULL));
	if (dictionary != NULL)
		packed = shorter(packed, encode(&column,
										att->attbyval ? CHUNK_INTS_DICTIONARY : CHUNK_ROWS_DICTIONARY,
										dictionary));
	return packed;
}

/* ----------------------------------------------------------------
 * Reading
 */

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
