/*
 * native_hooks.c
 *		What native tables must hear of, or keep from happening, beyond what the
 *		access method is asked for.
 *
 * A file goes when the relation that has it is dropped: the table, or the
 * transient one that a rewrite has swapped files with.  The object-access hook
 * hears of both, while their rows in pg_class are still there.  Columns are in
 * column_hooks.c.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "am/column_hooks.h"
#include "am/file.h"
#include "am/native_hooks.h"
#include "am/runs.h"
#include "am/settings.h"
#include "compat.h"
#include "state/catalog.h"
#include "state/options.h"
#include "state/tables.h"
#include "state/trace_row.h"

static ExecutorCheckPerms_hook_type previous_check_perms = NULL;
static object_access_hook_type previous_object_access = NULL;
static ProcessUtility_hook_type previous_utility = NULL;

void
native_refuse_index(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("table \"%s\" cannot have an index and use spine", get_rel_name(relid)),
			 errdetail("Tables that use spine have no indexes, nor constraints that need one: primary keys, UNIQUE, EXCLUDE."),
			 errhint("Use heap for a table that is looked up row by row.")));
}

/* All members of the extension that are tables, but for those of its scripts. */
static bool
is_companion(Oid relid)
{
	return !creating_extension && get_rel_relkind(relid) == RELKIND_RELATION &&
		!spine_is_table(relid) &&
		getExtensionOfObject(RelationRelationId, relid) == get_extension_oid("spine", true);
}

static void
refuse_on_companion(Oid relid, const char *what)
{
	if (!is_companion(relid))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot %s table \"%s\" of extension \"spine\"", what, get_rel_name(relid)),
			 errdetail("It has the runs of a table that uses spine, and is written by the extension only."),
			 errhint("Do it with the table itself, or with a copy of it.")));
}

static void
at_index(Oid indexrelid)
{
	HeapTuple	tuple = catalog_row(IndexRelationId, IndexRelidIndexId, Anum_pg_index_indexrelid,
									indexrelid);
	Oid			relid;

	if (!HeapTupleIsValid(tuple))
		return;
	relid = ((Form_pg_index) GETSTRUCT(tuple))->indrelid;
	if (relation_is_native(relid))
		native_refuse_index(relid);
	refuse_on_companion(relid, "create an index on");
}

static void
at_creation(Oid classId, Oid objectId)
{
	HeapTuple	tuple;

	if (classId == RelationRelationId)
		at_index(objectId);
	else if (classId == TriggerRelationId)
	{
		tuple = catalog_row(TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, objectId);
		if (HeapTupleIsValid(tuple))
			refuse_on_companion(((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid,
								"create a trigger on");
	}
	else if (classId == RewriteRelationId)
	{
		tuple = catalog_row(RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, objectId);
		if (HeapTupleIsValid(tuple))
			refuse_on_companion(((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class,
								"create a rule on");
	}
}

/* All that its owner has set for it. */
static void
end_settings(Oid relid)
{
	settings_end(relid);
	options_end(relid);
}

static void
at_drop(Oid relid)
{
	HeapTuple	tuple = catalog_row(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, relid);
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (form->relam == spine_tables(false)->access_method &&
		(form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW))
	{
		file_drop(form->reltablespace, form->relfilenode);
		end_settings(relid);
	}
	heap_freetuple(tuple);
}

static void
at_object_access(ObjectAccessType access, Oid classId, Oid objectId, int subId, void *arg)
{
	if (!IsBinaryUpgrade && subId == 0 && spine_tables(true) != NULL)
	{
		if (access == OAT_POST_CREATE)
			at_creation(classId, objectId);
		else if (access == OAT_TRUNCATE)
			refuse_on_companion(objectId, "truncate");
		else if (access == OAT_DROP && classId == RelationRelationId)
			at_drop(objectId);
	}
	if (!IsBinaryUpgrade && subId > 0 && classId == RelationRelationId &&
		spine_tables(true) != NULL)
	{
		if (access == OAT_POST_CREATE)
			column_created(objectId, (AttrNumber) subId);
		else if (access == OAT_POST_ALTER)
			column_altered(objectId, (AttrNumber) subId);
		else if (access == OAT_DROP)
			column_dropped(objectId, (AttrNumber) subId);
	}
	/* Of defaults it is told which relation and column they are for. */
	if (!IsBinaryUpgrade && subId > 0 && classId == AttrDefaultRelationId &&
		access == OAT_POST_CREATE && spine_tables(true) != NULL)
		column_computed(objectId, (AttrNumber) subId);
	if (previous_object_access != NULL)
		previous_object_access(access, classId, objectId, subId, arg);
}

/*
 * Superusers may write to any table.  The name is a quick way to tell that this is none
 * of ours; it cannot be changed.
 */
static void
check_write(Oid relid, AclMode required)
{
	const char *name;

	if ((required & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)) == 0)
		return;
	name = get_rel_name(relid);
	if (name != NULL && strncmp(name, RUNS_NAME, strlen(RUNS_NAME)) == 0 &&
		spine_tables(true) != NULL)
		refuse_on_companion(relid, "write to");
}

/* COPY comes here, too. */
static bool
at_check_perms(PERMS_HOOK_ARGS)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		PermsOfTable *perms = lfirst(cell);

		check_write(perms->relid, perms->requiredPerms);
	}
	return previous_check_perms == NULL || previous_check_perms(PERMS_HOOK_PASS);
}

static bool
has_indexes(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	bool		has;

	if (rel == NULL)
		return false;
	has = RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind) && RelationGetIndexList(rel) != NIL;
	relation_close(rel, AccessShareLock);
	return has;
}

/* A native table's spine is its own, so one that its owner has made has to go first. */
static void
refuse_becoming_native(Oid relid)
{
	if (has_indexes(relid))
		native_refuse_index(relid);
	if (trace_row_exists(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is registered as a spine", get_rel_name(relid)),
				 errdetail("A table that uses spine has a spine of its own, for its rows."),
				 errhint("Run SELECT spine_unregister('%s') first.", get_rel_name(relid))));
}

/* What a companion can bear: storage parameters, and whose and where it is. */
static bool
harms_companion(AlterTableType type)
{
	return type != AT_SetRelOptions && type != AT_ResetRelOptions && type != AT_ChangeOwner &&
		type != AT_SetTableSpace;
}

static bool
makes_native(const AlterTableCmd *command)
{
	return command->subtype == AT_SetAccessMethod &&
		get_table_am_oid(command->name == NULL ? default_table_access_method : command->name,
						 true) == spine_tables(false)->access_method;
}

/* Rather before the table is written anew than after. */
static void
check_alter(AlterTableStmt *alter)
{
	ListCell   *cell;
	Oid			relid = RangeVarGetRelid(alter->relation, NoLock, true);

	if (!OidIsValid(relid))
		return;
	foreach(cell, alter->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (makes_native(command) && !relation_is_native(relid))
			refuse_becoming_native(relid);
		if (harms_companion(command->subtype))
			refuse_on_companion(relid, "alter");
	}
}

static bool
sets_access_method(Node *command)
{
	ListCell   *cell;

	if (!IsA(command, AlterTableStmt))
		return false;
	foreach(cell, ((AlterTableStmt *) command)->cmds)
		if (lfirst_node(AlterTableCmd, cell)->subtype == AT_SetAccessMethod)
			return true;
	return false;
}

/* What was set for a native table ends when it is none any more. */
static void
follow_alter(AlterTableStmt *alter)
{
	Oid			relid;

	if (!sets_access_method((Node *) alter) || spine_tables(true) == NULL)
		return;
	relid = RangeVarGetRelid(alter->relation, NoLock, true);
	if (OidIsValid(relid) && !relation_is_native(relid))
		end_settings(relid);
}

/* Of the table or of a column. */
static void
check_rename(RenameStmt *rename)
{
	Oid			relid = rename->relation == NULL ? InvalidOid :
		RangeVarGetRelid(rename->relation, NoLock, true);

	if (OidIsValid(relid))
		refuse_on_companion(relid, "rename");
}

static void
at_utility(PlannedStmt *plan, const char *query, bool readOnlyTree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	if (IsA(plan->utilityStmt, AlterTableStmt) && spine_tables(true) != NULL)
		check_alter((AlterTableStmt *) plan->utilityStmt);
	if (IsA(plan->utilityStmt, RenameStmt) && spine_tables(true) != NULL)
		check_rename((RenameStmt *) plan->utilityStmt);
	if (previous_utility != NULL)
		previous_utility(plan, query, readOnlyTree, context, params, environment, dest,
						 completion);
	else
		standard_ProcessUtility(plan, query, readOnlyTree, context, params, environment,
								dest, completion);
	if (IsA(plan->utilityStmt, AlterTableStmt))
		follow_alter((AlterTableStmt *) plan->utilityStmt);
	columns_check_dropped();
}

void
native_install_hooks(void)
{
	previous_check_perms = ExecutorCheckPerms_hook;
	ExecutorCheckPerms_hook = at_check_perms;
	previous_object_access = object_access_hook;
	object_access_hook = at_object_access;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = at_utility;
}
