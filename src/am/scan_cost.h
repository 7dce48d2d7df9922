/*
 * scan_cost.h
 *		What a scan of a native table costs that decodes only the columns that are
 *		needed and passes over row groups that cannot match.
 */
#ifndef SPINE_AM_SCAN_COST_H
#define SPINE_AM_SCAN_COST_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/pathnodes.h"

typedef struct ScanShares
{
	double		columns;		/* of the pages, by what is decompressed */
	double		rows;			/* of the rows, by what is not passed over */
} ScanShares;

/*
 * For a scan that needs these attributes, numbered as pull_varattnos() does, and
 * checks the relation's conditions; the table is locked.
 */
extern ScanShares scan_shares(PlannerInfo *root, RelOptInfo *rel, Oid relid,
							  const Bitmapset *needed);

/* Sets path's rows and costs, from those of a sequential scan of the same. */
extern void scan_set_costs(Path *path, const Path *plain, ScanShares shares);

#endif
