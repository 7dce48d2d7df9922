/*
 * sum_marks.c
 *		Rows of native tables that add up, beside rows that are changed or locked.
 *
 * Where UPDATE, DELETE, MERGE or SELECT FOR UPDATE has to look again at a row that
 * somebody else has changed, it wants the rows that were joined to it to be the same
 * as before, and fetches them by their ctid.  Sums have none, so the plan carries
 * them along as a whole, as it does with rows of foreign tables.  The planner knows
 * what its rows have to carry before it has looked at any relation, but makes use of
 * it only afterwards; in between is our turn.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "am/order.h"
#include "am/sum_marks.h"
#include "state/tables.h"

static get_relation_info_hook_type previous_relation_info = NULL;

/* NULL: none. */
static PlanRowMark *
find_mark(PlannerInfo *root, Index rti)
{
	ListCell   *cell;

	foreach(cell, root->rowMarks)
		if (lfirst_node(PlanRowMark, cell)->rti == rti)
			return lfirst(cell);
	return NULL;
}

static void
add_whole_row(PlannerInfo *root, const PlanRowMark *mark)
{
	Var		   *var = makeWholeRowVar(planner_rt_fetch(mark->rti, root), mark->rti, 0, false);

	root->processed_tlist = lappend(root->processed_tlist,
									makeTargetEntry((Expr *) var,
													list_length(root->processed_tlist) + 1,
													psprintf("wholerow%u", mark->rowmarkId),
													true));
}

/* Whole rows of children go along as rows of the parent. */
static bool
is_like_parent(PlannerInfo *root, Index rti)
{
	AppendRelInfo *child = root->append_rel_array == NULL ? NULL : root->append_rel_array[rti];
	ListCell   *cell;

	if (child == NULL)
		return true;
	foreach(cell, child->translated_vars)
	{
		Var		   *var = lfirst(cell);

		if (var != NULL && var->varattno != foreach_current_index(cell) + 1)
			return false;
	}
	return is_like_parent(root, child->parent_relid);
}

static void
refuse_layout(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("table \"%s\" cannot be read by way of its parent beside rows that are changed or locked",
					get_rel_name(relid)),
			 errdetail("It has diff columns, and other columns, or in another order, than its parent has."),
			 errhint("Read it in a subquery with OFFSET 0, or by its own name.")));
}

static void
at_relation_info(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	PlanRowMark *mark = inhparent ? NULL : find_mark(root, rel->relid);

	if (mark != NULL && mark->markType == ROW_MARK_REFERENCE && relation_is_native(relid) &&
		order_has_diffs(relid))
	{
		if (!is_like_parent(root, rel->relid))
			refuse_layout(relid);
		mark->markType = ROW_MARK_COPY;
		/* A parent is still to see what its children need. */
		if (mark->rti == mark->prti)
			add_whole_row(root, mark);
		else
			find_mark(root, mark->prti)->allMarkTypes |= 1 << ROW_MARK_COPY;
	}
	if (previous_relation_info != NULL)
		previous_relation_info(root, relid, inhparent, rel);
}

void
sum_marks_install(void)
{
	previous_relation_info = get_relation_info_hook;
	get_relation_info_hook = at_relation_info;
}
