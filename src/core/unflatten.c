/*
 * unflatten.c
 *		Putting a trace together from its flat form.  Declared in flat.h.
 *
 * Source: unflatten in seed 000.  What it leaves to assertions is an error here,
 * and validation at the end sees to the rest.
 */
#include "core/flat.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct Unflattening
{
	FlatTrace  *flat;
	const FlatSink *sink;
	Trace	   *trace;
	size_t		nwith_id;		/* of the batches, those with ids come first, by id, */
	size_t		next_with_id;
	size_t		next_legacy;	/* then legacy ones, by lower */
	HollowBatch rest;			/* of an empty legacy batch that was split, */
	bool		have_rest;		/* which comes before the next legacy one */
} Unflattening;

static int
compare_ids(uint64_t a_lo, uint64_t a_hi, uint64_t b_lo, uint64_t b_hi)
{
	if (a_lo != b_lo)
		return a_lo < b_lo ? -1 : 1;
	return (a_hi > b_hi) - (a_hi < b_hi);
}

static int
compare_batches(const void *a, const void *b)
{
	const FlatBatch *x = a;
	const FlatBatch *y = b;

	if (x->has_id != y->has_id)
		return x->has_id ? -1 : 1;
	if (x->has_id)
		return compare_ids(x->lo, x->hi, y->lo, y->hi);
	return frontier_compare_total(&x->batch.desc.lower, &y->batch.desc.lower);
}

/* Of structural empties at the same place, those on higher levels come first. */
static int
compare_spine_batches(const void *a, const void *b)
{
	const FlatSpineBatch *x = a;
	const FlatSpineBatch *y = b;
	int			order = compare_ids(x->lo, x->hi, y->lo, y->hi);

	return order != 0 ? order : (x->level < y->level) - (x->level > y->level);
}

/* The hollow batch with these ids; NULL if there is none. */
static const HollowBatch *
take_with_id(Unflattening *u, uint64_t lo, uint64_t hi)
{
	const FlatBatch *batch = &u->flat->batches[u->next_with_id];

	if (u->next_with_id == u->nwith_id || batch->lo != lo || batch->hi != hi)
		return NULL;
	u->next_with_id++;
	return &batch->batch;
}

static const HollowBatch *
peek_legacy(Unflattening *u)
{
	if (u->have_rest)
		return &u->rest;
	return u->next_legacy < u->flat->nbatches ? &u->flat->batches[u->next_legacy].batch :
		NULL;
}

static void
skip_legacy(Unflattening *u)
{
	if (!u->have_rest)
		u->next_legacy++;
	u->have_rest = false;
}

static Status
bound_differs(const char *message, const Frontier *is, const Frontier *expected,
			  CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];

	return core_error(err, CORE_FLAT, message, "It is %s, and %s was expected.",
					  frontier_print(is, a), frontier_print(expected, b));
}

/*
 * Where empty batches end is not determined: takes in the next ones while this
 * one is too short, and gives back what is beyond if it is too long.
 */
static Status
fit_empty(Unflattening *u, HollowBatch *batch, const Description *expected, CoreError *err)
{
	Frontier	upper = batch->desc.upper;
	const HollowBatch *next;
	Status		status;

	while (frontier_less_than(&upper, &expected->upper) &&
		   (next = peek_legacy(u)) != NULL && next->len == 0)
	{
		upper = next->desc.upper;
		if (next->nparts > 0 &&
			(status = u->sink->lose(u->sink->context, next, err)) != CORE_OK)
			return status;
		skip_legacy(u);
	}
	if (frontier_less_than(&expected->upper, &upper))
	{
		/* Of a batch with an id, while there is a rest of a legacy one. */
		if (u->have_rest)
			return core_error(err, CORE_FLAT, "an empty batch cannot be split",
							  "What is left of another one has not been used yet.");
		u->rest = (HollowBatch) {.desc = {expected->upper, upper, batch->desc.since}};
		u->have_rest = true;
		upper = expected->upper;
	}
	*batch = (HollowBatch) {.desc = {batch->desc.lower, upper, expected->since}};
	return CORE_OK;
}

/* The hollow batch that a part names, fitted to what is expected of it. */
static Status
take_part(Unflattening *u, const FlatPart *part, const Description *expected,
		  HollowBatch *result, CoreError *err)
{
	const HollowBatch *batch = take_with_id(u, part->lo, part->hi);
	Status		status;

	if (batch == NULL && (batch = peek_legacy(u)) != NULL)
	{
		*result = *batch;
		skip_legacy(u);
	}
	else if (batch != NULL)
		*result = *batch;
	else
		return core_error(err, CORE_FLAT, "missing referenced hollow batch",
						  "There is none for ids %" PRIu64 "-%" PRIu64 ".", part->lo,
						  part->hi);
	if (expected == NULL)
		return CORE_OK;
	if (!frontier_equal(&expected->lower, &result->desc.lower))
		return bound_differs("hollow batch lower did not match expected lower",
							 &result->desc.lower, &expected->lower, err);
	if (result->nparts == 0 && result->nruns == 0 && result->len == 0 &&
		(status = fit_empty(u, result, expected, err)) != CORE_OK)
		return status;
	if (!frontier_equal(&expected->upper, &result->desc.upper))
		return bound_differs("hollow batch upper did not match expected upper",
							 &result->desc.upper, &expected->upper, err);
	return CORE_OK;
}

static Status
add_part(Unflattening *u, const FlatSpineBatch *spine, size_t i, SpineBatch *batch,
		 CoreError *err)
{
	const FlatPart *part = &spine->parts[i];
	const Description *expected = spine->nparts == 1 ? &spine->desc :
		part->has_desc ? &part->desc : NULL;
	HollowBatch hollow;
	Status		status;

	if (part->lo != batch->hi || part->hi <= part->lo)
		return core_error(err, CORE_FLAT, "parts of a spine batch do not line up",
						  "Ids %" PRIu64 "-%" PRIu64 " come after %" PRIu64 ".", part->lo,
						  part->hi, batch->hi);
	if ((status = take_part(u, part, expected, &hollow, err)) != CORE_OK ||
		(status = description_check_dims(&hollow.desc, u->trace->dims, err)) != CORE_OK ||
		(status = description_check(&hollow.desc, err)) != CORE_OK ||
		(status = hollow_batch_check(&hollow, err)) != CORE_OK)
		return status;
	if (spine->nparts > 1 && !frontier_less_equal(&hollow.desc.since, &spine->desc.since))
		return bound_differs("hollow batch since is past its spine batch's",
							 &hollow.desc.since, &spine->desc.since, err);
	if (!frontier_equal(&hollow.desc.lower, &batch->desc.upper) && i > 0)
		return bound_differs("hollow batch lower did not match the upper before it",
							 &hollow.desc.lower, &batch->desc.upper, err);
	if (i == 0)
		batch->desc = hollow.desc;
	batch->desc.upper = hollow.desc.upper;
	batch->hi = part->hi;
	batch->hollow++;
	batch->len = add_saturating(batch->len, hollow.len);
	batch->parts = add_saturating(batch->parts, hollow.nparts);
	batch->runs = hollow.nruns > 0 && spine->nparts == 1;
	return u->sink->place(u->sink->context, part->lo, part->hi, &hollow, err);
}

/* A merged spine batch is as its hollow batch says; a fueled one has bounds of its own. */
static Status
make_spine_batch(Unflattening *u, const FlatSpineBatch *spine, SpineBatch *batch,
				 CoreError *err)
{
	Status		status;

	*batch = structural_empty(spine->lo);
	for (size_t i = 0; i < spine->nparts; i++)
		if ((status = add_part(u, spine, i, batch, err)) != CORE_OK)
			return status;
	if (batch->hi != spine->hi)
		return core_error(err, CORE_FLAT, "parts of a spine batch do not line up",
						  "They end with id %" PRIu64 ", and %" PRIu64 " was expected.",
						  batch->hi, spine->hi);
	if (spine->nparts > 1)
	{
		if (!frontier_equal(&batch->desc.lower, &spine->desc.lower) ||
			!frontier_equal(&batch->desc.upper, &spine->desc.upper))
			return bound_differs("spine batch upper did not match its parts",
								 &batch->desc.upper, &spine->desc.upper, err);
		batch->desc.since = spine->desc.since;
	}
	if (!spine_batch_is_structural(batch))
		batch->desc = description_copy(&batch->desc, &u->trace->arena);
	return CORE_OK;
}

/* Finds the merge of a pair and takes it off the list; there must be one. */
static Status
take_merge(Unflattening *u, Level *level, int index, CoreError *err)
{
	FlatTrace  *flat = u->flat;

	for (size_t i = 0; i < flat->nmerges; i++)
	{
		FlatMerge  *merge = &flat->merges[i];

		if (merge->lo != level->batch[0].lo || merge->hi != level->batch[1].hi)
			continue;
		level->merge.since = frontier_copy(&merge->since, &u->trace->arena);
		level->merge.remaining = merge->remaining;
		*merge = flat->merges[--flat->nmerges];
		return CORE_OK;
	}
	return core_error(err, CORE_FLAT,
					  "all (and only) full batches should have fueling merges",
					  "Level %d has no merge with ids %" PRIu64 "-%" PRIu64 ".", index,
					  level->batch[0].lo, level->batch[1].hi);
}

static Status
place_spine_batch(Unflattening *u, const FlatSpineBatch *spine, CoreError *err)
{
	Trace	   *trace = u->trace;
	SpineBatch	batch;
	Level	   *level;
	Status		status = make_spine_batch(u, spine, &batch, err);

	if (status != CORE_OK)
		return status;
	trace->next_id = batch.hi;
	if (!spine_batch_is_structural(&batch))
		trace->upper = batch.desc.upper;
	if (spine->level == FLAT_PENDING)
	{
		trace->pending[trace->npending++] = batch;
		return CORE_OK;
	}
	if (spine->level < 0 || spine->level >= trace->levels.count)
		return core_error(err, CORE_FLAT, "level of a spine batch is out of range",
						  "It is %d; the oldest spine batch is on level %d.", spine->level,
						  trace->levels.count - 1);
	level = &trace->levels.level[spine->level];
	if (level->count == 2)
		return core_error(err, CORE_FLAT, "a level has more than two spine batches",
						  "It is level %d.", spine->level);
	level->batch[level->count++] = batch;
	return level_state(level) == LEVEL_IN_PROGRESS ?
		take_merge(u, level, spine->level, err) : CORE_OK;
}

static Status
place_spine(Unflattening *u, CoreError *err)
{
	FlatTrace  *flat = u->flat;
	Trace	   *trace = u->trace;
	size_t		npending = 0;
	Status		status;

	qsort(flat->spine, flat->nspine, sizeof(FlatSpineBatch), compare_spine_batches);
	for (size_t i = 0; i < flat->nspine; i++)
		npending += flat->spine[i].level == FLAT_PENDING;
	trace->pending = arena_alloc(&trace->arena, sizeof(SpineBatch) * (npending + 1));
	trace->pending_room = (uint32_t) npending;
	if (flat->spine[0].level >= MAX_LEVELS - 2)
		return core_error(err, CORE_LIMIT, "the spine has too many levels",
						  "A spine batch is on level %d of at most %d.",
						  flat->spine[0].level, MAX_LEVELS);
	while (trace->levels.count <= flat->spine[0].level)
		trace->levels.level[trace->levels.count++].count = 0;
	for (size_t i = 0; i < flat->nspine; i++)
		if ((status = place_spine_batch(u, &flat->spine[i], err)) != CORE_OK)
			return status;
	return CORE_OK;
}

static Status
push_legacy(Unflattening *u, CoreError *err)
{
	PushEffects effects = {.want_requests = false};
	const HollowBatch *batch;
	Status		status;

	while ((batch = peek_legacy(u)) != NULL)
	{
		if ((status = trace_push(u->trace, batch, &effects, err)) != CORE_OK ||
			(status = u->sink->pushed(u->sink->context, batch, &effects, err)) != CORE_OK)
			return status;
		skip_legacy(u);
	}
	return CORE_OK;
}

static Status
check_none_left(const char *name, size_t count, CoreError *err)
{
	if (count == 0)
		return CORE_OK;
	return core_error(err, CORE_FLAT, "pieces are left after reconstructing the spine",
					  "There are %zu %s left.", count, name);
}

/* What each record that there is room for below a merge brings it, at least. */
#define FUEL_TO_COME 4

/*
 * A merge that is not complete when the next batch arrives would be an error of
 * whatever brings that, for ever.  In a trace that was made by pushes each merge
 * has the fuel coming that it needs: half of the eight units of a record, since
 * rolling up may promote it and so take up room twice.
 */
static Status
check_fuel(const Levels *levels, CoreError *err)
{
	unsigned __int128 below = 0;	/* records, by level, not by length */

	for (int i = 0; i < levels->count; i++)
	{
		const Level *level = &levels->level[i];
		unsigned __int128 room = (unsigned __int128) 1 << i;

		for (int k = 0; k < level->count; k++)
			if (level->batch[k].len > 0 && level_of_length(level->batch[k].len) > i)
				return core_error(err, CORE_FLAT, "a spine batch is too long for its level",
								  "It has %" PRId64 " updates on level %d.",
								  level->batch[k].len, i);
		if (level->count == 2 && below >= room)
			return core_error(err, CORE_FLAT, "a merge could not be completed in time",
							  "The levels below level %d are full.", i);
		if (level_state(level) == LEVEL_IN_PROGRESS &&
			(unsigned __int128) level->merge.remaining > FUEL_TO_COME * (room - below))
			return core_error(err, CORE_FLAT, "a merge could not be completed in time",
							  "On level %d it has %" PRId64 " left to do.", i,
							  level->merge.remaining);
		below += (unsigned __int128) level->count << i;
	}
	return CORE_OK;
}

Status
trace_unflatten(FlatTrace *flat, Arena arena, const FlatSink *sink, Trace *trace,
				CoreError *err)
{
	Unflattening u = {.flat = flat, .sink = sink, .trace = trace};
	Status		status = trace_init(trace, flat->dims, flat->effort, arena, err);

	if (status != CORE_OK ||
		(status = frontier_check_dims(&flat->since, flat->dims, "since", err)) != CORE_OK ||
		(flat->physical_used &&
		 (status = trace_set_physical(trace, &flat->physical, err)) != CORE_OK))
		return status;
	trace->since = frontier_copy(&flat->since, &trace->arena);
	if (flat->nbatches > 0)
		qsort(flat->batches, flat->nbatches, sizeof(FlatBatch), compare_batches);
	while (u.nwith_id < flat->nbatches && flat->batches[u.nwith_id].has_id)
		u.nwith_id++;
	u.next_legacy = u.nwith_id;
	status = flat->nspine > 0 ? place_spine(&u, err) : push_legacy(&u, err);
	if (status != CORE_OK ||
		(status = check_none_left("legacy batches", flat->nbatches - u.next_legacy +
								  u.have_rest, err)) != CORE_OK ||
		(status = check_none_left("hollow batches", u.nwith_id - u.next_with_id,
								  err)) != CORE_OK ||
		(status = check_none_left("merges", flat->nmerges, err)) != CORE_OK)
		return status;
	status = trace_validate(trace, err);
	return status == CORE_OK ? check_fuel(&trace->levels, err) : status;
}
