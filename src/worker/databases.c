/*
 * databases.c
 *		The databases of the cluster, as the launcher knows them.
 *
 * Nobody tells the launcher which databases to serve: it reads pg_database, and
 * its workers find out whether the extension is there.  What it remembers of a
 * database stays in its own memory; a new launcher starts with nothing and
 * visits them all.
 */
#include "worker/databases.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "worker/places.h"

/* What the server leaves in datconnlimit when DROP DATABASE was interrupted. */
#define DROPPED_HALFWAY (-2)

static HTAB *databases = NULL;
static uint64 lists = 0;		/* read so far */

static void
create_table(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Database);
	control.hcxt = TopMemoryContext;
	databases = hash_create("spine databases", 64, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* A new one is due for a visit at once. */
static void
list_database(Oid oid, const char *name)
{
	bool		found;
	Database   *database = hash_search(databases, &oid, HASH_ENTER, &found);

	if (!found)
	{
		memset(database, 0, sizeof(Database));
		database->oid = oid;
		database->routine_at = mailbox_clock();
	}
	strlcpy(database->name, name, NAMEDATALEN);
	database->listed = lists;
}

/* Lists what can be connected to, templates too. */
static void
read_catalog(void)
{
	MemoryContext context = CurrentMemoryContext;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (form->datallowconn && form->datconnlimit != DROPPED_HALFWAY)
			list_database(form->oid, NameStr(form->datname));
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Those with a worker stay until it has ended. */
static void
forget_unlisted(void)
{
	int			count;
	Database  **all = databases_all(&count);

	for (int i = 0; i < count; i++)
		if (all[i]->listed != lists && all[i]->handle == NULL)
			(void) hash_search(databases, &all[i]->oid, HASH_REMOVE, NULL);
}

void
databases_refresh(void)
{
	uint64		generation = places_generation();
	MailboxSlot *slots = palloc(sizeof(MailboxSlot) * MAILBOX_SLOTS);
	int			count;

	if (databases == NULL)
		create_table();
	lists++;
	read_catalog();
	forget_unlisted();

	count = mailbox_look(slots, NULL);
	for (int i = 0; i < count; i++)
	{
		Database   *database = databases_find(slots[i].database);

		if (database == NULL || database->listed != lists)
			places_forget(slots[i].database, generation);
	}
	pfree(slots);
}

Database *
databases_find(Oid oid)
{
	return databases == NULL ? NULL :
		hash_search(databases, &oid, HASH_FIND, NULL);
}

Database **
databases_all(int *count)
{
	Database  **all;
	Database   *database;
	HASH_SEQ_STATUS status;

	*count = 0;
	if (databases == NULL)
		return NULL;
	all = palloc(sizeof(Database *) * (hash_get_num_entries(databases) + 1));
	hash_seq_init(&status, databases);
	while ((database = hash_seq_search(&status)) != NULL)
		all[(*count)++] = database;
	return all;
}
