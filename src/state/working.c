/*
 * working.c
 *		The transaction protocol: lock, working copies (here), one write of the
 *		trace row before commit (commit.c).
 *
 * A spine that a transaction writes to is loaded once, under its lock, and kept
 * as working copies (copies.c), one for each subtransaction that has written to
 * it.  Rolling a subtransaction back takes its copy off; the lock goes with it
 * if that subtransaction was the first to touch the spine.  Hollow rows go to
 * spine_batch as they come, but the row of spine_trace is written once, before
 * commit: writing it at every push would be quadratic, since no version of a
 * row can be pruned by the transaction that made it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "state/arena.h"
#include "state/copies.h"
#include "state/hooks.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/working.h"

void
spine_refuse_read_only(void)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot write to a spine during recovery"),
				 errdetail("The server is a standby."),
				 errhint("Connect to the primary server.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot write to a spine in a read-only transaction"),
				 errdetail("The transaction was started as, or set to, READ ONLY."),
				 errhint("Use a READ WRITE transaction.")));
	PreventCommandIfParallelMode("writing to a spine");
}

/*
 * The lock on spine_trace itself keeps the row where it is (VACUUM FULL would move
 * it) until it is written.
 */
bool
spine_lock(Oid relid, bool wait)
{
	Oid			trace = spine_tables(false)->trace;
	LOCKTAG		tag;

	if (wait)
		LockRelationOid(trace, RowExclusiveLock);
	else if (!ConditionalLockRelationOid(trace, RowExclusiveLock))
		return false;
	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, trace, relid, 0);
	if (LockAcquire(&tag, ExclusiveLock, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

void
spine_not_registered(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (relation_is_native(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no spine yet", get_rel_name(relid)),
				 errdetail("It uses spine, and its rows get one with the first absorption."),
				 errhint("Insert rows, and run SELECT spine_absorb('%s').", get_rel_name(relid))));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("relation \"%s\" is not registered as a spine",
					name != NULL ? name : psprintf("%u", relid)),
			 errdetail("It has no row in spine_traces."),
			 errhint("Run SELECT spine_register('%s').",
					 name != NULL ? name : "...")));
	pg_unreachable();
}

/*
 * In REPEATABLE READ and above a transaction may only write to what it has
 * seen, as with any row.
 */
static void
check_serialization(Oid relid, Spine *latest)
{
	Spine		seen;

	if (!IsolationUsesXactSnapshot())
		return;
	if (trace_row_load(relid, GetTransactionSnapshot(), false, &seen) &&
		ItemPointerEquals(&seen.tid, &latest->tid))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errdetail("The spine of relation \"%s\" has changed since the transaction's snapshot.",
					   get_rel_name(relid)),
			 errhint("The transaction might succeed if retried.")));
}

/* Under the spine's lock: the first working copy of the transaction, or NULL. */
static Spine *
load_working(Oid relid, bool strict)
{
	Spine		latest;
	Spine	   *spine;
	bool		hit = registry_load(relid, &latest) && trace_row_is_current(&latest);

	/* What this very command has done to the row counts, too. */
	if (!hit && !trace_row_load(relid, SnapshotSelf, !strict, &latest))
		return NULL;
	if (strict)
		check_serialization(relid, &latest);
	if (latest.foreign)
		spine_follow_generation(latest.generation);
	registry_reserve(relid);
	if (!hit && strict && !latest.foreign && !TransactionIdIsCurrentTransactionId(latest.xmin))
		registry_store(&latest, IDLE_STAYS);
	working_note_before(&latest);
	spine = copies_push(relid, &latest);
	spine->counts.hits = hit;
	spine->counts.misses = !hit;
	return spine;
}

/* The spine is emptied when the command is done, with all that came before. */
static void
refuse_in_truncate(Oid relid)
{
	if (hooks_truncating(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("cannot write to the spine of relation \"%s\" while it is being truncated",
						get_rel_name(relid)),
				 errdetail("TRUNCATE starts an empty spine when all its triggers have run."),
				 errhint("Write to it after TRUNCATE instead of in a trigger.")));
}

Spine *
working_open(Oid relid, bool wait, bool strict, bool *busy)
{
	Spine	   *spine;

	if (strict)
	{
		spine_refuse_read_only();
		refuse_in_truncate(relid);
	}
	*busy = false;
	spine = copies_own(relid);
	if (spine == NULL)
	{
		*busy = !spine_lock(relid, wait);
		spine = *busy ? NULL : load_working(relid, strict);
	}
	return spine == NULL || spine->gone ? NULL : spine;
}

Spine *
spine_open(Oid relid)
{
	bool		busy;
	Spine	   *spine = working_open(relid, true, true, &busy);

	if (spine == NULL)
		spine_not_registered(relid);
	return spine;
}

Spine *
spine_open_damaged(Oid relid)
{
	bool		busy;
	Spine	   *spine;

	refuse_in_truncate(relid);
	spine = working_open(relid, true, false, &busy);
	if (spine == NULL)
		spine_not_registered(relid);
	return spine;
}

Spine *
spine_try_open(Oid relid, bool *busy)
{
	return working_open(relid, false, true, busy);
}

void
spine_changed(Spine *spine)
{
	spine->dirty = true;
}

/*
 * What this transaction writes to, it has locked, so the latest state is its
 * own; the active snapshot may have been taken before the lock was.
 */
bool
spine_read_under(Snapshot snapshot, Oid relid, Spine *spine, Snapshot *rows)
{
	Spine	   *top = copies_top(relid);

	if (top == NULL)
	{
		*rows = snapshot;
		return trace_row_load(relid, *rows, false, spine);
	}
	*rows = SnapshotSelf;
	memcpy(spine, top, offsetof(Spine, trace));
	trace_copy(&spine->trace, &top->trace, current_arena());
	return !spine->gone;
}

bool
spine_read(Oid relid, Spine *spine, Snapshot *rows)
{
	return spine_read_under(GetActiveSnapshot(), relid, spine, rows);
}

void
spine_require(Oid relid, Spine *spine, Snapshot *rows)
{
	if (!spine_read(relid, spine, rows))
		spine_not_registered(relid);
}
