/*
 * args.h
 *		What every SQL function does first: is the library preloaded, is the
 *		relation one that can be a spine, may this user do that.
 */
#ifndef SPINE_SQL_ARGS_H
#define SPINE_SQL_ARGS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/acl.h"

#include "state/batches.h"
#include "state/tables.h"
#include "state/values.h"

/* The privilege that a function asks for; OWNER stands for ownership. */
#define PRIVILEGE_OWNER ((AclMode) 0)

/*
 * The relation in argument n, which must be a table, partitioned table, foreign
 * table or materialized view that the user has the privilege on.  Takes an
 * AccessShare lock on it until the transaction ends.
 */
extern Oid	relation_arg(FunctionCallInfo fcinfo, int n, AclMode privilege);

/*
 * The same for what brings batches and merges, or ends a spine: an error if it is a
 * native table, with whose spine the server does all that itself.
 */
extern Oid	outside_relation_arg(FunctionCallInfo fcinfo, int n, AclMode privilege);

/* Raises that error. */
extern void refuse_native(FunctionCallInfo fcinfo, Oid relid);

/* The first, but the lock is given back at once. */
extern Oid	relation_arg_unlocked(FunctionCallInfo fcinfo, int n, AclMode privilege);

/* Raises the error for an OID that no relation has (any more). */
extern void relation_does_not_exist(Oid relid) pg_attribute_noreturn();

/*
 * The relation in argument n, or the number of one that is gone, of which only a
 * superuser may have what it has left behind.
 */
extern Oid	relation_or_gone_arg(FunctionCallInfo fcinfo, int n, AclMode privilege);

/* Raises an error unless the user has the privilege, or it is gone, as above. */
extern void check_relation_or_gone(FunctionCallInfo fcinfo, Oid relid, AclMode privilege);

/* May the user see the rows of this relation in a view? */
extern bool relation_is_visible(Oid relid);

/* Does the relation exist, and has the user the privilege on it? */
extern bool relation_allows(Oid relid, AclMode privilege);

/* Is it no temporary table of another session? */
extern bool relation_is_shared_or_own(Oid relid);

/*
 * Makes PREPARE TRANSACTION refuse this transaction if the relation is temporary;
 * an error if it is so in another session.
 */
extern void note_temporary(Oid relid);

/* Raises an error unless the user has the privilege on a relation that exists. */
extern void check_relation_privilege(FunctionCallInfo fcinfo, Oid relid, AclMode privilege);

/* Raises an error if argument n is null. */
extern void require_arg(FunctionCallInfo fcinfo, int n, const char *name);

extern Frontier frontier_arg(FunctionCallInfo fcinfo, int n, const char *name);
extern int64 bigint_arg(FunctionCallInfo fcinfo, int n, const char *name);
extern ArrayType *array_arg(FunctionCallInfo fcinfo, int n, const char *name);

/* An interval's text, for messages. */
extern char *interval_text(Datum interval);

/* The timeout in argument n, from 0 to a minute, in milliseconds. */
extern int64 timeout_arg(FunctionCallInfo fcinfo, int n);

#endif
