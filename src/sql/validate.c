/*
 * validate.c
 *		spine_validate: do the image of a spine and its hollow batches agree?
 *
 * The image's own invariants are the core's to check (trace_validate); here
 * every row of spine_batch is held against it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "sql/args.h"
#include "state/arena.h"
#include "state/batches.h"
#include "state/report.h"
#include "state/values.h"
#include "state/working.h"

static void
broken(Oid relid, const char *invariant, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("spine of relation \"%s\" is damaged: %s", get_rel_name(relid), invariant),
			 errdetail("%s", detail),
			 errhint("Compare spine_batches with spine_levels to see what is wrong.")));
}

/* What the rows of one spine batch have added up to. */
typedef struct Sums
{
	int			dims;
	uint64		id;				/* where the next row must begin */
	Frontier	frontier;
	HollowSum	sum;
	bool		runs;
	Frontier	since;			/* join of the rows' */
	Arena		arena;			/* of these frontiers */
} Sums;

static void
check_row(Oid relid, const BatchRow *row, Sums *sums)
{
	HollowBatch batch = {.desc = row->desc, .len = row->len};
	char		buf[DESCRIPTION_PRINT_SIZE];
	Frontier	since;
	CoreError	err;

	if ((uint64) row->id_lo != sums->id || row->id_hi <= row->id_lo)
		broken(relid, "ids of hollow batches do not line up",
			   psprintf("Expected one that begins at " UINT64_FORMAT ", found " INT64_FORMAT "-" INT64_FORMAT ".",
						sums->id, row->id_lo, row->id_hi));
	if (!frontier_equal(&row->desc.lower, &sums->frontier))
		broken(relid, "bounds of hollow batches do not line up",
			   psprintf("The hollow batch with ids " INT64_FORMAT "-" INT64_FORMAT " is %s, the one before it ends at %s.",
						row->id_lo, row->id_hi, description_print(&row->desc, buf),
						frontier_print(&sums->frontier, palloc(FRONTIER_PRINT_SIZE))));
	hollow_batch_set_arrays(&batch, row->parts, row->runs);
	if (description_check_dims(&batch.desc, sums->dims, &err) != CORE_OK ||
		description_check(&batch.desc, &err) != CORE_OK ||
		hollow_batch_check(&batch, &err) != CORE_OK)
		broken(relid, err.message, err.detail);
	sums->id = (uint64) row->id_hi;
	sums->frontier = frontier_copy(&row->desc.upper, &sums->arena);
	sums->sum.hollow++;
	sums->sum.parts = add_saturating(sums->sum.parts, batch.nparts);
	sums->sum.len = add_saturating(sums->sum.len, row->len);
	sums->runs = batch.nruns > 0;
	/* The row goes when the next one comes. */
	since = frontiers_joined(&sums->since, &row->desc.since);
	sums->since = frontier_copy(&since, &sums->arena);
}

static void
check_sums(Oid relid, const SpineBatch *batch, const Sums *sums)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	const char *ids = psprintf(UINT64_FORMAT "-" UINT64_FORMAT, batch->lo, batch->hi);

	if (sums->id != batch->hi || !frontier_equal(&sums->frontier, &batch->desc.upper))
		broken(relid, "hollow batches do not cover their spine batch",
			   psprintf("The spine batch with ids %s ends at %s, its hollow batches at id " UINT64_FORMAT ", %s.",
						ids, frontier_print(&batch->desc.upper, a), sums->id,
						frontier_print(&sums->frontier, b)));
	if (sums->sum.hollow != batch->hollow || sums->sum.parts != batch->parts ||
		sums->sum.len != batch->len)
		broken(relid, "hollow batches do not add up to their spine batch",
			   psprintf("The spine batch with ids %s has " INT64_FORMAT " updates in " INT64_FORMAT " hollow batches of " INT64_FORMAT " parts; they add up to " INT64_FORMAT ", " INT64_FORMAT " and " INT64_FORMAT ".",
						ids, batch->len, batch->hollow, batch->parts, sums->sum.len,
						sums->sum.hollow, sums->sum.parts));
	if (spine_batch_is_fueled(batch) ?
		!frontier_less_equal(&sums->since, &batch->desc.since) :
		!frontier_equal(&sums->since, &batch->desc.since))
		broken(relid, "since of hollow batches does not fit their spine batch",
			   psprintf("The spine batch with ids %s has since %s, its hollow batches %s.",
						ids, frontier_print(&batch->desc.since, a),
						frontier_print(&sums->since, b)));
	if (!spine_batch_is_fueled(batch) && sums->runs != batch->runs)
		broken(relid, "runs of a hollow batch do not fit its spine batch",
			   psprintf("It is the one with ids %s.", ids));
}

/* Checks the rows of a spine batch, from *row on, and leaves the next one there. */
static void
check_batch(Oid relid, const SpineBatch *batch, BatchScan *scan, BatchRow **row, Sums *sums)
{
	sums->sum = (HollowSum) {0};
	sums->since = frontier_minimum(sums->dims);
	for (; *row != NULL && ((*row)->id_lo < 0 || (uint64) (*row)->id_lo < batch->hi);
		 *row = batches_next(scan))
		check_row(relid, *row, sums);
	check_sums(relid, batch, sums);
}

static void
check_batches(Spine *spine, Snapshot snapshot)
{
	Trace	   *trace = &spine->trace;
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	BatchScan  *scan = batches_begin(spine->relid, PG_INT64_MIN, PG_INT64_MAX, snapshot);
	Sums		sums = {
		.dims = trace->dims, .frontier = frontier_minimum(trace->dims),
		.arena = current_arena()
	};
	SpineBatch *batch;
	BatchRow   *row = batches_next(scan);

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
		check_batch(spine->relid, batch, scan, &row, &sums);
	for (uint32 i = 0; i < trace->npending; i++)
		check_batch(spine->relid, &trace->pending[i], scan, &row, &sums);
	if (row != NULL)
		broken(spine->relid, "there are hollow batches beyond the last spine batch",
			   psprintf("The first of them has ids " INT64_FORMAT "-" INT64_FORMAT ".",
						row->id_lo, row->id_hi));
	batches_end(scan);
}

PG_FUNCTION_INFO_V1(spine_validate);
Datum
spine_validate(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Snapshot	snapshot;
	Spine		spine;
	CoreError	err;

	spine_require(relid, &spine, &snapshot);
	if (trace_validate(&spine.trace, &err) != CORE_OK)
		broken(relid, err.message, err.detail);
	check_batches(&spine, snapshot);
	PG_RETURN_TEXT_P(cstring_to_text("ok"));
}
