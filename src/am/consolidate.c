/*
 * consolidate.c
 *		Making one row of those that are equal but for the columns that add up.
 *
 * Rows are sorted by all columns that are no diffs, so equal ones come one after
 * the other; the first gives the values, and all of them the sums (sums.h).
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"

#include "am/consolidate.h"
#include "am/sums.h"

struct Consolidation
{
	const RowOrder *order;
	TupleDesc	desc;
	Tuplesortstate *sort;
	bool		sorted;
	SortSupport keys;
	TupleTableSlot *held;		/* the first of the equal ones; empty: none */
	TupleTableSlot *next;		/* what the sort gave last */
	bool		has_next;
	Sums	   *sums;			/* of the held one and those equal to it */
	bool		has_rest;		/* of them, that went not into the last row */
	MemoryContext context;
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
	c->context = context;
	begin_keys(c);
	c->sort = order_sort(order, desc);
	c->held = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	c->next = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	c->sums = sums_create(order, desc, strict);
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
	ExecCopySlot(c->held, c->next);
	c->has_next = false;
	c->rows++;
	sums_begin(c->sums, c->held);
}

/* Adds the next row to the sums; false, and nothing is added, if it cannot be. */
static bool
add_next(Consolidation *c)
{
	if (!sums_add(c->sums, c->next))
		return false;
	c->has_next = false;
	c->rows++;
	return true;
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

static void
put_out(Consolidation *c, TupleTableSlot *slot)
{
	slot_getallattrs(c->held);
	memcpy(slot->tts_values, c->held->tts_values, sizeof(Datum) * c->desc->natts);
	memcpy(slot->tts_isnull, c->held->tts_isnull, sizeof(bool) * c->desc->natts);
	c->has_rest = sums_take(c->sums, slot);
	ExecStoreVirtualTuple(slot);
}

bool
consolidation_next(Consolidation *c, TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	if (!c->sorted)
		tuplesort_performsort(c->sort);
	c->sorted = true;
	if (c->has_rest)
	{
		put_out(c, slot);
		return true;
	}
	while (fetch_next(c))
	{
		hold(c);
		while (fetch_next(c) && is_equal(c) && add_next(c))
			;
		if (!sums_are_zero(c->sums))
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
