/*
 * tables.c
 *		Finding the extension's tables, and remembering where they are until
 *		something happens to them.
 *
 * The extension may be in any schema, and the callers are hooks and workers as
 * well as SQL functions, so the way is by the extension's name.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "spine.h"
#include "state/tables.h"

static SpineTables tables;
static bool tables_valid = false;

/* Made by the script that belongs to this library, they have so many columns. */
static const struct
{
	Oid		   *oid;
	int			columns;
}			own_tables[] = {
	{&tables.trace, TRACE_COLUMNS},
	{&tables.batch, BATCH_COLUMNS},
	{&tables.result, RESULT_COLUMNS},
	{&tables.garbage, GARBAGE_COLUMNS},
	{&tables.claim, CLAIM_COLUMNS},
	{&tables.attempt, ATTEMPT_COLUMNS},
	{&tables.inbox, INBOX_COLUMNS},
	{&tables.answer, ANSWER_COLUMNS},
	{&tables.hold, HOLD_COLUMNS},
	{&tables.option, OPTION_COLUMNS},
	{&tables.file, FILE_COLUMNS},
	{&tables.setting, SETTING_COLUMNS},
	{&tables.tick, TICK_COLUMNS},
	{&tables.home, HOME_COLUMNS},
};

/* What is looked up by its name. */
typedef struct OwnName
{
	const char *name;
	Oid		   *oid;
} OwnName;

static const OwnName own_relations[] = {
	{"spine_trace", &tables.trace},
	{"spine_trace_relation", &tables.trace_index},
	{"spine_batch", &tables.batch},
	{"spine_batch_pkey", &tables.batch_pkey},
	{"spine_merge_result", &tables.result},
	{"spine_merge_result_pkey", &tables.result_pkey},
	{"spine_merge_result_queue", &tables.result_queue},
	{"spine_garbage_part", &tables.garbage},
	{"spine_generation", &tables.generation_seq},
	{"spine_merge_result_id", &tables.result_seq},
	{"spine_garbage_part_pkey", &tables.garbage_pkey},
	{"spine_garbage_part_relation", &tables.garbage_relation},
	{"spine_merge_claim", &tables.claim},
	{"spine_merge_claim_pkey", &tables.claim_pkey},
	{"spine_merge_claim_ended", &tables.claim_ended},
	{"spine_merge_attempt", &tables.attempt},
	{"spine_merge_attempt_pkey", &tables.attempt_pkey},
	{"spine_inbox_batch", &tables.inbox},
	{"spine_inbox_batch_pkey", &tables.inbox_pkey},
	{"spine_inbox_answer", &tables.answer},
	{"spine_inbox_answer_ticket", &tables.answer_ticket},
	{"spine_inbox_answer_sequenced", &tables.answer_sequenced},
	{"spine_reader_hold", &tables.hold},
	{"spine_reader_hold_pkey", &tables.hold_pkey},
	{"spine_option", &tables.option},
	{"spine_option_pkey", &tables.option_pkey},
	{"spine_file", &tables.file},
	{"spine_file_pkey", &tables.file_pkey},
	{"spine_group", &tables.group_seq},
	{"spine_table_setting", &tables.setting},
	{"spine_table_setting_pkey", &tables.setting_pkey},
	{"spine_tick", &tables.tick},
	{"spine_tick_pkey", &tables.tick_pkey},
	{"spine_tick_at", &tables.tick_at},
	{"spine_home", &tables.home},
};

static const OwnName own_types[] = {
	{"spine_frontier", &tables.frontier_type},
	{"spine_merge_outcome", &tables.outcome_type},
	{"spine_merge_request", &tables.request_type},
	{"spine_merge_output", &tables.output_type},
};

static bool
is_table(Oid relid)
{
	for (int i = 0; i < (int) lengthof(own_tables); i++)
		if (*own_tables[i].oid == relid)
			return true;
	return false;
}

bool
spine_is_table(Oid relid)
{
	return spine_tables(true) != NULL && is_table(relid);
}

void
require_preloaded(void)
{
	if (!spine_preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library \"spine\" is not preloaded"),
				 errdetail("It keeps state in shared memory, which the server lays out when it starts."),
				 errhint("Add spine to shared_preload_libraries in postgresql.conf and restart the server.")));
	(void) spine_tables(false);
}

bool
spine_hold_extension(void)
{
	Oid			extension = get_extension_oid("spine", true);

	if (!OidIsValid(extension))
		return false;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
	return get_extension_oid("spine", true) == extension;
}

bool
relation_is_native(Oid relid)
{
	const SpineTables *own = spine_tables(true);
	HeapTuple	tuple;
	Form_pg_class form;
	bool		is;

	if (own == NULL)
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	/* A partitioned table may have one too, for partitions to come. */
	is = form->relam == own->access_method &&
		(form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW);
	ReleaseSysCache(tuple);
	return is;
}

static void
forget_tables(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || is_table(relid))
		tables_valid = false;
}

/* The schema of the extension, and a copy of its version; false without it. */
static bool
find_extension(Oid *schema, char **version)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("spine"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		datum = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(rel), &isnull);

		*schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
		*version = isnull ? pstrdup("") : TextDatumGetCString(datum);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

/* All there?  While the extension is being dropped, some may be gone already. */
static bool
look_up_tables(Oid schema)
{
	bool		all = true;

	for (int i = 0; i < (int) lengthof(own_relations); i++)
	{
		*own_relations[i].oid = get_relname_relid(own_relations[i].name, schema);
		all = all && OidIsValid(*own_relations[i].oid);
	}
	for (int i = 0; i < (int) lengthof(own_types); i++)
	{
		*own_types[i].oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
											CStringGetDatum(own_types[i].name),
											ObjectIdGetDatum(schema));
		all = all && OidIsValid(*own_types[i].oid);
	}
	tables.access_method = GetSysCacheOid1(AMNAME, Anum_pg_am_oid,
										   CStringGetDatum("spine"));
	return all && OidIsValid(tables.access_method);
}

static bool
has_columns(Oid relid, int columns)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		has = false;

	if (HeapTupleIsValid(tuple))
	{
		has = ((Form_pg_class) GETSTRUCT(tuple))->relnatts == columns;
		ReleaseSysCache(tuple);
	}
	return has;
}

static bool
tables_fit(void)
{
	for (int i = 0; i < (int) lengthof(own_tables); i++)
		if (!has_columns(*own_tables[i].oid, own_tables[i].columns))
			return false;
	return true;
}

const SpineTables *
spine_tables(bool missing_ok)
{
	static bool registered = false;
	Oid			schema;
	char	   *version;

	if (tables_valid)
		return &tables;
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_tables, (Datum) 0);
		registered = true;
	}
	if (!find_extension(&schema, &version))
	{
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"spine\" does not exist in this database"),
				 errdetail("The function that was called does not belong to it."),
				 errhint("Run CREATE EXTENSION spine.")));
	}
	if (strcmp(version, SPINE_VERSION) != 0)
	{
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"spine\" and its library are of different versions"),
				 errdetail("The extension is at version %s, the library that the server has loaded at %s.",
						   version, SPINE_VERSION),
				 errhint("Run ALTER EXTENSION spine UPDATE, and restart the server if its library is the older one.")));
	}
	tables_valid = true;
	if (!look_up_tables(schema))
	{
		tables_valid = false;
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("tables of extension \"spine\" are missing"),
				 errdetail("They are not in the extension's schema \"%s\".",
						   get_namespace_name(schema)),
				 errhint("Drop the extension and create it again.")));
	}
	if (!tables_fit())
	{
		tables_valid = false;
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"spine\" and its library are of different builds"),
				 errdetail("Both are of version %s, but the tables are not laid out as the library expects.",
						   version),
				 errhint("Restart the server after an installation, and create extensions that were made by another build anew.")));
	}
	return &tables;
}

Snapshot
latest_snapshot(void)
{
	return IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot();
}
