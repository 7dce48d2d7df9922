/*
 * progress.c
 *		What processes are doing with a relation just now, for all to see.
 *
 * Each process that can run SQL has an entry in shared memory, at the place of its
 * PGPROC.  It alone writes it; the spinlock is for those who look meanwhile.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "state/progress.h"

typedef struct ProgressEntry
{
	slock_t		mutex;
	Progress	what;
} ProgressEntry;

static ProgressEntry *entries = NULL;

/* This process's; NULL: it has shown nothing yet. */
static ProgressEntry *mine = NULL;

Size
progress_shmem_size(void)
{
	return mul_size(sizeof(ProgressEntry), MaxBackends);
}

void
progress_shmem_init(void)
{
	bool		found;

	entries = ShmemInitStruct("spine progress", progress_shmem_size(), &found);
	if (found)
		return;
	memset(entries, 0, progress_shmem_size());
	for (int i = 0; i < MaxBackends; i++)
		SpinLockInit(&entries[i].mutex);
}

static void
show(const Progress *what)
{
	SpinLockAcquire(&mine->mutex);
	mine->what = *what;
	SpinLockRelease(&mine->mutex);
}

static void
at_exit(int code, Datum arg)
{
	progress_end(NULL);
}

void
progress_begin(const Progress *what, Progress *outer)
{
	Progress	shown = *what;

	if (mine == NULL)
	{
		mine = &entries[MyProc - ProcGlobal->allProcs];
		on_shmem_exit(at_exit, (Datum) 0);
	}
	shown.database = MyDatabaseId;
	shown.pid = MyProcPid;
	shown.since = GetCurrentTimestamp();
	if (outer != NULL)
		*outer = mine->what;
	show(&shown);
}

void
progress_end(const Progress *outer)
{
	show(outer != NULL ? outer : &(Progress) {.relid = InvalidOid});
}

void
progress_report(int64 done)
{
	SpinLockAcquire(&mine->mutex);
	mine->what.done = done;
	SpinLockRelease(&mine->mutex);
}

int64
progress_merging(Oid relid)
{
	if (mine == NULL || mine->what.phase != PROGRESS_MERGING ||
		(OidIsValid(relid) && mine->what.relid != relid))
		return 0;
	return mine->what.claim;
}

bool
progress_look(int process, Progress *what)
{
	ProgressEntry *entry = &entries[process];

	SpinLockAcquire(&entry->mutex);
	*what = entry->what;
	SpinLockRelease(&entry->mutex);
	return OidIsValid(what->relid);
}
