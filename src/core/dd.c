/*
 * dd.c
 *		The spine of seed 001: its merge discipline, and what it does beyond the
 *		levels.
 */
#include "core/dd.h"

#include "core/engine.h"

/* As the seed's mergers: one that has been fueled exactly to its end goes on. */
static bool
dd_work(Merge *merge, int64_t *fuel)
{
	int64_t		used = *fuel < merge->remaining ? *fuel : merge->remaining;

	merge->remaining -= used;
	*fuel -= used;
	return *fuel > 0;
}

static void
dd_met(void *context, int level, const SpineBatch pair[2])
{
	DdSpine    *spine = context;

	spine->owner.met(spine->owner.context, level, pair);
}

static void
dd_done(void *context, int level, const Merge *merge, const SpineBatch pair[2],
		SpineBatch *result)
{
	DdSpine    *spine = context;

	*result = (SpineBatch)
	{
		.lo = pair[0].lo, .hi = pair[1].hi,
		.desc = {pair[0].desc.lower, pair[1].desc.upper, merge->since},
		.len = spine->owner.merge(spine->owner.context, level, pair), .hollow = 1
	};
}

static const MergeRules dd_rules = {dd_met, dd_work, dd_done};

Status
dd_init(DdSpine *spine, int dims, int effort, Arena arena, const DdOwner *owner,
		CoreError *err)
{
	Status		status = trace_init(&spine->trace, dims, effort < 1 ? 1 : effort, arena,
									err);

	if (status != CORE_OK)
		return status;
	spine->trace.physical_used = true;
	spine->owner = *owner;
	spine->idle_effort = 0;
	return CORE_OK;
}

/* As the seed drops them, from the lowest level up. */
void
dd_drop(DdSpine *spine)
{
	Trace	   *trace = &spine->trace;
	const DdOwner *owner = &spine->owner;

	for (int i = 0; i < trace->levels.count; i++)
		for (int k = 0; k < trace->levels.level[i].count; k++)
			if (!spine_batch_is_structural(&trace->levels.level[i].batch[k]))
				owner->dropped(owner->context, &trace->levels.level[i].batch[k]);
	for (uint32_t i = 0; i < trace->npending; i++)
		owner->dropped(owner->context, &trace->pending[i]);
	trace->levels.count = 0;
	trace->npending = 0;
	trace->next_id = 0;
	trace->since = trace->upper = trace->physical = frontier_minimum(trace->dims);
}

static void
activate_if_idle_work(DdSpine *spine)
{
	if (levels_idle_effort(&spine->trace.levels, spine->idle_effort) > 0)
		spine->owner.activate(spine->owner.context);
}

/* Moves into the levels whatever may go there. */
static Status
consider_merges(DdSpine *spine, CoreError *err)
{
	LevelsContext context = trace_context(&spine->trace, &dd_rules, spine);
	bool		moved;
	Status		status;

	do
		status = trace_move_pending(&spine->trace, &context, &moved, err);
	while (status == CORE_OK && moved);
	if (status == CORE_OK)
		activate_if_idle_work(spine);
	return status;
}

Status
dd_insert(DdSpine *spine, const HollowBatch *batch, CoreError *err)
{
	Trace	   *trace = &spine->trace;
	LevelsContext context = trace_context(trace, &dd_rules, spine);
	SpineBatch	entry;
	Status		status;

	if ((status = trace_check_push(trace, batch, err)) != CORE_OK)
		return status;
	entry = trace_entry(trace, batch);
	spine->owner.inserted(spine->owner.context, &entry);
	if ((status = trace_enter(trace, &context, &entry, err)) != CORE_OK)
		return status;
	return consider_merges(spine, err);
}

Status
dd_close(DdSpine *spine, bool *closed, CoreError *err)
{
	HollowBatch batch;

	*closed = trace_closing_batch(&spine->trace, &batch, err) == CORE_OK;
	return *closed ? dd_insert(spine, &batch, err) : CORE_OK;
}

Status
dd_set_logical(DdSpine *spine, const Frontier *frontier, CoreError *err)
{
	Trace	   *trace = &spine->trace;
	Status		status = frontier_check_dims(frontier, trace->dims,
											 "logical compaction frontier", err);

	if (status == CORE_OK)
		trace->since = frontier_copy(frontier, &trace->arena);
	return status;
}

Status
dd_set_physical(DdSpine *spine, const Frontier *frontier, CoreError *err)
{
	Status		status = trace_set_physical(&spine->trace, frontier, err);

	return status == CORE_OK ? consider_merges(spine, err) : status;
}

Status
dd_exert(DdSpine *spine, CoreError *err)
{
	Trace	   *trace = &spine->trace;
	LevelsContext context = trace_context(trace, &dd_rules, spine);
	bool		asked;
	Status		status = levels_exert(&trace->levels, &context, trace_levels_end(trace),
									  spine->idle_effort, &asked, err);

	if (status == CORE_OK && asked)
		spine->owner.activate(spine->owner.context);
	return status;
}

Status
dd_apply_fuel(DdSpine *spine, int64_t fuel, CoreError *err)
{
	LevelsContext context = trace_context(&spine->trace, &dd_rules, spine);

	if (fuel < 0)
		return core_error(err, CORE_FUEL, "fuel is negative", "It is %lld.",
						  (long long) fuel);
	return levels_apply_fuel(&spine->trace.levels, &context, fuel, err);
}

Status
dd_introduce_empty(DdSpine *spine, int level, CoreError *err)
{
	Trace	   *trace = &spine->trace;
	LevelsContext context = trace_context(trace, &dd_rules, spine);
	SpineBatch	empty = structural_empty(trace_levels_end(trace));

	if (level < 0 || level > MAX_INTRODUCED_LEVEL)
		return core_error(err, CORE_LEVEL, "level is out of range",
						  "It is %d; batches are introduced at levels 0 to %d.", level,
						  MAX_INTRODUCED_LEVEL);
	return levels_introduce(&trace->levels, &context, &empty, level, err);
}

Status
dd_cursor_through(DdSpine *spine, const Frontier *upper,
				  void (*take) (void *context, const SpineBatch *batch), void *context,
				  CoreError *err)
{
	Trace	   *trace = &spine->trace;
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	bool		nothing;
	bool		included;
	Status		status = trace_check_cut(trace, upper, &nothing, err);

	if (status != CORE_OK || nothing)
		return status;
	for (uint32_t i = 0; i < trace->npending; i++)
		if (trace->pending[i].len > 0 &&
			(status = cut_includes(upper, &trace->pending[i].desc, &included,
								   err)) != CORE_OK)
			return status;
	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
		if (batch->len > 0)
			take(context, batch);
	for (uint32_t i = 0; i < trace->npending; i++)
		if (trace->pending[i].len > 0 &&
			cut_includes(upper, &trace->pending[i].desc, &included, err) == CORE_OK &&
			included)
			take(context, &trace->pending[i]);
	return CORE_OK;
}
