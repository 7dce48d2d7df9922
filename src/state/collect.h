/*
 * collect.h
 *		Which parts of a relation's spines nobody can name any more.
 */
#ifndef SPINE_STATE_COLLECT_H
#define SPINE_STATE_COLLECT_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "state/garbage.h"

typedef void (*GarbageCallback) (void *arg, const GarbageRow *row);

/* At most so many parts are offered at once, which bounds the memory. */
#define COLLECT_MAX 100000

/*
 * Offers the parts of a relation (which may be gone) that were removed until
 * then and that nobody can name, each once and oldest first, at most max of
 * them.  They stay garbage, to be offered again, until they are forgotten.
 * Deletes rows that say no more than another: those of parts which are in a
 * batch again, or were removed again later.  Takes no lock that others wait for.
 */
extern void garbage_collect(Oid relid, TimestampTz removed_until, int max,
							GarbageCallback offer, void *arg);

/*
 * Lists the garbage of a relation as a snapshot sees it, each part once, but for
 * what is in a batch.  Writes nothing.
 */
extern void garbage_list(Oid relid, Snapshot snapshot, GarbageCallback list, void *arg);

#endif
