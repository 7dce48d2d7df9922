/*
 * claims.c
 *		Reading and writing claims.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "spine.h"
#include "state/claims.h"
#include "state/registry.h"
#include "state/tables.h"
#include "state/values.h"
#include "state/working.h"

ClaimState
claim_state(const Claim *claim, TimestampTz now)
{
	if (claim->result != 0)
		return CLAIM_COMPLETED;
	return claim->busy || claim->lease_expires > now ? CLAIM_LEASED : CLAIM_LAPSED;
}

static bool
take_lock(Oid relid, bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, spine_tables(false)->claim, relid, 0);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

void
claims_lock(Oid relid)
{
	(void) take_lock(relid, true);
}

bool
claims_try_lock(Oid relid)
{
	return take_lock(relid, false);
}

void
claims_unlock(Oid relid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, spine_tables(false)->claim, relid, 0);
	LockRelease(&tag, ExclusiveLock, false);
}

/* Takes a row apart, but for its inputs; what it points to is copied. */
static void
read_row(HeapTuple tuple, TupleDesc desc, Claim *claim)
{
	Datum		values[CLAIM_COLUMNS];
	bool		nulls[CLAIM_COLUMNS];

	heap_deform_tuple(tuple, desc, values, nulls);
	claim->id = DatumGetInt64(values[CLAIM_ID - 1]);
	claim->request.relid = DatumGetObjectId(values[CLAIM_RELATION - 1]);
	claim->request.generation = DatumGetInt64(values[CLAIM_GENERATION - 1]);
	claim->request.lo = DatumGetInt64(values[CLAIM_REQUEST_LO - 1]);
	claim->request.hi = DatumGetInt64(values[CLAIM_REQUEST_HI - 1]);
	claim->lo = DatumGetInt64(values[CLAIM_ID_LO - 1]);
	claim->hi = DatumGetInt64(values[CLAIM_ID_HI - 1]);
	claim->desc.lower = datum_get_frontier(values[CLAIM_LOWER - 1]);
	claim->desc.upper = datum_get_frontier(values[CLAIM_UPPER - 1]);
	claim->desc.since = datum_get_frontier(values[CLAIM_SINCE - 1]);
	claim->len = DatumGetInt64(values[CLAIM_LEN - 1]);
	claim->inputs = NULL;
	claim->claimed_by = *DatumGetName(values[CLAIM_CLAIMED_BY - 1]);
	claim->claimed_at = DatumGetTimestampTz(values[CLAIM_CLAIMED_AT - 1]);
	claim->lease_expires = DatumGetTimestampTz(values[CLAIM_LEASE_EXPIRES - 1]);
	claim->ended_at = nulls[CLAIM_ENDED_AT - 1] ? 0 :
		DatumGetTimestampTz(values[CLAIM_ENDED_AT - 1]);
	claim->result = nulls[CLAIM_RESULT - 1] ? 0 : DatumGetInt64(values[CLAIM_RESULT - 1]);
	claim->error = nulls[CLAIM_ERROR - 1] ? NULL :
		TextDatumGetCString(values[CLAIM_ERROR - 1]);
	claim->busy = false;
	claim->tid = tuple->t_self;
}

static void
read_inputs(HeapTuple tuple, TupleDesc desc, Claim *claim)
{
	bool		isnull;

	claim->inputs = DatumGetArrayTypePCopy(heap_getattr(tuple, CLAIM_INPUTS, desc, &isnull));
}

/*
 * Which other transaction that has not ended has written the row that a scan
 * with this snapshot has just found, if any: a dirty one tells.
 */
static TransactionId
writer_of_last(Snapshot snapshot)
{
	if (snapshot->snapshot_type != SNAPSHOT_DIRTY)
		return InvalidTransactionId;
	return TransactionIdIsValid(snapshot->xmin) ? snapshot->xmin : snapshot->xmax;
}

/* The last version that the snapshot sees; *writer tells who is writing any. */
static bool
find_claim(int64 id, Snapshot snapshot, Claim *claim, TransactionId *writer)
{
	Relation	rel = table_open(spine_tables(false)->claim, AccessShareLock);
	bool		found = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	*writer = InvalidTransactionId;
	ScanKeyInit(&key, CLAIM_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = systable_beginscan(rel, spine_tables(false)->claim_pkey, true, snapshot, 1, &key);
	while (!TransactionIdIsValid(*writer) &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		*writer = writer_of_last(snapshot);
		read_row(tuple, RelationGetDescr(rel), claim);
		read_inputs(tuple, RelationGetDescr(rel), claim);
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

bool
claims_find(int64 id, Snapshot snapshot, Claim *claim)
{
	TransactionId writer;

	return find_claim(id, snapshot, claim, &writer);
}

bool
claims_take(Oid relid, int64 id, bool *busy, Claim *claim)
{
	for (;;)
	{
		TransactionId writer;
		SnapshotData dirty;
		bool		found;

		InitDirtySnapshot(dirty);
		claims_lock(relid);
		found = find_claim(id, &dirty, claim, &writer);
		if (busy != NULL)
			*busy = TransactionIdIsValid(writer);
		if (found && !TransactionIdIsValid(writer))
			return true;
		claims_unlock(relid);
		if (!found || busy != NULL)
			return false;
		XactLockTableWait(writer, NULL, NULL, XLTW_None);
	}
}

/*
 * A claim lies within a request, and as long as a generation lasts requests only
 * grow together.  So none reaches beyond a request of which it has a part, and the
 * index need not be read any further: dead entries of other requests may be there.
 */
List *
claims_open(Oid relid, int64 generation, int64 lo, int64 hi, Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->claim, AccessShareLock);
	List	   *claims = NIL;
	ScanKeyData keys[4];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyEntryInitialize(&keys[0], SK_ISNULL | SK_SEARCHNULL, CLAIM_ENDED_AT,
						   InvalidStrategy, InvalidOid, InvalidOid, InvalidOid, (Datum) 0);
	ScanKeyInit(&keys[1], CLAIM_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[2], CLAIM_ID_HI, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(lo));
	ScanKeyInit(&keys[3], CLAIM_ID_HI, BTLessEqualStrategyNumber, F_INT8LE,
				Int64GetDatum(hi));
	scan = systable_beginscan(rel, spine_tables(false)->claim_ended, true, snapshot, 4, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Claim	   *claim = palloc(sizeof(Claim));

		CHECK_FOR_INTERRUPTS();
		read_row(tuple, RelationGetDescr(rel), claim);
		claim->busy = TransactionIdIsValid(writer_of_last(snapshot));
		if (claim->request.generation == generation)
			claims = lappend(claims, claim);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return claims;
}

static HeapTuple
form_row(const Claim *claim, TupleDesc desc)
{
	Datum		values[CLAIM_COLUMNS];
	bool		nulls[CLAIM_COLUMNS] = {false};

	values[CLAIM_ID - 1] = Int64GetDatum(claim->id);
	values[CLAIM_RELATION - 1] = ObjectIdGetDatum(claim->request.relid);
	values[CLAIM_GENERATION - 1] = Int64GetDatum(claim->request.generation);
	values[CLAIM_REQUEST_LO - 1] = Int64GetDatum(claim->request.lo);
	values[CLAIM_REQUEST_HI - 1] = Int64GetDatum(claim->request.hi);
	values[CLAIM_ID_LO - 1] = Int64GetDatum(claim->lo);
	values[CLAIM_ID_HI - 1] = Int64GetDatum(claim->hi);
	values[CLAIM_LOWER - 1] = frontier_get_datum(&claim->desc.lower);
	values[CLAIM_UPPER - 1] = frontier_get_datum(&claim->desc.upper);
	values[CLAIM_SINCE - 1] = frontier_get_datum(&claim->desc.since);
	values[CLAIM_LEN - 1] = Int64GetDatum(claim->len);
	values[CLAIM_INPUTS - 1] = PointerGetDatum(claim->inputs);
	values[CLAIM_CLAIMED_BY - 1] = NameGetDatum(&claim->claimed_by);
	values[CLAIM_CLAIMED_AT - 1] = TimestampTzGetDatum(claim->claimed_at);
	values[CLAIM_LEASE_EXPIRES - 1] = TimestampTzGetDatum(claim->lease_expires);
	values[CLAIM_ENDED_AT - 1] = TimestampTzGetDatum(claim->ended_at);
	nulls[CLAIM_ENDED_AT - 1] = claim->ended_at == 0;
	values[CLAIM_RESULT - 1] = Int64GetDatum(claim->result);
	nulls[CLAIM_RESULT - 1] = claim->result == 0;
	nulls[CLAIM_ERROR - 1] = claim->error == NULL;
	values[CLAIM_ERROR - 1] = claim->error == NULL ? (Datum) 0 :
		CStringGetTextDatum(claim->error);
	return heap_form_tuple(desc, values, nulls);
}

void
claims_insert(Claim *claim)
{
	Relation	rel = table_open(spine_tables(false)->claim, RowExclusiveLock);

	claim->id = registry_next_id();
	claim->claimed_at = GetCurrentTimestamp();
	namestrcpy(&claim->claimed_by, GetUserNameFromId(GetUserId(), false));
	CatalogTupleInsert(rel, form_row(claim, RelationGetDescr(rel)));
	table_close(rel, NoLock);
	spine_requests_at_commit();
	stop_point("claim_inserted");
	registry_reserve(claim->request.relid);
	registry_count(claim->request.relid, &(SpineCounts) {.claims = 1});
}

void
claims_update(const Claim *claim)
{
	Relation	rel = table_open(spine_tables(false)->claim, RowExclusiveLock);
	ItemPointerData tid = claim->tid;

	/* It may be a row that this very command has made. */
	CommandCounterIncrement();
	CatalogTupleUpdate(rel, &tid, form_row(claim, RelationGetDescr(rel)));
	table_close(rel, NoLock);
	spine_requests_at_commit();
	stop_point("claim_updated");
}

static void
end_claim(Claim *claim, const char *error)
{
	claim->ended_at = GetCurrentTimestamp();
	claim->error = error == NULL ? NULL : pstrdup(error);
	claims_update(claim);
	/* What it claimed may be free again. */
	registry_forget_claimed(claim->request.relid);
}

static void
add_failure(const RequestKey *request, const char *error)
{
	attempts_add(request, error);
	registry_count(request->relid, &(SpineCounts) {.failures = 1});
}

void
claims_end(Claim *claim, const char *error)
{
	end_claim(claim, error);
	if (error != NULL)
		add_failure(&claim->request, error);
}

int
claims_end_lapsed(List **claims, int64 lo, int64 hi, bool failed)
{
	static const char *const error = "the lease was over";
	TimestampTz now = GetCurrentTimestamp();
	RequestKey	counted = {0};
	int			ended = 0;
	ListCell   *cell;

	foreach(cell, *claims)
	{
		const Claim *claim = lfirst(cell);
		Claim		current;

		CHECK_FOR_INTERRUPTS();
		if (claim->lo >= hi || lo >= claim->hi || claim_state(claim, now) != CLAIM_LAPSED ||
			!claims_find(claim->id, SnapshotSelf, &current))
			continue;
		end_claim(&current, error);
		registry_count(claim->request.relid, &(SpineCounts) {.expirations = 1});
		if (failed && (ended == 0 || counted.lo != claim->request.lo ||
					   counted.hi != claim->request.hi))
			add_failure(&claim->request, error);
		counted = claim->request;
		ended++;
		*claims = foreach_delete_current(*claims, cell);
	}
	return ended;
}

static void
settle(Claim *claim, const char *error, bool count)
{
	if (error != NULL)
	{
		end_claim(claim, error);
		if (count)
			add_failure(&claim->request, error);
		return;
	}
	claim->ended_at = GetCurrentTimestamp();
	claims_update(claim);
	if (count)
		attempts_forget(&claim->request);
	registry_count(claim->request.relid,
				   &(SpineCounts) {.merge_time = claim->ended_at - claim->claimed_at});
}

/* The lock is for the row to stay where it is: VACUUM FULL would move it. */
bool
claims_answered(int64 id, Claim *claim)
{
	SnapshotData dirty;
	TransactionId writer;

	LockRelationOid(spine_tables(false)->claim, RowExclusiveLock);
	InitDirtySnapshot(dirty);
	if (!find_claim(id, &dirty, claim, &writer))
		return false;
	if (TransactionIdIsValid(writer))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errdetail("Somebody is updating claim " INT64_FORMAT ", whose result is queued.",
						   id),
				 errhint("The transaction might succeed if retried.")));
	return true;
}

/*
 * Nobody else writes a claim whose result is queued, and those who look for what
 * is free see this one as completed until we commit.  So it needs no claim lock,
 * which as many as claim stand in line for.
 */
void
claims_settle(Claim *claim, const char *error)
{
	bool		count = attempts_lock(claim->request.relid, false);

	if (claim->ended_at == 0)
		settle(claim, error, count);
}
