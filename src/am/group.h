/*
 * group.h
 *		Row groups: some thousand rows, column by column, as one bytea.
 *
 * A group is written once and never changed.  It begins with a header and a
 * directory of its chunks; each chunk is one column, encoded by chunk.c and
 * compressed.  Columns are known by their attribute numbers, so dropped columns
 * have no chunk, and those that were added later are filled in from the table's
 * description when the group is read.  Nothing here knows of tables, snapshots
 * or spines.
 */
#ifndef SPINE_AM_GROUP_H
#define SPINE_AM_GROUP_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/bitmapset.h"

/* At most so many rows, since a row's number is an OffsetNumber. */
#define GROUP_ROWS 8192

/*
 * A group is closed when its values take so much room uncompressed, of which each
 * takes a Datum at least: bytes.
 */
#define GROUP_BYTES (4 * 1024 * 1024)

typedef struct GroupWriter GroupWriter;

/*
 * Groups of rows with this description, which has to outlive the writer.  The
 * last ntimes of its columns, 0 or TIME_COLUMNS, are the rows' times (times.h).
 * All that it allocates belongs to a child of context.
 */
extern GroupWriter *group_writer_create(TupleDesc desc, int ntimes, MemoryContext context);

/*
 * Takes a row, whose values are copied; toasted ones are fetched, which takes a
 * snapshot, and decompressed.  False if the group is full or would get too big for
 * a bytea: then it has to be finished first.  A row that does not fit an empty
 * group raises an error: see group_row_fits.
 */
extern bool group_writer_add(GroupWriter *writer, const Datum *values, const bool *nulls);

/* How many bytes of values a row has, uncompressed; nothing is fetched for it. */
extern Size group_row_size(TupleDesc desc, const Datum *values, const bool *nulls);

/* Can a row of so many bytes of values ever be in a group? */
extern bool group_row_fits(Size bytes);

/* Is it time to finish it?  By GROUP_ROWS or GROUP_BYTES. */
extern bool group_writer_is_full(const GroupWriter *writer);

extern int	group_writer_rows(const GroupWriter *writer);

/* The least and the greatest value of column i (from 0), a bigint; nulls count as null. */
extern void group_writer_range(const GroupWriter *writer, int i, int64 null, int64 *least,
							   int64 *greatest);

/*
 * The group as a bytea, and what is known of its columns' values (zone.h) as
 * another, in the current context.  The writer is empty afterwards.
 */
extern bytea *group_writer_finish(GroupWriter *writer, bytea **zone);

extern void group_writer_free(GroupWriter *writer);

/* A group that was read: values[attnum - 1][row], likewise nulls. */
typedef struct RowGroup
{
	int			nrows;
	int			natts;			/* of the description it was read for, */
	int			ntimes;			/* of which so many are times */
	Datum	  **values;			/* NULL where the column was not wanted */
	bool	  **nulls;			/* NULL where no value is null */
	bool		has_gaps;		/* a column is null because it is not in it */
	MemoryContext context;		/* owns it and what the values point to */

	/* group_read.c's own */
	MemoryContext data;			/* of the group that was read last */
	MemoryContext columns;		/* of the arrays, which stay for the next one */
	int			room;			/* rows that there is room for in these */
	Datum	  **value_room;		/* NULL where there is none yet */
	bool	  **null_room;
} RowGroup;

/*
 * For groups of rows with this description, which group_read is always called
 * with; its context is a child of context.  ntimes is as in group_writer_create.
 */
extern RowGroup *group_create(TupleDesc desc, int ntimes, MemoryContext context);

/*
 * Reads a group into *group, in the place of the one before.  stored is the
 * bytea as it is in the tuple: if it is external, only the chunks of the columns
 * that are wanted are fetched.  It is not needed any more afterwards.  columns
 * holds attribute numbers (as they are, from 1); NULL means all.  What is not
 * one of our groups raises ERRCODE_DATA_CORRUPTED.
 */
extern void group_read(RowGroup *group, TupleDesc desc, struct varlena *stored,
					   const Bitmapset *columns);

extern void group_free(RowGroup *group);

#endif
