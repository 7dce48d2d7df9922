/*
 * batch.h
 *		Descriptions and hollow batches: what is known of a batch of updates
 *		without its data.  Relies on frontier.h.
 */
#ifndef SPINE_CORE_BATCH_H
#define SPINE_CORE_BATCH_H

#include "core/frontier.h"

/* A batch holds the updates at times in [lower, upper), compacted to since. */
typedef struct Description
{
	Frontier	lower;
	Frontier	upper;
	Frontier	since;
} Description;

/*
 * A hollow batch: description, number of updates, the keys that locate its
 * data, and where in those keys a new sorted run begins (never at 0: the first
 * run begins there anyway).  Batches of length 0 may have parts, and longer
 * ones may have none.  The strings belong to whoever made the batch; an owner
 * that checks and keeps the keys itself gives their number, and NULL for parts.
 */
typedef struct HollowBatch
{
	Description desc;
	int64_t		len;
	int32_t		nparts;
	int32_t		nruns;
	const char *const *parts;
	const int32_t *runs;
} HollowBatch;

/* `[lower][upper][since]` into buf, of description_text_size bytes; returns buf. */
extern size_t description_text_size(const Description *desc);
extern char *description_text(const Description *desc, char *buf);

/* The same for a message, long frontiers being cut off. */
#define DESCRIPTION_PRINT_SIZE (3 * FRONTIER_PRINT_SIZE)
extern char *description_print(const Description *desc, char *buf);

extern Description description_copy(const Description *desc, const Arena *arena);

static inline bool
description_has_dims(const Description *desc, int dims)
{
	return frontier_has_dims(&desc->lower, dims) && frontier_has_dims(&desc->upper, dims) &&
		frontier_has_dims(&desc->since, dims);
}

/* CORE_DIMS, unless it has. */
extern Status description_check_dims(const Description *desc, int dims, CoreError *err);

/*
 * Is this an interval of time at all?  In the order in which the seeds' asserts
 * would speak: lower is empty, lower equals upper, lower not before upper (or
 * not even comparable).
 */
extern Status description_check(const Description *desc, CoreError *err);

/* Length, part keys and runs; the description is not looked at. */
extern Status hollow_batch_check(const HollowBatch *batch, CoreError *err);

#endif
