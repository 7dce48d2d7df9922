/*
 * claiming.c
 *		Claiming what is free of a merge request.
 *
 * Offers are made from a snapshot, and may be out of date when somebody gets to
 * them; so everything is looked at once more under the claim lock.  That is let go
 * when claims are written, since others see them from then on.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "state/claiming.h"
#include "state/offer_queue.h"
#include "state/registry.h"
#include "state/seen.h"

/* So many under one lock, which the worker waits for with the spine's. */
#define CLAIMS_AT_ONCE 64

static bool
concerns(const Offer *offer, const Claim *claim)
{
	return claim->lo < (int64) offer->request.hi && (int64) offer->request.lo < claim->hi;
}

static bool
has_lapsed(const Offer *offer, List *claims)
{
	TimestampTz now = GetCurrentTimestamp();
	ListCell   *cell;

	foreach(cell, claims)
		if (concerns(offer, lfirst(cell)) && claim_state(lfirst(cell), now) == CLAIM_LAPSED)
			return true;
	return false;
}

/*
 * To take a lapsed claim over counts as a failed attempt, and so needs the lock on
 * attempts.  Without it such claims are in the way for once, and so are those whose
 * leases run out while we are at it.
 */
static bool
lock_lapsed(const Offer *offer, List *claims)
{
	ListCell   *cell;

	if (has_lapsed(offer, claims) && attempts_lock(offer->relid, false))
		return true;
	foreach(cell, claims)
		((Claim *) lfirst(cell))->busy = true;
	return false;
}

static Claim *
make_claim(const Offer *offer, const Stretch *stretch, const Claimant *claimant)
{
	Claim	   *claim = palloc0(sizeof(Claim));

	claim->request.relid = offer->relid;
	claim->request.generation = offer->generation;
	claim->request.lo = (int64) offer->request.lo;
	claim->request.hi = (int64) offer->request.hi;
	claim->lo = (int64) stretch->request.lo;
	claim->hi = (int64) stretch->request.hi;
	claim->desc = stretch->request.desc;
	claim->len = stretch->request.len;
	claim->inputs = stretch->parts;
	claim->lease_expires = claimant->lease;
	/* By ourselves: it is not to lapse before we are done. */
	claim->busy = true;
	return claim;
}

/* Claims of a request that stands, from an id on; *claims are the open ones. */
static int
claim_stretches(const Offer *offer, int64 from, int max, List **claims, Snapshot rows,
				const Claimant *claimant)
{
	int			count = 0;
	Stretch		stretch;

	for (; count < max; count++)
	{
		OfferStatus status = offer_status(offer, *claims, SnapshotSelf);
		Claim	   *claim;

		CHECK_FOR_INTERRUPTS();
		if (status.state == OFFER_DELAYED || status.state == OFFER_PARKED ||
			!offer_stretch(offer, from, *claims, claimant->max_parts, rows, &stretch))
			break;
		claim = make_claim(offer, &stretch, claimant);
		claims_end_lapsed(claims, claim->request.lo, claim->request.hi, true);
		claims_insert(claim);
		if (status.attempts.count > 0)
			registry_count(offer->relid, &(SpineCounts) {.retries = 1});
		claimant->claimed(claimant->arg, claim, &stretch);
		*claims = lappend(*claims, claim);
		from = claim->hi;
	}
	return count;
}

/* Where to begin; not with a mark if leases have run out since it was set. */
static int64
marked_id(const Offer *offer, ClaimedMark *mark)
{
	*mark = (ClaimedMark)
	{
		.generation = offer->generation, .lo = (int64) offer->request.lo,
			.hi = (int64) offer->request.hi
	};
	if (!registry_claimed(offer->relid, mark) || mark->from >= mark->hi ||
		mark->until <= GetCurrentTimestamp())
	{
		mark->from = mark->lo;
		mark->until = DT_NOEND;
	}
	return mark->from;
}

static void
set_mark(const Offer *offer, ClaimedMark *mark, List *claims)
{
	const Claim *last = llast(claims);
	ListCell   *cell;

	foreach(cell, claims)
	{
		const Claim *claim = lfirst(cell);

		if (claim->result == 0 && concerns(offer, claim))
			mark->until = Min(mark->until, claim->lease_expires);
	}
	mark->from = last->hi;
	registry_set_claimed(offer->relid, mark);
}

/*
 * The claims are read before the snapshot is taken: the batches of one that ends
 * in between are taken for claimed, instead of being claimed though they have just
 * been replaced.
 */
static int
claim_from(const Offer *offer, ClaimedMark *mark, int max, const Claimant *claimant)
{
	SnapshotData dirty;
	List	   *claims;
	Snapshot	rows;
	bool		locked;
	int			count = 0;

	InitDirtySnapshot(dirty);
	claims = claims_open(offer->relid, offer->generation, mark->from,
						 (int64) offer->request.hi, &dirty);
	locked = lock_lapsed(offer, claims);
	PushActiveSnapshot(GetLatestSnapshot());
	if (seen_offer_stands(offer, &rows))
		count = claim_stretches(offer, mark->from, max, &claims, rows, claimant);
	PopActiveSnapshot();
	if (count > 0)
		set_mark(offer, mark, claims);
	else if (locked)
		attempts_unlock(offer->relid);
	return count;
}

/* From the mark on, and then from the beginning. */
static int
claim_offer(const Offer *offer, int max, const Claimant *claimant)
{
	ClaimedMark mark;
	bool		marked = marked_id(offer, &mark) > (int64) offer->request.lo;
	int			count = claim_from(offer, &mark, max, claimant);

	if (!marked || count == max)
		return count;
	mark.from = mark.lo;
	mark.until = DT_NOEND;
	return count + claim_from(offer, &mark, max - count, claimant);
}

/* Under the relation's lock; *busy if somebody is claiming and we do not wait. */
static int
claim_under_lock(const Offer *offer, int max, const Claimant *claimant, bool *busy)
{
	int			count;

	if (!claimant->may_claim(claimant->arg, offer->relid))
		return 0;
	if (busy == NULL)
		claims_lock(offer->relid);
	else if (!claims_try_lock(offer->relid))
	{
		*busy = true;
		return 0;
	}
	count = claim_offer(offer, Min(max, CLAIMS_AT_ONCE), claimant);
	claims_unlock(offer->relid);
	return count;
}

static int
try_offer(const Offer *offer, int max, const Claimant *claimant, bool *busy)
{
	int			count = 0;
	int			n;

	if (!ConditionalLockRelationOid(offer->relid, AccessShareLock))
		return 0;
	do
	{
		CHECK_FOR_INTERRUPTS();
		n = claim_under_lock(offer, max - count, claimant, busy);
		count += n;
	} while (n == CLAIMS_AT_ONCE && count < max);
	if (count == 0)
		UnlockRelationOid(offer->relid, AccessShareLock);
	return count;
}

/*
 * First only where nobody is claiming just now: else all that come at once would
 * queue for the best spine, one behind the other.
 */
int
claiming_try(List *spines, int max, const Claimant *claimant)
{
	OfferQueue	queue = offer_queue(spines);
	List	   *tried = NIL;
	bool		busy = false;
	int			count = 0;
	const Offer *offer;
	ListCell   *cell;

	while (count < max && (offer = offer_queue_next(&queue)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		count += try_offer(offer, max - count, claimant, &busy);
		tried = lappend(tried, (void *) offer);
	}
	if (!busy)
		return count;
	foreach(cell, tried)
	{
		CHECK_FOR_INTERRUPTS();
		if (count < max)
			count += try_offer(lfirst(cell), max - count, claimant, NULL);
	}
	return count;
}
