/*
 * collect.c
 *		Which parts of a relation's spines are garbage, and which of them nobody
 *		can name any more.
 *
 * Works through the garbage of the relation in windows of bounded size, oldest
 * first.  The parts of a window are put in a hash table; then one pass over
 * everything else that names parts (other rows of garbage, batches, queued
 * results, live claims, the inbox) strikes out those that are still of use.  All
 * of it is under one snapshot, for the worker moves parts from one table to
 * another.  Relies on horizon.c for who may still see what has been removed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "state/batches.h"
#include "state/buffer.h"
#include "state/collect.h"
#include "state/copies.h"
#include "state/garbage.h"
#include "state/horizon.h"
#include "state/tables.h"
#include "state/values.h"

/* A window has room for so many rows at least, and ends after so many bytes. */
#define WINDOW_ROWS 1000
#define WINDOW_BYTES (64 * 1024 * 1024)

/* A row of the window. */
typedef struct Candidate
{
	GarbageRow	row;			/* its part is a copy */
	bool		superseded;		/* the part was removed again later */
	bool		in_batch;
	bool		named;			/* by a batch, or by what may become one */
} Candidate;

/* An entry of the hash table: a part, and its candidate. */
typedef struct PartEntry
{
	text	   *part;			/* key */
	Candidate  *candidate;
} PartEntry;

typedef struct Collection
{
	Oid			relid;
	Relation	rel;			/* spine_garbage_part */
	Snapshot	snapshot;
	Snapshot	batches;		/* for reading these */
	const Horizon *horizon;		/* NULL: any garbage */
	bool		clean;			/* rows that say nothing more are deleted */
	MemoryContext window;		/* of all below */
	int			size;
	int			count;
	Candidate  *candidates;
	HTAB	   *parts;
} Collection;

static uint32
part_hash(const void *key, Size size)
{
	const text *part = *(text *const *) key;

	return hash_bytes((const unsigned char *) VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part));
}

static int
part_compare(const void *a, const void *b, Size size)
{
	return texts_compare(*(text *const *) a, *(text *const *) b);
}

static void
start_window(Collection *c)
{
	HASHCTL		info = {
		.keysize = sizeof(text *), .entrysize = sizeof(PartEntry),
		.hash = part_hash, .match = part_compare, .hcxt = c->window
	};

	MemoryContextReset(c->window);
	c->count = 0;
	c->candidates = MemoryContextAlloc(c->window, sizeof(Candidate) * c->size);
	c->parts = hash_create("parts of a window", c->size, &info,
						   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

/* The candidate for a part; NULL without one. */
static Candidate *
find_candidate(Collection *c, text *part)
{
	PartEntry  *entry = hash_search(c->parts, &part, HASH_FIND, NULL);

	return entry == NULL ? NULL : entry->candidate;
}

/* Which of two rows of a part is about its last removal? */
static bool
row_is_later(const GarbageRow *a, const GarbageRow *b)
{
	return a->removed_by != b->removed_by ? a->removed_by > b->removed_by : a->id > b->id;
}

static void
add_candidate(Collection *c, const GarbageRow *row, Size *bytes)
{
	Candidate  *candidate = &c->candidates[c->count];
	Candidate  *other = find_candidate(c, row->part);
	PartEntry  *entry;

	/* Of two rows in the window the earlier one is struck out below. */
	if (other != NULL && row_is_later(&other->row, row))
		return;
	memset(candidate, 0, sizeof(Candidate));
	candidate->row = *row;
	candidate->row.part = MemoryContextAlloc(c->window, VARSIZE_ANY(row->part));
	memcpy(candidate->row.part, row->part, VARSIZE_ANY(row->part));
	*bytes += VARSIZE_ANY(row->part);
	c->count++;
	if (other != NULL)
		other->superseded = true;
	entry = hash_search(c->parts, &candidate->row.part, HASH_ENTER, NULL);
	entry->candidate = candidate;
}

/* Takes garbage beyond the horizon from after that id on; false at the end. */
static bool
fill_window(Collection *c, int64 *after)
{
	GarbageScan *scan = garbage_begin(c->rel, c->relid, *after, c->snapshot);
	GarbageRow *row = NULL;
	Size		bytes = 0;

	start_window(c);
	while (c->count < c->size && bytes < WINDOW_BYTES && (row = garbage_next(scan)) != NULL)
	{
		*after = row->id;
		if (c->horizon == NULL ||
			horizon_passed(c->horizon, row->removed_by, row->removed_at))
			add_candidate(c, row, &bytes);
	}
	garbage_end(scan);
	return row != NULL;
}

/* Somebody else may be about to delete it, which is as good. */
static void
clean_up(Collection *c, GarbageRow *row)
{
	if (c->clean)
		garbage_delete(c->rel, &row->tid, false);
}

/*
 * A part may have been garbage before, and in a batch in between: then it is
 * handed out when all its removals are long enough ago, and one row remains.
 */
static void
strike_out_superseded(Collection *c)
{
	GarbageScan *scan = garbage_begin(c->rel, c->relid, PG_INT64_MIN, c->snapshot);
	GarbageRow *row;

	while ((row = garbage_next(scan)) != NULL)
	{
		Candidate  *candidate = find_candidate(c, row->part);

		if (candidate == NULL || candidate->row.id == row->id)
			continue;
		/* Neither ids nor transactions are in the order of commits. */
		if (c->horizon != NULL &&
			!horizon_passed(c->horizon, row->removed_by, row->removed_at))
			candidate->named = true;
		else if (!row_is_later(row, &candidate->row))
			clean_up(c, row);
		else if (!candidate->superseded)
		{
			candidate->superseded = true;
			clean_up(c, &candidate->row);
		}
	}
	garbage_end(scan);
}

static void
strike_out_parts(Collection *c, ArrayType *array, bool in_batch)
{
	int			count;
	text	  **parts = array_texts(array, &count);

	for (int i = 0; i < count; i++)
	{
		Candidate  *candidate = find_candidate(c, parts[i]);

		if (candidate == NULL)
			continue;
		candidate->named = true;
		if (in_batch)
			candidate->in_batch = true;
	}
	pfree(parts);
}

static void
strike_out_batches(Collection *c)
{
	BatchScan  *scan = batches_begin(c->relid, 0, PG_INT64_MAX, c->batches);
	BatchRow   *row;

	while ((row = batches_next(scan)) != NULL)
		strike_out_parts(c, row->parts, true);
	batches_end(scan);
}

/* A table with rows that may become batches, or whose parts are being read. */
typedef struct Waiting
{
	Oid			table;
	Oid			index;
	AttrNumber	relation;		/* the index begins with it, or with done */
	AttrNumber	done;			/* null while the row waits; 0 = it goes then */
	AttrNumber	parts[2];		/* 0 = none */
} Waiting;

static void
strike_out_row(Collection *c, const Waiting *waiting, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;

	if (DatumGetObjectId(heap_getattr(tuple, waiting->relation, desc, &isnull)) != c->relid)
		return;
	for (int i = 0; i < (int) lengthof(waiting->parts) && waiting->parts[i] != 0; i++)
	{
		Datum		parts = heap_getattr(tuple, waiting->parts[i], desc, &isnull);

		if (!isnull)
			strike_out_parts(c, DatumGetArrayTypeP(parts), false);
	}
}

static void
strike_out_waiting(Collection *c, const Waiting *waiting)
{
	Relation	rel = table_open(waiting->table, AccessShareLock);
	Relation	index = index_open(waiting->index, AccessShareLock);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "waiting row",
												  ALLOCSET_DEFAULT_SIZES);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (waiting->done == 0)
		ScanKeyInit(&key, waiting->relation, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(c->relid));
	else
		ScanKeyEntryInitialize(&key, SK_ISNULL | SK_SEARCHNULL, waiting->done,
							   InvalidStrategy, InvalidOid, InvalidOid, InvalidOid, (Datum) 0);
	scan = systable_beginscan_ordered(rel, index, c->snapshot, 1, &key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		strike_out_row(c, waiting, tuple, RelationGetDescr(rel));
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	systable_endscan_ordered(scan);
	MemoryContextDelete(context);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
}

static void
strike_out_all_waiting(Collection *c)
{
	const SpineTables *tables = spine_tables(false);
	Waiting		waiting[] = {
		{tables->result, tables->result_queue, RESULT_RELATION, RESULT_APPLIED_AT,
		{RESULT_PARTS, RESULT_INPUTS}},
		{tables->claim, tables->claim_ended, CLAIM_RELATION, CLAIM_ENDED_AT,
		{CLAIM_INPUTS, 0}},
		{tables->inbox, tables->inbox_pkey, INBOX_RELATION, 0,
		{INBOX_PARTS, 0}}
	};

	for (int i = 0; i < (int) lengthof(waiting); i++)
		strike_out_waiting(c, &waiting[i]);
}

/* Tells of what is left of a window, at most max; returns how many. */
static int
hand_out(Collection *c, int max, GarbageCallback offer, void *arg)
{
	int			offered = 0;

	for (int i = 0; i < c->count && offered < max; i++)
	{
		Candidate  *candidate = &c->candidates[i];

		/* It will be recorded again when it leaves that batch. */
		if (candidate->in_batch)
			clean_up(c, &candidate->row);
		if (candidate->superseded || candidate->named)
			continue;
		offer(arg, &candidate->row);
		offered++;
	}
	return offered;
}

/* Goes through the windows until so many parts have been offered. */
static void
run(Collection *c, int64 max, GarbageCallback offer, void *arg)
{
	int64		after = PG_INT64_MIN;
	bool		more = true;

	c->window = AllocSetContextCreate(CurrentMemoryContext, "spine garbage window",
									  ALLOCSET_DEFAULT_SIZES);
	while (more && max > 0)
	{
		more = fill_window(c, &after);
		if (c->count == 0)
			continue;
		strike_out_superseded(c);
		strike_out_batches(c);
		if (c->horizon != NULL)
			strike_out_all_waiting(c);
		max -= hand_out(c, (int) Min(max, c->count), offer, arg);
	}
	MemoryContextDelete(c->window);
}

/* The latest snapshot sees what this very command has done, too. */
void
garbage_collect(Oid relid, TimestampTz removed_until, int max, GarbageCallback offer,
				void *arg)
{
	Collection	c = {.relid = relid, .clean = true, .size = Max(max, WINDOW_ROWS)};
	Horizon		horizon;

	buffer_flush();
	CommandCounterIncrement();
	c.rel = table_open(spine_tables(false)->garbage, RowExclusiveLock);
	c.snapshot = c.batches = RegisterSnapshot(GetLatestSnapshot());
	horizon = horizon_get(relid, removed_until, c.snapshot);
	c.horizon = &horizon;
	run(&c, max, offer, arg);
	UnregisterSnapshot(c.snapshot);
	table_close(c.rel, NoLock);
}

void
garbage_list(Oid relid, Snapshot snapshot, GarbageCallback list, void *arg)
{
	Collection	c = {.relid = relid, .snapshot = snapshot, .size = COLLECT_MAX};

	/* As all readers do: of what this transaction has locked, the latest state */
	c.batches = copies_top(relid) != NULL ? SnapshotSelf : snapshot;
	c.rel = table_open(spine_tables(false)->garbage, AccessShareLock);
	run(&c, PG_INT64_MAX, list, arg);
	table_close(c.rel, AccessShareLock);
}
