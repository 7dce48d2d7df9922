/*
 * claims.h
 *		Claims: leases on stretches of merge requests.  Rows of
 *		spine_merge_claim.
 *
 * A claim's id is a fencing token: whoever completes a merge shows it, and is
 * told if somebody else has claimed the same meanwhile.  No two claims that have
 * not ended overlap.  What upholds that is the claim lock of a spine, a
 * heavyweight lock on the object with class spine_merge_claim and the relation's
 * oid: whoever writes claims or attempts of a spine holds it until the
 * transaction ends.  Whoever looks for a merge takes it conditionally, and so
 * does the worker.  It comes after the spine's own lock, where both are taken.
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
	ItemPointerData tid;
} Claim;

/* What a claim that has not ended is doing. */
typedef enum ClaimState
{
	CLAIM_LEASED,
	CLAIM_LAPSED,				/* the lease is over, and nobody else has it yet */
	CLAIM_COMPLETED				/* its result is queued */
} ClaimState;

extern ClaimState claim_state(const Claim *claim, TimestampTz now);

/* False if it was not to be had without waiting. */
extern bool claims_lock(Oid relid, bool wait);

/* Only before anything was written under it. */
extern void claims_unlock(Oid relid);

/* A claim by its id; false if it does not exist (any more). */
extern bool claims_find(int64 id, Snapshot snapshot, Claim *claim);

/* The claims of a spine that have not ended. */
extern List *claims_open(Oid relid, int64 generation, Snapshot snapshot);

/* Both under the claim lock.  Only what can change is updated: lease to error. */
extern void claims_insert(Claim *claim);
extern void claims_update(const Claim *claim);

/* Ends a claim; an error counts as a failed attempt at its request. */
extern void claims_end(Claim *claim, const char *error);

/*
 * Ends those of the open claims in [lo, hi) whose leases are over, as one failed
 * attempt at a request, or without any; returns how many.
 */
extern int	claims_end_lapsed(List *claims, int64 lo, int64 hi, bool failed);

/*
 * A claim's result has been applied (error is NULL) or refused.  Under the claim
 * lock.
 */
extern void claims_settle(int64 id, const char *error);

#endif
