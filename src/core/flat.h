/*
 * flat.h
 *		A trace taken apart into lists, for a form that people can read, and put
 *		together again.
 *
 * Hollow batches come with their ids, or without, as traces were written once:
 * those are matched to the parts of spine batches by their order, or, if there
 * is no structure at all, pushed one after the other.  Empty ones are joined and
 * split to fit then, because two traces need not agree on where they begin.
 *
 * Source: FlatTrace, flatten and unflatten in seed 000.
 */
#ifndef SPINE_CORE_FLAT_H
#define SPINE_CORE_FLAT_H

#include "core/trace.h"

typedef struct FlatBatch
{
	bool		has_id;
	uint64_t	lo;
	uint64_t	hi;
	HollowBatch batch;
} FlatBatch;

/* A hollow batch as a spine batch names it; desc is what it is expected to be. */
typedef struct FlatPart
{
	uint64_t	lo;
	uint64_t	hi;
	bool		has_desc;
	Description desc;
} FlatPart;

#define FLAT_PENDING (-1)		/* as a level: pending */

/* Without parts, and with lo equal to hi, a structural empty. */
typedef struct FlatSpineBatch
{
	uint64_t	lo;
	uint64_t	hi;
	int32_t		level;
	Description desc;
	FlatPart   *parts;
	size_t		nparts;
} FlatSpineBatch;

typedef struct FlatMerge
{
	uint64_t	lo;
	uint64_t	hi;
	Frontier	since;
	int64_t		remaining;
} FlatMerge;

typedef struct FlatTrace
{
	int			dims;
	int			effort;
	Frontier	since;
	bool		physical_used;
	Frontier	physical;
	FlatBatch  *batches;
	size_t		nbatches;
	FlatSpineBatch *spine;		/* none: legacy, without structure */
	size_t		nspine;
	FlatMerge  *merges;
	size_t		nmerges;
} FlatTrace;

/*
 * Takes a trace apart.  The caller sets batches and nbatches, to its hollow
 * batches in order, with their ids; the rest is filled in, with lists from the
 * arena.  CORE_FLAT if the hollow batches are not those of the trace.
 */
extern Status trace_flatten(const Trace *trace, const Arena *arena, FlatTrace *flat,
							CoreError *err);

/* What becomes of the hollow batches.  A callback that fails answers CORE_OWNER. */
typedef struct FlatSink
{
	void	   *context;

	/* The hollow batch with these ids is this one, perhaps split or joined. */
	Status		(*place) (void *context, uint64_t lo, uint64_t hi,
						  const HollowBatch *batch, CoreError *err);

	/* A legacy batch was pushed; to be treated like any push. */
	Status		(*pushed) (void *context, const HollowBatch *batch,
						   const PushEffects *effects, CoreError *err);

	/* An empty batch that was joined to another had parts, which are lost. */
	Status		(*lose) (void *context, const HollowBatch *batch, CoreError *err);
} FlatSink;

/*
 * Puts a trace together, in this arena, and validates it.  Reorders the lists;
 * what the callbacks are given lasts as long as the flat trace and the arena.
 * CORE_FLAT where pieces are missing, left over, or do not fit, and where merges
 * would be in the way of pushes to come; a legacy batch that cannot be pushed is
 * an error as for any push.
 */
extern Status trace_unflatten(FlatTrace *flat, Arena arena, const FlatSink *sink,
							  Trace *trace, CoreError *err);

#endif
