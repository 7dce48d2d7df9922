/*
 * dictionary.c
 *		The different values of a column, where there are few.  Values differ if
 *		their bytes do; whether their type calls them equal does not matter.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "common/hashfn.h"
#include "port/pg_bitutils.h"

#include "am/dictionary.h"
#include "compat.h"

/* Columns of fewer values are short anyway. */
#define DICTIONARY_ROWS 16

/* Longer values are not looked for: bytes. */
#define DICTIONARY_VALUE_BYTES 4096

/* At least so many values must be equal to another one, on the average. */
#define DICTIONARY_REPEATS 2

typedef struct Entry
{
	uint32		hash;
	int			code;			/* -1: empty */
} Entry;

typedef struct Builder
{
	Form_pg_attribute att;
	Dictionary *dictionary;
	Entry	   *entries;		/* a power of two, more than half empty */
	uint32		mask;
} Builder;

static inline Size
size_of(Form_pg_attribute att, Datum value)
{
	return att->attbyval ? sizeof(Datum) : att_addlength_datum(0, att->attlen, value);
}

static inline uint32
hash_of(Form_pg_attribute att, Datum value, Size size)
{
	if (att->attbyval)
		return murmurhash32((uint32) value ^ murmurhash32((uint32) ((uint64) value >> 32)));
	return hash_bytes((const unsigned char *) DatumGetPointer(value), (int) size);
}

static bool
same(const Builder *builder, Datum a, Datum b, Size size)
{
	if (builder->att->attbyval)
		return a == b;
	return size_of(builder->att, b) == size &&
		memcmp(DatumGetPointer(a), DatumGetPointer(b), size) == 0;
}

/* The code of a value; a new one if it is. */
static int
code_of(Builder *builder, Datum value, Size size)
{
	Dictionary *dictionary = builder->dictionary;
	uint32		hash = hash_of(builder->att, value, size);

	for (uint32 at = hash;; at++)
	{
		Entry	   *entry = &builder->entries[at & builder->mask];

		if (entry->code < 0)
		{
			entry->hash = hash;
			entry->code = dictionary->n++;
			dictionary->values[entry->code] = value;
			return entry->code;
		}
		if (entry->hash == hash && same(builder, value, dictionary->values[entry->code], size))
			return entry->code;
	}
}

Dictionary *
dictionary_make(Form_pg_attribute att, const Datum *values, int n)
{
	Dictionary *dictionary;
	Builder		builder;
	int			most = n / DICTIONARY_REPEATS;

	if (n < DICTIONARY_ROWS || (att->attbyval && att->attlen == 1))
		return NULL;
	dictionary = palloc(sizeof(Dictionary));
	dictionary->n = 0;
	dictionary->values = palloc(sizeof(Datum) * n);
	dictionary->codes = palloc(sizeof(int64) * n);
	builder.att = att;
	builder.dictionary = dictionary;
	builder.mask = pg_nextpower2_32(2 * n) - 1;
	builder.entries = palloc(sizeof(Entry) * (builder.mask + 1));
	memset(builder.entries, 0xFF, sizeof(Entry) * (builder.mask + 1));

	for (int i = 0; i < n; i++)
	{
		Size		size = size_of(att, values[i]);

		if (size > DICTIONARY_VALUE_BYTES || dictionary->n > most)
			return NULL;
		dictionary->codes[i] = code_of(&builder, values[i], size);
	}
	return dictionary->n > most ? NULL : dictionary;
}
