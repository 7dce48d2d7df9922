/*
 * seen.c
 *		The merge requests of spines, as this process has read them last.
 *
 * What this transaction writes to itself is read from its working copies instead.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "state/copies.h"
#include "state/seen.h"

/* So many spines are remembered; with more, one begins anew. */
#define MAX_SEEN 1000

typedef struct SeenSpine
{
	Oid			relid;			/* key */
	RowVersion	row;
	int64		generation;
	List	   *offers;
	MemoryContext memory;		/* of these */
} SeenSpine;

static HTAB *seen = NULL;
static MemoryContext seen_memory = NULL;

/*
 * Requests that are no longer of use here may be in somebody's list still: they go
 * when his memory does.
 */
static void
give_away(MemoryContext memory)
{
	MemoryContextSetParent(memory, CurrentMemoryContext);
}

/* The table, empty if it is full. */
static HTAB *
seen_table(void)
{
	HASHCTL		info = {.keysize = sizeof(Oid), .entrysize = sizeof(SeenSpine)};

	if (seen != NULL && hash_get_num_entries(seen) < MAX_SEEN)
		return seen;
	if (seen != NULL)
		give_away(seen_memory);
	seen = NULL;
	seen_memory = AllocSetContextCreate(TopMemoryContext, "spine requests seen",
										ALLOCSET_DEFAULT_SIZES);
	info.hcxt = seen_memory;
	seen = hash_create("spine requests seen", 64, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return seen;
}

static SeenSpine *
find_seen(Oid relid)
{
	return seen == NULL ? NULL : hash_search(seen, &relid, HASH_FIND, NULL);
}

static void
forget(Oid relid)
{
	SeenSpine  *spine = find_seen(relid);

	if (spine == NULL)
		return;
	give_away(spine->memory);
	hash_search(seen, &relid, HASH_REMOVE, NULL);
}

/* In place of what was known of it before. */
static SeenSpine *
remember(const Spine *spine, List *offers)
{
	MemoryContext memory;
	MemoryContext old;
	SeenSpine  *entry;
	HTAB	   *table;
	List	   *copies = NIL;
	ListCell   *cell;

	forget(spine->relid);
	table = seen_table();
	memory = AllocSetContextCreate(seen_memory, "spine requests of one",
								   ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(memory);
	foreach(cell, offers)
		copies = lappend(copies, offer_copy(lfirst(cell)));
	MemoryContextSwitchTo(old);
	entry = hash_search(table, &spine->relid, HASH_ENTER, NULL);
	entry->row = (RowVersion)
	{
		spine->relid, spine->tid, spine->xmin
	};
	entry->generation = spine->generation;
	entry->offers = copies;
	entry->memory = memory;
	return entry;
}

/* What the active snapshot sees of a spine; NULL if nothing. */
static SeenSpine *
look_at(Oid relid, const RowVersion *row)
{
	SeenSpine  *entry = find_seen(relid);
	Spine		spine;
	List	   *offers;

	if (entry != NULL && (row == NULL ? trace_row_is_seen(&entry->row, GetActiveSnapshot()) :
						  entry->row.xmin == row->xmin &&
						  ItemPointerEquals(&entry->row.tid, (ItemPointer) &row->tid)))
		return entry;
	if (!trace_row_load(relid, GetActiveSnapshot(), false, &spine))
		return NULL;
	offers = offers_add(NIL, &spine);
	offers_sort(offers);
	return remember(&spine, offers);
}

bool
seen_offers(Oid relid, const RowVersion *row, List **offers)
{
	SeenSpine  *entry;
	Spine		spine;
	Snapshot	rows;

	if (copies_top(relid) != NULL)
	{
		if (!spine_read(relid, &spine, &rows))
			return false;
		*offers = offers_add(NIL, &spine);
		offers_sort(*offers);
		return true;
	}
	entry = look_at(relid, row);
	if (entry == NULL)
		return false;
	*offers = entry->offers;
	return true;
}

bool
seen_is_current(Oid relid, int64 generation)
{
	Spine	   *top = copies_top(relid);
	SeenSpine  *entry;

	if (top != NULL)
		return !top->gone && top->generation == generation;
	PushActiveSnapshot(GetLatestSnapshot());
	entry = look_at(relid, NULL);
	PopActiveSnapshot();
	return entry != NULL && entry->generation == generation;
}

bool
seen_offer_stands(const Offer *offer, Snapshot *rows)
{
	SeenSpine  *entry;
	Spine		spine;
	ListCell   *cell;

	if (copies_top(offer->relid) != NULL)
		return spine_read(offer->relid, &spine, rows) &&
			spine.generation == offer->generation &&
			offer_stands(&spine, offer->request.lo, offer->request.hi);
	*rows = GetActiveSnapshot();
	entry = look_at(offer->relid, NULL);
	if (entry == NULL || entry->generation != offer->generation)
		return false;
	foreach(cell, entry->offers)
	{
		const Offer *known = lfirst(cell);

		if (known->request.lo == offer->request.lo && known->request.hi == offer->request.hi)
			return true;
	}
	return false;
}
