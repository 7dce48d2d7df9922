/*
 * vacuum.c
 *		VACUUM and VACUUM FULL of native tables.
 *
 * The delta is a heap, and so is the companion with the runs: both are vacuumed as
 * heaps are, the companion as the server does a toast table, after its table and in
 * its name.  Autovacuum finds companions by itself.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xloginsert.h"
#include "commands/cluster.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "postmaster/autovacuum.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"

#include "am/file.h"
#include "am/refill.h"
#include "am/vacuum.h"
#include "compat.h"
#include "dev/stop_point.h"

static const TableAmRoutine *heap;

/*
 * A heap that is not the command's own, and its toast table; left out if somebody is
 * at it, as autovacuum may be.
 */
static void
vacuum_heap(Oid relid, VacuumParams *params, BufferAccessStrategy strategy)
{
	Relation	rel;
	Oid			toast;

	if (!ConditionalLockRelationOid(relid, ShareUpdateExclusiveLock))
		return;
	rel = table_open(relid, NoLock);
	toast = rel->rd_rel->reltoastrelid;
	heap->relation_vacuum(rel, params, strategy);
	table_close(rel, NoLock);
	stop_point("companion_vacuumed");
	if (OidIsValid(toast))
		vacuum_heap(toast, params, strategy);
}

/* ANALYZE comes to us for blocks only, and so to the runs by way of one at least. */
static void
keep_block(Relation rel)
{
	Buffer		buffer;

	LockRelationForExtension(rel, ExclusiveLock);
	if (RelationGetNumberOfBlocks(rel) == 0)
	{
		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, NULL);
		START_CRIT_SECTION();
		PageInit(BufferGetPage(buffer), BufferGetPageSize(buffer), 0);
		MarkBufferDirty(buffer);
		if (RelationNeedsWAL(rel))
			log_newpage_buffer(buffer, true);
		END_CRIT_SECTION();
		UnlockReleaseBuffer(buffer);
	}
	UnlockRelationForExtension(rel, ExclusiveLock);
}

static void
vacuum_native(Relation rel, struct VacuumParams *params, BufferAccessStrategy strategy)
{
	NativeFile	file;

	heap->relation_vacuum(rel, params, strategy);
	if (!file_find(rel, &file))
		return;
	if (RelationGetNumberOfBlocks(rel) == 0)
		keep_block(rel);
	if (!IsAutoVacuumWorkerProcess())
		vacuum_heap(file.runs, params, strategy);
}

/*
 * VACUUM FULL.  The runs stay what they are, but for columns that they lack; the
 * companion is written anew as any heap is.
 */
static void
copy_for_cluster(Relation from, Relation to, Relation index, bool use_sort,
				 TransactionId oldest, TransactionId *freeze, MultiXactId *minmulti,
				 double *ntuples, double *vacuumed, double *recently_dead)
{
	ClusterParams params = {0};
	NativeFile	file;

	heap->relation_copy_for_cluster(from, to, index, use_sort, oldest, freeze, minmulti,
									ntuples, vacuumed, recently_dead);
	if (!file_find(from, &file))
		return;
	runs_refill(from);
	cluster_rel(file.runs, InvalidOid, &params);
	stop_point("companion_rewritten");
	file_move(from->rd_rel->reltablespace, from->rd_rel->relfilenode,
			  to->rd_rel->reltablespace, to->rd_rel->relfilenode);
}

void
vacuum_set_callbacks(TableAmRoutine *routine)
{
	heap = GetHeapamTableAmRoutine();
	routine->relation_vacuum = vacuum_native;
	routine->relation_copy_for_cluster = copy_for_cluster;
}
