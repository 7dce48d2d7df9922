/*
 * trace.h
 *		A trace: the spine of hollow batches that cover all time from the
 *		minimum to the trace's upper, without their parts.
 *
 * A trace is O(levels) big however many batches it has seen, besides those that
 * are pending.  Whoever owns it keeps the hollow batches themselves, one record
 * for each id range, and is told by each operation what to do with them: a push
 * inserts one and may fuse some, an applied merge result replaces some.  Where
 * the algorithm needs to know about hollow batches, it asks through HollowSource.
 *
 * Where a physical compaction frontier is in use, batches are pending until
 * their upper has been passed by it: readers may want to cut between them, so
 * they do not enter the levels.
 *
 * Memory: frontiers of one dimension need none.  The coordinates of others, and
 * the list of pending batches, are in the trace's arena; what a trace is given
 * is copied into it.  Nothing there is ever given back singly: the owner moves
 * the trace to a fresh arena from time to time (trace_move).
 *
 * On an error nothing of a trace has changed, except for CORE_CORRUPT and
 * CORE_OWNER, after which it must be discarded.
 *
 * Source: `Trace` in seed 000; pending batches, exertion and cursors in seed 001.
 */
#ifndef SPINE_CORE_TRACE_H
#define SPINE_CORE_TRACE_H

#include "core/levels.h"

typedef struct Trace
{
	int32_t		dims;
	int32_t		effort;
	uint64_t	next_id;
	Arena		arena;
	Frontier	since;			/* logical compaction frontier */
	Frontier	upper;
	bool		physical_used;
	Frontier	physical;		/* physical compaction frontier, if used */
	uint32_t	npending;
	uint32_t	pending_room;
	SpineBatch *pending;		/* oldest first */
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
 * Takes out of the requests of one operation, in the order in which they were
 * made, those that others of the same since cover.  The rest comes in reverse;
 * returns how many that is.
 */
extern int	requests_reduce(MergeRequest *requests, int count);

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

/*
 * Two batches have met on a level, where structural ones have length 0; or they
 * have become one, unless one of them was structural.
 */
typedef struct MergeEvent
{
	bool		done;
	bool		structural[2];	/* of the pair */
	int32_t		level;
	int64_t		pair[2];		/* lengths */
	int64_t		len;			/* of the result, if done */
} MergeEvent;

/* One operation completes at most two merges a level; each leaves a batch less. */
#define MAX_EFFECTS (2 * MAX_LEVELS + 2)
#define MAX_EVENTS (2 * MAX_EFFECTS)

/*
 * What a push, or another operation that moves merges along, did.  After a push
 * the owner inserts the pushed hollow batch as [id, id + 1), unless a fuse
 * covers that id; after any of them it carries out the fuses, none of which
 * overlaps another.  The frontiers here last as long as the trace's arena.
 */
typedef struct PushEffects
{
	bool		want_requests;	/* set by the caller; without, nrequests stays 0 */
	bool		requested;		/* is there a new request, wanted or not? */
	uint64_t	id;				/* of a push only */
	int			nrequests;
	int			nfuses;
	int			nevents;
	MergeRequest requests[MAX_EFFECTS];
	Fuse		fuses[MAX_EFFECTS];
	MergeEvent	events[MAX_EVENTS]; /* in the order in which they happened */
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

/* Spine batches in the levels by state: one run, waiting for a merge, several runs. */
typedef struct TraceMetrics
{
	int64_t		compact;
	int64_t		compacting;
	int64_t		noncompact;
} TraceMetrics;

/* An empty trace without a physical frontier; effort is at least 1. */
extern Status trace_init(Trace *trace, int dims, int effort, Arena arena, CoreError *err);

/* A copy with everything in this arena.  trace_move does so with the trace itself. */
extern void trace_copy(Trace *to, const Trace *from, Arena arena);
extern void trace_move(Trace *trace, Arena arena);

/*
 * May this batch be pushed next onto a trace with this upper and since?  Errors
 * in the order: CORE_DIMS, the description's, CORE_LOWER_MISMATCH,
 * CORE_SINCE_BEYOND, then the hollow batch's own.
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

/* The empty batch that ends a trace, to be pushed; CORE_CLOSED if it has ended. */
extern Status trace_closing_batch(const Trace *trace, HollowBatch *batch, CoreError *err);

/*
 * Works out where a merge result belongs, without changing the trace.
 * trace_apply carries it out; it may be called once, with an effect whose
 * outcome is an applied one, while the trace is as it was.
 */
extern Status trace_match(Trace *trace, const HollowBatch *result,
						  const HollowSource *source, ApplyEffect *effect,
						  CoreError *err);
extern void trace_apply(Trace *trace, const HollowBatch *result,
						const ApplyEffect *effect);

/* since only goes forward (CORE_SINCE_REGRESSED). */
extern Status trace_downgrade_since(Trace *trace, const Frontier *since, CoreError *err);

/*
 * Sets the physical compaction frontier, which from then on goes forward only
 * (CORE_PHYSICAL_REGRESSED), or with NULL does without one again.  Afterwards
 * the caller calls trace_settle until it says that nothing moved: each call
 * introduces the oldest pending batch, if its time has come.
 */
extern Status trace_set_physical(Trace *trace, const Frontier *physical, CoreError *err);
extern Status trace_settle(Trace *trace, PushEffects *effects, bool *moved,
						   CoreError *err);

/*
 * Moving merges along without updates.  exert does what an idle spine asks for,
 * with so much effort (above 0).  apply_fuel gives fuel to each merge under way.
 * introduce_empty puts a structural empty on a level, 0 to MAX_INTRODUCED_LEVEL
 * (CORE_LEVEL).  force makes one spine batch of all, so that one request covers
 * everything but what is pending.  *worked tells whether there was anything to
 * do.
 */
extern Status trace_exert(Trace *trace, int64_t effort, PushEffects *effects,
						  bool *worked, CoreError *err);
extern Status trace_apply_fuel(Trace *trace, int64_t fuel, PushEffects *effects,
							   bool *worked, CoreError *err);
extern Status trace_introduce_empty(Trace *trace, int level, PushEffects *effects,
									CoreError *err);
extern Status trace_force(Trace *trace, PushEffects *effects, bool *worked,
						  CoreError *err);

extern Status trace_set_effort(Trace *trace, int effort, CoreError *err);

/*
 * Cutting at a frontier.  check_cut: may there be a cut (CORE_CLOSED,
 * CORE_NOT_BEYOND_PHYSICAL), and is it before everything?  cut_includes: is a
 * batch before the cut, or after it; CORE_STRADDLES if neither.  Empty batches
 * need not be asked about.
 */
extern Status trace_check_cut(const Trace *trace, const Frontier *cut, bool *nothing,
							  CoreError *err);
extern Status cut_includes(const Frontier *cut, const Description *desc, bool *included,
						   CoreError *err);

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
