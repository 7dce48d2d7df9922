/*
 * levels.h
 *		The levels of a spine: which spine batch stands where, and how far each
 *		merge has been fueled.
 *
 * Level i is where batches of up to 2^i updates live, at most two of them; two
 * on one level are being merged into one for the level above.  How a merge
 * begins, proceeds and ends is left to a table of functions (MergeRules), so
 * that one engine serves more than one merge discipline.  Relies on batch.h;
 * knows nothing of ids beyond their order.
 *
 * Source: `Spine` in seed 000, which is a descendant of seed 001's.
 */
#ifndef SPINE_CORE_LEVELS_H
#define SPINE_CORE_LEVELS_H

#include "core/batch.h"

/*
 * A batch of the greatest length enters at level 63; every doubling of the
 * number of such batches adds one.  Nobody pushes 2^64 batches.
 */
#define MAX_LEVELS 120

/*
 * One batch as the levels see it, covering the hollow batches with ids in
 * [lo, hi).  It is "merged" when that is one hollow batch, and "fueled" when it
 * is several, waiting for somebody to compact them.  No list is kept: ids are
 * dense, so the hollow batches of a range are found by their ids.
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

typedef struct Merge
{
	Frontier	since;			/* what the result will be compacted to */
	int64_t		remaining;		/* fuel until it is complete */
} Merge;

/* merge has a meaning only while count is 2: a level cannot lose its record. */
typedef struct Level
{
	int32_t		count;
	SpineBatch	batch[2];		/* older first */
	Merge		merge;
} Level;

typedef struct Levels
{
	int32_t		count;			/* levels in use; those beyond are not filled in */
	Level		level[MAX_LEVELS];
} Levels;

/* How merges are made.  None of the functions may fail. */
typedef struct MergeRules
{
	/* Start merging pair; the result is compacted at least to logical. */
	void		(*begin) (const SpineBatch pair[2], const Frontier *logical,
						  Merge *merge);

	/* Spend *fuel on the merge; true when it is complete. */
	bool		(*work) (Merge *merge, int64_t *fuel);

	/* Make the result out of pair, whether or not it was fueled wholly. */
	void		(*done) (void *context, const Merge *merge,
						 const SpineBatch pair[2], SpineBatch *result);
} MergeRules;

typedef struct LevelsContext
{
	const MergeRules *rules;
	void	   *context;		/* handed to rules->done */
	Frontier	logical;		/* logical compaction frontier */
	int32_t		effort;			/* multiplies the fuel of each introduction */
} LevelsContext;

/* The level at which a batch of so many updates belongs: ceil(log2(len)). */
extern int	level_of_length(int64_t len);

extern int64_t level_length(const Level *level);

/*
 * Introduces a batch at a level, after fueling every merge under way in
 * proportion and rolling up what is on lower levels.  On an error the levels
 * are half changed and must be discarded; with levels that were made by these
 * functions alone only CORE_LIMIT can happen, and it happens before anything
 * is changed.
 */
extern Status levels_introduce(Levels *levels, const LevelsContext *context,
							   const SpineBatch *batch, int index, CoreError *err);

/*
 * The batch has no updates: if the newest batch stands alone on its level and
 * has none either, makes one of the two without moving it.  Says whether it did.
 */
extern Status levels_fuse_empty(Levels *levels, const LevelsContext *context,
								const SpineBatch *batch, bool *fused, CoreError *err);

/*
 * Walks the spine batches from the oldest to the newest.  Start with
 * LEVELS_WALK_START(levels); NULL at the end.  *level_index, if wanted, is the
 * level on which the batch stands.
 */
typedef struct LevelsWalk
{
	int			level;
	int			next;
} LevelsWalk;

#define LEVELS_WALK_START(levels) ((LevelsWalk) {.level = (levels)->count - 1, .next = 0})

extern SpineBatch *levels_next(Levels *levels, LevelsWalk *walk, int *level_index);

/* Copies only the levels in use. */
extern void levels_copy(Levels *to, const Levels *from);

#endif
