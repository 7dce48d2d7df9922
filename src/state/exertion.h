/*
 * exertion.h
 *		What moves the merges of a spine along without a push: on open spines, in
 *		the caller's transaction.
 *
 * All take effect as a push does: fused batches become one row, their parts
 * garbage, and new merge requests are told of at commit.  Errors are raised.
 */
#ifndef SPINE_STATE_EXERTION_H
#define SPINE_STATE_EXERTION_H

#include "postgres.h"

#include "state/working.h"

/* These say whether there was anything to do. */
extern bool spine_exert_merges(Spine *spine, int64 effort);
extern bool spine_fuel_merges(Spine *spine, int64 fuel);
extern bool spine_force_merges(Spine *spine);

extern void spine_introduce(Spine *spine, int level);

/*
 * Sets the physical compaction frontier, or takes it away (NULL), and lets the
 * pending batches that it was for into the levels.
 */
extern void spine_set_physical(Spine *spine, const Frontier *physical);

#endif
