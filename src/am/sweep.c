/*
 * sweep.c
 *		Runs of files that are gone: of tables that were dropped by sessions
 *		without the library, which nobody heard of.
 *
 * A file and its row come and go in one transaction, so a snapshot that sees the
 * row and no relation with that file has found one that is left over, and it stays
 * so until the name is used again.  That makes another row of it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/file.h"
#include "am/sweep.h"
#include "state/working.h"

typedef struct StaleFile
{
	Oid			tablespace;
	RelFileNumber filenode;
	NativeFile	file;
	ItemPointerData tid;		/* of its row */
} StaleFile;

/* Is there a relation with that file? */
static bool
file_exists(Relation classes, const StaleFile *stale, Snapshot snapshot)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		exists;

	ScanKeyInit(&keys[0], Anum_pg_class_reltablespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(stale->tablespace));
	ScanKeyInit(&keys[1], Anum_pg_class_relfilenode, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(stale->filenode));
	scan = systable_beginscan(classes, ClassTblspcRelfilenodeIndexId, true, snapshot, 2, keys);
	exists = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return exists;
}

static List *
list_stale(void)
{
	Relation	files = table_open(spine_tables(false)->file, AccessShareLock);
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = systable_beginscan(files, InvalidOid, false, snapshot, 0, NULL);
	List	   *list = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		values[FILE_COLUMNS];
		bool		nulls[FILE_COLUMNS];
		StaleFile  *stale = palloc(sizeof(StaleFile));

		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(tuple, RelationGetDescr(files), values, nulls);
		stale->tablespace = DatumGetObjectId(values[FILE_TABLESPACE - 1]);
		stale->filenode = DatumGetObjectId(values[FILE_FILENODE - 1]);
		stale->file.relid = DatumGetObjectId(values[FILE_RELATION - 1]);
		stale->file.runs = DatumGetObjectId(values[FILE_RUNS - 1]);
		stale->tid = tuple->t_self;
		if (!file_exists(classes, stale, snapshot))
			list = lappend(list, stale);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(classes, AccessShareLock);
	table_close(files, AccessShareLock);
	return list;
}

void
files_sweep(void)
{
	ListCell   *cell;

	foreach(cell, list_stale())
	{
		StaleFile  *stale = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (spine_lock(stale->file.relid, false) &&
			ConditionalLockRelationOid(stale->file.runs, AccessExclusiveLock))
			file_drop_stale(stale->tablespace, stale->filenode, &stale->tid);
	}
}
