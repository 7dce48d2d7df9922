/*
 * pending.c
 *		Batches on their way into the levels: at once, or when the physical
 *		compaction frontier has passed them.
 *
 * Source: insert and consider_merges in seed 001.
 */
#include "core/engine.h"

#include <string.h>

Status
trace_introduce(Trace *trace, const LevelsContext *context, const SpineBatch *batch,
		  CoreError *err)
{
	bool		fused = false;
	Status		status = CORE_OK;

	if (batch->len == 0)
		status = levels_fuse_empty(&trace->levels, context, batch, &fused, err);
	if (status == CORE_OK && !fused)
		status = levels_introduce(&trace->levels, context, batch,
								  level_of_length(batch->len), err);
	return status;
}

void
trace_append_pending(Trace *trace, const SpineBatch *batch)
{
	if (trace->npending == trace->pending_room)
	{
		uint32_t	room = trace->npending < 8 ? 16 : 2 * trace->npending;
		SpineBatch *grown = arena_alloc(&trace->arena, sizeof(SpineBatch) * room);

		if (trace->npending > 0)
			memcpy(grown, trace->pending, sizeof(SpineBatch) * trace->npending);
		trace->pending = grown;
		trace->pending_room = room;
	}
	trace->pending[trace->npending++] = *batch;
}

Status
trace_move_pending(Trace *trace, const LevelsContext *context, bool *moved,
				   CoreError *err)
{
	Status		status;

	*moved = trace->npending > 0 && batch_is_ripe(trace, &trace->pending[0]);
	if (!*moved)
		return CORE_OK;
	if ((status = trace_introduce(trace, context, &trace->pending[0], err)) != CORE_OK)
		return status;
	trace->pending++;
	trace->npending--;
	trace->pending_room--;
	return CORE_OK;
}

uint64_t
trace_levels_end(const Trace *trace)
{
	return trace->npending > 0 ? trace->pending[0].lo : trace->next_id;
}

Status
trace_set_physical(Trace *trace, const Frontier *physical, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	Status		status;

	if (physical == NULL)
	{
		trace->physical_used = false;
		return CORE_OK;
	}
	if ((status = frontier_check_dims(physical, trace->dims, "physical compaction frontier",
									  err)) != CORE_OK)
		return status;
	if (trace->physical_used && !frontier_less_equal(&trace->physical, physical))
		return core_error(err, CORE_PHYSICAL_REGRESSED, "physical compaction frontier would go back",
						  "It is %s, and %s was asked for.",
						  frontier_print(&trace->physical, a), frontier_print(physical, b));
	trace->physical = frontier_copy(physical, &trace->arena);
	trace->physical_used = true;
	return CORE_OK;
}
