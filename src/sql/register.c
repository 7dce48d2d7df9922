/*
 * register.c
 *		Making a relation a spine, and no longer; its since and upper; its
 *		counters.
 */
#include "postgres.h"

#include "fmgr.h"

#include "sql/args.h"
#include "state/options.h"
#include "state/values.h"
#include "state/working.h"

PG_FUNCTION_INFO_V1(spine_register);
Datum
spine_register(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);

	require_arg(fcinfo, 1, "dims");
	require_arg(fcinfo, 2, "effort");
	working_register(relid, PG_GETARG_INT32(1), PG_GETARG_INT32(2));
	/* What was left behind by a relation that had this oid before. */
	options_end(relid);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(spine_unregister);
Datum
spine_unregister(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);

	spine_refuse_read_only();
	working_unregister(relid, false);
	PG_RETURN_VOID();
}

/* The spine as this statement sees it, or an error. */
static void
read_spine(Oid relid, Spine *spine)
{
	Snapshot	rows;

	spine_require(relid, spine, &rows);
}

PG_FUNCTION_INFO_V1(spine_upper);
Datum
spine_upper(PG_FUNCTION_ARGS)
{
	Spine		spine;

	read_spine(relation_arg(fcinfo, 0, ACL_SELECT), &spine);
	PG_RETURN_DATUM(frontier_get_datum(&spine.trace.upper));
}

PG_FUNCTION_INFO_V1(spine_since);
Datum
spine_since(PG_FUNCTION_ARGS)
{
	Spine		spine;

	read_spine(relation_arg(fcinfo, 0, ACL_SELECT), &spine);
	PG_RETURN_DATUM(frontier_get_datum(&spine.trace.since));
}

PG_FUNCTION_INFO_V1(spine_stat_reset);
Datum
spine_stat_reset(PG_FUNCTION_ARGS)
{
	registry_reset(relation_arg(fcinfo, 0, PRIVILEGE_OWNER));
	PG_RETURN_VOID();
}
