/*
 * catalog.h
 *		Single rows of tables that are written as catalogs are: of the catalogs
 *		themselves for hooks, which run in the middle of commands, when caches do
 *		not yet show what the command has done.
 */
#ifndef SPINE_STATE_CATALOG_H
#define SPINE_STATE_CATALOG_H

#include "postgres.h"

#include "access/attnum.h"
#include "access/htup.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* The row with that oid in a column with an index, as a snapshot sees it; a copy, or NULL. */
extern HeapTuple row_by_oid(Relation rel, Oid index, AttrNumber column, Oid oid,
							Snapshot snapshot);

/*
 * The row with that oid in a column with an index, as it is now, be it by this very
 * command; a copy, or NULL.
 */
extern HeapTuple catalog_row(Oid catalog, Oid index, AttrNumber column, Oid oid);

/* Likewise the row of a column. */
extern HeapTuple catalog_attribute(Oid relid, AttrNumber attnum);

#endif
