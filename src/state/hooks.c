/*
 * hooks.c
 *		Following what happens to relations and databases.
 *
 * DROP is heard of through the object-access hook, while the relation is still
 * there and locked.  So is TRUNCATE, but too early (before the lock is taken),
 * so that is only noted and acted on when the command is done.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "catalog/pg_trigger.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "state/buffer.h"
#include "state/catalog.h"
#include "state/hooks.h"
#include "state/mailbox.h"
#include "state/tables.h"
#include "state/trace_row.h"
#include "state/working.h"

static ExecutorStart_hook_type previous_executor_start = NULL;
static object_access_hook_type previous_object_access = NULL;
static ProcessUtility_hook_type previous_utility = NULL;

/* Relations that the TRUNCATE under way is about to empty. */
static List *truncated = NIL;
static bool in_truncate = false;

/*
 * Rows of the extension's tables are written as those of catalogs are: no
 * trigger fires, and no expression is computed.
 */
static void
refuse_on_tables(Oid relid, const char *what)
{
	if (!spine_is_table(relid))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot create %s on table \"%s\" of extension \"spine\"", what,
					get_rel_name(relid)),
			 errdetail("The extension writes its tables as the server writes its catalogs: triggers are not fired, and expressions not computed."),
			 errhint("Indexes on whole columns are possible; for more, keep a table of your own.")));
}

static void
at_creation(Oid classId, Oid objectId)
{
	HeapTuple	tuple;

	if (classId == TriggerRelationId)
	{
		tuple = catalog_row(TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, objectId);
		if (HeapTupleIsValid(tuple))
			refuse_on_tables(((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid, "a trigger");
	}
	else if (classId == RelationRelationId)
	{
		tuple = catalog_row(IndexRelationId, IndexRelidIndexId, Anum_pg_index_indexrelid, objectId);
		if (HeapTupleIsValid(tuple) &&
			(!heap_attisnull(tuple, Anum_pg_index_indexprs, NULL) ||
			 !heap_attisnull(tuple, Anum_pg_index_indpred, NULL)))
			refuse_on_tables(((Form_pg_index) GETSTRUCT(tuple))->indrelid,
							 "an index with an expression or a predicate");
	}
}

static void
at_object_access(ObjectAccessType access, Oid classId, Oid objectId, int subId, void *arg)
{
	if (previous_object_access != NULL)
		previous_object_access(access, classId, objectId, subId, arg);
	if (access == OAT_POST_CREATE && subId == 0 && !IsBinaryUpgrade)
		at_creation(classId, objectId);
	if (access == OAT_DROP && classId == ExtensionRelationId &&
		objectId == get_extension_oid("spine", true))
		working_forget_all();
	if (classId != RelationRelationId || subId != 0 || IsBinaryUpgrade)
		return;
	if (access == OAT_TRUNCATE && in_truncate)
	{
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		truncated = list_append_unique_oid(truncated, objectId);
		MemoryContextSwitchTo(old);
	}
	else if (access == OAT_DROP && spine_tables(true) != NULL && trace_row_exists(objectId))
		working_unregister(objectId, true);
}

bool
hooks_truncating(Oid relid)
{
	return in_truncate && list_member_oid(truncated, relid);
}

/*
 * Only what this transaction has locked was truncated.  A parallel restore
 * truncates each table before it fills it, perhaps after the spines have been
 * restored, and does not mean them by that; it need not be warned.
 */
static void
truncate_spines(List *relids)
{
	ListCell   *cell;

	if (relids == NIL || spine_tables(true) == NULL ||
		strcmp(application_name, "pg_restore") == 0)
		return;
	foreach(cell, relids)
	{
		LOCKTAG		tag;

		SET_LOCKTAG_RELATION(tag, MyDatabaseId, lfirst_oid(cell));
		if (lock_held_by_me(&tag, AccessExclusiveLock))
			working_truncate(lfirst_oid(cell));
	}
}

static const char *
string_option(List *options, const char *name, const char *otherwise)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return otherwise;
}

/* The database that a command needs without connections; NULL if none. */
static const char *
database_named(Node *command)
{
	switch (nodeTag(command))
	{
		case T_DropdbStmt:
			return castNode(DropdbStmt, command)->dbname;
		case T_CreatedbStmt:
			return string_option(castNode(CreatedbStmt, command)->options, "template",
								 "template1");
		case T_AlterDatabaseStmt:
			if (string_option(castNode(AlterDatabaseStmt, command)->options, "tablespace",
							  NULL) == NULL)
				return NULL;
			return castNode(AlterDatabaseStmt, command)->dbname;
		case T_RenameStmt:
			if (castNode(RenameStmt, command)->renameType != OBJECT_DATABASE)
				return NULL;
			return castNode(RenameStmt, command)->subname;
		default:
			return NULL;
	}
}

/* May the user do that, as far as can be seen before it is tried? */
static bool
may_empty(Node *command, Oid database)
{
	HeapTuple	tuple;
	bool		may = false;

	if (superuser() || database_ownercheck(database, GetUserId()))
		return true;
	if (!IsA(command, CreatedbStmt))
		return false;
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
	if (HeapTupleIsValid(tuple))
	{
		may = ((Form_pg_database) GETSTRUCT(tuple))->datistemplate;
		ReleaseSysCache(tuple);
	}
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
	if (HeapTupleIsValid(tuple))
	{
		may = may && ((Form_pg_authid) GETSTRUCT(tuple))->rolcreatedb;
		ReleaseSysCache(tuple);
	}
	return may;
}

/*
 * The database that a command is about to need without connections; InvalidOid
 * if there is none, or the command is going to be refused anyway.
 */
static Oid
database_to_leave(Node *command, ProcessUtilityContext context)
{
	const char *name = database_named(command);
	Oid			database;

	if (name == NULL || context != PROCESS_UTILITY_TOPLEVEL || IsTransactionBlock())
		return InvalidOid;
	database = get_database_oid(name, true);
	return OidIsValid(database) && may_empty(command, database) ? database : InvalidOid;
}

static bool
commits_prepared(Node *command)
{
	return IsA(command, TransactionStmt) &&
		castNode(TransactionStmt, command)->kind == TRANS_STMT_COMMIT_PREPARED;
}

/*
 * Batches that a restore puts into the inbox: nobody in this database has told
 * the worker of them.
 */
static bool
fills_inbox(Node *command)
{
	CopyStmt   *copy = (CopyStmt *) command;
	const SpineTables *tables;

	if (!IsA(command, CopyStmt) || !copy->is_from || copy->relation == NULL)
		return false;
	tables = spine_tables(true);
	return tables != NULL && RangeVarGetRelid(copy->relation, NoLock, true) == tables->inbox;
}

/*
 * What is about to be rolled back need not be written before.  COMMIT and PREPARE write
 * it when they get to that: the command alone must not fail, since what would be left
 * by that is a transaction that has failed and has not ended.
 */
static bool
ends_transaction(Node *command)
{
	TransactionStmtKind kind;

	if (!IsA(command, TransactionStmt))
		return false;
	kind = castNode(TransactionStmt, command)->kind;
	return kind == TRANS_STMT_COMMIT || kind == TRANS_STMT_PREPARE ||
		kind == TRANS_STMT_ROLLBACK || kind == TRANS_STMT_ROLLBACK_TO;
}

static void
call_utility(PlannedStmt *plan, const char *query, bool readOnlyTree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	if (previous_utility != NULL)
		previous_utility(plan, query, readOnlyTree, context, params, environment, dest,
						 completion);
	else
		standard_ProcessUtility(plan, query, readOnlyTree, context, params, environment,
								dest, completion);
}

/* Runs TRUNCATE, which may run another in a trigger, and then follows it. */
static void
run_truncate(PlannedStmt *plan, const char *query, bool readOnlyTree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	List	   *outer = truncated;
	bool		was_in = in_truncate;
	List	   *relids;

	truncated = NIL;
	in_truncate = true;
	PG_TRY();
	{
		call_utility(plan, query, readOnlyTree, context, params, environment, dest,
					 completion);
		relids = truncated;
	}
	PG_FINALLY();
	{
		truncated = outer;
		in_truncate = was_in;
	}
	PG_END_TRY();
	truncate_spines(relids);
}

static void
at_utility(PlannedStmt *plan, const char *query, bool readOnlyTree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	Node	   *command = plan->utilityStmt;
	Oid			database = database_to_leave(command, context);
	bool		prepared = commits_prepared(command) && spine_tables(true) != NULL;

	/* Not in a transaction that has failed. */
	if (IsTransactionState() && !ends_transaction(command))
		buffer_flush();
	if (OidIsValid(database))
		mailbox_ask_to_leave(database);
	if (IsA(command, TruncateStmt))
		run_truncate(plan, query, readOnlyTree, context, params, environment, dest,
					 completion);
	else
		call_utility(plan, query, readOnlyTree, context, params, environment, dest,
					 completion);
	if (OidIsValid(database) && IsA(command, DropdbStmt))
		registry_remove(database, InvalidOid);
	else if (OidIsValid(database))
		mailbox_welcome(database);
	if (fills_inbox(command))
	{
		registry_note_foreign_ids();
		spine_notify_at_commit();
	}
	/* It may have queued results, which nobody told of when it was prepared. */
	if (prepared)
		mailbox_notify(MyDatabaseId);
}

/*
 * A statement may read in parallel what an earlier one has pushed, and nothing
 * can be written any more once it is under way.
 */
static void
at_executor_start(QueryDesc *query, int flags)
{
	buffer_flush();
	if (previous_executor_start != NULL)
		previous_executor_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
}

void
spine_install_hooks(void)
{
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = at_executor_start;
	previous_object_access = object_access_hook;
	object_access_hook = at_object_access;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = at_utility;
}
