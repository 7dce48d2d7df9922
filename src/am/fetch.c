/*
 * fetch.c
 *		Finding one row in a run by its tid.
 *
 * It takes a look at each of the companion's rows, so it is for the few that a
 * statement names by their ctid or comes back to.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "utils/snapmgr.h"

#include "am/fetch.h"
#include "am/runs.h"
#include "am/runscan.h"

/* The slot has made a tuple of the row, with a header in which nothing is set. */
static void
fill_header(TupleTableSlot *slot)
{
	HeapTupleHeader header;

	if (!TTS_IS_BUFFERTUPLE(slot))
		return;
	header = ((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data;
	HeapTupleHeaderSetXmin(header, FrozenTransactionId);
	HeapTupleHeaderSetXminFrozen(header);
	HeapTupleHeaderSetXmax(header, InvalidTransactionId);
	HeapTupleHeaderSetCmin(header, FirstCommandId);
	header->t_infomask |= HEAP_XMAX_INVALID;
}

bool
runs_fetch(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot)
{
	int			row = ItemPointerGetOffsetNumber(tid) - FirstOffsetNumber;
	bool		found = false;
	RunScan    *scan;

	if (!IsMVCCSnapshot(snapshot))
		snapshot = GetActiveSnapshot();
	scan = runscan_begin(rel, snapshot, NULL, NULL);
	if (scan == NULL)
		return false;
	for (int i = 0; i < runscan_groups(scan) && !found; i++)
	{
		const GroupInfo *info = runscan_group(scan, i);

		if (GROUP_BLOCK(info->group) != ItemPointerGetBlockNumber(tid) || row >= info->nrows)
			continue;
		runscan_row(scan, i, row, slot);
		ExecMaterializeSlot(slot);
		fill_header(slot);
		found = true;
	}
	runscan_end(scan);
	return found;
}
