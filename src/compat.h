/*
 * compat.h
 *		Differences between PostgreSQL releases, all in one place.
 */
#ifndef SPINE_COMPAT_H
#define SPINE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#include "storage/ipc.h"
#include "utils/acl.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM < 150000
#error "spine needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM < 160000
#define object_ownercheck(classid, objectid, roleid) \
	pg_class_ownercheck(objectid, roleid)
#define database_ownercheck(objectid, roleid) \
	pg_database_ownercheck(objectid, roleid)
#define function_aclcheck(objectid, roleid, mode) \
	pg_proc_aclcheck(objectid, roleid, mode)
#else
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#define database_ownercheck(objectid, roleid) \
	object_ownercheck(DatabaseRelationId, objectid, roleid)
#define function_aclcheck(objectid, roleid, mode) \
	object_aclcheck(ProcedureRelationId, objectid, roleid, mode)
#endif

/* Files of relations have been renamed in 16. */
#if PG_VERSION_NUM < 160000
#include "storage/relfilenode.h"
typedef Oid RelFileNumber;
typedef RelFileNode RelFileLocator;
typedef bool TU_UpdateIndexes;
#define relation_set_new_filelocator relation_set_new_filenode
#define rd_locator rd_node
#define spcOid spcNode
#define relNumber relNode
#else
#include "storage/relfilelocator.h"
#endif

/* What ExecutorCheckPerms_hook is given. */
#include "nodes/parsenodes.h"
#if PG_VERSION_NUM < 160000
typedef RangeTblEntry PermsOfTable;
#define PERMS_HOOK_ARGS List *tables, bool report
#define PERMS_HOOK_PASS tables, report
#else
typedef RTEPermissionInfo PermsOfTable;
#define PERMS_HOOK_ARGS List *entries, List *tables, bool report
#define PERMS_HOOK_PASS entries, tables, report
#endif

/* Named wait events are from 17 on. */
#if PG_VERSION_NUM < 170000
#define named_wait_event(name) PG_WAIT_EXTENSION
#else
#define named_wait_event(name) WaitEventExtensionNew(name)
#endif

/* Intervals are finite before 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(interval) ((void) (interval), false)
#endif

#if PG_VERSION_NUM < 170000
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#define my_local_transaction (MyProc->lxid)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#define my_local_transaction (MyProc->vxid.lxid)
#define IsAutoVacuumWorkerProcess() AmAutoVacuumWorkerProcess()
#include "miscadmin.h"
#endif

#endif
