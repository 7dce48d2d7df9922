/*
 * chunk.h
 *		One column of a row group as a sequence of bytes.
 *
 * What may be null is told by a bitmap, if anything is.  Values of fixed length
 * by value are kept as integers (ints.h); the others as a tuple would have them,
 * one after the other, so that reading copies nothing.  Where few values are
 * repeated, each is kept once, with its number in each row.
 */
#ifndef SPINE_AM_CHUNK_H
#define SPINE_AM_CHUNK_H

#include "postgres.h"

#include "access/tupdesc.h"

/*
 * The chunk of a column, packed (pack.h); nulls may be NULL.  No value may be
 * external or compressed.  What it needs meanwhile is left in the current context.
 */
extern struct varlena *chunk_write(Form_pg_attribute att, const Datum *values,
								   const bool *nulls, int nrows);

/*
 * Reads it, MAXALIGNed as it must be: fills in values and nulls, both of nrows;
 * false if no value is null, and then nulls is not touched.  What the values point
 * to is in the chunk or in the current context.  ERRCODE_DATA_CORRUPTED for
 * what chunk_write cannot have made.
 */
extern bool chunk_read(struct varlena *packed, Form_pg_attribute att, int nrows,
					   Datum *values, bool *nulls);

#endif
