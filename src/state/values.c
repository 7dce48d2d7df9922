/*
 * values.c
 *		Frontiers, part keys and runs to and from datums.  Relies on core/batch.h
 *		and report.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "state/arena.h"
#include "state/report.h"
#include "state/values.h"

#define EXCERPT_SIZE 60			/* bytes */

Datum
frontier_get_datum(const Frontier *f)
{
	struct varlena *result = palloc(VARHDRSZ + FRONTIER_BINARY_SIZE(f));

	frontier_write(f, (uint8 *) VARDATA(result));
	SET_VARSIZE(result, VARHDRSZ + FRONTIER_BINARY_SIZE(f));
	return PointerGetDatum(result);
}

Frontier
datum_get_frontier(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_read((uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &arena,
					  &result, &err) != CORE_OK)
		report_core_error(&err);
	return result;
}

Frontier
frontiers_joined(const Frontier *a, const Frontier *b)
{
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_join(a, b, &arena, &result, &err) != CORE_OK)
		report_core_error(&err);
	return result;
}

Frontier
frontiers_met(const Frontier *a, const Frontier *b)
{
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_meet(a, b, &arena, &result, &err) != CORE_OK)
		report_core_error(&err);
	return result;
}

void
frontier_require_dims(const Frontier *f, int dims, const char *name)
{
	CoreError	err;

	if (frontier_check_dims(f, dims, name, &err) != CORE_OK)
		report_core_error(&err);
}

int
array_count(ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be a one-dimensional array", name),
				 errdetail("It has %d dimensions.", ARR_NDIM(array)),
				 errhint("Give an array of one dimension, such as '{a,b}' or '{1,2}'.")));
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

ArrayType *
array_normalized(ArrayType *array)
{
	Datum	   *elements;
	int			count;
	int16		length;
	bool		byval;
	char		align;

	if (ARR_NDIM(array) != 1 || array_contains_nulls(array) ||
		(ARR_LBOUND(array)[0] == 1 && !ARR_HASNULL(array)))
		return array;
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &byval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, byval, align, &elements, NULL,
					  &count);
	return construct_array(elements, count, ARR_ELEMTYPE(array), length, byval, align);
}

text	  **
array_texts(ArrayType *array, int *count)
{
	Datum	   *elements;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, count);
	/* A Datum of type text is a pointer to it. */
	return (text **) elements;
}

void
parts_check(ArrayType *parts, const char *name)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (array_count(parts, name) == 0)
		return;
	deconstruct_array(parts, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("part key is null"),
					 errdetail("It is element %d of %s.", i + 1, name),
					 errhint("Each element is a key that locates data.")));
		if (VARSIZE_ANY_EXHDR(DatumGetPointer(elements[i])) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("part key is empty"),
					 errdetail("It is element %d of %s.", i + 1, name),
					 errhint("Each element is a key that locates data.")));
	}
	pfree(elements);
	pfree(nulls);
}

void
hollow_batch_set_arrays(HollowBatch *batch, ArrayType *parts, ArrayType *runs)
{
	batch->nparts = array_count(parts, "parts");
	batch->nruns = array_count(runs, "runs");
	batch->parts = NULL;
	batch->runs = (int32 *) ARR_DATA_PTR(runs);
	parts_check(parts, "parts");
	if (array_contains_nulls(runs))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run is null"),
				 errdetail("runs has a null element."),
				 errhint("runs holds the offsets in parts where a new run begins.")));
}

double
interval_seconds(const Interval *interval)
{
	return (double) interval->month * DAYS_PER_MONTH * SECS_PER_DAY +
		(double) interval->day * SECS_PER_DAY +
		(double) interval->time / USECS_PER_SEC;
}

char *
excerpt(const char *string)
{
	int			length = strlen(string);

	if (length <= EXCERPT_SIZE)
		return pstrdup(string);
	return psprintf("%.*s...", pg_mbcliplen(string, length, EXCERPT_SIZE), string);
}

int
texts_compare(const text *a, const text *b)
{
	int			na = VARSIZE_ANY_EXHDR(a);
	int			nb = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(na, nb));

	return order != 0 ? order : (na > nb) - (na < nb);
}

static int
compare_elements(const void *a, const void *b)
{
	return texts_compare(*(text *const *) a, *(text *const *) b);
}

void
texts_sort(text **texts, int count)
{
	if (count > 1)
		qsort(texts, count, sizeof(text *), compare_elements);
}

bool
texts_equal_unordered(text **a, int na, text **b, int nb)
{
	if (na != nb)
		return false;
	texts_sort(a, na);
	texts_sort(b, nb);
	for (int i = 0; i < na; i++)
		if (texts_compare(a[i], b[i]) != 0)
			return false;
	return true;
}
