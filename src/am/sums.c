/*
 * sums.c
 *		The sums of the diff columns of equal rows.
 *
 * Integers and money are added in 128 bits, so nothing but the total decides whether
 * it is in range: rows come in no order that an error could depend on.  Where a
 * total is not, and that is no error, it takes several rows that add up to it, never
 * more than it came from.  A null adds nothing.  Relies on diff.h for the types.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/memutils.h"

#include "am/diff.h"
#include "am/sums.h"

/* One column's. */
typedef struct Sum
{
	bool		isnull;
	DiffTotal	total;			/* of integers */
	Datum		value;			/* of others */
} Sum;

struct Sums
{
	const RowOrder *order;
	TupleDesc	desc;
	bool		strict;
	Sum		   *sums;
	Sum		   *next;			/* what they will be */
	MemoryContext context[2];	/* their values are in one of them */
	int			current;
};

Sums *
sums_create(const RowOrder *order, TupleDesc desc, bool strict)
{
	Sums	   *sums = palloc0(sizeof(Sums));

	sums->order = order;
	sums->desc = desc;
	sums->strict = strict;
	sums->sums = palloc0(sizeof(Sum) * order->ndiffs);
	sums->next = palloc0(sizeof(Sum) * order->ndiffs);
	for (int i = 0; i < 2; i++)
		sums->context[i] = AllocSetContextCreate(CurrentMemoryContext, "spine sums",
												 ALLOCSET_SMALL_SIZES);
	return sums;
}

static Form_pg_attribute
column_of(const Sums *sums, int i)
{
	return TupleDescAttr(sums->desc, sums->order->diffs[i] - 1);
}

/* A value, as a sum, in the current context. */
static Sum
sum_of(Form_pg_attribute att, Datum value, bool isnull)
{
	Sum			sum = {.isnull = isnull,.total = diff_total(0)};

	if (isnull)
		return sum;
	if (diff_is_integer(att->atttypid))
		sum.total = diff_total(diff_integer(att->atttypid, value));
	else
		sum.value = datumCopy(value, att->attbyval, att->attlen);
	return sum;
}

/* The sum of one and a value, in the current context; false where that is out of range. */
static bool
add_value(const Sums *sums, int i, Datum value, Sum *result)
{
	Form_pg_attribute att = column_of(sums, i);
	const Sum  *sum = &sums->sums[i];

	if (sum->isnull)
	{
		*result = sum_of(att, value, false);
		return true;
	}
	*result = *sum;
	if (diff_is_integer(att->atttypid))
	{
		diff_total_add(&result->total, diff_integer(att->atttypid, value));
		return true;
	}
	if (diff_add(att->atttypid, sum->value, value, &result->value))
		return true;
	if (sums->strict)
		diff_out_of_range(att);
	return false;
}

/* A sum that stays what it is; its value has to go with the others. */
static Sum
keep(const Sums *sums, int i)
{
	Sum			sum = sums->sums[i];
	Form_pg_attribute att = column_of(sums, i);

	if (!sum.isnull && !diff_is_integer(att->atttypid))
		sum.value = datumCopy(sum.value, att->attbyval, att->attlen);
	return sum;
}

void
sums_begin(Sums *sums, TupleTableSlot *row)
{
	MemoryContext old;

	MemoryContextReset(sums->context[sums->current]);
	old = MemoryContextSwitchTo(sums->context[sums->current]);
	for (int i = 0; i < sums->order->ndiffs; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, sums->order->diffs[i], &isnull);

		sums->sums[i] = sum_of(column_of(sums, i), value, isnull);
	}
	MemoryContextSwitchTo(old);
}

bool
sums_add(Sums *sums, TupleTableSlot *row)
{
	MemoryContext other = sums->context[1 - sums->current];
	MemoryContext old = MemoryContextSwitchTo(other);
	Sum		   *before = sums->sums;
	bool		fine = true;

	for (int i = 0; i < sums->order->ndiffs && fine; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, sums->order->diffs[i], &isnull);

		if (isnull)
			sums->next[i] = keep(sums, i);
		else
			fine = add_value(sums, i, value, &sums->next[i]);
	}
	MemoryContextSwitchTo(old);
	if (!fine)
	{
		MemoryContextReset(other);
		return false;
	}
	MemoryContextReset(sums->context[sums->current]);
	sums->current = 1 - sums->current;
	sums->sums = sums->next;
	sums->next = before;
	return true;
}

bool
sums_are_zero(const Sums *sums)
{
	for (int i = 0; i < sums->order->ndiffs; i++)
	{
		const Sum  *sum = &sums->sums[i];
		Oid			type = column_of(sums, i)->atttypid;

		if (!sum->isnull && !(diff_is_integer(type) ? diff_total_is_zero(&sum->total) :
							  diff_is_zero(type, sum->value)))
			return false;
	}
	return true;
}

/* The next row has what is left of integers only. */
static void
clear_others(Sums *sums)
{
	MemoryContext old = MemoryContextSwitchTo(sums->context[sums->current]);

	for (int i = 0; i < sums->order->ndiffs; i++)
		if (!diff_is_integer(column_of(sums, i)->atttypid))
			sums->sums[i].value = diff_zero(column_of(sums, i)->atttypid);
	MemoryContextSwitchTo(old);
}

/*
 * What the column can show of a sum; false if that is not all.  Digits are not counted
 * at rest: there the sum stays as it is.
 */
static bool
take_value(Sums *sums, int i, Datum *value)
{
	Form_pg_attribute att = column_of(sums, i);
	MemoryContext old = MemoryContextSwitchTo(sums->context[sums->current]);
	bool		fine;

	if (diff_is_integer(att->atttypid))
		fine = diff_total_take(&sums->sums[i].total, att->atttypid, value);
	else
		fine = !sums->strict || diff_fits(att, *value);
	MemoryContextSwitchTo(old);
	if (!fine && sums->strict)
		diff_out_of_range(att);
	return fine;
}

bool
sums_take(Sums *sums, TupleTableSlot *slot)
{
	bool		rest = false;

	for (int i = 0; i < sums->order->ndiffs; i++)
	{
		int			place = sums->order->diffs[i] - 1;
		const Sum  *sum = &sums->sums[i];

		slot->tts_isnull[place] = sum->isnull;
		slot->tts_values[place] = sum->value;
		if (sum->isnull || take_value(sums, i, &slot->tts_values[place]))
			continue;
		rest = true;
	}
	if (rest)
		clear_others(sums);
	return rest;
}

void
sums_free(Sums *sums)
{
	for (int i = 0; i < 2; i++)
		MemoryContextDelete(sums->context[i]);
	pfree(sums->sums);
	pfree(sums->next);
	pfree(sums);
}
