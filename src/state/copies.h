/*
 * copies.h
 *		The working copies of spines that a transaction has made.
 */
#ifndef SPINE_STATE_COPIES_H
#define SPINE_STATE_COPIES_H

#include "state/working.h"

/* The newest copy, of whichever subtransaction; NULL without one. */
extern Spine *copies_top(Oid relid);

/*
 * The copy of this subtransaction, made from the newest; NULL without one.  May
 * move its arena, and what effects of earlier operations point to with it.
 */
extern Spine *copies_own(Oid relid);

/* A copy of *from for this subtransaction, on top of what there is. */
extern Spine *copies_push(Oid relid, const Spine *from);

/* Walks the newest copy of each spine; start with a walk of zeros. */
typedef struct CopiesWalk
{
	bool		started;
	struct CopiesEntry *entry;
} CopiesWalk;

extern Spine *copies_next(CopiesWalk *walk);

/*
 * To be called when a subtransaction at this nesting level has committed or
 * aborted, and when the transaction ends.
 */
extern void copies_commit_subtransaction(int nest);
extern void copies_abort_subtransaction(int nest);
extern void copies_forget(void);

#endif
