/*
 * wakeup.c
 *		Telling those who wait for a spine that it has changed.
 *
 * Condition variables in shared memory, one for all spines whose hash is the
 * same: to wake a few too many is cheaper than to keep one for each spine.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/shmem.h"

#include "compat.h"
#include "state/wakeup.h"

#define WAKEUP_QUEUES 64

static ConditionVariableMinimallyPadded *queues = NULL;

Size
wakeup_shmem_size(void)
{
	return WAKEUP_QUEUES * sizeof(ConditionVariableMinimallyPadded);
}

void
wakeup_shmem_init(void)
{
	bool		found;

	queues = ShmemInitStruct("spine wakeup", wakeup_shmem_size(), &found);
	if (!found)
		for (int i = 0; i < WAKEUP_QUEUES; i++)
			ConditionVariableInit(&queues[i].cv);
}

static ConditionVariable *
queue_of(Oid relid)
{
	return &queues[hash_combine(murmurhash32(MyDatabaseId), murmurhash32(relid)) %
				   WAKEUP_QUEUES].cv;
}

void
wakeup_all(Oid relid)
{
	ConditionVariableBroadcast(queue_of(relid));
}

void
wakeup_prepare(Oid relid)
{
	ConditionVariablePrepareToSleep(queue_of(relid));
}

void
wakeup_sleep(Oid relid, long milliseconds)
{
	static uint32 event = 0;

	if (event == 0)
		event = named_wait_event("SpineWait");
	(void) ConditionVariableTimedSleep(queue_of(relid), milliseconds, event);
}

void
wakeup_done(void)
{
	ConditionVariableCancelSleep();
}
