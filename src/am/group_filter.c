/*
 * group_filter.c
 *		Executing the conditions by which a scan passes over row groups, which
 *		group_conditions.c has found.
 *
 * What a group's zone says of a column (zone.h) is compared with values that are
 * the same for the whole scan.  The rows are checked by all conditions in any
 * case, so a group is wanted whenever it is not known better.
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "am/group_filter.h"
#include "am/zone.h"

typedef enum ConditionKind
{
	BY_OPERATOR,
	IS_ANY_OF,
	IS_OF_NULLS,
	IS_OF_OTHERS
} ConditionKind;

typedef struct Condition
{
	ConditionKind kind;
	AttrNumber	attnum;
	ExprState  *state;			/* of the value, or the array of them */
	int			nvalues;		/* none that is null */
	Datum	   *values;			/* ascending */
	int			strategy;
	FmgrInfo	compare;		/* column's type, value's type */
	FmgrInfo	compare_values;
	Oid			collation;
} Condition;

struct GroupFilter
{
	TupleDesc	desc;
	Condition  *conditions;
	int			nconditions;
	bool		evaluated;		/* their values */
	ExprContext *context;		/* of these */
};

/* --------------------------------------------------------------------
 * Beginning
 */

static AttrNumber
attnum_of(Node *node, List *columns)
{
	AttrNumber	number;

	if (IsA(node, RelabelType))
		node = (Node *) castNode(RelabelType, node)->arg;
	number = castNode(Var, node)->varattno;
	if (columns != NIL)
		number = castNode(Var, list_nth_node(TargetEntry, columns, number - 1)->expr)->varattno;
	return number;
}

static void
begin_operator(Condition *condition, PlanState *node, Oid operator, Oid collation, List *args)
{
	TypeCacheEntry *cache = lookup_type_cache(exprType(linitial(args)), TYPECACHE_BTREE_OPFAMILY);
	Oid			lefttype;
	Oid			righttype;

	condition->collation = collation;
	condition->state = ExecInitExpr(lsecond(args), node);
	get_op_opfamily_properties(operator, cache->btree_opf, false, &condition->strategy,
							   &lefttype, &righttype);
	fmgr_info(get_opfamily_proc(cache->btree_opf, lefttype, righttype, BTORDER_PROC),
			  &condition->compare);
	if (condition->kind == IS_ANY_OF)
		fmgr_info(get_opfamily_proc(cache->btree_opf, righttype, righttype, BTORDER_PROC),
				  &condition->compare_values);
}

static void
begin_condition(Condition *condition, PlanState *node, List *columns, Expr *expr)
{
	Node	   *left;

	if (IsA(expr, OpExpr))
	{
		OpExpr	   *op = (OpExpr *) expr;

		condition->kind = BY_OPERATOR;
		begin_operator(condition, node, op->opno, op->inputcollid, op->args);
		left = linitial(op->args);
	}
	else if (IsA(expr, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *any = (ScalarArrayOpExpr *) expr;

		condition->kind = IS_ANY_OF;
		begin_operator(condition, node, any->opno, any->inputcollid, any->args);
		left = linitial(any->args);
	}
	else
	{
		NullTest   *test = castNode(NullTest, expr);

		condition->kind = test->nulltesttype == IS_NULL ? IS_OF_NULLS : IS_OF_OTHERS;
		left = (Node *) test->arg;
	}
	condition->attnum = attnum_of(left, columns);
}

GroupFilter *
group_filter_begin(List *conditions, PlanState *node, List *columns, TupleDesc desc)
{
	GroupFilter *filter = palloc0(sizeof(GroupFilter));
	ListCell   *cell;

	filter->desc = desc;
	filter->conditions = palloc0(sizeof(Condition) * Max(list_length(conditions), 1));
	foreach(cell, conditions)
		begin_condition(&filter->conditions[filter->nconditions++], node, columns, lfirst(cell));
	filter->context = CreateExprContext(node->state);
	return filter;
}

void
group_filter_drop_diffs(GroupFilter *filter, const RowOrder *order)
{
	int			kept = 0;

	for (int i = 0; i < filter->nconditions; i++)
		if (!order_is_diff(order, filter->conditions[i].attnum))
			filter->conditions[kept++] = filter->conditions[i];
	filter->nconditions = kept;
}

bool
group_filter_has_any(const GroupFilter *filter)
{
	return filter->nconditions > 0;
}

/* --------------------------------------------------------------------
 * Values
 */

static int
compare_values(const void *a, const void *b, void *arg)
{
	Condition  *condition = arg;

	CHECK_FOR_INTERRUPTS();
	return DatumGetInt32(FunctionCall2Coll(&condition->compare_values, condition->collation,
										   *(const Datum *) a, *(const Datum *) b));
}

static void
take_array(Condition *condition, ArrayType *array)
{
	int16		len;
	bool		by_value;
	char		align;
	bool	   *nulls;
	int			count;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, by_value, align, &condition->values,
					  &nulls, &count);
	condition->nvalues = 0;
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			condition->values[condition->nvalues++] = condition->values[i];
	qsort_arg(condition->values, condition->nvalues, sizeof(Datum), compare_values, condition);
}

static void
evaluate_condition(Condition *condition, ExprContext *context)
{
	bool		isnull;
	Datum		value;

	if (condition->state == NULL)
		return;
	value = ExecEvalExpr(condition->state, context, &isnull);
	condition->nvalues = 0;
	if (isnull)
		return;
	if (condition->kind == IS_ANY_OF)
		take_array(condition, DatumGetArrayTypeP(value));
	else
	{
		condition->values = palloc(sizeof(Datum));
		condition->values[condition->nvalues++] = value;
	}
}

/* They are the same for the whole scan, but not before its parameters are set. */
static void
evaluate(GroupFilter *filter)
{
	MemoryContext old;

	ResetExprContext(filter->context);
	old = MemoryContextSwitchTo(filter->context->ecxt_per_tuple_memory);
	for (int i = 0; i < filter->nconditions; i++)
		evaluate_condition(&filter->conditions[i], filter->context);
	MemoryContextSwitchTo(old);
	filter->evaluated = true;
}

void
group_filter_reset(GroupFilter *filter)
{
	filter->evaluated = false;
}

/* --------------------------------------------------------------------
 * Groups
 */

static int
compare(Condition *condition, Datum bound, int i)
{
	return DatumGetInt32(FunctionCall2Coll(&condition->compare, condition->collation, bound,
										   condition->values[i]));
}

/* Is one of the values between them? */
static bool
any_between(Condition *condition, const ZoneColumn *zone)
{
	int			lo = 0;
	int			hi = condition->nvalues;

	/* The first that is not below them. */
	while (lo < hi)
	{
		int			middle = lo + (hi - lo) / 2;

		if (compare(condition, zone->low, middle) > 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < condition->nvalues && compare(condition, zone->high, lo) >= 0;
}

/* Can a value between these two fulfil the condition?  None does that is null. */
static bool
may_match(Condition *condition, const ZoneColumn *zone)
{
	if (condition->kind == IS_OF_NULLS)
		return zone->has_nulls;
	if (zone->all_null)
		return false;
	if (condition->kind == IS_OF_OTHERS)
		return true;
	if (condition->nvalues == 0)
		return false;
	if (!zone->known)
		return true;
	switch (condition->strategy)
	{
		case BTLessStrategyNumber:
			return compare(condition, zone->low, 0) < 0;
		case BTLessEqualStrategyNumber:
			return compare(condition, zone->low, 0) <= 0;
		case BTEqualStrategyNumber:
			return any_between(condition, zone);
		case BTGreaterEqualStrategyNumber:
			return compare(condition, zone->high, 0) >= 0;
		case BTGreaterStrategyNumber:
			return compare(condition, zone->high, 0) > 0;
	}
	return true;
}

bool
group_filter_wants(void *arg, const bytea *zone)
{
	GroupFilter *filter = arg;

	if (!filter->evaluated)
		evaluate(filter);
	if (zone == NULL)
		return true;
	for (int i = 0; i < filter->nconditions; i++)
	{
		ZoneColumn	column;

		zone_read(zone, filter->desc, filter->conditions[i].attnum, &column);
		if (!may_match(&filter->conditions[i], &column))
			return false;
	}
	return true;
}
