/*
 * model.h
 *		A model of a trace that is too simple to be wrong: a plain list of hollow
 *		batches, with plain numbers as times.
 *
 * It knows nothing of levels.  With several dimensions each of its times stands
 * for an antichain, in the same order (when, plain).
 */
#ifndef SPINE_CORE_MODEL_H
#define SPINE_CORE_MODEL_H

#include "core/test.h"

/* Sums here are wide enough never to be cut off. */
__extension__ typedef unsigned __int128 Wide;

static inline int64_t
cut(Wide sum)
{
	return sum > INT64_MAX ? INT64_MAX : (int64_t) sum;
}

/* A hollow batch, with plain times: END for the empty frontier. */
typedef struct Entry
{
	uint64_t	lo;
	uint64_t	hi;
	uint64_t	lower;
	uint64_t	upper;
	uint64_t	since;
	int64_t		len;
	int32_t		nparts;
} Entry;

#define MOST_ENTRIES 2048

typedef struct Model
{
	int			count;
	uint64_t	since;
	Wide		records;		/* pushed so far, an empty batch counting as one */
	Wide		total;			/* pushed less what results have taken away */
	int			highest;		/* level at which a batch was introduced */
	Entry		entries[MOST_ENTRIES];
} Model;

/* How many coordinates times have, and where those of a step are. */
static int	dims;
static Chunks scratch;

/* An antichain for a time: (t, t/2, t/3), and so on, turned to the left. */
static inline Frontier
when(uint64_t time)
{
	Arena		arena = chunks_arena(&scratch);
	uint64_t   *times;
	Frontier	result;
	CoreError	err;

	if (dims == 1 || time == END)
		return at(time);
	times = arena_alloc(&arena, sizeof(uint64_t) * (size_t) (dims * dims));
	for (int i = 0; i < dims; i++)
		for (int d = 0; d < dims; d++)
			times[i * dims + d] = time / (uint64_t) (1 + (d + i) % dims);
	CHECK(frontier_from_elements(times, (size_t) dims, dims, &result, &err) == CORE_OK);
	return result;
}

/* The time for an antichain: the greatest first coordinate. */
static inline uint64_t
plain(const Frontier *f)
{
	return frontier_is_empty(f) ? END : frontier_coordinate(f, f->count - 1, 0);
}

/* A batch over these times of the model. */
static inline HollowBatch
batch_of(const Entry *entry)
{
	return (HollowBatch)
	{
		.desc = {when(entry->lower), when(entry->upper), when(entry->since)},
		.len = entry->len, .nparts = entry->nparts, .parts = part_keys
	};
}

/* Index of the entry that begins at lo; CHECKs that there is one. */
static inline int
entry_at(const Model *model, uint64_t lo)
{
	int			i = 0;

	while (i < model->count && model->entries[i].lo < lo)
		i++;
	CHECK(i < model->count && model->entries[i].lo == lo);
	return i;
}

/* One entry in the place of those from first to last. */
static inline void
replace(Model *model, int first, int last, Entry entry)
{
	entry.lo = model->entries[first].lo;
	entry.hi = model->entries[last].hi;
	model->entries[first] = entry;
	memmove(&model->entries[first + 1], &model->entries[last + 1],
			sizeof(Entry) * (size_t) (model->count - last - 1));
	model->count -= last - first;
}

typedef struct Sum
{
	int64_t		hollow;
	Wide		parts;
	Wide		len;
} Sum;

static inline Sum
sum_from(const Model *model, int first, int last)
{
	Sum			sum = {0};

	for (int i = first; i <= last; i++)
	{
		sum.hollow++;
		sum.parts += (Wide) model->entries[i].nparts;
		sum.len += (Wide) model->entries[i].len;
	}
	return sum;
}

/* Finds first and last of the entries in [lo, hi), which must be whole ones. */
static inline bool
find_range(const Model *model, uint64_t lo, uint64_t hi, int *first, int *last)
{
	*first = *last = entry_at(model, lo);
	while (*last + 1 < model->count && model->entries[*last].hi < hi)
		(*last)++;
	return CHECK(*first < model->count && model->entries[*last].hi == hi);
}

/* The model answers what the core asks of an owner. */
static inline Status
model_find(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
		   const Frontier *upper, bool *found, uint64_t *found_lo,
		   uint64_t *found_hi, CoreError *err)
{
	const Model *model = context;
	int			first;
	int			last;
	bool		begins = false;
	bool		ends = false;

	(void) err;
	if (!find_range(model, lo, hi, &first, &last))
		return CORE_OWNER;
	for (int i = first; i <= last; i++)
	{
		const Entry *entry = &model->entries[i];

		if (entry->lower == plain(lower))
		{
			begins = true;
			*found_lo = entry->lo;
		}
		if (entry->upper == plain(upper))
		{
			ends = true;
			*found_hi = entry->hi;
		}
	}
	*found = begins && ends;
	return CORE_OK;
}

static inline Status
model_sum(void *context, uint64_t lo, uint64_t hi, HollowSum *result,
		  CoreError *err)
{
	const Model *model = context;
	int			first;
	int			last;
	Sum			sum;

	(void) err;
	if (!find_range(model, lo, hi, &first, &last))
		return CORE_OWNER;
	sum = sum_from(model, first, last);
	*result = (HollowSum) {sum.hollow, cut(sum.parts), cut(sum.len)};
	return CORE_OK;
}

#endif
