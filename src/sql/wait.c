/*
 * wait.c
 *		spine_wait_upper and spine_wait_request.
 *
 * Both look at the latest committed state, whatever the isolation level is: a
 * transaction that reads by an old snapshot would wait in vain.  They keep no
 * lock while they wait, so that nobody who drops the relation waits for them.
 * But the calling statement has a snapshot, which keeps VACUUM from removing
 * what has died since: hence the limit to the timeout.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "sql/args.h"
#include "state/mailbox.h"
#include "state/offer.h"
#include "state/values.h"
#include "state/wakeup.h"
#include "state/working.h"

/* Between two looks though nobody has told of a change: ms. */
#define LOOK_PAUSE 1000

/* Is what is waited for the case?  frontier is for the one that needs it. */
typedef bool (*Predicate) (Spine *spine, Snapshot rows, const Frontier *frontier);

static bool
upper_is_beyond(Spine *spine, Snapshot rows, const Frontier *frontier)
{
	frontier_require_dims(frontier, spine->trace.dims, "frontier");
	return !frontier_less_equal(&spine->trace.upper, frontier);
}

/* A request, of which spine_claim_merge() would give out at least a stretch. */
static bool
request_is_claimable(Spine *spine, Snapshot rows, const Frontier *frontier)
{
	List	   *offers = offers_add(NIL, spine);
	List	   *claims = offers == NIL ? NIL :
		claims_open(spine->relid, spine->generation, 0, PG_INT64_MAX, rows);
	ListCell   *cell;

	foreach(cell, offers)
	{
		Offer	   *offer = lfirst(cell);
		OfferState	state = offer_status(offer, claims, rows).state;
		Stretch		stretch;

		if (state != OFFER_DELAYED && state != OFFER_PARKED &&
			offer_stretch(offer, (int64) offer->request.lo, claims, 0, rows, &stretch))
			return true;
	}
	return false;
}

/* One look; context is there for what it leaves behind. */
static bool
look(Oid relid, Predicate predicate, const Frontier *frontier, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
	Snapshot	rows;
	Spine		spine;
	bool		reached;

	/* The relation may be gone, or even the extension. */
	AcceptInvalidationMessages();
	if (!spine_read_under(latest, relid, &spine, &rows))
	{
		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
			relation_does_not_exist(relid);
		spine_not_registered(relid);
	}
	reached = predicate(&spine, rows, frontier);
	UnregisterSnapshot(latest);
	MemoryContextSwitchTo(old);
	MemoryContextReset(context);
	return reached;
}

static bool
wait_for(Oid relid, Predicate predicate, const Frontier *frontier, int64 timeout)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spine wait",
												  ALLOCSET_DEFAULT_SIZES);
	int64		end = mailbox_clock() + timeout;
	bool		reached;

	wakeup_prepare(relid);
	while (!(reached = look(relid, predicate, frontier, context)))
	{
		int64		left = end - mailbox_clock();

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			break;
		wakeup_sleep(relid, (long) Min(left, LOOK_PAUSE));
	}
	wakeup_done();
	MemoryContextDelete(context);
	return reached;
}

PG_FUNCTION_INFO_V1(spine_wait_upper);
Datum
spine_wait_upper(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg_unlocked(fcinfo, 0, ACL_SELECT);
	Frontier	frontier = frontier_arg(fcinfo, 1, "frontier");
	int64		timeout = timeout_arg(fcinfo, 2);

	if (frontier_is_empty(&frontier))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frontier is the end of time"),
				 errdetail("frontier is [], which no upper ever passes."),
				 errhint("Wait for a time, such as spine_upper().")));
	PG_RETURN_BOOL(wait_for(relid, upper_is_beyond, &frontier, timeout));
}

PG_FUNCTION_INFO_V1(spine_wait_request);
Datum
spine_wait_request(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg_unlocked(fcinfo, 0, ACL_SELECT);
	int64		timeout = timeout_arg(fcinfo, 1);

	PG_RETURN_BOOL(wait_for(relid, request_is_claimable, NULL, timeout));
}
