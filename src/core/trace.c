/*
 * trace.c
 *		Pushing batches, and the merge requests that come of it; since; metrics.
 *
 * Relies on levels.c for where batches go, and gives it the merge discipline of
 * seed 000: a merge is pure bookkeeping, complete when its fuel is spent, and
 * yields a fueled batch and a request for somebody to do the real work.
 *
 * Source: push_batch, remove_redundant_merge_reqs, spine_metrics, begin_merge
 * and FuelingMerge in seed 000.
 */
#include "core/trace.h"

#include <stddef.h>
#include <string.h>

static void
hollow_begin(const SpineBatch pair[2], const Frontier *logical, Merge *merge)
{
	merge->since = frontier_join(&pair[0].desc.since, &pair[1].desc.since);
	merge->since = frontier_join(&merge->since, logical);
	merge->remaining = add_saturating(pair[0].len, pair[1].len);
}

static bool
hollow_work(Merge *merge, int64_t *fuel)
{
	int64_t		used = *fuel < merge->remaining ? *fuel : merge->remaining;

	merge->remaining -= used;
	*fuel -= used;
	return merge->remaining == 0;
}

MergeRequest
spine_batch_request(const SpineBatch *batch)
{
	return (MergeRequest)
	{
		.lo = batch->lo, .hi = batch->hi, .desc = batch->desc, .len = batch->len,
		.parts = batch->parts
	};
}

/* Empty batches become one at once; a fuse swallows the earlier ones inside it. */
static void
log_fuse(PushEffects *effects, const SpineBatch *batch)
{
	int			n = 0;

	for (int i = 0; i < effects->nfuses; i++)
		if (effects->fuses[i].lo < batch->lo || effects->fuses[i].hi > batch->hi)
			effects->fuses[n++] = effects->fuses[i];
	effects->fuses[n] = (Fuse) {.lo = batch->lo, .hi = batch->hi, .desc = batch->desc};
	effects->nfuses = n + 1;
}

static void
hollow_done(void *context, const Merge *merge, const SpineBatch pair[2],
			SpineBatch *result)
{
	PushEffects *effects = context;

	*result = (SpineBatch)
	{
		.lo = pair[0].lo, .hi = pair[1].hi,
		.desc = {pair[0].desc.lower, pair[1].desc.upper, merge->since},
		.len = add_saturating(pair[0].len, pair[1].len),
		.hollow = pair[0].hollow + pair[1].hollow,
		.parts = add_saturating(pair[0].parts, pair[1].parts)
	};
	if (result->len == 0)
	{
		result->hollow = 1;
		result->parts = 0;
		log_fuse(effects, result);
	}
	else
	{
		effects->requested = true;
		if (effects->want_requests)
			effects->requests[effects->nrequests++] = spine_batch_request(result);
	}
}

static const MergeRules hollow_rules = {hollow_begin, hollow_work, hollow_done};

Status
trace_init(Trace *trace, int dims, int effort, CoreError *err)
{
	if (dims < 1 || dims > MAX_DIMS)
		return core_error(err, CORE_DIMS, "number of dimensions is out of range",
						  "It is %d; times have 1 to %d dimensions.", dims, MAX_DIMS);
	if (dims > 1)
		return core_error(err, CORE_UNSUPPORTED,
						  "times of more than one dimension are not supported",
						  "%d dimensions were asked for.", dims);
	if (effort < 1)
		return core_error(err, CORE_EFFORT, "effort is out of range",
						  "It is %d; without effort nothing would ever be merged.", effort);
	trace->dims = dims;
	trace->effort = effort;
	trace->next_id = 0;
	trace->since = frontier_minimum();
	trace->upper = frontier_minimum();
	trace->levels.count = 0;
	return CORE_OK;
}

void
trace_copy(Trace *to, const Trace *from)
{
	memcpy(to, from, offsetof(Trace, levels));
	levels_copy(&to->levels, &from->levels);
}

Status
trace_check_push(const Trace *trace, const HollowBatch *batch, CoreError *err)
{
	char		a[FRONTIER_TEXT_SIZE];
	char		b[FRONTIER_TEXT_SIZE];
	Status		status;

	if ((status = description_check(&batch->desc, err)) != CORE_OK)
		return status;
	if (!frontier_equal(&batch->desc.lower, &trace->upper))
		return core_error(err, CORE_LOWER_MISMATCH, "lower does not match trace upper",
						  "The batch's lower is %s, the upper so far is %s.",
						  frontier_print(&batch->desc.lower, a),
						  frontier_print(&trace->upper, b));
	if (!frontier_less_equal(&batch->desc.since, &trace->since))
		return core_error(err, CORE_SINCE_BEYOND, "since beyond trace since",
						  "The batch's since is %s, the trace's is %s.",
						  frontier_print(&batch->desc.since, a),
						  frontier_print(&trace->since, b));
	return hollow_batch_check(batch, err);
}

/* Does a cover b, so that answering b as well would be in vain? */
static bool
request_covers(const MergeRequest *a, const MergeRequest *b)
{
	return frontier_less_equal(&a->desc.lower, &b->desc.lower) &&
		frontier_less_equal(&b->desc.upper, &a->desc.upper) &&
		frontier_equal(&a->desc.since, &b->desc.since);
}

/*
 * Rolling up makes a series of requests, (a, b), (a, b, c), and so on, of which
 * the later cover the earlier.  Taken from the back, so the result is in
 * reverse; there are at most two a level, and mostly one or two in all.
 */
static void
remove_redundant_requests(PushEffects *effects)
{
	MergeRequest kept[MAX_EFFECTS];
	int			nkept = 0;

	for (int i = effects->nrequests - 1; i >= 0; i--)
	{
		const MergeRequest *request = &effects->requests[i];
		bool		covered = false;
		int			n = 0;

		for (int k = 0; k < nkept && !covered; k++)
			covered = request_covers(&kept[k], request);
		if (covered)
			continue;
		for (int k = 0; k < nkept; k++)
			if (!request_covers(request, &kept[k]))
				kept[n++] = kept[k];
		kept[n++] = *request;
		nkept = n;
	}
	memcpy(effects->requests, kept, sizeof(MergeRequest) * (size_t) nkept);
	effects->nrequests = nkept;
}

Status
trace_push(Trace *trace, const HollowBatch *batch, PushEffects *effects,
		   CoreError *err)
{
	LevelsContext context = {&hollow_rules, effects, trace->since, trace->effort};
	SpineBatch	entry;
	bool		fused = false;
	Status		status;

	if ((status = trace_check_push(trace, batch, err)) != CORE_OK)
		return status;
	if (trace->next_id >= INT64_MAX)
		return core_error(err, CORE_LIMIT, "the spine has used up its ids",
						  "It has had %llu batches.", (unsigned long long) trace->next_id);
	effects->id = trace->next_id;
	effects->requested = false;
	effects->nrequests = 0;
	effects->nfuses = 0;
	entry = (SpineBatch)
	{
		.lo = trace->next_id, .hi = trace->next_id + 1, .desc = batch->desc,
		.len = batch->len, .hollow = 1, .parts = batch->nparts,
		.runs = batch->nruns > 0
	};
	if (batch->len == 0)
		status = levels_fuse_empty(&trace->levels, &context, &entry, &fused, err);
	if (status == CORE_OK && !fused)
		status = levels_introduce(&trace->levels, &context, &entry,
								  level_of_length(batch->len), err);
	if (status != CORE_OK)
		return status;
	trace->next_id++;
	trace->upper = batch->desc.upper;
	if (effects->nrequests > 1)
		remove_redundant_requests(effects);
	return CORE_OK;
}

Status
trace_downgrade_since(Trace *trace, const Frontier *since, CoreError *err)
{
	char		a[FRONTIER_TEXT_SIZE];
	char		b[FRONTIER_TEXT_SIZE];

	if (!frontier_less_equal(&trace->since, since))
		return core_error(err, CORE_SINCE_REGRESSED, "since would go back",
						  "It is %s, and %s was asked for.",
						  frontier_print(&trace->since, a), frontier_print(since, b));
	trace->since = *since;
	return CORE_OK;
}

TraceMetrics
trace_metrics(const Trace *trace)
{
	TraceMetrics metrics = {0};

	for (int i = 0; i < trace->levels.count; i++)
	{
		const Level *level = &trace->levels.level[i];

		for (int k = 0; k < level->count; k++)
		{
			if (spine_batch_is_fueled(&level->batch[k]))
				metrics.compacting++;
			else if (level->batch[k].runs)
				metrics.noncompact++;
			else
				metrics.compact++;
		}
	}
	return metrics;
}
