/*
 * batches_find.c
 *		Hollow batches by their bounds, as the core asks about them.
 *
 * There is no index on bounds: the rows of a spine are a chain, so that those in
 * the order of ids are in that of bounds, too.
 */
#include "postgres.h"

#include "state/batches.h"
#include "state/values.h"

/*
 * The row that begins (or ends) at a frontier is found by narrowing the range of
 * ids: from a guess in growing steps, and when it lies between two of them, by
 * halving what is left.
 */
static bool
find_bound(Oid relid, uint64 lo, uint64 hi, uint64 guess, const Frontier *frontier,
		   bool upper, BatchRow *row)
{
	uint64		at = guess;
	uint64		step = 1;
	bool		rose = false;
	bool		fell = false;

	while (lo < hi)
	{
		const Frontier *bound = upper ? &row->desc.upper : &row->desc.lower;

		if (!batches_at(relid, (int64) lo, (int64) at, NULL, row))
			return false;
		if (frontier_equal(bound, frontier))
			return true;
		if (frontier_less_than(bound, frontier))
		{
			lo = (uint64) row->id_hi;
			rose = true;
		}
		else
		{
			hi = (uint64) row->id_lo;
			fell = true;
		}
		if (lo >= hi)
			break;
		if (rose && fell)
			at = lo + (hi - lo) / 2;
		else
			at = rose ? lo + Min(step, hi - lo) - 1 : hi - Min(step, hi - lo);
		step *= 2;
	}
	return false;
}

/* Where a batch with this lower is if (first) coordinates advance evenly with ids. */
static uint64
guess_id(Oid relid, uint64 lo, uint64 hi, const Frontier *lower)
{
	BatchRow	first;
	BatchRow	last;
	uint64		from;
	uint64		to;
	double		share;

	if (!batches_at(relid, (int64) lo, (int64) lo, NULL, &first) ||
		!batches_at(relid, (int64) lo, (int64) hi - 1, NULL, &last) ||
		!frontier_less_than(&first.desc.lower, lower))
		return lo;
	if (!frontier_less_than(lower, &last.desc.lower))
		return (uint64) last.id_lo;
	from = frontier_coordinate(&first.desc.lower, 0, 0);
	to = frontier_coordinate(&last.desc.lower, 0, 0);
	/* With several dimensions only another coordinate may have advanced. */
	share = to == from ? 0 :
		(double) (frontier_coordinate(lower, 0, 0) - from) / (double) (to - from);
	return Min(lo + (uint64) (share * (double) ((uint64) last.id_lo - lo)), hi - 1);
}

int64
batches_first_after(Oid relid, uint64 next_id, const Frontier *frontier,
					Snapshot snapshot)
{
	uint64		lo = 0;
	uint64		hi = next_id;
	BatchRow	row;

	while (lo < hi &&
		   batches_at(relid, (int64) lo, (int64) (lo + (hi - lo) / 2), snapshot, &row))
	{
		if (frontier_less_equal(&row.desc.upper, frontier))
			lo = (uint64) row.id_hi;
		else
			hi = (uint64) row.id_lo;
	}
	return (int64) lo;
}

static Status
source_find(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
			const Frontier *upper, bool *found, uint64_t *found_lo,
			uint64_t *found_hi, CoreError *err)
{
	Oid			relid = *(Oid *) context;
	BatchRow	row;

	*found = find_bound(relid, lo, hi, guess_id(relid, lo, hi, lower), lower, false, &row);
	if (!*found)
		return CORE_OK;
	*found_lo = (uint64) row.id_lo;
	/* A result mostly stands for a few batches. */
	*found = find_bound(relid, *found_lo, hi, *found_lo, upper, true, &row);
	*found_hi = (uint64) row.id_hi;
	return CORE_OK;
}

/* In the very range, or else anywhere. */
static Status
source_find_near(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
				 const Frontier *upper, bool *found, uint64_t *found_lo,
				 uint64_t *found_hi, CoreError *err)
{
	BatchRange *range = context;
	BatchRow	row;

	*found_lo = (uint64) range->lo;
	*found_hi = (uint64) range->hi;
	*found = lo <= *found_lo && *found_lo < *found_hi && *found_hi <= hi &&
		batches_at(range->relid, range->lo, range->lo, NULL, &row) &&
		frontier_equal(&row.desc.lower, lower) &&
		batches_at(range->relid, range->lo, range->hi - 1, NULL, &row) &&
		row.id_hi == range->hi && frontier_equal(&row.desc.upper, upper);
	return *found ? CORE_OK :
		source_find(&range->relid, lo, hi, lower, upper, found, found_lo, found_hi, err);
}

static Status
source_sum(void *context, uint64_t lo, uint64_t hi, HollowSum *sum, CoreError *err)
{
	BatchScan  *scan = batches_begin(*(Oid *) context, (int64) lo, (int64) hi, NULL);
	BatchRow   *row;

	*sum = (HollowSum) {0};
	while ((row = batches_next(scan)) != NULL)
	{
		sum->hollow++;
		sum->parts = add_saturating(sum->parts, array_count(row->parts, "parts"));
		sum->len = add_saturating(sum->len, row->len);
	}
	batches_end(scan);
	return CORE_OK;
}

HollowSource
batches_source(Oid *relid)
{
	return (HollowSource) {relid, source_find, source_sum};
}

static Status
source_sum_near(void *context, uint64_t lo, uint64_t hi, HollowSum *sum, CoreError *err)
{
	BatchRange *range = context;

	return source_sum(&range->relid, lo, hi, sum, err);
}

HollowSource
batches_source_near(BatchRange *range)
{
	return (HollowSource) {range, source_find_near, source_sum_near};
}
