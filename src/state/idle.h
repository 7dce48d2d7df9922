/*
 * idle.h
 *		Moving the merges of spines along that nobody has pushed to for a while.
 */
#ifndef SPINE_STATE_IDLE_H
#define SPINE_STATE_IDLE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "state/waiting.h"

/* Oids of relations of this database with spines for which it is time. */
extern List *idle_relations(void);

/*
 * Exerts one of them, if it is still idle.  Takes the relation's lock and the
 * spine's conditionally and keeps them until the transaction ends; what somebody
 * else is at work on is not idle.
 */
extern WorkProgress idle_exert(Oid relid);

/*
 * Looks for spines that shared memory does not know, since the server has
 * started or they were evicted: those with merges that could go on count as idle
 * from now on.
 */
extern void idle_get_to_know(void);

#endif
