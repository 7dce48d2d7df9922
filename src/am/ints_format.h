/*
 * ints_format.h
 *		What a sequence of integers looks like: for ints.c, which writes it, and
 *		ints_read.c.  A header, and the numbers.
 */
#ifndef SPINE_AM_INTS_FORMAT_H
#define SPINE_AM_INTS_FORMAT_H

#include "postgres.h"

#include "port/pg_bswap.h"

#define FLAG_DIFFERENCES 0x01	/* of neighbours, after the first value */
#define FLAG_FOLDED 0x02		/* 0, -1, 1, -2, ... */
#define FLAG_BITS 0x04			/* not planes */
#define FLAGS_ALL 0x07

/* Numbers of more bits may not be in the eight bytes from their first one on. */
#define BITS_MAX 56

/* What follows the bits, so that eight bytes can be read anywhere. */
#define BITS_PADDING 8

typedef struct IntsHeader
{
	uint8		flags;
	uint8		planes;			/* which there are, lowest first */
	uint8		bits;			/* of each number, with FLAG_BITS */
	uint8		unused[5];
	uint64		first;			/* with FLAG_DIFFERENCES */
	uint64		least;			/* added to each number ... */
	uint64		factor;			/* ... that has been multiplied by this */
} IntsHeader;

/* The eight bytes there, the first one lowest. */
static inline uint64
get_eight(const char *at)
{
	uint64		value;

	memcpy(&value, at, sizeof(value));
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	return value;
}

/* How long so many numbers are, kept in so many bits each. */
static inline Size
bits_size(int n, int bits)
{
	return ((Size) n * bits + 7) / 8 + BITS_PADDING;
}

#endif
