/*
 * results.c
 *		Queueing and applying merge results.
 *
 * The queue is the table itself: rows without applied_at, in the order of their
 * ids.  Relies on waiting.c for finding them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/claims.h"
#include "state/garbage.h"
#include "state/merge.h"
#include "state/outcome.h"
#include "state/results.h"
#include "state/tables.h"
#include "state/values.h"

/* One row; claim is 0 without one. */
static void
insert_row(int64 id, Oid relid, int64 generation, const BatchRow *result, ArrayType *inputs,
		   int64 claim)
{
	Relation	rel = table_open(spine_tables(false)->result, RowExclusiveLock);
	Datum		values[RESULT_COLUMNS] = {0};
	bool		nulls[RESULT_COLUMNS] = {false};

	values[RESULT_ID - 1] = Int64GetDatum(id);
	values[RESULT_RELATION - 1] = ObjectIdGetDatum(relid);
	values[RESULT_GENERATION - 1] = Int64GetDatum(generation);
	values[RESULT_CLAIM - 1] = Int64GetDatum(claim);
	nulls[RESULT_CLAIM - 1] = claim == 0;
	values[RESULT_LOWER - 1] = frontier_get_datum(&result->desc.lower);
	values[RESULT_UPPER - 1] = frontier_get_datum(&result->desc.upper);
	values[RESULT_SINCE - 1] = frontier_get_datum(&result->desc.since);
	values[RESULT_LEN - 1] = Int64GetDatum(result->len);
	values[RESULT_PARTS - 1] = PointerGetDatum(result->parts);
	values[RESULT_RUNS - 1] = PointerGetDatum(result->runs);
	values[RESULT_INPUTS - 1] = PointerGetDatum(inputs);
	nulls[RESULT_INPUTS - 1] = inputs == NULL;
	values[RESULT_SUBMITTED_BY - 1] = waiting_user();
	values[RESULT_SUBMITTED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[RESULT_APPLIED_AT - 1] = true;
	nulls[RESULT_OUTCOME - 1] = true;
	nulls[RESULT_ERROR - 1] = true;
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
	spine_notify_at_commit();
}

static int64
next_id(void)
{
	return nextval_internal(spine_tables(false)->result_seq, false);
}

int64
results_submit(Oid relid, int64 generation, const BatchRow *result, ArrayType *inputs)
{
	int64		id = next_id();

	insert_row(id, relid, generation, result, inputs, 0);
	return id;
}

/* Others claim meanwhile: only the claim's own row is written under its lock. */
void
results_answer(Claim *claim, const BatchRow *result)
{
	const RequestKey *request = &claim->request;
	BatchRow	row = *result;

	claim->result = next_id();
	claims_update(claim);
	claims_unlock(request->relid);
	row.desc = claim->desc;
	insert_row(claim->result, request->relid, request->generation, &row, claim->inputs,
			   claim->id);
	stop_point("result_answered");
}

/* A column of a result, copied if it is an array; false if it is null or not there. */
static bool
result_column(int64 id, AttrNumber column, Datum *value)
{
	Relation	rel = table_open(spine_tables(false)->result, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		isnull = true;

	ScanKeyInit(&key, RESULT_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = systable_beginscan(rel, spine_tables(false)->result_pkey, true, SnapshotSelf, 1,
							  &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		*value = heap_getattr(tuple, column, RelationGetDescr(rel), &isnull);
		if (!isnull && column == RESULT_PARTS)
			*value = PointerGetDatum(DatumGetArrayTypePCopy(*value));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return !isnull;
}

ArrayType *
results_parts(int64 id)
{
	Datum		parts;

	return result_column(id, RESULT_PARTS, &parts) ? DatumGetArrayTypeP(parts) : NULL;
}

bool
results_is_queued(int64 id)
{
	Datum		value;

	return result_column(id, RESULT_RELATION, &value) &&
		!result_column(id, RESULT_APPLIED_AT, &value);
}

/* The claim that a result answers, or NULL. */
static Claim *
claim_of(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		id = heap_getattr(tuple, RESULT_CLAIM, desc, &isnull);
	Claim	   *claim = isnull ? NULL : palloc(sizeof(Claim));

	return claim != NULL && claims_answered(DatumGetInt64(id), claim) ? claim : NULL;
}

/* Tells the claim what became of it: an error, or what was not applied, counts as failed. */
static void
settle_claim(Claim *claim, int outcome, const char *error)
{
	if (claim == NULL)
		return;
	if (outcome == APPLIED_EXACT || outcome == APPLIED_SUBSET)
		error = NULL;
	else if (outcome >= 0 && error == NULL)
		error = outcome_label(outcome);
	else if (outcome >= 0)
		error = psprintf("%s: %s", outcome_label(outcome), error);
	claims_settle(claim, error);
}

/*
 * What is refused is of no use to anybody.  Parts of it that are in the spine
 * all the same, or in another result, are not collected as long as they are.
 */
static void
discard_output(HeapTuple tuple, TupleDesc desc)
{
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS];

	heap_deform_tuple(tuple, desc, values, nulls);
	garbage_add_refused(DatumGetObjectId(values[RESULT_RELATION - 1]),
						DatumGetInt64(values[RESULT_GENERATION - 1]),
						DatumGetArrayTypeP(values[RESULT_PARTS - 1]));
}

/* Ends a result's stay in the queue; outcome -1 and a null error are left out. */
static void
record(HeapTuple tuple, Claim *claim, int outcome, const char *error)
{
	Relation	rel = table_open(spine_tables(false)->result, RowExclusiveLock);
	Datum		values[RESULT_COLUMNS] = {0};
	bool		nulls[RESULT_COLUMNS] = {false};
	bool		replaces[RESULT_COLUMNS] = {false};
	ItemPointerData tid = tuple->t_self;

	if (outcome != APPLIED_EXACT && outcome != APPLIED_SUBSET)
		discard_output(tuple, RelationGetDescr(rel));
	replaces[RESULT_APPLIED_AT - 1] = true;
	values[RESULT_APPLIED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	replaces[RESULT_OUTCOME - 1] = outcome >= 0;
	if (outcome >= 0)
		values[RESULT_OUTCOME - 1] = outcome_get_datum(outcome);
	settle_claim(claim, outcome, error);
	replaces[RESULT_ERROR - 1] = error != NULL;
	if (error != NULL)
		values[RESULT_ERROR - 1] = CStringGetTextDatum(error);
	tuple = heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replaces);
	CatalogTupleUpdate(rel, &tid, tuple);
	table_close(rel, NoLock);
}

/* Applies one result, or raises an error; *missing as with spine_apply. */
static MergeOutcome
apply_result(Oid relid, HeapTuple tuple, TupleDesc desc, const Claim *claim,
			 const char **missing)
{
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS];
	Spine	   *spine = spine_open(relid);
	BatchRow	row = {0};
	int64		made_for;

	heap_deform_tuple(tuple, desc, values, nulls);
	made_for = DatumGetInt64(values[RESULT_GENERATION - 1]);
	if (made_for != spine->generation)
	{
		*missing = psprintf("the result is for generation " INT64_FORMAT
							" of the relation, which is at generation " INT64_FORMAT,
							made_for, spine->generation);
		return NOT_APPLIED_NO_MATCH;
	}
	row.desc.lower = datum_get_frontier(values[RESULT_LOWER - 1]);
	row.desc.upper = datum_get_frontier(values[RESULT_UPPER - 1]);
	row.desc.since = datum_get_frontier(values[RESULT_SINCE - 1]);
	row.len = DatumGetInt64(values[RESULT_LEN - 1]);
	row.parts = DatumGetArrayTypeP(values[RESULT_PARTS - 1]);
	row.runs = DatumGetArrayTypeP(values[RESULT_RUNS - 1]);
	if (claim != NULL)
	{
		row.id_lo = claim->lo;
		row.id_hi = claim->hi;
	}
	return spine_apply(spine, &row, nulls[RESULT_INPUTS - 1] ? NULL :
					   DatumGetArrayTypeP(values[RESULT_INPUTS - 1]), missing);
}

/* Applies one result in a subtransaction of its own and records what came of it. */
static void
apply_and_record(Oid relid, HeapTuple tuple, TupleDesc desc, Claim *claim)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile int outcome = -1;
	const char *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		const char *missing;

		outcome = apply_result(relid, tuple, desc, claim, &missing);
		error = missing;
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *data;

		MemoryContextSwitchTo(context);
		data = CopyErrorData();
		if (waiting_error_is_passing(data))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		error = data->detail == NULL ? data->message :
			psprintf("%s: %s", data->message, data->detail);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	stop_point("result_applied");
	record(tuple, claim, outcome, error);
	stop_point("result_recorded");
	if (error != NULL && outcome < 0)
		registry_count(relid, &(SpineCounts) {.errors = 1});
}

WorkProgress
results_apply(Oid relid, int max, int milliseconds)
{
	SpineCondition condition = waiting_lock(relid);
	const char *reason = waiting_hopeless(condition);
	TimestampTz start;
	Relation	rel;
	TupleDesc	desc;
	List	   *results;
	int			done = 0;

	if (condition == SPINE_BUSY)
		return WORK_BUSY;
	results = waiting_results(relid, max);
	if (results == NIL)
		return WORK_NONE;
	/* Finding them may take long where an old snapshot keeps dead entries. */
	start = GetCurrentTimestamp();
	rel = table_open(spine_tables(false)->result, RowExclusiveLock);
	desc = CreateTupleDescCopy(RelationGetDescr(rel));
	table_close(rel, NoLock);
	for (int i = 0; i < list_length(results) && done < max; i++, done++)
	{
		HeapTuple	tuple = list_nth(results, i);
		Claim	   *claim;

		if (done > 0 &&
			TimestampDifferenceExceeds(start, GetCurrentTimestamp(), milliseconds))
			break;
		claim = claim_of(tuple, desc);
		if (reason != NULL)
			record(tuple, claim, -1, reason);
		else
			apply_and_record(relid, tuple, desc, claim);
		spine_add_news(relid, NEWS_RESULT);
	}
	/* So that nobody finds the last one again in this transaction. */
	CommandCounterIncrement();
	return done < list_length(results) ? WORK_MORE : WORK_DONE;
}
