/*
 * flat_state.h
 *		A spine of the tables taken apart, and put together again.
 */
#ifndef SPINE_STATE_FLAT_STATE_H
#define SPINE_STATE_FLAT_STATE_H

#include "postgres.h"

#include "core/flat.h"
#include "state/working.h"

/*
 * Takes a spine apart, with its hollow batches as a snapshot sees them; the
 * lists are in the current memory context.  An error if they do not belong
 * together.
 */
extern void flat_of_spine(Spine *spine, Snapshot rows, FlatTrace *flat);

/*
 * Both for an open spine of a relation that nobody else uses (AccessExclusive
 * lock): what waits in its inbox will get its times in the generation that
 * begins.  Errors are raised.
 *
 * restore makes an empty spine what a flat trace says, which it reorders.
 * rebuild makes a spine anew from nothing but its hollow batches, as if they had
 * been pushed just now; it wants one from spine_open_damaged.
 */
extern void flat_restore(Spine *spine, FlatTrace *flat);
extern void flat_rebuild(Spine *spine);

#endif
