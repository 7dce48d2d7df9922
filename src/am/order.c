/*
 * order.c
 *		How the rows of a native table are sorted in its runs, and which of its
 *		columns add up.
 *
 * A column that is dropped is taken out of the order (native_hooks.c).
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "access/xact.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "am/file.h"
#include "am/order.h"
#include "am/settings.h"
#include "am/times.h"

void
order_require_sortable(Form_pg_attribute att, const char *why)
{
	TypeCacheEntry *cache = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR);

	if (OidIsValid(cache->lt_opr))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("column \"%s\" cannot be %s", NameStr(att->attname), why),
			 errdetail("Its type, %s, has no default btree operator class.",
					   format_type_be(att->atttypid)),
			 errhint("Use a type that can be sorted, or leave the column out.")));
}

void
order_refuse_drop(Oid relid, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot drop column \"%s\" of table \"%s\"", column, get_rel_name(relid)),
			 errdetail("It is a diff column: the rows of the table are what adds up in it."),
			 errhint("Drop the table, or make an ordinary table of it first: ALTER TABLE ... SET ACCESS METHOD heap.")));
	pg_unreachable();
}

static bool
contains(const AttrNumber *attnums, int count, AttrNumber attnum)
{
	for (int i = 0; i < count; i++)
		if (attnums[i] == attnum)
			return true;
	return false;
}

bool
order_is_diff(const RowOrder *order, AttrNumber attnum)
{
	return contains(order->diffs, order->ndiffs, attnum);
}

/* The columns with these names. */
static int
take_columns(List *names, TupleDesc desc, AttrNumber *attnums)
{
	int			taken = 0;
	ListCell   *cell;

	foreach(cell, names)
		for (AttrNumber attnum = 1; attnum <= desc->natts; attnum++)
		{
			Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);

			if (!att->attisdropped && namestrcmp(&att->attname, strVal(lfirst(cell))) == 0)
				attnums[taken++] = attnum;
		}
	return taken;
}

/* The first of these names that no column has. */
static const char *
missing_column(List *names, TupleDesc desc)
{
	AttrNumber	attnum;
	ListCell   *cell;

	foreach(cell, names)
		if (take_columns(list_make1(lfirst(cell)), desc, &attnum) == 0)
			return strVal(lfirst(cell));
	return NULL;
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
	order->operators = palloc(sizeof(Oid) * Max(order->nkeys, 1));
	order->collations = palloc(sizeof(Oid) * Max(order->nkeys, 1));
	order->nulls_first = palloc0(sizeof(bool) * Max(order->nkeys, 1));
	for (int i = 0; i < order->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, order->attnums[i] - 1);

		/* The operator class may have been dropped since. */
		order_require_sortable(att, order->ndiffs > 0 ? BESIDE_DIFFS : IN_ORDER);
		order->operators[i] = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR)->lt_opr;
		order->collations[i] = att->attcollation;
	}
}

static int32
hash_of(const RowOrder *order)
{
	uint32		hash = hash_bytes((unsigned char *) order->attnums,
								  sizeof(AttrNumber) * order->nkeys);

	hash = hash_combine(hash, hash_bytes((unsigned char *) order->diffs,
										 sizeof(AttrNumber) * order->ndiffs));
	return hash == 0 ? 1 : (int32) hash;
}

RowOrder *
order_of_described(Relation rel, TupleDesc desc)
{
	NativeSettings settings = settings_latest(RelationGetRelid(rel));
	RowOrder   *order;

	if (settings.order_columns == NIL && settings.diff_columns == NIL)
		return NULL;
	order = palloc0(sizeof(RowOrder));
	/* With room for what order_add_inserted adds. */
	order->attnums = palloc(sizeof(AttrNumber) * (2 * desc->natts + 2));
	order->diffs = palloc(sizeof(AttrNumber) * (desc->natts + 1));
	order->nkeys = take_columns(settings.order_columns, desc, order->attnums);
	order->ndiffs = take_columns(settings.diff_columns, desc, order->diffs);
	/* By the same command, which has not come to its end. */
	if (order->ndiffs < list_length(settings.diff_columns))
		order_refuse_drop(RelationGetRelid(rel), missing_column(settings.diff_columns, desc));
	if (order->ndiffs > 0)
		add_other_keys(order, desc);
	if (order->nkeys == 0 && order->ndiffs == 0)
		return NULL;
	fill_in_operators(order, desc);
	order->hash = hash_of(order);
	return order;
}

RowOrder *
order_of(Relation rel)
{
	return order_of_described(rel, RelationGetDescr(rel));
}

void
order_add_inserted(RowOrder *order, TupleDesc timed)
{
	int			n = order->nkeys++;

	order->attnums[n] = TIME_INSERTED(timed) + 1;
	order->operators = repalloc(order->operators, sizeof(Oid) * order->nkeys);
	order->operators[n] = Int8LessOperator;
	order->collations = repalloc(order->collations, sizeof(Oid) * order->nkeys);
	order->collations[n] = InvalidOid;
	order->nulls_first = repalloc(order->nulls_first, sizeof(bool) * order->nkeys);
	order->nulls_first[n] = true;
}

bool
order_has_diffs(Oid relid)
{
	return settings_latest(relid).diff_columns != NIL;
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
