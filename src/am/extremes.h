/*
 * extremes.h
 *		The least and the greatest of values, by the btree order of their type.
 */
#ifndef SPINE_AM_EXTREMES_H
#define SPINE_AM_EXTREMES_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/sortsupport.h"

/* How the values of a column are compared. */
typedef struct ColumnOrder
{
	int			kind;			/* 0: not at all */
	SortSupportData sort;		/* where it is not done by integers */
} ColumnOrder;

/*
 * The default order of a column's type, by its collation; what it needs is in
 * context.  Only of types that consist of one thing: those made of others
 * depend on orders that are not theirs.
 */
extern ColumnOrder column_order(Form_pg_attribute att, MemoryContext context);

/*
 * A number for the order of a column.  As long as it is the same, so is the order:
 * it changes with the type, with the collation, and with the version of the
 * library that the collation is from.
 */
extern uint32 column_order_id(Form_pg_attribute att);

/*
 * Finds both in values of which one at least is not null; nulls is NULL if none
 * is.  False if they have no order.  What comparing needs is left in the current
 * context.
 */
extern bool find_extremes(ColumnOrder *order, const Datum *values, const bool *nulls, int n,
						  Datum *low, Datum *high);

#endif
