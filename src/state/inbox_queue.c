/*
 * inbox_queue.c
 *		Finding the batches that wait, without stepping over all that have waited.
 *
 * The queue is the table itself, in the order of its key: relation and ticket.
 * The entries of rows that are gone remain in that index, before the ones that
 * wait, until it is vacuumed, or longer where an old snapshot needs them.  So it is
 * remembered, for each relation, up to which ticket there is nothing any more.
 *
 * Tickets are given out before commit, hence a lower one may become visible later.
 * But a transaction has its id before it draws a ticket.  Thus all tickets up to
 * the last one that was given out are drawn by transactions before the next one of
 * that moment, in that order of reading them (the mark).  A snapshot for which all
 * these are over sees whatever will ever be seen of those tickets.
 *
 * What a restore brings has tickets that were drawn elsewhere.  It says so after it
 * has written them and before they are committed; then all is forgotten.  Marks
 * taken from then on cover its transaction, and who sees its rows hears of them.
 * For rows that somebody inserts without COPY there is a look from the beginning
 * now and then.
 */
#include "postgres.h"

#include <limits.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "state/inbox_queue.h"
#include "state/registry.h"
#include "state/tables.h"

#define RESTART_PAUSE 1000		/* ms */
#define STARTS 256

/* Where to begin in the queue of a relation. */
typedef struct Start
{
	Oid			relid;			/* InvalidOid = nobody's */
	int64		from;			/* there is nothing before */
	TimestampTz restarted;
	int64		mark;			/* the last ticket */
	TransactionId mark_next;	/* next transaction then; invalid = no mark */
} Start;

static Start starts[STARTS];	/* by relid % STARTS */

typedef struct QueueScan
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
} QueueScan;

/* For a snapshot that has been taken before: it shows nothing that this misses. */
static Start *
start_of(Oid relid)
{
	static uint64 foreign_ids = 0;
	Start	   *start = &starts[relid % STARTS];
	TimestampTz now = GetCurrentTimestamp();

	if (foreign_ids != registry_foreign_ids())
	{
		foreign_ids = registry_foreign_ids();
		memset(starts, 0, sizeof(starts));
	}
	if (start->relid != relid)
		*start = (Start) {.relid = relid, .from = PG_INT64_MIN, .restarted = now};
	else if (TimestampDifferenceExceeds(start->restarted, now, RESTART_PAUSE))
	{
		start->from = PG_INT64_MIN;
		start->restarted = now;
	}
	return start;
}

/* The snapshot sees nothing before that ticket. */
static void
move_start(Start *start, Snapshot snapshot, int64 first)
{
	if (TransactionIdIsValid(start->mark_next) &&
		TransactionIdFollowsOrEquals(snapshot->xmin, start->mark_next))
	{
		start->from = Max(start->from, Min(first, start->mark + 1));
		start->mark_next = InvalidTransactionId;
	}
	if (!TransactionIdIsValid(start->mark_next))
	{
		start->mark = registry_last_id();
		start->mark_next = ReadNextTransactionId();
	}
}

static void
open_queue(QueueScan *queue)
{
	queue->rel = table_open(spine_tables(false)->inbox, RowExclusiveLock);
	/* Opening the table may bring news of its index. */
	queue->index = index_open(spine_tables(false)->inbox_pkey, AccessShareLock);
}

static void
close_queue(QueueScan *queue)
{
	index_close(queue->index, AccessShareLock);
	table_close(queue->rel, NoLock);
}

static HeapTuple
next_row(QueueScan *queue)
{
	CHECK_FOR_INTERRUPTS();
	return systable_getnext_ordered(queue->scan, ForwardScanDirection);
}

static void
begin_rows(QueueScan *queue, const Start *start, Snapshot snapshot)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], INBOX_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(start->relid));
	ScanKeyInit(&keys[1], INBOX_TICKET, BTGreaterEqualStrategyNumber, F_INT8GE,
				Int64GetDatum(start->from));
	queue->scan = systable_beginscan_ordered(queue->rel, queue->index, snapshot, 2, keys);
}

static int64
ticket_of(QueueScan *queue, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetInt64(heap_getattr(tuple, INBOX_TICKET, RelationGetDescr(queue->rel),
									  &isnull));
}

/*
 * The first relation after this one that is in the index, be it only for rows that
 * are gone; InvalidOid if none.  Looks at one entry, and at no row.
 */
static Oid
next_relation(QueueScan *queue, Oid after)
{
	IndexScanDesc scan = index_beginscan(queue->rel, queue->index, SnapshotAny, 1, 0);
	Oid			relid = InvalidOid;
	ScanKeyData key;
	bool		isnull;

	ScanKeyInit(&key, 1, BTGreaterStrategyNumber, F_OIDGT, ObjectIdGetDatum(after));
	scan->xs_want_itup = true;
	scan->ignore_killed_tuples = false;
	index_rescan(scan, &key, 1, NULL, 0);
	if (index_getnext_tid(scan, ForwardScanDirection) != NULL)
		relid = DatumGetObjectId(index_getattr(scan->xs_itup, 1, scan->xs_itupdesc, &isnull));
	index_endscan(scan);
	return relid;
}

static bool
has_rows(QueueScan *queue, Oid relid)
{
	Snapshot	snapshot = GetActiveSnapshot();
	Start	   *start = start_of(relid);
	HeapTuple	tuple;

	begin_rows(queue, start, snapshot);
	tuple = next_row(queue);
	move_start(start, snapshot, tuple == NULL ? PG_INT64_MAX : ticket_of(queue, tuple));
	systable_endscan_ordered(queue->scan);
	return tuple != NULL;
}

static List *
list_relations(bool ever, int max)
{
	List	   *relations = NIL;
	QueueScan	queue;
	Oid			relid = InvalidOid;

	open_queue(&queue);
	while (list_length(relations) < max && OidIsValid(relid = next_relation(&queue, relid)))
		if (ever || has_rows(&queue, relid))
			relations = lappend_oid(relations, relid);
	close_queue(&queue);
	return relations;
}

List *
inbox_relations(int max)
{
	return list_relations(false, max);
}

List *
inbox_relations_ever(void)
{
	return list_relations(true, INT_MAX);
}

List *
inbox_rows(Oid relid, int max)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Start	   *start = start_of(relid);
	List	   *rows = NIL;
	QueueScan	queue;
	HeapTuple	tuple;

	open_queue(&queue);
	begin_rows(&queue, start, snapshot);
	while (list_length(rows) <= max && (tuple = next_row(&queue)) != NULL)
		rows = lappend(rows, heap_copytuple(tuple));
	move_start(start, snapshot, rows == NIL ? PG_INT64_MAX : ticket_of(&queue, linitial(rows)));
	systable_endscan_ordered(queue.scan);
	close_queue(&queue);
	UnregisterSnapshot(snapshot);
	return rows;
}
