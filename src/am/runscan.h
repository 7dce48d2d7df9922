/*
 * runscan.h
 *		Reading the rows in a table's runs.
 */
#ifndef SPINE_AM_RUNSCAN_H
#define SPINE_AM_RUNSCAN_H

#include "postgres.h"

#include "access/sdir.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "port/atomics.h"
#include "storage/block.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "am/group.h"
#include "am/runs.h"

typedef struct RunScan RunScan;

/*
 * A scan of the runs that a snapshot sees; NULL if there are none.  The snapshot,
 * the table and columns (attribute numbers; NULL = all) have to outlive it.
 * What it allocates is in a child of the current context.  With shared, each
 * group goes to one of the scans that have it in common.
 */
extern RunScan *runscan_begin(Relation rel, Snapshot snapshot, const Bitmapset *columns,
							  pg_atomic_uint64 *shared);

/*
 * The same of all rows, also past ones, with their times: slots have the description
 * that times_describe makes of the table's.
 */
extern RunScan *runscan_begin_timed(Relation rel, Snapshot snapshot);

/*
 * The next row in a direction, as a virtual tuple with its tid: by run, group
 * and row.  Its values are good until the next call.  False at the end, and then
 * the other direction begins with the last one.
 */
extern bool runscan_next(RunScan *scan, ScanDirection direction, TupleTableSlot *slot);

/*
 * The next group in a direction that has any rows for us, read as desc describes them;
 * *block is that of their tids.  Its values are good until the next call.  NULL at
 * the end, and then the other direction begins with the last one.  A scan that
 * has begun with it goes on with it.
 */
extern const RowGroup *runscan_next_group(RunScan *scan, ScanDirection direction,
										  TupleDesc desc, BlockNumber *block);

/* From the beginning again. */
extern void runscan_rescan(RunScan *scan);
extern void runscan_end(RunScan *scan);

/*
 * Has runscan_next pass over groups of which wanted says no, by what is known of
 * their values (zone.h; NULL: nothing is), and counts them.
 */
extern void runscan_filter(RunScan *scan, bool (*wanted) (void *arg, const bytea *zone),
						   void *arg);

/* Columns, instead of those that it began with. */
extern void runscan_set_columns(RunScan *scan, const Bitmapset *columns);

/* How many groups runscan_next has read, and passed over. */
extern void runscan_counts(const RunScan *scan, int64 *read, int64 *skipped);

/* How many runs, groups and rows there are. */
extern int	runscan_runs(const RunScan *scan);
extern int	runscan_groups(const RunScan *scan);
extern int64 runscan_rows(const RunScan *scan);

/* How many pages the companion has, with what it keeps out of line. */
extern BlockNumber runscan_pages(const RunScan *scan);

/* A group by its ordinal, from 0, and a row of it, from 0; as runscan_next. */
extern const GroupInfo *runscan_group(const RunScan *scan, int group);
extern void runscan_row(RunScan *scan, int group, int row, TupleTableSlot *slot);

#endif
