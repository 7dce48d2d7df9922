/*
 * refill.h
 *		Writing runs anew where they lack columns.
 */
#ifndef SPINE_AM_REFILL_H
#define SPINE_AM_REFILL_H

#include "postgres.h"

#include "utils/rel.h"

/*
 * Sees to it that the groups of a table need none of the values that it has for rows
 * from before a column was added.  They are about to be forgotten; the caller has
 * locked the table exclusively.
 */
extern void runs_refill(Relation rel);

#endif
