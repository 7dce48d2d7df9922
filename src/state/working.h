/*
 * working.h
 *		The working copies of spines: what this transaction has made of them.
 *
 * Order of locks, for whoever writes: the relation (AccessShare or stronger,
 * taken by the caller), then the spine (a heavyweight lock on the object with
 * class spine_trace and the relation's oid, taken here).  Both stay until the
 * transaction ends.  Readers take no lock on a spine.
 */
#ifndef SPINE_STATE_WORKING_H
#define SPINE_STATE_WORKING_H

#include "postgres.h"

#include "storage/itemptr.h"
#include "utils/snapshot.h"

#include "core/trace.h"
#include "state/events.h"
#include "state/registry.h"

/*
 * A working copy, in TopTransactionContext.  There is one per subtransaction
 * that has touched the spine, each on top of the outer one's, and each with an
 * arena of its own.
 */
typedef struct Spine
{
	Oid			relid;
	int			nest;			/* of the subtransaction it belongs to */
	bool		gone;			/* no spine any more: unregistered or dropped */
	bool		dirty;			/* differs from the row */
	bool		foreign;		/* the row was written by another database */
	bool		stays_foreign;	/* all that was done here belongs to its restore */
	bool		shrunk;			/* without room for more levels */
	bool		written;		/* to the row, to be published at commit */
	ItemPointerData tid;		/* of the row in spine_trace */
	TransactionId xmin;			/* of that version of the row */
	int64		generation;
	int			news;			/* NEWS_*, besides what can be seen at commit */
	bool		exerted_idle;	/* because it is idle: it stays so */
	int64		generation_before;	/* when the transaction loaded it, */
	uint64		next_id_before;
	uint64		requests_before;	/* and what requests there were */
	SpineCounts counts;			/* of this subtransaction */
	EventLog	events;			/* likewise */
	struct Spine *outer;
	MemoryContext memory;		/* of the trace's arena, if it has needed any */
	Size		memory_limit;	/* at which the arena is made afresh */
	Trace		trace;			/* last: copied as far as it is in use */
} Spine;

/*
 * The working copy of this subtransaction, for writing; locks the spine and
 * loads its latest committed state if the transaction has not yet.  Errors: not
 * registered; 40001 in REPEATABLE READ and above when the spine has changed
 * since the snapshot; read-only transactions and standbys.
 */
extern Spine *spine_open(Oid relid);

/*
 * The same for who makes the trace anew: a damaged one is taken for empty, and it
 * does not matter what the transaction's snapshot has seen.
 */
extern Spine *spine_open_damaged(Oid relid);

/* The same without waiting; *busy tells a lock that is held from no spine. */
extern Spine *spine_try_open(Oid relid, bool *busy);

/*
 * Only locks it until the transaction ends, even if the relation has no spine; false
 * if it is held and wait is not set.  The relation has to be locked before, as
 * always.
 */
extern bool spine_lock(Oid relid, bool wait);

/* The caller has changed the trace, or will at once. */
extern void spine_changed(Spine *spine);

/* Every batch of the spine is about to be dropped: tells of it. */
extern void spine_tell_drops(Spine *spine);

/* The same: what was made for the trace up to now is not for the one to come. */
extern void spine_begin_generation(Spine *spine);

/*
 * Reads a spine as the active snapshot sees it, or as this transaction has made
 * it.  False if it is not registered.  Fills in *spine but for tid, nest and
 * outer, and *rows with the snapshot for reading its hollow batches.
 */
extern bool spine_read(Oid relid, Spine *spine, Snapshot *rows);

/* The same; an error if it is not registered. */
extern void spine_require(Oid relid, Spine *spine, Snapshot *rows);

/* The first as another snapshot sees it. */
extern bool spine_read_under(Snapshot snapshot, Oid relid, Spine *spine, Snapshot *rows);

/* Raises an error in read-only transactions and on a standby. */
extern void spine_refuse_read_only(void);

/* Raises the error for a relation that is not registered. */
extern void spine_not_registered(Oid relid) pg_attribute_noreturn();

/* Makes a relation a spine; an error if it is one. */
extern void working_register(Oid relid, int dims, int effort);

/* Ends it; its parts become garbage.  A no-op unless registered, if missing_ok. */
extern void working_unregister(Oid relid, bool missing_ok);

/*
 * Likewise, for parts that are nobody's garbage, and but for the owner's settings, which
 * are for the next one; nothing unless registered.
 */
extern void working_discard(Oid relid);

/* The extension is being dropped, and every spine with it. */
extern void working_forget_all(void);

/* Starts an empty spine of the next generation; nothing unless registered. */
extern void working_truncate(Oid relid);

/*
 * This transaction, which has the spine open (else nothing happens), brings news
 * of it that its commit would not see: not a batch or a request more, but a
 * result's outcome or a request that is free again.
 */
extern void spine_add_news(Oid relid, int news);

/* This database's next generations come after that one. */
extern void spine_follow_generation(int64 generation);

/* Wake the worker of this database when this transaction commits. */
extern void spine_notify_at_commit(void);

/*
 * There are merge requests to be looked at when this transaction commits: wakes
 * the worker of this database then, if it has merge functions to run.
 */
extern void spine_requests_at_commit(void);

/* Registers the transaction callbacks; once per process. */
extern void spine_working_init(void);

/* ---------------------------- between working.c, lifecycle.c and commit.c */

/*
 * The working copy of this subtransaction; NULL if there is no spine, or busy.
 * What ends a spine is not strict: it goes without the serialization check, as
 * it does for the relation itself, and does not care whether the image is good.
 */
extern Spine *working_open(Oid relid, bool wait, bool strict, bool *busy);

/* This is what the transaction has found; news at commit are told from it. */
extern void working_note_before(Spine *spine);

#endif
