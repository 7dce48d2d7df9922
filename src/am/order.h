/*
 * order.h
 *		How the rows of a native table are sorted in its runs, and which of its
 *		columns add up.
 */
#ifndef SPINE_AM_ORDER_H
#define SPINE_AM_ORDER_H

#include "postgres.h"

#include "utils/rel.h"
#include "utils/tuplesort.h"

/*
 * The keys are the columns of spine_set_order; with diff columns, after those all
 * others that are none.
 */
typedef struct RowOrder
{
	int			nkeys;
	AttrNumber *attnums;
	Oid		   *operators;		/* < of their types */
	Oid		   *collations;
	bool	   *nulls_first;
	int			ndiffs;
	AttrNumber *diffs;
	int32		hash;			/* of all that, to tell it from others; not 0 */
} RowOrder;

/* A table's, in the current context; NULL if it has neither. */
extern RowOrder *order_of(Relation rel);

/*
 * The same for rows that another description is of.  While ALTER TABLE writes a table
 * anew, the table's own is already that of what is to come.
 */
extern RowOrder *order_of_described(Relation rel, TupleDesc desc);

extern bool order_is_diff(const RowOrder *order, AttrNumber attnum);

/* Has it diff columns? */
extern bool order_has_diffs(Oid relid);

/*
 * Another key after the others: when rows were inserted, in a description that has it
 * (times.h).  Rows of different times then do not add up.
 */
extern void order_add_inserted(RowOrder *order, TupleDesc timed);

/* A sort of rows by it: put slots in, and get them out. */
extern Tuplesortstate *order_sort(const RowOrder *order, TupleDesc desc);

/* Why a column has to have a type that can be sorted. */
#define IN_ORDER "in an order"
#define BESIDE_DIFFS "a key beside diff columns"

/* Raises an error if its type has no btree order. */
extern void order_require_sortable(Form_pg_attribute att, const char *why);

/* Raises the error for a diff column that is dropped, while the table is not. */
extern void order_refuse_drop(Oid relid, const char *column) pg_attribute_noreturn();

#endif
