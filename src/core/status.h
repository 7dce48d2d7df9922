/*
 * status.h
 *		How the core says that something cannot be done.
 *
 * Nothing in the core aborts, prints or throws.  Whatever can fail returns a
 * Status and, on failure, fills the caller's CoreError with a sentence and the
 * values it is about, so that the replay program and the server can each
 * report it in their own way.  What the original systems assert becomes one of
 * these.
 */
#ifndef SPINE_CORE_STATUS_H
#define SPINE_CORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum Status
{
	CORE_OK,
	CORE_LOWER_EMPTY,		/* a batch that starts after the end of time */
	CORE_LOWER_EQUALS_UPPER,	/* a batch over no time at all */
	CORE_INVERTED,			/* lower not before upper */
	CORE_LOWER_MISMATCH,	/* does not continue the trace */
	CORE_SINCE_BEYOND,		/* compacted further than the trace allows */
	CORE_SINCE_REGRESSED,	/* since would go back */
	CORE_DIMS,				/* frontiers of different dimension */
	CORE_UNSUPPORTED,		/* for one-dimensional time only */
	CORE_SYNTAX,			/* malformed text */
	CORE_BINARY,			/* malformed binary form */
	CORE_RANGE,				/* a time out of range */
	CORE_EFFORT,			/* an effort below 1 */
	CORE_EXERTION,			/* the same, of updates that never came */
	CORE_LEVEL,				/* a level that no batch can be on */
	CORE_FUEL,				/* negative fuel */
	CORE_PHYSICAL_REGRESSED,	/* physical compaction frontier would go back */
	CORE_NOT_BEYOND_PHYSICAL,	/* a cut before the physical compaction frontier */
	CORE_STRADDLES,			/* a cut through a batch */
	CORE_FLAT,				/* a flat trace whose pieces do not fit together */
	CORE_CLOSED,			/* the trace has ended */
	CORE_LENGTH,			/* negative number of updates */
	CORE_PART,				/* a part key without a name */
	CORE_RUNS,				/* runs not increasing, or outside parts */
	CORE_ELEMENTS,			/* a frontier of too many elements */
	CORE_LIMIT,				/* more levels or ids than a trace can have */
	CORE_CORRUPT,			/* a broken invariant, a damaged image */
	CORE_OWNER				/* the owner's callback failed */
} Status;

typedef struct CoreError
{
	Status		status;
	char		message[160];	/* a sentence without values */
	char		detail[480];	/* the values */
} CoreError;

/* Fills *err and returns its status; detail is a printf format or NULL. */
extern Status core_error(CoreError *err, Status status, const char *message,
						 const char *detail,...)
	__attribute__((format(printf, 4, 5)));

/* Lengths, fuel and counts saturate instead of overflowing. */
static inline int64_t
add_saturating(int64_t a, int64_t b)
{
	int64_t		sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static inline int64_t
multiply_saturating(int64_t a, int64_t b)
{
	int64_t		product;

	return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* count << level, saturating; count is not negative. */
static inline int64_t
shift_saturating(int64_t count, int level)
{
	if (count == 0)
		return 0;
	return level >= 63 ? INT64_MAX : multiply_saturating(count, INT64_C(1) << level);
}

#endif
