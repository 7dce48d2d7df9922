/*
 * order.c
 *		How the rows of a native table are sorted in its runs, and which of its
 *		columns add up.
 *
 * Columns are kept by number in the table's options, so they follow renames; one
 * that was dropped counts no more.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "am/order.h"
#include "state/options.h"

bool
order_can_sort(Form_pg_attribute att)
{
	TypeCacheEntry *cache = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR);

	return OidIsValid(cache->lt_opr);
}

static bool
contains(const AttrNumber *attnums, int count, AttrNumber attnum)
{
	for (int i = 0; i < count; i++)
		if (attnums[i] == attnum)
			return true;
	return false;
}

/* The columns of an array of numbers that are there (still). */
static int
take_columns(ArrayType *array, TupleDesc desc, AttrNumber *attnums)
{
	int16	   *numbers;
	int			count;
	int			taken = 0;

	if (array == NULL)
		return 0;
	numbers = (int16 *) ARR_DATA_PTR(array);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (int i = 0; i < count; i++)
		if (numbers[i] >= 1 && numbers[i] <= desc->natts &&
			!TupleDescAttr(desc, numbers[i] - 1)->attisdropped)
			attnums[taken++] = numbers[i];
	return taken;
}

/* All that are no diffs, after those that are keys already. */
static void
add_other_keys(RowOrder *order, TupleDesc desc)
{
	for (AttrNumber attnum = 1; attnum <= desc->natts; attnum++)
		if (!TupleDescAttr(desc, attnum - 1)->attisdropped &&
			!contains(order->attnums, order->nkeys, attnum) &&
			!contains(order->diffs, order->ndiffs, attnum))
			order->attnums[order->nkeys++] = attnum;
}

static void
fill_in_operators(RowOrder *order, TupleDesc desc)
{
	order->operators = palloc(sizeof(Oid) * order->nkeys);
	order->collations = palloc(sizeof(Oid) * order->nkeys);
	order->nulls_first = palloc0(sizeof(bool) * order->nkeys);
	for (int i = 0; i < order->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, order->attnums[i] - 1);

		order->operators[i] = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR)->lt_opr;
		order->collations[i] = att->attcollation;
	}
}

/* Of the latest state, which a lock on the table keeps. */
static SpineOptions
read_options(Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() :
											GetLatestSnapshot());
	SpineOptions options = options_read(relid, snapshot);

	UnregisterSnapshot(snapshot);
	return options;
}

RowOrder *
order_of(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	SpineOptions options = read_options(RelationGetRelid(rel));
	RowOrder   *order;

	if (options.order_columns == NULL && options.diff_columns == NULL)
		return NULL;
	order = palloc0(sizeof(RowOrder));
	order->attnums = palloc(sizeof(AttrNumber) * (2 * desc->natts + 1));
	order->diffs = palloc(sizeof(AttrNumber) * (desc->natts + 1));
	order->nkeys = take_columns(options.order_columns, desc, order->attnums);
	order->ndiffs = take_columns(options.diff_columns, desc, order->diffs);
	if (order->ndiffs > 0)
		add_other_keys(order, desc);
	if (order->nkeys == 0 && order->ndiffs == 0)
		return NULL;
	fill_in_operators(order, desc);
	return order;
}

bool
order_has_diffs(Oid relid)
{
	return read_options(relid).diff_columns != NULL;
}

Tuplesortstate *
order_sort(const RowOrder *order, TupleDesc desc)
{
	Oid			any;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;
	AttrNumber	first;

	if (order->nkeys > 0)
		return tuplesort_begin_heap(desc, order->nkeys, order->attnums, order->operators,
									order->collations, order->nulls_first,
									maintenance_work_mem, NULL, TUPLESORT_NONE);
	/* There is nothing but diffs.  A sort has to be by something. */
	first = order->diffs[0];
	any = lookup_type_cache(TupleDescAttr(desc, first - 1)->atttypid, TYPECACHE_LT_OPR)->lt_opr;
	return tuplesort_begin_heap(desc, 1, &first, &any, &collation, &nulls_first,
								maintenance_work_mem, NULL, TUPLESORT_NONE);
}
