/*
 * hollow.c
 *		The in-memory list of hollow batches.
 */
#include "core/hollow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *p)
{
	if (p == NULL)
	{
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return p;
}

static HollowBatch
batch_copy(HollowList *list, const HollowBatch *batch)
{
	HollowBatch copy = *batch;
	Arena		arena = chunks_arena(&list->frontiers);
	char	  **parts = must(calloc((size_t) batch->nparts + 1, sizeof(char *)));
	int32_t    *runs = must(calloc((size_t) batch->nruns + 1, sizeof(int32_t)));

	for (int32_t i = 0; i < batch->nparts; i++)
		parts[i] = must(strdup(batch->parts[i]));
	for (int32_t i = 0; i < batch->nruns; i++)
		runs[i] = batch->runs[i];
	copy.desc = description_copy(&batch->desc, &arena);
	copy.parts = (const char *const *) parts;
	copy.runs = runs;
	return copy;
}

static void
batch_free(HollowBatch *batch)
{
	for (int32_t i = 0; i < batch->nparts; i++)
		free((void *) batch->parts[i]);
	free((void *) batch->parts);
	free((void *) batch->runs);
}

void
hollow_clear(HollowList *list)
{
	for (size_t i = 0; i < list->count; i++)
		batch_free(&list->entries[i].batch);
	free(list->entries);
	chunks_free(&list->frontiers);
	*list = (HollowList) {0};
}

size_t
hollow_index(const HollowList *list, uint64_t lo)
{
	size_t		low = 0;
	size_t		high = list->count;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (list->entries[middle].lo < lo)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
hollow_replace(HollowList *list, uint64_t lo, uint64_t hi, const HollowBatch *batch)
{
	size_t		first = hollow_index(list, lo);
	size_t		last = hollow_index(list, hi);

	for (size_t i = first; i < last; i++)
		batch_free(&list->entries[i].batch);
	if (first == last && list->count == list->capacity)
	{
		list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
		list->entries = must(realloc(list->entries,
									 list->capacity * sizeof(HollowEntry)));
	}
	if (last < list->count)
		memmove(&list->entries[first + 1], &list->entries[last],
				(list->count - last) * sizeof(HollowEntry));
	list->count = list->count - (last - first) + 1;
	list->entries[first] = (HollowEntry) {lo, hi, batch_copy(list, batch)};
}

void
hollow_pushed(HollowList *list, const HollowBatch *batch, const PushEffects *effects)
{
	hollow_replace(list, effects->id, effects->id + 1, batch);
	hollow_fused(list, effects);
}

void
hollow_fused(HollowList *list, const PushEffects *effects)
{
	for (int i = 0; i < effects->nfuses; i++)
	{
		HollowBatch empty = {.desc = effects->fuses[i].desc};

		hollow_replace(list, effects->fuses[i].lo, effects->fuses[i].hi, &empty);
	}
}

static Status
source_find(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
			const Frontier *upper, bool *found, uint64_t *found_lo,
			uint64_t *found_hi, CoreError *err)
{
	HollowList *list = context;
	bool		have_lower = false;
	bool		have_upper = false;

	(void) err;
	for (size_t i = hollow_index(list, lo); i < list->count && list->entries[i].hi <= hi; i++)
	{
		HollowEntry *entry = &list->entries[i];

		if (frontier_equal(&entry->batch.desc.lower, lower))
		{
			have_lower = true;
			*found_lo = entry->lo;
		}
		if (frontier_equal(&entry->batch.desc.upper, upper))
		{
			have_upper = true;
			*found_hi = entry->hi;
		}
	}
	*found = have_lower && have_upper;
	return CORE_OK;
}

static Status
source_sum(void *context, uint64_t lo, uint64_t hi, HollowSum *sum, CoreError *err)
{
	HollowList *list = context;

	(void) err;
	*sum = (HollowSum) {0};
	for (size_t i = hollow_index(list, lo); i < list->count && list->entries[i].hi <= hi; i++)
	{
		sum->hollow++;
		sum->parts = add_saturating(sum->parts, list->entries[i].batch.nparts);
		sum->len = add_saturating(sum->len, list->entries[i].batch.len);
	}
	return CORE_OK;
}

HollowSource
hollow_source(HollowList *list)
{
	return (HollowSource) {list, source_find, source_sum};
}

void
hollow_flatten(const HollowList *list, bool ids, const Arena *arena, FlatTrace *flat)
{
	flat->nbatches = list->count;
	flat->batches = arena_alloc(arena, sizeof(FlatBatch) * (list->count + 1));
	for (size_t i = 0; i < list->count; i++)
		flat->batches[i] = (FlatBatch) {ids, list->entries[i].lo, list->entries[i].hi,
			list->entries[i].batch};
}

static Status
sink_place(void *context, uint64_t lo, uint64_t hi, const HollowBatch *batch, CoreError *err)
{
	(void) err;
	hollow_replace(context, lo, hi, batch);
	return CORE_OK;
}

static Status
sink_pushed(void *context, const HollowBatch *batch, const PushEffects *effects, CoreError *err)
{
	(void) err;
	hollow_pushed(context, batch, effects);
	return CORE_OK;
}

static Status
sink_lose(void *context, const HollowBatch *batch, CoreError *err)
{
	(void) context;
	(void) batch;
	(void) err;
	return CORE_OK;
}

FlatSink
hollow_sink(HollowList *list)
{
	return (FlatSink) {list, sink_place, sink_pushed, sink_lose};
}
