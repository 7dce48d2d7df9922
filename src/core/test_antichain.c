/*
 * test_antichain.c
 *		Frontiers of several dimensions against the plain definition of what a
 *		frontier covers, on a small grid of times; their text and binary form.
 */
#include "core/test.h"

/* Coordinates 0 to SIDE - 1; at most 256 times. */
#define SIDE 4

typedef struct Cover
{
	bool		times[256];
} Cover;

static int
grid_size(int dims)
{
	return 1 << (2 * dims);
}

static uint64_t
coordinate(int time, int d)
{
	return (uint64_t) (time >> (2 * d)) % SIDE;
}

/* By definition: the times that are at or after some element in all coordinates. */
static Cover
cover_of(const uint64_t *elements, int count, int dims)
{
	Cover		cover = {{false}};

	for (int time = 0; time < grid_size(dims); time++)
		for (int i = 0; i < count; i++)
		{
			int			d = 0;

			while (d < dims && elements[i * dims + d] <= coordinate(time, d))
				d++;
			cover.times[time] |= d == dims;
		}
	return cover;
}

static Cover
cover(const Frontier *f)
{
	return cover_of(f->times, f->count, f->dims);
}

static bool
cover_equal(const Cover *a, const Cover *b)
{
	return memcmp(a, b, sizeof(Cover)) == 0;
}

static bool
cover_includes(const Cover *a, const Cover *b)
{
	for (int i = 0; i < 256; i++)
		if (b->times[i] && !a->times[i])
			return false;
	return true;
}

/* Elements may cover each other; *expected is what they cover together. */
static Frontier
some_frontier(Dice *dice, int dims, Cover *expected)
{
	Arena		arena = test_arena();
	int			count = (int) below(dice, 7);
	uint64_t   *elements = arena_alloc(&arena, sizeof(uint64_t) * (size_t) (dims * 7));
	Frontier	result;
	CoreError	err;

	for (int i = 0; i < count * dims; i++)
		elements[i] = below(dice, SIDE);
	*expected = cover_of(elements, count, dims);
	CHECK(frontier_from_elements(elements, (size_t) count, dims, &result, &err) == CORE_OK);
	return result;
}

static void
check_canonical(const Frontier *f, const Cover *expected)
{
	Cover		is = cover(f);
	Frontier	again;

	CHECK(cover_equal(&is, expected));
	CHECK((f->dims == 0) == (f->count == 0));
	if (f->count > 0)
		CHECK(frontier_adopt(f->times, f->count, f->dims, &again) &&
			  frontier_equal(f, &again));
	/* Without any one of its elements it would cover less. */
	for (int i = 0; i < f->count; i++)
	{
		uint64_t	rest[7 * 16 * MAX_DIMS];
		Cover		less;

		memcpy(rest, f->times, sizeof(uint64_t) * (size_t) (i * f->dims));
		memcpy(rest + i * f->dims, f->times + (i + 1) * f->dims,
			   sizeof(uint64_t) * (size_t) ((f->count - i - 1) * f->dims));
		less = cover_of(rest, f->count - 1, f->dims);
		CHECK(!cover_equal(&less, expected));
	}
}

static void
check_forms(const Frontier *f)
{
	Arena		arena = test_arena();
	size_t		size = frontier_text_size(f);
	Image		text = image_from((const uint8_t *) "", 0);
	Image		binary = text;
	const char *p;
	Frontier	again;
	CoreError	err;

	free(text.bytes);
	text = (Image) {size, malloc(size)};
	binary = (Image) {FRONTIER_BINARY_SIZE(f), malloc(FRONTIER_BINARY_SIZE(f))};
	p = frontier_text(f, (char *) text.bytes);
	CHECK(strlen(p) == size - 1);
	CHECK(frontier_parse(&p, &arena, &again, &err) == CORE_OK && *p == '\0');
	CHECK(frontier_equal(f, &again));
	frontier_write(f, binary.bytes);
	CHECK(frontier_read(binary.bytes, binary.size, &arena, &again, &err) == CORE_OK);
	CHECK(frontier_equal(f, &again));
	free(text.bytes);
	free(binary.bytes);
}

static void
check_pair(const Frontier *a, const Frontier *b, const Cover *in_a, const Cover *in_b)
{
	Arena		arena = test_arena();
	bool		before = cover_includes(in_a, in_b);
	bool		equal = cover_equal(in_a, in_b);
	int			order = frontier_compare_total(a, b);
	Frontier	join;
	Frontier	meet;
	Cover		both;
	Cover		either;
	CoreError	err;

	CHECK(frontier_less_equal(a, b) == before);
	CHECK(frontier_equal(a, b) == equal);
	CHECK(frontier_less_than(a, b) == (before && !equal));
	CHECK((order == 0) == equal);
	CHECK(!before || order <= 0);
	CHECK((order < 0) == (frontier_compare_total(b, a) > 0));
	for (int i = 0; i < 256; i++)
	{
		both.times[i] = in_a->times[i] && in_b->times[i];
		either.times[i] = in_a->times[i] || in_b->times[i];
	}
	CHECK(frontier_join(a, b, &arena, &join, &err) == CORE_OK);
	CHECK(frontier_meet(a, b, &arena, &meet, &err) == CORE_OK);
	check_canonical(&join, &both);
	check_canonical(&meet, &either);
}

static void
test_definition(void)
{
	Dice		dice = {1};

	for (int i = 0; i < 60000 && tap.wrong == 0; i++)
	{
		int			dims = 2 + i % 3;
		Cover		in_a;
		Cover		in_b;
		Cover		in_c;
		Frontier	a = some_frontier(&dice, dims, &in_a);
		Frontier	b = some_frontier(&dice, dims, &in_b);
		Frontier	c = some_frontier(&dice, dims, &in_c);

		check_canonical(&a, &in_a);
		check_pair(&a, &b, &in_a, &in_b);
		check_pair(&a, &a, &in_a, &in_a);
		check_forms(&a);
		if (frontier_compare_total(&a, &b) <= 0 && frontier_compare_total(&b, &c) <= 0)
			CHECK(frontier_compare_total(&a, &c) <= 0);
		chunks_free(&test_chunks);
	}
	end_case("order, join, meet, text and bytes, by what frontiers cover");
}

static void
parse_as(const char *text, const char *expected)
{
	Arena		arena = test_arena();
	const char *p = text;
	char		buf[FRONTIER_PRINT_SIZE];
	Frontier	f;
	CoreError	err;

	if (CHECK(frontier_parse(&p, &arena, &f, &err) == CORE_OK) &&
		!CHECK(strcmp(frontier_print(&f, buf), expected) == 0))
		printf("# %s became %s\n", text, buf);
}

static void
test_text(void)
{
	parse_as("[(0,3),(2,1)]", "[(0,3),(2,1)]");
	parse_as(" [ ( 2 ,1),( 0,3 ) ]", "[(0,3),(2,1)]");
	parse_as("[(1,2),(1,2),(2,2)]", "[(1,2)]");
	parse_as("[(9,0,0,0),(0,9,0,0),(0,0,9,0),(0,0,0,9)]",
			 "[(0,0,0,9),(0,0,9,0),(0,9,0,0),(9,0,0,0)]");
	parse_as("[(9223372036854775807,9223372036854775807,9223372036854775807,9223372036854775807)]",
			 "[(9223372036854775807,9223372036854775807,9223372036854775807,9223372036854775807)]");
	parse_as("[(1,90000000000000000),(2,80000000000000000),(3,70000000000000000),(4,60000000000000000),(5,0)]",
			 "[(1,90000000000000000),(2,80000000000000000),(3,70000000000000000),(4,60000000000000000),...]");
	end_case("text in and out; long ones are cut off for messages");
}

static void
check_refused(const char *text, Status expected)
{
	Arena		arena = test_arena();
	Image		copy = image_from((const uint8_t *) text, strlen(text) + 1);
	const char *p = (const char *) copy.bytes;
	Frontier	f;
	CoreError	err;

	if (!CHECK(frontier_parse(&p, &arena, &f, &err) == expected))
		printf("# %s\n", text);
	CHECK(p == (const char *) copy.bytes);
	free(copy.bytes);
}

static void
test_malformed(void)
{
	static const char *const syntax[] = {
		"[(", "[(1", "[(1,", "[(1,2", "[(1,2)", "[()]", "[(1)]", "[(1,)]", "[(,1)]",
		"[(1;2)]", "[((1,2))]", "[(1,2)(3,4)]", "[(1,2),]", "[,(1,2)]", "[(1,2]", NULL
	};
	static const char *const wrong[] = {
		"[(1,2),3]", "[3,(1,2)]", "[(1,2),(1,2,3)]", "[(1,2,3,4,5)]", "[(1,2,3,4),(1,2)]", NULL
	};

	for (int i = 0; syntax[i] != NULL; i++)
		check_refused(syntax[i], CORE_SYNTAX);
	for (int i = 0; wrong[i] != NULL; i++)
		check_refused(wrong[i], CORE_DIMS);
	check_refused("[(1,-2)]", CORE_RANGE);
	check_refused("[(9223372036854775808,1)]", CORE_RANGE);
	end_case("malformed text, and dimensions that differ");
}

static void
test_dims(void)
{
	Arena		arena = test_arena();
	Frontier	one = at(3);
	Frontier	two = frontier_minimum(2);
	Frontier	four = frontier_minimum(4);
	Frontier	end = at(END);
	Frontier	f;
	CoreError	err;

	CHECK(!frontier_less_equal(&one, &two) && !frontier_less_equal(&two, &one));
	CHECK(!frontier_less_equal(&four, &two) && !frontier_equal(&four, &two));
	CHECK(frontier_less_equal(&four, &end) && !frontier_less_equal(&end, &four));
	CHECK(frontier_join(&one, &two, &arena, &f, &err) == CORE_DIMS);
	CHECK(strstr(err.detail, "[3]") != NULL && strstr(err.detail, "[(0,0)]") != NULL);
	CHECK(frontier_meet(&two, &four, &arena, &f, &err) == CORE_DIMS);
	CHECK(frontier_join(&two, &end, &arena, &f, &err) == CORE_OK && f.count == 0);
	CHECK(frontier_meet(&end, &two, &arena, &f, &err) == CORE_OK && frontier_equal(&f, &two));
	CHECK(frontier_check_dims(&one, 2, "upper", &err) == CORE_DIMS);
	CHECK(frontier_check_dims(&end, 2, "upper", &err) == CORE_OK);
	CHECK(frontier_compare_total(&one, &two) < 0 && frontier_compare_total(&four, &end) < 0);
	end_case("dimensions that differ");
}

/* An antichain of two dimensions with so many elements. */
static Status
long_antichain(size_t count, uint64_t start, Frontier *result, CoreError *err)
{
	Arena		arena = test_arena();
	uint64_t   *times = arena_alloc(&arena, 2 * sizeof(uint64_t) * count);

	for (size_t i = 0; i < count; i++)
	{
		times[2 * i] = start + i;
		times[2 * i + 1] = start + count - i;
	}
	return frontier_from_elements(times, count, 2, result, err);
}

static void
test_limits(void)
{
	Arena		arena = test_arena();
	Frontier	a;
	Frontier	b;
	Frontier	f;
	CoreError	err;

	CHECK(long_antichain(MAX_ELEMENTS, 0, &a, &err) == CORE_OK && a.count == MAX_ELEMENTS);
	check_forms(&a);
	CHECK(long_antichain(MAX_ELEMENTS + 1, 0, &f, &err) == CORE_ELEMENTS);
	CHECK(long_antichain(200, 3000, &b, &err) == CORE_OK);
	CHECK(frontier_join(&a, &b, &arena, &f, &err) == CORE_ELEMENTS);
	CHECK(long_antichain(20, 4000, &b, &err) == CORE_OK);
	CHECK(frontier_join(&a, &b, &arena, &f, &err) == CORE_OK);
	CHECK(frontier_less_equal(&a, &f) && frontier_less_equal(&b, &f));
	CHECK(frontier_meet(&a, &b, &arena, &f, &err) == CORE_OK);
	CHECK(frontier_less_equal(&f, &a) && frontier_less_equal(&f, &b));
	end_case("the greatest antichains, and what is too much");
}

static void
test_hostile_binary(void)
{
	Dice		dice = {3};
	int			good = 0;

	for (int i = 0; i < 100000; i++)
	{
		Arena		arena = test_arena();
		uint8_t		bytes[1 + 8 * 3 * MAX_DIMS] = {0};
		uint8_t		again[sizeof(bytes)];
		int			dims = 1 + (int) below(&dice, MAX_DIMS + 1);
		size_t		size = 1 + 8 * (size_t) dims * below(&dice, 4) + (chance(&dice, 3) ? 1 : 0);
		Image		image;
		Frontier	f;
		CoreError	err;

		if (size > sizeof(bytes))
			size = sizeof(bytes);
		bytes[0] = (uint8_t) dims;
		for (size_t k = 8; k < size; k += 8)
			bytes[k] = (uint8_t) below(&dice, 5);
		image = image_from(bytes, size);
		if (frontier_read(image.bytes, size, &arena, &f, &err) == CORE_OK)
		{
			good++;
			CHECK(FRONTIER_BINARY_SIZE(&f) == size);
			frontier_write(&f, again);
			CHECK(memcmp(again, bytes, size) == 0);
		}
		free(image.bytes);
		chunks_free(&test_chunks);
	}
	CHECK(good > 1000);
	end_case("bytes are refused, or the only ones for what they spell");
}

int
main(void)
{
	test_definition();
	test_text();
	test_malformed();
	test_dims();
	test_limits();
	test_hostile_binary();
	return end_tests();
}
