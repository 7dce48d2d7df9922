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
		offer->request = spine_batch_request(batch);
		offer->saving = (double) (batch->hollow - 1) / (double) Max(batch->len, 1);
		offer->level = level;
		offers = lappend(offers, offer);
	}
	return offers;
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

static int
compare_offers(const ListCell *a, const ListCell *b)
{
	const Offer *x = lfirst(a);
	const Offer *y = lfirst(b);

	if (x->saving != y->saving)
		return x->saving > y->saving ? -1 : 1;
	/* The lower the ids of its youngest batch, the older it is. */
	if (x->request.hi != y->request.hi)
		return x->request.hi < y->request.hi ? -1 : 1;
	return x->relid < y->relid ? -1 : x->relid > y->relid;
}

void
offers_sort(List *offers)
{
	list_sort(offers, compare_offers);
}

static bool
overlaps(const Claim *claim, int64 lo, int64 hi)
{
	return claim->lo < hi && lo < claim->hi;
}

OfferStatus
offer_status(const Offer *offer, int64 generation, List *claims, Snapshot snapshot)
{
	TimestampTz now = GetCurrentTimestamp();
	RequestKey	key = {offer->relid, generation, (int64) offer->request.lo,
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

/* Is a hollow batch in an open claim? */
static bool
is_claimed(const BatchRow *row, List *claims, TimestampTz now)
{
	ListCell   *cell;

	foreach(cell, claims)
	{
		const Claim *claim = lfirst(cell);

		if (overlaps(claim, row->id_lo, row->id_hi) && claim_state(claim, now) != CLAIM_LAPSED)
			return true;
	}
	return false;
}

/* A stretch as it grows. */
typedef struct Stretch
{
	MergeRequest request;
	ArrayBuildState *inputs;
	Size		bytes;
	int			batches;
} Stretch;

static void
start_stretch(Stretch *stretch, const BatchRow *row)
{
	memset(stretch, 0, sizeof(*stretch));
	stretch->request.lo = (uint64) row->id_lo;
	stretch->request.desc = row->desc;
	stretch->inputs = initArrayResult(TEXTOID, CurrentMemoryContext, false);
}

/* False if it would be more than a claim may have. */
static bool
grow_stretch(Stretch *stretch, const BatchRow *row, int64 max_parts)
{
	int			n;
	text	  **parts = array_texts(row->parts, &n);
	Size		bytes = stretch->bytes + VARSIZE_ANY(row->parts);

	if (bytes > MAX_CLAIM_BYTES || (max_parts > 0 && stretch->request.parts + n > max_parts))
		return false;
	for (int i = 0; i < n; i++)
		accumArrayResult(stretch->inputs, PointerGetDatum(parts[i]), false, TEXTOID,
						 CurrentMemoryContext);
	stretch->bytes = bytes;
	stretch->batches++;
	stretch->request.hi = (uint64) row->id_hi;
	stretch->request.desc.upper = row->desc.upper;
	stretch->request.parts += n;
	stretch->request.len = add_saturating(stretch->request.len, row->len);
	return true;
}

static void
fill_claim(const Offer *offer, Stretch *stretch, Claim *claim)
{
	claim->request.relid = offer->relid;
	claim->request.lo = (int64) offer->request.lo;
	claim->request.hi = (int64) offer->request.hi;
	claim->lo = (int64) stretch->request.lo;
	claim->hi = (int64) stretch->request.hi;
	claim->desc = stretch->request.desc;
	claim->len = stretch->request.len;
	claim->inputs = DatumGetArrayTypeP(makeArrayResult(stretch->inputs, CurrentMemoryContext));
}

bool
offer_stretch(const Offer *offer, List *claims, int64 max_parts, Snapshot rows,
			  Claim *claim, MergeRequest *request)
{
	TimestampTz now = GetCurrentTimestamp();
	BatchScan  *scan = batches_begin(offer->relid, (int64) offer->request.lo,
									 (int64) offer->request.hi, rows);
	Stretch		stretch = {0};
	BatchRow   *row;

	while ((row = batches_next(scan)) != NULL)
	{
		if (is_claimed(row, claims, now))
		{
			if (stretch.batches > 1)
				break;
			stretch.batches = 0;
			continue;
		}
		if (stretch.batches == 0)
			start_stretch(&stretch, row);
		if (!grow_stretch(&stretch, row, max_parts))
		{
			if (stretch.batches > 1)
				break;
			/* The one before is too large for any neighbour: start with this one. */
			start_stretch(&stretch, row);
			if (!grow_stretch(&stretch, row, max_parts))
				stretch.batches = 0;
		}
	}
	batches_end(scan);
	if (stretch.batches < 2)
		return false;
	stretch.request.desc.since = offer->request.desc.since;
	fill_claim(offer, &stretch, claim);
	*request = stretch.request;
	return true;
}
