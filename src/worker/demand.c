/*
 * demand.c
 *		Whether the database has work for mergers.
 *
 * A request is open, or it will be when its delay, or the lease of who has
 * claimed it, is over.
 */
#include "worker/demand.h"

#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "spine.h"
#include "state/mergers.h"
#include "state/offer.h"
#include "state/options.h"
#include "state/tables.h"
#include "worker/register.h"

static void
expect(Demand *demand, TimestampTz at)
{
	int64		wait = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), at) + 1;

	if (demand->next < 0 || wait < demand->next)
		demand->next = wait;
}

static void
look_at(Demand *demand, Spine *spine)
{
	List	   *claims = claims_open(spine->relid, spine->generation, 0, PG_INT64_MAX,
									 GetActiveSnapshot());
	ListCell   *cell;

	foreach(cell, offers_add(NIL, spine))
	{
		OfferStatus status = offer_status(lfirst(cell), claims, GetActiveSnapshot());

		if (status.state == OFFER_OPEN)
			demand->open++;
		else if (status.state == OFFER_DELAYED)
			expect(demand, status.attempts.retry_at);
		else if (status.state == OFFER_CLAIMED)
			expect(demand, status.claim->lease_expires);
	}
}

void
demand_look(Demand *demand)
{
	ListCell   *cell;
	List	   *relids;

	*demand = (Demand) {.next = -1};
	if (spine_tables(true) == NULL)
		return;
	relids = options_with_merge_function(GetActiveSnapshot());
	demand->functions = relids != NIL;
	if (spine_max_mergers == 0)
		return;
	foreach(cell, relids)
	{
		Spine		spine;
		Snapshot	rows;

		CHECK_FOR_INTERRUPTS();
		if (spine_read(lfirst_oid(cell), &spine, &rows) && !spine.foreign)
			look_at(demand, &spine);
	}
}

bool
demand_meet(const Demand *demand)
{
	int			wanted = Min(demand->open, spine_max_mergers);

	if (wanted == 0)
		return true;
	for (int there = mergers_wake(MyDatabaseId); there < wanted; there++)
	{
		MergerTicket ticket;

		if (!mergers_take(MyDatabaseId, &ticket))
			return false;
		if (!register_merger(MyDatabaseId, &ticket))
		{
			mergers_give_back(&ticket);
			return false;
		}
	}
	return true;
}
