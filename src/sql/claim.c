/*
 * claim.c
 *		Claiming merge requests, and what becomes of a claim.
 *
 * The contract for compactors is in doc/compactors.md.  Claims are written under
 * the claim lock of their spine (state/claims.h), and what is looked at is the
 * latest state, whatever the transaction's snapshot.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "sql/args.h"
#include "state/batches.h"
#include "state/claiming.h"
#include "state/garbage.h"
#include "state/offer.h"
#include "state/report.h"
#include "state/request.h"
#include "state/results.h"
#include "state/seen.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/values.h"

/* Everything that compactors do is theirs who may update the relation. */
#define PRIVILEGE_COMPACT ACL_UPDATE

static bool
interval_before(Interval *a, Interval *b)
{
	return DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(a),
											IntervalPGetDatum(b)));
}

/* Argument n, the time until which it is from now; at most ten years. */
static TimestampTz
lease_arg(FunctionCallInfo fcinfo, int n)
{
	Interval	least = {.time = 1};
	Interval	most = {.month = 10 * MONTHS_PER_YEAR};

	require_arg(fcinfo, n, "lease");
	if (interval_before(PG_GETARG_INTERVAL_P(n), &least) ||
		interval_before(&most, PG_GETARG_INTERVAL_P(n)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lease is out of range"),
				 errdetail("It is %s.", interval_text(PG_GETARG_DATUM(n))),
				 errhint("Give it longer than nothing and at most ten years, and extend it as the work goes on.")));
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(GetCurrentTimestamp()),
												   PG_GETARG_DATUM(n)));
}

/* Argument n, which is at least 1. */
static int
count_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	int			count;

	require_arg(fcinfo, n, name);
	count = PG_GETARG_INT32(n);
	if (count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", name),
				 errdetail("It is %d.", count),
				 errhint("It must be at least 1.")));
	return count;
}

/* -------------------------------------------------------------- claiming */

/* The requests of all spines, as far as the user may compact them; no native tables. */
static List *
all_offers(Snapshot snapshot)
{
	List	   *spines = NIL;
	ListCell   *cell;

	foreach(cell, trace_row_versions(snapshot))
	{
		const RowVersion *row = lfirst(cell);
		List	   *offers;

		CHECK_FOR_INTERRUPTS();
		if (relation_allows(row->relid, PRIVILEGE_COMPACT) &&
			relation_is_shared_or_own(row->relid) && !relation_is_native(row->relid) &&
			seen_offers(row->relid, row, &offers))
			spines = lappend(spines, offers);
	}
	return spines;
}

/* The requests of one spine, or of all, as they are now: a list for each. */
static List *
list_offers(Oid relid)
{
	List	   *spines;
	List	   *offers;

	PushActiveSnapshot(GetLatestSnapshot());
	if (!OidIsValid(relid))
		spines = all_offers(GetActiveSnapshot());
	else if (seen_offers(relid, NULL, &offers))
		spines = list_make1(offers);
	else
		spine_not_registered(relid);
	PopActiveSnapshot();
	return spines;
}

static void
return_claim(void *arg, const Claim *claim, const Stretch *stretch)
{
	FunctionCallInfo fcinfo = arg;
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[4 + REQUEST_COLUMNS];
	bool		nulls[4 + REQUEST_COLUMNS] = {false};

	values[0] = Int64GetDatum(claim->id);
	values[1] = TimestampTzGetDatum(claim->lease_expires);
	values[2] = ObjectIdGetDatum(claim->request.relid);
	values[3] = Int64GetDatum(claim->request.generation);
	stretch_values(stretch, false, values + 4, nulls + 4);
	/* Who may update need not be allowed to see what others have pushed. */
	nulls[4 + REQUEST_COLUMNS - 2] = nulls[4 + REQUEST_COLUMNS - 1] =
		nulls[4 + REQUEST_COLUMNS - 1] || !relation_is_visible(claim->request.relid);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

static bool
may_claim(void *arg, Oid relid)
{
	if (!relation_allows(relid, PRIVILEGE_COMPACT))
		return false;
	note_temporary(relid);
	return true;
}

PG_FUNCTION_INFO_V1(spine_claim_merge);
Datum
spine_claim_merge(PG_FUNCTION_ARGS)
{
	Claimant	claimant = {.may_claim = may_claim, .claimed = return_claim, .arg = fcinfo};
	Oid			relid = InvalidOid;
	int			max;

	require_preloaded();
	if (!PG_ARGISNULL(0))
		relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_COMPACT);
	claimant.lease = lease_arg(fcinfo, 1);
	max = count_arg(fcinfo, 2, "max");
	if (!PG_ARGISNULL(3))
		claimant.max_parts = count_arg(fcinfo, 3, "max_parts");
	spine_refuse_read_only();
	InitMaterializedSRF(fcinfo, 0);

	(void) claiming_try(list_offers(relid), max, &claimant);
	return (Datum) 0;
}

/* ---------------------------------------------------- what becomes of it */

/* When the relation is gone, only who claimed it is told anything. */
static void
check_claim_role(FunctionCallInfo fcinfo, const Claim *claim)
{
	Oid			relid = claim->request.relid;

	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		check_relation_privilege(fcinfo, relid, PRIVILEGE_COMPACT);
	else if (!superuser() &&
			 strcmp(NameStr(claim->claimed_by), GetUserNameFromId(GetUserId(), false)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for claim " INT64_FORMAT, claim->id),
				 errdetail("Its relation does not exist any more."),
				 errhint("Only who has claimed it can learn what became of it.")));
}

/* Is the claim of a relation that is there, and a spine of the same generation? */
static bool
claim_is_current(const Claim *claim)
{
	Oid			relid = claim->request.relid;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		return false;
	note_temporary(relid);
	return seen_is_current(relid, claim->request.generation);
}

/* A claim in the latest state, or made by this very command. */
static bool
find_claim(int64 id, Claim *claim)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool		found = claims_find(id, snapshot, claim);

	UnregisterSnapshot(snapshot);
	return found || claims_find(id, SnapshotSelf, claim);
}

/*
 * The claim in argument 0, under its spine's claim lock, and that on attempts if
 * it may turn out to be a failed one; *current as above.
 */
static Claim
claim_arg(FunctionCallInfo fcinfo, bool failed, bool *current)
{
	int64		id;
	Claim		claim;
	bool		found;

	require_preloaded();
	id = bigint_arg(fcinfo, 0, "claim");
	spine_refuse_read_only();
	found = find_claim(id, &claim);
	if (found)
	{
		LockRelationOid(claim.request.relid, AccessShareLock);
		/* Who may not is not to stand in the way of those who claim. */
		check_claim_role(fcinfo, &claim);
		refuse_native(fcinfo, claim.request.relid);
		*current = claim_is_current(&claim);
		if (failed)
			attempts_lock(claim.request.relid, true);
		/* While we waited, it may have been pruned. */
		found = claims_take(claim.request.relid, id, NULL, &claim);
	}
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("claim " INT64_FORMAT " does not exist", id),
				 errdetail("It was never given out, its transaction was rolled back, or it was forgotten spine.result_retention after its end."),
				 errhint("Commit right after spine_claim_merge().")));
	return claim;
}

/* Can it be answered still, and has not been? */
static bool
claim_stands(const Claim *claim, bool current)
{
	return current && claim->ended_at == 0 && claim->result == 0;
}

PG_FUNCTION_INFO_V1(spine_extend_claim);
Datum
spine_extend_claim(PG_FUNCTION_ARGS)
{
	TimestampTz lease = lease_arg(fcinfo, 1);
	bool		current;
	Claim		claim = claim_arg(fcinfo, false, &current);
	bool		stands = claim_stands(&claim, current);

	if (stands)
	{
		/* Whoever set a mark has counted on its lease. */
		if (lease < claim.lease_expires)
			registry_forget_claimed(claim.request.relid);
		claim.lease_expires = lease;
		claims_update(&claim);
	}
	claims_unlock(claim.request.relid);
	if (!stands)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(lease);
}

PG_FUNCTION_INFO_V1(spine_release_claim);
Datum
spine_release_claim(PG_FUNCTION_ARGS)
{
	char	   *error = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		current;
	Claim		claim = claim_arg(fcinfo, error != NULL, &current);
	bool		stands = claim_stands(&claim, current);

	if (stands)
		claims_end(&claim, error);
	claims_unlock(claim.request.relid);
	PG_RETURN_BOOL(stands);
}

/* The parts that nobody has use for, but for those of this claim's own result. */
static void
discard_parts(const Claim *claim, ArrayType *parts)
{
	int			n;
	int			nkept = 0;
	text	  **texts = array_texts(parts, &n);
	ArrayType  *result = claim->result == 0 ? NULL : results_parts(claim->result);
	text	  **kept = result == NULL ? NULL : array_texts(result, &nkept);

	garbage_add_difference(claim->request.relid, claim->request.generation, texts, n, kept,
						   nkept);
}

PG_FUNCTION_INFO_V1(spine_complete_merge);
Datum
spine_complete_merge(PG_FUNCTION_ARGS)
{
	HollowBatch batch = {0};
	BatchRow	row = {0};
	bool		current;
	Claim		claim;
	const char *status = "queued";
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false};
	CoreError	err;

	(void) bigint_arg(fcinfo, 0, "claim");
	batch.len = row.len = bigint_arg(fcinfo, 1, "len");
	row.parts = array_arg(fcinfo, 2, "parts");
	row.runs = array_arg(fcinfo, 3, "runs");
	hollow_batch_set_arrays(&batch, row.parts, row.runs);
	if (hollow_batch_check(&batch, &err) != CORE_OK)
		report_core_error(&err);
	claim = claim_arg(fcinfo, false, &current);
	if (claim_stands(&claim, current))
		results_answer(&claim, &row);
	else
	{
		claims_unlock(claim.request.relid);
		status = claim.result != 0 ? "repeated" : "lapsed";
		discard_parts(&claim, row.parts);
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(status);
	values[1] = Int64GetDatum(claim.result);
	nulls[1] = claim.result == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

PG_FUNCTION_INFO_V1(spine_retry_merge);
Datum
spine_retry_merge(PG_FUNCTION_ARGS)
{
	RequestKey	key = {.relid = relation_arg(fcinfo, 0, PRIVILEGE_COMPACT)};
	Spine		spine;
	Snapshot	rows;
	SnapshotData dirty;
	List	   *claims;
	bool		forgotten;

	key.lo = bigint_arg(fcinfo, 1, "id_lo");
	key.hi = bigint_arg(fcinfo, 2, "id_hi");
	spine_refuse_read_only();
	attempts_lock(key.relid, true);
	PushActiveSnapshot(GetLatestSnapshot());
	spine_require(key.relid, &spine, &rows);
	key.generation = spine.generation;
	PopActiveSnapshot();
	/* A lease that is over would count again. */
	claims_lock(key.relid);
	InitDirtySnapshot(dirty);
	claims = claims_open(key.relid, spine.generation, key.lo, PG_INT64_MAX, &dirty);
	forgotten = claims_end_lapsed(&claims, key.lo, key.hi, false) > 0;
	claims_unlock(key.relid);
	PG_RETURN_BOOL(attempts_forget(&key) || forgotten);
}
