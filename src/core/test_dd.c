/*
 * test_dd.c
 *		The spine of seed 001 under random use: its batches stay one chain, no
 *		update is lost, every merge and drop is told of, and its image reads back.
 */
#include "core/dd.h"
#include "core/test.h"

/* What the events say. */
typedef struct Owner
{
	int64_t		inserted;		/* batches, */
	int64_t		updates;		/* and what is in them after merges */
	int64_t		merged;
	int64_t		met;
	int64_t		dropped;
	int64_t		dropped_updates;
	int64_t		activated;
	int			ratio;			/* a merge leaves one in so many updates */
} Owner;

static void
inserted(void *context, const SpineBatch *batch)
{
	Owner	   *owner = context;

	owner->inserted++;
	owner->updates += batch->len;
}

static void
met(void *context, int level, const SpineBatch pair[2])
{
	Owner	   *owner = context;

	CHECK(level >= 0 && level < MAX_LEVELS);
	CHECK(pair[0].hi == pair[1].lo);
	owner->met++;
}

static int64_t
merge(void *context, int level, const SpineBatch pair[2])
{
	Owner	   *owner = context;
	int64_t		sum = pair[0].len + pair[1].len;
	int64_t		len = (sum + owner->ratio - 1) / owner->ratio;

	CHECK(level_of_length(pair[0].len) <= level && level_of_length(pair[1].len) <= level);
	CHECK(frontier_equal(&pair[0].desc.upper, &pair[1].desc.lower));
	owner->merged++;
	owner->updates += len - sum;
	return len;
}

static void
dropped(void *context, const SpineBatch *batch)
{
	Owner	   *owner = context;

	owner->dropped++;
	owner->dropped_updates += batch->len;
}

static void
activate(void *context)
{
	Owner	   *owner = context;

	owner->activated++;
}

static void
start(DdSpine *spine, Owner *owner, int effort)
{
	DdOwner		hooks = {owner, inserted, met, merge, dropped, activate};
	CoreError	err;

	CHECK(dd_init(spine, 1, effort, test_arena(), &hooks, &err) == CORE_OK);
}

static void
count(void *context, const SpineBatch *batch)
{
	*(int64_t *) context += batch->len;
}

static void
check(DdSpine *spine, const Owner *owner)
{
	Trace	   *trace = &spine->trace;
	Image		image = image_of(trace);
	Frontier	all = trace->upper;
	int64_t		read = 0;
	Trace		again;
	CoreError	err;

	CHECK(trace_validate(trace, &err) == CORE_OK);
	CHECK(image_read(image.bytes, image.size, test_arena(), &again, &err) == CORE_OK);
	CHECK(trace_equal(trace, &again));
	if (frontier_less_equal(&trace->physical, &all))
	{
		CHECK(dd_cursor_through(spine, &all, count, &read, &err) == CORE_OK);
		CHECK(read == owner->updates);
	}
	free(image.bytes);
}

static void
some_operation(DdSpine *spine, Dice *dice)
{
	Trace	   *trace = &spine->trace;
	uint64_t	upper = trace->upper.time;
	HollowBatch batch = hollow(upper, upper + 1 + below(dice, 3), 0,
							   chance(dice, 40) ? 0 : (int64_t) below(dice, 60), 0);
	Frontier	f = at(trace->physical.time + below(dice, 4));
	CoreError	err;

	switch (below(dice, 10))
	{
		case 0:
			CHECK(dd_exert(spine, &err) == CORE_OK);
			break;
		case 1:
			CHECK(dd_introduce_empty(spine, (int) below(dice, 8), &err) == CORE_OK);
			break;
		case 2:
			CHECK(dd_apply_fuel(spine, (int64_t) below(dice, 40), &err) == CORE_OK);
			break;
		case 3:
			f = at(trace->since.time + below(dice, 4));
			CHECK(dd_set_logical(spine, &f, &err) == CORE_OK);
			break;
		case 4:
		case 5:
		case 6:
			CHECK(dd_set_physical(spine, &f, &err) == CORE_OK);
			break;
		default:
			CHECK(dd_insert(spine, &batch, &err) == CORE_OK);
	}
}

static void
test_random(void)
{
	Dice		dice = {1};

	for (int history = 0; history < 300 && tap.wrong == 0; history++)
	{
		Owner		owner = {.ratio = 1 + history % 3};
		DdSpine		spine;

		start(&spine, &owner, history % 4);
		spine.idle_effort = history % 2 == 0 ? 0 : INT64_C(1) << (history % 10);
		for (int i = 0; i < 300; i++)
		{
			some_operation(&spine, &dice);
			check(&spine, &owner);
		}
		CHECK(owner.activated == 0 || spine.idle_effort > 0);
		CHECK(owner.met >= owner.merged);
		dd_drop(&spine);
		CHECK(owner.dropped == owner.inserted - owner.merged);
		CHECK(owner.dropped_updates == owner.updates);
		check(&spine, &(Owner) {0});
		chunks_free(&test_chunks);
	}
	end_case("random use: nothing is lost, and every event told of");
}

/* Exertion with the idle logic ends, and leaves one batch with updates. */
static void
test_idle(void)
{
	for (int ratio = 1; ratio < 1000; ratio *= 10)
	{
		Owner		owner = {.ratio = ratio};
		Frontier	physical = at(END);
		DdSpine		spine;
		CoreError	err;
		int64_t		before;
		int			steps = 0;

		start(&spine, &owner, 1);
		CHECK(dd_set_physical(&spine, &physical, &err) == CORE_OK);
		for (int i = 0; i < 400; i++)
		{
			HollowBatch batch = hollow((uint64_t) i, (uint64_t) i + 1, 0, 1 + i % 9, 0);

			CHECK(dd_insert(&spine, &batch, &err) == CORE_OK);
		}
		CHECK(owner.activated == 0 && spine.trace.npending == 0);
		spine.idle_effort = 16;
		do
		{
			before = owner.activated;
			CHECK(dd_exert(&spine, &err) == CORE_OK);
		} while (owner.activated > before && steps++ < 10000);
		CHECK(steps < 10000 && owner.merged == 399);
	}
	end_case("an idle spine exerts itself until there is one batch");
}

static void
test_arguments(void)
{
	Owner		owner = {.ratio = 1};
	Frontier	five = at(5);
	Frontier	four = at(4);
	HollowBatch batch = hollow(0, 9, 0, 1, 0);
	int64_t		read = 0;
	DdSpine		spine;
	CoreError	err;
	bool		closed;

	start(&spine, &owner, -3);
	CHECK(spine.trace.effort == 1);
	CHECK(dd_set_physical(&spine, &five, &err) == CORE_OK);
	CHECK(dd_set_physical(&spine, &four, &err) == CORE_PHYSICAL_REGRESSED);
	CHECK(dd_cursor_through(&spine, &four, count, &read, &err) == CORE_NOT_BEYOND_PHYSICAL);
	CHECK(dd_insert(&spine, &batch, &err) == CORE_OK);
	CHECK(dd_insert(&spine, &batch, &err) == CORE_LOWER_MISMATCH);
	CHECK(dd_cursor_through(&spine, &five, count, &read, &err) == CORE_STRADDLES && read == 0);
	CHECK(dd_apply_fuel(&spine, -1, &err) == CORE_FUEL);
	CHECK(dd_introduce_empty(&spine, 64, &err) == CORE_LEVEL);
	CHECK(dd_introduce_empty(&spine, -1, &err) == CORE_LEVEL);
	CHECK(dd_close(&spine, &closed, &err) == CORE_OK && closed);
	CHECK(dd_close(&spine, &closed, &err) == CORE_OK && !closed);
	five = at(END);
	CHECK(dd_set_logical(&spine, &five, &err) == CORE_OK);
	CHECK(dd_cursor_through(&spine, &five, count, &read, &err) == CORE_CLOSED);
	end_case("arguments that are refused, and closing");
}

int
main(void)
{
	test_random();
	test_idle();
	test_arguments();
	return end_tests();
}
