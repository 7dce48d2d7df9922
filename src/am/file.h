/*
 * file.h
 *		The files of native tables that have runs: the rows of spine_file.
 *
 * Runs belong to a file, not to a table: TRUNCATE, a rewrite and SET ACCESS
 * METHOD give a table a new file, and a rollback gives it back the old one, with
 * its runs.  A file is known by its pg_class.reltablespace and relfilenode, which
 * CREATE DATABASE and pg_upgrade keep.  It has a row, and a companion table for
 * its runs (runs.h), from its first absorption on; before that its table is
 * a heap.
 */
#ifndef SPINE_AM_FILE_H
#define SPINE_AM_FILE_H

#include "postgres.h"

#include "storage/itemptr.h"
#include "utils/rel.h"

#include "compat.h"
#include "state/tables.h"

typedef struct NativeFile
{
	Oid			relid;			/* the table, as of the last absorption */
	Oid			runs;			/* its companion */
	TransactionId made_by;		/* who wrote this row; invalid if all see it */
} NativeFile;

/*
 * The row of a table's present file.  False if it has none, and so no runs.  The
 * caller holds a lock on the table.  It is the latest row, whatever a snapshot may
 * see of spine_file: VACUUM FULL gives the same runs another file.  What a snapshot
 * sees of the runs is for the companion's rows to say.
 */
extern bool file_find(Relation rel, NativeFile *file);

/*
 * The same, made with its companion if there is none yet, which also registers
 * the table's spine and waits for its lock.
 */
extern void file_open(Relation rel, NativeFile *file);

/*
 * The file is about to go: its companion and its row go with it, and what the
 * spine knows of it.  Nothing if it has no row.
 */
extern void file_drop(Oid tablespace, RelFileNumber filenode);

/*
 * The same for a file that is gone, or for the name of a new one: what a session
 * without the library has left of one of that name.  expected is where the row was
 * seen; NULL means any.
 */
extern void file_drop_stale(Oid tablespace, RelFileNumber filenode,
							const ItemPointerData *expected);

/* The same runs in another file from now on: the old one goes for good. */
extern void file_move(Oid tablespace, RelFileNumber from, Oid new_tablespace,
					  RelFileNumber to);

#endif
