/*
 * custom_scan.c
 *		Planning scans of native tables that decode only the columns that are needed
 *		and pass over row groups that cannot match.
 *
 * Such a path takes the place of the sequential scan of a native table, since it
 * does the same with less.  It is left alone where rows are to be locked or changed,
 * or stand beside such rows, or their system columns are asked for, which only the
 * delta's rows have.
 * Conditions that say something of groups (group_filter.h) are handed to the scan a
 * second time; the rows are checked by all of them in any case.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "am/custom_scan.h"
#include "am/group_filter.h"
#include "am/order.h"
#include "am/scan_cost.h"
#include "state/tables.h"

static set_rel_pathlist_hook_type previous_pathlist = NULL;

/* --------------------------------------------------------------------
 * Paths
 */

/*
 * The attributes that a scan has to have, as pull_varattnos() numbers them.  What the
 * planner has noted of that in attr_needed is not there for partitions.
 */
static Bitmapset *
needed_attributes(RelOptInfo *rel)
{
	Bitmapset  *needed = NULL;
	ListCell   *cell;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &needed);
	foreach(cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid, &needed);
	return needed;
}

static bool
is_needed(const Bitmapset *needed, int attnum)
{
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, needed);
}

/* System columns that rows in runs have, too: where they are, and of which table. */
static bool
needs_other_system_columns(RelOptInfo *rel, const Bitmapset *needed)
{
	for (int attnum = rel->min_attr; attnum < 0; attnum++)
		if (attnum != SelfItemPointerAttributeNumber &&
			attnum != TableOidAttributeNumber && is_needed(needed, attnum))
			return true;
	return false;
}

static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = "SpineScan",
	.PlanCustomPath = plan_path,
};

/* What does as the sequential scan does, with less. */
static Path *
better_path(RelOptInfo *rel, const Path *plain, ScanShares shares, bool sums)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = plain->param_info;
	path->path.parallel_aware = plain->parallel_aware;
	path->path.parallel_safe = plain->parallel_safe;
	path->path.parallel_workers = plain->parallel_workers;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	if (!sums)
		path->flags |= CUSTOMPATH_SUPPORT_BACKWARD_SCAN;
	path->methods = &path_methods;
	scan_set_costs(&path->path, plain, shares);
	return &path->path;
}

static List *
better_paths(RelOptInfo *rel, List *paths, ScanShares shares, bool sums)
{
	ListCell   *cell;

	foreach(cell, paths)
		if (((Path *) lfirst(cell))->pathtype == T_SeqScan)
			lfirst(cell) = better_path(rel, lfirst(cell), shares, sums);
	return paths;
}

/*
 * May the statement come back to its rows?  It does to those that are changed or
 * locked, and to all others beside these.
 */
static bool
is_marked(PlannerInfo *root, Index rti, bool *changed)
{
	ListCell   *cell;

	*changed = bms_is_member((int) rti, root->all_result_relids);
	foreach(cell, root->rowMarks)
	{
		const PlanRowMark *mark = lfirst_node(PlanRowMark, cell);

		if (mark->rti != rti)
			continue;
		*changed |= RowMarkRequiresRowShareLock(mark->markType);
		return true;
	}
	return *changed;
}

/* There is no such row: what is shown is a sum. */
static void
refuse_change(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rows of table \"%s\" cannot be updated, deleted or locked",
					get_rel_name(relid)),
			 errdetail("It has diff columns, so the rows that it shows are sums."),
			 errhint("Insert the difference: a row with the same key, and in the diff columns what is to be added.")));
}

static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	Bitmapset  *needed;
	ScanShares	shares;
	bool		sums;
	bool		marked;
	bool		changed;

	if (previous_pathlist != NULL)
		previous_pathlist(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || rte->inh || rte->tablesample != NULL ||
		(rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW) ||
		!relation_is_native(rte->relid))
		return;
	sums = order_has_diffs(rte->relid);
	marked = is_marked(root, rti, &changed);
	if (sums && changed)
		refuse_change(rte->relid);
	/* Equal rows have to meet in one process, wherever each of them is. */
	if (sums)
	{
		rel->partial_pathlist = NIL;
		rel->pathlist = list_make1(create_seqscan_path(root, rel, rel->lateral_relids, 0));
	}
	needed = needed_attributes(rel);
	if (marked || needs_other_system_columns(rel, needed))
		return;
	shares = scan_shares(root, rel, rte->relid, needed);
	rel->pathlist = better_paths(rel, rel->pathlist, shares, sums);
	rel->partial_pathlist = better_paths(rel, rel->partial_pathlist, shares, sums);
}

/* --------------------------------------------------------------------
 * Plans
 */

static const CustomScanMethods scan_methods = {
	.CustomName = "SpineScan",
	.CreateCustomScanState = custom_scan_state,
};

/* Adds the relation's columns in an expression, if they are not there yet. */
static List *
add_columns(List *columns, Node *expr, Index rti)
{
	List	   *vars = pull_var_clause(expr, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
									   PVC_RECURSE_PLACEHOLDERS);
	ListCell   *cell;

	foreach(cell, vars)
	{
		Var		   *var = lfirst_node(Var, cell);

		if (var->varno == (int) rti && var->varlevelsup == 0)
			columns = list_append_unique(columns, var);
	}
	return columns;
}

/*
 * What the scan's rows consist of: the columns that are needed and nothing else, in
 * the order in which they go on, which saves a projection.  NIL stands for rows as
 * the table has them: where such a row is wanted as a whole, or where it is, or
 * nothing of it.
 */
static List *
scan_columns(RelOptInfo *rel, List *tlist, List *clauses)
{
	List	   *columns = add_columns(NIL, (Node *) tlist, rel->relid);
	List	   *entries = NIL;
	ListCell   *cell;

	/* tlist may be that of a projection yet to come. */
	columns = add_columns(columns, (Node *) rel->reltarget->exprs, rel->relid);
	columns = add_columns(columns, (Node *) clauses, rel->relid);
	foreach(cell, columns)
	{
		Var		   *var = lfirst_node(Var, cell);

		if (var->varattno <= 0)
			return NIL;
		entries = lappend(entries, makeTargetEntry((Expr *) var, list_length(entries) + 1,
												   NULL, false));
	}
	return entries;
}

static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);

	scan->custom_exprs = group_filter_conditions(clauses, rel);
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = clauses = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = rel->relid;
	scan->custom_scan_tlist = scan_columns(rel, tlist, clauses);
	scan->flags = path->flags;
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

void
custom_scan_install(void)
{
	RegisterCustomScanMethods(&scan_methods);
	previous_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_paths;
}
