/*
 * flat.c
 *		spine_flatten, spine_unflatten and spine_rebuild.
 */
#include "postgres.h"

#include "fmgr.h"
#include "storage/lmgr.h"

#include "sql/args.h"
#include "state/flat_json.h"
#include "state/flat_state.h"

PG_FUNCTION_INFO_V1(spine_flatten);
Datum
spine_flatten(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_SELECT);
	Snapshot	snapshot;
	Spine		spine;
	FlatTrace	flat;

	spine_require(relid, &spine, &snapshot);
	flat_of_spine(&spine, snapshot, &flat);
	PG_RETURN_JSONB_P(flat_to_jsonb(&flat));
}

/*
 * Nobody may be about to push, or to leave a batch in the inbox, for the
 * generation that ends: the owner waits for all who use the relation.
 */
static Oid
own_relation_arg(FunctionCallInfo fcinfo)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);

	spine_refuse_read_only();
	LockRelationOid(relid, AccessExclusiveLock);
	return relid;
}

PG_FUNCTION_INFO_V1(spine_unflatten);
Datum
spine_unflatten(PG_FUNCTION_ARGS)
{
	Oid			relid = own_relation_arg(fcinfo);
	Spine	   *spine = spine_open(relid);
	FlatTrace	flat;

	require_arg(fcinfo, 1, "flat");
	flat_from_jsonb(PG_GETARG_JSONB_P(1), spine->trace.dims, spine->trace.effort, &flat);
	flat_restore(spine, &flat);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(spine_rebuild);
Datum
spine_rebuild(PG_FUNCTION_ARGS)
{
	flat_rebuild(spine_open_damaged(own_relation_arg(fcinfo)));
	PG_RETURN_VOID();
}
