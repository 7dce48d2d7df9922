/*
 * options.h
 *		What a spine's owner has set for it.  Rows of spine_option.
 */
#ifndef SPINE_STATE_OPTIONS_H
#define SPINE_STATE_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#define EXERT_EFFORT_DEFAULT (-1)	/* that of the server */

typedef struct SpineOptions
{
	char	   *merge_function; /* its signature, or NULL */
	int			exert_effort;	/* when idle; 0 = never */
} SpineOptions;

/* Those of a relation, palloc'd. */
extern SpineOptions options_read(Oid relid, Snapshot snapshot);

/*
 * Under the spine's lock, or with nobody else at the relation, with what SnapshotSelf
 * sees, changed.
 */
extern void options_write(Oid relid, const SpineOptions *options);

/* The spine ends, and how it is merged; another one may take its place. */
extern void options_end_merges(Oid relid);

/* The spine ends, and what was set for it. */
extern void options_end(Oid relid);

/* Oids of the relations that have one. */
extern List *options_with_merge_function(Snapshot snapshot);

#endif
