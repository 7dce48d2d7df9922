/*
 * demand.h
 *		Whether the database has work for mergers.
 */
#ifndef SPINE_WORKER_DEMAND_H
#define SPINE_WORKER_DEMAND_H

#include "postgres.h"

typedef struct Demand
{
	bool		functions;		/* there are merge functions at all */
	int			open;			/* requests that could be merged at once */
	int64		next;			/* when there may be more: ms from now, -1 = unknown */
} Demand;

/* Looks, in a transaction. */
extern void demand_look(Demand *demand);

/*
 * Wakes mergers, and has more of them started; false if there are not as many as
 * have work.
 */
extern bool demand_meet(const Demand *demand);

#endif
