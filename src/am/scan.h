/*
 * scan.h
 *		Scans of native tables: first the rows in the runs, then the delta.
 */
#ifndef SPINE_AM_SCAN_H
#define SPINE_AM_SCAN_H

#include "postgres.h"

#include "access/tableam.h"

/* Puts the callbacks for scans into a routine that is otherwise the heap's. */
extern void scan_set_callbacks(TableAmRoutine *routine);

#endif
