/*
 * inbox.c
 *		spine_append_batch and spine_wait_append.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "sql/args.h"
#include "state/inbox.h"
#include "state/report.h"
#include "state/values.h"
#include "state/working.h"

/* Milliseconds. */
#define LONGEST_TIMEOUT 60000
#define FIRST_PAUSE 10
#define LONGEST_PAUSE 1000

PG_FUNCTION_INFO_V1(spine_append_batch);
Datum
spine_append_batch(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_INSERT);
	BatchRow	row = {0};
	HollowBatch batch = {0};
	CoreError	err;

	row.len = batch.len = bigint_arg(fcinfo, 1, "len");
	row.parts = array_arg(fcinfo, 2, "parts");
	row.runs = array_arg(fcinfo, 3, "runs");
	spine_refuse_read_only();
	hollow_batch_set_arrays(&batch, row.parts, row.runs);
	if (hollow_batch_check(&batch, &err) != CORE_OK)
		report_core_error(&err);
	PG_RETURN_INT64(inbox_add(relid, &row));
}

/* An interval from 0 to a minute, in milliseconds. */
static int64
timeout_arg(FunctionCallInfo fcinfo, int n)
{
	Interval   *timeout;

	require_arg(fcinfo, n, "timeout");
	timeout = PG_GETARG_INTERVAL_P(n);
	if (timeout->month != 0 || timeout->day != 0 || timeout->time < 0 ||
		timeout->time > LONGEST_TIMEOUT * INT64CONST(1000))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout is out of range"),
				 errdetail("It is %s.",
						   DatumGetCString(DirectFunctionCall1(interval_out,
															   PG_GETARG_DATUM(n)))),
				 errhint("A call waits for up to a minute, since it holds a snapshot; call again to wait longer.")));
	return timeout->time / 1000;
}

static void
no_such_ticket(int64 ticket)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("ticket " INT64_FORMAT " does not exist", ticket),
			 errdetail("There is no such row in spine_inbox."),
			 errhint("The transaction that appended must be committed.  Tickets are kept for spine.result_retention.")));
}

static void
check_may_see(int64 ticket, const InboxEntry *entry)
{
	if (strcmp(NameStr(entry->appended_by), GetUserNameFromId(GetUserId(), false)) == 0 ||
		relation_is_visible(entry->relid) || superuser())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for ticket " INT64_FORMAT, ticket),
			 errdetail("It is somebody else's, and seeing it needs the SELECT privilege on its relation."),
			 errhint("Call it as the role that appended.")));
}

/* Looks at a ticket once; false if its batch still waits. */
static bool
look(int64 ticket, Frontier *lower)
{
	InboxEntry	entry;

	if (!inbox_find(ticket, &entry))
		no_such_ticket(ticket);
	check_may_see(ticket, &entry);
	if (entry.own)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for a batch that this transaction has appended"),
				 errdetail("Ticket " INT64_FORMAT " gets its time after the transaction has committed.",
						   ticket),
				 errhint("Commit first.")));
	if (entry.error != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the batch with ticket " INT64_FORMAT " got no time", ticket),
				 errdetail("Recorded with it: %s.", entry.error),
				 errhint("Its parts are in spine_garbage.")));
	*lower = entry.lower;
	return entry.sequenced;
}

/* Waits until it is worth another look, but no longer than that. */
static void
wait_for_news(int64 *pause, int64 longest)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) Min(*pause, longest), PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	*pause = Min(*pause * 2, LONGEST_PAUSE);
}

PG_FUNCTION_INFO_V1(spine_wait_append);
Datum
spine_wait_append(PG_FUNCTION_ARGS)
{
	TimestampTz end;
	int64		pause = FIRST_PAUSE;
	int64		ticket;
	Frontier	lower;

	require_preloaded();
	ticket = bigint_arg(fcinfo, 0, "ticket");
	end = GetCurrentTimestamp() + timeout_arg(fcinfo, 1) * 1000;
	while (!look(ticket, &lower))
	{
		int64		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		if (left <= 0)
			PG_RETURN_NULL();
		wait_for_news(&pause, left);
	}
	PG_RETURN_DATUM(frontier_get_datum(&lower));
}
