/*
 * merge_function.c
 *		spine_set_merge_function, and what a merge function says of itself.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"

#include "sql/args.h"
#include "state/merge_function.h"
#include "state/options.h"
#include "state/progress.h"
#include "state/working.h"

/* A merger is another session. */
static void
refuse_temporary(Oid relid)
{
	if (get_rel_persistence(relid) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("temporary table \"%s\" cannot have a merge function", get_rel_name(relid)),
				 errdetail("It would run in another session, which cannot use the table."),
				 errhint("Use a permanent table, or merge in this session and call spine_apply_merge().")));
}

/* Its name has a schema, since it is looked up wherever the merger may be. */
PG_FUNCTION_INFO_V1(spine_set_merge_function);
Datum
spine_set_merge_function(PG_FUNCTION_ARGS)
{
	Oid			relid = outside_relation_arg(fcinfo, 0, PRIVILEGE_OWNER);
	Oid			owner;
	SpineOptions options;

	(void) spine_open(relid);
	options = options_read(relid, SnapshotSelf);
	options.merge_function = NULL;
	if (!PG_ARGISNULL(1))
	{
		refuse_temporary(relid);
		if (relation_owner(relid, &owner))
			merge_function_check(PG_GETARG_OID(1), owner);
		options.merge_function = format_procedure_qualified(PG_GETARG_OID(1));
		spine_notify_at_commit();
	}
	options_write(relid, &options);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(spine_merge_progress);
Datum
spine_merge_progress(PG_FUNCTION_ARGS)
{
	int64		done;

	require_preloaded();
	done = Max(bigint_arg(fcinfo, 0, "done"), 0);
	if (progress_merging(InvalidOid) != 0)
		progress_report(done);
	PG_RETURN_VOID();
}
