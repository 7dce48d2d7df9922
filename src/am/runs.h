/*
 * runs.h
 *		The companion table of a file: one row a row group.
 *
 * An ordinary heap, so what a snapshot sees of it, what a crash leaves of it and
 * what vacuum takes away are the server's own affair.  Groups and runs get their
 * numbers from one sequence, spine_group, so none is used twice; a run's groups
 * ascend.
 */
#ifndef SPINE_AM_RUNS_H
#define SPINE_AM_RUNS_H

#include "postgres.h"

#include "access/htup.h"
#include "storage/itemptr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

enum
{
	RUNS_GROUP = 1,				/* bigint: the group's number */
	RUNS_RUN,					/* bigint: the run that it is of */
	RUNS_ROWS,					/* integer: how many rows it has */
	RUNS_FIRST,					/* bigint: the least time its rows were inserted, */
	RUNS_LAST,					/* bigint: and the greatest; TIME_NONE for null */
	RUNS_PAST,					/* boolean: all its rows are deleted */
	RUNS_ORDER,					/* integer: RowOrder's hash; 0: as they came */
	RUNS_ZONE,					/* bytea: zone.h */
	RUNS_DATA,					/* bytea, stored external: group.h */
	RUNS_COLUMNS = RUNS_DATA
};

/*
 * Where a row in a run is, as a tid: blocks from RUN_BLOCK on, which no delta
 * reaches (it would be 16 TB), one a group; offsets from 1 on, one a row.
 */
#define RUN_BLOCK ((BlockNumber) 0x80000000)
#define GROUP_BLOCK(group) (RUN_BLOCK + (BlockNumber) ((uint64) (group) % 0x7FFFFFFF))
#define TID_IS_IN_RUN(tid) (ItemPointerGetBlockNumberNoCheck(tid) >= RUN_BLOCK)

/* What a group's row says, without the group itself. */
typedef struct GroupInfo
{
	ItemPointerData tid;		/* of its row in the companion */
	int64		group;
	int64		run;
	int			nrows;
	bool		past;			/* its rows are not there any more (times.h) */
	int64		first;			/* the times from which on they were */
	int64		last;
	int32		order;			/* what its run is sorted by, as a hash; 0: nothing */
	bytea	   *zone;			/* zone.h; NULL: it is in the row */
} GroupInfo;

/*
 * The groups that a snapshot sees, by run and group: an array in *groups.  Those of
 * past rows only if past is set.  It comes with their zones, if these are not too
 * much.
 */
extern int	runs_list(Relation runs, Snapshot snapshot, bool past, GroupInfo **groups);

/* The next number for a group or a run. */
extern int64 runs_next_number(void);

/* What the names of companions begin with. */
#define RUNS_NAME "spine_runs"

/* Makes the companion of a table's file; its oid.  Owned by the extension's owner. */
extern Oid	runs_create(Relation rel);

/* Drops a companion; nothing if it is gone. */
extern void runs_drop(Oid runs);

/* Moves a companion to another tablespace, 0 for the database's own. */
extern void runs_set_tablespace(Oid runs, Oid tablespace);

/* Adds a group's row. */
extern void runs_insert(Relation runs, const GroupInfo *info, bytea *zone, bytea *data);

/* Deletes a group's row, which nobody else can have deleted. */
extern void runs_delete(Relation runs, const GroupInfo *info);

#endif
