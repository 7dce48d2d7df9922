/*
 * antichain.c
 *		Order, join and meet of frontiers, and what makes elements an antichain.
 *		Declared in frontier.h, which has the one-dimensional cases inline.
 *
 * Everything here rests on two facts.  What is less in the product order is less
 * in the lexicographic one, so of sorted elements only earlier ones can cover
 * later ones.  And if a <= b, then the first elements of a and b are in
 * lexicographic order, or equal and a without it is <= b without it: comparing
 * element by element, with the end as the greatest, extends the partial order.
 *
 * Source: Antichain of timely dataflow, and Lattice of differential dataflow, as
 * both seeds use them.
 */
#include "core/frontier.h"

#include <stdlib.h>
#include <string.h>

/* A join of so many pairs of elements takes a second, at worst. */
#define MAX_JOIN_PAIRS (1 << 20)

static bool
element_less_equal(const uint64_t *a, const uint64_t *b, int dims)
{
	for (int d = 0; d < dims; d++)
		if (a[d] > b[d])
			return false;
	return true;
}

static int
element_compare(const uint64_t *a, const uint64_t *b, int dims)
{
	for (int d = 0; d < dims; d++)
		if (a[d] != b[d])
			return a[d] < b[d] ? -1 : 1;
	return 0;
}

static int
compare1(const void *a, const void *b)
{
	return element_compare(a, b, 1);
}

static int
compare2(const void *a, const void *b)
{
	return element_compare(a, b, 2);
}

static int
compare3(const void *a, const void *b)
{
	return element_compare(a, b, 3);
}

static int
compare4(const void *a, const void *b)
{
	return element_compare(a, b, 4);
}

static Status
too_many(size_t count, CoreError *err)
{
	return core_error(err, CORE_ELEMENTS, "frontier has too many elements",
					  "It would have %zu or more; at most %d are possible.", count,
					  MAX_ELEMENTS);
}

/* With two dimensions the last one kept is the least in the second. */
static bool
is_covered(const uint64_t *times, size_t count, int dims, const uint64_t *element)
{
	for (size_t i = dims == 2 && count > 0 ? count - 1 : 0; i < count; i++)
		if (element_less_equal(times + i * (size_t) dims, element, dims))
			return true;
	return false;
}

Status
frontier_from_elements(uint64_t *times, size_t count, int dims, Frontier *result,
					   CoreError *err)
{
	static int	(*const compare[MAX_DIMS + 1]) (const void *, const void *) = {
		NULL, compare1, compare2, compare3, compare4
	};
	size_t		size = sizeof(uint64_t) * (size_t) dims;
	size_t		kept = 0;

	qsort(times, count, size, compare[dims]);
	for (size_t i = 0; i < count; i++)
	{
		if (is_covered(times, kept, dims, times + i * (size_t) dims))
			continue;
		if (kept == MAX_ELEMENTS)
			return too_many(kept + 1, err);
		memmove(times + kept * (size_t) dims, times + i * (size_t) dims, size);
		kept++;
	}
	if (kept == 0)
		*result = frontier_empty();
	else if (dims == 1)
		*result = frontier_of(times[0]);
	else
		*result = (Frontier) {(uint8_t) dims, (uint16_t) kept, {.times = times}};
	return CORE_OK;
}

bool
frontier_adopt(const uint64_t *times, size_t count, int dims, Frontier *result)
{
	if (count == 0 || count > MAX_ELEMENTS)
		return false;
	for (size_t i = 1; i < count; i++)
	{
		const uint64_t *element = times + i * (size_t) dims;

		if (element_compare(element - dims, element, dims) >= 0 ||
			is_covered(times, i, dims, element))
			return false;
	}
	*result = (Frontier) {(uint8_t) dims, (uint16_t) count, {.times = times}};
	return true;
}

Frontier
frontier_minimum(int dims)
{
	static const uint64_t zeros[MAX_DIMS];

	if (dims == 1)
		return frontier_of(0);
	return (Frontier) {(uint8_t) dims, 1, {.times = zeros}};
}

static size_t
coordinates(const Frontier *f)
{
	return (size_t) f->count * f->dims;
}

Frontier
antichain_copy(const Frontier *f, const Arena *arena)
{
	uint64_t   *times = arena_alloc(arena, sizeof(uint64_t) * coordinates(f));

	memcpy(times, f->times, sizeof(uint64_t) * coordinates(f));
	return (Frontier) {f->dims, f->count, {.times = times}};
}

bool
antichain_less_equal(const Frontier *a, const Frontier *b)
{
	int			dims = b->dims;

	if (b->count == 0)
		return true;
	if (a->dims != dims)
		return false;
	for (int k = 0; k < b->count; k++)
	{
		const uint64_t *element = b->times + k * dims;
		int			i = 0;

		while (i < a->count && !element_less_equal(a->times + i * dims, element, dims))
			i++;
		if (i == a->count)
			return false;
	}
	return true;
}

bool
antichain_equal(const Frontier *a, const Frontier *b)
{
	return a->times == b->times ||
		memcmp(a->times, b->times, sizeof(uint64_t) * coordinates(a)) == 0;
}

int
frontier_compare_total(const Frontier *a, const Frontier *b)
{
	if (a->count == 0 || b->count == 0)
		return (a->count == 0) - (b->count == 0);
	if (a->dims != b->dims)
		return a->dims < b->dims ? -1 : 1;
	if (a->dims == 1)
		return (a->time > b->time) - (a->time < b->time);
	for (int i = 0; i < a->count && i < b->count; i++)
	{
		int			order = element_compare(a->times + i * a->dims,
											b->times + i * a->dims, a->dims);

		if (order != 0)
			return order;
	}
	/* The end is greater than any element. */
	return (a->count < b->count) - (a->count > b->count);
}

Status
frontier_check_dims(const Frontier *f, int dims, const char *name, CoreError *err)
{
	char		text[FRONTIER_PRINT_SIZE];

	if (frontier_has_dims(f, dims))
		return CORE_OK;
	return core_error(err, CORE_DIMS, "frontier has the wrong number of dimensions",
					  "The %s, %s, has %d; the spine has %d.", name,
					  frontier_print(f, text), f->dims, dims);
}

Status
frontier_check_pair(const Frontier *a, const Frontier *b, CoreError *err)
{
	char		one[FRONTIER_PRINT_SIZE];
	char		two[FRONTIER_PRINT_SIZE];

	if (frontier_has_dims(a, b->dims) || b->count == 0)
		return CORE_OK;
	return core_error(err, CORE_DIMS, "frontiers have different numbers of dimensions",
					  "%s has %d, and %s has %d.", frontier_print(a, one), a->dims,
					  frontier_print(b, two), b->dims);
}

/* What both cover begins at the joins of their elements, taken pairwise. */
static Status
join_pairs(const Frontier *a, const Frontier *b, const Arena *arena, Frontier *result,
		   CoreError *err)
{
	size_t		pairs = (size_t) a->count * b->count;
	int			dims = a->dims;
	uint64_t   *times;
	uint64_t   *p;

	if (pairs > MAX_JOIN_PAIRS)
		return core_error(err, CORE_ELEMENTS, "frontiers have too many elements to join",
						  "They have %d and %d; the product may be at most %d.",
						  a->count, b->count, MAX_JOIN_PAIRS);
	p = times = arena_alloc(arena, sizeof(uint64_t) * pairs * (size_t) dims);
	for (int i = 0; i < a->count; i++)
		for (int k = 0; k < b->count; k++)
			for (int d = 0; d < dims; d++)
			{
				uint64_t	x = a->times[i * dims + d];
				uint64_t	y = b->times[k * dims + d];

				*p++ = x > y ? x : y;
			}
	return frontier_from_elements(times, pairs, dims, result, err);
}

Status
frontier_join(const Frontier *a, const Frontier *b, const Arena *arena,
			  Frontier *result, CoreError *err)
{
	Status		status = frontier_check_pair(a, b, err);

	if (status != CORE_OK)
		return status;
	if (frontier_less_equal(a, b))
		*result = *b;
	else if (frontier_less_equal(b, a))
		*result = *a;
	else
		return join_pairs(a, b, arena, result, err);
	return CORE_OK;
}

Status
frontier_meet(const Frontier *a, const Frontier *b, const Arena *arena,
			  Frontier *result, CoreError *err)
{
	Status		status = frontier_check_pair(a, b, err);
	uint64_t   *times;

	if (status != CORE_OK)
		return status;
	if (frontier_less_equal(a, b))
		*result = *a;
	else if (frontier_less_equal(b, a))
		*result = *b;
	else
	{
		times = arena_alloc(arena, sizeof(uint64_t) * (coordinates(a) + coordinates(b)));
		memcpy(times, a->times, sizeof(uint64_t) * coordinates(a));
		memcpy(times + coordinates(a), b->times, sizeof(uint64_t) * coordinates(b));
		return frontier_from_elements(times, (size_t) a->count + b->count, a->dims,
									  result, err);
	}
	return CORE_OK;
}
