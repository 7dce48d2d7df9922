/*
 * claims_prune.c
 *		Pruning claims and failed attempts.
 *
 * A claim is kept after its end so that a compactor which repeats itself, or
 * comes late, is told what became of it.  What somebody is writing just now is left
 * for the next time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "spine.h"
#include "state/claims.h"
#include "state/claims_prune.h"
#include "state/offer.h"
#include "state/results.h"
#include "state/tables.h"
#include "state/working.h"

static bool
is_before(HeapTuple tuple, TupleDesc desc, AttrNumber column, TimestampTz before)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);

	return !isnull && DatumGetTimestampTz(datum) < before;
}

static RequestKey
request_of(HeapTuple tuple, TupleDesc desc)
{
	Datum		values[ATTEMPT_COLUMNS];
	bool		nulls[ATTEMPT_COLUMNS];

	heap_deform_tuple(tuple, desc, values, nulls);
	return (RequestKey)
	{
		DatumGetObjectId(values[ATTEMPT_RELATION - 1]),
			DatumGetInt64(values[ATTEMPT_GENERATION - 1]),
			DatumGetInt64(values[ATTEMPT_REQUEST_LO - 1]),
			DatumGetInt64(values[ATTEMPT_REQUEST_HI - 1])
	};
}

/* Is there still such a request, so that its failures are of interest? */
static bool
request_stands(const RequestKey *request)
{
	Spine		spine;
	Snapshot	rows;

	return spine_read(request->relid, &spine, &rows) &&
		spine.generation == request->generation &&
		offer_stands(&spine, (uint64) request->lo, (uint64) request->hi);
}

/* Nobody can answer it, or needs to: what it claims is merged, or the spine is gone. */
static bool
is_moot(const Claim *claim)
{
	RequestKey	request = claim->request;
	Spine		spine;
	Snapshot	rows;

	if (claim->ended_at != 0 || claim->result != 0)
		return false;
	if (!spine_read(request.relid, &spine, &rows) || spine.generation != request.generation)
		return true;
	return claim_state(claim, GetCurrentTimestamp()) == CLAIM_LAPSED &&
		!offer_contains(&spine, (uint64) claim->lo, (uint64) claim->hi);
}

/* Long enough after its end, or after a lease that nobody has taken over. */
static bool
is_forgettable(const Claim *claim, TimestampTz before)
{
	if (claim->ended_at != 0)
		return claim->ended_at < before;
	return claim->lease_expires < before &&
		(claim->result == 0 || !results_is_queued(claim->result));
}

/* One claim, as it is now; false if it stays as it is. */
static bool
prune_claim(Relation rel, Oid relid, int64 id, TimestampTz before)
{
	Claim		claim;
	bool		busy;
	bool		pruned = true;

	if (!claims_take(relid, id, &busy, &claim))
		return false;
	/* Its inputs are kept from being deleted until it has ended. */
	if (is_moot(&claim))
		claims_end(&claim, NULL);
	else if (is_forgettable(&claim, before))
		CatalogTupleDelete(rel, &claim.tid);
	else
		pruned = false;
	claims_unlock(relid);
	return pruned;
}

static int
prune_claims(TimestampTz before, int max)
{
	Relation	rel = table_open(spine_tables(false)->claim, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(), 0, NULL);
	int			pruned = 0;
	HeapTuple	tuple;

	while (pruned < max && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		bool		open;
		Oid			relid = DatumGetObjectId(heap_getattr(tuple, CLAIM_RELATION, desc, &isnull));
		int64		id = DatumGetInt64(heap_getattr(tuple, CLAIM_ID, desc, &isnull));

		CHECK_FOR_INTERRUPTS();
		open = heap_attisnull(tuple, CLAIM_ENDED_AT, desc) &&
			heap_attisnull(tuple, CLAIM_RESULT, desc);
		/* A lease that is over may be extended still, so the lock is needed. */
		if ((open || is_before(tuple, desc, CLAIM_ENDED_AT, before) ||
			 is_before(tuple, desc, CLAIM_LEASE_EXPIRES, before)) &&
			prune_claim(rel, relid, id, before))
			pruned++;
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
	return pruned;
}

static void
prune_attempts(TimestampTz before, int max)
{
	Relation	rel = table_open(spine_tables(false)->attempt, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(), 0, NULL);
	int			pruned = 0;
	HeapTuple	tuple;

	while (pruned < max && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (is_before(tuple, desc, ATTEMPT_RETRY_AT, before))
		{
			RequestKey	request = request_of(tuple, desc);

			if (!request_stands(&request) && attempts_lock(request.relid, false) &&
				attempts_forget(&request))
				pruned++;
		}
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
}

int
claims_prune(int max)
{
	TimestampTz before = DT_NOBEGIN;

	if (spine_result_retention >= 0)
		before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
											 -INT64CONST(1000) * spine_result_retention);
	prune_attempts(before, max);
	return prune_claims(before, max);
}
