/*
 * args.c
 *		Checks that all SQL functions share.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "spine.h"
#include "sql/args.h"
#include "state/tables.h"
#include "state/values.h"

/* Of a call that waits: seconds. */
#define LONGEST_TIMEOUT 60

void
require_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errdetail("It is argument %d of %s().", n + 1,
						   get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Give a value for %s.", name)));
}

Frontier
frontier_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	require_arg(fcinfo, n, name);
	return datum_get_frontier(PG_GETARG_DATUM(n));
}

int64
bigint_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	require_arg(fcinfo, n, name);
	return PG_GETARG_INT64(n);
}

ArrayType *
array_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	require_arg(fcinfo, n, name);
	return array_normalized(PG_GETARG_ARRAYTYPE_P(n));
}

char *
interval_text(Datum interval)
{
	return DatumGetCString(DirectFunctionCall1(interval_out, interval));
}

static void
refuse_relation(Oid relid, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("relation \"%s\" cannot be a spine", get_rel_name(relid)),
			 errdetail("%s", detail),
			 errhint("A spine belongs to a table, partitioned table, foreign table or materialized view.")));
}

bool
relation_is_shared_or_own(Oid relid)
{
	return !isOtherTempNamespace(get_rel_namespace(relid));
}

void
note_temporary(Oid relid)
{
	if (get_rel_persistence(relid) == RELPERSISTENCE_TEMP)
		MyXactFlags |= XACT_FLAGS_ACCESSEDTEMPNAMESPACE;
	if (!relation_is_shared_or_own(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("relation \"%s\" is a temporary table of another session",
						get_rel_name(relid)),
				 errdetail("Its spine belongs to that session."),
				 errhint("Use a permanent table to share a spine between sessions.")));
}

static void
check_kind(Oid relid, Form_pg_class form)
{
	switch (form->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_MATVIEW:
			break;
		case RELKIND_VIEW:
			refuse_relation(relid, "It is a view.");
			break;
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			refuse_relation(relid, "It is an index.");
			break;
		case RELKIND_SEQUENCE:
			refuse_relation(relid, "It is a sequence.");
			break;
		case RELKIND_TOASTVALUE:
			refuse_relation(relid, "It is a TOAST table.");
			break;
		default:
			refuse_relation(relid, "It is not a table.");
	}
	if (IsSystemClass(relid, form))
		refuse_relation(relid, "It is a system catalog.");
	if (spine_is_table(relid))
		refuse_relation(relid, "It belongs to the extension itself.");
	note_temporary(relid);
}

/* Names of the privileges that functions ask for. */
static const char *
privilege_name(AclMode privilege)
{
	if (privilege & ACL_INSERT)
		return "INSERT";
	return privilege & ACL_UPDATE ? "UPDATE" : "SELECT";
}

static bool
has_privilege(Oid relid, AclMode privilege)
{
	if (privilege == PRIVILEGE_OWNER)
		return object_ownercheck(RelationRelationId, relid, GetUserId());
#ifdef ACL_MAINTAIN
	if (privilege & ACL_UPDATE)
		privilege |= ACL_MAINTAIN;
#endif
	return pg_class_aclmask(relid, GetUserId(), privilege, ACLMASK_ANY) != 0;
}

void
check_relation_privilege(FunctionCallInfo fcinfo, Oid relid, AclMode privilege)
{
	const char *name = get_rel_name(relid);
	const char *function;

	if (has_privilege(relid, privilege))
		return;
	function = get_func_name(fcinfo->flinfo->fn_oid);
	if (privilege == PRIVILEGE_OWNER)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of relation %s", name),
				 errdetail("%s() may be called by the owner of the relation only.", function),
				 errhint("Call it as a member of the role that owns the relation.")));
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for relation %s", name),
			 errdetail("%s() needs the %s privilege on the relation.", function,
					   privilege_name(privilege)),
			 errhint("GRANT %s ON %s TO the role.", privilege_name(privilege), name)));
}

/*
 * What was checked last.  A statement that calls a function a million times
 * asks for the same every time: within one command of one subtransaction the
 * relation stays locked, and its privileges are what they were.
 */
typedef struct Checked
{
	Oid			relid;
	Oid			user;
	AclMode		privilege;
	bool		outside;
	CommandId	command;
	SubTransactionId subtransaction;
	LocalTransactionId transaction;
} Checked;

static Checked last_checked;

static void
note_check(Checked *checked, Oid relid, AclMode privilege, bool outside)
{
	memset(checked, 0, sizeof(*checked));
	checked->relid = relid;
	checked->user = GetUserId();
	checked->privilege = privilege;
	checked->outside = outside;
	checked->command = GetCurrentCommandId(false);
	checked->subtransaction = GetCurrentSubTransactionId();
	checked->transaction = my_local_transaction;
}

void
relation_does_not_exist(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation with OID %u does not exist", relid),
			 errdetail("It may have been dropped."),
			 errhint("Name an existing relation, as in 'my_table'::regclass.")));
	pg_unreachable();
}

void
refuse_native(FunctionCallInfo fcinfo, Oid relid)
{
	if (relation_is_native(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s() is not for table \"%s\", which uses spine",
						get_func_name(fcinfo->flinfo->fn_oid), get_rel_name(relid)),
				 errdetail("Its batches are runs of its rows, which only the server makes and merges."),
				 errhint("To keep batches of your own, register a table that uses heap.")));
}

static Oid
checked_relation_arg(FunctionCallInfo fcinfo, int n, AclMode privilege, bool outside)
{
	Checked		now;
	Oid			relid;
	HeapTuple	tuple;

	require_preloaded();
	require_arg(fcinfo, n, "relation");
	relid = PG_GETARG_OID(n);
	note_check(&now, relid, privilege, outside);
	if (memcmp(&now, &last_checked, sizeof(now)) == 0)
		return relid;
	LockRelationOid(relid, AccessShareLock);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
	{
		UnlockRelationOid(relid, AccessShareLock);
		relation_does_not_exist(relid);
	}
	check_kind(relid, (Form_pg_class) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	check_relation_privilege(fcinfo, relid, privilege);
	if (outside)
		refuse_native(fcinfo, relid);
	last_checked = now;
	return relid;
}

Oid
relation_arg(FunctionCallInfo fcinfo, int n, AclMode privilege)
{
	return checked_relation_arg(fcinfo, n, privilege, false);
}

Oid
outside_relation_arg(FunctionCallInfo fcinfo, int n, AclMode privilege)
{
	return checked_relation_arg(fcinfo, n, privilege, true);
}

/* Nothing is taken from what the transaction has locked before. */
Oid
relation_arg_unlocked(FunctionCallInfo fcinfo, int n, AclMode privilege)
{
	Oid			relid;

	memset(&last_checked, 0, sizeof(last_checked));
	relid = relation_arg(fcinfo, n, privilege);
	memset(&last_checked, 0, sizeof(last_checked));
	UnlockRelationOid(relid, AccessShareLock);
	return relid;
}

void
check_relation_or_gone(FunctionCallInfo fcinfo, Oid relid, AclMode privilege)
{
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		check_relation_privilege(fcinfo, relid, privilege);
	else if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for what is left of relation with OID %u", relid),
				 errdetail("The relation does not exist, so nobody has privileges on it."),
				 errhint("Call %s() as a superuser.",
						 get_func_name(fcinfo->flinfo->fn_oid))));
}

Oid
relation_or_gone_arg(FunctionCallInfo fcinfo, int n, AclMode privilege)
{
	require_preloaded();
	require_arg(fcinfo, n, "relation");
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(PG_GETARG_OID(n))))
		return relation_arg(fcinfo, n, privilege);
	check_relation_or_gone(fcinfo, PG_GETARG_OID(n), privilege);
	return PG_GETARG_OID(n);
}

bool
relation_is_visible(Oid relid)
{
	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

bool
relation_allows(Oid relid, AclMode privilege)
{
	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		has_privilege(relid, privilege);
}

int64
timeout_arg(FunctionCallInfo fcinfo, int n)
{
	double		seconds;

	require_arg(fcinfo, n, "timeout");
	seconds = interval_seconds(PG_GETARG_INTERVAL_P(n));
	if (seconds < 0 || seconds > LONGEST_TIMEOUT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout is out of range"),
				 errdetail("It is %s; while it waits, a call holds a snapshot, which keeps VACUUM from its work.",
						   interval_text(PG_GETARG_DATUM(n))),
				 errhint("Give 0 to 1 minute, and call again if it was not enough.")));
	return (int64) (seconds * 1000);
}
