/*
 * generated.h
 *		Generated columns beside diff columns.
 */
#ifndef SPINE_AM_GENERATED_H
#define SPINE_AM_GENERATED_H

#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "nodes/pg_list.h"

/*
 * Raises an error if a column is a key that is computed from any of these diff columns,
 * named by String nodes.  As it is now, be it by this very command.
 */
extern void generated_require_no_diffs(Oid relid, Form_pg_attribute att, List *diffs);

#endif
