/*
 * absorb.c
 *		Moving rows of a native table from its delta into a run.
 *
 * One transaction deletes rows that its snapshot sees from the delta and writes
 * them as a run, which it pushes onto the table's spine as a batch with the run's
 * number as its only part.  So a snapshot sees a row in the delta or in the
 * run.  Nobody is waited for: a row that another transaction has locked
 * or is changing stays where it is until the next time.
 *
 * Rows are deleted the way an UPDATE that moves them to another partition does
 * it.  Whoever has waited for such a row can then tell it from one that is gone
 * (am.c).
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_publication.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "am/absorb.h"
#include "am/file.h"
#include "am/run_writer.h"
#include "am/runs.h"
#include "dev/stop_point.h"
#include "state/merge.h"
#include "state/report.h"
#include "state/values.h"

typedef struct Absorber
{
	Relation	rel;
	Snapshot	snapshot;
	CommandId	command;
	RunWriter  *writer;			/* NULL: no row yet */
	Spine	   *spine;			/* with the writer */
	Description desc;
	TupleTableSlot *slot;
	MemoryContext context;		/* the caller's */
	MemoryContext row;			/* for the values of one */
	Absorption *result;
} Absorber;

const char *
absorb_objection(Relation rel)
{
	PublicationDesc published;

	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		return "Temporary tables have no runs.";
	RelationBuildPublicationDesc(rel, &published);
	if (published.pubactions.pubinsert || published.pubactions.pubdelete)
		return "It is published, and subscribers would see its rows being deleted.";
	return NULL;
}

/* Takes a row out of the delta; false if somebody else is at it. */
static bool
take_out(Absorber *absorber)
{
	TM_FailureData failure;

	return heap_delete(absorber->rel, &absorber->slot->tts_tid, absorber->command,
					   InvalidSnapshot, false, &failure, true) == TM_Ok;
}

/* A row that is too big for a group can only be in the delta. */
static bool
fits(Absorber *absorber)
{
	TupleTableSlot *slot = absorber->slot;

	slot_getallattrs(slot);
	return group_row_fits(group_row_size(RelationGetDescr(absorber->rel), slot->tts_values,
										 slot->tts_isnull));
}

/* The table's file gets a companion only for a row to be put there. */
static void
begin_run(Absorber *absorber)
{
	NativeFile	file;
	CoreError	err;
	MemoryContext old = MemoryContextSwitchTo(absorber->context);

	file_open(absorber->rel, &file);
	absorber->spine = spine_open(RelationGetRelid(absorber->rel));
	if (spine_next_time(absorber->spine, &absorber->desc, &err) != CORE_OK)
		report_core_error(&err);
	absorber->writer = run_writer_begin(absorber->rel, &file,
										(int64) absorber->desc.lower.time);
	MemoryContextSwitchTo(old);
}

static void
move_row(Absorber *absorber)
{
	MemoryContext old = MemoryContextSwitchTo(absorber->row);

	if (fits(absorber) && take_out(absorber))
	{
		if (absorber->writer == NULL)
			begin_run(absorber);
		run_writer_add(absorber->writer, absorber->slot);
		absorber->result->rows++;
	}
	else
		absorber->result->left++;
	MemoryContextSwitchTo(old);
	MemoryContextReset(absorber->row);
}

static void
move_rows(Absorber *absorber, int64 max_rows)
{
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();
	TableScanDesc scan = heap->scan_begin(absorber->rel, absorber->snapshot, 0, NULL, NULL,
										  SO_TYPE_SEQSCAN | SO_ALLOW_STRAT | SO_ALLOW_PAGEMODE);

	absorber->slot = MakeSingleTupleTableSlot(RelationGetDescr(absorber->rel),
											  &TTSOpsBufferHeapTuple);
	while (!absorber->result->more &&
		   heap->scan_getnextslot(scan, ForwardScanDirection, absorber->slot))
	{
		CHECK_FOR_INTERRUPTS();
		move_row(absorber);
		absorber->result->more = max_rows > 0 && absorber->result->rows >= max_rows;
	}
	ExecDropSingleTupleTableSlot(absorber->slot);
	heap->scan_end(scan);
}

/* Tells the spine of the run. */
static void
push_run(Absorber *absorber)
{
	/* Too big for the stack; a push calls nothing that could push. */
	static PushEffects effects;
	Datum		part = CStringGetTextDatum(psprintf(INT64_FORMAT, absorber->writer->run));
	BatchRow	row = {.desc = absorber->desc, .len = absorber->writer->rows};

	row.parts = construct_array(&part, 1, TEXTOID, -1, false, TYPALIGN_INT);
	row.runs = construct_empty_array(INT4OID);
	effects.want_requests = false;
	effects.nrequests = 0;
	spine_push(absorber->spine, &row, &effects);
	stop_point("run_pushed");
}

static void
end_run(Absorber *absorber)
{
	run_writer_finish(absorber->writer);
	stop_point("run_written");
	/* Rows that add up to zero leave nothing. */
	if (absorber->writer->rows > 0)
		push_run(absorber);
	run_writer_end(absorber->writer);
}

bool
absorb(Relation rel, int64 max_rows, bool wait, Absorption *result)
{
	Absorber	absorber = {.rel = rel, .result = result};
	const char *objection = absorb_objection(rel);

	memset(result, 0, sizeof(*result));
	if (objection != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot absorb rows of table \"%s\"", RelationGetRelationName(rel)),
				 errdetail("%s", objection),
				 errhint("Its rows stay where they are, and can be read and written as before.")));
	if (!spine_lock(RelationGetRelid(rel), wait))
		return false;
	absorber.context = CurrentMemoryContext;
	absorber.row = AllocSetContextCreate(CurrentMemoryContext, "spine absorbed row",
										 ALLOCSET_DEFAULT_SIZES);
	absorber.snapshot = RegisterSnapshot(GetTransactionSnapshot());
	absorber.command = GetCurrentCommandId(true);
	move_rows(&absorber, max_rows);
	if (absorber.writer != NULL)
		end_run(&absorber);
	UnregisterSnapshot(absorber.snapshot);
	MemoryContextDelete(absorber.row);
	return true;
}
