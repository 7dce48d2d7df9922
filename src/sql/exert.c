/*
 * exert.c
 *		How a spine's merges are driven where pushes do not: spine_exert and its
 *		kin, effort, the physical compaction frontier, and closing a spine.
 *
 * Source: exert, apply_fuel, introduce_batch, set_physical_compaction and close
 * in seed 001.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/snapmgr.h"

#include "sql/args.h"
#include "state/exertion.h"
#include "state/merge.h"
#include "state/options.h"
#include "state/report.h"

PG_FUNCTION_INFO_V1(spine_exert);
Datum
spine_exert(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);
	int64		effort = bigint_arg(fcinfo, 1, "effort");

	PG_RETURN_BOOL(spine_exert_merges(spine_open(relid), effort));
}

PG_FUNCTION_INFO_V1(spine_apply_fuel);
Datum
spine_apply_fuel(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);
	int64		fuel = bigint_arg(fcinfo, 1, "fuel");

	PG_RETURN_BOOL(spine_fuel_merges(spine_open(relid), fuel));
}

PG_FUNCTION_INFO_V1(spine_force_compaction);
Datum
spine_force_compaction(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);

	PG_RETURN_BOOL(spine_force_merges(spine_open(relid)));
}

PG_FUNCTION_INFO_V1(spine_introduce_empty);
Datum
spine_introduce_empty(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);

	require_arg(fcinfo, 1, "level");
	spine_introduce(spine_open(relid), PG_GETARG_INT32(1));
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(spine_set_effort);
Datum
spine_set_effort(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, PRIVILEGE_OWNER);
	Spine	   *spine;
	int			before;
	CoreError	err;

	require_arg(fcinfo, 1, "effort");
	spine = spine_open(relid);
	before = spine->trace.effort;
	if (trace_set_effort(&spine->trace, PG_GETARG_INT32(1), &err) != CORE_OK)
		report_core_error(&err);
	if (spine->trace.effort == before)
		PG_RETURN_BOOL(false);
	spine_changed(spine);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(spine_set_physical_compaction);
Datum
spine_set_physical_compaction(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);
	Frontier	frontier;

	if (PG_ARGISNULL(1))
		spine_set_physical(spine_open(relid), NULL);
	else
	{
		frontier = frontier_arg(fcinfo, 1, "frontier");
		spine_set_physical(spine_open(relid), &frontier);
	}
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(spine_set_exertion);
Datum
spine_set_exertion(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, PRIVILEGE_OWNER);
	Spine	   *spine = spine_open(relid);
	SpineOptions options = options_read(relid, SnapshotSelf);

	options.exert_effort = PG_ARGISNULL(1) ? EXERT_EFFORT_DEFAULT : PG_GETARG_INT32(1);
	if (!PG_ARGISNULL(1) && options.exert_effort < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("effort is out of range"),
				 errdetail("It is %d.", options.exert_effort),
				 errhint("Give a number of updates, 0 to let the spine alone, or null for what spine.exert_effort says.")));
	options_write(relid, &options);
	/* So that its state is published, and looked at again. */
	spine_changed(spine);
	PG_RETURN_VOID();
}

/* Pushes the empty batch that ends it, unless it has ended. */
PG_FUNCTION_INFO_V1(spine_close);
Datum
spine_close(PG_FUNCTION_ARGS)
{
	/* Too big for the stack; a push calls nothing that could close. */
	static PushEffects effects = {.want_requests = true};	/* to be counted */
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);
	Spine	   *spine = spine_open(relid);
	BatchRow	row = {
		.parts = construct_empty_array(TEXTOID), .runs = construct_empty_array(INT4OID)
	};
	HollowBatch batch;
	CoreError	err;

	if (trace_closing_batch(&spine->trace, &batch, &err) != CORE_OK)
		PG_RETURN_BOOL(false);
	row.desc = batch.desc;
	spine_push(spine, &row, &effects);
	PG_RETURN_BOOL(true);
}
