/*
 * chunk_format.h
 *		What a chunk looks like: for chunk.c, which writes it, and chunk_read.c.
 *
 * A chunk begins with a ChunkHeader.  A bitmap of nulls follows, if there are
 * any, and then the values that are not null, in one of the ways of
 * ChunkEncoding.  All positions in it are as the values' alignment wants them, if
 * the chunk itself is MAXALIGNed.
 */
#ifndef SPINE_AM_CHUNK_FORMAT_H
#define SPINE_AM_CHUNK_FORMAT_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "access/tupmacs.h"

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

/* Codes of dictionaries as integers: bytes. */
#define CODE_WIDTH 4

static inline Size
alignment_of(Form_pg_attribute att)
{
	return att_align_nominal(1, att->attalign);
}

#endif
