/*
 * absorb.h
 *		Moving rows of a native table from its delta into a run.
 */
#ifndef SPINE_AM_ABSORB_H
#define SPINE_AM_ABSORB_H

#include "postgres.h"

#include "utils/rel.h"

typedef struct Absorption
{
	int64		rows;			/* moved */
	int64		left;			/* seen, but locked or being changed by others */
	bool		more;			/* it ended at max_rows */
} Absorption;

/*
 * Moves what the latest snapshot sees, in one run: at most max_rows (0 = all).
 * The caller holds RowExclusiveLock on the table.  Waits for others who write
 * runs of the same table only if wait is set; false if it did not get there.
 * Locks the spine until the transaction ends.  spine_progress shows it.
 * Errors: temporary tables, tables that are published.
 */
extern bool absorb(Relation rel, int64 max_rows, bool wait, Absorption *result);

/* Why a table cannot be absorbed; NULL if it can. */
extern const char *absorb_objection(Relation rel);

#endif
