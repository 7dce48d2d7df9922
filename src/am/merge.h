/*
 * merge.h
 *		Merging runs of a native table.
 */
#ifndef SPINE_AM_MERGE_H
#define SPINE_AM_MERGE_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/rel.h"

#include "am/file.h"
#include "state/merge_function.h"

/*
 * Writes one run with the rows of those that parts names, and deletes them: both
 * in this transaction.  output->parts names the new one.  Raises an error if one
 * of them is not there.  The caller holds RowExclusiveLock on the table, and
 * nobody else merges the same.
 */
extern void runs_merge(Relation rel, ArrayType *parts, MergeOutput *output);

/*
 * Would merging even a single run do something?  If they are sorted otherwise than
 * the table is now, or have times that nobody needs any more.
 */
extern bool runs_are_stale(Relation rel, const NativeFile *file, Snapshot snapshot);

/* The merge function that every native table has: its signature, palloc'd. */
extern char *runs_merge_function(void);

#endif
