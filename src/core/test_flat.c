/*
 * test_flat.c
 *		Traces taken apart and put together: random ones come out the same, legacy
 *		lists fit wherever their empty batches begin, and what does not fit is an
 *		error.
 */
#include "core/flat.h"
#include "core/test.h"

static PushEffects effects;

static int	lost;

static Status
lose(void *context, const HollowBatch *batch, CoreError *err)
{
	(void) context;
	(void) err;
	lost += batch->nparts;
	return CORE_OK;
}

/* A trace, its flat form, and what is put together from that. */
typedef struct Twice
{
	Trace		trace;
	HollowList	list;
	FlatTrace	flat;
	Trace		again;
	HollowList	again_list;
} Twice;

static void
clear(Twice *twice)
{
	hollow_clear(&twice->list);
	hollow_clear(&twice->again_list);
	chunks_free(&test_chunks);
}

/* A trace with everything in it: structural empties, pending batches, merges. */
static void
some_trace(Dice *dice, Trace *trace, HollowList *list)
{
	int			pushes = (int) below(dice, 60);
	Frontier	physical = at(40);
	CoreError	err;
	bool		worked;

	start_trace(trace, 1 + (int) below(dice, 3));
	if (chance(dice, 50))
		CHECK(trace_set_physical(trace, &physical, &err) == CORE_OK);
	for (int i = 0; i < pushes; i++)
	{
		push_length(trace, list, chance(dice, 40) ? 0 : (int64_t) below(dice, 40), &effects);
		if (chance(dice, 10))
		{
			CHECK(trace_introduce_empty(trace, (int) below(dice, 4), &effects,
										&err) == CORE_OK);
			hollow_fused(list, &effects);
		}
		if (chance(dice, 10))
		{
			CHECK(trace_apply_fuel(trace, 3, &effects, &worked, &err) == CORE_OK);
			hollow_fused(list, &effects);
		}
	}
}

static void
flatten(Twice *twice, bool ids)
{
	Arena		arena = test_arena();
	CoreError	err;

	hollow_flatten(&twice->list, ids, &arena, &twice->flat);
	CHECK(trace_flatten(&twice->trace, &arena, &twice->flat, &err) == CORE_OK);
}

static Status
unflatten(Twice *twice, CoreError *err)
{
	FlatSink	sink = hollow_sink(&twice->again_list);

	sink.lose = lose;
	return trace_unflatten(&twice->flat, test_arena(), &sink, &twice->again, err);
}

static bool
lists_equal(const HollowList *a, const HollowList *b)
{
	bool		equal = a->count == b->count;

	for (size_t i = 0; i < a->count && equal; i++)
		equal = a->entries[i].lo == b->entries[i].lo && a->entries[i].hi == b->entries[i].hi &&
			description_equal(&a->entries[i].batch.desc, &b->entries[i].batch.desc) &&
			a->entries[i].batch.len == b->entries[i].batch.len &&
			a->entries[i].batch.nparts == b->entries[i].batch.nparts;
	return equal;
}

/* Some hollow batches with ids, some without, in any order. */
static void
shuffle(FlatTrace *flat, Dice *dice)
{
	for (size_t i = 0; i < flat->nbatches; i++)
	{
		size_t		k = below(dice, i + 1);
		FlatBatch	moved = flat->batches[i];

		moved.has_id = chance(dice, 50) && (moved.batch.len > 0 || moved.batch.nparts > 0);
		flat->batches[i] = flat->batches[k];
		flat->batches[k] = moved;
	}
}

static void
test_round_trip(void)
{
	Dice		dice = {1};

	for (int i = 0; i < 3000 && tap.wrong == 0; i++)
	{
		Twice		twice = {0};
		CoreError	err;

		some_trace(&dice, &twice.trace, &twice.list);
		flatten(&twice, i % 3 == 0);
		if (i % 3 == 2)
			shuffle(&twice.flat, &dice);
		/* A trace without batches has no structure, and starts over. */
		if (CHECK(unflatten(&twice, &err) == CORE_OK))
		{
			CHECK(trace_equal(&twice.trace, &twice.again) || twice.flat.nspine == 0);
			CHECK(lists_equal(&twice.list, &twice.again_list));
		}
		else
			printf("# %s: %s\n", err.message, err.detail);
		clear(&twice);
	}
	end_case("with structure: the same comes out, with ids, without, or mixed");
}

static void
test_rebuild(void)
{
	Dice		dice = {2};

	for (int i = 0; i < 1000 && tap.wrong == 0; i++)
	{
		Twice		twice = {0};
		CoreError	err;

		some_trace(&dice, &twice.trace, &twice.list);
		flatten(&twice, false);
		twice.flat.nspine = twice.flat.nmerges = 0;
		CHECK(unflatten(&twice, &err) == CORE_OK);
		CHECK(frontier_equal(&twice.trace.upper, &twice.again.upper));
		CHECK(twice.again.next_id == twice.list.count && twice.again_list.count <= twice.list.count);
		clear(&twice);
	}
	end_case("without structure: the batches are pushed again");
}

/* Two spine batches that are being merged, [0, 5) empty, [5, 6) with updates. */
static void
two_batches(Twice *twice)
{
	HollowBatch first = hollow(0, 5, 0, 0, 0);
	HollowBatch second = hollow(5, 6, 0, 4, 1);

	start_trace(&twice->trace, 1);
	push(&twice->trace, &twice->list, &first, &effects);
	push(&twice->trace, &twice->list, &second, &effects);
	flatten(twice, false);
	CHECK(twice->flat.nspine == 2 && twice->flat.nmerges == 1);
}

/* Makes the one empty legacy batch into these, and expects what must come of it. */
static void
check_pieces(const uint64_t *bounds, int count, int32_t nparts, Status expected)
{
	Arena		arena = test_arena();
	Twice		twice = {0};
	CoreError	err;

	two_batches(&twice);
	twice.flat.nbatches = (size_t) count;
	twice.flat.batches = arena_alloc(&arena, sizeof(FlatBatch) * (size_t) count);
	for (int i = 0; i < count; i++)
	{
		twice.flat.batches[i] = (FlatBatch) {.batch = hollow(bounds[i], bounds[i + 1], 0, 0, 0)};
		if (i == count - 1)
			twice.flat.batches[i].batch = twice.list.entries[1].batch;
		else if (i == 1)
			twice.flat.batches[i].batch.nparts = nparts;
	}
	if (!CHECK(unflatten(&twice, &err) == expected))
		printf("# %s: %s\n", err.message, err.detail);
	if (expected == CORE_OK)
		CHECK(lists_equal(&twice.list, &twice.again_list) && trace_equal(&twice.trace, &twice.again));
	clear(&twice);
}

static void
test_empties(void)
{
	static const uint64_t whole[] = {0, 5, 6};
	static const uint64_t split[] = {0, 1, 3, 5, 6};
	static const uint64_t missing[] = {0, 3, 6};
	static const uint64_t late[] = {1, 5, 6};

	check_pieces(whole, 2, 0, CORE_OK);
	check_pieces(split, 4, 0, CORE_OK);
	lost = 0;
	check_pieces(split, 4, 2, CORE_OK);
	CHECK(lost == 2);
	check_pieces(missing, 2, 0, CORE_FLAT);
	check_pieces(late, 2, 0, CORE_FLAT);
	end_case("empty legacy batches are joined to fit, and lose their parts");
}

/* A spine batch of two parts, whose empty legacy batches are one. */
static void
test_split(void)
{
	Arena		arena = test_arena();
	Twice		twice = {.flat = {.dims = 1, .effort = 2, .since = at(0)}};
	FlatTrace  *flat = &twice.flat;
	HollowList *list = &twice.again_list;
	Trace	   *trace = &twice.again;
	FlatPart	parts[] = {{0, 1, true, desc(0, 2, 0)}, {1, 2, true, desc(2, 4, 0)},
	{2, 3, false, desc(0, 0, 0)}};
	CoreError	err;

	flat->nbatches = 2;
	flat->batches = arena_alloc(&arena, sizeof(FlatBatch) * 2);
	flat->batches[0] = (FlatBatch) {.batch = hollow(4, 6, 0, 3, 1)};
	flat->batches[1] = (FlatBatch) {.batch = hollow(0, 4, 0, 0, 0)};
	flat->nspine = 1;
	flat->spine = arena_alloc(&arena, sizeof(FlatSpineBatch));
	*flat->spine = (FlatSpineBatch) {0, 3, 2, desc(0, 6, 0), parts, 3};
	CHECK(unflatten(&twice, &err) == CORE_OK);
	CHECK(list->count == 3 && list->entries[0].batch.desc.upper.time == 2 &&
		  list->entries[1].batch.desc.upper.time == 4);
	CHECK(trace->effort == 2 && trace->levels.count == 3 && trace->next_id == 3);
	CHECK(trace->levels.level[2].batch[0].hollow == 3);
	clear(&twice);
	end_case("one empty legacy batch is split to fit");
}

typedef void (*Damage) (FlatTrace *flat);

static void
no_batches(FlatTrace *flat)
{
	flat->nbatches = 0;
}

static void
batch_too_many(FlatTrace *flat)
{
	flat->nspine = 1;
}

static void
unknown_id(FlatTrace *flat)
{
	flat->batches[1].has_id = true;
	flat->batches[1].lo = 7;
}

static void
merge_too_many(FlatTrace *flat)
{
	flat->merges[flat->nmerges++] = flat->merges[0];
}

static void
merge_missing(FlatTrace *flat)
{
	flat->nmerges = 0;
}

static void
merge_too_long(FlatTrace *flat)
{
	flat->merges[0].remaining = INT64_MAX;
}

static void
level_too_high(FlatTrace *flat)
{
	flat->spine[1].level = 5;
}

static void
level_far_too_high(FlatTrace *flat)
{
	flat->spine[0].level = INT32_MAX;
}

static void
level_negative(FlatTrace *flat)
{
	flat->spine[1].level = -2;
}

static void
wrong_parts(FlatTrace *flat)
{
	flat->spine[1].parts[0].hi = 9;
}

static void
inverted_ids(FlatTrace *flat)
{
	flat->spine[1].parts[0].hi = 0;
}

static void
wrong_upper(FlatTrace *flat)
{
	flat->spine[1].desc.upper = at(9);
}

static void
no_dims(FlatTrace *flat)
{
	flat->dims = 0;
}

static void
other_dims(FlatTrace *flat)
{
	flat->dims = 2;
}

static void
no_effort(FlatTrace *flat)
{
	flat->effort = 0;
}

static void
negative_length(FlatTrace *flat)
{
	flat->batches[1].batch.len = -1;
}

static void
pending_first(FlatTrace *flat)
{
	flat->spine[0].level = FLAT_PENDING;
}

static void
test_damage(void)
{
	static const Damage damages[] = {
		no_batches, batch_too_many, unknown_id, merge_too_many, merge_missing, merge_too_long,
		level_too_high, level_far_too_high, level_negative, wrong_parts, inverted_ids, wrong_upper, no_dims,
		other_dims, no_effort, negative_length, pending_first
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
	{
		Twice		twice = {0};
		CoreError	err = {0};
		Status		status;

		two_batches(&twice);
		damages[i] (&twice.flat);
		status = unflatten(&twice, &err);
		if (!CHECK(status != CORE_OK && status == err.status && err.message[0] != '\0'))
			printf("# damage %zu\n", i);
		clear(&twice);
	}
	end_case("pieces that are missing, left over, or do not fit");
}

/* A fueled spine batch knows nothing of times before its since. */
static void
test_since(void)
{
	static const struct
	{
		uint64_t	hollow;
		uint64_t	spine;
		Status		expected;
	}			cases[] = {{1, 0, CORE_FLAT}, {1, 1, CORE_OK}, {0, 1, CORE_OK}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Twice		twice = {0};
		FlatTrace  *flat = &twice.flat;
		CoreError	err;

		start_trace(&twice.trace, 1);
		for (int k = 0; k < 3; k++)
			push_length(&twice.trace, &twice.list, 1, &effects);
		flatten(&twice, true);
		CHECK(flat->nspine == 2 && flat->spine[0].nparts == 2);
		flat->since = at(1);
		flat->spine[0].desc.since = at(cases[i].spine);
		flat->batches[1].batch.desc.since = at(cases[i].hollow);
		CHECK(unflatten(&twice, &err) == cases[i].expected);
		clear(&twice);
	}
	end_case("no hollow batch of a fueled one has a since that is past its own");
}

int
main(void)
{
	test_round_trip();
	test_rebuild();
	test_empties();
	test_split();
	test_damage();
	test_since();
	return end_tests();
}
