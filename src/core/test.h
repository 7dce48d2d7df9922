/*
 * test.h
 *		What the tests of the core share: TAP lines, random numbers, and short
 *		ways to write frontiers, batches and traces down.
 *
 * A test is a program of its own that links the core.  It checks as much as it
 * likes with CHECK, and ends each case with end_case, which prints the line.
 */
#ifndef SPINE_CORE_TEST_H
#define SPINE_CORE_TEST_H

#include "core/image.h"
#include "core/hollow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where traces and frontiers of the tests have their memory, till they end. */
static Chunks test_chunks;

static inline Arena
test_arena(void)
{
	return chunks_arena(&test_chunks);
}

/* ---------------------------------------------------------------- TAP lines */

typedef struct Tap
{
	int			cases;
	int			failed;
	int			wrong;			/* checks that failed in the case under way */
} Tap;

static Tap	tap;

#define CHECK(condition) check_at(condition, #condition, __FILE__, __LINE__)

static inline bool
check_at(bool good, const char *what, const char *file, int line)
{
	if (!good && ++tap.wrong <= 10)
		printf("# %s:%d: %s\n", file, line, what);
	return good;
}

static inline void
end_case(const char *what)
{
	tap.cases++;
	tap.failed += tap.wrong > 0;
	printf("%sok %d - %s\n", tap.wrong > 0 ? "not " : "", tap.cases, what);
	fflush(stdout);
	tap.wrong = 0;
}

/* The plan; what main returns. */
static inline int
end_tests(void)
{
	printf("1..%d\n", tap.cases);
	chunks_free(&test_chunks);
	return tap.failed > 0;
}

/* ----------------------------------------------------------- random numbers */

typedef struct Dice
{
	uint64_t	state;
} Dice;

static inline uint64_t
roll(Dice *dice)
{
	uint64_t	z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t
below(Dice *dice, uint64_t limit)
{
	return roll(dice) % limit;
}

static inline bool
chance(Dice *dice, int percent)
{
	return below(dice, 100) < (uint64_t) percent;
}

/* --------------------------------------------------- frontiers and batches */

/* As a time in a test: the empty frontier. */
#define END UINT64_MAX

static inline Frontier
at(uint64_t time)
{
	return time == END ? frontier_empty() : frontier_of(time);
}

static inline Description
desc(uint64_t lower, uint64_t upper, uint64_t since)
{
	return (Description) {at(lower), at(upper), at(since)};
}

static inline bool
description_equal(const Description *a, const Description *b)
{
	return frontier_equal(&a->lower, &b->lower) && frontier_equal(&a->upper, &b->upper) &&
		frontier_equal(&a->since, &b->since);
}

/* Part keys that batches of the tests use the first few of. */
#define MOST_PARTS 8
static const char *const part_keys[MOST_PARTS] = {
	"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"
};

static inline HollowBatch
hollow(uint64_t lower, uint64_t upper, uint64_t since, int64_t len,
	   int32_t nparts)
{
	return (HollowBatch)
	{
		.desc = desc(lower, upper, since), .len = len, .nparts = nparts,
		.parts = part_keys
	};
}

/* ------------------------------------------------------------------- traces */

/* An image in memory of exactly its size, so that reading past it is noticed. */
typedef struct Image
{
	size_t		size;
	uint8_t    *bytes;
} Image;

static inline Image
image_from(const uint8_t *bytes, size_t size)
{
	Image		image = {size, malloc(size > 0 ? size : 1)};

	if (image.bytes == NULL)
		abort();
	memcpy(image.bytes, bytes, size);
	return image;
}

static inline Image
image_of(const Trace *trace)
{
	size_t		size = image_write(trace, NULL, 0);
	Image		image = {size, malloc(size)};

	if (image.bytes == NULL)
		abort();
	CHECK(image_write(trace, image.bytes, size) == size);
	return image;
}

static inline bool
image_equal(const Image *a, const Image *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Everything that a trace is. */
static inline bool
trace_equal(const Trace *a, const Trace *b)
{
	Image		one = image_of(a);
	Image		two = image_of(b);
	bool		equal = image_equal(&one, &two) && a->next_id == b->next_id &&
		frontier_equal(&a->upper, &b->upper);

	free(one.bytes);
	free(two.bytes);
	return equal;
}

static inline void
start_trace(Trace *trace, int effort)
{
	CoreError	err;

	CHECK(trace_init(trace, 1, effort, test_arena(), &err) == CORE_OK);
}

/* Pushes a batch that is legal, and keeps the list, if any, up to date. */
static inline void
push(Trace *trace, HollowList *list, const HollowBatch *batch,
	 PushEffects *effects)
{
	CoreError	err;

	if (CHECK(trace_push(trace, batch, effects, &err) == CORE_OK) &&
		list != NULL)
		hollow_pushed(list, batch, effects);
	CHECK(trace_validate(trace, &err) == CORE_OK);
}

/* Pushes a batch with one part over the next unit of time. */
static inline void
push_length(Trace *trace, HollowList *list, int64_t len, PushEffects *effects)
{
	HollowBatch batch = hollow(trace->upper.time, trace->upper.time + 1, 0,
							   len, 1);

	push(trace, list, &batch, effects);
}

/* [0][10], since [3], with a merge under way on two levels. */
static inline void
start_busy_trace(Trace *trace, PushEffects *effects)
{
	static const int64_t lengths[] = {9, 16, 1, 1, 0, 3, 4, 1, 2, 1};
	Frontier	since = at(3);
	CoreError	err;

	start_trace(trace, 1);
	for (int i = 0; i < 10; i++)
		push_length(trace, NULL, lengths[i], effects);
	CHECK(trace_downgrade_since(trace, &since, &err) == CORE_OK);
}

/* How many there are. */
static inline int
spine_batches(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	int			count = 0;

	while (levels_next(&trace->levels, &walk, NULL) != NULL)
		count++;
	return count;
}

static inline SpineBatch *
oldest(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);

	return levels_next(&trace->levels, &walk, NULL);
}

/* ----------------------------------------------------------- merge results */

/* Matches a result, which must not change anything yet. */
static inline Status
match(Trace *trace, HollowList *list, const HollowBatch *result,
	  ApplyEffect *effect)
{
	HollowSource source = hollow_source(list);
	CoreError	err = {0};
	Trace		before;
	Status		status;

	trace_copy(&before, trace, test_arena());
	status = trace_match(trace, result, &source, effect, &err);
	CHECK(trace_equal(trace, &before));
	CHECK(err.status == status);
	return status;
}

static inline MergeOutcome
outcome_of(Trace *trace, HollowList *list, const HollowBatch *result)
{
	ApplyEffect effect;

	CHECK(match(trace, list, result, &effect) == CORE_OK);
	CHECK((effect.batch == NULL) == (effect.outcome == NOT_APPLIED_NO_MATCH));
	return effect.outcome;
}

/* Matches and applies; checks the ids replaced and what the batch sums up to. */
static inline void
apply(Trace *trace, HollowList *list, const HollowBatch *result,
	  MergeOutcome outcome, uint64_t lo, uint64_t hi, HollowSum sum)
{
	ApplyEffect effect;
	CoreError	err;

	CHECK(match(trace, list, result, &effect) == CORE_OK);
	if (!CHECK(effect.outcome == outcome))
		return;
	CHECK(effect.lo == lo && effect.hi == hi);
	CHECK(effect.left.len == sum.len && effect.left.parts == sum.parts &&
		  effect.left.hollow == sum.hollow);
	trace_apply(trace, result, &effect);
	hollow_replace(list, effect.lo, effect.hi, result);
	CHECK(effect.batch->len == sum.len && effect.batch->parts == sum.parts &&
		  effect.batch->hollow == sum.hollow);
	CHECK(trace_validate(trace, &err) == CORE_OK);
}

#endif
