/*
 * background.c
 *		Absorption by the database's worker: which tables, and when.
 *
 * The server counts what is inserted into each table.  A table is absorbed when
 * that count is spine.absorb_rows more than when it was absorbed last, or is more
 * at all since spine.absorb_delay.  Counts arrive late, from idle sessions after
 * ten seconds or so, so for a while after somebody has told of a write the worker
 * looks now and then.
 *
 * Of a table that it does not know a worker cannot tell what is in the delta, so it
 * takes it for one that is written to when it is first seen.  What the worker before
 * has left for later is not put off by that: the next one takes over since when it was
 * waiting.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "am/absorb.h"
#include "am/background.h"
#include "am/file.h"
#include "compat.h"
#include "spine.h"
#include "state/mailbox.h"
#include "state/tables.h"

/* Milliseconds. */
#define LOOK_PAUSE 1000
#define LOOK_PAUSE_MAX 60000	/* settings may have changed */
#define COUNT_DELAY 15000		/* until counts have arrived */
#define NOTE_PAUSE 1000			/* between two words to the worker of one session */

/* Rows that are absorbed in one transaction. */
#define ABSORB_ROWS 100000

typedef struct KnownTable
{
	Oid			relid;
	bool		listed;			/* in the latest look */
	bool		unknown;		/* not absorbed since it was first seen */
	int64		absorbed;		/* the count when it was absorbed last, or first seen */
	int64		count;			/* of the latest look */
	int64		changed_at;		/* since when it may have rows to absorb; 0 = it has none */
	int64		again_at;		/* not before, after something was left */
} KnownTable;

static HTAB *known = NULL;
static int64 active_at = 0;		/* a count has changed, or may change soon */
static bool told_at_commit = false;

static int64
written_count(Oid relid)
{
	PgStat_StatTabEntry *entry = pgstat_fetch_stat_tabentry(relid);

	return entry == NULL ? 0 : (int64) (entry->tuples_inserted + entry->tuples_updated);
}

/* The table; one that is new has been written to at that time. */
static KnownTable *
know(Oid relid, int64 changed_at)
{
	bool		found;
	KnownTable *table;

	if (known == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(KnownTable)};

		control.hcxt = TopMemoryContext;
		known = hash_create("spine native tables", 64, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	table = hash_search(known, &relid, HASH_ENTER, &found);
	if (!found)
	{
		memset(table, 0, sizeof(KnownTable));
		table->relid = relid;
		table->unknown = true;
		table->absorbed = table->count = written_count(relid);
		table->changed_at = changed_at;
	}
	return table;
}

/* Has its rows absorbed, as far as can be told from the catalog; it may be gone by now. */
static bool
is_absorbed(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	bool		is;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	is = (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW) &&
		form->relpersistence != RELPERSISTENCE_TEMP;
	ReleaseSysCache(tuple);
	return is;
}

/* Tables depend on their access method, of which there is an index. */
static List *
native_tables(void)
{
	Oid			am = get_table_am_oid("spine", true);
	Relation	depend;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *relids = NIL;

	if (!OidIsValid(am))
		return NIL;
	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(AccessMethodRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(am));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, keys);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (form->classid == RelationRelationId && is_absorbed(form->objid))
			relids = list_append_unique_oid(relids, form->objid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return relids;
}

/* When it is time for a table, after all that has been written to it; follows its count. */
static int64
due_at(KnownTable *table, int64 now)
{
	int64		count = written_count(table->relid);

	if (count != table->count)
		active_at = now;
	table->count = count;
	if (count == table->absorbed && table->again_at == 0 && !table->unknown)
	{
		table->changed_at = 0;
		return PG_INT64_MAX;
	}
	if (table->changed_at == 0)
		table->changed_at = now;
	if (table->again_at != 0)
		return table->again_at;
	if (count - table->absorbed >= spine_absorb_rows || count < table->absorbed)
		return now;
	return table->changed_at + spine_absorb_delay;
}

static void
forget_unlisted(void)
{
	HASH_SEQ_STATUS status;
	KnownTable *table;

	if (known == NULL)
		return;
	hash_seq_init(&status, known);
	while ((table = hash_seq_search(&status)) != NULL)
	{
		if (!table->listed)
			(void) hash_search(known, &table->relid, HASH_REMOVE, NULL);
		table->listed = false;
	}
}

void
background_expect_writes(void)
{
	active_at = mailbox_clock();
}

/* The time until the next look, if it is time for a table at next. */
static int64
look_pause(int64 now, int64 next)
{
	if (Min(now - active_at, next - now) < COUNT_DELAY)
		return LOOK_PAUSE;
	return next == PG_INT64_MAX ? -1 : Min(next - now, LOOK_PAUSE_MAX);
}

List *
background_tables(int64 *waiting_since, int64 *pause)
{
	int64		now = mailbox_clock();
	int64		first_seen = known == NULL && *waiting_since != 0 ? *waiting_since : now;
	int64		next = PG_INT64_MAX;
	List	   *due = NIL;
	List	   *relids;
	ListCell   *cell;

	*waiting_since = 0;
	*pause = -1;
	if (spine_absorb_delay < 0)
		return NIL;
	relids = native_tables();
	foreach(cell, relids)
	{
		KnownTable *table = know(lfirst_oid(cell), first_seen);
		int64		at = due_at(table, now);

		table->listed = true;
		next = Min(next, at);
		if (at <= now)
			due = lappend_oid(due, table->relid);
		if (table->changed_at != 0 &&
			(*waiting_since == 0 || table->changed_at < *waiting_since))
			*waiting_since = table->changed_at;
	}
	forget_unlisted();
	if (relids != NIL)
		*pause = look_pause(now, next);
	return due;
}

/* The table, locked, if it still is one and nobody keeps us from it. */
static Relation
open_table(Oid relid)
{
	Relation	rel;

	if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		return NULL;
	if (relation_is_native(relid))
		return rel;
	relation_close(rel, NoLock);
	return NULL;
}

/* Types have functions, which run as the table's owner. */
static bool
absorb_as_owner(Relation rel, Absorption *result)
{
	Oid			self;
	int			context;
	int			nest = NewGUCNestLevel();
	bool		done;

	GetUserIdAndSecContext(&self, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner, context | SECURITY_RESTRICTED_OPERATION);
	done = absorb(rel, ABSORB_ROWS, false, result);
	AtEOXact_GUC(false, nest);
	SetUserIdAndSecContext(self, context);
	return done;
}

WorkProgress
background_absorb(Oid relid)
{
	int64		now = mailbox_clock();
	KnownTable *table = know(relid, now);
	Relation	rel = open_table(relid);
	Absorption	result = {0};
	bool		done = true;

	table->again_at = now + Max(spine_absorb_delay, LOOK_PAUSE);
	if (rel == NULL)
		return WORK_NONE;
	/* One that cannot be is looked at again when it is written to. */
	if (absorb_objection(rel) == NULL)
		done = absorb_as_owner(rel, &result);
	relation_close(rel, NoLock);
	if (!done)
		return WORK_BUSY;
	/* A look in between finds it due. */
	if (result.more)
	{
		table->again_at = now;
		return WORK_MORE;
	}
	table->absorbed = table->count;
	table->unknown = false;
	table->changed_at = 0;
	if (result.left == 0)
		table->again_at = 0;
	return result.rows > 0 ? WORK_DONE : WORK_NONE;
}

/*
 * Telling takes a lock that all share, so a session does it once in a while only.
 * The worker then goes on looking for longer than that.  What is told of a
 * transaction that has written while it was going on, or is rolled back, would be
 * of no use.  Nothing here allocates or raises an error.
 */
static void
at_transaction_event(XactEvent event, void *arg)
{
	static int64 told_at = 0;
	int64		now;

	if (!told_at_commit)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			now = mailbox_clock();
			if (told_at == 0 || now >= told_at + NOTE_PAUSE)
			{
				told_at = now;
				mailbox_notify(MyDatabaseId);
			}
			told_at_commit = false;
			break;
		case XACT_EVENT_ABORT:
			/* Whoever commits a prepared transaction tells of it. */
		case XACT_EVENT_PREPARE:
			told_at_commit = false;
			break;
		default:
			break;
	}
}

void
background_note_write(void)
{
	static bool registered = false;

	if (told_at_commit)
		return;
	if (!registered)
		RegisterXactCallback(at_transaction_event, NULL);
	registered = true;
	told_at_commit = true;
}
