/*
 * flat_state.c
 *		A spine of the tables taken apart, and put together again.
 *
 * What the core puts together comes back hollow batch by hollow batch, and goes
 * to the tables like pushed ones.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "dev/stop_point.h"
#include "state/arena.h"
#include "state/flat_state.h"
#include "state/garbage.h"
#include "state/holds.h"
#include "state/inbox.h"
#include "state/merge.h"
#include "state/report.h"
#include "state/values.h"

/* A row in the current memory context. */
static FlatBatch
flat_batch_of(const BatchRow *row, bool has_id)
{
	FlatBatch	flat = {.has_id = has_id, .lo = (uint64) row->id_lo, .hi = (uint64) row->id_hi};
	HollowBatch *batch = &flat.batch;
	Arena		arena = current_arena();
	int			count;
	text	  **parts = array_texts(row->parts, &count);
	const char **keys = palloc(sizeof(char *) * (count + 1));

	hollow_batch_set_arrays(batch, row->parts, row->runs);
	for (int i = 0; i < count; i++)
		keys[i] = text_to_cstring(parts[i]);
	pfree(parts);
	batch->parts = keys;
	batch->runs = memcpy(palloc(sizeof(int32) * (batch->nruns + 1)), batch->runs,
						 sizeof(int32) * batch->nruns);
	batch->desc = description_copy(&row->desc, &arena);
	batch->len = row->len;
	return flat;
}

/* All hollow batches of a spine, as a list. */
static void
list_batches(Oid relid, Snapshot rows, bool has_ids, FlatTrace *flat)
{
	size_t		room = 64;
	BatchScan  *scan = batches_begin(relid, PG_INT64_MIN, PG_INT64_MAX, rows);
	BatchRow   *row;

	flat->nbatches = 0;
	flat->batches = palloc(sizeof(FlatBatch) * room);
	while ((row = batches_next(scan)) != NULL)
	{
		if (flat->nbatches == room)
			flat->batches = repalloc_huge(flat->batches, sizeof(FlatBatch) * (room *= 2));
		flat->batches[flat->nbatches++] = flat_batch_of(row, has_ids);
	}
	batches_end(scan);
}

void
flat_of_spine(Spine *spine, Snapshot rows, FlatTrace *flat)
{
	Arena		arena = current_arena();
	CoreError	err;

	list_batches(spine->relid, rows, true, flat);
	if (trace_flatten(&spine->trace, &arena, flat, &err) != CORE_OK)
	{
		/* What is wrong with it is not the caller's to say. */
		err.status = CORE_CORRUPT;
		report_core_error(&err);
	}
}

/* What becomes of the hollow batches. */
typedef struct Restoring
{
	Spine	   *spine;
	MemoryContext scratch;		/* for one of them */
} Restoring;

static BatchRow
row_of(const HollowBatch *batch)
{
	BatchRow	row = {.desc = batch->desc, .len = batch->len};
	Datum	   *parts = palloc(sizeof(Datum) * (batch->nparts + 1));
	Datum	   *runs = palloc(sizeof(Datum) * (batch->nruns + 1));

	for (int i = 0; i < batch->nparts; i++)
		parts[i] = CStringGetTextDatum(batch->parts[i]);
	for (int i = 0; i < batch->nruns; i++)
		runs[i] = Int32GetDatum(batch->runs[i]);
	row.parts = construct_array(parts, batch->nparts, TEXTOID, -1, false, TYPALIGN_INT);
	row.runs = construct_array(runs, batch->nruns, INT4OID, sizeof(int32), true, TYPALIGN_INT);
	return row;
}

static MemoryContext
enter_scratch(Restoring *restoring)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(restoring->scratch);
	return MemoryContextSwitchTo(restoring->scratch);
}

static Status
place(void *context, uint64_t lo, uint64_t hi, const HollowBatch *batch, CoreError *err)
{
	Restoring  *restoring = context;
	MemoryContext old = enter_scratch(restoring);
	BatchRow	row = row_of(batch);

	row.id_lo = (int64) lo;
	row.id_hi = (int64) hi;
	batches_insert(restoring->spine->relid, &row);
	stop_point("batch_placed");
	MemoryContextSwitchTo(old);
	return CORE_OK;
}

static Status
pushed(void *context, const HollowBatch *batch, const PushEffects *effects, CoreError *err)
{
	Restoring  *restoring = context;
	MemoryContext old = enter_scratch(restoring);
	BatchRow	row = row_of(batch);

	spine_insert_pushed(restoring->spine, &row, effects);
	MemoryContextSwitchTo(old);
	return CORE_OK;
}

static Status
lose(void *context, const HollowBatch *batch, CoreError *err)
{
	Restoring  *restoring = context;
	MemoryContext old = enter_scratch(restoring);

	garbage_add_refused(restoring->spine->relid, restoring->spine->generation,
						row_of(batch).parts);
	MemoryContextSwitchTo(old);
	return CORE_OK;
}

/* One that could enter the levels would wait for nothing. */
static void
check_pending(const Trace *trace)
{
	char		upper[FRONTIER_PRINT_SIZE];
	char		physical[FRONTIER_PRINT_SIZE];

	if (trace->npending == 0 || (trace->physical_used &&
								 !frontier_less_equal(&trace->pending[0].desc.upper,
													  &trace->physical)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a pending batch is before the physical compaction frontier"),
			 errdetail("Its upper is %s, the frontier %s.",
					   frontier_print(&trace->pending[0].desc.upper, upper),
					   trace->physical_used ? frontier_print(&trace->physical, physical) :
					   "is not used"),
			 errhint("Give what spine_flatten() has returned, whole.")));
}

/* Begins the next generation of the spine with this trace. */
static void
put_together(Spine *spine, FlatTrace *flat)
{
	Restoring	restoring = {.spine = spine};
	FlatSink	sink = {&restoring, place, pushed, lose};
	int64		before = spine->generation;
	Trace		trace;
	CoreError	err;

	restoring.scratch = AllocSetContextCreate(CurrentMemoryContext, "spine restoring",
											  ALLOCSET_DEFAULT_SIZES);
	spine_begin_generation(spine);
	if (trace_unflatten(flat, spine->trace.arena, &sink, &trace, &err) != CORE_OK)
	{
		/* It is what was given that is wrong. */
		if (err.status == CORE_CORRUPT)
			err.status = CORE_FLAT;
		report_core_error(&err);
	}
	check_pending(&trace);
	spine->trace = trace;
	MemoryContextDelete(restoring.scratch);
	inbox_follow_generation(spine->relid, before, spine->generation);
	/* There may be any number of requests in it. */
	spine_requests_at_commit();
	stop_point("trace_restored");
}

static void
check_empty(const Spine *spine)
{
	if (spine->trace.next_id == 0 && spine->trace.levels.count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the spine of relation \"%s\" is not empty", get_rel_name(spine->relid)),
			 errdetail("It has had " UINT64_FORMAT " batches, and has %d levels.",
					   spine->trace.next_id, spine->trace.levels.count),
			 errhint("Register another relation, or TRUNCATE this one.")));
}

/* since must not pass a hold, even if the reader has nothing to read yet. */
static void
check_holds(const Spine *spine, const Frontier *since)
{
	char		asked[FRONTIER_PRINT_SIZE];
	char		held[FRONTIER_PRINT_SIZE];
	Frontier	met = holds_meet(spine->relid, since);

	if (frontier_equal(&met, since))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("since would pass a hold"),
			 errdetail("The flat trace's since is %s; the holds of the spine allow %s.",
					   frontier_print(since, asked), frontier_print(&met, held)),
			 errhint("Release the holds in spine_holds first.")));
}

void
flat_restore(Spine *spine, FlatTrace *flat)
{
	check_empty(spine);
	check_holds(spine, &flat->since);
	put_together(spine, flat);
}

void
flat_rebuild(Spine *spine)
{
	FlatTrace	flat = {
		.dims = spine->trace.dims, .effort = spine->trace.effort,
		.since = spine->trace.since, .physical_used = spine->trace.physical_used,
		.physical = spine->trace.physical
	};

	list_batches(spine->relid, NULL, false, &flat);
	spine_tell_drops(spine);
	batches_take_out(spine->relid);
	stop_point("batches_taken_out");
	put_together(spine, &flat);
}
