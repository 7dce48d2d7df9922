/*
 * values.h
 *		The core's values as datums.
 */
#ifndef SPINE_STATE_VALUES_H
#define SPINE_STATE_VALUES_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/array.h"

#include "core/batch.h"

/*
 * A spine_frontier is a varlena around the core's binary form.  The coordinates
 * of several dimensions are in the current memory context.
 */
extern Datum frontier_get_datum(const Frontier *f);
extern Frontier datum_get_frontier(Datum datum);

/* Join and meet, likewise; errors are raised. */
extern Frontier frontiers_joined(const Frontier *a, const Frontier *b);
extern Frontier frontiers_met(const Frontier *a, const Frontier *b);

/* Raises an error unless f is empty or has so many dimensions. */
extern void frontier_require_dims(const Frontier *f, int dims, const char *name);

/* Number of elements; raises an error unless the array is empty or 1-D. */
extern int	array_count(ArrayType *array, const char *name);

/* As '{a,b}' would give it, so that equal arrays have equal images. */
extern ArrayType *array_normalized(ArrayType *array);

/*
 * The elements of a text array without nulls, in the current memory context;
 * they point into the array.
 */
extern text **array_texts(ArrayType *array, int *count);

/* Raises an error for part keys that are null or empty. */
extern void parts_check(ArrayType *parts, const char *name);

/*
 * Checks part keys as above, and that runs has no nulls.  The batch gets the counts and the runs, which point into the array.
 */
extern void hollow_batch_set_arrays(HollowBatch *batch, ArrayType *parts,
									ArrayType *runs);

/* How long an interval is: seconds, with months of 30 days. */
extern double interval_seconds(const Interval *interval);

/* A string to be shown to somebody: its beginning, if it is long. */
extern char *excerpt(const char *string);

/* Byte order of part keys. */
extern int	texts_compare(const text *a, const text *b);
extern void texts_sort(text **texts, int count);

/* Are these the same keys, however ordered?  Sorts both. */
extern bool texts_equal_unordered(text **a, int na, text **b, int nb);

#endif
