/*
 * merge_function.c
 *		Functions that merge.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "state/merge_function.h"
#include "state/tables.h"
#include "state/values.h"

/* What is wrong with a function; NULL if nothing is. */
static const char *
complaint(Form_pg_proc form)
{
	const SpineTables *tables = spine_tables(false);

	if (form->prokind != PROKIND_FUNCTION)
		return "It is no ordinary function.";
	if (form->pronargs != 1 || form->proargtypes.values[0] != tables->request_type)
		return "It does not take one argument of type spine_merge_request.";
	if (form->prorettype != tables->output_type || form->proretset)
		return "It does not return one value of type spine_merge_output.";
	return NULL;
}

bool
relation_owner(Oid relid, Oid *owner)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

	if (!HeapTupleIsValid(tuple))
		return false;
	*owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return true;
}

void
merge_function_check(Oid function, Oid role)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	const char *wrong;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", function),
				 errdetail("It may have been dropped."),
				 errhint("Name an existing function, as in 'f(spine_merge_request)'::regprocedure.")));
	wrong = complaint((Form_pg_proc) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function %s cannot merge", format_procedure(function)),
				 errdetail("%s", wrong),
				 errhint("Give it one argument of type spine_merge_request, and make it return spine_merge_output.")));
	if (function_aclcheck(function, role, ACL_EXECUTE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function %s", format_procedure(function)),
				 errdetail("It runs as role \"%s\", which owns the relation.",
						   GetUserNameFromId(role, false)),
				 errhint("GRANT EXECUTE ON it TO that role.")));
}

Oid
merge_function_find(const char *signature)
{
	return DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(signature)));
}

static void
returned_null(Oid function, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("merge function %s returned null", format_procedure(function)),
			 errdetail("%s.", what),
			 errhint("Return len and parts of the merged batch, and '{}' for runs if it is sorted.")));
}

/* Takes a value of type spine_merge_output apart, into the current context. */
static void
read_output(Oid function, Datum datum, MergeOutput *output)
{
	static const char *const columns[] = {"len", "parts", "runs"};
	HeapTupleHeader header = DatumGetHeapTupleHeader(datum);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum		values[lengthof(columns)];
	bool		nulls[lengthof(columns)];

	ItemPointerSetInvalid(&tuple.t_self);
	if (desc->natts != lengthof(columns))
		elog(ERROR, "spine_merge_output has %d columns", desc->natts);
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
	for (int i = 0; i < (int) lengthof(columns); i++)
		if (nulls[i])
			returned_null(function, psprintf("Its %s is null", columns[i]));
	output->len = DatumGetInt64(values[0]);
	output->parts = array_normalized(DatumGetArrayTypePCopy(values[1]));
	output->runs = array_normalized(DatumGetArrayTypePCopy(values[2]));
}

void
merge_function_call(Oid function, Datum request, MergeOutput *output)
{
	LOCAL_FCINFO(fcinfo, 1);
	FmgrInfo	flinfo;
	PgStat_FunctionCallUsage usage;
	Datum		result;

	fmgr_info(function, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = request;
	fcinfo->args[0].isnull = false;
	pgstat_init_function_usage(fcinfo, &usage);
	result = FunctionCallInvoke(fcinfo);
	pgstat_end_function_usage(&usage, true);
	if (fcinfo->isnull)
		returned_null(function, "Its result is null");
	read_output(function, result, output);
}
