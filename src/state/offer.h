/*
 * offer.h
 *		Which merge requests are worth answering first, and what of them is free
 *		to be claimed.
 */
#ifndef SPINE_STATE_OFFER_H
#define SPINE_STATE_OFFER_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "state/claims.h"
#include "state/working.h"

/* An outstanding merge request that somebody may be given. */
typedef struct Offer
{
	Oid			relid;
	int64		generation;
	double		saving;			/* hollow batches that go away, per update rewritten */
	int			level;
	MergeRequest request;
} Offer;

/* What a request looks like to who wants to claim it. */
typedef enum OfferState
{
	OFFER_OPEN,
	OFFER_DELAYED,				/* it has failed, and its next time has not come */
	OFFER_CLAIMED,				/* somebody is at work on it, or on some of it */
	OFFER_COMPLETED,			/* a result for some of it is queued */
	OFFER_PARKED				/* it has failed too often */
} OfferState;

typedef struct OfferStatus
{
	OfferState	state;
	Attempts	attempts;		/* leases that are over count as failed */
	const Claim *claim;			/* the one whose lease ends last, or NULL */
} OfferStatus;

/* A stretch of one: what it covers, and what there is in it. */
typedef struct Stretch
{
	MergeRequest request;
	ArrayType  *parts;
	ArrayType  *runs;			/* with the boundaries between its batches */
} Stretch;

/* Adds the requests of one spine to a list of Offer *. */
extern List *offers_add(List *offers, Spine *spine);

/* A copy in the current memory context, with all that it points to. */
extern Offer *offer_copy(const Offer *offer);

/* Does the spine have an outstanding request for exactly these ids? */
extern bool offer_stands(Spine *spine, uint64 lo, uint64 hi);

/* Does it have one that covers these? */
extern bool offer_contains(Spine *spine, uint64 lo, uint64 hi);

/* Best first. */
extern int	offer_compare(const Offer *a, const Offer *b);
extern void offers_sort(List *offers);

/* What of a request is known, from the open claims of its spine. */
extern OfferStatus offer_status(const Offer *offer, List *claims, Snapshot snapshot);

/*
 * Finds the first stretch of a request from an id on, at least two hollow batches,
 * that no open claim overlaps; of at most max_parts parts, if that is not 0.
 * Lapsed claims are in nobody's way.  False if there is none.
 */
extern bool offer_stretch(const Offer *offer, int64 from, List *claims, int64 max_parts,
						  Snapshot rows, Stretch *stretch);

#endif
