/*
 * test_batch.c
 *		Which descriptions and hollow batches are legal, and what is said of
 *		those that are not.
 */
#include "core/test.h"

static const uint64_t times[] = {0, 1, 5, TIME_MAX - 1, TIME_MAX, END};

#define NTIMES ((int) (sizeof(times) / sizeof(times[0])))

/* Every pair of bounds; END is the greatest number, so plain order will do. */
static void
test_intervals(void)
{
	for (int i = 0; i < NTIMES; i++)
		for (int k = 0; k < NTIMES; k++)
		{
			Description d = desc(times[i], times[k], END);
			CoreError	err = {0};
			Status		status = description_check(&d, &err);
			Status		expected = CORE_OK;

			if (times[i] == END)
				expected = CORE_LOWER_EMPTY;
			else if (times[i] == times[k])
				expected = CORE_LOWER_EQUALS_UPPER;
			else if (times[i] > times[k])
				expected = CORE_INVERTED;
			CHECK(status == expected);
			CHECK(err.status == expected);
			CHECK((err.message[0] != '\0') == (expected != CORE_OK));
		}
	end_case("intervals of time, and what is none");
}

static void
check_says(const Description *d, const char *message, const char *detail)
{
	CoreError	err;

	CHECK(description_check(d, &err) != CORE_OK);
	CHECK(strcmp(err.message, message) == 0);
	CHECK(strstr(err.detail, detail) != NULL);
}

static void
test_interval_messages(void)
{
	Description d;

	d = desc(END, END, 0);
	check_says(&d, "lower is empty", "[]");
	d = desc(END, 7, 0);
	check_says(&d, "lower is empty", "[7]");
	d = desc(7, 7, 0);
	check_says(&d, "lower equals upper", "[7]");
	d = desc(TIME_MAX, TIME_MAX - 1, 0);
	check_says(&d, "lower is not before upper", "[9223372036854775807]");
	check_says(&d, "lower is not before upper", "[9223372036854775806]");
	end_case("messages name the bounds");
}

static void
test_print(void)
{
	Description d = desc(TIME_MAX, TIME_MAX, TIME_MAX);
	char		buf[DESCRIPTION_PRINT_SIZE];

	CHECK(strcmp(description_print(&d, buf),
				 "[9223372036854775807][9223372036854775807]"
				 "[9223372036854775807]") == 0);
	d = desc(0, END, 5);
	CHECK(description_print(&d, buf) == buf);
	CHECK(strcmp(buf, "[0][][5]") == 0);
	end_case("text of a description");
}

static Status
check_batch(const HollowBatch *batch, const char *message)
{
	CoreError	err = {0};
	Status		status = hollow_batch_check(batch, &err);

	CHECK(status == err.status);
	CHECK(strcmp(err.message, message) == 0);
	CHECK((err.detail[0] != '\0') == (status != CORE_OK));
	return status;
}

static void
test_length(void)
{
	HollowBatch batch = hollow(0, 1, 0, 0, 0);
	int64_t		good[] = {0, 1, INT64_MAX};
	int64_t		bad[] = {-1, -2, INT64_MIN};

	for (int i = 0; i < 3; i++)
	{
		batch.len = good[i];
		for (batch.nparts = 0; batch.nparts < 3; batch.nparts++)
			CHECK(check_batch(&batch, "") == CORE_OK);
		batch.len = bad[i];
		CHECK(check_batch(&batch, "length is negative") == CORE_LENGTH);
	}
	end_case("lengths; with parts and without, whatever the length");
}

static void
test_parts(void)
{
	const char *null_first[] = {NULL, "a", "b"};
	const char *null_last[] = {"a", "b", NULL};
	const char *blank[] = {"a", "", "b"};
	const char *space[] = {" "};
	HollowBatch batch = hollow(0, 1, 0, 1, 3);

	batch.parts = null_first;
	CHECK(check_batch(&batch, "part key is null") == CORE_PART);
	batch.parts = null_last;
	CHECK(check_batch(&batch, "part key is null") == CORE_PART);
	batch.nparts = 2;
	CHECK(check_batch(&batch, "") == CORE_OK);
	batch.parts = blank;
	CHECK(check_batch(&batch, "part key is empty") == CORE_PART);
	batch.parts = space;
	batch.nparts = 1;
	CHECK(check_batch(&batch, "") == CORE_OK);
	batch.parts = NULL;
	batch.nparts = 1000000;
	CHECK(check_batch(&batch, "") == CORE_OK);
	end_case("part keys: null, empty, and only counted");
}

typedef struct RunsCase
{
	int32_t		nparts;
	int32_t		nruns;
	int32_t		runs[4];
	const char *message;
} RunsCase;

static void
test_runs(void)
{
	static const char outside[] = "run is outside parts";
	static const char unsorted[] = "runs are not increasing";
	static const RunsCase cases[] = {
		{4, 0, {0}, ""},
		{4, 1, {1}, ""},
		{4, 1, {3}, ""},
		{4, 3, {1, 2, 3}, ""},
		{4, 2, {1, 3}, ""},
		{4, 1, {0}, outside},
		{4, 1, {-1}, outside},
		{4, 1, {INT32_MIN}, outside},
		{4, 1, {4}, outside},
		{4, 1, {INT32_MAX}, outside},
		{4, 2, {2, 4}, outside},
		{0, 1, {0}, outside},
		{0, 1, {1}, outside},
		{1, 1, {1}, outside},
		{4, 2, {2, 2}, unsorted},
		{4, 2, {3, 2}, unsorted},
		{4, 3, {1, 3, 2}, unsorted},
		{4, 4, {1, 2, 3, 3}, unsorted}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		HollowBatch batch = hollow(0, 1, 0, 1, cases[i].nparts);

		batch.nruns = cases[i].nruns;
		batch.runs = cases[i].runs;
		if (!CHECK(check_batch(&batch, cases[i].message) ==
				   (cases[i].message[0] == '\0' ? CORE_OK : CORE_RUNS)))
			printf("# case %zu\n", i);
	}
	end_case("runs: outside parts, not increasing");
}

static void
test_precedence(void)
{
	const char *parts[] = {""};
	int32_t		runs[] = {0};
	HollowBatch batch = hollow(1, 1, 0, -1, 1);

	batch.parts = parts;
	batch.nruns = 1;
	batch.runs = runs;
	CHECK(check_batch(&batch, "length is negative") == CORE_LENGTH);
	batch.len = 0;
	CHECK(check_batch(&batch, "part key is empty") == CORE_PART);
	parts[0] = "a";
	CHECK(check_batch(&batch, "run is outside parts") == CORE_RUNS);
	batch.nruns = 0;
	CHECK(check_batch(&batch, "") == CORE_OK);
	end_case("length first, then parts, then runs; never the description");
}

int
main(void)
{
	test_intervals();
	test_interval_messages();
	test_print();
	test_length();
	test_parts();
	test_runs();
	test_precedence();
	return end_tests();
}
