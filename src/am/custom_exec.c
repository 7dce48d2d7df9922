/*
 * custom_exec.c
 *		Executing what custom_scan.c has planned.
 *
 * Of a row nothing but the columns that are needed goes into the scan's slot: from
 * the arrays of its group, or from a row of the delta, so that the slot is of one
 * kind.  This is done for every row, so whatever can be is done once a group.
 * Relies on runscan.h for the groups and on group_filter.h for which of them are
 * wanted.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"

#include "am/custom_scan.h"
#include "am/group_filter.h"
#include "am/runscan.h"
#include "am/scan.h"

/* A column that is needed. */
typedef struct Column
{
	AttrNumber	attnum;
	int			place;			/* in the slot, from 0 */
	const Datum *values;		/* in the group */
	const bool *nulls;			/* NULL: none is */
} Column;

/* What EXPLAIN tells. */
enum
{
	GROUPS_READ,
	GROUPS_SKIPPED,
	DELTA_ROWS,
	NCOUNTS
};

/* In shared memory, before the scan's own part. */
typedef struct SharedState
{
	pg_atomic_uint64 counts[NCOUNTS];	/* that nobody has taken yet */
	pg_atomic_uint64 runs;		/* how many, and one; 0: not known yet */
} SharedState;

typedef struct CustomState
{
	CustomScanState css;
	Bitmapset  *wanted;			/* attribute numbers; never NULL */
	Column	   *columns;
	int			ncolumns;
	AttrNumber	last_attnum;
	GroupFilter *filter;
	NativeScan *scan;			/* NULL: not begun */
	int			nrows;			/* of the group it is in; 0: in none */
	int			row;			/* in that; the last that was returned */
	BlockNumber block;			/* of its rows */
	TupleTableSlot *delta_slot;
	TupleTableSlot *sum_slot;	/* NULL: rows do not add up */
	SharedState *shared;		/* NULL: not in parallel */
	int64		published[NCOUNTS]; /* of this process */
	int64		totals[NCOUNTS];	/* of all, when they are over */
	int64		runs;			/* -1: not known */
	bool		parallel;		/* totals count */
} CustomState;

/* --------------------------------------------------------------------
 * Beginning
 */

static void
add_column(CustomState *state, AttrNumber attnum, int place)
{
	Column	   *column = &state->columns[state->ncolumns++];

	column->attnum = attnum;
	column->place = place;
	state->last_attnum = Max(state->last_attnum, attnum);
	state->wanted = bms_add_member(state->wanted, attnum);
}

/* The slot has just the columns that are needed. */
static void
take_columns(CustomState *state, List *entries)
{
	ListCell   *cell;

	foreach(cell, entries)
		add_column(state, castNode(Var, lfirst_node(TargetEntry, cell)->expr)->varattno,
				   foreach_current_index(cell));
}

/* The slot has all columns, but other ones than the plan needs are null. */
static void
find_columns(CustomState *state, Plan *plan, Index rti, int natts)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	Bitmapset  *found = NULL;

	pull_varattnos((Node *) plan->targetlist, rti, &found);
	pull_varattnos((Node *) plan->qual, rti, &found);
	for (AttrNumber attnum = 1; attnum <= natts; attnum++)
		if (bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, found) ||
			bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, found))
			add_column(state, attnum, attnum - 1);
	memset(slot->tts_values, 0, sizeof(Datum) * natts);
	memset(slot->tts_isnull, true, sizeof(bool) * natts);
}

static void
begin(CustomScanState *css, EState *estate, int eflags)
{
	CustomState *state = (CustomState *) css;
	CustomScan *plan = castNode(CustomScan, css->ss.ps.plan);
	TupleDesc	desc = RelationGetDescr(css->ss.ss_currentRelation);

	state->columns = palloc0(sizeof(Column) * (desc->natts + 1));
	/* No column at all is told from all of them by one that does not exist. */
	state->wanted = bms_make_singleton(0);
	if (plan->custom_scan_tlist != NIL)
		take_columns(state, plan->custom_scan_tlist);
	else
		find_columns(state, &plan->scan.plan, plan->scan.scanrelid, desc->natts);
	state->delta_slot = ExecInitExtraTupleSlot(estate, desc, &TTSOpsBufferHeapTuple);
	state->filter = group_filter_begin(plan->custom_exprs, &css->ss.ps,
									   plan->custom_scan_tlist, desc);
	state->runs = -1;
}

static ParallelTableScanDesc
shared_scan(SharedState *shared)
{
	return (ParallelTableScanDesc) ((char *) shared + MAXALIGN(sizeof(SharedState)));
}

/* Scans begin when the first row is wanted, since their parameters are known then. */
static void
begin_scan(CustomState *state)
{
	EState	   *estate = state->css.ss.ps.state;
	Relation	rel = state->css.ss.ss_currentRelation;
	NativeScan *scan;

	if (state->shared != NULL)
		scan = (NativeScan *) table_beginscan_parallel(rel, shared_scan(state->shared));
	else
		scan = (NativeScan *) table_beginscan(rel, estate->es_snapshot, 0, NULL);
	state->scan = scan;
	/* Rows are equal or not by all columns, and a part of a sum says nothing. */
	if (scan->order != NULL)
	{
		state->sum_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(rel), &TTSOpsVirtual);
		group_filter_drop_diffs(state->filter, scan->order);
	}
	if (scan->runs == NULL)
		return;
	state->runs = runscan_runs(scan->runs);
	if (scan->order == NULL)
		runscan_set_columns(scan->runs, state->wanted);
	if (group_filter_has_any(state->filter))
		runscan_filter(scan->runs, group_filter_wants, state->filter);
}

/* --------------------------------------------------------------------
 * Counting
 */

static void
take_counts(const NativeScan *scan, int64 *counts)
{
	if (scan->runs != NULL)
		runscan_counts(scan->runs, &counts[GROUPS_READ], &counts[GROUPS_SKIPPED]);
	counts[DELTA_ROWS] = scan->delta_rows;
}

/* What this process has done is told to all. */
static void
publish(CustomState *state)
{
	int64		counts[NCOUNTS] = {0};

	if (state->scan != NULL)
		take_counts(state->scan, counts);
	for (int i = 0; i < NCOUNTS; i++)
	{
		pg_atomic_fetch_add_u64(&state->shared->counts[i], counts[i] - state->published[i]);
		state->published[i] = counts[i];
	}
	if (state->runs >= 0)
		pg_atomic_write_u64(&state->shared->runs, state->runs + 1);
}

/* Shared memory is about to go. */
static void
shutdown(CustomScanState *css)
{
	CustomState *state = (CustomState *) css;

	if (state->shared == NULL)
		return;
	publish(state);
	if (IsParallelWorker())
		return;
	for (int i = 0; i < NCOUNTS; i++)
		state->totals[i] += pg_atomic_exchange_u64(&state->shared->counts[i], 0);
	state->runs = (int64) pg_atomic_read_u64(&state->shared->runs) - 1;
	state->shared = NULL;
}

/* --------------------------------------------------------------------
 * Rows
 */

/* The slot is about to be filled, whatever its reader has made of it. */
static inline void
prepare(TupleTableSlot *slot)
{
	if (unlikely(TTS_SHOULDFREE(slot)))
		ExecClearTuple(slot);
	slot->tts_flags &= ~TTS_FLAG_EMPTY;
	slot->tts_nvalid = slot->tts_tupleDescriptor->natts;
}

/* Takes the needed columns of a row over that is in another slot; they stay there. */
static TupleTableSlot *
take_over(CustomState *state, TupleTableSlot *from, TupleTableSlot *slot)
{
	prepare(slot);
	slot_getsomeattrs(from, state->last_attnum);
	for (int i = 0; i < state->ncolumns; i++)
	{
		const Column *column = &state->columns[i];

		slot->tts_values[column->place] = from->tts_values[column->attnum - 1];
		slot->tts_isnull[column->place] = from->tts_isnull[column->attnum - 1];
	}
	slot->tts_tid = from->tts_tid;
	slot->tts_tableOid = from->tts_tableOid;
	return slot;
}

/* Takes those of the row over that the scan is at in a group. */
static inline TupleTableSlot *
take_from_group(CustomState *state, TupleTableSlot *slot)
{
	const Column *end = state->columns + state->ncolumns;
	Datum	   *values = slot->tts_values;
	bool	   *isnull = slot->tts_isnull;
	int			row = state->row;

	prepare(slot);
	for (const Column *column = state->columns; column < end; column++)
	{
		values[column->place] = column->values[row];
		if (column->nulls != NULL)
			isnull[column->place] = column->nulls[row];
	}
	/* It may be asked for, or be where a cursor is. */
	ItemPointerSet(&slot->tts_tid, state->block, row + 1);
	return slot;
}

/* Goes to the next group; false at the end. */
static bool
next_group(CustomState *state, ScanDirection direction)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	const RowGroup *group = runscan_next_group(state->scan->runs, direction,
											   state->delta_slot->tts_tupleDescriptor,
											   &state->block);

	if (state->shared != NULL)
		publish(state);
	state->nrows = group == NULL ? 0 : group->nrows;
	if (group == NULL)
		return false;
	native_scan_count(&state->scan->base, group->nrows);
	state->row = ScanDirectionIsBackward(direction) ? group->nrows - 1 : 0;
	slot->tts_tableOid = RelationGetRelid(state->css.ss.ss_currentRelation);
	for (int i = 0; i < state->ncolumns; i++)
	{
		Column	   *column = &state->columns[i];

		column->values = group->values[column->attnum - 1];
		column->nulls = group->nulls[column->attnum - 1];
		slot->tts_isnull[column->place] = false;
	}
	return true;
}

static bool
next_in_runs(CustomState *state, ScanDirection direction)
{
	state->row += ScanDirectionIsBackward(direction) ? -1 : 1;
	return (state->row >= 0 && state->row < state->nrows) || next_group(state, direction);
}

/* The next row in the delta, or, if the rows add up, of their sums; false at the end. */
static bool
next_elsewhere(CustomState *state, ScanDirection direction)
{
	TableScanDesc scan = &state->scan->base;

	if (state->sum_slot != NULL)
		return table_scan_getnextslot(scan, direction, state->sum_slot);
	return native_scan_next_in_delta(scan, direction, state->delta_slot);
}

/* Each half, when it has come to its end, begins there in the other direction. */
static TupleTableSlot *
next(ScanState *ss)
{
	CustomState *state = (CustomState *) ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;
	ScanDirection direction = ss->ps.state->es_direction;
	NativeScan *scan;

	if (unlikely(state->scan == NULL))
		begin_scan(state);
	scan = state->scan;
	if (state->sum_slot != NULL)
		return next_elsewhere(state, direction) ? take_over(state, state->sum_slot, slot) :
			ExecClearTuple(slot);
	if (!scan->in_delta && !ScanDirectionIsBackward(direction))
	{
		if (next_in_runs(state, direction))
			return take_from_group(state, slot);
		scan->in_delta = true;
	}
	if (scan->in_delta)
	{
		if (next_elsewhere(state, direction))
			return take_over(state, state->delta_slot, slot);
		if (!ScanDirectionIsBackward(direction) || scan->runs == NULL)
			return ExecClearTuple(slot);
		scan->in_delta = false;
	}
	return next_in_runs(state, direction) ? take_from_group(state, slot) : ExecClearTuple(slot);
}

static bool
recheck(ScanState *ss, TupleTableSlot *slot)
{
	return true;
}

/* Most rows are in the same group as the one before. */
static inline TupleTableSlot *
next_inline(CustomState *state)
{
	if (state->row + 1 >= state->nrows ||
		ScanDirectionIsBackward(state->css.ss.ps.state->es_direction))
		return next(&state->css.ss);
	state->row++;
	return take_from_group(state, state->css.ss.ss_ScanTupleSlot);
}

/* Does what ExecScan does, which is left with what is rare. */
static TupleTableSlot *
exec(CustomScanState *css)
{
	ExprState  *qual = css->ss.ps.qual;
	ProjectionInfo *projection = css->ss.ps.ps_ProjInfo;
	ExprContext *context = css->ss.ps.ps_ExprContext;

	if (unlikely(css->ss.ps.state->es_epq_active != NULL))
		return ExecScan(&css->ss, next, recheck);
	for (;;)
	{
		TupleTableSlot *slot = next_inline((CustomState *) css);

		if (qual == NULL && projection == NULL)
			return slot;
		if (TupIsNull(slot))
			return projection == NULL ? slot : ExecClearTuple(projection->pi_state.resultslot);
		ResetExprContext(context);
		context->ecxt_scantuple = slot;
		if (qual == NULL || ExecQual(qual, context))
			return projection == NULL ? slot : ExecProject(projection);
		InstrCountFiltered1(css, 1);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
rescan(CustomScanState *css)
{
	CustomState *state = (CustomState *) css;

	group_filter_reset(state->filter);
	state->nrows = 0;
	ExecClearTuple(state->delta_slot);
	if (state->scan != NULL)
		table_rescan(&state->scan->base, NULL);
	ExecScanReScan(&css->ss);
}

static void
end(CustomScanState *css)
{
	CustomState *state = (CustomState *) css;

	ExecClearTuple(css->ss.ss_ScanTupleSlot);
	ExecClearTuple(state->delta_slot);
	if (state->scan != NULL)
		table_endscan(&state->scan->base);
}

/* --------------------------------------------------------------------
 * In parallel
 */

static Size
estimate_shared(CustomScanState *css, ParallelContext *context)
{
	return add_size(MAXALIGN(sizeof(SharedState)),
					table_parallelscan_estimate(css->ss.ss_currentRelation,
												css->ss.ps.state->es_snapshot));
}

static void
initialize_shared(CustomScanState *css, ParallelContext *context, void *coordinate)
{
	CustomState *state = (CustomState *) css;

	state->shared = coordinate;
	state->parallel = true;
	for (int i = 0; i < NCOUNTS; i++)
		pg_atomic_init_u64(&state->shared->counts[i], 0);
	pg_atomic_init_u64(&state->shared->runs, 0);
	table_parallelscan_initialize(css->ss.ss_currentRelation, shared_scan(state->shared),
								  css->ss.ps.state->es_snapshot);
}

static void
reinitialize_shared(CustomScanState *css, ParallelContext *context, void *coordinate)
{
	table_parallelscan_reinitialize(css->ss.ss_currentRelation, shared_scan(coordinate));
}

static void
initialize_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	((CustomState *) css)->shared = coordinate;
}

/* --------------------------------------------------------------------
 * EXPLAIN
 */

static void
explain(CustomScanState *css, List *ancestors, ExplainState *es)
{
	CustomState *state = (CustomState *) css;
	int64	   *counts = state->totals;

	if (!es->analyze || (state->scan == NULL && !state->parallel))
		return;
	if (!state->parallel)
		take_counts(state->scan, counts);
	if (state->runs >= 0)
	{
		ExplainPropertyInteger("Runs", NULL, state->runs, es);
		ExplainPropertyInteger("Row Groups Read", NULL, counts[GROUPS_READ], es);
		ExplainPropertyInteger("Row Groups Skipped", NULL, counts[GROUPS_SKIPPED], es);
	}
	ExplainPropertyInteger("Rows from Delta", NULL, counts[DELTA_ROWS], es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "SpineScan",
	.BeginCustomScan = begin,
	.ExecCustomScan = exec,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = estimate_shared,
	.InitializeDSMCustomScan = initialize_shared,
	.ReInitializeDSMCustomScan = reinitialize_shared,
	.InitializeWorkerCustomScan = initialize_worker,
	.ShutdownCustomScan = shutdown,
	.ExplainCustomScan = explain,
};

Node *
custom_scan_state(CustomScan *plan)
{
	CustomState *state = (CustomState *) newNode(sizeof(CustomState), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}
