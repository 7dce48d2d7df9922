/*
 * fetch.h
 *		Finding one row in a run by its tid.
 */
#ifndef SPINE_AM_FETCH_H
#define SPINE_AM_FETCH_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/*
 * The row with that tid, if it is in a run that the snapshot sees; the slot keeps
 * a copy.  Rows are never changed in a run, so with a snapshot that sees more than
 * what is committed, the active one is asked.
 */
extern bool runs_fetch(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot);

#endif
