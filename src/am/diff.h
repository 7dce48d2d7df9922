/*
 * diff.h
 *		Values that add up: the types that diff columns can have.
 */
#ifndef SPINE_AM_DIFF_H
#define SPINE_AM_DIFF_H

#include "postgres.h"

/* Can a column of this type be a diff?  By the base type of a domain: no. */
extern bool diff_type_adds_up(Oid type);

/*
 * Adds two values, into the current context.  False where the sum is out of the
 * type's range, or differs from one order of adding to another for that.
 */
extern bool diff_add(Oid type, Datum a, Datum b, Datum *sum);

extern bool diff_is_zero(Oid type, Datum value);

/* Raises the error that the type's + raises for such a sum. */
extern void diff_out_of_range(Oid type) pg_attribute_noreturn();

#endif
