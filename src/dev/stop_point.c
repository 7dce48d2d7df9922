/*
 * stop_point.c
 *		Stop points.  One can be armed at a time, in shared memory; the process
 *		that comes to it disarms it and stops: for good, or with an error.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/builtins.h"

#include "dev/stop_point.h"

typedef struct StopPoints
{
	slock_t		mutex;
	char		armed[NAMEDATALEN]; /* empty = none */
	int			passes;			/* times that it is let pass before */
	bool		error;			/* raise an error instead of waiting */
	int			stopped;		/* pid of who waits, 0 = nobody */
} StopPoints;

static StopPoints *points = NULL;
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

static void
request(void)
{
	if (previous_request != NULL)
		previous_request();
	RequestAddinShmemSpace(sizeof(StopPoints));
}

static void
startup(void)
{
	bool		found;

	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	points = ShmemInitStruct("spine stop points", sizeof(StopPoints), &found);
	if (!found)
	{
		memset(points, 0, sizeof(StopPoints));
		SpinLockInit(&points->mutex);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
stop_points_init(void)
{
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* Has this process come to the point that is armed? */
static bool
arrived(const char *name, bool *error)
{
	bool		here;

	SpinLockAcquire(&points->mutex);
	here = strcmp(points->armed, name) == 0 && points->passes-- == 0;
	if (here)
	{
		points->armed[0] = '\0';
		*error = points->error;
		if (!*error)
			points->stopped = MyProcPid;
	}
	SpinLockRelease(&points->mutex);
	return here;
}

void
stop_point(const char *name)
{
	bool		error;

	if (!arrived(name, &error))
		return;
	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("stop point \"%s\"", name)));
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(1000);
	}
}

PG_FUNCTION_INFO_V1(spine_stop_at);
PG_FUNCTION_INFO_V1(spine_stopped);

Datum
spine_stop_at(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	SpinLockAcquire(&points->mutex);
	strlcpy(points->armed, name, sizeof(points->armed));
	points->passes = PG_GETARG_INT32(1);
	points->error = PG_GETARG_BOOL(2);
	points->stopped = 0;
	SpinLockRelease(&points->mutex);
	PG_RETURN_VOID();
}

Datum
spine_stopped(PG_FUNCTION_ARGS)
{
	int			pid;

	SpinLockAcquire(&points->mutex);
	pid = points->stopped;
	SpinLockRelease(&points->mutex);
	if (pid == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(pid);
}
