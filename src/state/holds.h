/*
 * holds.h
 *		Holds: named read capabilities, which keep a spine's since back.
 *
 * One row of spine_reader_hold a hold.  A hold is live until its time is up; one
 * that has expired is as good as none, and deleted by whoever comes across it.
 * All but holds_prune want the spine's lock, and judge by the latest state, in
 * whatever isolation level: since must not pass a hold that it does not see.
 */
#ifndef SPINE_STATE_HOLDS_H
#define SPINE_STATE_HOLDS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/itemptr.h"

#include "core/frontier.h"

#define HOLD_FOR_EVER	0		/* an expiry: none */

typedef struct Hold
{
	ItemPointerData tid;		/* invalid: no row yet */
	bool		live;
	Frontier	since;
	NameData	held_by;
	TimestampTz held_at;		/* since then at this since: keeps garbage */
	TimestampTz expires;		/* or HOLD_FOR_EVER */
} Hold;

/* Looks for a hold, expired or not; without one, *hold is that of this user. */
extern void hold_find(Oid relid, text *name, Hold *hold);

/* Writes what hold_find has found, and the caller changed; or deletes it. */
extern void hold_write(Oid relid, text *name, const Hold *hold);
extern void hold_delete(const Hold *hold);

/* The meet of a frontier and all live holds' sinces; deletes expired ones. */
extern Frontier holds_meet(Oid relid, const Frontier *since);

/* The spine has ended, or starts over: so do its holds. */
extern void holds_end(Oid relid);

/*
 * Deletes expired holds of all spines, but for those of spines that somebody
 * else has locked.  Keeps the locks until the transaction ends.
 */
extern void holds_prune(void);

#endif
