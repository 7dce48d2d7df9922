/*
 * levels.h
 *		The levels of a spine: which spine batch stands where, and how far each
 *		merge has been fueled.
 *
 * Level i is where batches of up to 2^i updates live, at most two of them; two
 * on one level are being merged into one for the level above.  How a merge
 * proceeds and ends is left to a table of functions (MergeRules), so that one
 * engine serves more than one merge discipline.  Relies on batch.h; knows
 * nothing of ids beyond their order.
 *
 * Source: the spines of both seeds; `Spine` in seed 000 is a descendant of seed
 * 001's, and does the same where there are no structural empties.
 */
#ifndef SPINE_CORE_LEVELS_H
#define SPINE_CORE_LEVELS_H

#include "core/batch.h"

/*
 * A batch of the greatest length enters at level 63; every doubling of the
 * number of such batches adds one.  Nobody pushes 2^64 batches.
 */
#define MAX_LEVELS 120

/* The highest level at which a batch can be introduced. */
#define MAX_INTRODUCED_LEVEL 63

/*
 * One batch as the levels see it, covering the hollow batches with ids in
 * [lo, hi).  It is "merged" when that is one hollow batch, and "fueled" when it
 * is several, waiting for somebody to compact them.  No list is kept: ids are
 * dense, so the hollow batches of a range are found by their ids.
 *
 * A structural empty covers nothing: lo equals hi, and it has no description.
 * It stands for updates that never came, to move merges along.
 */
typedef struct SpineBatch
{
	uint64_t	lo;
	uint64_t	hi;
	Description desc;
	int64_t		len;			/* sum of the hollow batches' lengths */
	int64_t		hollow;			/* number of hollow batches */
	int64_t		parts;			/* number of their part keys */
	bool		runs;			/* merged, of more than one run */
} SpineBatch;

static inline SpineBatch
structural_empty(uint64_t id)
{
	return (SpineBatch) {.lo = id, .hi = id};
}

static inline bool
spine_batch_is_structural(const SpineBatch *batch)
{
	return batch->lo == batch->hi;
}

typedef struct Merge
{
	Frontier	since;			/* what the result will be compacted to */
	int64_t		remaining;		/* fuel until it is complete */
} Merge;

/* merge has a meaning while a merge is in progress: a level cannot lose it. */
typedef struct Level
{
	int32_t		count;
	SpineBatch	batch[2];		/* older first */
	Merge		merge;
} Level;

typedef enum LevelState
{
	LEVEL_VACANT,
	LEVEL_SINGLE,
	LEVEL_COMPLETE,				/* two, at least one structural: nothing to merge */
	LEVEL_IN_PROGRESS
} LevelState;

static inline LevelState
level_state(const Level *level)
{
	if (level->count < 2)
		return level->count == 0 ? LEVEL_VACANT : LEVEL_SINGLE;
	return spine_batch_is_structural(&level->batch[0]) ||
		spine_batch_is_structural(&level->batch[1]) ? LEVEL_COMPLETE : LEVEL_IN_PROGRESS;
}

/* The batch that a single or complete level amounts to, which may be structural. */
extern const SpineBatch *level_batch(const Level *level);

extern int64_t level_length(const Level *level);

typedef struct Levels
{
	int32_t		count;			/* levels in use; those beyond are not filled in */
	Level		level[MAX_LEVELS];
} Levels;

/* How merges are made.  None of the functions may fail. */
typedef struct MergeRules
{
	/* Two batches have met on a level, structural ones as well. */
	void		(*met) (void *context, int level, const SpineBatch pair[2]);

	/* Spend *fuel on the merge; true when it is complete. */
	bool		(*work) (Merge *merge, int64_t *fuel);

	/* Make the result out of pair, whether or not it was fueled wholly. */
	void		(*done) (void *context, int level, const Merge *merge,
						 const SpineBatch pair[2], SpineBatch *result);
} MergeRules;

typedef struct LevelsContext
{
	const MergeRules *rules;
	void	   *context;		/* handed to the rules' functions */
	const Arena *arena;			/* for sinces of merges */
	Frontier	logical;		/* logical compaction frontier */
	int32_t		effort;			/* multiplies the fuel of each introduction */
} LevelsContext;

/* The level at which a batch of so many updates belongs: ceil(log2(len)). */
static inline int
level_of_length(int64_t len)
{
	return len <= 1 ? 0 : 64 - __builtin_clzll((unsigned long long) len - 1);
}

/*
 * All functions below that return a Status: on an error the levels are half
 * changed and must be discarded, except for CORE_LIMIT, which comes before
 * anything is changed.  CORE_ELEMENTS, a since of too many elements, cannot happen
 * while the batches' sinces are at most the logical frontier.
 */

/*
 * Introduces a batch, which may be structural, at a level, after fueling every
 * merge under way in proportion and rolling up what is on lower levels.
 */
extern Status levels_introduce(Levels *levels, const LevelsContext *context,
							   const SpineBatch *batch, int index, CoreError *err);

/*
 * The batch has no updates: if the newest batch stands alone on its level and
 * has none either, makes one of the two without moving it.  Says whether it did.
 */
extern Status levels_fuse_empty(Levels *levels, const LevelsContext *context,
								const SpineBatch *batch, bool *fused, CoreError *err);

/* Every merge gets the same fuel; those that complete move up a level. */
extern Status levels_apply_fuel(Levels *levels, const LevelsContext *context,
								int64_t fuel, CoreError *err);

/* Draws the largest batch down to the level that its length asks for. */
extern Status levels_tidy(Levels *levels, const LevelsContext *context, CoreError *err);

/*
 * What an idle spine asks for: effort, if a merge could be moved along or there
 * is more than one level with updates; else 0.
 */
extern int64_t levels_idle_effort(const Levels *levels, int64_t effort);

/*
 * Tidies; then, if an idle spine asks for effort, spends it: on the merges under
 * way, or else on introducing a structural empty of about as many updates.  id
 * is where the newest batch ends.  Says whether effort was asked for.
 */
extern Status levels_exert(Levels *levels, const LevelsContext *context, uint64_t id,
						   int64_t effort, bool *asked, CoreError *err);

/* Makes one spine batch of all, at once, and says whether there were several. */
extern Status levels_force(Levels *levels, const LevelsContext *context, uint64_t id,
						   bool *worked, CoreError *err);

/*
 * Walks the spine batches, without structural empties, from the oldest to the
 * newest.  Start with LEVELS_WALK_START(levels); NULL at the end.  *level_index,
 * if wanted, is the level on which the batch stands.
 */
typedef struct LevelsWalk
{
	int			level;
	int			next;
} LevelsWalk;

#define LEVELS_WALK_START(levels) ((LevelsWalk) {.level = (levels)->count - 1, .next = 0})

extern SpineBatch *levels_next(Levels *levels, LevelsWalk *walk, int *level_index);

/* Copies only the levels in use; frontiers go on sharing their coordinates. */
extern void levels_copy(Levels *to, const Levels *from);

#endif
