/*
 * native.c
 *		What owners do with native tables: spine_absorb, spine_compact, and settings.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/value.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/absorb.h"
#include "am/compact.h"
#include "am/diff.h"
#include "am/file.h"
#include "am/generated.h"
#include "am/merge.h"
#include "am/order.h"
#include "am/settings.h"
#include "sql/args.h"
#include "sql/native.h"
#include "state/claims.h"
#include "state/progress.h"
#include "state/seen.h"
#include "state/tables.h"
#include "state/working.h"

/* What the caller wanted, for each partition. */
static void
refuse_partitioned(FunctionCallInfo fcinfo, Relation rel)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												  RelationGetRelationName(rel));

	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("table \"%s\" is partitioned", RelationGetRelationName(rel)),
			 errdetail("Its rows are in its partitions, each of which is a native table of its own or none."),
			 errhint("Do it for each: SELECT %s(relid%s) FROM pg_partition_tree(%s) WHERE isleaf.",
					 get_func_name(fcinfo->flinfo->fn_oid), PG_NARGS() > 1 ? ", ..." : "",
					 quote_literal_cstr(name))));
}

Relation
native_arg(FunctionCallInfo fcinfo, int n, LOCKMODE lock)
{
	Oid			relid = relation_arg(fcinfo, n, PRIVILEGE_OWNER);
	Relation	rel;

	spine_refuse_read_only();
	rel = table_open(relid, lock);
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		refuse_partitioned(fcinfo, rel);
	if (!relation_is_native(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table that uses spine", RelationGetRelationName(rel)),
				 errdetail("It uses another access method, or none."),
				 errhint("Create it with CREATE TABLE ... USING spine, or run ALTER TABLE ... SET ACCESS METHOD spine.")));
	return rel;
}

PG_FUNCTION_INFO_V1(spine_absorb);
Datum
spine_absorb(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0, RowExclusiveLock);
	Absorption	result;

	(void) absorb(rel, 0, true, &result);
	table_close(rel, NoLock);
	PG_RETURN_INT64(result.rows);
}

PG_FUNCTION_INFO_V1(spine_compact);
Datum
spine_compact(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0, RowExclusiveLock);
	int64		rows = compact(rel);

	table_close(rel, NoLock);
	PG_RETURN_INT64(rows);
}

/* With its runs, and what either keeps out of line. */
PG_FUNCTION_INFO_V1(spine_relation_size);
Datum
spine_relation_size(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Relation	rel = table_open(relid, AccessShareLock);
	NativeFile	file;
	int64		size = DatumGetInt64(DirectFunctionCall1(pg_total_relation_size,
														 ObjectIdGetDatum(relid)));

	if (relation_is_native(relid) && file_find(rel, &file))
		size += DatumGetInt64(DirectFunctionCall1(pg_total_relation_size,
												  ObjectIdGetDatum(file.runs)));
	table_close(rel, AccessShareLock);
	PG_RETURN_INT64(size);
}

/*
 * Settings
 */

static Form_pg_attribute
find_column(Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(rel)),
				 errdetail("Only columns of the table itself can be named, no system columns."),
				 errhint("Name existing columns, as in ARRAY['a', 'b'].")));
	return TupleDescAttr(RelationGetDescr(rel), attnum - 1);
}

/* The names in argument n, each of a column; NIL for null or an empty array. */
static List *
columns_arg(FunctionCallInfo fcinfo, int n, Relation rel)
{
	List	   *names = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(n))
		return NIL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		String	   *name = makeString(nulls[i] ? "" : NameStr(*DatumGetName(elements[i])));

		if (nulls[i] || list_member(names, name))
			ereport(ERROR,
					(errcode(nulls[i] ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_DUPLICATE_COLUMN),
					 nulls[i] ? errmsg("name of a column is null") :
					 errmsg("column \"%s\" is named twice", strVal(name)),
					 errdetail("It is number %d of the columns.", i + 1),
					 errhint("Name each column once, or give null for none.")));
		(void) find_column(rel, strVal(name));
		names = lappend(names, name);
	}
	return names;
}

static NativeSettings
present_settings(Relation rel)
{
	return settings_read(RelationGetRelid(rel), SnapshotSelf);
}

static void
refuse_overlap(List *order, List *diff)
{
	List	   *both = list_intersection(order, diff);

	if (both == NIL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column \"%s\" cannot be both an order and a diff column",
					strVal(linitial(both))),
			 errdetail("Rows are sorted by what makes them equal, which diff columns do not."),
			 errhint("Take it out of one of the two.")));
}

PG_FUNCTION_INFO_V1(spine_set_order);
Datum
spine_set_order(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0, ShareUpdateExclusiveLock);
	NativeSettings settings = present_settings(rel);
	ListCell   *cell;

	settings.order_columns = columns_arg(fcinfo, 1, rel);
	refuse_overlap(settings.order_columns, settings.diff_columns);
	foreach(cell, settings.order_columns)
		order_require_sortable(find_column(rel, strVal(lfirst(cell))), IN_ORDER);
	settings_write(RelationGetRelid(rel), &settings);
	table_close(rel, NoLock);
	PG_RETURN_VOID();
}

/*
 * Rows that are there already would have to be added up, or taken apart; also such as
 * add up to nothing, so it is looked at with a snapshot for which nothing adds up.
 */
static void
require_empty(Relation rel)
{
	TableScanDesc scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool		empty = !table_scan_getnextslot(scan, ForwardScanDirection, slot);

	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	if (empty)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is not empty", RelationGetRelationName(rel)),
			 errdetail("What its diff columns are can be said only before there are rows."),
			 errhint("Say it of a new table, and copy the rows to that.")));
}

/* All columns that are no diffs are keys. */
static void
check_diffs(Relation rel, List *diffs)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (AttrNumber attnum = 1; attnum <= desc->natts; attnum++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);

		if (att->attisdropped)
			continue;
		if (!list_member(diffs, makeString(NameStr(att->attname))))
			order_require_sortable(att, BESIDE_DIFFS);
		else
			diff_require_type(att);
		generated_require_no_diffs(RelationGetRelid(rel), att, diffs);
	}
}

static bool
are_same_columns(List *a, List *b)
{
	return list_length(a) == list_length(b) && list_difference(a, b) == NIL;
}

PG_FUNCTION_INFO_V1(spine_set_diff);
Datum
spine_set_diff(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0, AccessExclusiveLock);
	NativeSettings settings = present_settings(rel);
	List	   *diffs = columns_arg(fcinfo, 1, rel);

	/* Migrations are run again, when there are rows. */
	if (!are_same_columns(diffs, settings.diff_columns))
	{
		settings.diff_columns = diffs;
		refuse_overlap(settings.order_columns, diffs);
		if (diffs != NIL)
			check_diffs(rel, diffs);
		require_empty(rel);
		settings_write(RelationGetRelid(rel), &settings);
	}
	table_close(rel, NoLock);
	PG_RETURN_VOID();
}

/*
 * Merging, for mergers
 */

/* A column of the request; null is no request of ours. */
static Datum
request_column(HeapTupleHeader request, const char *name)
{
	bool		isnull;
	Datum		datum = GetAttributeByName(request, name, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a merge request is null", name),
				 errdetail("This function merges runs of native tables, for the server's mergers."),
				 errhint("Use spine_compact() to merge them at once.")));
	return datum;
}

/*
 * Merges what the request names.  If the table has been truncated or written anew
 * since it was claimed, there is nothing of that: whatever is answered is refused.
 */
static void
merge_request(Relation rel, int64 id, HeapTupleHeader request, MergeOutput *output)
{
	ArrayType  *parts = DatumGetArrayTypeP(request_column(request, "parts"));
	Claim		claim;

	if (claims_find(id, SnapshotSelf, &claim) &&
		seen_is_current(RelationGetRelid(rel), claim.request.generation))
	{
		runs_merge(rel, parts, output);
		return;
	}
	output->len = 0;
	output->parts = construct_empty_array(TEXTOID);
	output->runs = construct_empty_array(INT4OID);
}

PG_FUNCTION_INFO_V1(spine_merge_runs);
Datum
spine_merge_runs(PG_FUNCTION_ARGS)
{
	HeapTupleHeader request;
	Relation	rel;
	Oid			relid;
	int64		claim;
	MergeOutput output;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};

	require_preloaded();
	require_arg(fcinfo, 0, "request");
	request = PG_GETARG_HEAPTUPLEHEADER(0);
	relid = DatumGetObjectId(request_column(request, "relation"));
	claim = OidIsValid(relid) ? progress_merging(relid) : 0;
	if (claim == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("spine_merge_runs() is called by the server's mergers only"),
				 errdetail("What it does belongs to a claim that a merger has."),
				 errhint("Use spine_compact() to merge the runs of a table at once.")));
	rel = table_open(relid, RowExclusiveLock);
	merge_request(rel, claim, request, &output);
	table_close(rel, NoLock);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(output.len);
	values[1] = PointerGetDatum(output.parts);
	values[2] = PointerGetDatum(output.runs);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
