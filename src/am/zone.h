/*
 * zone.h
 *		What is known of the values in a row group without reading it: the least
 *		and the greatest of each column that has a btree order and whose values
 *		are short, and whether any is null.
 */
#ifndef SPINE_AM_ZONE_H
#define SPINE_AM_ZONE_H

#include "postgres.h"

#include "access/tupdesc.h"

/* Values longer than that have no least and greatest: bytes. */
#define ZONE_VALUE_BYTES 64

/* Collects the zone of a group while it is written. */
typedef struct ZoneWriter ZoneWriter;

extern ZoneWriter *zone_writer_create(TupleDesc desc, MemoryContext context);
extern void zone_writer_reset(ZoneWriter *writer);

/*
 * All values of a column of the group, at once; none is external or compressed.
 * What it needs meanwhile is left in the current context.
 */
extern void zone_writer_column(ZoneWriter *writer, int attnum, const Datum *values,
							   const bool *nulls, int nrows);
extern bytea *zone_writer_finish(ZoneWriter *writer);

/* Of one column of a group. */
typedef struct ZoneColumn
{
	bool		known;			/* low and high are there */
	bool		has_nulls;
	bool		all_null;
	Datum		low;			/* by the default btree order of the type and the */
	Datum		high;			/* column's collation */
} ZoneColumn;

/*
 * Looks a column up in a zone, which is not external nor compressed.  Values point
 * into the current context.  A column that the zone does not have gives known =
 * false, has_nulls = true.  One whose type or collation has become another since,
 * or its order with a new version of the library, gives known = false.
 */
extern void zone_read(const bytea *zone, TupleDesc desc, int attnum, ZoneColumn *column);

#endif
