/*
 * consolidate.c
 *		Making one row of those that are equal but for the columns that add up.
 *
 * Rows are sorted by all columns that are no diffs, so equal ones come one after
 * the other; the first gives the values, and all of them the sums.  A null in a diff
 * column adds nothing.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"

#include "am/consolidate.h"
#include "am/diff.h"

struct Consolidation
{
	const RowOrder *order;
	TupleDesc	desc;
	bool		strict;
	Tuplesortstate *sort;
	bool		sorted;
	SortSupport keys;
	TupleTableSlot *held;		/* the first of the equal ones; empty: none */
	TupleTableSlot *next;		/* what the sort gave last */
	bool		has_next;
	Datum	   *sums;			/* of the held one and those equal to it */
	bool	   *sum_is_null;
	MemoryContext context;
	MemoryContext sum_context[2];	/* the sums are in one of them */
	int			current;
	int64		rows;
};

static void
begin_keys(Consolidation *c)
{
	c->keys = palloc0(sizeof(SortSupportData) * Max(c->order->nkeys, 1));
	for (int i = 0; i < c->order->nkeys; i++)
	{
		c->keys[i].ssup_cxt = c->context;
		c->keys[i].ssup_collation = c->order->collations[i];
		c->keys[i].ssup_nulls_first = c->order->nulls_first[i];
		c->keys[i].ssup_attno = c->order->attnums[i];
		PrepareSortSupportFromOrderingOp(c->order->operators[i], &c->keys[i]);
	}
}

Consolidation *
consolidation_begin(const RowOrder *order, TupleDesc desc, bool strict)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spine consolidation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Consolidation *c = palloc0(sizeof(Consolidation));

	c->order = order;
	c->desc = desc;
	c->strict = strict;
	c->context = context;
	begin_keys(c);
	c->sort = order_sort(order, desc);
	c->held = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	c->next = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	c->sums = palloc(sizeof(Datum) * order->ndiffs);
	c->sum_is_null = palloc(sizeof(bool) * order->ndiffs);
	for (int i = 0; i < 2; i++)
		c->sum_context[i] = AllocSetContextCreate(context, "spine sums",
												  ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(old);
	return c;
}

void
consolidation_add(Consolidation *c, TupleTableSlot *slot)
{
	tuplesort_puttupleslot(c->sort, slot);
}

static bool
is_equal(Consolidation *c)
{
	for (int i = 0; i < c->order->nkeys; i++)
	{
		AttrNumber	attnum = c->order->attnums[i];
		bool		anull;
		bool		bnull;
		Datum		a = slot_getattr(c->held, attnum, &anull);
		Datum		b = slot_getattr(c->next, attnum, &bnull);

		if (ApplySortComparator(a, anull, b, bnull, &c->keys[i]) != 0)
			return false;
	}
	return true;
}

/* The next row begins another sum. */
static void
hold(Consolidation *c)
{
	MemoryContext old;

	ExecCopySlot(c->held, c->next);
	c->has_next = false;
	c->rows++;
	MemoryContextReset(c->sum_context[c->current]);
	old = MemoryContextSwitchTo(c->sum_context[c->current]);
	for (int i = 0; i < c->order->ndiffs; i++)
	{
		Form_pg_attribute att = TupleDescAttr(c->desc, c->order->diffs[i] - 1);
		Datum		value = slot_getattr(c->held, c->order->diffs[i], &c->sum_is_null[i]);

		if (!c->sum_is_null[i])
			c->sums[i] = datumCopy(value, att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(old);
}

/* One column of the next row; false where that is out of range. */
static bool
add_column(Consolidation *c, int i, Datum *sum, bool *isnull)
{
	Form_pg_attribute att = TupleDescAttr(c->desc, c->order->diffs[i] - 1);
	bool		next_is_null;
	Datum		next = slot_getattr(c->next, c->order->diffs[i], &next_is_null);

	*isnull = c->sum_is_null[i] && next_is_null;
	if (*isnull)
		return true;
	if (next_is_null || c->sum_is_null[i])
	{
		*sum = datumCopy(next_is_null ? c->sums[i] : next, att->attbyval, att->attlen);
		return true;
	}
	if (diff_add(att->atttypid, c->sums[i], next, sum))
		return true;
	if (c->strict)
		diff_out_of_range(att->atttypid);
	return false;
}

/* Adds the next row to the sums; false, and nothing is added, if it cannot be. */
static bool
add_next(Consolidation *c)
{
	int			ndiffs = c->order->ndiffs;
	MemoryContext other = c->sum_context[1 - c->current];
	MemoryContext old = MemoryContextSwitchTo(other);
	Datum	   *sums = palloc(sizeof(Datum) * ndiffs);
	bool	   *nulls = palloc(sizeof(bool) * ndiffs);
	bool		fine = true;

	for (int i = 0; i < ndiffs && fine; i++)
		fine = add_column(c, i, &sums[i], &nulls[i]);
	MemoryContextSwitchTo(old);
	if (fine)
	{
		memcpy(c->sums, sums, sizeof(Datum) * ndiffs);
		memcpy(c->sum_is_null, nulls, sizeof(bool) * ndiffs);
		MemoryContextReset(c->sum_context[c->current]);
		c->current = 1 - c->current;
		c->has_next = false;
		c->rows++;
	}
	else
		MemoryContextReset(other);
	return fine;
}

static bool
fetch_next(Consolidation *c)
{
	if (!c->has_next)
	{
		CHECK_FOR_INTERRUPTS();
		c->has_next = tuplesort_gettupleslot(c->sort, true, false, c->next, NULL);
	}
	return c->has_next;
}

static bool
is_zero(Consolidation *c)
{
	for (int i = 0; i < c->order->ndiffs; i++)
		if (!c->sum_is_null[i] &&
			!diff_is_zero(TupleDescAttr(c->desc, c->order->diffs[i] - 1)->atttypid,
						  c->sums[i]))
			return false;
	return true;
}

static void
put_out(Consolidation *c, TupleTableSlot *slot)
{
	slot_getallattrs(c->held);
	memcpy(slot->tts_values, c->held->tts_values, sizeof(Datum) * c->desc->natts);
	memcpy(slot->tts_isnull, c->held->tts_isnull, sizeof(bool) * c->desc->natts);
	for (int i = 0; i < c->order->ndiffs; i++)
	{
		slot->tts_values[c->order->diffs[i] - 1] = c->sums[i];
		slot->tts_isnull[c->order->diffs[i] - 1] = c->sum_is_null[i];
	}
	ExecStoreVirtualTuple(slot);
}

bool
consolidation_next(Consolidation *c, TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	if (!c->sorted)
		tuplesort_performsort(c->sort);
	c->sorted = true;
	while (fetch_next(c))
	{
		hold(c);
		while (fetch_next(c) && is_equal(c) && add_next(c))
			;
		if (!is_zero(c))
		{
			put_out(c, slot);
			return true;
		}
	}
	return false;
}

int64
consolidation_rows(const Consolidation *c)
{
	return c->rows;
}

void
consolidation_end(Consolidation *c)
{
	tuplesort_end(c->sort);
	ExecDropSingleTupleTableSlot(c->held);
	ExecDropSingleTupleTableSlot(c->next);
	MemoryContextDelete(c->context);
}
