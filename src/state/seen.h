/*
 * seen.h
 *		The merge requests of spines, as this process has read them last.
 *
 * Who claims looks at all spines each time, and most of them have not changed since
 * the last time.  So what was made of a row is kept with that version of the row,
 * and is good for every snapshot that sees the same version.
 */
#ifndef SPINE_STATE_SEEN_H
#define SPINE_STATE_SEEN_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "state/offer.h"
#include "state/trace_row.h"

/*
 * The requests of a spine, as the active snapshot sees it: a sorted list of Offer *,
 * which is not to be written to and lasts as long as the current memory context;
 * false if it is none.  Which version of its row that is may be known, or be NULL.
 */
extern bool seen_offers(Oid relid, const RowVersion *row, List **offers);

/* Is the relation a spine of this generation, in the latest state? */
extern bool seen_is_current(Oid relid, int64 generation);

/*
 * Does the active snapshot see the same request?  If so, *rows tells what to read
 * the batches in it with.
 */
extern bool seen_offer_stands(const Offer *offer, Snapshot *rows);

#endif
