/*
 * options.c
 *		What a spine's owner has set for it.
 *
 * A relation without a row has no settings.  Whoever writes a row holds the
 * spine's lock, or has the relation for himself.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dev/stop_point.h"
#include "state/catalog.h"
#include "state/options.h"
#include "state/tables.h"

/* The row of a relation, copied; NULL without one. */
static HeapTuple
find_row(Relation rel, Oid relid, Snapshot snapshot)
{
	return row_by_oid(rel, spine_tables(false)->option_pkey, OPTION_RELATION, relid, snapshot);
}

static char *
merge_function_of(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, OPTION_MERGE_FUNCTION, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}

SpineOptions
options_read(Oid relid, Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->option, AccessShareLock);
	HeapTuple	tuple = find_row(rel, relid, snapshot);
	SpineOptions options = {.exert_effort = EXERT_EFFORT_DEFAULT};

	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		effort = heap_getattr(tuple, OPTION_EXERT_EFFORT, RelationGetDescr(rel),
										  &isnull);

		if (!isnull)
			options.exert_effort = DatumGetInt32(effort);
		options.merge_function = merge_function_of(tuple, RelationGetDescr(rel));
	}
	table_close(rel, AccessShareLock);
	return options;
}

static HeapTuple
form_row(Relation rel, Oid relid, const SpineOptions *options)
{
	Datum		values[OPTION_COLUMNS] = {0};
	bool		nulls[OPTION_COLUMNS] = {false};

	values[OPTION_RELATION - 1] = ObjectIdGetDatum(relid);
	nulls[OPTION_MERGE_FUNCTION - 1] = options->merge_function == NULL;
	if (options->merge_function != NULL)
		values[OPTION_MERGE_FUNCTION - 1] = CStringGetTextDatum(options->merge_function);
	nulls[OPTION_EXERT_EFFORT - 1] = options->exert_effort == EXERT_EFFORT_DEFAULT;
	values[OPTION_EXERT_EFFORT - 1] = Int32GetDatum(options->exert_effort);
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

void
options_write(Oid relid, const SpineOptions *options)
{
	Relation	rel = table_open(spine_tables(false)->option, RowExclusiveLock);
	HeapTuple	old = find_row(rel, relid, SnapshotSelf);
	bool		none = options->merge_function == NULL &&
		options->exert_effort == EXERT_EFFORT_DEFAULT;

	/* It may be a row that this very command has made. */
	CommandCounterIncrement();
	if (none && HeapTupleIsValid(old))
		CatalogTupleDelete(rel, &old->t_self);
	else if (!none && HeapTupleIsValid(old))
		CatalogTupleUpdate(rel, &old->t_self, form_row(rel, relid, options));
	else if (!none)
		CatalogTupleInsert(rel, form_row(rel, relid, options));
	table_close(rel, NoLock);
	stop_point("option_written");
}

void
options_end_merges(Oid relid)
{
	SpineOptions options = options_read(relid, SnapshotSelf);

	options.merge_function = NULL;
	options_write(relid, &options);
}

void
options_end(Oid relid)
{
	SpineOptions none = {.exert_effort = EXERT_EFFORT_DEFAULT};

	options_write(relid, &none);
}

List *
options_with_merge_function(Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->option, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	List	   *relids = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (merge_function_of(tuple, RelationGetDescr(rel)) != NULL)
			relids = lappend_oid(relids,
								 DatumGetObjectId(heap_getattr(tuple, OPTION_RELATION,
															   RelationGetDescr(rel), &isnull)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return relids;
}
