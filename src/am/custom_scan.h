/*
 * custom_scan.h
 *		Scans that decode only the columns that are needed and pass over row groups
 *		that cannot match.
 */
#ifndef SPINE_AM_CUSTOM_SCAN_H
#define SPINE_AM_CUSTOM_SCAN_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "nodes/plannodes.h"

/* Offers such scans to the planner from now on; once a process. */
extern void custom_scan_install(void);

/* How a scan is to be executed: a CustomScanState (custom_exec.c). */
extern Node *custom_scan_state(CustomScan *plan);

#endif
