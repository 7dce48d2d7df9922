/*
 * describe.c
 *		spine_describe: one line a spine batch, in the words of seed 000's
 *		extended description; then the pending ones.
 */
#include "postgres.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "sql/args.h"
#include "state/batches.h"
#include "state/values.h"
#include "state/working.h"

/* `[0-4][0][4][0] 4/4 k0 k1 k2 k3` where fueled, `[4-5][4][5][0] 100 k4` where merged. */
static Datum
describe_batch(Oid relid, const SpineBatch *batch, const char *state, Snapshot snapshot)
{
	char	   *desc = palloc(description_text_size(&batch->desc));
	StringInfoData line;
	text	  **parts;
	int			nparts;

	initStringInfo(&line);
	appendStringInfo(&line, "%s[" UINT64_FORMAT "-" UINT64_FORMAT "]%s ", state, batch->lo,
					 batch->hi, description_text(&batch->desc, desc));
	if (spine_batch_is_fueled(batch))
		appendStringInfo(&line, INT64_FORMAT "/", batch->hollow);
	appendStringInfo(&line, INT64_FORMAT, batch->len);
	parts = batches_parts(relid, (int64) batch->lo, (int64) batch->hi, snapshot, &nparts);
	for (int i = 0; i < nparts; i++)
	{
		appendStringInfoChar(&line, ' ');
		appendBinaryStringInfo(&line, VARDATA_ANY(parts[i]), VARSIZE_ANY_EXHDR(parts[i]));
	}
	return PointerGetDatum(cstring_to_text_with_len(line.data, line.len));
}

static void
put_line(FunctionCallInfo fcinfo, Datum line)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		null = false;

	tuplestore_putvalues(set->setResult, set->setDesc, &line, &null);
}

PG_FUNCTION_INFO_V1(spine_describe);
Datum
spine_describe(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Snapshot	snapshot;
	Spine		spine;
	LevelsWalk	walk;
	SpineBatch *batch;

	spine_require(relid, &spine, &snapshot);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	walk = LEVELS_WALK_START(&spine.trace.levels);
	while ((batch = levels_next(&spine.trace.levels, &walk, NULL)) != NULL)
		put_line(fcinfo, describe_batch(relid, batch, "", snapshot));
	for (uint32 i = 0; i < spine.trace.npending; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_line(fcinfo, describe_batch(relid, &spine.trace.pending[i], "pending ", snapshot));
	}
	return (Datum) 0;
}
