/*
 * buffer.c
 *		Buffering rows of spine_batch for the server's multi-insert.
 *
 * A statement that pushes a million batches would spend most of its time on
 * inserting them one by one.  Rows are collected and written together: when the
 * buffer is full, before anything of this transaction reads the table, before
 * the next statement starts, and before commit.
 *
 * A row must be written as of the subtransaction that pushed it, so there is a
 * buffer a nesting level.  Where a subtransaction has to read rows that an outer
 * one still has in its buffer, it writes them as its own, and the outer buffer
 * keeps them until it is known whether that came to stay.
 *
 * A buffer is a ring, so that the newest rows stay at hand after they have been
 * written.  The requests that a push returns name mostly those.
 */
#include "postgres.h"

#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "executor/tuptable.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dev/stop_point.h"
#include "state/buffer.h"
#include "state/tables.h"

#define BUFFER_ROWS 1000
#define BUFFER_BYTES (64 * 1024)

/*
 * Rows above this may be toasted on their way in, and multi-insert does not say
 * where those went; they are written one by one.
 */
#define SMALL_ROW Min(1024, TOAST_TUPLE_THRESHOLD / 2)

typedef struct RowBuffer
{
	int			nest;			/* the subtransaction whose rows they are */
	int			written_by;		/* the inner one that has written them; 0 = none */
	uint64		added;			/* rows, ever */
	uint64		written;		/* of these */
	uint64		forgotten;		/* of these, not to be given out any more */
	Size		bytes;			/* of those not written */
	TupleTableSlot *slots[BUFFER_ROWS]; /* row n in slot n modulo BUFFER_ROWS */
	struct RowBuffer *outer;
} RowBuffer;

/* Innermost first, in memory that goes with the transaction. */
static RowBuffer *buffers = NULL;
static RowBuffer *spare = NULL;
static MemoryContext buffer_context = NULL;
static TupleDesc buffer_desc = NULL;

static void
create_context(void)
{
	Relation	rel = table_open(spine_tables(false)->batch, RowExclusiveLock);
	MemoryContext old;

	buffer_context = AllocSetContextCreate(TopTransactionContext, "spine batch buffer",
										   ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(buffer_context);
	/* A copy is not reference-counted, which would cost for each slot. */
	buffer_desc = CreateTupleDescCopy(RelationGetDescr(rel));
	MemoryContextSwitchTo(old);
	table_close(rel, NoLock);
}

/* The buffer of this subtransaction. */
static RowBuffer *
own_buffer(void)
{
	int			nest = GetCurrentTransactionNestLevel();
	RowBuffer	   *buffer = spare;

	if (buffers != NULL && buffers->nest == nest)
		return buffers;
	spare = NULL;
	if (buffer == NULL)
		buffer = MemoryContextAllocZero(buffer_context, sizeof(RowBuffer));
	buffer->nest = nest;
	buffer->outer = buffers;
	buffers = buffer;
	return buffer;
}

/* All its rows are in the table, as of its own subtransaction. */
static void
settle(RowBuffer *buffer)
{
	buffer->written = buffer->added;
	buffer->bytes = 0;
	buffer->written_by = 0;
}

static void
pop_buffer(void)
{
	RowBuffer	   *buffer = buffers;

	buffers = buffer->outer;
	settle(buffer);
	buffer->forgotten = buffer->added;
	spare = buffer;
}

/* Inserts the rows as of the current subtransaction. */
static void
write_buffer(RowBuffer *buffer)
{
	MemoryContext scratch;
	MemoryContext old;
	Relation	rel;
	CatalogIndexState indexes;
	TupleTableSlot **slots;
	int			count = (int) (buffer->added - buffer->written);
	bool		between_statements = !ActiveSnapshotSet();

	/* The server wants one wherever rows may have to be toasted. */
	if (between_statements)
		PushActiveSnapshot(GetTransactionSnapshot());
	scratch = AllocSetContextCreate(CurrentMemoryContext, "spine batch write",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	slots = palloc(sizeof(TupleTableSlot *) * count);
	for (int i = 0; i < count; i++)
		slots[i] = buffer->slots[(buffer->written + i) % BUFFER_ROWS];
	rel = table_open(spine_tables(false)->batch, RowExclusiveLock);
	indexes = CatalogOpenIndexes(rel);
	stop_point("rows_flushing");
	CatalogTuplesMultiInsertWithInfo(rel, slots, count, indexes);
	stop_point("rows_flushed");
	CatalogCloseIndexes(indexes);
	table_close(rel, NoLock);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (between_statements)
		PopActiveSnapshot();
	if (buffer->nest == GetCurrentTransactionNestLevel())
		settle(buffer);
	else
		buffer->written_by = GetCurrentTransactionNestLevel();
}

static void
flush_from(RowBuffer *buffer)
{
	if (buffer == NULL)
		return;
	flush_from(buffer->outer);
	if (buffer->added > buffer->written && buffer->written_by == 0)
		write_buffer(buffer);
}

void
buffer_flush(void)
{
	if (buffers != NULL)
		flush_from(buffers);
}

static void
insert_one(Datum *values)
{
	Relation	rel = table_open(spine_tables(false)->batch, RowExclusiveLock);
	bool		nulls[BATCH_COLUMNS] = {false};
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);

	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
}

/* Copies a row into the next slot. */
static void
fill_slot(RowBuffer *buffer, const Datum *values, Size size)
{
	int			place = (int) (buffer->added % BUFFER_ROWS);
	TupleTableSlot *slot = buffer->slots[place];
	MemoryContext old = MemoryContextSwitchTo(buffer_context);

	if (slot == NULL)
		slot = buffer->slots[place] =
			MakeSingleTupleTableSlot(buffer_desc, &TTSOpsHeapTuple);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, sizeof(Datum) * BATCH_COLUMNS);
	memset(slot->tts_isnull, false, sizeof(bool) * BATCH_COLUMNS);
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	buffer->added++;
	buffer->bytes += size;
	MemoryContextSwitchTo(old);
}

void
buffer_add(Datum *values, Size size)
{
	RowBuffer  *buffer;

	if (size > SMALL_ROW)
	{
		insert_one(values);
		return;
	}
	if (buffer_context == NULL)
		create_context();
	buffer = own_buffer();
	fill_slot(buffer, values, size);
	if (buffer->added - buffer->written == BUFFER_ROWS || buffer->bytes >= BUFFER_BYTES)
		write_buffer(buffer);
}

static Datum
slot_value(TupleTableSlot *slot, int column)
{
	bool		isnull;

	return slot_getattr(slot, column, &isnull);
}

int
buffer_recent(Oid relid, int64 lo, int64 hi, TupleTableSlot ***slots)
{
	static TupleTableSlot *found[BUFFER_ROWS];
	RowBuffer  *buffer = buffers;
	uint64		oldest;
	int			first = BUFFER_ROWS;

	if (buffer == NULL || buffer->nest != GetCurrentTransactionNestLevel() ||
		hi - lo > BUFFER_ROWS)
		return 0;
	oldest = buffer->added > BUFFER_ROWS ? buffer->added - BUFFER_ROWS : 0;
	oldest = Max(oldest, buffer->forgotten);
	for (uint64 n = buffer->added; n > oldest && hi > lo; n--)
	{
		TupleTableSlot *slot = buffer->slots[(n - 1) % BUFFER_ROWS];

		if (DatumGetObjectId(slot_value(slot, BATCH_RELATION)) != relid ||
			DatumGetInt64(slot_value(slot, BATCH_ID_LO)) >= hi)
			continue;
		if (DatumGetInt64(slot_value(slot, BATCH_ID_HI)) != hi)
			return 0;
		found[--first] = slot;
		hi = DatumGetInt64(slot_value(slot, BATCH_ID_LO));
	}
	if (hi != lo)
		return 0;
	*slots = found + first;
	return BUFFER_ROWS - first;
}

void
buffer_forget_recent(void)
{
	for (RowBuffer *buffer = buffers; buffer != NULL; buffer = buffer->outer)
		buffer->forgotten = buffer->added;
}

/* What the subtransaction has written for outer ones is its parent's now. */
void
buffer_commit_subtransaction(int nest)
{
	while (buffers != NULL && buffers->nest == nest)
		pop_buffer();
	for (RowBuffer *buffer = buffers; buffer != NULL; buffer = buffer->outer)
		if (buffer->written_by == nest)
		{
			if (buffer->nest == nest - 1)
				settle(buffer);
			else
				buffer->written_by = nest - 1;
		}
}

/* What it has written for outer ones is not there any more. */
void
buffer_abort_subtransaction(int nest)
{
	while (buffers != NULL && buffers->nest >= nest)
		pop_buffer();
	for (RowBuffer *buffer = buffers; buffer != NULL; buffer = buffer->outer)
		if (buffer->written_by >= nest)
			buffer->written_by = 0;
}

void
buffer_forget(void)
{
	buffers = spare = NULL;
	buffer_context = NULL;
	buffer_desc = NULL;
}
