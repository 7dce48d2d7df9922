/*
 * consolidate.h
 *		Making one row of those that are equal but for the columns that add up.
 */
#ifndef SPINE_AM_CONSOLIDATE_H
#define SPINE_AM_CONSOLIDATE_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "am/order.h"

typedef struct Consolidation Consolidation;

/*
 * Of an order with diff columns.  strict: a sum that is out of range is an error;
 * otherwise its rows stay apart.  What it allocates is in a child of the current
 * context.
 */
extern Consolidation *consolidation_begin(const RowOrder *order, TupleDesc desc, bool strict);

/* Takes a row; its values are copied. */
extern void consolidation_add(Consolidation *c, TupleTableSlot *slot);

/*
 * When all are taken: the next row, as a virtual tuple that is good until the next
 * call; false at the end.  Rows come in the order's order; those of which all
 * diffs are zero, not at all.
 */
extern bool consolidation_next(Consolidation *c, TupleTableSlot *slot);

/* How many rows have gone into those that have come out, or vanished. */
extern int64 consolidation_rows(const Consolidation *c);

extern void consolidation_end(Consolidation *c);

#endif
