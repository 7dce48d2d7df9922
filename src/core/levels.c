/*
 * levels.c
 *		Introducing batches at levels: fuel, roll-up and tidying.
 *
 * The invariant that everything hangs on: while a merge is under way at level
 * k there are fewer than 2^k records below it, so it is complete before
 * another batch arrives at its level.  The fuel of an introduction (eight units
 * per record it stands for) is what upholds it.
 *
 * Source: introduce_batch, roll_up, apply_fuel, insert_at, complete_at and
 * tidy_layers of both seeds.
 */
#include "core/levels.h"

#include <stddef.h>
#include <string.h>

/* Four for each record, four for each one that rolling up promotes. */
#define FUEL_PER_RECORD 8

int64_t
level_length(const Level *level)
{
	int64_t		len = 0;

	for (int i = 0; i < level->count; i++)
		len = add_saturating(len, level->batch[i].len);
	return len;
}

const SpineBatch *
level_batch(const Level *level)
{
	return &level->batch[level->count == 2 && spine_batch_is_structural(&level->batch[0])];
}

/* Vacant levels up to and including index come into being. */
static void
ensure_level(Levels *levels, int index)
{
	while (levels->count <= index)
		levels->level[levels->count++].count = 0;
}

static void
remove_level(Levels *levels, int index)
{
	memmove(&levels->level[index], &levels->level[index + 1],
			sizeof(Level) * (size_t) (levels->count - index - 1));
	levels->count--;
}

/* Fueling and rolling up can each add a level beyond the last. */
static Status
check_room(const Levels *levels, CoreError *err)
{
	if (levels->count <= MAX_LEVELS - 2)
		return CORE_OK;
	return core_error(err, CORE_LIMIT, "the spine has too many levels",
					  "It has %d levels of at most %d.", levels->count, MAX_LEVELS);
}

/* Sinces are mostly at most the logical frontier, and then that is their join. */
static Status
begin_merge(Level *level, const LevelsContext *context, CoreError *err)
{
	Merge	   *merge = &level->merge;
	const Frontier *older = &level->batch[0].desc.since;
	const Frontier *newer = &level->batch[1].desc.since;

	merge->since = context->logical;
	merge->remaining = add_saturating(level->batch[0].len, level->batch[1].len);
	if (frontier_less_equal(older, &context->logical) &&
		frontier_less_equal(newer, &context->logical))
		return CORE_OK;
	if (frontier_join(&merge->since, older, context->arena, &merge->since, err) != CORE_OK)
		return err->status;
	return frontier_join(&merge->since, newer, context->arena, &merge->since, err);
}

static inline Status
insert_at(Levels *levels, const LevelsContext *context, const SpineBatch *batch,
		  int index, CoreError *err)
{
	Level	   *level;

	ensure_level(levels, index);
	level = &levels->level[index];
	if (level->count == 2)
		return core_error(err, CORE_CORRUPT,
						  "a batch arrived at a level whose merge is incomplete",
						  "Level %d was merging when the batch with ids %llu-%llu came.",
						  index, (unsigned long long) batch->lo,
						  (unsigned long long) batch->hi);
	level->batch[level->count++] = *batch;
	if (level->count < 2)
		return CORE_OK;
	context->rules->met(context->context, index, level->batch);
	return level_state(level) == LEVEL_IN_PROGRESS ? begin_merge(level, context, err) :
		CORE_OK;
}

/* Takes out what is on a level, which is not vacant, as one batch. */
static inline void
complete_at(Levels *levels, const LevelsContext *context, int index,
			SpineBatch *result)
{
	Level	   *level = &levels->level[index];

	if (level_state(level) == LEVEL_IN_PROGRESS)
		context->rules->done(context->context, index, &level->merge, level->batch, result);
	else
		*result = *level_batch(level);
	level->count = 0;
}

/* Of a level with two batches: if they are one then, that moves up. */
static inline Status
fuel_level(Levels *levels, const LevelsContext *context, int index, int64_t fuel,
		   CoreError *err)
{
	Level	   *level = &levels->level[index];
	SpineBatch	merged;

	if (level_state(level) == LEVEL_IN_PROGRESS &&
		!context->rules->work(&level->merge, &fuel))
		return CORE_OK;
	complete_at(levels, context, index, &merged);
	return insert_at(levels, context, &merged, index + 1, err);
}

Status
levels_apply_fuel(Levels *levels, const LevelsContext *context, int64_t fuel,
				  CoreError *err)
{
	int			count = levels->count;
	Status		status = check_room(levels, err);

	if (status != CORE_OK)
		return status;
	for (int index = 0; index < count; index++)
		if (levels->level[index].count == 2 &&
			(status = fuel_level(levels, context, index, fuel, err)) != CORE_OK)
			return status;
	return CORE_OK;
}

static bool
any_below(const Levels *levels, int index)
{
	for (int i = 0; i < index; i++)
		if (levels->level[i].count > 0)
			return true;
	return false;
}

/* *merged comes through a level on its way up, and takes along what is there. */
static Status
roll_through(Levels *levels, const LevelsContext *context, int index,
			 SpineBatch *merged, CoreError *err)
{
	Level	   *level = &levels->level[index];
	Status		status;

	if (level->count == 0)
		return CORE_OK;
	if ((level->count == 1 || !spine_batch_is_structural(merged)) &&
		(status = insert_at(levels, context, merged, index, err)) != CORE_OK)
		return status;
	complete_at(levels, context, index, merged);
	return CORE_OK;
}

/*
 * Merges everything below a level into it, so that a batch can be put there.
 * What comes up begins as a structural empty, and remains one if there is
 * nothing else.
 */
static Status
roll_up(Levels *levels, const LevelsContext *context, int index, uint64_t id,
		CoreError *err)
{
	SpineBatch	merged = structural_empty(id);
	Status		status;

	ensure_level(levels, index);
	if (!any_below(levels, index))
		return CORE_OK;
	for (int i = 0; i < index; i++)
		if ((status = roll_through(levels, context, i, &merged, err)) != CORE_OK)
			return status;
	if ((status = insert_at(levels, context, &merged, index, err)) != CORE_OK)
		return status;
	if (levels->level[index].count < 2)
		return CORE_OK;
	complete_at(levels, context, index, &merged);
	return insert_at(levels, context, &merged, index + 1, err);
}

/* Wide enough for two batches on each of MAX_LEVELS levels. */
typedef unsigned __int128 Records;

/* Records that might come up from the levels below index, by level, not by length. */
static Records
records_below(const Levels *levels, int index)
{
	Records		records = 0;

	for (int i = 0; i < index; i++)
		records += (Records) levels->level[i].count << i;
	return records;
}

/* The largest batch can be drawn down only if it is not being merged. */
static inline bool
may_tidy(const Levels *levels)
{
	return levels->count > 0 && levels->level[levels->count - 1].count == 1;
}

/*
 * Over vacant levels and structural empties, and into a merge with the batch
 * below where that leaves the merge enough time.
 */
static Status
tidy(Levels *levels, const LevelsContext *context, CoreError *err)
{
	int			appropriate;

	appropriate = level_of_length(level_length(&levels->level[levels->count - 1]));
	while (appropriate < levels->count - 1)
	{
		int			below = levels->count - 2;
		SpineBatch	newer;

		if (levels->level[below].count == 0 ||
			(levels->level[below].count == 1 &&
			 spine_batch_is_structural(&levels->level[below].batch[0])))
		{
			remove_level(levels, below);
			continue;
		}
		if (levels->level[below].count == 2 ||
			records_below(levels, below) > ((Records) 1 << levels->count) / 8)
			break;
		newer = levels->level[below].batch[0];
		remove_level(levels, below);
		return insert_at(levels, context, &newer, below, err);
	}
	return CORE_OK;
}

Status
levels_tidy(Levels *levels, const LevelsContext *context, CoreError *err)
{
	return may_tidy(levels) ? tidy(levels, context, err) : CORE_OK;
}

Status
levels_introduce(Levels *levels, const LevelsContext *context,
				 const SpineBatch *batch, int index, CoreError *err)
{
	int64_t		fuel = multiply_saturating(shift_saturating(FUEL_PER_RECORD, index),
										   context->effort);
	Status		status;

	if ((status = levels_apply_fuel(levels, context, fuel, err)) != CORE_OK ||
		(status = roll_up(levels, context, index, batch->lo, err)) != CORE_OK ||
		(status = insert_at(levels, context, batch, index, err)) != CORE_OK)
		return status;
	return may_tidy(levels) ? tidy(levels, context, err) : CORE_OK;
}

Status
levels_fuse_empty(Levels *levels, const LevelsContext *context,
				  const SpineBatch *batch, bool *fused, CoreError *err)
{
	int			position = 0;
	SpineBatch	merged;
	Status		status;

	*fused = false;
	while (position < levels->count && levels->level[position].count == 0)
		position++;
	if (position == levels->count || levels->level[position].count != 1 ||
		levels->level[position].batch[0].len != 0)
		return CORE_OK;
	if ((status = insert_at(levels, context, batch, position, err)) != CORE_OK)
		return status;
	complete_at(levels, context, position, &merged);
	*fused = true;
	return insert_at(levels, context, &merged, position, err);
}

SpineBatch *
levels_next(Levels *levels, LevelsWalk *walk, int *level_index)
{
	while (walk->level >= 0)
	{
		Level	   *level = &levels->level[walk->level];

		while (walk->next < level->count)
		{
			SpineBatch *batch = &level->batch[walk->next++];

			if (spine_batch_is_structural(batch))
				continue;
			if (level_index != NULL)
				*level_index = walk->level;
			return batch;
		}
		walk->level--;
		walk->next = 0;
	}
	return NULL;
}

void
levels_copy(Levels *to, const Levels *from)
{
	memcpy(to, from, offsetof(Levels, level) + sizeof(Level) * (size_t) from->count);
}
