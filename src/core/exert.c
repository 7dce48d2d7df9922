/*
 * exert.c
 *		Moving merges along where no updates come.  Declared in levels.h.
 *
 * Source: exert, exert_effort and the default exertion logic of seed 001.
 */
#include "core/levels.h"

int64_t
levels_idle_effort(const Levels *levels, int64_t effort)
{
	int			nonempty = 0;

	for (int i = 0; i < levels->count; i++)
	{
		if (levels->level[i].count == 2)
			return effort;
		nonempty += level_length(&levels->level[i]) > 0;
	}
	return nonempty > 1 ? effort : 0;
}

static bool
any_pair(const Levels *levels)
{
	for (int i = 0; i < levels->count; i++)
		if (levels->level[i].count == 2)
			return true;
	return false;
}

Status
levels_exert(Levels *levels, const LevelsContext *context, uint64_t id,
			 int64_t effort, bool *asked, CoreError *err)
{
	SpineBatch	empty = structural_empty(id);
	Status		status = levels_tidy(levels, context, err);

	*asked = levels_idle_effort(levels, effort) > 0;
	if (status != CORE_OK || !*asked)
		return status;
	if (any_pair(levels))
		return levels_apply_fuel(levels, context, effort, err);
	return levels_introduce(levels, context, &empty, level_of_length(effort), err);
}

static bool
several_batches(Levels *levels)
{
	LevelsWalk	walk = LEVELS_WALK_START(levels);

	return levels_next(levels, &walk, NULL) != NULL &&
		levels_next(levels, &walk, NULL) != NULL;
}

/*
 * A structural empty at the highest level in use rolls all that is below up
 * into it, which the tidying that follows draws down again.  If a merge there
 * completes meanwhile and makes a level more, it takes another round.
 */
Status
levels_force(Levels *levels, const LevelsContext *context, uint64_t id, bool *worked,
			 CoreError *err)
{
	SpineBatch	empty = structural_empty(id);
	Status		status = CORE_OK;

	*worked = several_batches(levels);
	while (status == CORE_OK && several_batches(levels))
		status = levels_introduce(levels, context, &empty, levels->count - 1, err);
	return status;
}
