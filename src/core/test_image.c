/*
 * test_image.c
 *		The byte image of a trace: there and back after every step of random
 *		histories, and every kind of damage.
 *
 * Damage must be noticed (CORE_CORRUPT), or give a valid trace whose own image
 * is the damaged one: there is one image for each trace, and one trace for each
 * image.
 */
#include "core/test.h"

static PushEffects effects;

/* Lengths of a random history; each profile makes levels of another shape. */
static int64_t
some_length(Dice *dice, int profile)
{
	switch (profile)
	{
		case 0:
			return 1;
		case 1:
			return chance(dice, 80) ? 0 : (int64_t) below(dice, 4);
		case 2:
			return (int64_t) below(dice, 1000);
		case 3:
			return INT64_C(1) << below(dice, 63);
		default:
			return (int64_t) (roll(dice) >> 1 >> below(dice, 63));
	}
}

/* A push, or since goes forward, or a merge result for some spine batch. */
static void
step(Trace *trace, HollowList *list, Dice *dice, int profile)
{
	uint64_t	upper = trace->upper.time;
	HollowBatch batch = hollow(upper, upper + 1 + below(dice, 300),
							   below(dice, trace->since.time + 1),
							   some_length(dice, profile),
							   (int32_t) below(dice, 4));
	Frontier	since = at(trace->since.time + below(dice, 500));
	CoreError	err;

	if (chance(dice, 10))
		CHECK(trace_downgrade_since(trace, &since, &err) == CORE_OK);
	batch.runs = (const int32_t[]) {1};
	batch.nruns = batch.nparts > 1 && chance(dice, 20);
	push(trace, list, &batch, &effects);
	if (chance(dice, 30))
	{
		HollowSource source = hollow_source(list);
		HollowEntry *entry = &list->entries[below(dice, list->count)];
		ApplyEffect effect;

		batch = hollow(entry->batch.desc.lower.time,
					   entry->batch.desc.upper.time, 0, 0, 1);
		CHECK(trace_match(trace, &batch, &source, &effect, &err) == CORE_OK);
		CHECK(effect.outcome <= APPLIED_SUBSET);
		trace_apply(trace, &batch, &effect);
		hollow_replace(list, effect.lo, effect.hi, &batch);
	}
}

/* Reads bytes; whatever comes of it must be right. */
static Status
check_read(const Image *image)
{
	Trace		trace;
	CoreError	err = {0};
	Image		again;
	Status		status;

	status = image_read(image->bytes, image->size, test_arena(), &trace, &err);
	CHECK(err.status == status);
	if (status != CORE_OK)
	{
		CHECK(status == CORE_CORRUPT);
		CHECK(err.message[0] != '\0');
		return status;
	}
	CHECK(trace_validate(&trace, &err) == CORE_OK);
	again = image_of(&trace);
	CHECK(image_equal(image, &again));
	free(again.bytes);
	return status;
}

static void
check_round_trip(const Trace *trace)
{
	Image		image = image_of(trace);
	Trace		again;
	CoreError	err;

	CHECK(image_read(image.bytes, image.size, test_arena(), &again, &err) == CORE_OK);
	CHECK(trace_equal(trace, &again));
	free(image.bytes);
}

static void
test_round_trip(int profile, const char *name)
{
	Dice		dice = {(uint64_t) profile + 10};
	char		what[80];

	for (int history = 0; history < 20; history++)
	{
		HollowList	list = {0};
		Trace		trace;

		start_trace(&trace, 1 + (int) below(&dice, 4));
		check_round_trip(&trace);
		for (int i = 0; i < 200; i++)
		{
			step(&trace, &list, &dice, profile);
			check_round_trip(&trace);
		}
		hollow_clear(&list);
	}
	snprintf(what, sizeof(what), "there and back after every step: %s", name);
	end_case(what);
}

static void
test_bounds(void)
{
	HollowBatch last = hollow(TIME_MAX, END, END, INT64_MAX, INT32_MAX);
	HollowBatch first = hollow(0, TIME_MAX, TIME_MAX, INT64_MAX, INT32_MAX);
	Frontier	since = at(END);
	Trace		trace;
	CoreError	err;

	first.parts = NULL;
	last.parts = NULL;
	start_trace(&trace, INT32_MAX);
	CHECK(trace_downgrade_since(&trace, &since, &err) == CORE_OK);
	check_round_trip(&trace);
	push(&trace, NULL, &first, &effects);
	check_round_trip(&trace);
	push(&trace, NULL, &last, &effects);
	check_round_trip(&trace);
	end_case("greatest numbers, and the end of time");
}

/* A trace with levels of every kind, as an image to damage. */
static Image
some_image(int seed)
{
	Dice		dice = {(uint64_t) seed};
	HollowList	list = {0};
	Trace		trace;
	Image		image;
	int			steps = 3 + (int) below(&dice, 60);

	start_trace(&trace, 1);
	for (int i = 0; i < steps; i++)
		step(&trace, &list, &dice, seed % 5);
	hollow_clear(&list);
	image = image_of(&trace);
	return image;
}

#define NIMAGES 25

static void
test_truncations(void)
{
	for (int seed = 0; seed < NIMAGES; seed++)
	{
		Image		image = some_image(seed);

		CHECK(check_read(&image) == CORE_OK);
		for (size_t size = 0; size < image.size; size++)
		{
			Image		cut = image_from(image.bytes, size);

			CHECK(check_read(&cut) == CORE_CORRUPT);
			free(cut.bytes);
		}
		free(image.bytes);
	}
	end_case("every truncation is noticed");
}

static void
test_changes(void)
{
	long		valid = 0;
	long		corrupt = 0;

	for (int seed = 0; seed < NIMAGES; seed++)
	{
		Image		image = some_image(seed);

		for (size_t i = 0; i < image.size; i++)
		{
			uint8_t		was = image.bytes[i];

			for (int change = 1; change < 256; change++)
			{
				image.bytes[i] = was ^ (uint8_t) change;
				if (check_read(&image) == CORE_OK)
					valid++;
				else
					corrupt++;
			}
			image.bytes[i] = was;
		}
		free(image.bytes);
	}
	CHECK(valid > 1000 && corrupt > 1000);
	end_case("every change of one byte is noticed, or makes another image");
}

static void
test_insertions(void)
{
	static const uint8_t inserted[] = {0, 1, 2, 0x7f, 0x80, 0xff};

	for (int seed = 0; seed < NIMAGES; seed++)
	{
		Image		image = some_image(seed);

		for (size_t i = 0; i <= image.size; i++)
		{
			uint8_t		buf[4096];

			if (!CHECK(image.size < sizeof(buf)))
				return;
			memcpy(buf, image.bytes, i);
			memcpy(buf + i + 1, image.bytes + i, image.size - i);
			for (size_t k = 0; k < sizeof(inserted); k++)
			{
				Image		longer;
				Status		status;

				buf[i] = inserted[k];
				longer = image_from(buf, image.size + 1);
				status = check_read(&longer);
				CHECK(status == CORE_CORRUPT || i < image.size);
				free(longer.bytes);
			}
		}
		free(image.bytes);
	}
	end_case("bytes too many are noticed, or make another image");
}

/* Version, dims, effort, since, no physical frontier, no levels, none pending. */
#define EMPTY_IMAGE(effort) {2, 1, effort, 1, 0, 0, 0}

/* The effort of an image, spelled with bytes more than it needs. */
static void
test_spelling(void)
{
	static const uint8_t good[] = EMPTY_IMAGE(1);
	static const uint8_t greater[] = {2, 1, 0x80, 1, 1, 0, 0, 0};
	static const uint8_t longer[] = {2, 1, 0x81, 0, 1, 0, 0, 0};
	static const uint8_t too_long[] = {
		2, 1, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 0, 0, 0
	};
	static const uint8_t versions[] = {0, 1, 3, 255};
	Image		image = {sizeof(good), (uint8_t *) good};

	CHECK(check_read(&image) == CORE_OK);
	image = (Image) {sizeof(greater), (uint8_t *) greater};
	CHECK(check_read(&image) == CORE_OK);
	image = (Image) {sizeof(longer), (uint8_t *) longer};
	CHECK(check_read(&image) == CORE_CORRUPT);
	image = (Image) {sizeof(too_long), (uint8_t *) too_long};
	CHECK(check_read(&image) == CORE_CORRUPT);
	for (size_t i = 0; i < sizeof(versions); i++)
	{
		image = image_from(good, sizeof(good));
		image.bytes[0] = versions[i];
		CHECK(check_read(&image) == CORE_CORRUPT);
		free(image.bytes);
	}
	end_case("one spelling for each number; other versions are refused");
}

/* Too little room: what there is of it is filled, and nothing beyond. */
static void
test_room(void)
{
	Image		image = some_image(7);
	Trace		trace;
	CoreError	err;
	uint8_t		buf[4096];

	CHECK(image_read(image.bytes, image.size, test_arena(), &trace, &err) == CORE_OK);
	for (size_t room = 0; room < image.size + 2; room++)
	{
		size_t		filled = room < image.size ? room : image.size;

		memset(buf, 0xa5, sizeof(buf));
		CHECK(image_write(&trace, buf, room) == image.size);
		CHECK(memcmp(buf, image.bytes, filled) == 0 && buf[filled] == 0xa5);
	}
	free(image.bytes);
	end_case("an image that does not fit is cut off, and its size told");
}

static void
test_random_bytes(void)
{
	Dice		dice = {20};
	int			valid = 0;

	for (int i = 0; i < 400000; i++)
	{
		uint8_t		buf[48] = EMPTY_IMAGE(1);
		size_t		from = chance(&dice, 90) ? 5 : 0;
		Image		image;

		for (size_t k = from; k < sizeof(buf); k++)
			buf[k] = (uint8_t) (chance(&dice, 80) ? below(&dice, 4) :
								roll(&dice));
		buf[1] = (uint8_t) (from == 0 ? buf[1] : 1 + below(&dice, 3));
		image = image_from(buf, below(&dice, sizeof(buf) + 1));
		valid += check_read(&image) == CORE_OK;
		free(image.bytes);
		chunks_free(&test_chunks);
	}
	CHECK(valid > 100);
	end_case("random bytes");
}

/*
 * A damaged image that reads as valid is a trace like any other: pushing onto
 * it may fail, but no more than that.  The end of the ids is left out.
 */
static void
check_alive(const Image *image, Dice *dice)
{
	Trace		trace;
	CoreError	err;

	if (image_read(image->bytes, image->size, test_arena(), &trace, &err) != CORE_OK ||
		frontier_is_empty(&trace.upper) || trace.dims != 1)
		return;
	for (int i = 0; i < 20 && trace.upper.time < TIME_MAX; i++)
	{
		HollowBatch batch = hollow(trace.upper.time, trace.upper.time + 1, 0,
								   some_length(dice, i % 5), 1);
		Status		status = trace_push(&trace, &batch, &effects, &err);

		CHECK(status == CORE_OK || status == CORE_CORRUPT ||
			  status == CORE_LIMIT);
		if (status != CORE_OK)
			return;
		CHECK(trace_validate(&trace, &err) == CORE_OK);
	}
}

static void
test_alive(void)
{
	Dice		dice = {21};

	for (int i = 0; i < 6000; i++)
	{
		Image		image = some_image((int) below(&dice, 200));

		for (int k = 0; k < 10; k++)
		{
			size_t		where = below(&dice, image.size);
			uint8_t		was = image.bytes[where];

			image.bytes[where] = (uint8_t) roll(&dice);
			check_alive(&image, &dice);
			image.bytes[where] = was;
		}
		free(image.bytes);
	}
	end_case("a damaged image that reads as valid is no danger");
}

int
main(void)
{
	test_round_trip(0, "ones");
	test_round_trip(1, "mostly empty");
	test_round_trip(2, "mixed");
	test_round_trip(3, "powers of two");
	test_round_trip(4, "all magnitudes");
	test_bounds();
	test_truncations();
	test_changes();
	test_insertions();
	test_spelling();
	test_room();
	test_random_bytes();
	test_alive();
	return end_tests();
}
