/*
 * chunk.h
 *		One column of a row group as a sequence of bytes.
 *
 * What may be null is told by a bitmap, if anything is.  Values of fixed length
 * are kept as differences or as they are, byte plane by byte plane, whichever
 * the compression takes better; the others as a tuple would have them, one after
 * the other, so that reading copies nothing.
 */
#ifndef SPINE_AM_CHUNK_H
#define SPINE_AM_CHUNK_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

/* Appends the chunk of a column to out; nulls may be NULL. */
extern void chunk_write(StringInfo out, Form_pg_attribute att, const Datum *values,
						const bool *nulls, int nrows);

/*
 * Reads it from size bytes: fills in values and nulls, both of nrows; false if no
 * value is null, and then nulls is not touched.  What the values point to is in
 * the current context.  ERRCODE_DATA_CORRUPTED for anything that chunk_write
 * cannot have made.
 */
extern bool chunk_read(const char *data, Size size, Form_pg_attribute att, int nrows,
					   Datum *values, bool *nulls);

#endif
