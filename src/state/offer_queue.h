/*
 * offer_queue.h
 *		The offers of several spines, best first, as far as anybody asks for them:
 *		mostly the first one will do.
 */
#ifndef SPINE_STATE_OFFER_QUEUE_H
#define SPINE_STATE_OFFER_QUEUE_H

#include "postgres.h"

#include "lib/binaryheap.h"
#include "nodes/pg_list.h"

#include "state/offer.h"

typedef struct OfferQueue
{
	binaryheap *heap;			/* of spines that have any left */
} OfferQueue;

/* From a list for each spine, which is sorted.  In the current memory context. */
extern OfferQueue offer_queue(List *spines);

/* The best of those not yet returned; NULL if there are no more. */
extern const Offer *offer_queue_next(OfferQueue *queue);

#endif
