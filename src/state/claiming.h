/*
 * claiming.h
 *		Claiming what is free of a merge request, for compactors outside and for
 *		the server's own mergers.
 */
#ifndef SPINE_STATE_CLAIMING_H
#define SPINE_STATE_CLAIMING_H

#include "postgres.h"

#include "state/offer.h"

/* Who claims, and on what terms. */
typedef struct Claimant
{
	TimestampTz lease;			/* until when */
	int			max_parts;		/* of a claim; 0 = any number */

	/* May it, now that nobody can drop the relation any more? */
	bool		(*may_claim) (void *arg, Oid relid);

	/* Is told of each claim, under the claim lock. */
	void		(*claimed) (void *arg, const Claim *claim, const Stretch *stretch);
	void	   *arg;
} Claimant;

/*
 * Claims what is free of an offer, stretch by stretch, at most max of them;
 * returns how many.  The relation stays locked if there are any; none if somebody
 * has a lock on it that conflicts.  Waits for who is claiming in the same spine
 * just now, but not for the end of anybody's transaction.
 */
extern int	claiming_try(const Offer *offer, int max, const Claimant *claimant);

#endif
