/*
 * offer.c
 *		Choosing merges.
 *
 * What a merge saves is looking at several batches instead of one; what it costs
 * is rewriting their updates.  So the request that takes away the most batches
 * for each update rewritten comes first, and of equal ones the older.  How many
 * updates would add up to nothing, nobody knows before.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "state/arena.h"
#include "state/batches.h"
#include "state/offer.h"
#include "state/values.h"

/* Bytes of part keys that a claim can name: they are in one row. */
#define MAX_CLAIM_BYTES (64 * 1024 * 1024)

List *
offers_add(List *offers, Spine *spine)
{
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	SpineBatch *batch;
	int			level;

	while ((batch = levels_next(&spine->trace.levels, &walk, &level)) != NULL)
	{
		Offer	   *offer;

		if (!spine_batch_is_fueled(batch))
			continue;
		offer = palloc(sizeof(Offer));
		offer->relid = spine->relid;
		offer->generation = spine->generation;
		offer->request = spine_batch_request(batch);
		offer->saving = (double) (batch->hollow - 1) / (double) Max(batch->len, 1);
		offer->level = level;
		offers = lappend(offers, offer);
	}
	return offers;
}

Offer *
offer_copy(const Offer *offer)
{
	Offer	   *copy = palloc(sizeof(Offer));
	Arena		arena = current_arena();

	*copy = *offer;
	copy->request.desc = description_copy(&offer->request.desc, &arena);
	return copy;
}

bool
offer_stands(Spine *spine, uint64 lo, uint64 hi)
{
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	SpineBatch *batch;

	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
		if (batch->lo == lo && batch->hi == hi)
			return spine_batch_is_fueled(batch);
	return false;
}

bool
offer_contains(Spine *spine, uint64 lo, uint64 hi)
{
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	SpineBatch *batch;

	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
		if (batch->lo <= lo && hi <= batch->hi)
			return spine_batch_is_fueled(batch);
	return false;
}

int
offer_compare(const Offer *a, const Offer *b)
{
	if (a->saving != b->saving)
		return a->saving > b->saving ? -1 : 1;
	/* The lower the ids of its youngest batch, the older it is. */
	if (a->request.hi != b->request.hi)
		return a->request.hi < b->request.hi ? -1 : 1;
	return a->relid < b->relid ? -1 : a->relid > b->relid;
}

static int
compare_cells(const ListCell *a, const ListCell *b)
{
	return offer_compare(lfirst(a), lfirst(b));
}

void
offers_sort(List *offers)
{
	list_sort(offers, compare_cells);
}

static bool
overlaps(const Claim *claim, int64 lo, int64 hi)
{
	return claim->lo < hi && lo < claim->hi;
}

OfferStatus
offer_status(const Offer *offer, List *claims, Snapshot snapshot)
{
	TimestampTz now = GetCurrentTimestamp();
	RequestKey	key = {offer->relid, offer->generation, (int64) offer->request.lo,
		(int64) offer->request.hi};
	OfferStatus status = {.state = OFFER_OPEN, .attempts = attempts_read(&key, snapshot)};
	bool		lapsed = false;
	ListCell   *cell;

	foreach(cell, claims)
	{
		const Claim *claim = lfirst(cell);
		ClaimState	state = claim_state(claim, now);

		if (!overlaps(claim, key.lo, key.hi))
			continue;
		if (state == CLAIM_LAPSED)
		{
			lapsed = lapsed || (claim->request.lo == key.lo && claim->request.hi == key.hi);
			continue;
		}
		if (status.claim == NULL || claim->lease_expires > status.claim->lease_expires)
			status.claim = claim;
		if (status.state != OFFER_CLAIMED)
			status.state = state == CLAIM_LEASED ? OFFER_CLAIMED : OFFER_COMPLETED;
	}
	/* Whoever had several stretches and died has failed once. */
	status.attempts.count += lapsed;
	if (attempts_exhausted(status.attempts.count))
		status.state = OFFER_PARKED;
	else if (status.state == OFFER_OPEN && status.attempts.retry_at > now)
		status.state = OFFER_DELAYED;
	return status;
}

/* What open claims cover, as one goes through the ids of a spine. */
typedef struct Cover
{
	List	   *claims;			/* by their first ids */
	int			next;
	int64		reached;		/* so far do those before the next one cover */
	TimestampTz now;
} Cover;

static int
compare_claims(const ListCell *a, const ListCell *b)
{
	int64		x = ((const Claim *) lfirst(a))->lo;
	int64		y = ((const Claim *) lfirst(b))->lo;

	return (x > y) - (x < y);
}

static Cover
begin_cover(List *claims)
{
	Cover		cover = {.claims = list_copy(claims), .now = GetCurrentTimestamp()};

	list_sort(cover.claims, compare_claims);
	return cover;
}

/* Takes in the claims that begin before this id. */
static void
cover_until(Cover *cover, int64 id)
{
	for (; cover->next < list_length(cover->claims); cover->next++)
	{
		const Claim *claim = list_nth(cover->claims, cover->next);

		if (claim->lo >= id)
			break;
		if (claim_state(claim, cover->now) != CLAIM_LAPSED)
			cover->reached = Max(cover->reached, claim->hi);
	}
}

/*
 * Is a hollow batch in an open claim?  To be asked in order of their ids.  If it
 * is, all is claimed up to where the claims reached so far.
 */
static bool
is_claimed(Cover *cover, const BatchRow *row)
{
	int64		reached;

	cover_until(cover, row->id_hi);
	if (cover->reached <= row->id_lo)
		return false;
	/* One claim mostly begins where another ends. */
	do
	{
		reached = cover->reached;
		cover_until(cover, reached + 1);
	} while (cover->reached > reached);
	return true;
}

/* A stretch as it grows. */
typedef struct Growth
{
	MergeRequest request;
	ArrayBuildState *parts;
	ArrayBuildState *runs;
	Size		bytes;
	int			batches;
} Growth;

static void
start_stretch(Growth *growth, const BatchRow *row)
{
	Arena		arena = current_arena();

	memset(growth, 0, sizeof(*growth));
	growth->request.lo = (uint64) row->id_lo;
	/* The row goes when the next one comes. */
	growth->request.desc = description_copy(&row->desc, &arena);
	growth->parts = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	growth->runs = initArrayResult(INT4OID, CurrentMemoryContext, false);
}

static void
add_run(Growth *growth, int64 offset)
{
	accumArrayResult(growth->runs, Int32GetDatum((int32) offset), false, INT4OID,
					 CurrentMemoryContext);
}

/* Where one batch's parts end and the next one's begin, a new run begins, too. */
static void
add_runs(Growth *growth, const BatchRow *row, int nparts)
{
	int32	   *offsets = (int32 *) ARR_DATA_PTR(row->runs);

	if (growth->request.parts > 0 && nparts > 0)
		add_run(growth, growth->request.parts);
	for (int i = 0; i < array_count(row->runs, "runs"); i++)
		add_run(growth, growth->request.parts + offsets[i]);
}

/* False if it would be more than a claim may have. */
static bool
grow_stretch(Growth *growth, const BatchRow *row, int64 max_parts)
{
	Arena		arena = current_arena();
	int			n;
	text	  **parts = array_texts(row->parts, &n);
	Size		bytes = growth->bytes + VARSIZE_ANY(row->parts);

	if (bytes > MAX_CLAIM_BYTES || (max_parts > 0 && growth->request.parts + n > max_parts))
		return false;
	add_runs(growth, row, n);
	for (int i = 0; i < n; i++)
		accumArrayResult(growth->parts, PointerGetDatum(parts[i]), false, TEXTOID,
						 CurrentMemoryContext);
	growth->bytes = bytes;
	growth->batches++;
	growth->request.hi = (uint64) row->id_hi;
	growth->request.desc.upper = frontier_copy(&row->desc.upper, &arena);
	growth->request.parts += n;
	growth->request.len = add_saturating(growth->request.len, row->len);
	return true;
}

/* The next row of a request that no claim covers, or NULL; *gap if one was. */
static BatchRow *
next_free(const Offer *offer, Cover *cover, Snapshot rows, BatchScan **scan, bool *gap)
{
	BatchRow   *row;

	*gap = false;
	while ((row = batches_next(*scan)) != NULL && is_claimed(cover, row))
	{
		*gap = true;
		if (cover->reached <= row->id_hi)
			continue;
		/* That may be thousands of them. */
		batches_end(*scan);
		*scan = batches_begin(offer->relid, cover->reached, (int64) offer->request.hi, rows);
	}
	return row;
}

bool
offer_stretch(const Offer *offer, int64 from, List *claims, int64 max_parts, Snapshot rows,
			  Stretch *stretch)
{
	BatchScan  *scan = batches_begin(offer->relid, from, (int64) offer->request.hi, rows);
	Cover		cover = begin_cover(claims);
	Growth		growth = {0};
	BatchRow   *row;
	bool		gap;

	while ((row = next_free(offer, &cover, rows, &scan, &gap)) != NULL)
	{
		if (gap)
		{
			if (growth.batches > 1)
				break;
			growth.batches = 0;
		}
		if (growth.batches == 0)
			start_stretch(&growth, row);
		if (!grow_stretch(&growth, row, max_parts))
		{
			if (growth.batches > 1)
				break;
			/* The one before is too large for any neighbour: start with this one. */
			start_stretch(&growth, row);
			if (!grow_stretch(&growth, row, max_parts))
				growth.batches = 0;
		}
	}
	batches_end(scan);
	list_free(cover.claims);
	if (growth.batches < 2)
		return false;
	growth.request.desc.since = offer->request.desc.since;
	stretch->request = growth.request;
	stretch->parts = DatumGetArrayTypeP(makeArrayResult(growth.parts, CurrentMemoryContext));
	stretch->runs = DatumGetArrayTypeP(makeArrayResult(growth.runs, CurrentMemoryContext));
	return true;
}
