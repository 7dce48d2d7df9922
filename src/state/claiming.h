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
 * Claims what is free of some offers, best first as far as nobody else is claiming
 * in the same spine just now, stretch by stretch, at most max of them; returns how
 * many.  The offers are a list for each spine, sorted.  Their relations stay locked.
 * Does not wait for the end of anybody's transaction: where somebody has a lock on
 * a relation that conflicts, there is nothing to claim.
 */
extern int	claiming_try(List *spines, int max, const Claimant *claimant);

#endif
