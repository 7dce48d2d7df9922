/*
 * claims.h
 *		Claims: leases on stretches of merge requests.  Rows of
 *		spine_merge_claim.
 *
 * A claim's id is a fencing token: whoever completes a merge shows it, and is
 * told if somebody else has claimed the same meanwhile.  No two claims that have
 * not ended overlap.
 *
 * What upholds that is the claim lock of a spine, a heavyweight lock on the object
 * with class spine_merge_claim and the relation's oid.  It is held while claims of
 * the spine are written, and from looking at what is free until that is claimed;
 * not until the transaction ends, so that nobody waits for somebody's commit to
 * claim something else.  Hence who holds it looks at what transactions that have
 * not ended have written as well, and takes a claim that one of them is writing
 * for live, whatever will become of it.  No lock is waited for while it is held.
 * Only the end of a claim whose result is queued is written without it.
 */
#ifndef SPINE_STATE_CLAIMS_H
#define SPINE_STATE_CLAIMS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/snapshot.h"

#include "core/batch.h"
#include "state/attempts.h"

typedef struct Claim
{
	int64		id;
	RequestKey	request;
	int64		lo;				/* the stretch of it that is claimed */
	int64		hi;
	Description desc;
	int64		len;
	ArrayType  *inputs;			/* the parts in it */
	NameData	claimed_by;
	TimestampTz claimed_at;
	TimestampTz lease_expires;
	TimestampTz ended_at;		/* 0 = it has not */
	int64		result;			/* of its completion; 0 = none */
	char	   *error;			/* why it ended without one, or NULL */
	bool		busy;			/* a transaction that has not ended is writing it */
	ItemPointerData tid;
} Claim;

/* What a claim that has not ended is doing. */
typedef enum ClaimState
{
	CLAIM_LEASED,				/* or busy */
	CLAIM_LAPSED,				/* the lease is over, and nobody else has it yet */
	CLAIM_COMPLETED				/* its result is queued */
} ClaimState;

extern ClaimState claim_state(const Claim *claim, TimestampTz now);

extern void claims_lock(Oid relid);
extern bool claims_try_lock(Oid relid); /* false if somebody has it */
extern void claims_unlock(Oid relid);

/* A claim by its id; false if it does not exist (any more). */
extern bool claims_find(int64 id, Snapshot snapshot, Claim *claim);

/*
 * Takes the claim lock and finds a claim of the spine as it is now, for writing
 * it.  Waits until no other transaction is writing it; or sets *busy if one is,
 * unless that is NULL.  False, and without the lock, if it is not there or busy.
 */
extern bool claims_take(Oid relid, int64 id, bool *busy, Claim *claim);

/*
 * The claims of a spine that have not ended, without their inputs: those that
 * claim any of [lo, hi), where hi is the end of a request or PG_INT64_MAX.  With a
 * dirty snapshot, which is for holders of the claim lock, the ones that are busy as
 * well.
 */
extern List *claims_open(Oid relid, int64 generation, int64 lo, int64 hi, Snapshot snapshot);

/* Both under the claim lock.  Only what can change is updated: lease to error. */
extern void claims_insert(Claim *claim);
extern void claims_update(const Claim *claim);

/*
 * Ends a claim, under the claim lock; an error counts as a failed attempt at its
 * request, and needs the lock on attempts as well.
 */
extern void claims_end(Claim *claim, const char *error);

/*
 * Ends those of the open claims in [lo, hi) whose leases are over, as one failed
 * attempt at a request, or without any; returns how many.  They leave the list.
 * Under both locks, on claims and on attempts.
 */
extern int	claims_end_lapsed(List **claims, int64 lo, int64 hi, bool failed);

/*
 * The claim that a queued result answers; false if it is not there any more.  It
 * stays as it is until this transaction settles it.  An error if somebody is
 * writing it all the same.
 */
extern bool claims_answered(int64 id, Claim *claim);

/*
 * A claim's result has been applied (error is NULL) or refused; takes no claim
 * lock.  Attempts are left as they are while somebody else, in a transaction that
 * may be idle, has the lock on them: results are not to wait for that.
 */
extern void claims_settle(Claim *claim, const char *error);

#endif
