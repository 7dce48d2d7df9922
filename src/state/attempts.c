/*
 * attempts.c
 *		Failed attempts at merge requests.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "spine.h"
#include "state/attempts.h"
#include "state/tables.h"
#include "state/working.h"

#define LONGEST_RETRY_DELAY (60 * 60 * 1000)	/* ms */

bool
attempts_lock(Oid relid, bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, spine_tables(false)->attempt, relid, 0);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

void
attempts_unlock(Oid relid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, spine_tables(false)->attempt, relid, 0);
	LockRelease(&tag, ExclusiveLock, false);
}

/* The row of a request, copied; NULL without one. */
static HeapTuple
find_row(Relation rel, const RequestKey *request, Snapshot snapshot)
{
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], ATTEMPT_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(request->relid));
	ScanKeyInit(&keys[1], ATTEMPT_REQUEST_LO, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(request->lo));
	ScanKeyInit(&keys[2], ATTEMPT_REQUEST_HI, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(request->hi));
	scan = systable_beginscan(rel, spine_tables(false)->attempt_pkey, true, snapshot, 3, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

static int64
generation_of(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;

	return DatumGetInt64(heap_getattr(tuple, ATTEMPT_GENERATION, desc, &isnull));
}

static Attempts
read_row(HeapTuple tuple, TupleDesc desc, int64 generation)
{
	Datum		values[ATTEMPT_COLUMNS];
	bool		nulls[ATTEMPT_COLUMNS];
	Attempts	attempts = {0};

	heap_deform_tuple(tuple, desc, values, nulls);
	if (DatumGetInt64(values[ATTEMPT_GENERATION - 1]) != generation)
		return attempts;
	attempts.count = DatumGetInt32(values[ATTEMPT_ATTEMPTS - 1]);
	attempts.last_error = TextDatumGetCString(values[ATTEMPT_LAST_ERROR - 1]);
	attempts.retry_at = DatumGetTimestampTz(values[ATTEMPT_RETRY_AT - 1]);
	attempts.last_error_at = DatumGetTimestampTz(values[ATTEMPT_LAST_ERROR_AT - 1]);
	return attempts;
}

Attempts
attempts_read(const RequestKey *request, Snapshot snapshot)
{
	Relation	rel = table_open(spine_tables(false)->attempt, AccessShareLock);
	HeapTuple	tuple = find_row(rel, request, snapshot);
	Attempts	attempts = {0};

	if (HeapTupleIsValid(tuple))
		attempts = read_row(tuple, RelationGetDescr(rel), request->generation);
	table_close(rel, AccessShareLock);
	return attempts;
}

/* Twice as long after each failure, so that a hopeless merge costs little. */
static TimestampTz
next_retry(TimestampTz failed_at, int failures)
{
	int64		delay = spine_retry_delay;

	for (int i = 1; i < failures && delay < LONGEST_RETRY_DELAY; i++)
		delay *= 2;
	return TimestampTzPlusMilliseconds(failed_at, Min(delay, LONGEST_RETRY_DELAY));
}

void
attempts_add(const RequestKey *request, const char *error)
{
	Relation	rel = table_open(spine_tables(false)->attempt, RowExclusiveLock);
	HeapTuple	old = find_row(rel, request, SnapshotSelf);
	TimestampTz now = GetCurrentTimestamp();
	Attempts	attempts = {0};
	Datum		values[ATTEMPT_COLUMNS];
	bool		nulls[ATTEMPT_COLUMNS] = {false};
	HeapTuple	tuple;

	/* What was meant for an earlier life of the relation is of no interest. */
	if (HeapTupleIsValid(old) &&
		generation_of(old, RelationGetDescr(rel)) > request->generation)
	{
		table_close(rel, NoLock);
		return;
	}
	if (HeapTupleIsValid(old))
		attempts = read_row(old, RelationGetDescr(rel), request->generation);
	if (attempts.count < PG_INT32_MAX)
		attempts.count++;
	values[ATTEMPT_RELATION - 1] = ObjectIdGetDatum(request->relid);
	values[ATTEMPT_REQUEST_LO - 1] = Int64GetDatum(request->lo);
	values[ATTEMPT_REQUEST_HI - 1] = Int64GetDatum(request->hi);
	values[ATTEMPT_GENERATION - 1] = Int64GetDatum(request->generation);
	values[ATTEMPT_ATTEMPTS - 1] = Int32GetDatum(attempts.count);
	values[ATTEMPT_LAST_ERROR - 1] = CStringGetTextDatum(error);
	values[ATTEMPT_RETRY_AT - 1] = TimestampTzGetDatum(next_retry(now, attempts.count));
	values[ATTEMPT_LAST_ERROR_AT - 1] = TimestampTzGetDatum(now);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	/* It may be a row that this very command has made. */
	CommandCounterIncrement();
	if (HeapTupleIsValid(old))
		CatalogTupleUpdate(rel, &old->t_self, tuple);
	else
		CatalogTupleInsert(rel, tuple);
	table_close(rel, NoLock);
}

bool
attempts_forget(const RequestKey *request)
{
	Relation	rel = table_open(spine_tables(false)->attempt, RowExclusiveLock);
	HeapTuple	tuple = find_row(rel, request, SnapshotSelf);

	if (HeapTupleIsValid(tuple) &&
		generation_of(tuple, RelationGetDescr(rel)) != request->generation)
		tuple = NULL;
	if (HeapTupleIsValid(tuple))
	{
		CommandCounterIncrement();
		CatalogTupleDelete(rel, &tuple->t_self);
		spine_requests_at_commit();
	}
	table_close(rel, NoLock);
	return HeapTupleIsValid(tuple);
}

bool
attempts_exhausted(int count)
{
	return spine_max_attempts > 0 && count >= spine_max_attempts;
}
