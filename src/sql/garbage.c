/*
 * garbage.c
 *		Handing out parts that nobody can name any more, and forgetting those
 *		whose data has been deleted; taking possession of a copied database.
 */
#include "postgres.h"

#include "catalog/pg_database.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "sql/args.h"
#include "state/collect.h"
#include "state/home.h"
#include "state/values.h"
#include "state/working.h"

/* Up to when a part must have been removed: grace, argument n, before now. */
static TimestampTz
grace_arg(FunctionCallInfo fcinfo, int n)
{
	Interval	zero = {0};
	Interval	ever = {.month = 12 * 1000};
	Datum		grace;

	require_arg(fcinfo, n, "grace");
	grace = PG_GETARG_DATUM(n);
	if (DatumGetBool(DirectFunctionCall2(interval_lt, grace, IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grace must not be negative"),
				 errdetail("It is %s.", DatumGetCString(DirectFunctionCall1(interval_out, grace))),
				 errhint("Give the time for which readers may use a list of parts.")));
	/* So long ago that it might be out of a timestamp's range */
	if (DatumGetBool(DirectFunctionCall2(interval_gt, grace, IntervalPGetDatum(&ever))))
		return DT_NOBEGIN;
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
												   TimestampTzGetDatum(GetCurrentTimestamp()),
												   grace));
}

static int
max_arg(FunctionCallInfo fcinfo, int n)
{
	int			max;

	require_arg(fcinfo, n, "max");
	max = PG_GETARG_INT32(n);
	if (max < 1 || max > COLLECT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max is out of range"),
				 errdetail("It is %d.", max),
				 errhint("Give a number from 1 to %d, and call again for more.", COLLECT_MAX)));
	return max;
}

static void
require_home(void)
{
	int64		system;
	Oid			database;

	if (!home_is_own(&system, &database))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot collect garbage in a copy of another database"),
				 errdetail("Data came from the server with system identifier " UINT64_FORMAT ", from its database with OID %u, which may use the same files.",
						   (uint64) system, database),
				 errhint("If these files are this database's own now, run SELECT spine_adopt().")));
}

static void
put_part(void *arg, const GarbageRow *row)
{
	ReturnSetInfo *set = arg;
	Datum		values[2] = {Int64GetDatum(row->id), PointerGetDatum(row->part)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(spine_collect_garbage);
Datum
spine_collect_garbage(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_or_gone_arg(fcinfo, 0, ACL_UPDATE);
	TimestampTz removed_until = grace_arg(fcinfo, 1);
	int			max = max_arg(fcinfo, 2);

	spine_refuse_read_only();
	require_home();
	InitMaterializedSRF(fcinfo, 0);
	garbage_collect(relid, removed_until, max, put_part, fcinfo->resultinfo);
	return (Datum) 0;
}

static void
put_row(void *arg, const GarbageRow *row)
{
	ReturnSetInfo *set = arg;
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = Int64GetDatum(row->id);
	values[1] = Int64GetDatum(row->generation);
	values[2] = PointerGetDatum(row->part);
	values[3] = UInt64GetDatum(row->removed_by);
	values[4] = TimestampTzGetDatum(row->removed_at);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/* Rows of the view, for one relation; none for who may not see them. */
PG_FUNCTION_INFO_V1(spine_garbage_rows);
Datum
spine_garbage_rows(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);

	require_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (relation_is_visible(relid) ||
		(superuser() && !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid))))
		garbage_list(relid, GetActiveSnapshot(), put_row, fcinfo->resultinfo);
	return (Datum) 0;
}

/* Ids mostly come in the order of their relations, so this seldom looks twice. */
typedef struct ForgetCheck
{
	FunctionCallInfo fcinfo;
	Oid			allowed;
} ForgetCheck;

static void
check_forget(void *arg, Oid relid)
{
	ForgetCheck *check = arg;

	if (relid == check->allowed)
		return;
	check_relation_or_gone(check->fcinfo, relid, ACL_UPDATE);
	check->allowed = relid;
}

PG_FUNCTION_INFO_V1(spine_forget_garbage);
Datum
spine_forget_garbage(PG_FUNCTION_ARGS)
{
	ForgetCheck check = {fcinfo, InvalidOid};
	ArrayType  *array;
	int			count;
	int64	   *ids;

	require_preloaded();
	array = array_arg(fcinfo, 0, "ids");
	count = array_count(array, "ids");
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("id is null"),
				 errdetail("ids has a null element."),
				 errhint("Give ids that spine_collect_garbage() has returned.")));
	spine_refuse_read_only();
	ids = palloc_extended(Max(count, 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	memcpy(ids, ARR_DATA_PTR(array), count * sizeof(int64));
	PG_RETURN_INT64(garbage_forget(ids, count, check_forget, &check));
}

PG_FUNCTION_INFO_V1(spine_adopt);
Datum
spine_adopt(PG_FUNCTION_ARGS)
{
	require_preloaded();
	if (!database_ownercheck(MyDatabaseId, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the database"),
				 errdetail("spine_adopt() makes all files that it names its own."),
				 errhint("Call it as the owner of the database, or as a superuser.")));
	spine_refuse_read_only();
	home_adopt();
	PG_RETURN_VOID();
}
