/*
 * offer_queue.c
 *		The offers of several spines, best first.
 */
#include "postgres.h"

#include "state/offer_queue.h"

/* Those of one spine. */
typedef struct SpineOffers
{
	List	   *offers;
	int			next;
} SpineOffers;

static const Offer *
first_of(Datum spine)
{
	const SpineOffers *offers = (const SpineOffers *) DatumGetPointer(spine);

	return list_nth(offers->offers, offers->next);
}

/* The heap has its greatest on top. */
static int
compare_spines(Datum a, Datum b, void *arg)
{
	return -offer_compare(first_of(a), first_of(b));
}

OfferQueue
offer_queue(List *spines)
{
	OfferQueue	queue = {binaryheap_allocate(list_length(spines) + 1, compare_spines, NULL)};
	ListCell   *cell;

	foreach(cell, spines)
	{
		SpineOffers *offers = palloc(sizeof(SpineOffers));

		*offers = (SpineOffers)
		{
			lfirst(cell), 0
		};
		if (offers->offers != NIL)
			binaryheap_add_unordered(queue.heap, PointerGetDatum(offers));
	}
	binaryheap_build(queue.heap);
	return queue;
}

const Offer *
offer_queue_next(OfferQueue *queue)
{
	SpineOffers *best;
	const Offer *offer;

	if (binaryheap_empty(queue->heap))
		return NULL;
	best = (SpineOffers *) DatumGetPointer(binaryheap_first(queue->heap));
	offer = list_nth(best->offers, best->next++);
	if (best->next < list_length(best->offers))
		binaryheap_replace_first(queue->heap, PointerGetDatum(best));
	else
		binaryheap_remove_first(queue->heap);
	return offer;
}
