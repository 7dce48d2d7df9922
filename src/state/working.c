/*
 * working.c
 *		The transaction protocol: lock, working copies, one write of the trace
 *		row before commit.
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
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "spine.h"
#include "dev/stop_point.h"
#include "state/arena.h"
#include "state/batches.h"
#include "state/buffer.h"
#include "state/copies.h"
#include "state/holds.h"
#include "state/hooks.h"
#include "state/mailbox.h"
#include "state/options.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/wakeup.h"
#include "state/working.h"

static bool notify_at_commit = false;
static bool requests_at_commit = false;

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
 * Locks the spine until the transaction ends.  The lock on spine_trace itself
 * keeps the row where it is (VACUUM FULL would move it) until it is written.
 */
static bool
lock_spine(Oid relid, bool wait)
{
	const SpineTables *tables = spine_tables(false);
	Oid			trace = tables->trace;
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

bool
spine_try_lock(Oid relid)
{
	return lock_spine(relid, false);
}

void
spine_not_registered(Oid relid)
{
	char	   *name = get_rel_name(relid);

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

static int64
next_generation(void)
{
	return nextval_internal(spine_tables(false)->generation_seq, false);
}

/*
 * The generation of a restored spine was given out by another database.  Before
 * anything can end it, this database's next ones are made to come after it.
 */
void
spine_follow_generation(int64 generation)
{
	while (next_generation() < generation)
		CHECK_FOR_INTERRUPTS();
}

/* A number that changes when another merge request comes up. */
static uint64
requests_digest(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	uint64		digest = 0;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
		if (spine_batch_is_fueled(batch))
		{
			uint64		ids[2] = {batch->lo, batch->hi};

			digest += hash_bytes_extended((const unsigned char *) ids, sizeof(ids), 0);
		}
	return digest;
}

/* What the news at commit are told from. */
static void
note_before(Spine *spine)
{
	spine->news = 0;
	spine->exerted_idle = false;
	spine->generation_before = spine->generation;
	spine->next_id_before = spine->trace.next_id;
	spine->requests_before = spine_notify ? requests_digest(&spine->trace) : 0;
}

/*
 * Under the spine's lock: the first working copy of the transaction, or NULL.
 * What ends a spine is not strict: it goes without the serialization check, as
 * it does for the relation itself, and does not care whether the image is good.
 */
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
	note_before(&latest);
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

/*
 * The working copy of this subtransaction; NULL if there is no spine, or busy.
 * strict as above.
 */
static Spine *
open_working(Oid relid, bool wait, bool strict, bool *busy)
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
		*busy = !lock_spine(relid, wait);
		spine = *busy ? NULL : load_working(relid, strict);
	}
	return spine == NULL || spine->gone ? NULL : spine;
}

Spine *
spine_open(Oid relid)
{
	bool		busy;
	Spine	   *spine = open_working(relid, true, true, &busy);

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
	spine = open_working(relid, true, false, &busy);
	if (spine == NULL)
		spine_not_registered(relid);
	return spine;
}

Spine *
spine_try_open(Oid relid, bool *busy)
{
	return open_working(relid, false, true, busy);
}

void
spine_changed(Spine *spine)
{
	spine->dirty = true;
}

static void
tell_drop(Spine *spine, const SpineBatch *batch)
{
	SpineEvent	event = {
		.kind = EVENT_DROP, .generation = spine->generation, .len = batch->len
	};

	events_add(&spine->events, &event);
	spine->counts.drops++;
}

/* In the order of seed 001: from the lowest level up. */
void
spine_tell_drops(Spine *spine)
{
	const Levels *levels = &spine->trace.levels;

	for (int i = 0; i < levels->count; i++)
		for (int k = 0; k < levels->level[i].count; k++)
			if (!spine_batch_is_structural(&levels->level[i].batch[k]))
				tell_drop(spine, &levels->level[i].batch[k]);
	for (uint32 i = 0; i < spine->trace.npending; i++)
		tell_drop(spine, &spine->trace.pending[i]);
}

void
spine_begin_generation(Spine *spine)
{
	spine->generation = next_generation();
	spine_changed(spine);
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

/*
 * Later than the active snapshot, which may have been taken before the lock on
 * the relation was: after a TRUNCATE that held it, the generation is another.
 * While it is held, only spine_unregister can end the one that is found, so one
 * look is enough for all rows of a command.
 */
static int64
look_up(Oid relid, int *dims)
{
	static struct
	{
		Oid			relid;
		CommandId	command;
		SubTransactionId subtransaction;
		LocalTransactionId transaction;
	}			last, now;
	static int64 last_generation;
	static int	last_dims;
	Spine	   *top = copies_top(relid);
	Spine		latest;
	Snapshot	snapshot;

	if (top != NULL)
	{
		if (top->gone)
			spine_not_registered(relid);
		*dims = top->trace.dims;
		return top->generation;
	}
	memset(&now, 0, sizeof(now));
	now.relid = relid;
	now.command = GetCurrentCommandId(false);
	now.subtransaction = GetCurrentSubTransactionId();
	now.transaction = my_local_transaction;
	*dims = last_dims;
	if (memcmp(&now, &last, sizeof(now)) == 0)
		return last_generation;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	if (!trace_row_load(relid, snapshot, true, &latest))
		spine_not_registered(relid);
	UnregisterSnapshot(snapshot);
	last_generation = latest.generation;
	*dims = last_dims = latest.trace.dims;
	last = now;
	return last_generation;
}

int64
spine_generation(Oid relid)
{
	int			dims;

	return look_up(relid, &dims);
}

void
spine_require_one_dimension(Oid relid)
{
	CoreError	err;
	int			dims;

	(void) look_up(relid, &dims);
	if (dims == 1)
		return;
	core_error(&err, CORE_UNSUPPORTED, "times of the spine have several dimensions",
			   "They have %d, so there is no next one.", dims);
	report_core_error(&err);
}

void
working_register(Oid relid, int dims, int effort)
{
	Spine		fresh = {.relid = relid};
	CoreError	err;

	spine_refuse_read_only();
	if (trace_init(&fresh.trace, dims, effort, current_arena(), &err) != CORE_OK)
		report_core_error(&err);
	lock_spine(relid, true);
	if (trace_row_exists(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("relation \"%s\" is a spine already", get_rel_name(relid)),
				 errdetail("It has a row in spine_traces."),
				 errhint("To start over, run spine_unregister() first.")));
	/* What a session without the library has left behind is not this one's. */
	holds_end(relid);
	fresh.generation = next_generation();
	trace_row_insert(&fresh);
	stop_point("registered");
	/* Counts of an earlier life are of no interest. */
	registry_remove(MyDatabaseId, relid);
	registry_reserve(relid);
	note_before(&fresh);
	copies_push(relid, &fresh);
}

void
working_unregister(Oid relid, bool missing_ok)
{
	bool		busy;
	Spine	   *spine = open_working(relid, true, false, &busy);

	if (spine == NULL)
	{
		if (missing_ok)
			return;
		spine_not_registered(relid);
	}
	batches_delete_all(relid, spine->generation);
	holds_end(relid);
	options_end(relid);
	spine_tell_drops(spine);
	trace_row_delete(spine);
	stop_point("unregistered");
	spine->gone = true;
	spine->dirty = false;
}

void
working_forget_all(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	buffer_forget_recent();
	while ((spine = copies_next(&walk)) != NULL)
	{
		spine = copies_own(spine->relid);
		spine->gone = true;
		spine->dirty = false;
	}
}

void
working_truncate(Oid relid)
{
	Spine	   *spine;
	CoreError	err;
	bool		busy;

	if (!trace_row_exists(relid))
		return;
	spine = open_working(relid, true, false, &busy);
	if (spine == NULL)
		return;
	if (spine->foreign && !spine->dirty)
	{
		ereport(WARNING,
				(errmsg("TRUNCATE leaves the spine of relation \"%s\" as it is",
						get_rel_name(relid)),
				 errdetail("It comes from another database or server and has not been written to here, and a parallel restore truncates each table."),
				 errhint("To start over, run spine_unregister() and spine_register().")));
		return;
	}
	batches_delete_all(relid, spine->generation);
	holds_end(relid);
	spine_tell_drops(spine);
	if (trace_init(&spine->trace, spine->trace.dims, spine->trace.effort,
				   spine->trace.arena, &err) != CORE_OK)
		report_core_error(&err);
	spine_begin_generation(spine);
}

void
spine_add_news(Oid relid, int news)
{
	Spine	   *spine = copies_own(relid);

	if (spine != NULL)
		spine->news |= news;
}

void
spine_notify_at_commit(void)
{
	mailbox_reserve();
	notify_at_commit = true;
}

void
spine_requests_at_commit(void)
{
	requests_at_commit = true;
}

/* Writes what has changed; anything that can fail must happen here. */
static void
write_rows(void)
{
	CopiesWalk	look = {0};
	CopiesWalk	walk = {0};
	Spine	   *spine;

	buffer_flush();
	while ((spine = copies_next(&look)) != NULL && !spine->dirty)
		;
	if (spine == NULL)
		return;
	/* Rows made by the last command become updatable. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	while ((spine = copies_next(&walk)) != NULL)
		if (spine->dirty)
		{
			stop_point("trace_writing");
			trace_row_update(spine);
			stop_point("trace_written");
			spine->dirty = false;
			spine->foreign = spine->stays_foreign;
			spine->written = true;
		}
	PopActiveSnapshot();
	stop_point("ready_to_commit");
}

/* Counts what was done; nothing here allocates or raises an error. */
static void
count(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
		if (!spine->gone)
			registry_count(spine->relid, &spine->counts);
}

/* What listeners are to hear of.  Only pushes and exertions make requests. */
static int
news_of(Spine *spine)
{
	int			news = spine->news;

	if (spine->trace.next_id != spine->next_id_before ||
		spine->generation != spine->generation_before)
		news |= NEWS_UPPER;
	if (spine->counts.pushes > 0 || spine->counts.exertions > 0 ||
		spine->generation != spine->generation_before)
	{
		uint64		requests = requests_digest(&spine->trace);

		if (requests != 0 && requests != spine->requests_before)
			news |= NEWS_REQUEST;
	}
	for (int i = 0; i < (int) lengthof(spine->counts.outcomes); i++)
		if (spine->counts.outcomes[i] > 0)
			news |= NEWS_RESULT;
	return news;
}

/* Leaves the news for the worker, which NOTIFYs in our stead. */
static void
leave_news(Spine *spine)
{
	int			news = spine_notify && !spine->gone ? news_of(spine) : 0;

	if (news != 0 && registry_add_news(spine->relid, news))
		notify_at_commit = true;
}

static IdleChange
idle_change(const Spine *spine)
{
	if (spine->counts.pushes > 0 || spine->generation != spine->generation_before)
		return IDLE_ENDS;
	return spine->exerted_idle ? IDLE_EXERTED : IDLE_STAYS;
}

/* After commit; the same goes for this. */
static void
publish(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
	{
		stop_point("committed");
		if (spine->gone)
			registry_remove(MyDatabaseId, spine->relid);
		else if (spine->written && !spine->foreign)
			registry_store(spine, idle_change(spine));
		events_publish(spine->relid, &spine->events);
		wakeup_all(spine->relid);
		leave_news(spine);
		stop_point("published");
	}
	if (notify_at_commit)
		mailbox_notify(MyDatabaseId);
	else if (requests_at_commit)
		mailbox_notify_merges(MyDatabaseId);
}

/* Nobody will tell what becomes of them. */
static void
disturb(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
		if (spine->written && !spine->gone)
			registry_disturb(spine->relid);
}

static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			write_rows();
			return;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			return;
		case XACT_EVENT_COMMIT:
			count();
			publish();
			break;
		case XACT_EVENT_PREPARE:
			stop_point("prepared");
			count();
			disturb();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
	}
	/* The memory goes with TopTransactionContext. */
	buffer_forget();
	copies_forget();
	notify_at_commit = false;
	requests_at_commit = false;
}

static void
at_subtransaction_event(SubXactEvent event, SubTransactionId subid,
						SubTransactionId parent, void *arg)
{
	int			nest = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		buffer_flush();
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		buffer_commit_subtransaction(nest);
		copies_commit_subtransaction(nest);
	}
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		buffer_abort_subtransaction(nest);
		copies_abort_subtransaction(nest);
	}
}

void
spine_working_init(void)
{
	RegisterXactCallback(at_transaction_event, NULL);
	RegisterSubXactCallback(at_subtransaction_event, NULL);
}
