/*
 * native_hooks.h
 *		What native tables must hear of, or keep from happening, beyond what the
 *		access method is asked for.
 */
#ifndef SPINE_AM_NATIVE_HOOKS_H
#define SPINE_AM_NATIVE_HOOKS_H

#include "postgres.h"

/* Raises the error for an index on a native table. */
extern void native_refuse_index(Oid relid);

/* Installs the hooks; once, when the library is preloaded, after the state's. */
extern void native_install_hooks(void);

#endif
