/*
 * idle.c
 *		Moving the merges of spines along that nobody has pushed to for a while.
 *
 * Pushes are what drives merges, so a spine that gets none stays as it is, with
 * batches that would cancel each other out, say.  The registry knows which spines
 * have been idle for how long and could go on (the idle logic of seed 001); each
 * spine.exert_delay such a spine is exerted, with twice the effort of the time
 * before.  So it ends in one batch after some twenty or thirty times however
 * large it is, and a large one is not rewritten for the sake of a short pause.
 * What is in one batch is let alone.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "spine.h"
#include "state/exertion.h"
#include "state/idle.h"
#include "state/options.h"
#include "state/registry.h"
#include "state/trace_row.h"
#include "state/working.h"

#define MAX_IDLE 1000			/* that are dealt with in one go */

List *
idle_relations(void)
{
	Oid			relids[MAX_IDLE];
	List	   *result = NIL;
	int			count;

	if (spine_exert_delay < 0)
		return NIL;
	count = registry_idle_spines(spine_exert_delay, relids, MAX_IDLE);
	for (int i = 0; i < count; i++)
		result = lappend_oid(result, relids[i]);
	return result;
}

/*
 * The effort for a spine; 0 if it is to be let alone: by its owner's choice, or
 * because it comes from a restore, which may still be going on.
 */
static int
effort_of(const Spine *spine)
{
	int			effort = options_read(spine->relid, SnapshotSelf).exert_effort;

	if (spine->foreign || get_rel_persistence(spine->relid) == RELPERSISTENCE_TEMP)
		return 0;
	return effort == EXERT_EFFORT_DEFAULT ? spine_exert_effort : effort;
}

WorkProgress
idle_exert(Oid relid)
{
	SpineCondition condition = waiting_lock(relid);
	Spine	   *spine;
	int			effort;
	int			exertions;

	if (condition == SPINE_BUSY)
		return WORK_NONE;
	if (condition != SPINE_OPEN)
	{
		registry_calm(relid);
		return WORK_NONE;
	}
	spine = spine_open(relid);
	effort = effort_of(spine);
	if (effort == 0)
		registry_calm(relid);
	if (effort == 0 || !registry_idle_due(relid, spine_exert_delay, &exertions))
		return WORK_NONE;
	spine->exerted_idle = true;
	if (!spine_exert_merges(spine, shift_saturating(effort, exertions)))
		registry_calm(relid);
	return WORK_DONE;
}

void
idle_get_to_know(void)
{
	ListCell   *cell;

	if (spine_exert_delay < 0)
		return;
	foreach(cell, trace_row_relations(GetActiveSnapshot()))
	{
		Oid			relid = lfirst_oid(cell);
		Spine		spine;

		CHECK_FOR_INTERRUPTS();
		/* A damaged one, which is taken for empty, is not to hide the others. */
		if (!registry_is_known(relid) &&
			trace_row_load(relid, GetActiveSnapshot(), true, &spine) && !spine.foreign &&
			levels_idle_effort(&spine.trace.levels, 1) > 0)
			registry_disturb(relid);
	}
}
