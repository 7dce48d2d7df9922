/*
 * merger.c
 *		A merger: runs the merge functions of one database's spines.
 *
 * It is sent by the database's worker, and goes on until there is nothing left
 * to claim.  A request is claimed in one transaction; in the next one the
 * function runs as the owner of the relation, and its result is queued: so what
 * the function has written and the result are there both or not at all.  After
 * an error a third one records it.  Whatever the function does, it does to this
 * process only, which it cannot keep from being ended.
 */
#include "worker/worker.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/pmsignal.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "core/batch.h"
#include "dev/stop_point.h"
#include "spine.h"
#include "state/claiming.h"
#include "state/mailbox.h"
#include "state/merge_function.h"
#include "state/mergers.h"
#include "state/options.h"
#include "state/progress.h"
#include "state/report.h"
#include "state/request.h"
#include "state/results.h"
#include "state/seen.h"
#include "state/tables.h"
#include "state/values.h"
#include "worker/guard.h"
#include "worker/session.h"

/* Milliseconds. */
#define ERROR_PAUSE 1000		/* after an error that is not a merge function's */
#define CANCEL_PATIENCE 10000	/* for a function that was cancelled to end */
#define EXIT_PATIENCE 300		/* for those who are in its way when it ends */
#define EXIT_STEP 10
#define LEASE_MARGIN 30000		/* of the lease, beyond all that */

typedef struct Merger
{
	MemoryContext context;		/* of the claim */
	int64		claim;			/* 0 = none */
	RequestKey	request;
	int64		lo;
	int64		hi;
	int64		len;
	char	   *name;			/* of the relation, for messages */
	Datum		value;			/* the request, as the function gets it */
	TimestampTz due;			/* when the function is cancelled */
	char	   *error;			/* why it was not answered; NULL: no fault of it */
	TimeoutId	overdue;
	int64		idle_since;
} Merger;

static Merger merger;
static volatile sig_atomic_t is_overdue = false;

/*
 * Claiming.
 */

static bool
may_claim(void *arg, Oid relid)
{
	Oid			owner;

	return relation_owner(relid, &owner) &&
		options_read(relid, SnapshotSelf).merge_function != NULL;
}

/* Notes what is claimed, for the transaction after this one. */
static void
note_claim(void *arg, const Claim *claim, const Stretch *stretch)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(spine_tables(false)->request_type, -1);
	Datum		values[1 + REQUEST_COLUMNS];
	bool		nulls[1 + REQUEST_COLUMNS] = {false};
	HeapTuple	tuple;
	MemoryContext old;

	values[0] = ObjectIdGetDatum(claim->request.relid);
	stretch_values(stretch, true, values + 1, nulls + 1);
	tuple = heap_form_tuple(desc, values, nulls);
	old = MemoryContextSwitchTo(merger.context);
	merger.value = heap_copy_tuple_as_datum(tuple, desc);
	merger.name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(claim->request.relid)),
											 get_rel_name(claim->request.relid));
	MemoryContextSwitchTo(old);
	ReleaseTupleDesc(desc);
	merger.claim = claim->id;
	merger.request = claim->request;
	merger.lo = claim->lo;
	merger.hi = claim->hi;
	merger.len = claim->len;
}

/*
 * Requests of spines with merge functions, best first.  A spine that comes from
 * another database and was not written to here is let alone: a restore may still
 * be filling the tables that are its parts.
 */
static List *
list_offers(void)
{
	List	   *relids = options_with_merge_function(GetActiveSnapshot());
	List	   *offers = NIL;
	ListCell   *cell;

	foreach(cell, relids)
	{
		Spine		spine;
		Snapshot	rows;

		CHECK_FOR_INTERRUPTS();
		if (spine_read(lfirst_oid(cell), &spine, &rows) && !spine.foreign)
			offers = offers_add(offers, &spine);
	}
	offers_sort(offers);
	return offers;
}

/* Claims the best one that is free, in the owner's name. */
static void
claim_step(void *arg)
{
	Claimant	claimant = {.may_claim = may_claim, .claimed = note_claim};
	Oid			self;
	int			context;
	int			count = 0;
	ListCell   *cell;

	if (!spine_hold_extension() || spine_tables(true) == NULL)
		return;
	claimant.lease = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												 (int64) spine_merge_timeout + CANCEL_PATIENCE + LEASE_MARGIN);
	GetUserIdAndSecContext(&self, &context);
	foreach(cell, list_offers())
	{
		Offer	   *offer = lfirst(cell);
		Oid			owner;

		CHECK_FOR_INTERRUPTS();
		if (!relation_owner(offer->relid, &owner))
			continue;
		SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
		count = claiming_try(list_make1(list_make1(offer)), 1, &claimant);
		SetUserIdAndSecContext(self, context);
		if (count > 0)
			break;
	}
}

/*
 * The end of a claim.
 */

/* Is the spine still the one that the claim is of? */
static bool
claim_is_current(void)
{
	return seen_is_current(merger.request.relid, merger.request.generation);
}

/*
 * Takes the claim lock and the claim as it is now; false if it is over or answered.
 * busy as in claims_take.
 */
static bool
take_claim(bool *busy, Claim *claim)
{
	if (!claims_take(merger.request.relid, merger.claim, busy, claim))
		return false;
	if (claim->ended_at == 0 && claim->result == 0)
		return true;
	claims_unlock(merger.request.relid);
	return false;
}

/*
 * With an error it is a failed attempt, unless the spine has begun anew.  False if
 * that cannot be done without waiting for a transaction, and is not to.
 */
static bool
give_back(bool wait)
{
	Claim		claim;
	bool		busy = false;
	bool		failed;

	if (spine_tables(true) == NULL)
		return true;
	failed = merger.error != NULL && claim_is_current();
	if (failed && !attempts_lock(merger.request.relid, wait))
		return false;
	if (take_claim(wait ? NULL : &busy, &claim))
	{
		claims_end(&claim, failed ? merger.error : NULL);
		claims_unlock(merger.request.relid);
	}
	stop_point("merge_given_back");
	return !busy;
}

static void
give_back_step(void *arg)
{
	(void) give_back(true);
}

/*
 * Whoever is in the way may be about to commit, or idle in a transaction; and a
 * process at its end can no longer be told to stop waiting.
 */
static void
try_to_give_back(void)
{
	for (int waited = 0; waited < EXIT_PATIENCE && !give_back(false); waited += EXIT_STEP)
		pg_usleep(EXIT_STEP * 1000L);
}

/*
 * What ends this process rolls its transaction back, and should not leave the
 * request to nobody until the lease is over.
 */
static void
give_back_at_exit(int code, Datum arg)
{
	if (merger.claim == 0 || !PostmasterIsAlive())
		return;
	AbortOutOfAnyTransaction();
	if (is_overdue)
		merger.error = "the merge function did not end when it was cancelled";
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	try_to_give_back();
	PopActiveSnapshot();
	CommitTransactionCommand();
	merger.claim = 0;
}

/*
 * Merging.
 */

/* Queues what the function returned, unless somebody else was faster. */
static void
complete(const MergeOutput *output)
{
	HollowBatch batch = {.len = output->len};
	BatchRow	row = {.len = output->len, .parts = output->parts, .runs = output->runs};
	Claim		claim;
	CoreError	err;

	hollow_batch_set_arrays(&batch, output->parts, output->runs);
	if (hollow_batch_check(&batch, &err) != CORE_OK)
		report_core_error(&err);
	LockRelationOid(merger.request.relid, AccessShareLock);
	if (!claim_is_current() || !take_claim(NULL, &claim))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("claim " INT64_FORMAT " is over", merger.claim),
				 errdetail("The relation has been truncated or dropped, or somebody else has claimed the same."),
				 errhint("Nothing needs to be done: what the merge function wrote is rolled back.")));
	results_answer(&claim, &row);
	stop_point("merge_queued");
}

/*
 * Runs the function for at most spine.merge_timeout.  One that catches its
 * cancellation and goes on ends the process.
 */
static void
call(Oid function, MergeOutput *output)
{
	merger.due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), spine_merge_timeout);
	enable_timeout_after(STATEMENT_TIMEOUT, spine_merge_timeout);
	enable_timeout_after(merger.overdue, spine_merge_timeout + CANCEL_PATIENCE);
	stop_point("merging");
	merge_function_call(function, merger.value, output);
	stop_point("merged");
	disable_timeout(merger.overdue, false);
	disable_timeout(STATEMENT_TIMEOUT, false);
}

/*
 * As VACUUM runs an index's functions: as the owner, who may not become anybody
 * else, and without lasting settings.
 */
static void
merge_step(void *arg)
{
	Oid			relid = merger.request.relid;
	Oid			self;
	Oid			owner;
	int			context;
	int			nest;
	char	   *signature;
	Oid			function;
	MergeOutput output;

	signature = spine_tables(true) == NULL ? NULL :
		options_read(relid, GetActiveSnapshot()).merge_function;
	/* Taken away again, or the relation with it. */
	if (signature == NULL || !relation_owner(relid, &owner))
	{
		give_back_step(NULL);
		return;
	}
	GetUserIdAndSecContext(&self, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	nest = NewGUCNestLevel();
	function = merge_function_find(signature);
	merge_function_check(function, owner);
	call(function, &output);
	complete(&output);
	AtEOXact_GUC(false, nest);
	SetUserIdAndSecContext(self, context);
}

/* Keeps what an error says; being told to leave is nobody's fault. */
static bool
keep_error(void *arg, const ErrorData *error)
{
	bool		cancelled = error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	MemoryContext old;

	if (cancelled && merger_told_to_leave())
		return false;
	old = MemoryContextSwitchTo(merger.context);
	if (cancelled && merger.due != 0 && GetCurrentTimestamp() >= merger.due)
		merger.error = pstrdup("the merge function took longer than spine.merge_timeout");
	else
		merger.error = error->detail == NULL ? pstrdup(error->message) :
			psprintf("%s: %s", error->message, error->detail);
	MemoryContextSwitchTo(old);
	return true;
}

static void
add_context(void *arg)
{
	errcontext("merging the batches " INT64_FORMAT " to " INT64_FORMAT " of %s",
			   merger.lo, merger.hi, merger.name);
}

static void
run_merge(void *arg)
{
	ErrorContextCallback callback = {.callback = add_context, .previous = error_context_stack};

	error_context_stack = &callback;
	merge_step(arg);
	error_context_stack = callback.previous;
}

/* Answers the claim at hand, or gives it back. */
static void
merge(void)
{
	Progress	progress = {
		.phase = PROGRESS_MERGING, .relid = merger.request.relid, .claim = merger.claim,
		.lo = merger.lo, .hi = merger.hi, .len = merger.len, .done = -1
	};

	merger_set_at_work(true);
	progress_begin(&progress, NULL);
	pgstat_report_activity(STATE_RUNNING, "running a merge function");
	if (!guard_transaction(run_merge, keep_error, NULL))
	{
		disable_timeout(merger.overdue, false);
		disable_timeout(STATEMENT_TIMEOUT, false);
		/* Somebody may cancel that, too; but then the lease will end one day. */
		for (;;)
		{
			guard_attend();
			if (guard_transaction(give_back_step, NULL, NULL) || merger_told_to_leave())
				break;
			guard_pause(ERROR_PAUSE);
		}
	}
	merger.claim = 0;
	merger.due = 0;
	/* Locks that the function has left behind in the session. */
	LockReleaseAll(USER_LOCKMETHOD, true);
	MemoryContextReset(merger.context);
	merger.error = NULL;
	progress_end(NULL);
	merger_set_at_work(false);
	pgstat_report_stat(false);
}

/* Until there has been nothing to merge for a while, or it has to leave. */
static void
serve(void *arg)
{
	for (;;)
	{
		int64		left;

		ResetLatch(MyLatch);
		guard_attend();
		if (!merger_may_look())
			return;
		if (!guard_transaction(claim_step, NULL, NULL))
		{
			/* What it may have noted was rolled back. */
			merger.claim = 0;
			guard_pause(ERROR_PAUSE);
			continue;
		}
		if (merger.claim != 0)
		{
			merge();
			merger.idle_since = mailbox_clock();
			continue;
		}
		left = merger.idle_since + spine_worker_idle_timeout - mailbox_clock();
		if (left <= 0 && merger_leave())
			return;
		pgstat_report_stat(true);
		pgstat_report_activity(STATE_IDLE, NULL);
		guard_wait(left);
	}
}

static void
end_overdue(void)
{
	is_overdue = true;
	kill(MyProcPid, SIGTERM);
}

void
spine_merger_main(Datum main_arg)
{
	MergerTicket ticket;
	Oid			database;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	memcpy(&ticket, MyBgworkerEntry->bgw_extra, sizeof(ticket));
	if (!merger_attach(&ticket, &database))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	before_shmem_exit(give_back_at_exit, (Datum) 0);
	session_settle("spine merger");
	merger.overdue = RegisterTimeout(USER_TIMEOUT, end_overdue);
	merger.context = AllocSetContextCreate(TopMemoryContext, "spine merge request",
										   ALLOCSET_DEFAULT_SIZES);
	merger.idle_since = mailbox_clock();
	while (!guard_run(serve, NULL, NULL))
		guard_pause(ERROR_PAUSE);
	proc_exit(0);
}
