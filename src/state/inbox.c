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
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/generation.h"
#include "state/inbox.h"
#include "state/inbox_answer.h"
#include "state/inbox_queue.h"
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
	int64		ticket;
	Relation	rel;
	HeapTuple	tuple;

	/* Before the ticket: see inbox_queue.c. */
	(void) GetCurrentTransactionId();
	ticket = registry_next_id();
	values[INBOX_RELATION - 1] = ObjectIdGetDatum(relid);
	values[INBOX_TICKET - 1] = Int64GetDatum(ticket);
	values[INBOX_GENERATION - 1] = Int64GetDatum(generation);
	values[INBOX_LEN - 1] = Int64GetDatum(batch->len);
	values[INBOX_PARTS - 1] = PointerGetDatum(batch->parts);
	values[INBOX_RUNS - 1] = PointerGetDatum(batch->runs);
	values[INBOX_APPENDED_BY - 1] = waiting_user();
	values[INBOX_APPENDED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
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
	foreach(cell, inbox_rows(relid, INT_MAX - 1))
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

/* The row of a batch of this relation that waits, as a snapshot sees it. */
static bool
find_row(Relation rel, int64 ticket, Oid relid, Snapshot snapshot, InboxEntry *entry)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], INBOX_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], INBOX_TICKET, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(ticket));
	scan = systable_beginscan(rel, spine_tables(false)->inbox_pkey, true, snapshot, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		*entry = (InboxEntry) {.relid = relid};
		entry->appended_by = *DatumGetName(heap_getattr(tuple, INBOX_APPENDED_BY,
														RelationGetDescr(rel), &isnull));
		entry->own = TransactionIdIsCurrentTransactionId(
			HeapTupleHeaderGetXmin(tuple->t_data));
	}
	systable_endscan(scan);
	return HeapTupleIsValid(tuple);
}

/* A ticket does not say what it is for: all relations that have any are asked. */
static bool
find_waiting(int64 ticket, Oid relid, Snapshot snapshot, InboxEntry *entry)
{
	Relation	rel = table_open(spine_tables(false)->inbox, AccessShareLock);
	List	   *relations = OidIsValid(relid) ? list_make1_oid(relid) :
		inbox_relations_ever();
	bool		found = false;
	ListCell   *cell;

	foreach(cell, relations)
	{
		CHECK_FOR_INTERRUPTS();
		found = find_row(rel, ticket, lfirst_oid(cell), snapshot, entry);
		if (found)
			break;
	}
	list_free(relations);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * One snapshot for both tables, since the worker moves tickets from one to the
 * other.  What this very command has appended is in no snapshot of it.
 */
bool
inbox_find(int64 ticket, Oid relid, InboxEntry *entry)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool		found = answers_find(ticket, snapshot, entry) ||
		find_waiting(ticket, relid, snapshot, entry);

	UnregisterSnapshot(snapshot);
	return found || (find_waiting(ticket, relid, SnapshotSelf, entry) && entry->own);
}
