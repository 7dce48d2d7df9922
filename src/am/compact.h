/*
 * compact.h
 *		Bringing all rows of a native table into one run, at once.
 */
#ifndef SPINE_AM_COMPACT_H
#define SPINE_AM_COMPACT_H

#include "postgres.h"

#include "utils/rel.h"

/*
 * Absorbs what the transaction's snapshot sees and merges all runs into one; how
 * many rows that has.  The caller holds RowExclusiveLock on the table.  Locks the
 * spine, and claims of its merges, until the transaction ends.  spine_progress shows it.
 * An error if mergers are at work on the table.
 */
extern int64 compact(Relation rel);

#endif
