/*
 * trace_row.h
 *		The row of spine_trace: a trace to and from the table.
 */
#ifndef SPINE_STATE_TRACE_ROW_H
#define SPINE_STATE_TRACE_ROW_H

#include "nodes/pg_list.h"

#include "state/working.h"

/* Which version of a spine's row; no two that are not the same have all in common. */
typedef struct RowVersion
{
	Oid			relid;
	ItemPointerData tid;
	TransactionId xmin;
} RowVersion;

/*
 * Loads the row that a snapshot sees; false if there is none.  SnapshotSelf, for
 * the latest state, is right under the spine's lock only.  A damaged image is an
 * error, or taken for that of an empty spine where damaged_ok, with what stands in
 * columns of its own.
 */
extern bool trace_row_load(Oid relid, Snapshot snapshot, bool damaged_ok, Spine *spine);

/*
 * Under the spine's lock: is the row at spine->tid still the version that
 * spine->xmin made?
 */
extern bool trace_row_is_current(const Spine *spine);

/* Does a snapshot see this version?  Reads no index. */
extern bool trace_row_is_seen(const RowVersion *row, Snapshot snapshot);

/* The versions of all rows that a snapshot sees, and the oids of their relations. */
extern List *trace_row_versions(Snapshot snapshot);
extern List *trace_row_relations(Snapshot snapshot);

/* Is there a committed row, or one of this transaction? */
extern bool trace_row_exists(Oid relid);

/* Inserts the row and fills in spine->tid and spine->xmin. */
extern void trace_row_insert(Spine *spine);

/* Writes the row at spine->tid anew, and fills these in again. */
extern void trace_row_update(Spine *spine);

extern void trace_row_delete(Spine *spine);

#endif
