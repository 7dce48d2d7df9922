/*
 * exertion.c
 *		Moving the merges of a spine along without a push.
 *
 * The core says what happens to the trace; the hollow rows follow, as they do
 * after a push (merge.c).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "dev/stop_point.h"
#include "state/exertion.h"
#include "state/merge.h"
#include "state/report.h"

/* Batches let in until the working copy's memory is looked after. */
#define SETTLE_STRETCH 1000

/* Too big for the stack; an exertion calls nothing that could exert. */
static PushEffects effects = {.want_requests = true};	/* to be counted */

static bool
finish(Spine *spine, Status status, const CoreError *err, bool worked)
{
	if (status != CORE_OK)
		report_core_error(err);
	if (!worked)
		return false;
	spine_changed(spine);
	stop_point("exerted");
	spine_carry_out(spine, &effects);
	spine->counts.exertions++;
	return true;
}

bool
spine_exert_merges(Spine *spine, int64 effort)
{
	CoreError	err;
	bool		worked = false;
	Status		status = trace_exert(&spine->trace, effort, &effects, &worked, &err);

	return finish(spine, status, &err, worked);
}

bool
spine_fuel_merges(Spine *spine, int64 fuel)
{
	CoreError	err;
	bool		worked = false;
	Status		status = trace_apply_fuel(&spine->trace, fuel, &effects, &worked, &err);

	return finish(spine, status, &err, worked);
}

bool
spine_force_merges(Spine *spine)
{
	CoreError	err;
	bool		worked = false;
	Status		status = trace_force(&spine->trace, &effects, &worked, &err);

	return finish(spine, status, &err, worked);
}

void
spine_introduce(Spine *spine, int level)
{
	CoreError	err;
	Status		status = trace_introduce_empty(&spine->trace, level, &effects, &err);

	(void) finish(spine, status, &err, true);
}

/* Lets the oldest pending batch in, if its time has come. */
static bool
settle(Spine *spine)
{
	CoreError	err;
	bool		moved = false;
	Status		status = trace_settle(&spine->trace, &effects, &moved, &err);

	return finish(spine, status, &err, moved);
}

void
spine_set_physical(Spine *spine, const Frontier *physical)
{
	MemoryContext scratch;
	MemoryContext context;
	CoreError	err;

	if (trace_set_physical(&spine->trace, physical, &err) != CORE_OK)
		report_core_error(&err);
	spine_changed(spine);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "spine settling",
									ALLOCSET_DEFAULT_SIZES);
	context = MemoryContextSwitchTo(scratch);
	for (int n = 1; settle(spine); n++)
	{
		CHECK_FOR_INTERRUPTS();
		if (n % SETTLE_STRETCH != 0)
			continue;
		spine = spine_open(spine->relid);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(context);
	MemoryContextDelete(scratch);
}
