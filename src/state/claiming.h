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

	/* Is told of each claim; rows is the snapshot to read its batches under. */
	void		(*claimed) (void *arg, const Claim *claim, const MergeRequest *stretch,
							Snapshot rows);
	void	   *arg;
} Claimant;

/*
 * Claims what is free of an offer, stretch by stretch, at most max of them;
 * returns how many.  The relation and the claims of its spine stay locked if
 * there are any; none if somebody else has one of these locks just now.
 */
extern int	claiming_try(const Offer *offer, int max, const Claimant *claimant);

#endif
