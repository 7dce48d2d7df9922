/*
 * progress.h
 *		What processes are doing with a relation just now, for all to see.
 */
#ifndef SPINE_STATE_PROGRESS_H
#define SPINE_STATE_PROGRESS_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef enum ProgressPhase
{
	PROGRESS_MERGING,			/* a merger, with a claim */
	PROGRESS_ABSORBING,
	PROGRESS_COMPACTING
} ProgressPhase;

typedef struct Progress
{
	Oid			relid;			/* InvalidOid: nothing */
	ProgressPhase phase;
	int64		claim;			/* 0 = none */
	int64		lo;				/* ids of what is merged */
	int64		hi;				/* 0 = of nothing */
	int64		len;			/* -1 = not known */
	int64		done;			/* updates; -1 = not known */

	/* Filled in by progress_begin. */
	Oid			database;
	pid_t		pid;
	TimestampTz since;
} Progress;

extern Size progress_shmem_size(void);	/* when MaxBackends is known */
extern void progress_shmem_init(void);	/* under AddinShmemInitLock */

/*
 * From here to progress_end this process shows what it does, instead of outer, which
 * it has shown so far and is to show again (NULL: of no interest).  The caller sees to
 * it that the end comes also after an error; that of the process is an end by itself.
 */
extern void progress_begin(const Progress *what, Progress *outer);
extern void progress_end(const Progress *outer);

/* So many updates are done. */
extern void progress_report(int64 done);

/*
 * The claim by which this very process, a merger, is merging a relation (InvalidOid:
 * any); 0: it is not.
 */
extern int64 progress_merging(Oid relid);

/* What a process shows, by its number below MaxBackends; false if nothing. */
extern bool progress_look(int process, Progress *what);

#endif
