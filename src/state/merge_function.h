/*
 * merge_function.h
 *		Functions that merge: f(spine_merge_request) RETURNS spine_merge_output.
 */
#ifndef SPINE_STATE_MERGE_FUNCTION_H
#define SPINE_STATE_MERGE_FUNCTION_H

#include "postgres.h"

#include "utils/array.h"

typedef struct MergeOutput
{
	int64		len;
	ArrayType  *parts;
	ArrayType  *runs;
} MergeOutput;

/* Who a relation's merge function runs as; false if the relation is gone. */
extern bool relation_owner(Oid relid, Oid *owner);

/* Raises an error unless it is one, and this role may execute it. */
extern void merge_function_check(Oid function, Oid role);

/* The function with this signature; raises an error if there is none (any more). */
extern Oid	merge_function_find(const char *signature);

/*
 * Calls it as the current user, with a value of type spine_merge_request.
 * Raises an error for nulls in what it returns.
 */
extern void merge_function_call(Oid function, Datum request, MergeOutput *output);

#endif
