/*
 * validate.c
 *		The invariants of a trace, as far as they can be seen without the
 *		hollow batches.  Declared in trace.h.
 *
 * Source: `Spine::validate` in seed 000, and what its types could not express:
 * counts, lengths and the fuel left on a level.
 */
#include "core/trace.h"

#include <inttypes.h>

static Status
validate_chain(const SpineBatch *batch, uint64_t id, const Frontier *frontier,
			   CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];

	if (batch->lo != id || batch->hi <= batch->lo)
		return core_error(err, CORE_CORRUPT, "batch ids do not line up",
						  "The ids are %" PRIu64 "-%" PRIu64 ", after those up to %" PRIu64 ".",
						  batch->lo, batch->hi, id);
	if (!frontier_equal(&batch->desc.lower, frontier))
		return core_error(err, CORE_CORRUPT, "batch bounds do not line up",
						  "The lower of the batch with ids %" PRIu64 "-%" PRIu64
						  " is %s, the upper before it %s.", batch->lo, batch->hi,
						  frontier_print(&batch->desc.lower, a),
						  frontier_print(frontier, b));
	return description_check(&batch->desc, err) == CORE_OK ? CORE_OK :
		(err->status = CORE_CORRUPT);
}

static Status
validate_batch(const Trace *trace, const SpineBatch *batch, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];

	if (!frontier_less_equal(&batch->desc.since, &trace->since))
		return core_error(err, CORE_CORRUPT, "since of a batch is past the trace's",
						  "The batch with ids %" PRIu64 "-%" PRIu64
						  " has since %s, the trace %s.", batch->lo, batch->hi,
						  frontier_print(&batch->desc.since, a),
						  frontier_print(&trace->since, b));
	if (batch->len < 0 || batch->parts < 0 || batch->hollow < 1 ||
		(uint64_t) batch->hollow > batch->hi - batch->lo)
		return core_error(err, CORE_CORRUPT, "batch counts are impossible",
						  "The batch with ids %" PRIu64 "-%" PRIu64 " has %" PRId64
						  " updates in %" PRId64 " hollow batches of %" PRId64 " parts.",
						  batch->lo, batch->hi, batch->len, batch->hollow, batch->parts);
	if (batch->runs && spine_batch_is_fueled(batch))
		return core_error(err, CORE_CORRUPT, "a fueled batch has runs of its own",
						  "It is the one with ids %" PRIu64 "-%" PRIu64 ".", batch->lo,
						  batch->hi);
	return CORE_OK;
}

static Status
validate_merge(const Trace *trace, const Level *level, int index, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];

	if (level->merge.remaining < 0)
		return core_error(err, CORE_CORRUPT, "a merge has less than nothing left to do",
						  "On level %d it has %" PRId64 ".", index, level->merge.remaining);
	if (!frontier_less_equal(&level->merge.since, &trace->since))
		return core_error(err, CORE_CORRUPT, "since of a merge is past the trace's",
						  "On level %d it has %s, the trace %s.", index,
						  frontier_print(&level->merge.since, a),
						  frontier_print(&trace->since, b));
	for (int i = 0; i < 2; i++)
		if (!frontier_less_equal(&level->batch[i].desc.since, &level->merge.since))
			return core_error(err, CORE_CORRUPT, "since of a batch is past its merge's",
							  "On level %d the batch has %s, the merge %s.", index,
							  frontier_print(&level->batch[i].desc.since, a),
							  frontier_print(&level->merge.since, b));
	return CORE_OK;
}

/* The batches of a trace, oldest first, and where the last one looked at ends. */
typedef struct Chain
{
	const Trace *trace;
	uint64_t	id;
	Frontier	frontier;
} Chain;

static Status
validate_next(Chain *chain, const SpineBatch *batch, CoreError *err)
{
	Status		status;

	if (spine_batch_is_structural(batch) && batch->lo == chain->id && batch->len == 0 &&
		batch->hollow == 0)
		return CORE_OK;
	if ((status = validate_chain(batch, chain->id, &chain->frontier, err)) != CORE_OK ||
		(status = validate_batch(chain->trace, batch, err)) != CORE_OK)
		return status;
	chain->id = batch->hi;
	chain->frontier = batch->desc.upper;
	return CORE_OK;
}

static Status
validate_level(Chain *chain, int index, CoreError *err)
{
	const Level *level = &chain->trace->levels.level[index];
	Status		status;

	if (level->count < 0 || level->count > 2)
		return core_error(err, CORE_CORRUPT, "number of batches on a level is impossible",
						  "On level %d it is %d.", index, level->count);
	for (int i = 0; i < level->count; i++)
		if ((status = validate_next(chain, &level->batch[i], err)) != CORE_OK)
			return status;
	if (level_state(level) == LEVEL_IN_PROGRESS)
		return validate_merge(chain->trace, level, index, err);
	return CORE_OK;
}

static Status
validate_pending(Chain *chain, CoreError *err)
{
	const Trace *trace = chain->trace;
	Status		status;

	for (uint32_t i = 0; i < trace->npending; i++)
	{
		const SpineBatch *batch = &trace->pending[i];

		if ((status = validate_next(chain, batch, err)) != CORE_OK)
			return status;
		if (batch->hollow != 1)
			return core_error(err, CORE_CORRUPT, "a pending batch is not one hollow batch",
							  "It is the one with ids %" PRIu64 "-%" PRIu64 ".", batch->lo,
							  batch->hi);
	}
	return CORE_OK;
}

static Status
validate_dims(const Trace *trace, CoreError *err)
{
	if (trace->dims < 1 || trace->dims > MAX_DIMS || trace->effort < 1 ||
		frontier_check_dims(&trace->since, trace->dims, "since", err) != CORE_OK ||
		frontier_check_dims(&trace->physical, trace->dims, "physical compaction frontier",
							err) != CORE_OK)
		return core_error(err, CORE_CORRUPT, "dimensions or effort are impossible",
						  "The trace has %d dimensions and effort %d.", trace->dims,
						  trace->effort);
	return CORE_OK;
}

Status
trace_validate(const Trace *trace, CoreError *err)
{
	Chain		chain = {trace, 0, frontier_minimum(trace->dims)};
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	Status		status = validate_dims(trace, err);

	if (status != CORE_OK)
		return status;
	if (trace->levels.count < 0 || trace->levels.count > MAX_LEVELS)
		return core_error(err, CORE_CORRUPT, "number of levels is impossible",
						  "It is %d.", trace->levels.count);
	for (int index = trace->levels.count - 1; index >= 0; index--)
		if ((status = validate_level(&chain, index, err)) != CORE_OK)
			return status;
	if ((status = validate_pending(&chain, err)) != CORE_OK)
		return status;
	if (trace->next_id != chain.id)
		return core_error(err, CORE_CORRUPT, "next id does not follow the last batch",
						  "It is %" PRIu64 ", the last batch ends at %" PRIu64 ".",
						  trace->next_id, chain.id);
	if (!frontier_equal(&trace->upper, &chain.frontier))
		return core_error(err, CORE_CORRUPT, "trace upper does not match the last batch",
						  "The trace's is %s, the batch's %s.",
						  frontier_print(&trace->upper, a),
						  frontier_print(&chain.frontier, b));
	return CORE_OK;
}
