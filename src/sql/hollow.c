/*
 * hollow.c
 *		Hollow batches to work with: the inputs of a merge request, those of a
 *		snapshot, those of a listen, and those that a cursor reads.
 *
 * All reading is under the caller's snapshot, but of what its own transaction
 * writes to it is the latest state.  The hollow batches of a spine are a chain
 * in the order of their ids: each begins where the one before it ended.
 *
 * Source: `snapshot` and `verify_listen`, `next_listen_batch` of the trace's
 * owner in the original system; `cursor_through` in seed 001.
 */
#include "postgres.h"

#include "funcapi.h"

#include "sql/args.h"
#include "state/batches.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/values.h"
#include "state/working.h"

/*
 * Adds a batch to the result of a function that InitMaterializedSRF has set up: the
 * columns of the table from id_lo on.
 */
static void
put_batch(FunctionCallInfo fcinfo, const Datum *stored)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		nulls[BATCH_COLUMNS] = {false};

	tuplestore_putvalues(set->setResult, set->setDesc,
						 unconstify(Datum *, stored) + BATCH_ID_LO - 1, nulls);
}

PG_FUNCTION_INFO_V1(spine_request_inputs);
Datum
spine_request_inputs(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	int64		lo = bigint_arg(fcinfo, 1, "id_lo");
	int64		hi = bigint_arg(fcinfo, 2, "id_hi");
	int64		next = lo;
	Snapshot	snapshot;
	Spine		spine;
	BatchScan  *scan;
	const Datum *row;

	spine_require(relid, &spine, &snapshot);
	InitMaterializedSRF(fcinfo, 0);
	scan = batches_begin(relid, lo, hi, snapshot);
	while ((row = batches_next_stored(scan)) != NULL &&
		   DatumGetInt64(row[BATCH_ID_LO - 1]) == next &&
		   DatumGetInt64(row[BATCH_ID_HI - 1]) <= hi)
	{
		next = DatumGetInt64(row[BATCH_ID_HI - 1]);
		put_batch(fcinfo, row);
	}
	batches_end(scan);
	if (next != hi || lo >= hi)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ids are not those of a range of hollow batches"),
				 errdetail("No hollow batches make up the ids " INT64_FORMAT "-" INT64_FORMAT ".",
						   lo, hi),
				 errhint("Take id_lo and id_hi of a row of spine_merge_requests; this request may have been answered.")));
	return (Datum) 0;
}

/*
 * What was compacted to since cannot be told apart at an earlier time.  The
 * SQLSTATE is another one than when the time is yet to come: here it is of no
 * use to wait.
 */
static void
check_not_passed(const Spine *spine, const Frontier *frontier, const char *name)
{
	char		since[FRONTIER_PRINT_SIZE];
	char		asked[FRONTIER_PRINT_SIZE];

	frontier_require_dims(frontier, spine->trace.dims, name);
	if (frontier_less_equal(&spine->trace.since, frontier))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is before since, its times are compacted away", name),
			 errdetail("%s is %s, the spine's since is %s.", name,
					   frontier_print(frontier, asked),
					   frontier_print(&spine->trace.since, since)),
			 errhint("Read at spine_since() or later; to keep since where a reader is, use spine_hold().")));
}

/* A time is complete when upper has passed it. */
static void
check_complete(const Spine *spine, const Frontier *as_of)
{
	char		upper[FRONTIER_PRINT_SIZE];
	char		asked[FRONTIER_PRINT_SIZE];

	if (frontier_is_empty(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of is the end of time"),
				 errdetail("as_of is [], which no upper ever passes."),
				 errhint("Leave as_of out to read all that there is.")));
	if (!frontier_less_equal(&spine->trace.upper, as_of))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("as_of is not complete yet"),
			 errdetail("as_of is %s, the spine's upper is %s.",
					   frontier_print(as_of, asked),
					   frontier_print(&spine->trace.upper, upper)),
			 errhint("Wait for upper to pass it, with spine_wait_upper().")));
}

static bool
begins_after(const Datum *stored, const Frontier *time)
{
	Frontier	lower = datum_get_frontier(stored[BATCH_LOWER - 1]);

	return frontier_less_than(time, &lower);
}

/*
 * The batches that have times up to as_of: all but those that begin after it.
 * The last of them may have later times as well, which the reader leaves out.
 */
PG_FUNCTION_INFO_V1(spine_snapshot);
Datum
spine_snapshot(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	bool		all = PG_ARGISNULL(1);
	Frontier	as_of = all ? frontier_empty() : frontier_arg(fcinfo, 1, "as_of");
	Snapshot	snapshot;
	Spine		spine;
	BatchScan  *scan;
	const Datum *row;

	spine_require(relid, &spine, &snapshot);
	if (!all)
	{
		check_not_passed(&spine, &as_of, "as_of");
		check_complete(&spine, &as_of);
	}
	InitMaterializedSRF(fcinfo, 0);
	scan = batches_begin(relid, 0, PG_INT64_MAX, snapshot);
	while ((row = batches_next_stored(scan)) != NULL && (all || !begins_after(row, &as_of)))
		put_batch(fcinfo, row);
	batches_end(scan);
	return (Datum) 0;
}

/*
 * The batches from the one on that has the frontier's times, which it may have
 * earlier ones with: none while upper is not beyond the frontier.
 */
PG_FUNCTION_INFO_V1(spine_listen);
Datum
spine_listen(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Frontier	frontier = frontier_arg(fcinfo, 1, "frontier");
	Snapshot	snapshot;
	Spine		spine;
	BatchScan  *scan;
	const Datum *row;
	int64		first;

	spine_require(relid, &spine, &snapshot);
	check_not_passed(&spine, &frontier, "frontier");
	InitMaterializedSRF(fcinfo, 0);
	first = batches_first_after(relid, spine.trace.next_id, &frontier, snapshot);
	scan = batches_begin(relid, first, PG_INT64_MAX, snapshot);
	while ((row = batches_next_stored(scan)) != NULL)
		put_batch(fcinfo, row);
	batches_end(scan);
	return (Datum) 0;
}

/* Does a cursor read this batch?  An error if the cut goes through it. */
static bool
is_read(const Datum *stored, const Frontier *cut)
{
	Description desc;
	CoreError	err;
	bool		included;

	if (DatumGetInt64(stored[BATCH_LEN - 1]) == 0)
		return false;
	desc.lower = datum_get_frontier(stored[BATCH_LOWER - 1]);
	desc.upper = datum_get_frontier(stored[BATCH_UPPER - 1]);
	if (cut_includes(cut, &desc, &included, &err) != CORE_OK)
		report_core_error(&err);
	return included;
}

/*
 * The batches with updates that end at upper or before.  It must not be inside
 * one: its later updates could not be told from the others.
 */
PG_FUNCTION_INFO_V1(spine_cursor_through);
Datum
spine_cursor_through(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Frontier	upper = frontier_arg(fcinfo, 1, "upper");
	Snapshot	snapshot;
	Spine		spine;
	BatchScan  *scan;
	const Datum *row;
	CoreError	err;
	bool		nothing;

	spine_require(relid, &spine, &snapshot);
	if (trace_check_cut(&spine.trace, &upper, &nothing, &err) != CORE_OK)
		report_core_error(&err);
	InitMaterializedSRF(fcinfo, 0);
	if (nothing)
		return (Datum) 0;
	scan = batches_begin(relid, 0, PG_INT64_MAX, snapshot);
	while ((row = batches_next_stored(scan)) != NULL)
	{
		Frontier	lower = datum_get_frontier(row[BATCH_LOWER - 1]);

		/* So does every later one. */
		if (frontier_less_equal(&upper, &lower))
			break;
		if (is_read(row, &upper))
			put_batch(fcinfo, row);
	}
	batches_end(scan);
	return (Datum) 0;
}
