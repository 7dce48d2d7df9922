/*
 * absorb.c
 *		Moving rows of a native table from its delta into a run.
 *
 * One transaction deletes rows that its snapshot sees from the delta and writes
 * them as a run, which it pushes onto the table's spine as a batch with the run's
 * number as its only part.  So a snapshot sees a row in the delta or in the
 * run.  Nobody is waited for: a row that another transaction has locked
 * or is changing is held, and stays where it is until the next time.
 *
 * Rows are deleted the way an UPDATE that moves them to another partition does
 * it.  Whoever has waited for such a row can then tell it from one that is gone
 * (am.c).  Ticks are tick_maker.h's part of it, for tables that
 * keep their past.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_publication.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "am/absorb.h"
#include "am/file.h"
#include "am/tick_maker.h"
#include "am/run_writer.h"
#include "am/runs.h"
#include "am/times.h"
#include "dev/stop_point.h"
#include "state/merge.h"
#include "state/progress.h"
#include "state/report.h"

/* How often it is told how far it has come. */
#define REPORT_ROWS 128

typedef struct Absorber
{
	Relation	rel;
	int64		max_rows;		/* 0 = all */
	Snapshot	snapshot;
	CommandId	command;
	TickMaker  *maker;			/* NULL: no past is kept */
	RunWriter  *writer;			/* NULL: no row yet */
	Spine	   *spine;			/* NULL: not open yet */
	NativeFile	file;			/* with the spine */
	Description desc;			/* likewise: when it is pushed */
	TupleTableSlot *slot;
	TupleTableSlot *timed;		/* with the writer */
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

/* A row that is too big for a group, with its times, can only be in the delta. */
static bool
fits(Absorber *absorber)
{
	TupleTableSlot *slot = absorber->slot;

	slot_getallattrs(slot);
	return group_row_fits(group_row_size(RelationGetDescr(absorber->rel), slot->tts_values,
										 slot->tts_isnull) + TIME_COLUMNS * sizeof(Datum));
}

static void
open_spine(Absorber *absorber)
{
	CoreError	err;

	file_open(absorber->rel, &absorber->file);
	absorber->spine = spine_open(RelationGetRelid(absorber->rel));
	if (spine_next_time(absorber->spine, &absorber->desc, &err) != CORE_OK)
		report_core_error(&err);
	if (absorber->maker != NULL)
		tick_maker_set_upper(absorber->maker, &absorber->desc);
}

/* The time that is over when this absorption is. */
static int64
time_of(Absorber *absorber)
{
	return (int64) absorber->desc.upper.time - 1;
}

/* The table's file gets a companion only for a row to be put there. */
static void
begin_run(Absorber *absorber)
{
	MemoryContext old = MemoryContextSwitchTo(absorber->context);

	open_spine(absorber);
	absorber->writer = run_writer_begin(absorber->rel, &absorber->file);
	absorber->timed = MakeSingleTupleTableSlot(absorber->writer->desc, &TTSOpsVirtual);
	MemoryContextSwitchTo(old);
}

static void
add_row(Absorber *absorber, TupleTableSlot *slot, int64 inserted, int64 deleted)
{
	times_store(absorber->timed, slot, inserted, deleted);
	run_writer_add(absorber->writer, absorber->timed);
}

/* Only tables that keep their past know when a row came. */
static int64
time_of_rows(Absorber *absorber)
{
	return absorber->maker == NULL ? TIME_NONE : time_of(absorber);
}

static void
move_row(Absorber *absorber)
{
	MemoryContext old = MemoryContextSwitchTo(absorber->row);
	bool		fitting = fits(absorber);

	if (fitting && take_out(absorber))
	{
		if (absorber->writer == NULL)
			begin_run(absorber);
		add_row(absorber, absorber->slot, time_of_rows(absorber), TIME_NONE);
		if (++absorber->result->rows % REPORT_ROWS == 0)
			progress_report(absorber->result->rows);
	}
	else
	{
		absorber->result->left++;
		if (absorber->maker != NULL)
			tick_maker_hold(absorber->maker, fitting ? absorber->slot : NULL);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(absorber->row);
}

static void
move_rows(Absorber *absorber)
{
	Absorption *result = absorber->result;
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();
	TableScanDesc scan = heap->scan_begin(absorber->rel, absorber->snapshot, 0, NULL, NULL,
										  SO_TYPE_SEQSCAN | SO_ALLOW_STRAT | SO_ALLOW_PAGEMODE);

	absorber->slot = MakeSingleTupleTableSlot(RelationGetDescr(absorber->rel),
											  &TTSOpsBufferHeapTuple);
	while (!result->more &&
		   heap->scan_getnextslot(scan, ForwardScanDirection, absorber->slot))
	{
		CHECK_FOR_INTERRUPTS();
		move_row(absorber);
		result->more = absorber->max_rows > 0 && result->rows >= absorber->max_rows;
	}
	progress_report(result->rows);
	ExecDropSingleTupleTableSlot(absorber->slot);
	heap->scan_end(scan);
}

/* Tells the spine of the run; of none, but that its time is over, without a writer. */
static void
push_run(Absorber *absorber)
{
	/* Too big for the stack; a push calls nothing that could push. */
	static PushEffects effects;
	RunWriter  *writer = absorber->writer;
	BatchRow	row = {.desc = absorber->desc};

	row.parts = construct_empty_array(TEXTOID);
	if (writer != NULL && writer->rows > 0)
	{
		Datum		part = CStringGetTextDatum(psprintf(INT64_FORMAT, writer->run));

		row.len = writer->rows;
		row.parts = construct_array(&part, 1, TEXTOID, -1, false, TYPALIGN_INT);
	}
	row.runs = construct_empty_array(INT4OID);
	effects.want_requests = false;
	effects.nrequests = 0;
	spine_push(absorber->spine, &row, &effects);
	stop_point("run_pushed");
}

/* The rows that others hold, as this tick, and no other, shows them. */
static void
write_held(Absorber *absorber)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(absorber->rel),
													&TTSOpsMinimalTuple);
	int64		tick = time_of(absorber);

	while (tick_maker_next_held(absorber->maker, slot))
		add_row(absorber, slot, tick, tick + 1);
	ExecDropSingleTupleTableSlot(slot);
}

static void
finish_run(Absorber *absorber, bool ticks)
{
	if (absorber->writer != NULL)
	{
		if (ticks)
			write_held(absorber);
		run_writer_finish(absorber->writer);
		stop_point("run_written");
	}
	/* Rows that add up to zero leave nothing. */
	if (ticks || (absorber->writer != NULL && absorber->writer->rows > 0))
		push_run(absorber);
	if (ticks)
		tick_maker_make(absorber->maker, absorber->spine, &absorber->file,
						time_of(absorber));
	if (absorber->writer != NULL)
	{
		ExecDropSingleTupleTableSlot(absorber->timed);
		run_writer_end(absorber->writer);
	}
}

static void
refuse(Relation rel, const char *objection)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot absorb rows of table \"%s\"", RelationGetRelationName(rel)),
			 errdetail("%s", objection),
			 errhint("Its rows stay where they are, and can be read and written as before.")));
}

/* With the spine's lock, so that each tick's snapshot is later than that of the one before. */
static void
absorb_rows(Absorber *absorber)
{
	bool		ticks;

	absorber->maker = tick_maker_begin(absorber->rel);
	absorber->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	if (absorber->maker != NULL)
		tick_maker_snapshot_taken(absorber->maker);
	absorber->command = GetCurrentCommandId(true);
	move_rows(absorber);
	ticks = absorber->maker != NULL && tick_maker_wants(absorber->maker, absorber->result);
	if (ticks && absorber->spine == NULL)
		open_spine(absorber);
	finish_run(absorber, ticks);
	if (absorber->maker != NULL)
		tick_maker_end(absorber->maker);
	UnregisterSnapshot(absorber->snapshot);
}

static bool
has_foreign_key(Relation rel)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (RI_FKey_trigger_type(triggers->triggers[i].tgfoid) == RI_TRIGGER_FK)
			return true;
	return false;
}

/*
 * A foreign key that is still to be checked for a row would not be: the row is taken
 * for deleted.  Which triggers a statement that has not ended will call nobody tells.
 */
static void
refuse_before_checks(Relation rel)
{
	if (!has_foreign_key(rel) ||
		(rel->rd_refcnt == 1 && !AfterTriggerPendingOnRel(RelationGetRelid(rel))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("cannot absorb rows of table \"%s\"", RelationGetRelationName(rel)),
			 errdetail("A foreign key may still have to be checked for rows that this transaction has written."),
			 errhint("Absorb them in another transaction, or after SET CONSTRAINTS ALL IMMEDIATE.")));
}

bool
absorb(Relation rel, int64 max_rows, bool wait, Absorption *result)
{
	Oid			relid = RelationGetRelid(rel);
	Absorber	absorber = {.rel = rel, .max_rows = max_rows, .result = result};
	const char *objection = absorb_objection(rel);
	Progress	outer;

	memset(result, 0, sizeof(*result));
	if (objection != NULL)
		refuse(rel, objection);
	refuse_before_checks(rel);
	if (!spine_lock(relid, wait))
		return false;
	absorber.context = CurrentMemoryContext;
	absorber.row = AllocSetContextCreate(CurrentMemoryContext, "spine absorbed row",
										 ALLOCSET_DEFAULT_SIZES);
	progress_begin(&(Progress) {.phase = PROGRESS_ABSORBING, .relid = relid, .len = -1}, &outer);
	PG_TRY();
	{
		absorb_rows(&absorber);
	}
	PG_FINALLY();
	{
		progress_end(&outer);
	}
	PG_END_TRY();
	MemoryContextDelete(absorber.row);
	return true;
}
