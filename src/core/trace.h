/*
 * trace.h
 *		A trace: the spine of hollow batches that cover all time from the
 *		minimum to the trace's upper, without their parts.
 *
 * A trace is O(levels) big however many batches it has seen.  Whoever owns it
 * keeps the hollow batches themselves, one record for each id range, and is
 * told by each operation what to do with them: a push inserts one and may fuse
 * some, an applied merge result replaces some.  Where the algorithm needs to
 * know about hollow batches, it asks through HollowSource.
 *
 * No operation allocates.  On an error nothing of a trace has changed, except
 * for CORE_CORRUPT and CORE_OWNER, after which it must be discarded.
 *
 * Source: `Trace` in seed 000.
 */
#ifndef SPINE_CORE_TRACE_H
#define SPINE_CORE_TRACE_H

#include "core/levels.h"

typedef struct Trace
{
	int32_t		dims;
	int32_t		effort;
	uint64_t	next_id;
	Frontier	since;
	Frontier	upper;
	Levels		levels;			/* last: copied only as far as it is in use */
} Trace;

/* The hollow batches with ids in [lo, hi) are worth compacting into one. */
typedef struct MergeRequest
{
	uint64_t	lo;
	uint64_t	hi;
	Description desc;
	int64_t		len;
	int64_t		parts;
} MergeRequest;

/*
 * The hollow batches with ids in [lo, hi) are empty and have become one, with
 * this description, without parts.  Parts they had are of no use any more.
 */
typedef struct Fuse
{
	uint64_t	lo;
	uint64_t	hi;
	Description desc;
} Fuse;

/* One push completes at most two merges a level. */
#define MAX_EFFECTS (2 * MAX_LEVELS + 2)

/*
 * What a push did.  The owner inserts the pushed hollow batch as [id, id + 1),
 * unless a fuse covers that id, and carries out the fuses; none of them
 * overlaps another.
 */
typedef struct PushEffects
{
	bool		want_requests;	/* set by the caller; without, nrequests stays 0 */
	bool		requested;		/* is there a new request, wanted or not? */
	uint64_t	id;
	int			nrequests;
	int			nfuses;
	MergeRequest requests[MAX_EFFECTS];
	Fuse		fuses[MAX_EFFECTS];
} PushEffects;

typedef enum MergeOutcome
{
	APPLIED_EXACT,
	APPLIED_SUBSET,
	NOT_APPLIED_NO_MATCH,
	NOT_APPLIED_INVALID_SINCE,
	NOT_APPLIED_TOO_MANY_UPDATES
} MergeOutcome;

/* Hollow batches with ids in [lo, hi), added up. */
typedef struct HollowSum
{
	int64_t		hollow;
	int64_t		parts;
	int64_t		len;
} HollowSum;

/*
 * How the core asks the owner about hollow batches.  Ids given are those at
 * which a hollow batch begins or ends.  A callback that fails fills *err with
 * CORE_OWNER and returns that.
 */
typedef struct HollowSource
{
	void	   *context;

	/*
	 * Among the hollow batches in [lo, hi), finds the one whose lower is the
	 * given frontier and the one whose upper is, and gives the ids where the
	 * first begins and the second ends.  *found is false if either is missing.
	 */
	Status		(*find) (void *context, uint64_t lo, uint64_t hi,
						 const Frontier *lower, const Frontier *upper, bool *found,
						 uint64_t *found_lo, uint64_t *found_hi, CoreError *err);
	Status		(*sum) (void *context, uint64_t lo, uint64_t hi, HollowSum *sum,
						CoreError *err);
} HollowSource;

/*
 * Where an applied result goes: the owner replaces the hollow batches with ids
 * in [lo, hi) by one.  Filled in as well when the result does match but has too
 * many updates or an invalid since.
 */
typedef struct ApplyEffect
{
	MergeOutcome outcome;
	uint64_t	lo;
	uint64_t	hi;
	SpineBatch *batch;			/* the spine batch it is in; NULL without match */
	HollowSum	left;			/* what that spine batch sums up to afterwards */
} ApplyEffect;

/* Spine batches by state: one run, waiting for a merge, several runs. */
typedef struct TraceMetrics
{
	int64_t		compact;
	int64_t		compacting;
	int64_t		noncompact;
} TraceMetrics;

/* An empty trace of one-dimensional time; effort is at least 1. */
extern Status trace_init(Trace *trace, int dims, int effort, CoreError *err);

extern void trace_copy(Trace *to, const Trace *from);

/*
 * May this batch be pushed next onto a trace with this upper and since?  Errors
 * in the order: the description's, CORE_LOWER_MISMATCH, CORE_SINCE_BEYOND,
 * then the hollow batch's own.
 */
extern Status trace_check_push(const Trace *trace, const HollowBatch *batch,
							   CoreError *err);

/*
 * Pushes a batch.  Requests come with redundant ones removed, in the seed's
 * order.  The batch is checked; beyond that, a trace that has used up its ids or
 * its levels answers CORE_LIMIT.
 */
extern Status trace_push(Trace *trace, const HollowBatch *batch,
						 PushEffects *effects, CoreError *err);

/*
 * Works out where a merge result belongs, without changing the trace.
 * trace_apply carries it out; it may be called once, with an effect whose
 * outcome is an applied one, while the trace is as it was.
 */
extern Status trace_match(Trace *trace, const HollowBatch *result,
						  const HollowSource *source, ApplyEffect *effect,
						  CoreError *err);
extern void trace_apply(const HollowBatch *result, const ApplyEffect *effect);

/* since only goes forward (CORE_SINCE_REGRESSED). */
extern Status trace_downgrade_since(Trace *trace, const Frontier *since, CoreError *err);

extern TraceMetrics trace_metrics(const Trace *trace);

/* A spine batch that several hollow batches make up asks to be merged. */
static inline bool
spine_batch_is_fueled(const SpineBatch *batch)
{
	return batch->hollow > 1;
}

extern MergeRequest spine_batch_request(const SpineBatch *batch);

/* Checks every invariant that can be seen without the hollow batches. */
extern Status trace_validate(const Trace *trace, CoreError *err);

#endif
