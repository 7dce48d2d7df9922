/*
 * activity.c
 *		What is being done: spine_progress, and by our background processes,
 *		spine_activity.
 *
 * Both show what shared memory says at the moment, not what the snapshot would.
 * An error's text may name what only those who administer the server may know of.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "sql/args.h"
#include "state/mailbox.h"
#include "state/mergers.h"
#include "state/progress.h"

static void
put_progress(ReturnSetInfo *set, const Progress *progress)
{
	static const char *const phases[] = {
		[PROGRESS_MERGING] = "merging", [PROGRESS_ABSORBING] = "absorbing",
		[PROGRESS_COMPACTING] = "compacting"
	};
	Datum		values[9];
	bool		nulls[9] = {false};

	values[0] = ObjectIdGetDatum(progress->relid);
	values[1] = Int64GetDatum(progress->lo);
	values[2] = Int64GetDatum(progress->hi);
	nulls[1] = nulls[2] = progress->hi == 0;
	values[3] = Int64GetDatum(progress->len);
	nulls[3] = progress->len < 0;
	values[4] = Int64GetDatum(progress->done);
	nulls[4] = progress->done < 0;
	values[5] = TimestampTzGetDatum(progress->since);
	values[6] = Int32GetDatum(progress->pid);
	values[7] = Int64GetDatum(progress->claim);
	nulls[7] = progress->claim == 0;
	values[8] = CStringGetTextDatum(phases[progress->phase]);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* What is done in this database, as far as the user may know. */
PG_FUNCTION_INFO_V1(spine_progress_rows);
Datum
spine_progress_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	require_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < MaxBackends; i++)
	{
		Progress	progress;

		if (progress_look(i, &progress) && progress.database == MyDatabaseId &&
			relation_is_visible(progress.relid))
			put_progress(set, &progress);
	}
	return (Datum) 0;
}

/* A process of ours. */
typedef struct Activity
{
	const char *process;
	Oid			database;		/* InvalidOid: none */
	pid_t		pid;			/* 0: it is not there */
	const char *state;
	TimestampTz woken_at;		/* 0 = never */
	TimestampTz last_error_at;
	const char *last_error;
} Activity;

static bool
may_see_errors(Oid database)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) ||
		(database == MyDatabaseId && database_ownercheck(MyDatabaseId, GetUserId()));
}

static void
put(ReturnSetInfo *set, const Activity *activity)
{
	char	   *database = OidIsValid(activity->database) ? get_database_name(activity->database) : NULL;
	bool		errors = activity->last_error_at != 0 && may_see_errors(activity->database);
	Datum		values[7];
	bool		nulls[7] = {false};

	/* It may have been dropped just now. */
	if (OidIsValid(activity->database) && database == NULL)
		return;
	values[0] = CStringGetTextDatum(activity->process);
	nulls[1] = database == NULL;
	if (database != NULL)
		values[1] = DirectFunctionCall1(namein, CStringGetDatum(database));
	values[2] = Int32GetDatum(activity->pid);
	nulls[2] = activity->pid == 0;
	values[3] = CStringGetTextDatum(activity->state);
	values[4] = TimestampTzGetDatum(activity->woken_at);
	nulls[4] = activity->woken_at == 0;
	nulls[5] = nulls[6] = !errors;
	if (errors)
	{
		values[5] = CStringGetTextDatum(activity->last_error);
		values[6] = TimestampTzGetDatum(activity->last_error_at);
	}
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

static void
put_launcher(ReturnSetInfo *set)
{
	MailboxLauncher launcher;

	mailbox_look_launcher(&launcher);
	put(set, &(Activity)
		{
			.process = "launcher", .pid = launcher.pid,
			.state = launcher.pid == 0 ? "away" : "there", .woken_at = launcher.woken_at,
			.last_error_at = launcher.last_error_at, .last_error = launcher.last_error
		});
}

/* Of databases with the extension, and of those where a worker is. */
static void
put_workers(ReturnSetInfo *set)
{
	static const char *const states[] = {
		[MAILBOX_VACANT] = "away", [MAILBOX_STARTING] = "starting",
		[MAILBOX_CONNECTED] = "there", [MAILBOX_LEAVING] = "leaving"
	};
	MailboxSlot *slots = palloc(sizeof(MailboxSlot) * MAILBOX_SLOTS);
	char		(*errors)[MAILBOX_ERROR_LENGTH] = palloc(sizeof(*errors) * MAILBOX_SLOTS);
	int			count = mailbox_look(slots, errors);

	for (int i = 0; i < count; i++)
	{
		const MailboxSlot *slot = &slots[i];

		if (slot->absent && slot->state == MAILBOX_VACANT)
			continue;
		put(set, &(Activity)
			{
				.process = "worker", .database = slot->database, .pid = slot->worker_pid,
				.state = states[slot->state], .woken_at = slot->woken_at,
				.last_error_at = slot->last_error_at, .last_error = errors[i]
			});
	}
}

static void
put_mergers(ReturnSetInfo *set)
{
	static const char *const states[] = {
		[MERGER_STARTING] = "starting", [MERGER_IDLE] = "there",
		[MERGER_AT_WORK] = "at work", [MERGER_LEAVING] = "leaving"
	};
	MergerPlace places[MAX_MERGERS];
	int			count = mergers_look(places);

	for (int i = 0; i < count; i++)
		put(set, &(Activity)
			{
				.process = "merger", .database = places[i].database, .pid = places[i].pid,
				.state = states[places[i].state], .woken_at = places[i].woken_at
			});
}

PG_FUNCTION_INFO_V1(spine_activity_rows);
Datum
spine_activity_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	require_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	put_launcher(set);
	put_workers(set);
	put_mergers(set);
	return (Datum) 0;
}
