/*
 * register.c
 *		Asking the postmaster for the launcher, for workers and mergers.
 *
 * The launcher is started by the postmaster again whenever it ends; the others
 * are not, as who asked for them knows better whether another is wanted, and when.
 */
#include "worker/register.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "worker/worker.h"

/* Seconds until the launcher is started again. */
#define LAUNCHER_RESTART 5

/* Neither runs on a standby: they start when it is promoted. */
static void
describe(BackgroundWorker *process, const char *type, const char *function)
{
	memset(process, 0, sizeof(BackgroundWorker));
	strlcpy(process->bgw_name, type, sizeof(process->bgw_name));
	strlcpy(process->bgw_type, type, sizeof(process->bgw_type));
	strlcpy(process->bgw_library_name, "spine", sizeof(process->bgw_library_name));
	strlcpy(process->bgw_function_name, function, sizeof(process->bgw_function_name));
	process->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	process->bgw_start_time = BgWorkerStart_RecoveryFinished;
}

void
worker_register(void)
{
	BackgroundWorker launcher;

	/* pg_upgrade wants nobody but itself in its servers. */
	if (IsBinaryUpgrade)
		return;

	describe(&launcher, "spine launcher", "spine_launcher_main");
	launcher.bgw_restart_time = LAUNCHER_RESTART;
	RegisterBackgroundWorker(&launcher);
}

bool
register_worker(Oid database, BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker;
	MemoryContext context;
	bool		registered;

	describe(&worker, "spine worker", "spine_worker_main");
	snprintf(worker.bgw_name, sizeof(worker.bgw_name),
			 "spine worker for database %u", database);
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;

	/* The handle is for longer than the caller's turn. */
	*handle = NULL;
	context = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&worker, handle);
	MemoryContextSwitchTo(context);
	return registered;
}

bool
register_merger(Oid database, const MergerTicket *ticket)
{
	BackgroundWorker merger;

	describe(&merger, "spine merger", "spine_merger_main");
	snprintf(merger.bgw_name, sizeof(merger.bgw_name),
			 "spine merger for database %u", database);
	merger.bgw_restart_time = BGW_NEVER_RESTART;
	memcpy(merger.bgw_extra, ticket, sizeof(*ticket));
	return RegisterDynamicBackgroundWorker(&merger, NULL);
}
