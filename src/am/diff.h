/*
 * diff.h
 *		Values that add up: the types that diff columns can have.
 */
#ifndef SPINE_AM_DIFF_H
#define SPINE_AM_DIFF_H

#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "common/int128.h"

/* The sum of integers, which is never out of range before it is asked for. */
typedef INT128 DiffTotal;

/*
 * Raises an error if a column of this type cannot be a diff.  By the base type of a
 * domain it cannot.
 */
extern void diff_require_type(Form_pg_attribute att);

/* Is it one of the types whose values are integers, of money too? */
extern bool diff_is_integer(Oid type);

/* A value of such a type. */
extern int64 diff_integer(Oid type, Datum value);

static inline DiffTotal
diff_total(int64 value)
{
	return int64_to_int128(value);
}

static inline void
diff_total_add(DiffTotal *total, int64 value)
{
	int128_add_int64(total, value);
}

static inline bool
diff_total_is_zero(const DiffTotal *total)
{
	return int128_compare(*total, int64_to_int128(0)) == 0;
}

/* Takes from it what a value of the type can hold.  False if that is not all. */
extern bool diff_total_take(DiffTotal *total, Oid type, Datum *value);

/*
 * Adds two values of another type, into the current context.  False where the sum is
 * out of the type's range, or differs from one order of adding to another for that.
 */
extern bool diff_add(Oid type, Datum a, Datum b, Datum *sum);

extern bool diff_is_zero(Oid type, Datum value);

/* Nothing, of such a type, in the current context. */
extern Datum diff_zero(Oid type);

/* Has such a column room for its digits, if it is numeric(p, s)?  May leave some memory. */
extern bool diff_fits(Form_pg_attribute att, Datum value);

/* Raises the error for a sum that the column cannot hold. */
extern void diff_out_of_range(Form_pg_attribute att) pg_attribute_noreturn();

#endif
