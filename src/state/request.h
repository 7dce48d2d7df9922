/*
 * request.h
 *		Merge requests as rows.
 */
#ifndef SPINE_STATE_REQUEST_H
#define SPINE_STATE_REQUEST_H

#include "postgres.h"

#include "utils/snapshot.h"

#include "state/offer.h"

/* Columns of a request after relation: id_lo up to and including runs. */
#define REQUEST_COLUMNS 9

/*
 * Fills in those columns.  parts and runs are null when there are more parts
 * than spine.max_request_parts; else they are read under the snapshot (NULL for
 * the latest state, under the spine's lock).
 */
extern void request_values(Oid relid, const MergeRequest *request, Snapshot snapshot,
						   Datum *values, bool *nulls);

/* The same of a stretch of one, of which everything is at hand; all parts, or as above. */
extern void stretch_values(const Stretch *stretch, bool all_parts, Datum *values,
						   bool *nulls);

#endif
