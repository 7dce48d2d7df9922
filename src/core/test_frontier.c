/*
 * test_frontier.c
 *		Frontiers: text and binary form, good and bad; order, join and meet
 *		against the plain definition of what a frontier covers.
 */
#include "core/test.h"

#include <inttypes.h>

/* Parses a copy of exactly the text's size; checks that all of it is read. */
static Status
parse(const char *text, Frontier *result)
{
	Image		copy = image_from((const uint8_t *) text, strlen(text) + 1);
	const char *p = (const char *) copy.bytes;
	Arena		arena = test_arena();
	CoreError	err = {0};
	Status		status = frontier_parse(&p, &arena, result, &err);

	if (status == CORE_OK)
		CHECK(*p == '\0');
	else
	{
		CHECK(p == (const char *) copy.bytes);
		CHECK(err.status == status);
		CHECK(err.message[0] != '\0');
		CHECK(err.detail[0] != '\0');
		for (p = err.detail; *p != '\0'; p++)
			CHECK(*p >= ' ' && *p <= '~');
	}
	free(copy.bytes);
	return status;
}

typedef struct TextCase
{
	const char *text;
	uint64_t	time;
} TextCase;

static void
test_text_in(void)
{
	static const TextCase cases[] = {
		{"[]", END}, {"[0]", 0}, {"[5]", 5}, {"[007]", 7},
		{"[9223372036854775807]", TIME_MAX},
		{"[00000000000000000000000000009]", 9},
		{" [ ] ", END}, {"  [5]", 5}, {"[ 5 ]", 5}, {"\t[\n5\r\f\v]", 5},
		{"[5,6]", 5}, {"[6,5]", 5}, {"[7, 5 ,6]", 5}, {"[5,5,5]", 5},
		{"[9223372036854775807,0]", 0}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Frontier	f = at(99);
		Frontier	expected = at(cases[i].time);
		const char *p = cases[i].text;
		Arena		arena = test_arena();
		CoreError	err;

		CHECK(frontier_parse(&p, &arena, &f, &err) == CORE_OK);
		CHECK(frontier_equal(&f, &expected));
		CHECK(f.dims == expected.dims && f.count == expected.count);
		CHECK(*p == '\0' || strcmp(p, " ") == 0);
	}
	end_case("text in, with spaces and elements to drop");
}

static void
test_text_in_row(void)
{
	const char *p = "[1] [] [3]rest";
	uint64_t	expected[] = {1, END, 3};
	Arena		arena = test_arena();
	CoreError	err;

	for (int i = 0; i < 3; i++)
	{
		Frontier	f;
		Frontier	wanted = at(expected[i]);

		CHECK(frontier_parse(&p, &arena, &f, &err) == CORE_OK);
		CHECK(frontier_equal(&f, &wanted));
	}
	CHECK(strcmp(p, "rest") == 0);
	end_case("parsing stops behind the closing bracket");
}

static void
check_refused(const char *const *texts, Status expected)
{
	for (int i = 0; texts[i] != NULL; i++)
	{
		Frontier	f = at(99);
		Status		status = parse(texts[i], &f);

		if (!CHECK(status == expected))
			printf("# \"%s\" gave %d\n", texts[i], status);
		CHECK(f.count == 1 && f.time == 99);
	}
}

static void
test_malformed(void)
{
	static const char *const texts[] = {
		"", " ", "5", "]", "[", "[ ", "[5", "[5 ", "[5,", "[5,6", "[,", "[,]",
		"[,5]", "[5,]", "[5, ]", "[5,,6]", "[5 6]", "[5;6]", "[5)", "[5}",
		"[x]", "[5x]", "[x5]", "[0x5]", "[5.0]", "[5e3]", "[+5]", "[[5]]",
		"[5[", "(5)", "{5}", "x[5]", "[\"5\"]", "[five]", "[*]", "[5\x80]",
		"\xa0[5]", NULL
	};

	check_refused(texts, CORE_SYNTAX);
	end_case("malformed text");
}

static void
test_out_of_range(void)
{
	static const char *const texts[] = {
		"[9223372036854775808]", "[9223372036854775809]",
		"[9223372036854775810]", "[18446744073709551615]",
		"[18446744073709551616]", "[18446744073709551621]",
		"[99999999999999999999999999999999999999]",
		"[5,9223372036854775808]", "[-1]", "[-0]", "[5,-5]", "[-]", NULL
	};

	check_refused(texts, CORE_RANGE);
	end_case("times out of range");
}

static void
test_text_out(void)
{
	static const TextCase cases[] = {
		{"[]", END}, {"[0]", 0}, {"[5]", 5},
		{"[9223372036854775807]", TIME_MAX}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Frontier	f = at(cases[i].time);
		char		buf[FRONTIER_PRINT_SIZE];

		CHECK(frontier_print(&f, buf) == buf);
		CHECK(strcmp(buf, cases[i].text) == 0);
	}
	end_case("text out");
}

/* Whatever is accepted prints as something that reads as the same. */
static void
test_random_text(void)
{
	static const char alphabet[] = "[][]0159,, ()-x\n";
	Dice		dice = {1};
	Arena		arena = test_arena();
	int			good = 0;

	for (int i = 0; i < 300000; i++)
	{
		char		text[32];
		char		buf[FRONTIER_PRINT_SIZE];
		size_t		size = below(&dice, 9);
		const char *p = text;
		Frontier	f;
		Frontier	again;
		CoreError	err;

		for (size_t k = 0; k < size; k++)
			text[k] = alphabet[below(&dice, sizeof(alphabet) - 1)];
		text[size] = '\0';
		if (chance(&dice, 50))
			text[0] = size > 0 ? '[' : '\0';
		if (frontier_parse(&p, &arena, &f, &err) != CORE_OK)
			continue;
		good++;
		CHECK(p > text && p <= text + size && p[-1] == ']');
		CHECK(frontier_text_size(&f) <= sizeof(buf));
		CHECK(parse(frontier_text(&f, buf), &again) == CORE_OK);
		CHECK(frontier_equal(&f, &again));
	}
	CHECK(good > 1000);
	end_case("random text");
}

/* ------------------------------------------------- order, join, and meet */

static const uint64_t samples[] = {
	0, 1, 2, 5, UINT64_C(1) << 32, TIME_MAX - 1, TIME_MAX, END
};

#define NSAMPLES ((int) (sizeof(samples) / sizeof(samples[0])))

/* The set of the sampled times that a frontier covers, one bit for each. */
static unsigned
covered(const Frontier *f)
{
	unsigned	set = 0;

	for (int i = 0; samples[i] != END; i++)
		if (f->count == 1 && samples[i] >= f->time)
			set |= 1U << i;
	return set;
}

static void
test_order(void)
{
	for (int i = 0; i < NSAMPLES; i++)
		for (int k = 0; k < NSAMPLES; k++)
		{
			Frontier	a = at(samples[i]);
			Frontier	b = at(samples[k]);
			bool		less_equal = (covered(&b) & ~covered(&a)) == 0;
			bool		equal = covered(&a) == covered(&b);

			CHECK(frontier_less_equal(&a, &b) == less_equal);
			CHECK(frontier_equal(&a, &b) == equal);
			CHECK(frontier_less_than(&a, &b) == (less_equal && !equal));
		}
	end_case("a is before b when it covers all that b covers");
}

static void
test_join_meet(void)
{
	for (int i = 0; i < NSAMPLES; i++)
		for (int k = 0; k < NSAMPLES; k++)
		{
			Frontier	a = at(samples[i]);
			Frontier	b = at(samples[k]);
			Arena		none = {0};
			Frontier	join;
			Frontier	meet;
			CoreError	err;

			CHECK(frontier_join(&a, &b, &none, &join, &err) == CORE_OK);
			CHECK(frontier_meet(&a, &b, &none, &meet, &err) == CORE_OK);
			CHECK(covered(&join) == (covered(&a) & covered(&b)));
			CHECK(covered(&meet) == (covered(&a) | covered(&b)));
			CHECK(join.dims == join.count && meet.dims == meet.count);
		}
	end_case("join covers what both cover, meet what either covers");
}

static void
test_total_order(void)
{
	for (int i = 0; i < NSAMPLES; i++)
		for (int k = 0; k < NSAMPLES; k++)
		{
			Frontier	a = at(samples[i]);
			Frontier	b = at(samples[k]);
			int			order = frontier_compare_total(&a, &b);
			int			reverse = frontier_compare_total(&b, &a);

			CHECK((order == 0) == frontier_equal(&a, &b));
			CHECK((order < 0) == (reverse > 0));
			if (frontier_less_than(&a, &b))
				CHECK(order < 0);
			for (int m = 0; m < NSAMPLES; m++)
			{
				Frontier	c = at(samples[m]);

				if (order <= 0 && frontier_compare_total(&b, &c) <= 0)
					CHECK(frontier_compare_total(&a, &c) <= 0);
			}
		}
	end_case("the total order extends the partial one");
}

static void
test_bounds(void)
{
	Frontier	minimum = frontier_minimum(1);
	Frontier	empty = frontier_empty();

	for (int i = 0; i < NSAMPLES; i++)
	{
		Frontier	f = at(samples[i]);

		CHECK(frontier_less_equal(&minimum, &f));
		CHECK(frontier_less_equal(&f, &empty));
	}
	CHECK(!frontier_is_empty(&minimum) && minimum.time == 0);
	CHECK(frontier_is_empty(&empty));
	end_case("the minimum is first, the empty frontier last");
}

/* ------------------------------------------------------------ binary form */

static Status
read_binary(const uint8_t *bytes, size_t size, Frontier *result)
{
	Image		copy = image_from(bytes, size);
	Arena		arena = test_arena();
	CoreError	err = {0};
	Status		status = frontier_read(copy.bytes, size, &arena, result, &err);

	if (status != CORE_OK)
		CHECK(err.status == status && err.message[0] != '\0');
	free(copy.bytes);
	return status;
}

static void
test_binary(void)
{
	for (int i = 0; i < NSAMPLES; i++)
	{
		uint8_t		buf[9];
		Frontier	f = at(samples[i]);
		Frontier	again = at(99);
		size_t		size = FRONTIER_BINARY_SIZE(&f);

		frontier_write(&f, buf);
		CHECK(size == (frontier_is_empty(&f) ? 1 : 9));
		CHECK(read_binary(buf, size, &again) == CORE_OK);
		CHECK(frontier_equal(&f, &again) && f.dims == again.dims);
		if (samples[i] == UINT64_C(1) << 32)
			CHECK(memcmp(buf, "\1\0\0\0\1\0\0\0\0", 9) == 0);
	}
	end_case("binary form there and back");
}

static void
test_hostile_binary(void)
{
	uint8_t		buf[16] = {0};	/* one time of two dimensions has 17 */
	Frontier	f = at(99);

	for (size_t size = 0; size <= sizeof(buf); size++)
		for (int dims = 0; dims < 256; dims++)
		{
			bool		good = (size == 1 && dims == 0) ||
				(size == 9 && dims == 1);
			Frontier	g;
			Status		status;

			buf[0] = (uint8_t) dims;
			status = read_binary(buf, size, &g);
			CHECK(status == (good ? CORE_OK : CORE_BINARY));
		}
	memcpy(buf, "\1\x80\0\0\0\0\0\0\0", 9);
	CHECK(read_binary(buf, 9, &f) == CORE_RANGE);
	memset(buf + 1, 0xff, 8);
	CHECK(read_binary(buf, 9, &f) == CORE_RANGE);
	CHECK(f.time == 99);
	end_case("binary forms of every size and dimension, and out of range");
}

static void
test_random_binary(void)
{
	Dice		dice = {2};

	for (int i = 0; i < 200000; i++)
	{
		uint8_t		buf[16];
		uint8_t		again[16];
		size_t		size = chance(&dice, 70) ? 9 : below(&dice, 16);
		Frontier	f;

		for (size_t k = 0; k < size; k++)
			buf[k] = (uint8_t) roll(&dice);
		if (chance(&dice, 70))
			buf[0] = 1;
		if (read_binary(buf, size, &f) != CORE_OK)
			continue;
		CHECK(FRONTIER_BINARY_SIZE(&f) == size);
		frontier_write(&f, again);
		CHECK(memcmp(buf, again, size) == 0);
	}
	end_case("random bytes are refused, or read as what they spell");
}

int
main(void)
{
	test_text_in();
	test_text_in_row();
	test_malformed();
	test_out_of_range();
	test_text_out();
	test_random_text();
	test_order();
	test_join_meet();
	test_total_order();
	test_bounds();
	test_binary();
	test_hostile_binary();
	test_random_binary();
	return end_tests();
}
