/*
 * push.c
 *		spine_push_batch and spine_append.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/datum.h"

#include "spine.h"
#include "sql/args.h"
#include "state/merge.h"
#include "state/report.h"
#include "state/request.h"
#include "state/values.h"

/* Too big for the stack; a push calls nothing that could push. */
static PushEffects effects;

/* The rows that one call gives back. */
typedef struct Requests
{
	int			count;
	Datum		rows[FLEXIBLE_ARRAY_MEMBER];
} Requests;

static bool
same_batch(const BatchRow *a, const BatchRow *b)
{
	return frontier_equal(&a->desc.lower, &b->desc.lower) &&
		frontier_equal(&a->desc.upper, &b->desc.upper) &&
		frontier_equal(&a->desc.since, &b->desc.since) && a->len == b->len &&
		datumIsEqual(PointerGetDatum(a->parts), PointerGetDatum(b->parts), false, -1) &&
		datumIsEqual(PointerGetDatum(a->runs), PointerGetDatum(b->runs), false, -1);
}

static bool
covers(const Description *outer, const Description *inner)
{
	return frontier_less_equal(&outer->lower, &inner->lower) &&
		frontier_less_equal(&inner->upper, &outer->upper);
}

static bool
is_empty(const BatchRow *row)
{
	return row->len == 0 && array_count(row->parts, "parts") == 0;
}

/* An empty batch is nothing but its times, and those are still empty where it was fused. */
static bool
is_fused_into(const BatchRow *row, const BatchRow *present)
{
	return is_empty(row) && is_empty(present) &&
		!(covers(&row->desc, &present->desc) && covers(&present->desc, &row->desc)) &&
		frontier_less_equal(&row->desc.since, &present->desc.since);
}

/*
 * A batch that was pushed before, by a call whose answer was lost: true if that
 * very batch is in the spine, false if it cannot have been.  Batches are only ever
 * joined, so one that was pushed lies within a hollow batch.  An error where it
 * does so without being it: compaction does not keep what it was made of.  Its
 * SQLSTATE is not that of a push in the wrong place, which may be repeated
 * elsewhere.
 */
static bool
pushed_before(Spine *spine, const BatchRow *row)
{
	char		text[DESCRIPTION_PRINT_SIZE];
	char		present_text[DESCRIPTION_PRINT_SIZE];
	int64		id;
	BatchScan  *scan;
	BatchRow   *present;
	bool		covered;
	bool		same;

	if (!frontier_less_equal(&row->desc.upper, &spine->trace.upper))
		return false;
	id = batches_first_after(spine->relid, spine->trace.next_id, &row->desc.lower, NULL);
	scan = batches_begin(spine->relid, id, id + 1, NULL);
	present = batches_next(scan);
	covered = present != NULL && covers(&present->desc, &row->desc);
	same = covered && (same_batch(present, row) || is_fused_into(row, present));
	if (covered)
		(void) description_print(&present->desc, present_text);
	batches_end(scan);
	if (covered && !same)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN),
				 errmsg("cannot tell whether the batch was pushed before"),
				 errdetail("Its times %s are in the hollow batch %s now, which compaction has made of it, or somebody else has pushed.",
						   description_print(&row->desc, text), present_text),
				 errhint("Look whether its data is in that batch; to push it again might count it twice.")));
	return same;
}

static void
push_args(FunctionCallInfo fcinfo, BatchRow *row)
{
	row->desc.lower = frontier_arg(fcinfo, 1, "lower");
	row->desc.upper = frontier_arg(fcinfo, 2, "upper");
	row->len = bigint_arg(fcinfo, 3, "len");
	row->parts = array_arg(fcinfo, 4, "parts");
	row->desc.since = PG_ARGISNULL(5) ? frontier_empty() : frontier_arg(fcinfo, 5, "since");
	row->runs = array_arg(fcinfo, 6, "runs");
}

/* Does the push; leaves what it did in effects. */
static Oid
push(FunctionCallInfo fcinfo)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_INSERT);
	BatchRow	row;
	Spine	   *spine;
	bool		retry;

	push_args(fcinfo, &row);
	require_arg(fcinfo, 7, "retry");
	retry = PG_GETARG_BOOL(7);
	if (retry)
		batch_row_check(&row);
	spine = spine_open(relid);
	if (PG_ARGISNULL(5))
		row.desc.since = frontier_minimum(spine->trace.dims);
	effects.want_requests = spine_return_requests;
	effects.nrequests = 0;
	if (!retry || !pushed_before(spine, &row))
		spine_push(spine, &row, &effects);
	return relid;
}

/* Makes the rows of all requests, for the calls to come. */
static void
keep_requests(FunctionCallInfo fcinfo, Oid relid)
{
	FuncCallContext *context = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	Requests   *requests = palloc(offsetof(Requests, rows) +
								  sizeof(Datum) * effects.nrequests);
	bool		visible = relation_is_visible(relid);
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	requests->count = effects.nrequests;
	for (int i = 0; i < requests->count; i++)
	{
		Datum		values[REQUEST_COLUMNS + 1];
		bool		nulls[REQUEST_COLUMNS + 1];

		values[0] = ObjectIdGetDatum(relid);
		nulls[0] = false;
		request_values(relid, &effects.requests[i], NULL, values + 1, nulls + 1);
		/* Who may push need not be allowed to see what others have pushed. */
		nulls[REQUEST_COLUMNS - 1] = nulls[REQUEST_COLUMNS] =
			nulls[REQUEST_COLUMNS] || !visible;
		requests->rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	context->user_fctx = requests;
	MemoryContextSwitchTo(old);
}

/*
 * Value per call, so that a push in a select list that makes no request costs
 * no more than a scalar function.
 */
PG_FUNCTION_INFO_V1(spine_push_batch);
Datum
spine_push_batch(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *context;
	Requests   *requests;
	Datum		row;

	if (set == NULL || !IsA(set, ReturnSetInfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (SRF_IS_FIRSTCALL())
	{
		Oid			relid = push(fcinfo);

		if (effects.nrequests == 0)
		{
			set->isDone = ExprEndResult;
			PG_RETURN_NULL();
		}
		keep_requests(fcinfo, relid);
	}
	context = SRF_PERCALL_SETUP();
	requests = context->user_fctx;
	if (context->call_cntr >= (uint64) requests->count)
		SRF_RETURN_DONE(context);
	/* The macro counts up before it looks at the row. */
	row = requests->rows[context->call_cntr];
	SRF_RETURN_NEXT(context, row);
}

PG_FUNCTION_INFO_V1(spine_append);
Datum
spine_append(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_INSERT);
	BatchRow	row;
	Spine	   *spine;
	CoreError	err;

	row.len = bigint_arg(fcinfo, 1, "len");
	row.parts = array_arg(fcinfo, 2, "parts");
	row.runs = array_arg(fcinfo, 3, "runs");
	spine = spine_open(relid);
	if (spine_next_time(spine, &row.desc, &err) != CORE_OK)
		report_core_error(&err);
	effects.want_requests = true;	/* to be counted */
	spine_push(spine, &row, &effects);
	PG_RETURN_DATUM(frontier_get_datum(&row.desc.lower));
}
