/*
 * settings.c
 *		What the owners of native tables have set for them.
 *
 * Columns are kept by name, since a dump gives them other numbers, and follow
 * renames.  Rows are few, and read once a scan.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "am/file.h"
#include "am/settings.h"
#include "dev/stop_point.h"
#include "state/catalog.h"
#include "state/tables.h"

static HeapTuple
find_row(Relation rel, Oid relid, Snapshot snapshot)
{
	return row_by_oid(rel, spine_tables(false)->setting_pkey, SETTING_RELATION, relid, snapshot);
}

static List *
names_of(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);
	List	   *names = NIL;
	Datum	   *elements;
	int			count;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(datum), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, NULL, &count);
	for (int i = 0; i < count; i++)
		names = lappend(names, makeString(pstrdup(NameStr(*DatumGetName(elements[i])))));
	return names;
}

static Interval *
retention_of(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, SETTING_RETENTION, desc, &isnull);

	return isnull ? NULL : DatumGetIntervalP(datumCopy(datum, false, sizeof(Interval)));
}

NativeSettings
settings_read(Oid relid, Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->setting, AccessShareLock);
	HeapTuple	tuple = find_row(rel, relid, snapshot);
	NativeSettings settings = {0};

	if (HeapTupleIsValid(tuple))
	{
		settings.order_columns = names_of(tuple, SETTING_ORDER, RelationGetDescr(rel));
		settings.diff_columns = names_of(tuple, SETTING_DIFF, RelationGetDescr(rel));
		settings.retention = retention_of(tuple, RelationGetDescr(rel));
	}
	table_close(rel, AccessShareLock);
	return settings;
}

NativeSettings
settings_latest(Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(latest_snapshot());
	NativeSettings settings = settings_read(relid, snapshot);

	UnregisterSnapshot(snapshot);
	return settings;
}

static Datum
names_datum(List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, names)
		elements[count++] = DirectFunctionCall1(namein, CStringGetDatum(strVal(lfirst(cell))));
	return PointerGetDatum(construct_array(elements, count, NAMEOID, NAMEDATALEN, false,
										   TYPALIGN_CHAR));
}

static bool
is_none(const NativeSettings *settings)
{
	return settings->order_columns == NIL && settings->diff_columns == NIL &&
		settings->retention == NULL;
}

static HeapTuple
form_row(Relation rel, Oid relid, const NativeSettings *settings)
{
	Datum		values[SETTING_COLUMNS] = {0};
	bool		nulls[SETTING_COLUMNS] = {false};

	values[SETTING_RELATION - 1] = ObjectIdGetDatum(relid);
	nulls[SETTING_ORDER - 1] = settings->order_columns == NIL;
	values[SETTING_ORDER - 1] = names_datum(settings->order_columns);
	nulls[SETTING_DIFF - 1] = settings->diff_columns == NIL;
	values[SETTING_DIFF - 1] = names_datum(settings->diff_columns);
	nulls[SETTING_RETENTION - 1] = settings->retention == NULL;
	values[SETTING_RETENTION - 1] = IntervalPGetDatum(settings->retention);
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

void
settings_write(Oid relid, const NativeSettings *settings)
{
	Relation	rel = table_open(spine_tables(false)->setting, RowExclusiveLock);
	HeapTuple	old = find_row(rel, relid, SnapshotSelf);
	bool		none = is_none(settings);

	/* It may be a row that this very command has made. */
	CommandCounterIncrement();
	if (none && HeapTupleIsValid(old))
		CatalogTupleDelete(rel, &old->t_self);
	else if (!none && HeapTupleIsValid(old))
		CatalogTupleUpdate(rel, &old->t_self, form_row(rel, relid, settings));
	else if (!none)
		CatalogTupleInsert(rel, form_row(rel, relid, settings));
	table_close(rel, NoLock);
	/* Plans depend on them. */
	if (none != !HeapTupleIsValid(old) || !none)
		CacheInvalidateRelcacheByRelid(relid);
	stop_point("setting_written");
}

void
settings_end(Oid relid)
{
	Relation	rel = table_open(spine_tables(false)->setting, RowExclusiveLock);
	HeapTuple	old = find_row(rel, relid, SnapshotSelf);

	if (HeapTupleIsValid(old))
	{
		CommandCounterIncrement();
		CatalogTupleDelete(rel, &old->t_self);
	}
	table_close(rel, NoLock);
}

void
settings_drop_from_order(Oid relid, const char *name)
{
	NativeSettings settings = settings_read(relid, SnapshotSelf);
	String	   *column = makeString(pstrdup(name));

	if (!list_member(settings.order_columns, column))
		return;
	settings.order_columns = list_delete(settings.order_columns, column);
	settings_write(relid, &settings);
}

static bool
rename_in(List *names, const char *from, const char *to)
{
	bool		found = false;
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(strVal(lfirst(cell)), from) == 0)
		{
			lfirst(cell) = makeString(pstrdup(to));
			found = true;
		}
	return found;
}

void
settings_rename(Oid relid, const char *from, const char *to)
{
	NativeSettings settings = settings_read(relid, SnapshotSelf);
	bool		in_order = rename_in(settings.order_columns, from, to);
	bool		in_diff = rename_in(settings.diff_columns, from, to);

	if (in_order || in_diff)
		settings_write(relid, &settings);
}
