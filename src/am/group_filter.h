/*
 * group_filter.h
 *		Conditions by which a scan passes over row groups: "column operator value"
 *		with a btree operator, "column = ANY (array)", and whether a column is null.
 */
#ifndef SPINE_AM_GROUP_FILTER_H
#define SPINE_AM_GROUP_FILTER_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "am/order.h"

/*
 * Those among a relation's conditions (RestrictInfos) that say something of groups,
 * and may be tried before all others, as expressions with the column on the left.
 */
extern List *group_filter_conditions(List *clauses, RelOptInfo *rel);

typedef struct GroupFilter GroupFilter;

/*
 * Executes them, in a plan's node.  With columns, a target list, what they have as
 * a column's number is that of an entry in it.  desc is the table's.
 */
extern GroupFilter *group_filter_begin(List *conditions, PlanState *node, List *columns,
									   TupleDesc desc);

/* Leaves those out that are on diff columns: a part of a sum says nothing of it. */
extern void group_filter_drop_diffs(GroupFilter *filter, const RowOrder *order);

/* Is there any condition? */
extern bool group_filter_has_any(const GroupFilter *filter);

/* The values may have become others: they are computed anew when they are needed. */
extern void group_filter_reset(GroupFilter *filter);

/*
 * Has a group with this zone perhaps rows that fulfil all of them?  For
 * runscan_filter, with the filter as the argument.
 */
extern bool group_filter_wants(void *filter, const bytea *zone);

#endif
