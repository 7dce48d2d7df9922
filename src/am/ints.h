/*
 * ints.h
 *		Sequences of integers, in few bytes that compress well and are fast to
 *		read: columns of fixed length by value, and the codes of dictionaries.
 */
#ifndef SPINE_AM_INTS_H
#define SPINE_AM_INTS_H

#include "postgres.h"

#include "lib/stringinfo.h"

/*
 * Appends n integers of width bytes each (1, 2, 4 or 8), sign-extended.  What it
 * needs meanwhile is left in the current context.
 */
extern void ints_write(StringInfo out, const int64 *values, int n, int width);

/*
 * Reads n of them into values, extended as fetch_att does.  Returns where they
 * end, which is not beyond end.
 */
extern const char *ints_read(const char *data, const char *end, int n, int width,
							 Datum *values);

#endif
