/*
 * inbox_answer.c
 *		Writing what has become of batches in the inbox, and finding it by ticket.
 *
 * A row's tickets are neighbours in one pass of the worker, but rows lie across
 * each other all the same: passes of several relations, and what commits late.  So
 * that a ticket is found by its row's last one, no row reaches further than
 * ANSWER_REACH: all rows that may have the ticket end within that.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/inbox_answer.h"
#include "state/registry.h"
#include "state/tables.h"

/* Tickets of so many milliseconds. */
#define ANSWER_REACH (INT64CONST(50) << ID_NUMBER_BITS)

void
answers_begin(Answers *answers, Oid relid)
{
	answers->relid = relid;
	answers->rel = table_open(spine_tables(false)->answer, RowExclusiveLock);
	answers->indexes = CatalogOpenIndexes(answers->rel);
	answers->context = CurrentMemoryContext;
	answers->count = 0;
}

void
answers_end(Answers *answers)
{
	CatalogCloseIndexes(answers->indexes);
	table_close(answers->rel, NoLock);
}

void
answers_forget(Answers *answers)
{
	answers->count = 0;
}

/* Can it be said in the row that is growing? */
static bool
fits(const Answers *answers, const Datum *row, const Frontier *lower, const char *error)
{
	int64		ticket = DatumGetInt64(row[INBOX_TICKET - 1]);

	if (answers->count == 0 || answers->count == ANSWER_TICKETS_MAX ||
		ticket - answers->tickets[0] > ANSWER_REACH ||
		answers->generation != DatumGetInt64(row[INBOX_GENERATION - 1]) ||
		strcmp(NameStr(answers->appended_by),
			   NameStr(*DatumGetName(row[INBOX_APPENDED_BY - 1]))) != 0)
		return false;
	if (error != NULL)
		return answers->error != NULL && strcmp(answers->error, error) == 0;
	return answers->error == NULL &&
		(int64) lower->time == answers->lower + answers->count;
}

static void
begin_row(Answers *answers, const Datum *row, const Frontier *lower, const char *error)
{
	answers->generation = DatumGetInt64(row[INBOX_GENERATION - 1]);
	answers->appended_by = *DatumGetName(row[INBOX_APPENDED_BY - 1]);
	answers->lower = error == NULL ? (int64) lower->time : 0;
	answers->error = error == NULL ? NULL : MemoryContextStrdup(answers->context, error);
}

void
answers_add(Answers *answers, const Datum *row, const Frontier *lower, const char *error)
{
	if (!fits(answers, row, lower, error))
	{
		answers_write(answers);
		begin_row(answers, row, lower, error);
	}
	answers->tickets[answers->count] = DatumGetInt64(row[INBOX_TICKET - 1]);
	answers->appended_at[answers->count] = DatumGetTimestampTz(row[INBOX_APPENDED_AT - 1]);
	answers->count++;
}

/* Of int8, or of something just like it. */
static Datum
int64_array(const int64 *values, int count, Oid type)
{
	Datum		datums[ANSWER_TICKETS_MAX];

	for (int i = 0; i < count; i++)
		datums[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, count, type, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

void
answers_write(Answers *answers)
{
	Datum		values[ANSWER_COLUMNS] = {0};
	bool		nulls[ANSWER_COLUMNS] = {false};
	HeapTuple	tuple;

	if (answers->count == 0)
		return;
	values[ANSWER_LAST_TICKET - 1] = Int64GetDatum(answers->tickets[answers->count - 1]);
	values[ANSWER_RELATION - 1] = ObjectIdGetDatum(answers->relid);
	values[ANSWER_GENERATION - 1] = Int64GetDatum(answers->generation);
	values[ANSWER_APPENDED_BY - 1] = NameGetDatum(&answers->appended_by);
	values[ANSWER_SEQUENCED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[ANSWER_LOWER - 1] = Int64GetDatum(answers->lower);
	nulls[ANSWER_LOWER - 1] = answers->error != NULL;
	if (answers->error != NULL)
		values[ANSWER_ERROR - 1] = CStringGetTextDatum(answers->error);
	nulls[ANSWER_ERROR - 1] = answers->error == NULL;
	values[ANSWER_TICKETS - 1] = int64_array(answers->tickets, answers->count, INT8OID);
	values[ANSWER_APPENDED_AT - 1] = int64_array(answers->appended_at, answers->count,
												 TIMESTAMPTZOID);
	tuple = heap_form_tuple(RelationGetDescr(answers->rel), values, nulls);
	CatalogTupleInsertWithInfo(answers->rel, tuple, answers->indexes);
	heap_freetuple(tuple);
	answers->count = 0;
	stop_point("answer_written");
}

/* The place of a ticket among those of a row; -1 if it is not one of them. */
static int
place_of(int64 ticket, ArrayType *tickets)
{
	const int64 *sorted = (const int64 *) ARR_DATA_PTR(tickets);
	int			from = 0;
	int			to = ArrayGetNItems(ARR_NDIM(tickets), ARR_DIMS(tickets));

	while (from < to)
	{
		int			middle = (from + to) / 2;

		if (sorted[middle] == ticket)
			return middle;
		if (sorted[middle] < ticket)
			from = middle + 1;
		else
			to = middle;
	}
	return -1;
}

/* Does the row have the ticket?  Then it fills in the entry. */
static bool
read_row(int64 ticket, HeapTuple tuple, TupleDesc desc, InboxEntry *entry)
{
	Datum		values[ANSWER_COLUMNS];
	bool		nulls[ANSWER_COLUMNS];
	int			place;

	heap_deform_tuple(tuple, desc, values, nulls);
	place = place_of(ticket, DatumGetArrayTypeP(values[ANSWER_TICKETS - 1]));
	if (place < 0)
		return false;
	*entry = (InboxEntry) {
		.relid = DatumGetObjectId(values[ANSWER_RELATION - 1]), .sequenced = true
	};
	entry->appended_by = *DatumGetName(values[ANSWER_APPENDED_BY - 1]);
	if (nulls[ANSWER_ERROR - 1])
		entry->lower = frontier_of(DatumGetInt64(values[ANSWER_LOWER - 1]) + place);
	else
		entry->error = TextDatumGetCString(values[ANSWER_ERROR - 1]);
	return true;
}

bool
answers_find(int64 ticket, Snapshot snapshot, InboxEntry *entry)
{
	Relation	rel = table_open(spine_tables(false)->answer, AccessShareLock);
	int64		end = ticket > PG_INT64_MAX - ANSWER_REACH ? PG_INT64_MAX : ticket + ANSWER_REACH;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], ANSWER_LAST_TICKET, BTGreaterEqualStrategyNumber, F_INT8GE,
				Int64GetDatum(ticket));
	ScanKeyInit(&keys[1], ANSWER_LAST_TICKET, BTLessEqualStrategyNumber, F_INT8LE,
				Int64GetDatum(end));
	scan = systable_beginscan(rel, spine_tables(false)->answer_ticket, true, snapshot, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		found = read_row(ticket, tuple, RelationGetDescr(rel), entry);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}
