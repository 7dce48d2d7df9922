/*
 * guard.c
 *		Running things so that an ERROR does not end the process.
 *
 * A background process ends with the first ERROR that nobody catches, and
 * would then depend on being started again.  Launcher and workers run all they
 * do under guard_run instead, and go on.  The process must have SIGTERM handled
 * by die() and SIGHUP by the server's handler for it.
 */
#include "worker/guard.h"

#include <limits.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/sinval.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "state/mailbox.h"

/* After an ERROR: reports it if wanted, and cleans up behind it. */
static void
recover(GuardFilter filter, void *arg, MemoryContext context)
{
	ErrorData  *error;

	/* Not to be interrupted halfway by the next signal. */
	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (filter == NULL || filter(arg, error))
		EmitErrorReport();

	/*
	 * Out of any: the error may have come from a subtransaction.  If there was
	 * no transaction at all, its locks are not released by it.
	 */
	AbortOutOfAnyTransaction();
	LWLockReleaseAll();
	pgstat_report_wait_end();
	MemoryContextSwitchTo(context);
	FlushErrorState();
	FreeErrorData(error);
	RESUME_INTERRUPTS();
}

bool
guard_run(GuardStep step, GuardFilter filter, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool fine = true;

	PG_TRY();
	{
		step(arg);
	}
	PG_CATCH();
	{
		fine = false;
		recover(filter, arg, context);
	}
	PG_END_TRY();
	return fine;
}

typedef struct Transaction
{
	GuardStep	step;
	GuardFilter filter;
	void	   *arg;
} Transaction;

static void
run_transaction(void *arg)
{
	Transaction *transaction = arg;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	transaction->step(transaction->arg);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

static bool
filter_transaction(void *arg, const ErrorData *error)
{
	Transaction *transaction = arg;

	return transaction->filter == NULL ||
		transaction->filter(transaction->arg, error);
}

bool
guard_transaction(GuardStep step, GuardFilter filter, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	Transaction transaction = {step, filter, arg};
	bool		fine = guard_run(run_transaction, filter_transaction, &transaction);

	/* A transaction's end leaves another one behind. */
	MemoryContextSwitchTo(context);
	return fine;
}

void
guard_wait(int64 milliseconds)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) Min(Max(milliseconds, 0), INT_MAX), PG_WAIT_EXTENSION);
}

void
guard_pause(int64 milliseconds)
{
	int64		end = mailbox_clock() + milliseconds;
	int64		left = milliseconds;

	while (left > 0 && !ProcDiePending)
	{
		guard_wait(left);
		ResetLatch(MyLatch);
		left = end - mailbox_clock();
	}

	/* Somebody may have meant us to wake up for more than the pause. */
	SetLatch(MyLatch);
}

void
guard_attend(void)
{
	/*
	 * Told to end between two transactions, a process has nothing to complain
	 * about.  The status matters for the launcher: 0 would mean for good.
	 */
	if (ProcDiePending)
		proc_exit(1);

	/* And nothing to cancel. */
	QueryCancelPending = false;
	CHECK_FOR_INTERRUPTS();

	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}

	/* Else an idle process would hold up the queue of invalidations. */
	if (catchupInterruptPending)
		ProcessCatchupInterrupt();
}
