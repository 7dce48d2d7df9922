/*
 * scan_cost.c
 *		What a scan of a native table costs that decodes only the columns that are
 *		needed and passes over row groups that cannot match.
 *
 * A condition on a column leaves few row groups if the rows lie in the order of that
 * column: where it is the first of the table's order (order.h), or where ANALYZE
 * found them so.  The delta's rows are all read.
 */
#include "postgres.h"

#include <math.h>

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "nodes/plannodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "am/group.h"
#include "am/group_filter.h"
#include "am/order.h"
#include "am/scan.h"
#include "am/scan_cost.h"

/* The share of the columns' widths that is needed. */
static double
share_of_columns(RelOptInfo *rel, const Bitmapset *needed)
{
	double		all = 0;
	double		sum = 0;

	for (int attnum = 1; attnum <= rel->max_attr; attnum++)
	{
		int32		width = Max(rel->attr_widths[attnum - rel->min_attr], 1);

		all += width;
		if (bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, needed))
			sum += width;
	}
	/* The whole row is asked for by a number of its own. */
	if (all == 0 || bms_is_member(-FirstLowInvalidHeapAttributeNumber, needed))
		return 1;
	return Max(sum / all, 0.01);
}

/* How far rows lie in the order of a column: 0 to 1, which is in this order. */
static double
correlation_of(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum), BoolGetDatum(false));
	AttStatsSlot slot;
	double		correlation = 0;

	if (!HeapTupleIsValid(tuple))
		return 0;
	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_CORRELATION, InvalidOid,
						 ATTSTATSSLOT_NUMBERS))
	{
		if (slot.nnumbers > 0)
			correlation = fabs((double) slot.numbers[0]);
		free_attstatsslot(&slot);
	}
	ReleaseSysCache(tuple);
	return Min(correlation, 1);
}

/*
 * The conditions that tell row groups apart, by the number of their column; the
 * array goes up to the last column's.
 */
static List **
conditions_by_column(RelOptInfo *rel)
{
	List	  **conditions = palloc0(sizeof(List *) * (rel->max_attr + 1));
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		Bitmapset  *attnums = NULL;
		int			attnum;

		pull_varattnos((Node *) group_filter_conditions(list_make1(lfirst(cell)), rel),
					   rel->relid, &attnums);
		/* There is one column in each. */
		attnum = bms_next_member(attnums, -1) + FirstLowInvalidHeapAttributeNumber;
		if (attnum > 0)
			conditions[attnum] = lappend(conditions[attnum], lfirst(cell));
	}
	return conditions;
}

/* The share of the groups that conditions on this column leave. */
static double
share_of_groups(PlannerInfo *root, Oid relid, const RowOrder *order, AttrNumber attnum,
				List *conditions)
{
	double		correlation;

	if (conditions == NIL || (order != NULL && order_is_diff(order, attnum)))
		return 1;
	correlation = order != NULL && order->nkeys > 0 && order->attnums[0] == attnum ? 1 :
		correlation_of(relid, attnum);
	return 1 - correlation * correlation *
		(1 - clauselist_selectivity(root, conditions, 0, JOIN_INNER, NULL));
}

static double
share_of_rows(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	Relation	table = table_open(relid, NoLock);
	RowOrder   *order = order_of(table);
	List	  **conditions = conditions_by_column(rel);
	double		all = Max(rel->tuples, 1);
	double		delta = Min(sample_delta_rows(table, rel->attr_widths - rel->min_attr) / all, 1);
	double		groups = 1;

	for (AttrNumber attnum = 1; attnum <= rel->max_attr; attnum++)
		groups = Min(groups, share_of_groups(root, relid, order, attnum, conditions[attnum]));
	table_close(table, NoLock);
	/* One is read at least. */
	groups = Max(groups, Min(GROUP_ROWS / all, 1));
	return delta + (1 - delta) * groups;
}

ScanShares
scan_shares(PlannerInfo *root, RelOptInfo *rel, Oid relid, const Bitmapset *needed)
{
	ScanShares	shares;

	shares.columns = share_of_columns(rel, needed);
	shares.rows = rel->baserestrictinfo == NIL ? 1 : share_of_rows(root, rel, relid);
	return shares;
}

void
scan_set_costs(Path *path, const Path *plain, ScanShares shares)
{
	Cost		run = plain->total_cost - plain->startup_cost;
	Cost		saved = seq_page_cost * path->parent->pages * (1 - shares.columns);

	path->rows = plain->rows;
	path->startup_cost = plain->startup_cost;
	path->total_cost = plain->startup_cost + shares.rows * (run - Min(saved, run));
}
