/*
 * frontier.h
 *		Frontiers: antichains of times under the product order.
 *
 * A frontier says from where on: it covers every time that is greater than or
 * equal to one of its elements.  The empty frontier covers nothing; it stands
 * for the end of time, and a trace whose upper is empty is closed.
 *
 * A one-dimensional frontier has at most one element, kept in the struct, so it
 * is copied by assignment and never allocates.  Frontiers of more dimensions
 * have a place in the type (dims, and count above 1) but no representation
 * here: everything that makes a frontier answers CORE_UNSUPPORTED for them.
 */
#ifndef SPINE_CORE_FRONTIER_H
#define SPINE_CORE_FRONTIER_H

#include "core/status.h"

#define MAX_DIMS 4				/* what the text and binary forms have room for */
#define TIME_MAX ((uint64_t) INT64_MAX) /* coordinates are 63 bits wide */

typedef struct Frontier
{
	uint8_t		dims;			/* 0 for the empty frontier, which has none */
	uint8_t		count;			/* number of elements */
	uint64_t	time;			/* the element, if count is 1 */
} Frontier;

/* Enough for the text of any frontier, with its terminating zero. */
#define FRONTIER_TEXT_SIZE 24

/* Enough for the binary form of any frontier. */
#define FRONTIER_BINARY_SIZE 9

extern Frontier frontier_minimum(void);
extern Frontier frontier_empty(void);
extern Frontier frontier_of(uint64_t time);

static inline bool
frontier_is_empty(const Frontier *f)
{
	return f->count == 0;
}

/* The partial order: a <= b iff every element of b is covered by a. */
extern bool frontier_less_equal(const Frontier *a, const Frontier *b);
extern bool frontier_less_than(const Frontier *a, const Frontier *b);
extern bool frontier_equal(const Frontier *a, const Frontier *b);

/* A total order that extends the partial one, for sorting: <0, 0 or >0. */
extern int	frontier_compare_total(const Frontier *a, const Frontier *b);

/* Least upper and greatest lower bound. */
extern Frontier frontier_join(const Frontier *a, const Frontier *b);
extern Frontier frontier_meet(const Frontier *a, const Frontier *b);

/*
 * Text: `[5]`, `[]`, `[(0,3),(2,1)]`, spaces tolerated.  parse reads from *text
 * and leaves it behind the closing bracket; text must end with a zero.  print
 * needs FRONTIER_TEXT_SIZE bytes and returns buf.
 */
extern Status frontier_parse(const char **text, Frontier *result, CoreError *err);
extern char *frontier_print(const Frontier *f, char *buf);

/*
 * Binary: one byte for the dimensions (0 when empty), then the coordinates of
 * each element as 8 bytes, most significant first.  write returns the number of
 * bytes, at most FRONTIER_BINARY_SIZE; read takes exactly size bytes.
 */
extern size_t frontier_write(const Frontier *f, uint8_t *buf);
extern Status frontier_read(const uint8_t *buf, size_t size, Frontier *result,
							CoreError *err);

#endif
