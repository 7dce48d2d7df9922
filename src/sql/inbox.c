/*
 * inbox.c
 *		spine_append_batch and spine_wait_append.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "sql/args.h"
#include "state/generation.h"
#include "state/inbox.h"
#include "state/mailbox.h"
#include "state/report.h"
#include "state/values.h"
#include "state/wakeup.h"
#include "state/working.h"

/* Between two looks though nobody has told of a change: ms. */
#define LOOK_PAUSE 1000

PG_FUNCTION_INFO_V1(spine_append_batch);
Datum
spine_append_batch(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_INSERT);
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
	spine_require_next_time(relid);
	PG_RETURN_INT64(inbox_add(relid, &row));
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

/*
 * Looks at a ticket once; false if its batch still waits.  *relid is its relation,
 * as soon as that is known.
 */
static bool
look(int64 ticket, Frontier *lower, Oid *relid)
{
	InboxEntry	entry;

	if (!inbox_find(ticket, *relid, &entry))
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
				 errdetail("Recorded with it: %s%s", entry.error,
						   entry.error[strlen(entry.error) - 1] == '.' ? "" : "."),
				 errhint("Its parts are in spine_garbage.")));
	*lower = entry.lower;
	*relid = entry.relid;
	return entry.sequenced;
}

/*
 * Keeps no lock while it waits, as the other calls that wait.  The worker's
 * commit wakes it, unless the spine is gone: hence a look now and then.
 */
static bool
wait_for_time(int64 ticket, int64 timeout, Frontier *lower)
{
	int64		end = mailbox_clock() + timeout;
	Oid			relid = InvalidOid;
	bool		sequenced = look(ticket, lower, &relid);

	if (sequenced)
		return true;
	wakeup_prepare(relid);
	while (!(sequenced = look(ticket, lower, &relid)))
	{
		int64		left = end - mailbox_clock();

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			break;
		wakeup_sleep(relid, (long) Min(left, LOOK_PAUSE));
	}
	wakeup_done();
	return sequenced;
}

PG_FUNCTION_INFO_V1(spine_wait_append);
Datum
spine_wait_append(PG_FUNCTION_ARGS)
{
	int64		ticket;
	Frontier	lower;

	require_preloaded();
	ticket = bigint_arg(fcinfo, 0, "ticket");
	if (!wait_for_time(ticket, timeout_arg(fcinfo, 1), &lower))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(frontier_get_datum(&lower));
}
