/*
 * init.c
 *		Loading the library: settings, shared memory, hooks, the launcher.
 *
 * Without shared_preload_libraries nothing of this happens; then the type
 * spine_frontier works, and every other function says what is missing.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "am/custom_scan.h"
#include "am/native_hooks.h"
#include "am/sum_marks.h"
#include "dev/stop_point.h"
#include "spine.h"
#include "state/events.h"
#include "state/hooks.h"
#include "state/mailbox.h"
#include "state/mergers.h"
#include "state/progress.h"
#include "state/registry.h"
#include "state/wakeup.h"
#include "state/working.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

bool		spine_preloaded = false;

static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

static void
request_shared_memory(void)
{
	if (previous_request != NULL)
		previous_request();
	RequestAddinShmemSpace(add_size(registry_shmem_size(), mailbox_shmem_size()));
	RequestAddinShmemSpace(wakeup_shmem_size());
	RequestAddinShmemSpace(events_shmem_size());
	RequestAddinShmemSpace(mergers_shmem_size());
	RequestAddinShmemSpace(progress_shmem_size());
	RequestNamedLWLockTranche("spine", SPINE_LOCKS);
}

static void
set_up_shared_memory(void)
{
	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	registry_shmem_init();
	mailbox_shmem_init();
	wakeup_shmem_init();
	events_shmem_init();
	mergers_shmem_init();
	progress_shmem_init();
	LWLockRelease(AddinShmemInitLock);
}

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	spine_preloaded = true;
	spine_define_settings();
	previous_request = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = set_up_shared_memory;
	stop_points_init();
	spine_working_init();
	spine_install_hooks();
	native_install_hooks();
	custom_scan_install();
	sum_marks_install();
	worker_register();
}
