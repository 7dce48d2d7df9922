/*
 * copies.c
 *		The working copies of spines that a transaction has made.
 *
 * For each spine a stack, with a copy for each subtransaction that has written
 * to it, the innermost on top.  Everything is in TopTransactionContext, and
 * gone with it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "state/copies.h"

/* What an arena may take up beyond what is in use, at least: bytes. */
#define ARENA_SLACK ((Size) 256 * 1024)

/* One spine that this transaction writes to. */
typedef struct CopiesEntry
{
	Oid			relid;			/* key */
	Spine	   *top;			/* NULL after the first toucher rolled back */
	struct CopiesEntry *next;
} CopiesEntry;

static HTAB *entries = NULL;
static CopiesEntry *entry_list = NULL;

static CopiesEntry *
find_entry(Oid relid, bool create)
{
	CopiesEntry *entry;
	bool		found;

	if (entries == NULL)
	{
		HASHCTL		info = {.keysize = sizeof(Oid), .entrysize = sizeof(CopiesEntry)};

		if (!create)
			return NULL;
		info.hcxt = TopTransactionContext;
		entries = hash_create("spines of the transaction", 16, &info,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(entries, &relid, create ? HASH_ENTER : HASH_FIND, &found);
	if (create && !found)
	{
		entry->top = NULL;
		entry->next = entry_list;
		entry_list = entry;
	}
	return entry;
}

/* The arena of a copy: a memory context, which most spines never need. */
static void *
arena_allocate(void *context, size_t size)
{
	Spine	   *spine = context;

	if (spine->memory == NULL)
		spine->memory = AllocSetContextCreate(TopTransactionContext, "spine trace",
											  ALLOCSET_START_SMALL_SIZES);
	return MemoryContextAllocHuge(spine->memory, size);
}

static Arena
copy_arena(Spine *spine)
{
	return (Arena) {arena_allocate, spine};
}

/*
 * Nothing in an arena is given back singly, so now and then what is still in use
 * moves to a fresh one.
 */
static void
tidy_arena(Spine *spine)
{
	MemoryContext old = spine->memory;

	if (old == NULL || MemoryContextMemAllocated(old, false) < spine->memory_limit)
		return;
	spine->memory = NULL;
	trace_move(&spine->trace, copy_arena(spine));
	MemoryContextDelete(old);
	if (spine->memory != NULL)
		spine->memory_limit = Max(ARENA_SLACK,
								  2 * MemoryContextMemAllocated(spine->memory, false));
}

static void
free_copy(Spine *spine)
{
	if (spine->memory != NULL)
		MemoryContextDelete(spine->memory);
	events_free(&spine->events);
	pfree(spine);
}

static void
resize(CopiesEntry *entry, Size size)
{
	entry->top = repalloc(entry->top, size);
	entry->top->trace.arena = copy_arena(entry->top);
}

/*
 * A copy that another comes on top of needs no room to grow, until it is the
 * top again: there may be thousands of nested subtransactions.
 */
static void
shrink(CopiesEntry *entry)
{
	Spine	   *spine = entry->top;

	if (spine == NULL || spine->shrunk)
		return;
	spine->shrunk = true;
	resize(entry, offsetof(Spine, trace.levels.level) +
		   sizeof(Level) * spine->trace.levels.count);
}

static void
unshrink(CopiesEntry *entry)
{
	if (entry->top->shrunk)
		resize(entry, sizeof(Spine));
	entry->top->shrunk = false;
}

/*
 * The spine was ended and made anew by one subtransaction: of the one that is
 * gone, only what there is to tell of it counts.
 */
static void
replace_gone(Spine *spine)
{
	Spine	   *gone = spine->outer;

	spine->events = gone->events;
	gone->events = (EventLog) {0};
	spine->outer = gone->outer;
	free_copy(gone);
}

/* A copy for this subtransaction on top of what there is. */
static Spine *
push_copy(CopiesEntry *entry, const Spine *from)
{
	Spine	   *spine = MemoryContextAlloc(TopTransactionContext, sizeof(Spine));

	memcpy(spine, from, offsetof(Spine, trace));
	spine->memory = NULL;
	spine->memory_limit = ARENA_SLACK;
	trace_copy(&spine->trace, &from->trace, copy_arena(spine));
	shrink(entry);
	spine->nest = GetCurrentTransactionNestLevel();
	spine->counts = (SpineCounts) {0};
	spine->events = (EventLog) {0};
	spine->written = false;
	spine->shrunk = false;
	spine->outer = entry->top;
	entry->top = spine;
	if (spine->outer != NULL && spine->outer->nest == spine->nest)
		replace_gone(spine);
	return spine;
}

Spine *
copies_top(Oid relid)
{
	CopiesEntry *entry = find_entry(relid, false);

	return entry == NULL ? NULL : entry->top;
}

Spine *
copies_own(Oid relid)
{
	CopiesEntry *entry = find_entry(relid, false);

	if (entry == NULL || entry->top == NULL)
		return NULL;
	if (entry->top->nest < GetCurrentTransactionNestLevel())
		return push_copy(entry, entry->top);
	unshrink(entry);
	tidy_arena(entry->top);
	return entry->top;
}

Spine *
copies_push(Oid relid, const Spine *from)
{
	return push_copy(find_entry(relid, true), from);
}

Spine *
copies_next(CopiesWalk *walk)
{
	CopiesEntry *entry = walk->started ? walk->entry : entry_list;

	walk->started = true;
	while (entry != NULL && entry->top == NULL)
		entry = entry->next;
	walk->entry = entry == NULL ? NULL : entry->next;
	return entry == NULL ? NULL : entry->top;
}

/* A subtransaction's copy becomes its parent's, in the place of what that had. */
static void
hand_to_parent(CopiesEntry *entry, int nest)
{
	Spine	   *spine = entry->top;

	if (spine == NULL || spine->nest < nest)
		return;
	spine->nest = nest - 1;
	if (spine->outer != NULL && spine->outer->nest == nest - 1)
	{
		Spine	   *replaced = spine->outer;

		add_counts(&spine->counts, &replaced->counts);
		events_append(&replaced->events, &spine->events);
		spine->events = replaced->events;
		replaced->events = (EventLog) {0};
		spine->outer = replaced->outer;
		free_copy(replaced);
	}
}

void
copies_commit_subtransaction(int nest)
{
	for (CopiesEntry *entry = entry_list; entry != NULL; entry = entry->next)
		hand_to_parent(entry, nest);
}

void
copies_abort_subtransaction(int nest)
{
	for (CopiesEntry *entry = entry_list; entry != NULL; entry = entry->next)
		while (entry->top != NULL && entry->top->nest >= nest)
		{
			Spine	   *undone = entry->top;

			entry->top = undone->outer;
			free_copy(undone);
		}
}

void
copies_forget(void)
{
	entries = NULL;
	entry_list = NULL;
}
