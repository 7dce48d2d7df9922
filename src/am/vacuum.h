/*
 * vacuum.h
 *		VACUUM and VACUUM FULL of native tables.
 */
#ifndef SPINE_AM_VACUUM_H
#define SPINE_AM_VACUUM_H

#include "postgres.h"

#include "access/tableam.h"

/* Puts the callbacks for them into a routine that is otherwise the heap's. */
extern void vacuum_set_callbacks(TableAmRoutine *routine);

#endif
