/*
 * core.c
 *		What a push costs in the algorithm alone, and what a spine takes in
 *		memory.
 *
 *   make bench-core
 *
 * The two systems that the algorithm comes from were measured elsewhere, in
 * Rust; so that the ratio to them means something here, they were given in
 * nodes: the time in which the same machine allocates, fills, links and frees
 * one small node (calibrate below, the median of seven).  Each round calibrates
 * this machine anew.
 *
 * "push" is trace_push; "push, kept" also keeps the hollow batches, with copies
 * of their parts, in the list that programs without a server use; with requests
 * or without.  Prints the median of the rounds, with the least and greatest.
 */
#include "core/image.h"
#include "core/hollow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 7
#define PUSHES 1000000

/* Of the originals: ns per push at 29 ns per node (26 to 32 when measured). */
#define THEIR_NODE 29.0

typedef struct Workload
{
	const char *name;
	bool		mixed;
	double		theirs_requests;
	double		theirs_without;
	double		their_bytes;
} Workload;

static const Workload workloads[] = {
	{"length 1", false, 560, 200, 191},
	{"lengths 0 to 1000, most of them small", true, 576, 300, 187},
};

static void
must(bool condition)
{
	if (!condition)
		abort();
}

typedef struct Node
{
	struct Node *next;
	char		fill[120];
} Node;

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median(double *list)
{
	qsort(list, ROUNDS, sizeof(double), compare);
	return list[ROUNDS / 2];
}

/* ns for one node: a million allocated, every third taken out again at once */
static double
calibrate(void)
{
	double		start = seconds();
	Node	   *head = NULL;

	for (int i = 0; i < PUSHES; i++)
	{
		Node	   *node = malloc(sizeof(Node));

		must(node != NULL);
		memset(node->fill, i, sizeof(node->fill));
		node->next = head;
		head = node;
		if (i % 3 == 2)
		{
			Node	   *second = head->next;

			head->next = second->next;
			free(second);
		}
	}
	while (head != NULL)
	{
		Node	   *node = head;

		head = head->next;
		free(node);
	}
	return (seconds() - start) * 1e9 / PUSHES;
}

/* Many small ones and few large: the cube of an even distribution */
static int64_t
mixed_length(uint64_t *state)
{
	uint64_t	x;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	x = (*state >> 33) % 1001;
	return (int64_t) (x * x * x / 1000000);
}

/* ns per push; the size of the image that is left goes to *bytes */
static double
run(const Workload *workload, bool requests, bool keep, size_t *bytes)
{
	static Trace trace;
	static PushEffects effects;
	static uint8_t image[65536];
	HollowList	list = {0};
	CoreError	err;
	uint64_t	state = 1;
	const char *part = "part-of-a-batch";
	double		start;
	double		taken;

	must(trace_init(&trace, 1, 1, (Arena) {0}, &err) == CORE_OK);
	effects.want_requests = requests;
	start = seconds();
	for (uint64_t i = 0; i < PUSHES; i++)
	{
		HollowBatch batch = {
			.desc = {frontier_of(i), frontier_of(i + 1), frontier_minimum(1)},
			.len = workload->mixed ? mixed_length(&state) : 1,
			.nparts = 1, .parts = &part
		};

		must(trace_push(&trace, &batch, &effects, &err) == CORE_OK);
		if (keep)
			hollow_pushed(&list, &batch, &effects);
	}
	taken = seconds() - start;
	must(trace.next_id == PUSHES);
	*bytes = image_write(&trace, image, sizeof(image));
	hollow_clear(&list);
	return taken * 1e9 / PUSHES;
}

static void
line(const char *what, const double *node, double *list, double theirs)
{
	double		ratio[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ratio[i] = theirs / THEIR_NODE * node[i] / list[i];
	qsort(list, ROUNDS, sizeof(double), compare);
	printf("  %-24s %6.0f ns  (%.0f to %.0f)  %5.1f x the original's speed\n", what,
		   list[ROUNDS / 2], list[0], list[ROUNDS - 1], median(ratio));
}

int
main(void)
{
	for (size_t w = 0; w < sizeof(workloads) / sizeof(workloads[0]); w++)
	{
		const Workload *workload = &workloads[w];
		double		node[ROUNDS];
		double		took[4][ROUNDS];
		size_t		bytes = 0;

		for (int round = 0; round < ROUNDS; round++)
		{
			node[round] = calibrate();
			for (int i = 0; i < 4; i++)
				took[i][round] = run(workload, i % 2 == 0, i >= 2, &bytes);
		}
		printf("%d pushes, %s\n", PUSHES, workload->name);
		line("push", node, took[0], workload->theirs_requests);
		line("without requests", node, took[1], workload->theirs_without);
		line("push, kept", node, took[2], workload->theirs_requests);
		line("without requests, kept", node, took[3], workload->theirs_without);
		printf("  the spine's image        %6zu bytes in all  (the original: %.0f a batch)\n",
			   bytes, workload->their_bytes);
		printf("  a node                   %6.1f ns\n", median(node));
	}
	return 0;
}
