/*
 * sums.h
 *		The sums of the diff columns of equal rows.
 */
#ifndef SPINE_AM_SUMS_H
#define SPINE_AM_SUMS_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "am/order.h"

typedef struct Sums Sums;

/*
 * Of an order's diff columns, in the current context.  strict: a sum that is out of
 * its type's range is an error.
 */
extern Sums *sums_create(const RowOrder *order, TupleDesc desc, bool strict);

/* Forgets what was added, and begins with this row. */
extern void sums_begin(Sums *sums, TupleTableSlot *row);

/*
 * Adds a row.  False, and nothing is added, if a sum would be out of range that can
 * only be kept as a value of its type; of integers and money, it never is here.
 */
extern bool sums_add(Sums *sums, TupleTableSlot *row);

/* Are all of them zero, or null? */
extern bool sums_are_zero(const Sums *sums);

/*
 * Puts them into a virtual slot's values, which are good until the next call of
 * sums_begin.  What is out of range is an error, or else stays for the next call:
 * true if there is any.
 */
extern bool sums_take(Sums *sums, TupleTableSlot *slot);

extern void sums_free(Sums *sums);

#endif
