/*
 * column_hooks.c
 *		What becomes of columns of native tables that have settings.
 *
 * Settings name columns, so a column that is renamed or dropped changes them, and one
 * that is added or gets another type has to be what they need.  Called by
 * native_hooks.c, in the middle of commands, when caches show what was before.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "am/column_hooks.h"
#include "am/diff.h"
#include "am/generated.h"
#include "am/order.h"
#include "am/settings.h"
#include "state/catalog.h"
#include "state/tables.h"

/* Refuses what a column has become, if the settings cannot do with it. */
static void
check_column(Oid relid, const char *name, Form_pg_attribute att)
{
	NativeSettings settings = settings_read(relid, SnapshotSelf);
	String	   *column = makeString(pstrdup(name));

	if (list_member(settings.diff_columns, column))
		diff_require_type(att);
	else if (settings.diff_columns != NIL)
		order_require_sortable(att, BESIDE_DIFFS);
	else if (list_member(settings.order_columns, column))
		order_require_sortable(att, IN_ORDER);
}

void
column_created(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple;
	Form_pg_attribute att;

	if (!relation_is_native(relid))
		return;
	tuple = catalog_attribute(relid, attnum);
	if (!HeapTupleIsValid(tuple))
		return;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	check_column(relid, NameStr(att->attname), att);
	heap_freetuple(tuple);
}

void
column_computed(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple;

	if (!relation_is_native(relid))
		return;
	tuple = catalog_attribute(relid, attnum);
	if (!HeapTupleIsValid(tuple))
		return;
	generated_require_no_diffs(relid, (Form_pg_attribute) GETSTRUCT(tuple),
							  settings_read(relid, SnapshotSelf).diff_columns);
	heap_freetuple(tuple);
}

/* A diff column that was dropped: whether its table is, too, shows when the command is over. */
typedef struct DroppedDiff
{
	Oid			relid;
	AttrNumber	attnum;
	NameData	name;
} DroppedDiff;

/* In TopMemoryContext.  A command that fails may leave some, of which nothing has come. */
static List *dropped_diffs = NIL;

void
column_dropped(Oid relid, AttrNumber attnum)
{
	char	   *name = get_attname(relid, attnum, true);
	NativeSettings settings;
	MemoryContext old;
	DroppedDiff *dropped;

	if (name == NULL || !relation_is_native(relid))
		return;
	settings_drop_from_order(relid, name);
	settings = settings_read(relid, SnapshotSelf);
	if (!list_member(settings.diff_columns, makeString(name)))
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	dropped = palloc(sizeof(DroppedDiff));
	dropped->relid = relid;
	dropped->attnum = attnum;
	namestrcpy(&dropped->name, name);
	dropped_diffs = lappend(dropped_diffs, dropped);
	MemoryContextSwitchTo(old);
}

void
columns_check_dropped(void)
{
	while (dropped_diffs != NIL && IsTransactionState())
	{
		DroppedDiff dropped = *(DroppedDiff *) linitial(dropped_diffs);
		HeapTuple	tuple = catalog_attribute(dropped.relid, dropped.attnum);

		pfree(linitial(dropped_diffs));
		dropped_diffs = list_delete_first(dropped_diffs);
		if (HeapTupleIsValid(tuple) &&
			((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped &&
			relation_is_native(dropped.relid))
			order_refuse_drop(dropped.relid, NameStr(dropped.name));
	}
}

/* The caches have the name that the column had before. */
void
column_altered(Oid relid, AttrNumber attnum)
{
	char	   *before = get_attname(relid, attnum, true);
	HeapTuple	tuple;

	if (before == NULL || !relation_is_native(relid))
		return;
	tuple = catalog_attribute(relid, attnum);
	if (!HeapTupleIsValid(tuple))
		return;
	check_column(relid, before, (Form_pg_attribute) GETSTRUCT(tuple));
	settings_rename(relid, before, NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	heap_freetuple(tuple);
}
