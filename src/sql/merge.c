/*
 * merge.c
 *		spine_apply_merge and spine_submit_merge.
 */
#include "postgres.h"

#include "fmgr.h"

#include "sql/args.h"
#include "state/merge.h"
#include "state/outcome.h"
#include "state/report.h"
#include "state/results.h"
#include "state/values.h"

/* Arguments 1 to 7; inputs may be null. */
static ArrayType *
merge_args(FunctionCallInfo fcinfo, BatchRow *row)
{
	ArrayType  *inputs;

	row->desc.lower = frontier_arg(fcinfo, 1, "lower");
	row->desc.upper = frontier_arg(fcinfo, 2, "upper");
	row->desc.since = frontier_arg(fcinfo, 3, "since");
	row->len = bigint_arg(fcinfo, 4, "len");
	row->parts = array_arg(fcinfo, 5, "parts");
	row->runs = array_arg(fcinfo, 6, "runs");
	if (PG_ARGISNULL(7))
		return NULL;
	inputs = PG_GETARG_ARRAYTYPE_P(7);
	parts_check(inputs, "inputs");
	return inputs;
}

PG_FUNCTION_INFO_V1(spine_apply_merge);
Datum
spine_apply_merge(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_UPDATE);
	BatchRow	row = {0};
	ArrayType  *inputs = merge_args(fcinfo, &row);
	const char *missing;

	PG_RETURN_DATUM(outcome_get_datum(spine_apply(spine_open(relid), &row, inputs, &missing)));
}

/*
 * What can never be right is refused here; the bounds are judged when the
 * result is applied, since what they have to match may change until then.
 */
PG_FUNCTION_INFO_V1(spine_submit_merge);
Datum
spine_submit_merge(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_UPDATE);
	BatchRow	row;
	ArrayType  *inputs = merge_args(fcinfo, &row);
	HollowBatch batch = {.len = row.len};
	CoreError	err;
	Spine		spine;
	Snapshot	rows;

	spine_refuse_read_only();
	hollow_batch_set_arrays(&batch, row.parts, row.runs);
	if (hollow_batch_check(&batch, &err) != CORE_OK)
		report_core_error(&err);
	spine_require(relid, &spine, &rows);
	PG_RETURN_INT64(results_submit(relid, spine.generation, &row, inputs));
}
