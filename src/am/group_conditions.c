/*
 * group_conditions.c
 *		Finding the conditions by which a scan passes over row groups.  Declared in
 *		group_filter.h.
 *
 * What is known of a group are the least and the greatest of a column's values, by
 * the default btree order of its type and the column's collation, and whether any is
 * null.  So conditions are of use that compare a column in this very order with
 * what is the same for the whole scan.
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "am/group_filter.h"

/*
 * The operator's btree strategy, if it is one by which the column's least and
 * greatest value are known; otherwise 0.  type is the column's, or one that it is
 * cast to for the operator.
 */
static int
btree_strategy(Oid operator, Oid column_type, Oid type)
{
	Oid			family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;

	if (!OidIsValid(family) ||
		family != lookup_type_cache(column_type, TYPECACHE_BTREE_OPFAMILY)->btree_opf)
		return 0;
	return get_op_opfamily_strategy(operator, family);
}

/* The column of the table, without a cast that changes nothing; NULL if it is none. */
static Var *
column(Node *node, Index rti)
{
	if (IsA(node, RelabelType))
		node = (Node *) castNode(RelabelType, node)->arg;
	if (!IsA(node, Var) || ((Var *) node)->varno != (int) rti ||
		((Var *) node)->varattno <= 0 || ((Var *) node)->varlevelsup != 0)
		return NULL;
	return (Var *) node;
}

/* Has it one value for the whole scan? */
static bool
is_fixed(Node *node, Index rti)
{
	return !contain_volatile_functions(node) && !contain_subplans(node) &&
		!bms_is_member((int) rti, pull_varnos(NULL, node));
}

/*
 * Times without a zone are in another order than the moments that they are in one:
 * where a clock is put forward, what it leaves out is the same as what comes later.
 */
static bool
is_by_clock(Oid operator)
{
	Oid			left;
	Oid			right;

	op_input_types(operator, &left, &right);
	return left == TIMESTAMPOID && right == TIMESTAMPTZOID;
}

/* Does such a comparison of a column with values say anything?  Its strategy, or 0. */
static int
usable_strategy(Oid operator, Oid collation, List *args, Index rti)
{
	Var		   *var = column(linitial(args), rti);

	if (var == NULL || collation != var->varcollid || is_by_clock(operator) ||
		!is_fixed(lsecond(args), rti))
		return 0;
	return btree_strategy(operator, var->vartype, exprType(linitial(args)));
}

/* The condition with the column on the left; NULL if it is of no use. */
static Expr *
operator_condition(OpExpr *op, Index rti)
{
	if (list_length(op->args) != 2)
		return NULL;
	if (column(lsecond(op->args), rti) != NULL && column(linitial(op->args), rti) == NULL)
	{
		Oid			operator = get_commutator(op->opno);

		if (!OidIsValid(operator))
			return NULL;
		op = copyObject(op);
		op->opno = operator;
		op->opfuncid = get_opcode(operator);
		op->args = list_make2(lsecond(op->args), linitial(op->args));
	}
	return usable_strategy(op->opno, op->inputcollid, op->args, rti) == 0 ? NULL : (Expr *) op;
}

/* By the operator's family; it may have no order for the type of the values. */
static bool
values_can_be_sorted(ScalarArrayOpExpr *any)
{
	Oid			family = lookup_type_cache(exprType(linitial(any->args)),
										   TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	Oid			lefttype;
	Oid			righttype;

	op_input_types(any->opno, &lefttype, &righttype);
	return OidIsValid(family) &&
		OidIsValid(get_opfamily_proc(family, righttype, righttype, BTORDER_PROC));
}

static Expr *
group_condition(Expr *clause, Index rti)
{
	if (IsA(clause, OpExpr))
		return operator_condition((OpExpr *) clause, rti);
	if (IsA(clause, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *any = (ScalarArrayOpExpr *) clause;

		return any->useOr && values_can_be_sorted(any) &&
			usable_strategy(any->opno, any->inputcollid, any->args,
							rti) == BTEqualStrategyNumber ? clause : NULL;
	}
	/* A row is null by what is in it. */
	if (IsA(clause, NullTest) && !((NullTest *) clause)->argisrow &&
		column((Node *) ((NullTest *) clause)->arg, rti) != NULL)
		return clause;
	return NULL;
}

/*
 * What is skipped shows in how long it takes, and in EXPLAIN.  So a condition that
 * row-level security has wait for a policy is not for rows that nobody has let through.
 */
List *
group_filter_conditions(List *clauses, RelOptInfo *rel)
{
	List	   *conditions = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
		Expr	   *condition = group_condition(clause->clause, rel->relid);

		if (condition != NULL && restriction_is_securely_promotable(clause, rel))
			conditions = lappend(conditions, condition);
	}
	return conditions;
}
