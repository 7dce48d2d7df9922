/*
 * catalog.c
 *		Single rows of tables that are written as catalogs are.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "state/catalog.h"

static HeapTuple
first_row(Relation rel, Oid index, Snapshot snapshot, int nkeys, ScanKey keys)
{
	SysScanDesc scan = systable_beginscan(rel, index, true, snapshot, nkeys, keys);
	HeapTuple	tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

HeapTuple
row_by_oid(Relation rel, Oid index, AttrNumber column, Oid oid, Snapshot snapshot)
{
	ScanKeyData key;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	return first_row(rel, index, snapshot, 1, &key);
}

HeapTuple
catalog_row(Oid catalog, Oid index, AttrNumber column, Oid oid)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	HeapTuple	tuple = row_by_oid(rel, index, column, oid, SnapshotSelf);

	table_close(rel, AccessShareLock);
	return tuple;
}

HeapTuple
catalog_attribute(Oid relid, AttrNumber attnum)
{
	Relation	rel = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData keys[2];
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(attnum));
	tuple = first_row(rel, AttributeRelidNumIndexId, SnapshotSelf, 2, keys);
	table_close(rel, AccessShareLock);
	return tuple;
}
