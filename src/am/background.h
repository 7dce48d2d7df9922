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
 * there is anything to be done.  *waiting_since is since when rows may be waiting to
 * be absorbed, on mailbox_clock; 0 = none are: in, as the database's worker before
 * has seen it, and out, as of now.  Runs inside a transaction.
 */
extern List *background_tables(int64 *waiting_since, int64 *pause);

/*
 * Absorbs one of them, as its owner.  Waits for nobody.
 */
extern WorkProgress background_absorb(Oid relid);

/* Somebody has told of writes, which may have been to native tables. */
extern void background_expect_writes(void);

/*
 * This transaction writes to native tables.  The worker is told of it when it
 * commits, but not by each that does.
 */
extern void background_note_write(void);

#endif
