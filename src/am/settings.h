/*
 * settings.h
 *		What the owners of native tables have set for them: rows of
 *		spine_table_setting.
 *
 * They belong to the table, whatever becomes of its file and its spine.
 */
#ifndef SPINE_AM_SETTINGS_H
#define SPINE_AM_SETTINGS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

/* Columns are names, as strings; NIL if not set. */
typedef struct NativeSettings
{
	List	   *order_columns;
	List	   *diff_columns;
	Interval   *retention;		/* how long ticks are kept; NULL: there are none */
} NativeSettings;

/* A table's, as a snapshot sees them, in the current context. */
extern NativeSettings settings_read(Oid relid, Snapshot snapshot);

/* The latest, which a lock on the table keeps. */
extern NativeSettings settings_latest(Oid relid);

/* The caller holds a lock on the table that conflicts with itself. */
extern void settings_write(Oid relid, const NativeSettings *settings);

/* The table is gone, or uses spine no more. */
extern void settings_end(Oid relid);

/* A column is dropped: the order goes on without it. */
extern void settings_drop_from_order(Oid relid, const char *name);

/* A column has got another name. */
extern void settings_rename(Oid relid, const char *from, const char *to);

#endif
