/*
 * options.h
 *		What a spine's owner has set for it.  Rows of spine_option.
 */
#ifndef SPINE_STATE_OPTIONS_H
#define SPINE_STATE_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

/* The signature of a relation's merge function, palloc'd; NULL without one. */
extern char *options_merge_function(Oid relid, Snapshot snapshot);

/* Under the spine's lock.  NULL takes it away. */
extern void options_set_merge_function(Oid relid, const char *signature);

/* Oids of the relations that have one. */
extern List *options_with_merge_function(Snapshot snapshot);

#endif
