/*
 * flat.c
 *		Taking a trace apart, for flat.h; putting it together is unflatten.c's.
 */
#include "core/flat.h"

#include <inttypes.h>

/* Which list is filled in next, and how far the hollow batches are used up. */
typedef struct Flattening
{
	FlatTrace  *flat;
	FlatPart   *parts;
	size_t		next;			/* hollow batch */
} Flattening;

/* The parts of a spine batch: hollow batches as far as its ids go. */
static Status
add_spine_batch(Flattening *f, const SpineBatch *batch, int level, CoreError *err)
{
	FlatTrace  *flat = f->flat;
	FlatSpineBatch *spine = &flat->spine[flat->nspine++];
	uint64_t	id = batch->lo;

	*spine = (FlatSpineBatch)
	{
		.lo = batch->lo, .hi = batch->hi, .level = level, .desc = batch->desc,
		.parts = f->parts + f->next
	};
	while (id < batch->hi && f->next < flat->nbatches && flat->batches[f->next].lo == id &&
		   flat->batches[f->next].hi <= batch->hi)
	{
		const FlatBatch *hollow = &flat->batches[f->next];

		spine->parts[spine->nparts++] = (FlatPart)
		{
			hollow->lo, hollow->hi, true, hollow->batch.desc
		};
		id = hollow->hi;
		f->next++;
	}
	if (id == batch->hi)
		return CORE_OK;
	return core_error(err, CORE_FLAT, "hollow batches do not match the spine",
					  "There is none that begins with id %" PRIu64 ".", id);
}

static Status
add_level(Flattening *f, const Level *level, int index, CoreError *err)
{
	FlatTrace  *flat = f->flat;
	Status		status;

	for (int i = 0; i < level->count; i++)
		if ((status = add_spine_batch(f, &level->batch[i], index, err)) != CORE_OK)
			return status;
	if (level_state(level) == LEVEL_IN_PROGRESS)
		flat->merges[flat->nmerges++] = (FlatMerge)
		{
			level->batch[0].lo, level->batch[1].hi, level->merge.since,
				level->merge.remaining
		};
	return CORE_OK;
}

Status
trace_flatten(const Trace *trace, const Arena *arena, FlatTrace *flat, CoreError *err)
{
	size_t		levels = (size_t) trace->levels.count;
	Flattening	f = {.flat = flat};
	Status		status;

	flat->dims = trace->dims;
	flat->effort = trace->effort;
	flat->since = trace->since;
	flat->physical_used = trace->physical_used;
	flat->physical = trace->physical;
	flat->nspine = flat->nmerges = 0;
	flat->spine = arena_alloc(arena, sizeof(FlatSpineBatch) *
							  (2 * levels + trace->npending + 1));
	flat->merges = arena_alloc(arena, sizeof(FlatMerge) * (levels + 1));
	f.parts = arena_alloc(arena, sizeof(FlatPart) * (flat->nbatches + 1));
	for (int i = trace->levels.count - 1; i >= 0; i--)
		if ((status = add_level(&f, &trace->levels.level[i], i, err)) != CORE_OK)
			return status;
	for (uint32_t i = 0; i < trace->npending; i++)
		if ((status = add_spine_batch(&f, &trace->pending[i], FLAT_PENDING, err)) != CORE_OK)
			return status;
	if (f.next == flat->nbatches)
		return CORE_OK;
	return core_error(err, CORE_FLAT, "hollow batches do not match the spine",
					  "There are %zu of them, and the spine ends after %zu.",
					  flat->nbatches, f.next);
}
