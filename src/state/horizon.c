/*
 * horizon.c
 *		Since when a part must have been out of its spine, so that nobody can
 *		name it any more.
 *
 * Three kinds of readers may: those whose snapshot still sees the old rows (the
 * server knows of them: sessions, prepared transactions, replication slots,
 * standbys with feedback), those with a hold, and those of whom nothing is known
 * but how long they take.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "state/horizon.h"
#include "state/tables.h"

/*
 * A transaction whose commit others see may be lost in a crash still, with
 * synchronous_commit = off; then the part that it removed would be back.
 */
static void
flush_commits(void)
{
	XLogRecPtr	end = GetXLogInsertRecPtr();
	uint32		header = XLogSegmentOffset(end, wal_segment_size) < XLOG_BLCKSZ ?
		SizeOfXLogLongPHD : SizeOfXLogShortPHD;

	/* On a page boundary, that is after a header which is not written yet. */
	if (end % XLOG_BLCKSZ == header)
		end -= header;
	XLogFlush(end);
}

/* The server's horizon for our rows, with the epoch that belongs to it. */
static uint64
oldest_xid(void)
{
	Relation	rel = table_open(spine_tables(false)->batch, AccessShareLock);
	TransactionId oldest = GetOldestNonRemovableTransactionId(rel);
	FullTransactionId next = ReadNextFullTransactionId();

	table_close(rel, AccessShareLock);
	/* It is not after the next one, and less than an epoch before. */
	return U64FromFullTransactionId(next) - (uint32) (XidFromFullTransactionId(next) - oldest);
}

/* When the first of the holds was taken that are live. */
static TimestampTz
first_held_at(Oid relid, Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->hold, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz first = DT_NOEND;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, HOLD_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, spine_tables(false)->hold_pkey, true, snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		endless;
		bool		isnull;
		Datum		expires = heap_getattr(tuple, HOLD_EXPIRES_AT, desc, &endless);
		Datum		held = heap_getattr(tuple, HOLD_HELD_AT, desc, &isnull);

		if (endless || DatumGetTimestampTz(expires) > now)
			first = Min(first, DatumGetTimestampTz(held));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return first;
}

Horizon
horizon_get(Oid relid, TimestampTz removed_until, Snapshot snapshot)
{
	Horizon		horizon;

	flush_commits();
	horizon.xid = oldest_xid();
	horizon.removed_until = removed_until;
	horizon.held_at = first_held_at(relid, snapshot);
	return horizon;
}

bool
horizon_passed(const Horizon *horizon, uint64 removed_by, TimestampTz removed_at)
{
	return removed_by < horizon->xid && removed_at <= horizon->removed_until &&
		removed_at < horizon->held_at;
}
