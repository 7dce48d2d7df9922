/*
 * inbox.c
 *		Putting batches into the inbox, and looking them up by their tickets.
 *
 * What becomes of them there is in inbox_sequence.c.
 */
#include "postgres.h"

#include <limits.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/inbox.h"
#include "state/registry.h"
#include "state/tables.h"
#include "state/values.h"
#include "state/working.h"

int64
inbox_add(Oid relid, const BatchRow *batch)
{
	Datum		values[INBOX_COLUMNS] = {0};
	bool		nulls[INBOX_COLUMNS] = {false};
	int64		generation = spine_generation(relid);
	int64		ticket = registry_next_id();
	Relation	rel;
	HeapTuple	tuple;

	values[INBOX_TICKET - 1] = Int64GetDatum(ticket);
	values[INBOX_RELATION - 1] = ObjectIdGetDatum(relid);
	values[INBOX_GENERATION - 1] = Int64GetDatum(generation);
	values[INBOX_LEN - 1] = Int64GetDatum(batch->len);
	values[INBOX_PARTS - 1] = PointerGetDatum(batch->parts);
	values[INBOX_RUNS - 1] = PointerGetDatum(batch->runs);
	values[INBOX_APPENDED_BY - 1] = waiting_user();
	values[INBOX_APPENDED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[INBOX_SEQUENCED_AT - 1] = true;
	nulls[INBOX_LOWER - 1] = true;
	nulls[INBOX_ERROR - 1] = true;
	values[INBOX_SYSTEM - 1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[INBOX_DATABASE - 1] = ObjectIdGetDatum(MyDatabaseId);
	rel = table_open(spine_tables(false)->inbox, RowExclusiveLock);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
	stop_point("batch_left");
	spine_notify_at_commit();
	return ticket;
}

void
inbox_follow_generation(Oid relid, int64 from, int64 to)
{
	Relation	rel = table_open(spine_tables(false)->inbox, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ListCell   *cell;

	/* It may be a row that this very command has made. */
	CommandCounterIncrement();
	foreach(cell, waiting_rows(WAITING_BATCHES, relid, INT_MAX - 1))
	{
		HeapTuple	tuple = lfirst(cell);
		Datum		values[INBOX_COLUMNS] = {0};
		bool		nulls[INBOX_COLUMNS] = {false};
		bool		replaces[INBOX_COLUMNS] = {false};
		bool		isnull;
		ItemPointerData tid = tuple->t_self;

		if (DatumGetInt64(heap_getattr(tuple, INBOX_GENERATION, desc, &isnull)) != from)
			continue;
		values[INBOX_GENERATION - 1] = Int64GetDatum(to);
		replaces[INBOX_GENERATION - 1] = true;
		tuple = heap_modify_tuple(tuple, desc, values, nulls, replaces);
		CatalogTupleUpdate(rel, &tid, tuple);
		spine_notify_at_commit();
	}
	table_close(rel, NoLock);
	stop_point("inbox_followed");
}

/* The row of a ticket, as a snapshot sees it. */
static bool
find_row(int64 ticket, Snapshot snapshot, InboxEntry *entry)
{
	Relation	rel = table_open(spine_tables(false)->inbox, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, INBOX_TICKET, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(ticket));
	scan = systable_beginscan(rel, spine_tables(false)->inbox_pkey, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Datum		values[INBOX_COLUMNS];
		bool		nulls[INBOX_COLUMNS];

		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		*entry = (InboxEntry) {.relid = DatumGetObjectId(values[INBOX_RELATION - 1])};
		entry->appended_by = *DatumGetName(values[INBOX_APPENDED_BY - 1]);
		entry->own = TransactionIdIsCurrentTransactionId(
			HeapTupleHeaderGetXmin(tuple->t_data));
		entry->sequenced = !nulls[INBOX_SEQUENCED_AT - 1];
		if (!nulls[INBOX_LOWER - 1])
			entry->lower = datum_get_frontier(values[INBOX_LOWER - 1]);
		if (!nulls[INBOX_ERROR - 1])
			entry->error = TextDatumGetCString(values[INBOX_ERROR - 1]);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

/* What this very command has appended is in no snapshot of it. */
bool
inbox_find(int64 ticket, InboxEntry *entry)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool		found = find_row(ticket, snapshot, entry);

	UnregisterSnapshot(snapshot);
	return found || (find_row(ticket, SnapshotSelf, entry) && entry->own);
}
