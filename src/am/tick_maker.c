/*
 * tick_maker.c
 *		What an absorption does for a table that keeps its past: making ticks.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "am/settings.h"
#include "am/tick_maker.h"
#include "am/ticks.h"
#include "dev/stop_point.h"
#include "state/holds.h"
#include "state/report.h"
#include "state/values.h"

/* So many more rows than are moved may be held; with more, a tick waits. */
#define MORE_HELD 1000

struct TickMaker
{
	Oid			relid;
	NativeSettings settings;
	bool		impossible;		/* it would not show what it should */
	bool		has_file;
	bool		has_last;
	Tick		last;			/* the one before */
	TimestampTz at;
	Tuplestorestate *held;
};

/*
 * A transaction that has written before it absorbs may write more afterwards: a tick
 * would show half of it.
 */
static bool
has_written(void)
{
	return TransactionIdIsValid(GetTopTransactionIdIfAny());
}

TickMaker *
tick_maker_begin(Relation rel)
{
	NativeSettings settings = settings_latest(RelationGetRelid(rel));
	NativeFile	file;
	TickMaker  *maker;

	if (settings.retention == NULL)
		return NULL;
	maker = palloc0(sizeof(TickMaker));
	maker->relid = RelationGetRelid(rel);
	maker->settings = settings;
	maker->impossible = has_written();
	maker->has_file = file_find(rel, &file);
	maker->has_last = maker->has_file &&
		tick_find(file.runs, PG_INT64_MAX, SnapshotSelf, &maker->last);
	maker->held = tuplestore_begin_heap(false, false, work_mem);
	return maker;
}

/* Moments ascend like ticks, whatever is done to the clock. */
void
tick_maker_snapshot_taken(TickMaker *maker)
{
	maker->at = GetCurrentTimestamp();
	if (maker->has_last && maker->at < maker->last.at)
		maker->at = maker->last.at;
}

void
tick_maker_set_upper(const TickMaker *maker, Description *desc)
{
	uint64_t	moment = (uint64_t) (maker->at / 1000);

	if (!maker->has_last && moment >= desc->upper.time)
		desc->upper = frontier_of(moment + 1);
}

void
tick_maker_hold(TickMaker *maker, TupleTableSlot *slot)
{
	/* Rows that add up cannot be held, and would not with a copy. */
	if (slot == NULL || maker->settings.diff_columns != NIL)
		maker->impossible = true;
	else if (!maker->impossible)
		tuplestore_puttupleslot(maker->held, slot);
}

/* Has an absorption been after the last tick? */
static bool
is_behind(TickMaker *maker)
{
	const Frontier *upper = &spine_open(maker->relid)->trace.upper;

	return !frontier_is_empty(upper) && (uint64_t) maker->last.tick + 1 < upper->time;
}

/*
 * A tick that moves nothing is made for what has changed otherwise: there is none
 * yet, or the last one shows rows that were held then and have been deleted since,
 * or rows were moved since without one.
 */
bool
tick_maker_wants(TickMaker *maker, const Absorption *result)
{
	if (maker->impossible || result->more || result->left > result->rows + MORE_HELD)
		return false;
	if (result->rows > 0)
		return true;
	return result->left == 0 && maker->has_file &&
		(!maker->has_last || maker->last.held > 0 || is_behind(maker));
}

bool
tick_maker_next_held(TickMaker *maker, TupleTableSlot *slot)
{
	CHECK_FOR_INTERRUPTS();
	return tuplestore_gettupleslot(maker->held, true, false, slot);
}

/* The last tick that was made before all that has to be kept. */
static bool
first_kept(TickMaker *maker, Oid relid, Oid runs, Tick *tick)
{
	double		kept = interval_seconds(maker->settings.retention) * USECS_PER_SEC;
	Frontier	since;

	if (kept >= (double) maker->at - (double) MIN_TIMESTAMP ||
		!tick_find_at(runs, maker->at - (TimestampTz) kept, SnapshotSelf, tick))
		return false;
	since = frontier_of((uint64_t) tick->tick);
	since = holds_meet(relid, &since);
	return since.time == (uint64_t) tick->tick ||
		tick_find(runs, (int64) since.time, SnapshotSelf, tick);
}

static void
forget_old(TickMaker *maker, Spine *spine, Oid runs)
{
	Tick		first;
	Frontier	since;
	CoreError	err;

	if (!first_kept(maker, spine->relid, runs, &first))
		return;
	ticks_forget(runs, first.tick);
	since = frontier_of((uint64_t) first.tick);
	if (!frontier_less_than(&spine->trace.since, &since))
		return;
	if (trace_downgrade_since(&spine->trace, &since, &err) != CORE_OK)
		report_core_error(&err);
	spine_changed(spine);
}

void
tick_maker_make(TickMaker *maker, Spine *spine, const NativeFile *file, int64 time)
{
	Tick		tick = {.tick = time,.at = maker->at};

	tick.held = tuplestore_tuple_count(maker->held);
	tick_add(file->runs, &tick);
	forget_old(maker, spine, file->runs);
}

void
tick_maker_end(TickMaker *maker)
{
	tuplestore_end(maker->held);
	pfree(maker);
}
