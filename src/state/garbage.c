/*
 * garbage.c
 *		Writing rows of spine_garbage_part.
 *
 * A part that an applied merge, a fuse, a TRUNCATE or a DROP took out of a spine
 * is listed here with the transaction that did so, for whoever keeps the data to
 * delete it once no snapshot can name it any more.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "state/garbage.h"
#include "state/registry.h"
#include "state/tables.h"
#include "state/values.h"

static void
insert_part(Relation rel, CatalogIndexState indexes, Oid relid, int64 generation,
			text *part)
{
	Datum		values[GARBAGE_COLUMNS];
	bool		nulls[GARBAGE_COLUMNS] = {false};
	HeapTuple	tuple;

	values[GARBAGE_ID - 1] =
		Int64GetDatum(registry_next_id());
	values[GARBAGE_RELATION - 1] = ObjectIdGetDatum(relid);
	values[GARBAGE_GENERATION - 1] = Int64GetDatum(generation);
	values[GARBAGE_PART - 1] = PointerGetDatum(part);
	values[GARBAGE_REMOVED_BY - 1] =
		UInt64GetDatum(U64FromFullTransactionId(GetTopFullTransactionId()));
	values[GARBAGE_REMOVED_AT - 1] =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsertWithInfo(rel, tuple, indexes);
	heap_freetuple(tuple);
}

void
garbage_add_difference(Oid relid, int64 generation, text **parts, int nparts,
					   text **kept, int nkept)
{
	Relation	rel;
	CatalogIndexState indexes;
	int			k = 0;

	if (nparts == 0)
		return;
	texts_sort(parts, nparts);
	texts_sort(kept, nkept);
	rel = table_open(spine_tables(false)->garbage, RowExclusiveLock);
	indexes = CatalogOpenIndexes(rel);
	for (int i = 0; i < nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && texts_compare(parts[i - 1], parts[i]) == 0)
			continue;
		while (k < nkept && texts_compare(kept[k], parts[i]) < 0)
			k++;
		if (k == nkept || texts_compare(kept[k], parts[i]) != 0)
			insert_part(rel, indexes, relid, generation, parts[i]);
	}
	CatalogCloseIndexes(indexes);
	table_close(rel, NoLock);
}
