/*
 * custom_exec.c
 *		Executing what custom_scan.c has planned.
 *
 * Rows of the runs go into the scan's slot as they are; of those in the delta, the
 * columns that are needed are taken over, so that the slot is of one kind.
 * Relies on runscan.h for the groups and on zone.h for what is known of them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/nbtree.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "am/custom_scan.h"
#include "am/runscan.h"
#include "am/scan.h"
#include "am/zone.h"

/* A condition on groups: column, operator, value. */
typedef struct Condition
{
	AttrNumber	attnum;
	int			strategy;
	ExprState  *state;			/* of the value */
	Datum		value;
	bool		isnull;
	FmgrInfo	compare;		/* column's type, value's type */
	Oid			collation;
} Condition;

typedef struct CustomState
{
	CustomScanState css;
	Bitmapset  *columns;		/* that are needed; NULL: none */
	int			last_column;	/* the greatest of them */
	Condition  *conditions;
	int			nconditions;
	bool		evaluated;		/* the values of the conditions */
	ExprContext *values;		/* for them */
	TableScanDesc scan;			/* NULL: not begun */
	TupleTableSlot *delta_slot;
	bool		sums;			/* the scan adds rows up */
	ParallelTableScanDesc shared;
	int64		delta_rows;
} CustomState;

/* --------------------------------------------------------------------
 * Conditions
 */

static void
begin_condition(CustomState *state, Condition *condition, OpExpr *op)
{
	Node	   *left = linitial(op->args);
	Oid			type = exprType(left);
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
	Oid			lefttype;
	Oid			righttype;

	if (IsA(left, RelabelType))
		left = (Node *) castNode(RelabelType, left)->arg;
	condition->attnum = castNode(Var, left)->varattno;
	condition->collation = op->inputcollid;
	condition->state = ExecInitExpr(lsecond(op->args), &state->css.ss.ps);
	get_op_opfamily_properties(op->opno, cache->btree_opf, false, &condition->strategy,
							   &lefttype, &righttype);
	fmgr_info(get_opfamily_proc(cache->btree_opf, lefttype, righttype, BTORDER_PROC),
			  &condition->compare);
}

static void
begin_conditions(CustomState *state, List *exprs)
{
	ListCell   *cell;
	int			i = 0;

	state->nconditions = list_length(exprs);
	state->conditions = palloc0(sizeof(Condition) * Max(state->nconditions, 1));
	foreach(cell, exprs)
		begin_condition(state, &state->conditions[i++], lfirst_node(OpExpr, cell));
	state->values = CreateExprContext(state->css.ss.ps.state);
}

/* The values are the same for the whole scan, but not before its parameters are set. */
static void
evaluate(CustomState *state)
{
	MemoryContext old;

	if (state->evaluated)
		return;
	ResetExprContext(state->values);
	old = MemoryContextSwitchTo(state->values->ecxt_per_tuple_memory);
	for (int i = 0; i < state->nconditions; i++)
	{
		Condition  *condition = &state->conditions[i];

		condition->value = ExecEvalExpr(condition->state, state->values, &condition->isnull);
	}
	MemoryContextSwitchTo(old);
	state->evaluated = true;
}

static int
compare(Condition *condition, Datum bound)
{
	return DatumGetInt32(FunctionCall2Coll(&condition->compare, condition->collation, bound,
										   condition->value));
}

/* Can a value between these two fulfil the condition?  None does that is null. */
static bool
may_match(Condition *condition, const ZoneColumn *zone)
{
	if (condition->isnull || zone->all_null)
		return false;
	if (!zone->known)
		return true;
	switch (condition->strategy)
	{
		case BTLessStrategyNumber:
			return compare(condition, zone->low) < 0;
		case BTLessEqualStrategyNumber:
			return compare(condition, zone->low) <= 0;
		case BTEqualStrategyNumber:
			return compare(condition, zone->low) <= 0 && compare(condition, zone->high) >= 0;
		case BTGreaterEqualStrategyNumber:
			return compare(condition, zone->high) >= 0;
		case BTGreaterStrategyNumber:
			return compare(condition, zone->high) > 0;
	}
	return true;
}

/* Has a group perhaps rows that fulfil all of them? */
static bool
group_is_wanted(void *arg, const bytea *zone)
{
	CustomState *state = arg;
	TupleDesc	desc = RelationGetDescr(state->css.ss.ss_currentRelation);

	if (zone == NULL)
		return true;
	for (int i = 0; i < state->nconditions; i++)
	{
		ZoneColumn	column;

		zone_read(zone, desc, state->conditions[i].attnum, &column);
		if (!may_match(&state->conditions[i], &column))
			return false;
	}
	return true;
}

/* --------------------------------------------------------------------
 * Scanning
 */

/* The columns that the plan needs; with a whole row, all. */
static void
find_columns(CustomState *state, Plan *plan, Index rti)
{
	Bitmapset  *found = NULL;
	int			natts = RelationGetNumberOfAttributes(state->css.ss.ss_currentRelation);
	int			member = -1;

	pull_varattnos((Node *) plan->targetlist, rti, &found);
	pull_varattnos((Node *) plan->qual, rti, &found);
	while ((member = bms_next_member(found, member)) >= 0)
	{
		int			attnum = member + FirstLowInvalidHeapAttributeNumber;

		if (attnum > 0)
			state->columns = bms_add_member(state->columns, attnum);
		else if (attnum == 0)
			state->columns = bms_add_range(state->columns, 1, natts);
	}
	/* No column at all is told from all of them by one that does not exist. */
	state->columns = bms_add_member(state->columns, 0);
	state->last_column = 0;
	member = -1;
	while ((member = bms_next_member(state->columns, member)) >= 0)
		state->last_column = member;
}

static void
begin(CustomScanState *css, EState *estate, int eflags)
{
	CustomState *state = (CustomState *) css;
	CustomScan *plan = castNode(CustomScan, css->ss.ps.plan);
	Relation	rel = css->ss.ss_currentRelation;

	find_columns(state, &plan->scan.plan, plan->scan.scanrelid);
	begin_conditions(state, plan->custom_exprs);
	state->delta_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(rel),
											   &TTSOpsBufferHeapTuple);
}

static void
drop_conditions_on(CustomState *state, const RowOrder *order)
{
	int			kept = 0;

	for (int i = 0; i < state->nconditions; i++)
		if (!order_is_diff(order, state->conditions[i].attnum))
			state->conditions[kept++] = state->conditions[i];
	state->nconditions = kept;
}

/* Scans begin when the first row is wanted, since their parameters are known then. */
static void
begin_scan(CustomState *state)
{
	EState	   *estate = state->css.ss.ps.state;
	Relation	rel = state->css.ss.ss_currentRelation;
	NativeScan *scan;

	if (state->shared != NULL)
		state->scan = table_beginscan_parallel(rel, state->shared);
	else
		state->scan = table_beginscan(rel, estate->es_snapshot, 0, NULL);
	scan = (NativeScan *) state->scan;
	state->sums = scan->order != NULL;
	if (scan->runs == NULL)
		return;
	/* Rows are equal or not by all columns, and a part of a sum says nothing. */
	if (!state->sums)
		runscan_set_columns(scan->runs, state->columns);
	else
		drop_conditions_on(state, scan->order);
	if (state->nconditions > 0)
		runscan_filter(scan->runs, group_is_wanted, state);
}

/* Takes the needed columns of a row of the delta over; they stay in its buffer. */
static void
take_over(CustomState *state, TupleTableSlot *slot)
{
	TupleTableSlot *from = state->delta_slot;
	int			natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	slot_getsomeattrs(from, state->last_column);
	memcpy(slot->tts_values, from->tts_values, sizeof(Datum) * state->last_column);
	memcpy(slot->tts_isnull, from->tts_isnull, sizeof(bool) * state->last_column);
	for (int i = state->last_column; i < natts; i++)
	{
		slot->tts_values[i] = (Datum) 0;
		slot->tts_isnull[i] = true;
	}
	ExecStoreVirtualTuple(slot);
	slot->tts_tid = from->tts_tid;
	slot->tts_tableOid = from->tts_tableOid;
	state->delta_rows++;
}

static TupleTableSlot *
next(ScanState *ss)
{
	CustomState *state = (CustomState *) ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;
	ScanDirection direction = ss->ps.state->es_direction;

	if (state->scan == NULL)
		begin_scan(state);
	evaluate(state);
	if (state->sums)
		return table_scan_getnextslot(state->scan, direction, slot) ? slot : NULL;
	if (native_scan_next(state->scan, direction, slot, state->delta_slot))
	{
		if (!TTS_EMPTY(state->delta_slot))
			take_over(state, slot);
		return slot;
	}
	return ExecClearTuple(slot);
}

static bool
recheck(ScanState *ss, TupleTableSlot *slot)
{
	return true;
}

static TupleTableSlot *
exec(CustomScanState *css)
{
	return ExecScan(&css->ss, next, recheck);
}

static void
rescan(CustomScanState *css)
{
	CustomState *state = (CustomState *) css;

	state->evaluated = false;
	ExecClearTuple(state->delta_slot);
	if (state->scan != NULL)
		table_rescan(state->scan, NULL);
	ExecScanReScan(&css->ss);
}

static void
end(CustomScanState *css)
{
	CustomState *state = (CustomState *) css;

	ExecClearTuple(css->ss.ss_ScanTupleSlot);
	ExecClearTuple(state->delta_slot);
	if (state->scan != NULL)
		table_endscan(state->scan);
}

/* --------------------------------------------------------------------
 * In parallel
 */

static Size
estimate_shared(CustomScanState *css, ParallelContext *context)
{
	return table_parallelscan_estimate(css->ss.ss_currentRelation,
									   css->ss.ps.state->es_snapshot);
}

static void
initialize_shared(CustomScanState *css, ParallelContext *context, void *coordinate)
{
	CustomState *state = (CustomState *) css;

	state->shared = coordinate;
	table_parallelscan_initialize(css->ss.ss_currentRelation, state->shared,
								  css->ss.ps.state->es_snapshot);
}

static void
reinitialize_shared(CustomScanState *css, ParallelContext *context, void *coordinate)
{
	table_parallelscan_reinitialize(css->ss.ss_currentRelation, coordinate);
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
	RunScan    *runs;
	int64		read;
	int64		skipped;

	if (!es->analyze || state->scan == NULL)
		return;
	runs = ((NativeScan *) state->scan)->runs;
	if (runs != NULL)
	{
		runscan_counts(runs, &read, &skipped);
		ExplainPropertyInteger("Runs", NULL, runscan_runs(runs), es);
		ExplainPropertyInteger("Row Groups Read", NULL, read, es);
		ExplainPropertyInteger("Row Groups Skipped", NULL, skipped, es);
	}
	ExplainPropertyInteger("Rows from Delta", NULL, state->delta_rows, es);
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
	.ExplainCustomScan = explain,
};

Node *
custom_scan_state(CustomScan *plan)
{
	CustomState *state = (CustomState *) newNode(sizeof(CustomState), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}
