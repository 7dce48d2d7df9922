/*
 * generation.c
 *		The generation of a spine, how many dimensions its times have, and whether
 *		they have ended, remembered by each session.
 *
 * Who leaves a batch in an inbox needs no more than these, and should not have to
 * read the levels for them.  They change with what is done to the spine as a
 * whole; all sessions then hear of it as they hear of ALTER TABLE, by an
 * invalidation of the relation, when that is committed.  What is written to
 * spine_trace by other means, such as a restore, is noticed within MEMORY.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "core/status.h"
#include "state/copies.h"
#include "state/generation.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/working.h"

#define MEMORY 1000				/* ms */
#define KNOWN 64

/* A committed spine. */
typedef struct Known
{
	Oid			relid;			/* InvalidOid = nothing is known */
	Oid			trace;			/* spine_trace: of another extension it is not */
	int64		generation;
	int			dims;
	bool		closed;
	TimestampTz read_at;
} Known;

static Known known[KNOWN];		/* by relid % KNOWN */
static uint64 forgotten = 0;	/* how many times anything was */

static void
forget(Datum arg, Oid relid)
{
	forgotten++;
	if (!OidIsValid(relid))
		memset(known, 0, sizeof(known));
	else if (known[relid % KNOWN].relid == relid)
		known[relid % KNOWN].relid = InvalidOid;
}

void
generation_changes(Oid relid)
{
	/* Nobody remembers anything of one that is gone. */
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		CacheInvalidateRelcacheByRelid(relid);
}

/*
 * Later than the active snapshot, which may have been taken before the lock on
 * the relation was: after a TRUNCATE that held it, the generation is another.
 * What is invalidated after the snapshot was taken may be what it shows; what the
 * transaction has written itself may be rolled back.  Neither is remembered.
 */
static Known
read_known(Oid relid, Oid trace)
{
	uint64		before = forgotten;
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Known		result = {.relid = relid, .trace = trace, .read_at = GetCurrentTimestamp()};
	Spine		latest;

	if (!trace_row_load(relid, snapshot, true, &latest))
		spine_not_registered(relid);
	UnregisterSnapshot(snapshot);
	result.generation = latest.generation;
	result.dims = latest.trace.dims;
	result.closed = frontier_is_empty(&latest.trace.upper);
	if (forgotten == before && !TransactionIdIsCurrentTransactionId(latest.xmin))
		known[relid % KNOWN] = result;
	return result;
}

static Known
look_up(Oid relid)
{
	static bool registered = false;
	Spine	   *top = copies_top(relid);
	const Known *last = &known[relid % KNOWN];
	Oid			trace;

	if (top != NULL)
	{
		if (top->gone)
			spine_not_registered(relid);
		return (Known) {.generation = top->generation, .dims = top->trace.dims,
			.closed = frontier_is_empty(&top->trace.upper)};
	}
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget, (Datum) 0);
		registered = true;
	}
	/* The relation may have been locked for long, and unregistered all the same. */
	AcceptInvalidationMessages();
	trace = spine_tables(false)->trace;
	if (last->relid == relid && last->trace == trace &&
		!TimestampDifferenceExceeds(last->read_at, GetCurrentTimestamp(), MEMORY))
		return *last;
	return read_known(relid, trace);
}

int64
spine_generation(Oid relid)
{
	return look_up(relid).generation;
}

void
spine_require_next_time(Oid relid)
{
	Known		latest = look_up(relid);
	CoreError	err;

	if (latest.dims > 1)
		core_error(&err, CORE_UNSUPPORTED, "times of the spine have several dimensions",
				   "They have %d, so there is no next one.", latest.dims);
	else if (latest.closed)
		core_error(&err, CORE_CLOSED, "the spine is closed", "Its upper is [].");
	else
		return;
	report_core_error(&err);
}
