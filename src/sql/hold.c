/*
 * hold.c
 *		Holds, and since, which they keep back: spine_hold, spine_release_hold,
 *		spine_downgrade_since.
 *
 * A reader that works with the batches as of some time holds the spine at that
 * time, under a name of its own, and moves the hold forward as it goes on.  In
 * terms of the original system, a hold is the since capability of a reader.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "sql/args.h"
#include "state/holds.h"
#include "state/report.h"
#include "state/values.h"
#include "state/working.h"

#define HOLD_NAME_LENGTH 255	/* bytes */
#define HOLD_LONGEST (100 * 366 * 86400.0)	/* seconds */

static text *
hold_name_arg(FunctionCallInfo fcinfo, int n)
{
	text	   *name;

	require_arg(fcinfo, n, "name");
	name = PG_GETARG_TEXT_PP(n);
	if (VARSIZE_ANY_EXHDR(name) == 0 || VARSIZE_ANY_EXHDR(name) > HOLD_NAME_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name for a hold"),
				 errdetail("It is %d bytes long.", (int) VARSIZE_ANY_EXHDR(name)),
				 errhint("Give a name of 1 to %d bytes.", HOLD_NAME_LENGTH)));
	return name;
}

/* When a hold with the ttl in argument n expires. */
static TimestampTz
expiry_arg(FunctionCallInfo fcinfo, int n)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz expires = now;
	double		seconds;

	if (PG_ARGISNULL(n))
		return HOLD_FOR_EVER;
	seconds = interval_seconds(PG_GETARG_INTERVAL_P(n));
	if (seconds > 0 && seconds <= HOLD_LONGEST)
		expires = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
														  TimestampTzGetDatum(now),
														  PG_GETARG_DATUM(n)));
	if (expires <= now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid ttl for a hold"),
				 errdetail("It is %s.", interval_text(PG_GETARG_DATUM(n))),
				 errhint("Give more than 0 and at most 100 years, or leave ttl out for a hold that stays until it is released.")));
	return expires;
}

/* A live hold is for its role, the relation's owner and superusers. */
static void
check_hold_role(Oid relid, text *name, const Hold *hold)
{
	Oid			role;

	if (!hold->live || object_ownercheck(RelationRelationId, relid, GetUserId()))
		return;
	role = get_role_oid(NameStr(hold->held_by), true);
	if (OidIsValid(role) && has_privs_of_role(GetUserId(), role))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("hold \"%s\" on relation \"%s\" is another role's",
					text_to_cstring(name), get_rel_name(relid)),
			 errdetail("It is held by role \"%s\".", NameStr(hold->held_by)),
			 errhint("Hold under a name of your own, or have it released by that role or the owner of the relation.")));
}

/* since goes forward, that of a hold as well as the spine's. */
static void
check_hold_since(Oid relid, const Spine *spine, const Hold *hold, const Frontier *since)
{
	char		asked[FRONTIER_PRINT_SIZE];
	char		present[FRONTIER_PRINT_SIZE];

	frontier_require_dims(since, spine->trace.dims, "since");
	if (!frontier_less_equal(&spine->trace.since, since))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the spine of relation \"%s\" has passed the since to hold",
						get_rel_name(relid)),
				 errdetail("The spine's since is %s, the hold's would be %s.",
						   frontier_print(&spine->trace.since, present),
						   frontier_print(since, asked)),
				 errhint("Hold at spine_since() or later: what was compacted cannot be told apart again.")));
	if (hold->live && !frontier_less_equal(&hold->since, since))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a hold only goes forward"),
				 errdetail("It is at %s, and would go to %s.",
						   frontier_print(&hold->since, present),
						   frontier_print(since, asked)),
				 errhint("To go back, hold under another name, at spine_since() or later.")));
}

PG_FUNCTION_INFO_V1(spine_hold);
Datum
spine_hold(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);
	text	   *name = hold_name_arg(fcinfo, 1);
	Frontier	since = frontier_arg(fcinfo, 2, "since");
	TimestampTz expires = expiry_arg(fcinfo, 3);
	Spine	   *spine = spine_open(relid);
	Hold		hold;

	hold_find(relid, name, &hold);
	check_hold_role(relid, name, &hold);
	check_hold_since(relid, spine, &hold, &since);
	/* Who only renews it goes on with the list of parts that he has. */
	if (!hold.live || !frontier_equal(&hold.since, &since))
		hold.held_at = GetCurrentTimestamp();
	hold.since = since;
	hold.expires = expires;
	hold_write(relid, name, &hold);
	PG_RETURN_DATUM(frontier_get_datum(&since));
}

PG_FUNCTION_INFO_V1(spine_release_hold);
Datum
spine_release_hold(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo, 0, ACL_UPDATE);
	text	   *name = hold_name_arg(fcinfo, 1);
	Hold		hold;

	(void) spine_open(relid);
	hold_find(relid, name, &hold);
	check_hold_role(relid, name, &hold);
	if (ItemPointerIsValid(&hold.tid))
		hold_delete(&hold);
	PG_RETURN_BOOL(hold.live);
}

/*
 * As far as the holds allow.  It cannot fall behind where it is: a hold that
 * once expired may be live again if the clock was set back.
 */
PG_FUNCTION_INFO_V1(spine_downgrade_since);
Datum
spine_downgrade_since(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, ACL_UPDATE);
	Frontier	since = frontier_arg(fcinfo, 1, "since");
	Spine	   *spine = spine_open(relid);
	CoreError	err;

	if (frontier_less_equal(&spine->trace.since, &since))
	{
		since = holds_meet(relid, &since);
		since = frontiers_joined(&since, &spine->trace.since);
	}
	if (trace_downgrade_since(&spine->trace, &since, &err) != CORE_OK)
		report_core_error(&err);
	spine_changed(spine);
	PG_RETURN_DATUM(frontier_get_datum(&since));
}
