/*
 * claims_prune.c
 *		Pruning claims and failed attempts.
 *
 * A claim is kept after its end so that a compactor which repeats itself, or
 * comes late, is told what became of it.  Spines whose claim lock somebody has
 * are left for the next time.
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
#include "state/tables.h"
#include "state/working.h"

static bool
is_before(HeapTuple tuple, TupleDesc desc, AttrNumber column, TimestampTz before)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);

	return !isnull && DatumGetTimestampTz(datum) < before;
}

static int
prune_claims(TimestampTz before, int max)
{
	Relation	rel = table_open(spine_tables(false)->claim, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(), 0, NULL);
	int			pruned = 0;
	HeapTuple	tuple;
	bool		isnull;

	while (pruned < max && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		/* A lease that is over may be extended still, so the lock is needed. */
		if ((is_before(tuple, desc, CLAIM_ENDED_AT, before) ||
			 is_before(tuple, desc, CLAIM_LEASE_EXPIRES, before)) &&
			claims_lock(DatumGetObjectId(heap_getattr(tuple, CLAIM_RELATION, desc, &isnull)),
						false))
		{
			Claim		claim;
			int64		id = DatumGetInt64(heap_getattr(tuple, CLAIM_ID, desc, &isnull));

			/* As it is now. */
			if (!claims_find(id, SnapshotSelf, &claim) ||
				(claim.ended_at == 0 ? claim.lease_expires : claim.ended_at) >= before)
				continue;
			CatalogTupleDelete(rel, &claim.tid);
			pruned++;
		}
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
	return pruned;
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

			if (!request_stands(&request) && claims_lock(request.relid, false) &&
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
	TimestampTz before;

	if (spine_result_retention < 0)
		return 0;
	before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										 -INT64CONST(1000) * spine_result_retention);
	prune_attempts(before, max);
	return prune_claims(before, max);
}
