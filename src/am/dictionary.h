/*
 * dictionary.h
 *		The different values of a column, where there are few.
 */
#ifndef SPINE_AM_DICTIONARY_H
#define SPINE_AM_DICTIONARY_H

#include "postgres.h"

#include "access/tupdesc.h"

typedef struct Dictionary
{
	int			n;
	Datum	   *values;			/* n different ones, by their bytes */
	int64	   *codes;			/* of each value: where it is among these */
} Dictionary;

/* NULL if it is not worth it.  In the current context. */
extern Dictionary *dictionary_make(Form_pg_attribute att, const Datum *values, int n);

#endif
