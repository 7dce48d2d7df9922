/*
 * attempts.h
 *		Failed attempts at merge requests: how many, the last error, and when the
 *		next may be made.  Rows of spine_merge_attempt.
 *
 * A request is its range of ids: one that has grown is another request, and
 * starts without failures.  Rows are written under the spine's lock on attempts, a
 * heavyweight lock on the object with class spine_merge_attempt and the relation's
 * oid, which is kept until the transaction ends.  It comes after the spine's own
 * lock and before its claim lock (claims.h), under which it is taken
 * conditionally.  The worker takes it conditionally, too.
 */
#ifndef SPINE_STATE_ATTEMPTS_H
#define SPINE_STATE_ATTEMPTS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

typedef struct RequestKey
{
	Oid			relid;
	int64		generation;
	int64		lo;
	int64		hi;
} RequestKey;

typedef struct Attempts
{
	int			count;			/* 0 = none has failed */
	char	   *last_error;
	TimestampTz retry_at;
	TimestampTz last_error_at;
} Attempts;

/* False if it was not to be had without waiting. */
extern bool attempts_lock(Oid relid, bool wait);

/* Only before anything was written under it. */
extern void attempts_unlock(Oid relid);

/* What is known of a request; nothing is known of another generation's. */
extern Attempts attempts_read(const RequestKey *request, Snapshot snapshot);

/* One more has failed; the next waits for twice as long as this one did. */
extern void attempts_add(const RequestKey *request, const char *error);

/* Starts over; false if there was nothing. */
extern bool attempts_forget(const RequestKey *request);

/* No compactor is offered a request that has failed so often. */
extern bool attempts_exhausted(int count);

#endif
