/*
 * chunk.c
 *		Writing chunks.  Each way to encode a column that may be the shortest is
 *		tried.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "miscadmin.h"

#include "am/chunk.h"
#include "am/chunk_format.h"
#include "am/dictionary.h"
#include "am/ints.h"
#include "am/pack.h"

/* Values of fixed length up to so many bytes may be split into planes. */
#define PLANES_MAX 64

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
	return piece_repack(packed);
}
