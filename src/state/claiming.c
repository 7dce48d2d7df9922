/*
 * claiming.c
 *		Claiming what is free of a merge request.
 *
 * Offers are made from a snapshot, and may be out of date when somebody gets to
 * them; so everything is looked at once more under the claim lock.
 */
#include "postgres.h"

#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "state/claiming.h"
#include "state/registry.h"

/* Under the claim lock: stretch by stretch; returns how many it was. */
static int
claim_offer(const Offer *offer, int max, const Claimant *claimant)
{
	Spine		spine;
	Snapshot	rows;
	int			count = 0;

	if (!spine_read(offer->relid, &spine, &rows) ||
		!offer_stands(&spine, offer->request.lo, offer->request.hi))
		return 0;
	while (count < max)
	{
		List	   *claims = claims_open(offer->relid, spine.generation, SnapshotSelf);
		OfferStatus status = offer_status(offer, spine.generation, claims, SnapshotSelf);
		Claim		claim = {.lease_expires = claimant->lease};
		MergeRequest stretch;

		if (status.state == OFFER_DELAYED || status.state == OFFER_PARKED ||
			!offer_stretch(offer, claims, claimant->max_parts, rows, &claim, &stretch))
			break;
		claim.request.generation = spine.generation;
		claims_end_lapsed(claims, claim.request.lo, claim.request.hi, true);
		claims_insert(&claim);
		if (status.attempts.count > 0)
			registry_count(offer->relid, &(SpineCounts) {.retries = 1});
		claimant->claimed(claimant->arg, &claim, &stretch, rows);
		count++;
	}
	return count;
}

/* The state may have changed, so a fresh snapshot is taken under the lock. */
int
claiming_try(const Offer *offer, int max, const Claimant *claimant)
{
	int			count = 0;

	if (!ConditionalLockRelationOid(offer->relid, AccessShareLock))
		return 0;
	if (claimant->may_claim(claimant->arg, offer->relid) && claims_lock(offer->relid, false))
	{
		PushActiveSnapshot(GetLatestSnapshot());
		count = claim_offer(offer, max, claimant);
		PopActiveSnapshot();
		if (count == 0)
			claims_unlock(offer->relid);
	}
	if (count == 0)
		UnlockRelationOid(offer->relid, AccessShareLock);
	return count;
}
