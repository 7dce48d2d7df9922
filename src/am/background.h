/*
 * background.h
 *		Absorption by the database's worker: which tables, and when.
 */
#ifndef SPINE_AM_BACKGROUND_H
#define SPINE_AM_BACKGROUND_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "state/waiting.h"

/*
 * Oids of the native tables for which it is time.  *pause becomes the time until
 * the next look at them, in milliseconds, or -1 if somebody will tell before
 * there is anything to be done.  Runs inside a transaction.
 */
extern List *background_tables(int64 *pause);

/*
 * Absorbs one of them, as its owner.  Waits for nobody.
 */
extern WorkProgress background_absorb(Oid relid);

/* Somebody has told of writes, which may have been to native tables. */
extern void background_expect_writes(void);

/* Somebody has written to native tables; tells the worker at commit, sometimes. */
extern void background_note_write(void);

#endif
