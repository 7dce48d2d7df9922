/*
 * test_model.c
 *		Random histories of a trace beside the model of model.h.
 *
 * A push appends a batch, a fuse makes one
 * out of some, an applied result takes the place of some.  What the trace says
 * of its spine batches, requests and results must agree with that list at all
 * times, sums being cut off at 2^63-1.  Where batches stand is checked against
 * the bounds that the algorithm promises.  SPINE_MODEL_OPERATIONS sets how many
 * operations there are, a million unless set.
 */
#include "core/model.h"

/* --------------------------------------------- what must hold at any time */

/* Does a batch or request say of its entries what they are? */
static void
check_covers(const Model *model, uint64_t lo, uint64_t hi,
			 const Description *d, int64_t hollows, int64_t parts, int64_t len)
{
	int			first;
	int			last;
	Sum			sum;

	if (!find_range(model, lo, hi, &first, &last))
		return;
	sum = sum_from(model, first, last);
	CHECK(sum.hollow == hollows);
	CHECK(cut(sum.parts) == parts);
	CHECK(cut(sum.len) == len);
	CHECK(model->entries[first].lower == plain(&d->lower));
	CHECK(model->entries[last].upper == plain(&d->upper));
	for (int i = first; i <= last; i++)
		CHECK(model->entries[i].since <= plain(&d->since));
}

static int
log2_ceiling(Wide number)
{
	int			log = 0;

	while (((Wide) 1 << log) < number)
		log++;
	return log;
}

/* At most two a level, none longer than its level allows, levels bounded. */
static void
check_levels(const Trace *trace, const Model *model)
{
	int			bound = log2_ceiling(model->records) + 2;

	if (bound < model->highest + 1)
		bound = model->highest + 1;
	CHECK(trace->levels.count <= bound);
	for (int index = 0; index < trace->levels.count; index++)
	{
		const Level *level = &trace->levels.level[index];

		CHECK(level->count >= 0 && level->count <= 2);
		for (int i = 0; i < level->count; i++)
			CHECK(level_of_length(level->batch[i].len) <= index);
		if (level->count == 2)
			CHECK(level->merge.remaining >= 0);
	}
	CHECK(trace->levels.count == 0 ||
		  trace->levels.level[trace->levels.count - 1].count > 0);
}

/* The list is one chain from the minimum to the trace's upper. */
static void
check_list(const Trace *trace, const Model *model)
{
	uint64_t	id = 0;
	uint64_t	lower = 0;
	Wide		total = 0;

	for (int i = 0; i < model->count; i++)
	{
		const Entry *entry = &model->entries[i];

		CHECK(entry->lo == id && entry->lower == lower);
		id = entry->hi;
		lower = entry->upper;
		total += (Wide) entry->len;
	}
	CHECK(id == trace->next_id && lower == plain(&trace->upper));
	CHECK(total == model->total);
}

/* Spine batches cover the list, each of them what it says. */
static void
check_spine(Trace *trace, const Model *model)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	TraceMetrics metrics = trace_metrics(trace);
	int64_t		fueled = 0;
	int64_t		merged = 0;
	int64_t		hollows = 0;
	SpineBatch *batch;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
	{
		check_covers(model, batch->lo, batch->hi, &batch->desc, batch->hollow,
					 batch->parts, batch->len);
		hollows += batch->hollow;
		if (spine_batch_is_fueled(batch))
		{
			MergeRequest request = spine_batch_request(batch);

			check_covers(model, request.lo, request.hi, &request.desc,
						 batch->hollow, request.parts, request.len);
			fueled++;
		}
		else
			merged++;
	}
	for (uint32_t i = 0; i < trace->npending; i++)
	{
		batch = &trace->pending[i];
		check_covers(model, batch->lo, batch->hi, &batch->desc, 1, batch->parts, batch->len);
		CHECK(!frontier_less_equal(&batch->desc.upper, &trace->physical));
	}
	CHECK(hollows == model->count - (int) trace->npending);
	CHECK(metrics.compacting == fueled);
	CHECK(metrics.compact + metrics.noncompact == merged);
}

static void
check_image(const Trace *trace)
{
	Image		image = image_of(trace);
	Trace		again;
	CoreError	err;

	CHECK(image_read(image.bytes, image.size, chunks_arena(&scratch), &again,
					 &err) == CORE_OK);
	CHECK(trace_equal(trace, &again));
	free(image.bytes);
}

/* ------------------------------------------------------------------ steps */

typedef struct Run
{
	Trace		trace;
	Chunks		memory[2];		/* one is the trace's arena */
	int			arena;
	uint64_t	physical;		/* END = not in use */
	Model		model;
	Dice		dice;
	PushEffects effects;
	int			profile;
	bool		exerts;			/* merges move along without updates, too */
	long		operations;
	long		outcomes[NOT_APPLIED_TOO_MANY_UPDATES + 1];
} Run;

enum
{
	ONES, ZEROS, MIXED, POWERS, HUGE_ONES, MAGNITUDES, NPROFILES
};

static const char *const profile_names[] = {
	"ones", "mostly empty", "mixed", "powers of two", "huge", "all magnitudes"
};

static int64_t
some_length(Dice *dice, int profile)
{
	switch (profile)
	{
		case ONES:
			return 1;
		case ZEROS:
			return chance(dice, 90) ? 0 : (int64_t) below(dice, 5);
		case MIXED:
			return (int64_t) below(dice, chance(dice, 50) ? 4 : 1000);
		case POWERS:
			return (INT64_C(1) << below(dice, 20)) +
				(int64_t) below(dice, 3) - 1;
		case HUGE_ONES:
			return chance(dice, 30) ? (int64_t) below(dice, 3) :
				INT64_MAX >> below(dice, 6);
		default:
			return (int64_t) (roll(dice) >> 1 >> below(dice, 63));
	}
}

static void
carry_out_fuse(Model *model, const Fuse *fuse)
{
	int			first;
	int			last;
	Entry		entry = {0};

	if (!find_range(model, fuse->lo, fuse->hi, &first, &last))
		return;
	CHECK(sum_from(model, first, last).len == 0);
	CHECK(last > first);
	entry.lower = plain(&fuse->desc.lower);
	entry.upper = plain(&fuse->desc.upper);
	entry.since = plain(&fuse->desc.since);
	CHECK(model->entries[first].lower == entry.lower);
	CHECK(model->entries[last].upper == entry.upper);
	for (int i = first; i <= last; i++)
		CHECK(model->entries[i].since <= entry.since);
	CHECK(entry.since <= model->since);
	replace(model, first, last, entry);
}

/* Requests of a push: whole batches, and none that covers another one. */
static void
check_requests(const Model *model, const PushEffects *effects)
{
	for (int i = 0; i < effects->nrequests; i++)
	{
		const MergeRequest *a = &effects->requests[i];
		int			first;
		int			last;

		if (!find_range(model, a->lo, a->hi, &first, &last))
			return;
		CHECK(a->len > 0);
		check_covers(model, a->lo, a->hi, &a->desc, last - first + 1, a->parts,
					 a->len);
		for (int k = 0; k < effects->nrequests; k++)
		{
			const MergeRequest *b = &effects->requests[k];

			CHECK(i == k || a->lo > b->lo || a->hi < b->hi ||
				  !frontier_equal(&a->desc.since, &b->desc.since));
		}
	}
}

/* A batch of up to 2^level updates, perhaps none, was introduced there. */
static void
note_level(Model *model, int level)
{
	if (level < 0)
		return;
	model->records += (Wide) 1 << level;
	if (level > model->highest)
		model->highest = level;
}

static void
carry_out(Model *model, const PushEffects *effects)
{
	for (int i = 0; i < effects->nfuses; i++)
		for (int k = 0; k < i; k++)
			CHECK(effects->fuses[k].hi <= effects->fuses[i].lo ||
				  effects->fuses[k].lo >= effects->fuses[i].hi);
	for (int i = 0; i < effects->nfuses; i++)
		carry_out_fuse(model, &effects->fuses[i]);
	check_requests(model, effects);
}

static void
do_push(Run *run)
{
	Model	   *model = &run->model;
	Dice	   *dice = &run->dice;
	Entry		entry = {0};
	HollowBatch batch;

	entry.lo = run->trace.next_id;
	entry.hi = entry.lo + 1;
	entry.lower = plain(&run->trace.upper);
	entry.upper = entry.lower + 1 + below(dice, 3);
	entry.since = chance(dice, 50) ? model->since :
		below(dice, model->since + 1);
	entry.len = some_length(dice, run->profile);
	entry.nparts = (int32_t) below(dice, 4);
	batch = batch_of(&entry);
	run->effects.want_requests = chance(dice, 90);
	push(&run->trace, NULL, &batch, &run->effects);

	CHECK(run->effects.id == entry.lo);
	CHECK(run->effects.want_requests || run->effects.nrequests == 0);
	model->entries[model->count++] = entry;
	model->total += (Wide) entry.len;
	note_level(model, level_of_length(entry.len));
	model->records += (Wide) entry.len;
	carry_out(model, &run->effects);
}

/* since or the physical frontier goes forward, and what is ripe moves on. */
static void
do_physical(Run *run)
{
	uint64_t	upper = plain(&run->trace.upper);
	Frontier	physical;
	bool		moved;
	CoreError	err;

	if (run->physical != END && chance(&run->dice, 10))
	{
		run->physical = END;
		CHECK(trace_set_physical(&run->trace, NULL, &err) == CORE_OK);
	}
	else
	{
		uint64_t	from = run->physical == END ? upper / 2 : run->physical;

		run->physical = from + below(&run->dice, 1 + (upper > from ? upper - from : 0) + 3);
		physical = when(run->physical);
		CHECK(trace_set_physical(&run->trace, &physical, &err) == CORE_OK);
	}
	do
	{
		CHECK(trace_settle(&run->trace, &run->effects, &moved, &err) == CORE_OK);
		carry_out(&run->model, &run->effects);
	} while (moved);
}

/* Merges are moved along without updates, in one of the ways there are. */
static void
do_exert(Run *run)
{
	Trace	   *trace = &run->trace;
	Model	   *model = &run->model;
	int64_t		amount = INT64_C(1) << below(&run->dice, 12);
	uint64_t	next_id = trace->next_id;
	bool		worked = true;
	CoreError	err;

	run->effects.want_requests = true;
	switch (below(&run->dice, 5))
	{
		case 0:
			note_level(model, level_of_length(amount));
			CHECK(trace_introduce_empty(trace, level_of_length(amount), &run->effects,
										&err) == CORE_OK);
			break;
		case 1:
			CHECK(trace_apply_fuel(trace, amount, &run->effects, &worked, &err) == CORE_OK);
			break;
		case 2:
			note_level(model, trace->levels.count);
			CHECK(trace_force(trace, &run->effects, &worked, &err) == CORE_OK);
			CHECK(spine_batches(trace) <= 1);
			break;
		default:
			note_level(model, level_of_length(amount));
			CHECK(trace_exert(trace, amount, &run->effects, &worked, &err) == CORE_OK);
			CHECK(worked || run->effects.nrequests == 0);
	}
	CHECK(trace->next_id == next_id);
	carry_out(model, &run->effects);
}

static void
do_since(Run *run)
{
	uint64_t	time = run->model.since + below(&run->dice, 4);
	Frontier	since = when(time);
	CoreError	err;

	CHECK(trace_downgrade_since(&run->trace, &since, &err) == CORE_OK);
	run->model.since = time;
}

static SpineBatch *
some_spine_batch(Run *run, bool fueled)
{
	LevelsWalk	walk = LEVELS_WALK_START(&run->trace.levels);
	SpineBatch *chosen = NULL;
	SpineBatch *batch;
	uint64_t	seen = 0;

	while ((batch = levels_next(&run->trace.levels, &walk, NULL)) != NULL)
		if ((!fueled || spine_batch_is_fueled(batch)) &&
			below(&run->dice, ++seen) == 0)
			chosen = batch;
	return chosen;
}

/* Some neighbouring entries: those of a spine batch, some of them, or any. */
static bool
choose_entries(Run *run, int *first, int *last)
{
	SpineBatch *batch = some_spine_batch(run, chance(&run->dice, 70));
	int			from = 0;
	int			to = run->model.count - 1;

	if (batch == NULL)
		return false;
	if (chance(&run->dice, 90) &&
		!find_range(&run->model, batch->lo, batch->hi, &from, &to))
		return false;
	*first = from;
	*last = to;
	if (chance(&run->dice, 70))
	{
		*first = from + (int) below(&run->dice, (uint64_t) (to - from + 1));
		*last = *first + (int) below(&run->dice, (uint64_t) (to - *first + 1));
	}
	return true;
}

/* What must become of a result, by the spine batches' bounds and the list. */
static MergeOutcome
expected_outcome(Run *run, const Entry *result, int *first, int *last)
{
	LevelsWalk	walk = LEVELS_WALK_START(&run->trace.levels);
	const Entry *entries = run->model.entries;
	SpineBatch *batch;

	while ((batch = levels_next(&run->trace.levels, &walk, NULL)) != NULL)
	{
		int			from;
		int			to;
		Wide		len;

		find_range(&run->model, batch->lo, batch->hi, &from, &to);
		*first = from;
		*last = to;
		while (*first <= to && entries[*first].lower != result->lower)
			(*first)++;
		while (*last >= from && entries[*last].upper != result->upper)
			(*last)--;
		if (*first > to || *last < from)
			continue;
		if (result->since > plain(&batch->desc.since))
			return NOT_APPLIED_INVALID_SINCE;
		len = sum_from(&run->model, from, *first - 1).len +
			(Wide) result->len + sum_from(&run->model, *last + 1, to).len;
		if (cut(len) > batch->len)
			return NOT_APPLIED_TOO_MANY_UPDATES;
		return *first == from && *last == to ? APPLIED_EXACT : APPLIED_SUBSET;
	}
	for (*first = 0; *first < run->model.count; (*first)++)
	{
		const Entry *entry = &entries[*first];

		*last = *first;
		if (entry->lo < run->trace.next_id - run->trace.npending ||
			entry->lower != result->lower || entry->upper != result->upper)
			continue;
		if (result->since > entry->since)
			return NOT_APPLIED_INVALID_SINCE;
		return result->len > entry->len ? NOT_APPLIED_TOO_MANY_UPDATES : APPLIED_EXACT;
	}
	return NOT_APPLIED_NO_MATCH;
}

/* A result, most of them good: see choose_entries. */
static bool
some_result(Run *run, Entry *result)
{
	Dice	   *dice = &run->dice;
	int			first;
	int			last;
	int64_t		len;

	if (!choose_entries(run, &first, &last))
		return false;
	*result = (Entry) {.lower = run->model.entries[first].lower,
		.upper = run->model.entries[last].upper,
		.nparts = (int32_t) below(dice, 4)};
	len = cut(sum_from(&run->model, first, last).len);
	for (int i = first; i <= last; i++)
		if (run->model.entries[i].since > result->since)
			result->since = run->model.entries[i].since;
	if (chance(dice, 10))
		result->since += below(dice, 4);
	if (chance(dice, 4))
		result->lower += below(dice, 3);
	if (chance(dice, 4))
		result->upper += below(dice, 3);
	if (chance(dice, 60))
		result->len = len;
	else if (chance(dice, 70))
		result->len = (int64_t) below(dice, (uint64_t) len + 1);
	else
		result->len = add_saturating(len, 1 + (int64_t) below(dice, 9));
	return result->lower < result->upper;
}

static void
do_apply(Run *run)
{
	HollowSource source = {&run->model, model_find, model_sum};
	Model	   *model = &run->model;
	HollowBatch batch;
	ApplyEffect effect;
	MergeOutcome expected;
	Entry		result;
	CoreError	err;
	int			first;
	int			last;

	if (!some_result(run, &result))
		return;
	batch = batch_of(&result);
	expected = expected_outcome(run, &result, &first, &last);
	CHECK(trace_match(&run->trace, &batch, &source, &effect, &err) == CORE_OK);
	if (!CHECK(effect.outcome == expected))
		return;
	run->outcomes[expected]++;
	if (expected == NOT_APPLIED_NO_MATCH)
		return;
	CHECK(effect.lo == model->entries[first].lo);
	CHECK(effect.hi == model->entries[last].hi);
	if (expected != APPLIED_EXACT && expected != APPLIED_SUBSET)
		return;
	trace_apply(&run->trace, &batch, &effect);
	model->total -= sum_from(model, first, last).len;
	model->total += (Wide) result.len;
	replace(model, first, last, result);
	if (expected == APPLIED_EXACT)
		CHECK(plain(&effect.batch->desc.since) == result.since);
}

/* Going on with a copy must make no difference. */
static void
do_copy(Run *run)
{
	Trace		copy;
	int			old = run->arena;

	memset(&copy, 0xa5, sizeof(copy));
	trace_copy(&copy, &run->trace, chunks_arena(&scratch));
	memset(&run->trace, 0x5a, sizeof(run->trace));
	run->arena = 1 - old;
	trace_copy(&run->trace, &copy, chunks_arena(&run->memory[run->arena]));
	CHECK(trace_equal(&run->trace, &copy));
	chunks_free(&run->memory[old]);
}

static void
do_step(Run *run, int answers)
{
	CoreError	err;

	run->operations++;
	if (chance(&run->dice, answers))
		do_apply(run);
	else if (run->exerts && chance(&run->dice, 20))
		do_exert(run);
	else if (run->exerts && chance(&run->dice, 10))
		do_physical(run);
	else if (chance(&run->dice, 5))
		do_since(run);
	else
		do_push(run);
	CHECK(trace_validate(&run->trace, &err) == CORE_OK);
	check_levels(&run->trace, &run->model);
	if (run->operations % 8 == 0)
	{
		check_spine(&run->trace, &run->model);
		check_list(&run->trace, &run->model);
	}
	if (run->operations % 32 == 0)
		check_image(&run->trace);
	if (run->operations % 64 == 0)
		do_copy(run);
	chunks_free(&scratch);
}

#define STEPS 1000

static void
test_profile(int profile, long operations)
{
	static Run	run;
	char		what[120];

	memset(&run, 0, sizeof(run));
	run.dice.state = (uint64_t) profile;
	run.profile = profile;
	for (int i = 0; run.operations < operations && tap.wrong == 0; i++)
	{
		int			answers = (i % 5) * 15;
		CoreError	err;

		memset(&run.model, 0, offsetof(Model, entries));
		dims = i % 6 < 3 ? 1 : i % 6 - 2;
		run.exerts = i % 4 >= 2;
		run.physical = END;
		CHECK(trace_init(&run.trace, dims, i % 4 < 3 ? 1 : 1 + i % 75 / 4,
						 chunks_arena(&run.memory[run.arena]), &err) == CORE_OK);
		for (int step = 0; step < STEPS && tap.wrong == 0; step++)
			do_step(&run, answers);
		if (tap.wrong > 0)
			printf("# profile %d, history %d\n", profile, i);
		chunks_free(&run.memory[run.arena]);
	}
	for (int i = 0; i <= NOT_APPLIED_TOO_MANY_UPDATES; i++)
		CHECK(run.outcomes[i] > 20);
	snprintf(what, sizeof(what), "%s: %ld operations", profile_names[profile],
			 run.operations);
	end_case(what);
}

int
main(void)
{
	const char *wanted = getenv("SPINE_MODEL_OPERATIONS");
	long		operations = wanted != NULL ? atol(wanted) : 1000000;

	for (int profile = 0; profile < NPROFILES; profile++)
		test_profile(profile, operations / NPROFILES);
	return end_tests();
}
