/*
 * hollow.h
 *		The hollow batches of one trace, kept in memory: what an owner of a trace
 *		does, for programs without a server (the replay program, the tests).
 *
 * A sorted array, one entry for each id range.  Batches are copied in.  Running
 * out of memory ends the program, which a server could not afford and these
 * can.
 */
#ifndef SPINE_CORE_HOLLOW_H
#define SPINE_CORE_HOLLOW_H

#include "core/chunks.h"
#include "core/flat.h"
#include "core/trace.h"

typedef struct HollowEntry
{
	uint64_t	lo;
	uint64_t	hi;
	HollowBatch batch;			/* everything in it is the list's */
} HollowEntry;

typedef struct HollowList
{
	size_t		count;
	size_t		capacity;
	HollowEntry *entries;
	Chunks		frontiers;		/* of several dimensions */
} HollowList;

extern void hollow_clear(HollowList *list);

/* Index of the first entry with lo or more; count if there is none. */
extern size_t hollow_index(const HollowList *list, uint64_t lo);

/* Replaces the entries in [lo, hi) by one. */
extern void hollow_replace(HollowList *list, uint64_t lo, uint64_t hi,
						   const HollowBatch *batch);

/* Carries out what a push did, for the batch that was pushed. */
extern void hollow_pushed(HollowList *list, const HollowBatch *batch,
						  const PushEffects *effects);

/* The fuses alone, of an operation that pushed nothing. */
extern void hollow_fused(HollowList *list, const PushEffects *effects);

/* The list as the core asks about it; context is the list. */
extern HollowSource hollow_source(HollowList *list);

/* The batches of a trace's flat form: the list's own, with their ids or without. */
extern void hollow_flatten(const HollowList *list, bool ids, const Arena *arena,
						   FlatTrace *flat);

/* Where they come back to, when the trace is put together; context is the list. */
extern FlatSink hollow_sink(HollowList *list);

#endif
