/*
 * file.c
 *		The files of native tables that have runs: the rows of spine_file.
 *
 * A row changes only while its table is locked exclusively, or is made under the
 * spine's lock, so whoever changes one finds the latest by looking at what is
 * committed at this very moment.  Relies on runs.h for the companions and on
 * state/working.h for the spines.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "am/file.h"
#include "am/merge.h"
#include "am/runs.h"
#include "am/ticks.h"
#include "dev/stop_point.h"
#include "state/options.h"
#include "state/tables.h"
#include "state/working.h"

/* What spine_register() takes by default. */
#define NATIVE_DIMS 1
#define NATIVE_EFFORT 1

/* The row of a file, and where it is; false if there is none. */
static bool
find_row(Relation rel, Oid tablespace, RelFileNumber filenode, NativeFile *file,
		 ItemPointer tid)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&keys[0], FILE_TABLESPACE, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(tablespace));
	ScanKeyInit(&keys[1], FILE_FILENODE, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(filenode));
	scan = systable_beginscan(rel, spine_tables(false)->file_pkey, true, SnapshotSelf, 2,
							  keys);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		Datum		values[FILE_COLUMNS];
		bool		nulls[FILE_COLUMNS];

		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		file->relid = DatumGetObjectId(values[FILE_RELATION - 1]);
		file->runs = DatumGetObjectId(values[FILE_RUNS - 1]);
		file->made_by = HeapTupleHeaderXminFrozen(tuple->t_data) ? InvalidTransactionId :
			HeapTupleHeaderGetXmin(tuple->t_data);
		*tid = tuple->t_self;
	}
	systable_endscan(scan);
	return found;
}

static HeapTuple
form_row(Relation rel, Oid tablespace, RelFileNumber filenode, const NativeFile *file)
{
	Datum		values[FILE_COLUMNS];
	bool		nulls[FILE_COLUMNS] = {false};

	values[FILE_TABLESPACE - 1] = ObjectIdGetDatum(tablespace);
	values[FILE_FILENODE - 1] = ObjectIdGetDatum(filenode);
	values[FILE_RELATION - 1] = ObjectIdGetDatum(file->relid);
	values[FILE_RUNS - 1] = ObjectIdGetDatum(file->runs);
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

static bool
find_latest(Relation files, Relation rel, NativeFile *file)
{
	ItemPointerData tid;

	return find_row(files, rel->rd_rel->reltablespace, rel->rd_rel->relfilenode, file, &tid);
}

bool
file_find(Relation rel, NativeFile *file)
{
	Relation	files;
	bool		found;

	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		return false;
	files = table_open(spine_tables(false)->file, AccessShareLock);
	found = find_latest(files, rel, file);
	table_close(files, AccessShareLock);
	return found;
}

/* Native tables are merged by a function of ours. */
static void
set_merge_function(Oid relid)
{
	SpineOptions options = options_read(relid, SnapshotSelf);

	options.merge_function = runs_merge_function();
	options_write(relid, &options);
}

/*
 * After a crash an unlogged table is empty, and its companion with it, but not the
 * spine; its times begin anew.
 */
static void
follow_crash(Relation rel, const NativeFile *file)
{
	Relation	runs;

	if (rel->rd_rel->relpersistence != RELPERSISTENCE_UNLOGGED)
		return;
	runs = table_open(file->runs, AccessShareLock);
	if (RelationGetNumberOfBlocks(runs) == 0)
	{
		working_truncate(file->relid);
		ticks_forget(file->runs, PG_INT64_MAX);
	}
	table_close(runs, AccessShareLock);
}

void
file_open(Relation rel, NativeFile *file)
{
	Relation	files = table_open(spine_tables(false)->file, RowExclusiveLock);

	if (!find_latest(files, rel, file))
	{
		/* Somebody else may be making it. */
		spine_lock(RelationGetRelid(rel), true);
		if (!find_latest(files, rel, file))
		{
			file->relid = RelationGetRelid(rel);
			working_register(file->relid, NATIVE_DIMS, NATIVE_EFFORT);
			set_merge_function(file->relid);
			file->runs = runs_create(rel);
			file->made_by = GetCurrentTransactionId();
			CatalogTupleInsert(files, form_row(files, rel->rd_rel->reltablespace,
											   rel->rd_rel->relfilenode, file));
			CommandCounterIncrement();
			stop_point("file_opened");
		}
	}
	else
		follow_crash(rel, file);
	table_close(files, NoLock);
}

/*
 * Is this transaction about to drop the extension?  Then its tables go with it,
 * the companions among them, and must not be dropped in between.  Nothing else
 * locks it like that.
 */
static bool
extension_is_going(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId,
					   get_extension_oid("spine", true), 0);
	return lock_held_by_me(&tag, AccessExclusiveLock);
}

/*
 * The row of a file that is about to go, deleted; false if it has none, or not the one
 * that is expected (NULL: any).
 */
static bool
take_row(Oid tablespace, RelFileNumber filenode, const ItemPointerData *expected,
		 NativeFile *file)
{
	Relation	files;
	ItemPointerData tid;
	bool		found;

	if (extension_is_going())
		return false;
	files = table_open(spine_tables(false)->file, RowExclusiveLock);
	found = find_row(files, tablespace, filenode, file, &tid) &&
		(expected == NULL || ItemPointerEquals(&tid, (ItemPointer) expected));
	if (found)
		CatalogTupleDelete(files, &tid);
	table_close(files, NoLock);
	return found;
}

void
file_drop(Oid tablespace, RelFileNumber filenode)
{
	NativeFile	file;

	if (!take_row(tablespace, filenode, NULL, &file))
		return;
	working_discard(file.relid);
	runs_drop(file.runs);
	stop_point("file_dropped");
}

void
file_drop_stale(Oid tablespace, RelFileNumber filenode, const ItemPointerData *expected)
{
	NativeFile	file;

	if (!take_row(tablespace, filenode, expected, &file))
		return;
	/* Its number may have been given to another relation. */
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(file.relid)))
	{
		working_discard(file.relid);
		options_end(file.relid);
	}
	runs_drop(file.runs);
	stop_point("stale_file_dropped");
}

void
file_move(Oid tablespace, RelFileNumber from, Oid new_tablespace, RelFileNumber to)
{
	Relation	files = table_open(spine_tables(false)->file, RowExclusiveLock);
	NativeFile	file;
	ItemPointerData tid;

	file_drop_stale(new_tablespace, to, NULL);
	if (find_row(files, tablespace, from, &file, &tid))
	{
		CatalogTupleUpdate(files, &tid, form_row(files, new_tablespace, to, &file));
		CommandCounterIncrement();
		if (new_tablespace != tablespace)
			runs_set_tablespace(file.runs, new_tablespace);
		stop_point("file_moved");
	}
	table_close(files, NoLock);
}
