/*
 * read.c
 *		Rows of the views.
 *
 * Each function gives the rows of one relation; the views ask for every
 * relation that has a spine.  All reading is under the caller's snapshot, but
 * of what its own transaction writes to it is the latest state.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "core/image.h"
#include "sql/args.h"
#include "state/batches.h"
#include "state/offer.h"
#include "state/options.h"
#include "state/report.h"
#include "state/request.h"
#include "state/values.h"
#include "state/working.h"

/* Adds a row to the result of a function that InitMaterializedSRF has set up. */
static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/*
 * Sets up the result and reads the spine of argument 0.  False if the user may
 * not see it or there is none.
 */
static bool
begin_rows(FunctionCallInfo fcinfo, Spine *spine, Snapshot *snapshot)
{
	Oid			relid = PG_GETARG_OID(0);

	require_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	return relation_is_visible(relid) && spine_read(relid, spine, snapshot);
}

/* Number of hollow batches, of spine batches in the levels, and of updates. */
static void
count_batches(Spine *spine, int64 *hollow, int64 *batches, int64 *updates)
{
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	SpineBatch *batch;

	*hollow = *batches = *updates = 0;
	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
	{
		*hollow += batch->hollow;
		*batches += 1;
		*updates = add_saturating(*updates, batch->len);
	}
	*hollow += spine->trace.npending;
	for (uint32 i = 0; i < spine->trace.npending; i++)
		*updates = add_saturating(*updates, spine->trace.pending[i].len);
}

/* What the owner has set: the columns merge_function and exert_effort. */
static void
put_options(Oid relid, Snapshot snapshot, Datum *values, bool *nulls)
{
	SpineOptions options = options_read(relid, snapshot);

	values[0] = (Datum) 0;
	nulls[0] = options.merge_function == NULL;
	if (options.merge_function != NULL)
		values[0] = CStringGetTextDatum(options.merge_function);
	values[1] = Int32GetDatum(options.exert_effort);
	nulls[1] = options.exert_effort == EXERT_EFFORT_DEFAULT;
}

PG_FUNCTION_INFO_V1(spine_trace_rows);
Datum
spine_trace_rows(PG_FUNCTION_ARGS)
{
	Spine		spine;
	Snapshot	snapshot;
	TraceMetrics metrics;
	int64		hollow;
	int64		batches;
	int64		updates;
	Datum		values[16];
	bool		nulls[16] = {false};

	if (!begin_rows(fcinfo, &spine, &snapshot))
		return (Datum) 0;
	metrics = trace_metrics(&spine.trace);
	count_batches(&spine, &hollow, &batches, &updates);
	values[0] = Int64GetDatum(spine.generation);
	values[1] = frontier_get_datum(&spine.trace.since);
	values[2] = frontier_get_datum(&spine.trace.upper);
	values[3] = (Datum) 0;
	nulls[3] = !spine.trace.physical_used;
	if (spine.trace.physical_used)
		values[3] = frontier_get_datum(&spine.trace.physical);
	values[4] = Int32GetDatum(spine.trace.dims);
	values[5] = Int32GetDatum(spine.trace.effort);
	values[6] = Int32GetDatum(spine.trace.levels.count);
	values[7] = Int64GetDatum(batches);
	values[8] = Int64GetDatum(hollow);
	values[9] = Int64GetDatum(spine.trace.npending);
	values[10] = Int64GetDatum(updates);
	values[11] = Int64GetDatum(metrics.compact);
	values[12] = Int64GetDatum(metrics.compacting);
	values[13] = Int64GetDatum(metrics.noncompact);
	put_options(spine.relid, snapshot, values + 14, nulls + 14);
	put_row(fcinfo, values, nulls);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(spine_batch_rows);
Datum
spine_batch_rows(PG_FUNCTION_ARGS)
{
	Spine		spine;
	Snapshot	snapshot;
	LevelsWalk	walk;
	SpineBatch *batch;
	BatchScan  *scan;
	BatchRow   *row;
	int			level = 0;

	if (!begin_rows(fcinfo, &spine, &snapshot))
		return (Datum) 0;
	walk = LEVELS_WALK_START(&spine.trace.levels);
	batch = levels_next(&spine.trace.levels, &walk, &level);
	scan = batches_begin(spine.relid, 0, PG_INT64_MAX, snapshot);
	while ((row = batches_next(scan)) != NULL)
	{
		Datum		values[9];
		bool		nulls[9] = {false};

		while (batch != NULL && (uint64) row->id_lo >= batch->hi)
			batch = levels_next(&spine.trace.levels, &walk, &level);
		values[0] = Int64GetDatum(row->id_lo);
		values[1] = Int64GetDatum(row->id_hi);
		values[2] = Int32GetDatum(level);
		nulls[2] = batch == NULL;
		values[3] = frontier_get_datum(&row->desc.lower);
		values[4] = frontier_get_datum(&row->desc.upper);
		values[5] = frontier_get_datum(&row->desc.since);
		values[6] = Int64GetDatum(row->len);
		values[7] = PointerGetDatum(row->parts);
		values[8] = PointerGetDatum(row->runs);
		put_row(fcinfo, values, nulls);
	}
	batches_end(scan);
	return (Datum) 0;
}

/* Where a level amounts to a structural empty, the state says so. */
static const char *
level_state_name(const Level *level)
{
	bool		empty = level->count > 0 &&
		level_state(level) != LEVEL_IN_PROGRESS &&
		spine_batch_is_structural(level_batch(level));

	switch (level_state(level))
	{
		case LEVEL_VACANT:
			return "vacant";
		case LEVEL_SINGLE:
			return empty ? "single_empty" : "single";
		case LEVEL_COMPLETE:
			return empty ? "complete_empty" : "complete";
		case LEVEL_IN_PROGRESS:
			return "merging";
	}
	pg_unreachable();
}

PG_FUNCTION_INFO_V1(spine_level_rows);
Datum
spine_level_rows(PG_FUNCTION_ARGS)
{
	Spine		spine;
	Snapshot	snapshot;

	if (!begin_rows(fcinfo, &spine, &snapshot))
		return (Datum) 0;
	for (int i = 0; i < spine.trace.levels.count; i++)
	{
		const Level *level = &spine.trace.levels.level[i];
		Datum		values[8] = {0};
		bool		nulls[8] = {false};

		values[0] = Int32GetDatum(i);
		values[1] = CStringGetTextDatum(level_state_name(level));
		values[2] = Int32GetDatum(level->count);
		values[3] = Int64GetDatum(level_length(level));
		nulls[4] = nulls[5] = nulls[6] = nulls[7] = level_state(level) != LEVEL_IN_PROGRESS;
		if (!nulls[4])
		{
			values[4] = Int64GetDatum((int64) level->batch[0].lo);
			values[5] = Int64GetDatum((int64) level->batch[1].hi);
			values[6] = frontier_get_datum(&level->merge.since);
			values[7] = Int64GetDatum(level->merge.remaining);
		}
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* How far somebody has come with a request: the columns from state on. */
static void
put_status(const OfferStatus *status, Datum *values, bool *nulls)
{
	static const char *const states[] = {
		[OFFER_OPEN] = "open",
		[OFFER_DELAYED] = "delayed",
		[OFFER_CLAIMED] = "claimed",
		[OFFER_COMPLETED] = "completed",
		[OFFER_PARKED] = "parked",
	};

	values[0] = CStringGetTextDatum(states[status->state]);
	nulls[1] = nulls[2] = status->claim == NULL;
	if (status->claim != NULL)
	{
		values[1] = NameGetDatum(&status->claim->claimed_by);
		values[2] = TimestampTzGetDatum(status->claim->lease_expires);
	}
	values[3] = Int32GetDatum(status->attempts.count);
	nulls[4] = nulls[5] = status->attempts.last_error == NULL;
	if (status->attempts.last_error != NULL)
	{
		values[4] = CStringGetTextDatum(status->attempts.last_error);
		values[5] = TimestampTzGetDatum(status->attempts.last_error_at);
	}
}

PG_FUNCTION_INFO_V1(spine_request_rows);
Datum
spine_request_rows(PG_FUNCTION_ARGS)
{
	Spine		spine;
	Snapshot	snapshot;
	List	   *offers;
	List	   *claims;
	ListCell   *cell;

	if (!begin_rows(fcinfo, &spine, &snapshot))
		return (Datum) 0;
	offers = offers_add(NIL, &spine);
	claims = offers == NIL ? NIL :
		claims_open(spine.relid, spine.generation, 0, PG_INT64_MAX, snapshot);
	foreach(cell, offers)
	{
		Offer	   *offer = lfirst(cell);
		OfferStatus status = offer_status(offer, claims, snapshot);
		Datum		values[REQUEST_COLUMNS + 7];
		bool		nulls[REQUEST_COLUMNS + 7] = {false};

		request_values(spine.relid, &offer->request, snapshot, values, nulls);
		values[REQUEST_COLUMNS] = Int32GetDatum(offer->level);
		put_status(&status, values + REQUEST_COLUMNS + 1, nulls + REQUEST_COLUMNS + 1);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(spine_stat_rows);
Datum
spine_stat_rows(PG_FUNCTION_ARGS)
{
	SpineCounts counts;
	TimestampTz reset;
	Datum		values[25];
	bool		nulls[25] = {false};
	Spine		spine;
	Snapshot	snapshot;

	if (!begin_rows(fcinfo, &spine, &snapshot))
		return (Datum) 0;
	if (!registry_counts(spine.relid, &counts, &reset))
	{
		counts = (SpineCounts) {0};
		reset = 0;
	}
	values[0] = Int64GetDatum(counts.pushes);
	values[1] = Int64GetDatum(counts.updates);
	values[2] = Int64GetDatum(counts.requests);
	for (int i = 0; i < (int) lengthof(counts.outcomes); i++)
		values[3 + i] = Int64GetDatum(counts.outcomes[i]);
	values[8] = Int64GetDatum(counts.errors);
	values[9] = Int64GetDatum(counts.hits);
	values[10] = Int64GetDatum(counts.misses);
	values[11] = Int64GetDatum(registry_evictions());
	values[12] = TimestampTzGetDatum(counts.last_push);
	nulls[12] = counts.last_push == 0;
	values[13] = TimestampTzGetDatum(counts.last_result);
	nulls[13] = counts.last_result == 0;
	values[14] = TimestampTzGetDatum(reset);
	nulls[14] = reset == 0;
	values[15] = Int64GetDatum(counts.claims);
	values[16] = Int64GetDatum(counts.expirations);
	values[17] = Int64GetDatum(counts.failures);
	values[18] = Int64GetDatum(counts.retries);
	values[19] = Float8GetDatum((double) counts.merge_time / USECS_PER_SEC);
	values[20] = Int32GetDatum((int32) image_write(&spine.trace, NULL, 0));
	values[21] = Int64GetDatum(counts.exertions);
	values[22] = Int64GetDatum(counts.merges_begun);
	values[23] = Int64GetDatum(counts.merges_done);
	values[24] = Int64GetDatum(counts.drops);
	put_row(fcinfo, values, nulls);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(spine_events);
Datum
spine_events(PG_FUNCTION_ARGS)
{
	static const char *const kinds[] = {
		[EVENT_BATCH] = "batch",
		[EVENT_MERGE_BEGUN] = "merge_begun",
		[EVENT_MERGE_DONE] = "merge_done",
		[EVENT_DROP] = "drop",
	};
	Oid			relid = relation_or_gone_arg(fcinfo, 0, ACL_SELECT);
	SpineEvent *events;
	int			count = events_read(relid, &events);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < count; i++)
	{
		const SpineEvent *event = &events[i];
		bool		merge = event->kind == EVENT_MERGE_BEGUN || event->kind == EVENT_MERGE_DONE;
		Datum		values[7];
		bool		nulls[7] = {false};

		values[0] = TimestampTzGetDatum(event->at);
		values[1] = Int64GetDatum(event->generation);
		values[2] = CStringGetTextDatum(kinds[event->kind]);
		values[3] = Int32GetDatum(event->level);
		values[4] = Int64GetDatum(event->pair[0]);
		values[5] = Int64GetDatum(event->pair[1]);
		values[6] = Int64GetDatum(event->len);
		nulls[3] = !merge;
		nulls[4] = !merge || event->pair[0] == EVENT_NO_LENGTH;
		nulls[5] = !merge || event->pair[1] == EVENT_NO_LENGTH;
		nulls[6] = event->kind == EVENT_MERGE_BEGUN;
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
