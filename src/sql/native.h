/*
 * native.h
 *		What the functions for native tables have in common.
 */
#ifndef SPINE_SQL_NATIVE_H
#define SPINE_SQL_NATIVE_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"

/*
 * The native table in argument n, open and locked until the transaction ends, of which
 * its owner asks something that writes.
 */
extern Relation native_arg(FunctionCallInfo fcinfo, int n, LOCKMODE lock);

#endif
