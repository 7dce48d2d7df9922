/*
 * lifecycle.c
 *		How a spine begins, starts over and ends.
 *
 * Each time it gets another generation: claims, results and all else that was
 * made for the one before is not for the one to come.
 */
#include "postgres.h"

#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "dev/stop_point.h"
#include "state/arena.h"
#include "state/batches.h"
#include "state/buffer.h"
#include "state/copies.h"
#include "state/generation.h"
#include "state/holds.h"
#include "state/options.h"
#include "state/report.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/working.h"

static int64
next_generation(void)
{
	return nextval_internal(spine_tables(false)->generation_seq, false);
}

/*
 * The generation of a restored spine was given out by another database.  Before
 * anything can end it, this database's next ones are made to come after it.
 */
void
spine_follow_generation(int64 generation)
{
	while (next_generation() < generation)
		CHECK_FOR_INTERRUPTS();
}

void
spine_begin_generation(Spine *spine)
{
	spine->generation = next_generation();
	generation_changes(spine->relid);
	spine_changed(spine);
}

static void
tell_drop(Spine *spine, const SpineBatch *batch)
{
	SpineEvent	event = {
		.kind = EVENT_DROP, .generation = spine->generation, .len = batch->len
	};

	events_add(&spine->events, &event);
	spine->counts.drops++;
}

/* In the order of seed 001: from the lowest level up. */
void
spine_tell_drops(Spine *spine)
{
	const Levels *levels = &spine->trace.levels;

	for (int i = 0; i < levels->count; i++)
		for (int k = 0; k < levels->level[i].count; k++)
			if (!spine_batch_is_structural(&levels->level[i].batch[k]))
				tell_drop(spine, &levels->level[i].batch[k]);
	for (uint32 i = 0; i < spine->trace.npending; i++)
		tell_drop(spine, &spine->trace.pending[i]);
}

void
working_register(Oid relid, int dims, int effort)
{
	Spine		fresh = {.relid = relid};
	CoreError	err;

	spine_refuse_read_only();
	if (trace_init(&fresh.trace, dims, effort, current_arena(), &err) != CORE_OK)
		report_core_error(&err);
	spine_lock(relid, true);
	if (trace_row_exists(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("relation \"%s\" is a spine already", get_rel_name(relid)),
				 errdetail("It has a row in spine_traces."),
				 errhint("To start over, run spine_unregister() first.")));
	/* What a session without the library has left behind is not this one's. */
	holds_end(relid);
	fresh.generation = next_generation();
	generation_changes(relid);
	trace_row_insert(&fresh);
	stop_point("registered");
	/* Counts of an earlier life are of no interest. */
	registry_remove(MyDatabaseId, relid);
	registry_reserve(relid);
	working_note_before(&fresh);
	copies_push(relid, &fresh);
}

/* What is left when the batches are gone. */
static void
end_spine(Spine *spine)
{
	holds_end(spine->relid);
	spine_tell_drops(spine);
	trace_row_delete(spine);
	generation_changes(spine->relid);
	stop_point("unregistered");
	spine->gone = true;
	spine->dirty = false;
}

void
working_unregister(Oid relid, bool missing_ok)
{
	bool		busy;
	Spine	   *spine = working_open(relid, true, false, &busy);

	if (spine == NULL)
	{
		if (missing_ok)
			return;
		spine_not_registered(relid);
	}
	batches_delete_all(relid, spine->generation);
	options_end(relid);
	end_spine(spine);
}

void
working_discard(Oid relid)
{
	bool		busy;
	Spine	   *spine = working_open(relid, true, false, &busy);

	if (spine == NULL)
		return;
	batches_take_out(relid);
	options_end_merges(relid);
	end_spine(spine);
}

void
working_truncate(Oid relid)
{
	Spine	   *spine;
	CoreError	err;
	bool		busy;

	if (!trace_row_exists(relid))
		return;
	spine = working_open(relid, true, false, &busy);
	if (spine == NULL)
		return;
	if (spine->foreign && !spine->dirty)
	{
		ereport(WARNING,
				(errmsg("TRUNCATE leaves the spine of relation \"%s\" as it is",
						get_rel_name(relid)),
				 errdetail("It comes from another database or server and has not been written to here, and a parallel restore truncates each table."),
				 errhint("To start over, run spine_unregister() and spine_register().")));
		return;
	}
	batches_delete_all(relid, spine->generation);
	holds_end(relid);
	spine_tell_drops(spine);
	if (trace_init(&spine->trace, spine->trace.dims, spine->trace.effort,
				   spine->trace.arena, &err) != CORE_OK)
		report_core_error(&err);
	spine_begin_generation(spine);
}

void
working_forget_all(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	buffer_forget_recent();
	while ((spine = copies_next(&walk)) != NULL)
	{
		spine = copies_own(spine->relid);
		spine->gone = true;
		spine->dirty = false;
	}
}
