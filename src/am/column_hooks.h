/*
 * column_hooks.h
 *		What becomes of columns of native tables that have settings.
 */
#ifndef SPINE_AM_COLUMN_HOOKS_H
#define SPINE_AM_COLUMN_HOOKS_H

#include "postgres.h"

#include "access/attnum.h"

/*
 * Columns of any table, at the moment the object-access hook is called.  Errors:
 * one whose type, or what it is generated from, the settings cannot do with.
 */
extern void column_created(Oid relid, AttrNumber attnum);
extern void column_computed(Oid relid, AttrNumber attnum);
extern void column_altered(Oid relid, AttrNumber attnum);
extern void column_dropped(Oid relid, AttrNumber attnum);

/*
 * At the end of a command: an error for a diff column that it has dropped without its
 * table.
 */
extern void columns_check_dropped(void);

#endif
