/*
 * background.c
 *		Absorption by the database's worker: which tables, and when.
 *
 * The server counts what is inserted into each table.  A table is absorbed when
 * that count is spine.absorb_rows more than when it was absorbed last, or is more
 * at all since spine.absorb_delay.  Counts arrive late, from idle sessions after
 * ten seconds or so, so for a while after somebody has told of a write the worker
 * looks now and then.  A table that it does not know is absorbed once.
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
#include "storage/proc.h"
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
#include "state/working.h"

/* Milliseconds. */
#define LOOK_PAUSE 1000
#define COUNT_DELAY 15000		/* until counts have arrived */
#define NOTE_PAUSE 1000			/* between two words to the worker of one session */

/* Rows that are absorbed in one transaction. */
#define ABSORB_ROWS 100000

typedef struct KnownTable
{
	Oid			relid;
	bool		listed;			/* in the latest look */
	int64		absorbed;		/* the count when it was absorbed last; -1 = never */
	int64		count;			/* of the latest look */
	int64		changed_at;		/* when it was first seen to differ; 0 = it does not */
	int64		again_at;		/* not before, after something was left */
} KnownTable;

static HTAB *known = NULL;
static int64 active_at = 0;		/* a count has changed, or may change soon */

static KnownTable *
know(Oid relid)
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
		table->absorbed = -1;
	}
	return table;
}

static int64
written_count(Oid relid)
{
	PgStat_StatTabEntry *entry = pgstat_fetch_stat_tabentry(relid);

	return entry == NULL ? 0 : (int64) (entry->tuples_inserted + entry->tuples_updated);
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

/* Is it time for a table?  Follows its count. */
static bool
is_due(KnownTable *table, int64 now)
{
	int64		count = written_count(table->relid);

	if (count != table->count)
		active_at = now;
	table->count = count;
	if (count == table->absorbed && table->again_at == 0)
	{
		table->changed_at = 0;
		return false;
	}
	if (table->changed_at == 0)
		table->changed_at = now;
	active_at = now;
	if (now < table->again_at)
		return false;
	return table->absorbed < 0 || table->again_at != 0 ||
		count - table->absorbed >= spine_absorb_rows || count < table->absorbed ||
		now >= table->changed_at + spine_absorb_delay;
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

List *
background_tables(int64 *pause)
{
	int64		now = mailbox_clock();
	List	   *due = NIL;
	List	   *relids;
	ListCell   *cell;

	*pause = -1;
	if (spine_absorb_delay < 0)
		return NIL;
	relids = native_tables();
	foreach(cell, relids)
	{
		KnownTable *table = know(lfirst_oid(cell));

		table->listed = true;
		if (is_due(table, now))
			due = lappend_oid(due, table->relid);
	}
	forget_unlisted();
	if (relids != NIL && now < active_at + COUNT_DELAY)
		*pause = LOOK_PAUSE;
	return due;
}

/* The table, locked, if it still is one that can be absorbed just now. */
static Relation
open_table(Oid relid)
{
	Relation	rel;

	if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		return NULL;
	if (relation_is_native(relid) && absorb_objection(rel) == NULL)
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
	KnownTable *table = know(relid);
	Relation	rel = open_table(relid);
	Absorption	result;
	bool		done;

	table->again_at = mailbox_clock() + Max(spine_absorb_delay, LOOK_PAUSE);
	if (rel == NULL)
		return WORK_NONE;
	done = absorb_as_owner(rel, &result);
	relation_close(rel, NoLock);
	if (!done)
		return WORK_BUSY;
	if (result.more)
		return WORK_MORE;
	table->absorbed = table->count;
	table->changed_at = 0;
	if (result.left == 0)
		table->again_at = 0;
	return result.rows > 0 ? WORK_DONE : WORK_NONE;
}

/*
 * Telling takes a lock that all share, so a session does it once in a while only.
 * The worker then goes on looking for longer than that.
 */
void
background_note_write(void)
{
	static int64 noted_at = 0;
	static LocalTransactionId noted_in = InvalidLocalTransactionId;
	int64		now;

	if (noted_in == my_local_transaction)
		return;
	noted_in = my_local_transaction;
	now = mailbox_clock();
	if (now < noted_at + NOTE_PAUSE)
		return;
	noted_at = now;
	spine_notify_at_commit();
}
