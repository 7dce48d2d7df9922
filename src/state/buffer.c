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
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "executor/tuptable.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "state/buffer.h"
#include "state/tables.h"

#define BUFFER_ROWS 1000
#define BUFFER_BYTES (64 * 1024)

/*
 * Rows above this may be toasted on their way in, and multi-insert does not say
 * where those went; they are written one by one.
 */
#define SMALL_ROW 1024

typedef struct RowBuffer
{
	int			nest;			/* the subtransaction whose rows they are */
	int			written_by;		/* the inner one that has written them; 0 = none */
	int			count;
	Size		bytes;
	TupleTableSlot *slots[BUFFER_ROWS]; /* made when first needed, then reused */
	struct RowBuffer *outer;
} RowBuffer;

/* Innermost first, in memory that goes with the transaction. */
static RowBuffer *buffers = NULL;
static RowBuffer *spare = NULL;
static MemoryContext buffer_context = NULL;
static TupleDesc buffer_desc = NULL;

static void
create_context(Relation rel)
{
	MemoryContext old;

	buffer_context = AllocSetContextCreate(TopTransactionContext, "spine batch buffer",
										   ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(buffer_context);
	/* A copy is not reference-counted, which would cost for each slot. */
	buffer_desc = CreateTupleDescCopy(RelationGetDescr(rel));
	MemoryContextSwitchTo(old);
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

static void
empty(RowBuffer *buffer)
{
	buffer->count = 0;
	buffer->bytes = 0;
	buffer->written_by = 0;
}

static void
pop_buffer(void)
{
	RowBuffer	   *buffer = buffers;

	buffers = buffer->outer;
	empty(buffer);
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
	bool		between_statements = !ActiveSnapshotSet();

	/* The server wants one wherever rows may have to be toasted. */
	if (between_statements)
		PushActiveSnapshot(GetTransactionSnapshot());
	scratch = AllocSetContextCreate(CurrentMemoryContext, "spine batch write",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	rel = table_open(spine_tables(false)->batch, RowExclusiveLock);
	indexes = CatalogOpenIndexes(rel);
	CatalogTuplesMultiInsertWithInfo(rel, buffer->slots, buffer->count, indexes);
	CatalogCloseIndexes(indexes);
	table_close(rel, NoLock);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (between_statements)
		PopActiveSnapshot();
	if (buffer->nest == GetCurrentTransactionNestLevel())
		empty(buffer);
	else
		buffer->written_by = GetCurrentTransactionNestLevel();
}

static void
flush_from(RowBuffer *buffer)
{
	if (buffer == NULL)
		return;
	flush_from(buffer->outer);
	if (buffer->count > 0 && buffer->written_by == 0)
		write_buffer(buffer);
}

void
buffer_flush(void)
{
	if (buffers != NULL)
		flush_from(buffers);
}

static void
insert_one(Relation rel, Datum *values, bool *nulls)
{
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);

	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
}

/* Copies a row into the next slot. */
static void
fill_slot(RowBuffer *buffer, const Datum *values, Size size)
{
	TupleTableSlot *slot = buffer->slots[buffer->count];
	MemoryContext old = MemoryContextSwitchTo(buffer_context);

	if (slot == NULL)
		slot = buffer->slots[buffer->count] =
			MakeSingleTupleTableSlot(buffer_desc, &TTSOpsHeapTuple);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, sizeof(Datum) * BATCH_COLUMNS);
	memset(slot->tts_isnull, false, sizeof(bool) * BATCH_COLUMNS);
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	buffer->count++;
	buffer->bytes += size;
	MemoryContextSwitchTo(old);
}

void
buffer_add(Datum *values)
{
	Relation	rel = table_open(spine_tables(false)->batch, RowExclusiveLock);
	bool		nulls[BATCH_COLUMNS] = {false};
	Size		size = heap_compute_data_size(RelationGetDescr(rel), values, nulls);

	if (size > SMALL_ROW)
		insert_one(rel, values, nulls);
	else
	{
		RowBuffer	   *buffer;

		if (buffer_context == NULL)
			create_context(rel);
		buffer = own_buffer();
		fill_slot(buffer, values, size);
		if (buffer->count == BUFFER_ROWS || buffer->bytes >= BUFFER_BYTES)
			write_buffer(buffer);
	}
	table_close(rel, NoLock);
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
				empty(buffer);
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
