/*
 * generation.h
 *		The generation of a relation's spine, and whether it has a next time.
 */
#ifndef SPINE_STATE_GENERATION_H
#define SPINE_STATE_GENERATION_H

#include "postgres.h"

/*
 * The generation that a row of ours is for: the latest that was committed, or
 * that of this transaction.  An error if the relation is not registered.  The
 * caller holds a lock on it.
 */
extern int64 spine_generation(Oid relid);

/*
 * Raises an error, likewise, and if no time can follow: those of the spine have
 * several dimensions, or have ended.
 */
extern void spine_require_next_time(Oid relid);

/*
 * The relation gets a spine, another generation of it, or none any more, or its
 * spine is closed: when the transaction commits, nobody knows what was before.
 */
extern void generation_changes(Oid relid);

#endif
