/*
 * frontier.h
 *		Frontiers: antichains of times under the product order.
 *
 * A time has 1 to MAX_DIMS coordinates.  A frontier says from where on: it
 * covers every time that is greater than or equal, in all coordinates, to one of
 * its elements.  The empty frontier covers nothing; it stands for the end of
 * time, goes with any number of dimensions, and a trace whose upper is empty is
 * closed.
 *
 * A frontier is a small struct that is copied by assignment.  One-dimensional
 * ones have at most one element, kept in the struct, and never allocate.  Those
 * of more dimensions point to an array of coordinates, element by element,
 * which is never changed and belongs to an arena; copies share it.  No element
 * covers another, and they are in lexicographic order, so a frontier has one
 * representation.
 */
#ifndef SPINE_CORE_FRONTIER_H
#define SPINE_CORE_FRONTIER_H

#include "core/arena.h"
#include "core/status.h"

#define MAX_DIMS 4
#define TIME_MAX ((uint64_t) INT64_MAX) /* coordinates are 63 bits wide */

/* Order, join and meet take the product of two such numbers, at worst. */
#define MAX_ELEMENTS 10000

typedef struct Frontier
{
	uint8_t		dims;			/* 0 for the empty frontier, which has none */
	uint16_t	count;			/* number of elements */
	union
	{
		uint64_t	time;		/* the element, with one dimension */
		const uint64_t *times;	/* count * dims coordinates, with more */
	};
} Frontier;

static inline Frontier
frontier_empty(void)
{
	return (Frontier) {0};
}

static inline Frontier
frontier_of(uint64_t time)
{
	return (Frontier) {.dims = 1, .count = 1, .time = time};
}

/* All coordinates 0; needs no memory. */
extern Frontier frontier_minimum(int dims);

/*
 * The frontier of these elements, each of dims coordinates: sorts them and
 * drops those that others cover, in the array itself, which the result then
 * points to unless dims is 1.  CORE_ELEMENTS if too many remain.
 */
extern Status frontier_from_elements(uint64_t *times, size_t count, int dims,
									 Frontier *result, CoreError *err);

/* The same of elements that are an antichain in order already; false if not. */
extern bool frontier_adopt(const uint64_t *times, size_t count, int dims,
						   Frontier *result);

static inline bool
frontier_is_empty(const Frontier *f)
{
	return f->count == 0;
}

/* Coordinate d of element i. */
static inline uint64_t
frontier_coordinate(const Frontier *f, int i, int d)
{
	return f->dims == 1 ? f->time : f->times[i * f->dims + d];
}

/* A copy whose coordinates are in this arena. */
extern Frontier antichain_copy(const Frontier *f, const Arena *arena);

static inline Frontier
frontier_copy(const Frontier *f, const Arena *arena)
{
	return f->dims <= 1 ? *f : antichain_copy(f, arena);
}

/*
 * The partial order: a <= b iff every element of b is covered by a.  Frontiers
 * of different dimensions are not comparable, unless one is empty.
 */
extern bool antichain_less_equal(const Frontier *a, const Frontier *b);
extern bool antichain_equal(const Frontier *a, const Frontier *b);

static inline bool
frontier_less_equal(const Frontier *a, const Frontier *b)
{
	if (b->count == 0)
		return true;
	if (a->dims == 1 && b->dims == 1)
		return a->time <= b->time;
	return antichain_less_equal(a, b);
}

static inline bool
frontier_equal(const Frontier *a, const Frontier *b)
{
	if (a->dims != b->dims || a->count != b->count)
		return false;
	if (a->dims <= 1)
		return a->count == 0 || a->time == b->time;
	return antichain_equal(a, b);
}

static inline bool
frontier_less_than(const Frontier *a, const Frontier *b)
{
	return frontier_less_equal(a, b) && !frontier_equal(a, b);
}

/*
 * A total order that extends the partial one, for sorting: <0, 0 or >0.  Those
 * of fewer dimensions come first, the empty one last.
 */
extern int	frontier_compare_total(const Frontier *a, const Frontier *b);

/* Does it go with times of so many dimensions? */
static inline bool
frontier_has_dims(const Frontier *f, int dims)
{
	return f->dims == dims || f->count == 0;
}

/* CORE_DIMS, unless it does; name says which frontier it is. */
extern Status frontier_check_dims(const Frontier *f, int dims, const char *name,
								  CoreError *err);

/* CORE_DIMS, unless both have as many, or one is empty. */
extern Status frontier_check_pair(const Frontier *a, const Frontier *b, CoreError *err);

/*
 * Least upper and greatest lower bound.  The result shares the coordinates of an
 * operand where it can.  CORE_DIMS, or CORE_ELEMENTS if it has too many elements,
 * or would take too long; never for comparable frontiers of the same dimensions.
 */
extern Status frontier_join(const Frontier *a, const Frontier *b, const Arena *arena,
							Frontier *result, CoreError *err);
extern Status frontier_meet(const Frontier *a, const Frontier *b, const Arena *arena,
							Frontier *result, CoreError *err);

/*
 * Text: `[5]`, `[]`, `[(0,3),(2,1)]`, spaces tolerated.  parse reads from *text
 * and leaves it behind the closing bracket; text must end with a zero.  Elements
 * that another one covers are dropped.
 */
extern Status frontier_parse(const char **text, const Arena *arena, Frontier *result,
							 CoreError *err);

/* The whole text into buf, which has frontier_text_size bytes; returns buf. */
extern size_t frontier_text_size(const Frontier *f);
extern char *frontier_text(const Frontier *f, char *buf);

/*
 * The text for a message: of a long one the beginning, and "..." for the rest.
 * A single element fits whole.  buf has FRONTIER_PRINT_SIZE bytes; returns buf.
 */
#define FRONTIER_PRINT_SIZE 96
extern char *frontier_print(const Frontier *f, char *buf);

/*
 * Binary: one byte for the dimensions (0 when empty), then the coordinates of
 * each element as 8 bytes, most significant first.  Equal frontiers have equal
 * ones: read takes exactly size bytes, and only what write makes.
 */
#define FRONTIER_BINARY_SIZE(f) ((size_t) 1 + (size_t) 8 * (f)->dims * (f)->count)
extern void frontier_write(const Frontier *f, uint8_t *buf);
extern Status frontier_read(const uint8_t *buf, size_t size, const Arena *arena,
							Frontier *result, CoreError *err);

#endif
