/*
 * past.c
 *		The past of native tables: spine_as_of, spine_changes, and spine_set_retention,
 *		without which there is none.
 *
 * Both are told the table by a value of its row type, so that they return its rows.
 * They show rows as a query would that may read the whole table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "am/file.h"
#include "am/past.h"
#include "am/settings.h"
#include "am/times.h"
#include "sql/args.h"
#include "sql/native.h"
#include "state/tables.h"
#include "state/working.h"

/* The table that argument 0 is a row of. */
static Oid
table_of_arg(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Oid			relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;

	require_preloaded();
	if (!OidIsValid(relid) || !relation_is_native(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("type %s is not that of a table that uses spine",
						format_type_be(type)),
				 errdetail("Only such tables have a past to look at."),
				 errhint("Name the table as in spine_as_of(NULL::mytable, now()), and partitions each for itself.")));
	return relid;
}

/* Whoever may read all its columns, and all its rows. */
static void
check_readable(Oid relid)
{
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
	if (check_enable_rls(relid, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the past of table \"%s\" cannot be read with row-level security",
						get_rel_name(relid)),
				 errdetail("Its policies are for the rows that it has now."),
				 errhint("Have a role that they do not apply to read it.")));
}

static Relation
open_arg(FunctionCallInfo fcinfo)
{
	Oid			relid = table_of_arg(fcinfo);
	Relation	rel = table_open(relid, AccessShareLock);

	check_readable(relid);
	return rel;
}

static void
no_such_tick(Relation rel, bool has_file, Oid runs, char *asked)
{
	Tick		first;

	if (!has_file || !tick_find_first(runs, GetActiveSnapshot(), &first))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no past", RelationGetRelationName(rel)),
				 errdetail("There is no tick of it."),
				 errhint("Have ticks kept with spine_set_retention(); absorptions from then on make them, as spine_absorb() does.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the past of table \"%s\" does not go back to %s",
					RelationGetRelationName(rel), asked),
			 errdetail("The first tick that is kept is " INT64_FORMAT ", of %s.", first.tick,
					   timestamptz_to_str(first.at)),
			 errhint("spine_ticks shows what can be read; a longer spine_set_retention(), or spine_hold(), keeps more from now on.")));
}

/* A tick that is yet to come may show anything; a moment has the last one before it. */
static void
check_not_future(Relation rel, Oid runs, int64 tick)
{
	Tick		last;

	if (!tick_find(runs, PG_INT64_MAX, GetActiveSnapshot(), &last) || tick <= last.tick)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("tick " INT64_FORMAT " of table \"%s\" is yet to come", tick,
					RelationGetRelationName(rel)),
			 errdetail("The last tick is " INT64_FORMAT ".", last.tick),
			 errhint("spine_absorb() makes one at once, if there is something new.")));
}

/* The tick that argument n, a tick or a moment, means: the last that is not after it. */
static Tick
tick_arg(FunctionCallInfo fcinfo, int n, bool is_moment, Relation rel)
{
	Snapshot	snapshot = GetActiveSnapshot();
	NativeFile	file = {0};
	bool		has_file = file_find(rel, &file);
	Tick		tick = {0};
	bool		found;

	require_arg(fcinfo, n, is_moment ? "at" : "tick");
	if (!has_file)
		found = false;
	else if (is_moment)
		found = tick_find_at(file.runs, PG_GETARG_TIMESTAMPTZ(n), snapshot, &tick);
	else
	{
		check_not_future(rel, file.runs, PG_GETARG_INT64(n));
		found = tick_find(file.runs, PG_GETARG_INT64(n), snapshot, &tick);
	}
	if (!found)
		no_such_tick(rel, has_file, file.runs, is_moment ?
					 pstrdup(timestamptz_to_str(PG_GETARG_TIMESTAMPTZ(n))) :
					 psprintf("tick " INT64_FORMAT, PG_GETARG_INT64(n)));
	return tick;
}

/* ----------------------------------------------------------------
 * As of
 */

static void
put_row(void *arg, TupleTableSlot *slot)
{
	tuplestore_puttupleslot(((ReturnSetInfo *) arg)->setResult, slot);
}

static Datum
as_of(FunctionCallInfo fcinfo, bool is_moment)
{
	Relation	rel = open_arg(fcinfo);
	Tick		tick = tick_arg(fcinfo, 1, is_moment, rel);

	/* Not as the query expects it: the table may have been altered since it was planned. */
	InitMaterializedSRF(fcinfo, 0);
	past_as_of(rel, GetActiveSnapshot(), tick.tick, put_row, fcinfo->resultinfo);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(spine_as_of);
Datum
spine_as_of(PG_FUNCTION_ARGS)
{
	return as_of(fcinfo, false);
}

PG_FUNCTION_INFO_V1(spine_as_of_moment);
Datum
spine_as_of_moment(PG_FUNCTION_ARGS)
{
	return as_of(fcinfo, true);
}

/* ----------------------------------------------------------------
 * Changes
 */

typedef struct ChangeSink
{
	ReturnSetInfo *result;
	MemoryContext row;
} ChangeSink;

static void
put_change(void *arg, TupleTableSlot *slot, int64 tick, int diff)
{
	ChangeSink *sink = arg;
	MemoryContext old = MemoryContextSwitchTo(sink->row);
	Datum		values[3] = {ExecFetchSlotHeapTupleDatum(slot), Int64GetDatum(tick), Int64GetDatum(diff)};
	bool		nulls[3] = {false};

	tuplestore_putvalues(sink->result->setResult, sink->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(sink->row);
}

/* Up to the last tick, if argument 2 is null. */
static int64
upto_arg(FunctionCallInfo fcinfo, bool is_moment, Relation rel)
{
	NativeFile	file;
	Tick		tick;

	if (!PG_ARGISNULL(2))
		return tick_arg(fcinfo, 2, is_moment, rel).tick;
	if (!file_find(rel, &file) ||
		!tick_find(file.runs, PG_INT64_MAX, GetActiveSnapshot(), &tick))
		no_such_tick(rel, false, InvalidOid, NULL);
	return tick.tick;
}

static Datum
changes(FunctionCallInfo fcinfo, bool is_moment)
{
	Relation	rel = open_arg(fcinfo);
	int64		upto = upto_arg(fcinfo, is_moment, rel);
	int64		after = PG_ARGISNULL(1) ? TIME_NONE : tick_arg(fcinfo, 1, is_moment, rel).tick;
	ChangeSink	sink = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	sink.row = AllocSetContextCreate(CurrentMemoryContext, "spine change",
									 ALLOCSET_DEFAULT_SIZES);
	past_changes(rel, GetActiveSnapshot(), after, upto, put_change, &sink);
	MemoryContextDelete(sink.row);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(spine_changes);
Datum
spine_changes(PG_FUNCTION_ARGS)
{
	return changes(fcinfo, false);
}

PG_FUNCTION_INFO_V1(spine_changes_moment);
Datum
spine_changes_moment(PG_FUNCTION_ARGS)
{
	return changes(fcinfo, true);
}

/* ----------------------------------------------------------------
 * Retention
 */

static Interval *
retention_arg(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return NULL;
	if (interval_seconds(PG_GETARG_INTERVAL_P(n)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention must not be negative"),
				 errdetail("It is %s.", interval_text(PG_GETARG_DATUM(n))),
				 errhint("Give null for no ticks at all, or 0 for the last one and those that are held.")));
	return PG_GETARG_INTERVAL_P(n);
}

PG_FUNCTION_INFO_V1(spine_set_retention);
Datum
spine_set_retention(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0, ShareUpdateExclusiveLock);
	NativeSettings settings;
	NativeFile	file;

	/* Absorptions go by one or the other. */
	(void) spine_lock(RelationGetRelid(rel), true);
	settings = settings_read(RelationGetRelid(rel), SnapshotSelf);
	settings.retention = retention_arg(fcinfo, 1);
	settings_write(RelationGetRelid(rel), &settings);
	if (settings.retention == NULL && file_find(rel, &file))
		ticks_forget(file.runs, PG_INT64_MAX);
	table_close(rel, NoLock);
	PG_RETURN_VOID();
}
