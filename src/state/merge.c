/*
 * merge.c
 *		What a push and an applied merge result do to the rows of a spine.
 *
 * The core says what happens to the trace and names ranges of ids; here the
 * hollow rows follow.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/generation.h"
#include "state/merge.h"
#include "state/report.h"
#include "state/values.h"

static HollowBatch
hollow_batch_of(const BatchRow *row)
{
	HollowBatch batch = {.desc = row->desc, .len = row->len};

	hollow_batch_set_arrays(&batch, row->parts, row->runs);
	return batch;
}

void
batch_row_check(const BatchRow *row)
{
	HollowBatch batch = hollow_batch_of(row);
	CoreError	err;

	if (description_check(&batch.desc, &err) != CORE_OK ||
		hollow_batch_check(&batch, &err) != CORE_OK)
		report_core_error(&err);
}

static void
tell_merge(Spine *spine, const MergeEvent *merge)
{
	const bool *structural = merge->structural;
	SpineEvent	event = {
		.kind = merge->done ? EVENT_MERGE_DONE : EVENT_MERGE_BEGUN,
		.generation = spine->generation, .level = merge->level,
		.pair = {structural[0] ? EVENT_NO_LENGTH : merge->pair[0],
			structural[1] ? EVENT_NO_LENGTH : merge->pair[1]},
		.len = merge->len
	};

	events_add(&spine->events, &event);
	if (merge->done)
		spine->counts.merges_done++;
	else if (!structural[0] && !structural[1])
		spine->counts.merges_begun++;
}

void
spine_carry_out(Spine *spine, const PushEffects *effects)
{
	for (int i = 0; i < effects->nevents; i++)
		tell_merge(spine, &effects->events[i]);
	for (int i = 0; i < effects->nfuses; i++)
	{
		const Fuse *fuse = &effects->fuses[i];
		BatchRow	empty = {
			.id_lo = (int64) fuse->lo, .id_hi = (int64) fuse->hi, .desc = fuse->desc,
			.parts = construct_empty_array(TEXTOID),
			.runs = construct_empty_array(INT4OID)
		};
		int			nparts;
		text	  **parts = batches_parts(spine->relid, empty.id_lo, empty.id_hi, NULL, &nparts);

		batches_replace(spine->relid, spine->generation, &empty, parts, nparts);
	}
	spine->counts.requests += effects->nrequests;
	if (effects->requested)
		spine_requests_at_commit();
}

void
spine_push(Spine *spine, BatchRow *row, PushEffects *effects)
{
	HollowBatch batch = hollow_batch_of(row);
	CoreError	err;

	if (trace_push(&spine->trace, &batch, effects, &err) != CORE_OK)
		report_core_error(&err);
	spine_changed(spine);
	if (frontier_is_empty(&spine->trace.upper))
		generation_changes(spine->relid);
	stop_point("push_traced");
	spine_insert_pushed(spine, row, effects);
	spine->counts.pushes++;
	spine->counts.updates = add_saturating(spine->counts.updates, row->len);
	spine->counts.last_push = GetCurrentStatementStartTimestamp();
}

void
spine_insert_pushed(Spine *spine, BatchRow *row, const PushEffects *effects)
{
	SpineEvent	event = {
		.kind = EVENT_BATCH, .generation = spine->generation, .len = row->len
	};
	bool		insert = true;

	events_add(&spine->events, &event);
	row->id_lo = (int64) effects->id;
	row->id_hi = row->id_lo + 1;
	/* A batch that is fused at once need not be written, unless for its parts. */
	for (int i = 0; i < effects->nfuses; i++)
		if (effects->fuses[i].hi > effects->id && array_count(row->parts, "parts") == 0)
			insert = false;
	if (insert)
		batches_insert(spine->relid, row);
	spine_carry_out(spine, effects);
}

Status
spine_next_time(const Spine *spine, Description *desc, CoreError *err)
{
	desc->lower = spine->trace.upper;
	desc->since = frontier_minimum(spine->trace.dims);
	if (spine->trace.dims > 1)
		return core_error(err, CORE_UNSUPPORTED, "times of the spine have several dimensions",
						  "They have %d, so there is no next one.", spine->trace.dims);
	if (frontier_is_empty(&desc->lower))
		return core_error(err, CORE_CLOSED, "the spine is closed",
						  "Its upper is [].");
	if (desc->lower.time == TIME_MAX)
		return core_error(err, CORE_RANGE, "time is out of range",
						  "The spine's upper, %llu, is the last time there is.",
						  (unsigned long long) TIME_MAX);
	desc->upper = frontier_of(desc->lower.time + 1);
	return CORE_OK;
}

/*
 * Both sorted.  Of the spine's own parts only the number is told: who has
 * submitted a result may know what it was made of, but not what else is there.
 */
static const char *
describe_missing(text **parts, int nparts, text **inputs, int ninputs)
{
	const text *first = NULL;
	int			found = 0;
	int			p = 0;

	for (int i = 0; i < ninputs; i++)
	{
		int			order = -1;

		while (p < nparts && (order = texts_compare(inputs[i], parts[p])) > 0)
			p++;
		if (p < nparts && order == 0)
		{
			found++;
			p++;
		}
		else if (first == NULL)
			first = inputs[i];
	}
	if (first == NULL)
		return psprintf("parts that are there: %d, inputs among them: %d", nparts, ninputs);
	return psprintf("inputs that are not there: %d of %d, such as \"%s\"",
					ninputs - found, ninputs, excerpt(text_to_cstring(first)));
}

/*
 * Are these parts exactly the inputs?  Or are they the result's own, because it was
 * applied before?  NULL if so, else what is missing.
 */
static const char *
inputs_missing(text **parts, int nparts, ArrayType *inputs, ArrayType *outputs)
{
	int			ninputs;
	int			noutputs;
	text	  **expected = array_texts(inputs, &ninputs);
	text	  **made = array_texts(outputs, &noutputs);

	if (texts_equal_unordered(parts, nparts, expected, ninputs) ||
		(noutputs > 0 && texts_equal_unordered(parts, nparts, made, noutputs)))
		return NULL;
	texts_sort(parts, nparts);
	texts_sort(expected, ninputs);
	return describe_missing(parts, nparts, expected, ninputs);
}

static const char *
bounds_missing(const Description *desc)
{
	char		lower[FRONTIER_PRINT_SIZE];
	char		upper[FRONTIER_PRINT_SIZE];

	return psprintf("there are no batches from %s to %s, or not in one merge",
					frontier_print(&desc->lower, lower), frontier_print(&desc->upper, upper));
}

static bool
is_applied(MergeOutcome outcome)
{
	return outcome == APPLIED_EXACT || outcome == APPLIED_SUBSET;
}

MergeOutcome
spine_apply(Spine *spine, BatchRow *row, ArrayType *inputs, const char **missing)
{
	HollowBatch batch = hollow_batch_of(row);
	BatchRange	range = {spine->relid, row->id_lo, row->id_hi};
	HollowSource source = batches_source_near(&range);
	ApplyEffect effect;
	CoreError	err;
	text	  **parts = NULL;
	int			nparts = 0;

	*missing = NULL;
	if (trace_match(&spine->trace, &batch, &source, &effect, &err) != CORE_OK)
		report_core_error(&err);
	if (effect.outcome == NOT_APPLIED_NO_MATCH)
		*missing = bounds_missing(&row->desc);
	if (is_applied(effect.outcome))
		parts = batches_parts(spine->relid, (int64) effect.lo, (int64) effect.hi, NULL,
							  &nparts);
	if (is_applied(effect.outcome) && inputs != NULL)
		*missing = inputs_missing(parts, nparts, inputs, row->parts);
	if (*missing != NULL)
		effect.outcome = NOT_APPLIED_NO_MATCH;
	if (is_applied(effect.outcome))
	{
		trace_apply(&spine->trace, &batch, &effect);
		spine_changed(spine);
		stop_point("result_traced");
		row->id_lo = (int64) effect.lo;
		row->id_hi = (int64) effect.hi;
		batches_replace(spine->relid, spine->generation, row, parts, nparts);
	}
	spine->counts.outcomes[effect.outcome]++;
	spine->counts.last_result = GetCurrentTimestamp();
	return effect.outcome;
}
