/*
 * horizon.h
 *		Since when a part must have been out of its spine, so that nobody can
 *		name it any more.
 */
#ifndef SPINE_STATE_HORIZON_H
#define SPINE_STATE_HORIZON_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

typedef struct Horizon
{
	uint64		xid;			/* every snapshot sees what came before */
	TimestampTz removed_until;	/* at the latest */
	TimestampTz held_at;		/* by the first live hold; removed before that */
} Horizon;

/*
 * The horizon of a relation's spine, with holds as the snapshot sees them.  What
 * the snapshot sees is safe from a crash when this returns.
 */
extern Horizon horizon_get(Oid relid, TimestampTz removed_until, Snapshot snapshot);

/* Is a part beyond it, removed by a transaction that is known to have committed? */
extern bool horizon_passed(const Horizon *horizon, uint64 removed_by,
						   TimestampTz removed_at);

#endif
