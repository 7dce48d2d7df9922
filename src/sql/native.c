/*
 * native.c
 *		spine_absorb: what is done to native tables by hand.
 */
#include "postgres.h"

#include "access/table.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "am/absorb.h"
#include "sql/args.h"
#include "state/tables.h"
#include "state/working.h"

/* The table in argument n, open, which its owner asks something of. */
static Relation
native_arg(FunctionCallInfo fcinfo, int n)
{
	Oid			relid = relation_arg(fcinfo, n, PRIVILEGE_OWNER);
	Relation	rel;

	spine_refuse_read_only();
	rel = table_open(relid, RowExclusiveLock);
	if (!relation_is_native(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no table that uses spine", RelationGetRelationName(rel)),
				 errdetail("Only such tables have rows to be absorbed into runs."),
				 errhint("Create it with CREATE TABLE ... USING spine, or run ALTER TABLE ... SET ACCESS METHOD spine.")));
	return rel;
}

PG_FUNCTION_INFO_V1(spine_absorb);
Datum
spine_absorb(PG_FUNCTION_ARGS)
{
	Relation	rel = native_arg(fcinfo, 0);
	Absorption	result;

	(void) absorb(rel, 0, true, &result);
	table_close(rel, NoLock);
	PG_RETURN_INT64(result.rows);
}
