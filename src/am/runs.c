/*
 * runs.c
 *		The companion table of a file: one row a row group.
 *
 * It is a table of the extension's, made by hand since it is made while something
 * else is being done, for somebody who may not.  Its rows are not for logical
 * decoding: they say nothing to a subscriber.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_compression.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "catalog/toasting.h"
#include "commands/defrem.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/sequence.h"
#include "commands/tablecmds.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "am/runs.h"
#include "am/ticks.h"
#include "compat.h"
#include "dev/stop_point.h"
#include "state/catalog.h"
#include "state/tables.h"

/* Zones of so many groups are kept with the list of them: bytes. */
#define ZONES_KEPT (4 * 1024 * 1024)

int64
runs_next_number(void)
{
	return nextval_internal(spine_tables(false)->group_seq, false);
}

/* The extension, its schema and its owner. */
static Form_pg_extension
find_extension(void)
{
	HeapTuple	tuple = catalog_row(ExtensionRelationId, ExtensionOidIndexId,
									Anum_pg_extension_oid, get_extension_oid("spine", false));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "extension \"spine\" is gone");
	return (Form_pg_extension) GETSTRUCT(tuple);
}

static TupleDesc
describe(void)
{
	static const struct
	{
		const char *name;
		Oid			type;
	}			columns[RUNS_COLUMNS] = {
		{"group_number", INT8OID},
		{"run", INT8OID},
		{"nrows", INT4OID},
		{"first_inserted", INT8OID},
		{"last_inserted", INT8OID},
		{"past", BOOLOID},
		{"row_order", INT4OID},
		{"zone", BYTEAOID},
		{"data", BYTEAOID},
	};
	TupleDesc	desc = CreateTemplateTupleDesc(RUNS_COLUMNS);

	for (int i = 0; i < RUNS_COLUMNS; i++)
	{
		TupleDescInitEntry(desc, i + 1, columns[i].name, columns[i].type, -1, 0);
		TupleDescAttr(desc, i)->attnotnull = true;
	}
	/* It is compressed already, chunk by chunk, and read so. */
	TupleDescAttr(desc, RUNS_DATA - 1)->attstorage = TYPSTORAGE_EXTERNAL;
	return desc;
}

/* Whatever script may be running, it is ours. */
static Oid
create_table(Relation rel, Form_pg_extension extension)
{
	bool		creating = creating_extension;
	char		number[12];
	char	   *name;
	Oid			runs;
	ObjectAddress table;
	ObjectAddress owner;

	snprintf(number, sizeof(number), "%u", RelationGetRelid(rel));
	name = ChooseRelationName(RUNS_NAME, NULL, number, extension->extnamespace, false);
	creating_extension = false;
	PG_TRY();
	{
		runs = heap_create_with_catalog(name, extension->extnamespace,
										rel->rd_rel->reltablespace, InvalidOid, InvalidOid,
										InvalidOid, extension->extowner, HEAP_TABLE_AM_OID,
										describe(), NIL, RELKIND_RELATION,
										rel->rd_rel->relpersistence, false, false,
										ONCOMMIT_NOOP, (Datum) 0, false, false, true,
										InvalidOid, NULL);
		CommandCounterIncrement();
		NewRelationCreateToastTable(runs, (Datum) 0);
	}
	PG_FINALLY();
	{
		creating_extension = creating;
	}
	PG_END_TRY();
	ObjectAddressSet(table, RelationRelationId, runs);
	ObjectAddressSet(owner, ExtensionRelationId, extension->oid);
	recordDependencyOn(&table, &owner, DEPENDENCY_EXTENSION);
	return runs;
}

Oid
runs_create(Relation rel)
{
	Oid			runs = create_table(rel, find_extension());

	CommandCounterIncrement();
	stop_point("runs_created");
	return runs;
}

/* With a view that somebody may have made of it. */
void
runs_drop(Oid runs)
{
	ObjectAddress object;

	ObjectAddressSet(object, RelationRelationId, runs);
	ticks_forget(runs, PG_INT64_MAX);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(runs)))
		performDeletion(&object, DROP_CASCADE,
						PERFORM_DELETION_INTERNAL | PERFORM_DELETION_SKIP_EXTENSIONS);
}

void
runs_set_tablespace(Oid runs, Oid tablespace)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);
	Oid			user;
	int			context;

	command->subtype = AT_SetTableSpace;
	command->name = get_tablespace_name(OidIsValid(tablespace) ? tablespace :
										MyDatabaseTableSpace);
	/* Who may move the table need not own its companion. */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(find_extension()->extowner, context | SECURITY_LOCAL_USERID_CHANGE);
	AlterTableInternal(runs, list_make1(command), false);
	SetUserIdAndSecContext(user, context);
}

static int
compare_groups(const void *a, const void *b)
{
	const GroupInfo *one = a;
	const GroupInfo *other = b;

	if (one->run != other->run)
		return one->run < other->run ? -1 : 1;
	return one->group < other->group ? -1 : one->group > other->group;
}

/* Only the short columns of a row are looked at. */
static void
read_info(HeapTuple tuple, TupleDesc desc, GroupInfo *info)
{
	bool		isnull;

	info->tid = tuple->t_self;
	info->group = DatumGetInt64(heap_getattr(tuple, RUNS_GROUP, desc, &isnull));
	info->run = DatumGetInt64(heap_getattr(tuple, RUNS_RUN, desc, &isnull));
	info->nrows = DatumGetInt32(heap_getattr(tuple, RUNS_ROWS, desc, &isnull));
	info->first = DatumGetInt64(heap_getattr(tuple, RUNS_FIRST, desc, &isnull));
	info->last = DatumGetInt64(heap_getattr(tuple, RUNS_LAST, desc, &isnull));
	info->zone = NULL;
	info->past = DatumGetBool(heap_getattr(tuple, RUNS_PAST, desc, &isnull));
	info->order = DatumGetInt32(heap_getattr(tuple, RUNS_ORDER, desc, &isnull));
}

/*
 * Whoever looks for some groups only has their zones at hand then, and need not come
 * back to each row.
 */
static void
keep_zone(HeapTuple tuple, TupleDesc desc, GroupInfo *info, Size *kept)
{
	bool		isnull;
	struct varlena *zone = (struct varlena *) DatumGetPointer(heap_getattr(tuple, RUNS_ZONE, desc,
																			&isnull));
	Size		size = VARSIZE_ANY(zone);

	if (VARATT_IS_EXTERNAL(zone) || VARATT_IS_COMPRESSED(zone) || *kept + size > ZONES_KEPT)
		return;
	info->zone = memcpy(palloc(size), zone, size);
	*kept += size;
}

int
runs_list(Relation runs, Snapshot snapshot, bool past, GroupInfo **groups)
{
	TableScanDesc scan = table_beginscan(runs, snapshot, 0, NULL);
	int			size = 64;
	int			count = 0;
	Size		kept = 0;
	HeapTuple	tuple;

	*groups = palloc(sizeof(GroupInfo) * size);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		CHECK_FOR_INTERRUPTS();
		if (count == size)
		{
			size *= 2;
			*groups = repalloc_huge(*groups, sizeof(GroupInfo) * size);
		}
		read_info(tuple, RelationGetDescr(runs), &(*groups)[count]);
		if (!past && (*groups)[count].past)
			continue;
		keep_zone(tuple, RelationGetDescr(runs), &(*groups)[count++], &kept);
	}
	table_endscan(scan);
	qsort(*groups, count, sizeof(GroupInfo), compare_groups);
	return count;
}

void
runs_insert(Relation runs, const GroupInfo *info, bytea *zone, bytea *data)
{
	Datum		values[RUNS_COLUMNS];
	bool		nulls[RUNS_COLUMNS] = {false};
	HeapTuple	tuple;

	values[RUNS_GROUP - 1] = Int64GetDatum(info->group);
	values[RUNS_RUN - 1] = Int64GetDatum(info->run);
	values[RUNS_ROWS - 1] = Int32GetDatum(info->nrows);
	values[RUNS_FIRST - 1] = Int64GetDatum(info->first);
	values[RUNS_LAST - 1] = Int64GetDatum(info->last);
	values[RUNS_PAST - 1] = BoolGetDatum(info->past);
	values[RUNS_ORDER - 1] = Int32GetDatum(info->order);
	values[RUNS_ZONE - 1] = PointerGetDatum(zone);
	values[RUNS_DATA - 1] = PointerGetDatum(data);
	tuple = heap_form_tuple(RelationGetDescr(runs), values, nulls);
	heap_insert(runs, tuple, GetCurrentCommandId(true), HEAP_INSERT_NO_LOGICAL, NULL);
	heap_freetuple(tuple);
}

void
runs_delete(Relation runs, const GroupInfo *info)
{
	ItemPointerData tid = info->tid;

	simple_heap_delete(runs, &tid);
}
