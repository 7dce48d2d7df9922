/*
 * catalog.h
 *		Rows of catalogs for hooks, which run in the middle of commands.
 */
#ifndef SPINE_STATE_CATALOG_H
#define SPINE_STATE_CATALOG_H

#include "postgres.h"

#include "access/attnum.h"
#include "access/htup.h"

/*
 * The row with that oid in a column with an index, as it is now, be it by this very
 * command; a copy, or NULL.
 */
extern HeapTuple catalog_row(Oid catalog, Oid index, AttrNumber column, Oid oid);

/* Likewise the row of a column. */
extern HeapTuple catalog_attribute(Oid relid, AttrNumber attnum);

#endif
