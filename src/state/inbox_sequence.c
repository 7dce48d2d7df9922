/*
 * inbox_sequence.c
 *		Giving the batches in the inbox their times.
 *
 * Order: tickets are taken from one counter, so those of one session ascend, and
 * its earlier transactions are committed before a later one begins.  Hence a
 * snapshot that sees a batch sees all that its session has appended before, with
 * lower tickets; and those that wait are taken in the order of their tickets,
 * as of one snapshot.  That is taken under the spine's lock, so nobody else is
 * sequencing the same.  What commits later with a lower ticket, from another
 * session, simply gets a later time.
 *
 * A batch is pushed, its row deleted, and its time told, in one transaction: it
 * gets one time, whatever dies.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "dev/stop_point.h"
#include "state/garbage.h"
#include "state/inbox.h"
#include "state/inbox_answer.h"
#include "state/inbox_queue.h"
#include "state/merge.h"
#include "state/tables.h"
#include "state/values.h"
#include "state/working.h"

/* A stretch of sequencing. */
typedef struct Pass
{
	Oid			relid;
	Relation	rel;
	Answers		answers;
	MemoryContext scratch;		/* for one row */
	TimestampTz start;
	int			milliseconds;
	char	   *error;			/* of the last row that could not be pushed */
} Pass;

static void
begin_pass(Pass *pass, Oid relid, int milliseconds)
{
	pass->relid = relid;
	pass->rel = table_open(spine_tables(false)->inbox, RowExclusiveLock);
	answers_begin(&pass->answers, relid);
	pass->scratch = AllocSetContextCreate(CurrentMemoryContext, "spine inbox",
										  ALLOCSET_DEFAULT_SIZES);
	/* Finding the rows may have taken long where an old snapshot keeps dead ones. */
	pass->start = GetCurrentTimestamp();
	pass->milliseconds = milliseconds;
}

static void
end_pass(Pass *pass)
{
	answers_write(&pass->answers);
	answers_end(&pass->answers);
	MemoryContextDelete(pass->scratch);
	table_close(pass->rel, NoLock);
}

static bool
time_is_up(const Pass *pass)
{
	return TimestampDifferenceExceeds(pass->start, GetCurrentTimestamp(),
									  pass->milliseconds);
}

/* Ends a row's stay in the inbox: with a lower, or else with an error. */
static void
take_out(Pass *pass, HeapTuple tuple, const Datum *values, const Frontier *lower,
		 const char *error)
{
	CatalogTupleDelete(pass->rel, &tuple->t_self);
	stop_point("batch_taken");
	answers_add(&pass->answers, values, lower, error);
}

/* A row that is never going to be pushed. */
static void
reject(Pass *pass, HeapTuple tuple, Datum *values, const char *error)
{
	garbage_add_refused(pass->relid, DatumGetInt64(values[INBOX_GENERATION - 1]),
						DatumGetArrayTypeP(values[INBOX_PARTS - 1]));
	stop_point("batch_rejected");
	take_out(pass, tuple, values, NULL, error);
}

/* Why a row cannot be pushed; NULL if it can, with its bounds in *desc. */
static char *
objection(const Spine *spine, Datum *values, Description *desc)
{
	int64		generation = DatumGetInt64(values[INBOX_GENERATION - 1]);
	CoreError	err;

	if (generation != spine->generation)
		return psprintf("the batch is for generation " INT64_FORMAT
						" of the relation, which is at generation " INT64_FORMAT,
						generation, spine->generation);
	if (spine_next_time(spine, desc, &err) != CORE_OK)
		return psprintf("%s: %s", err.message, err.detail);
	return NULL;
}

/* Did another database write it?  Then a restore has put it here. */
static bool
is_restored(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		system = heap_getattr(tuple, INBOX_SYSTEM, desc, &isnull);
	Datum		database = heap_getattr(tuple, INBOX_DATABASE, desc, &isnull);

	return DatumGetInt64(system) != (int64) GetSystemIdentifier() ||
		DatumGetObjectId(database) != MyDatabaseId;
}

/*
 * A restored spine counts as such, and is left alone by TRUNCATE, until somebody
 * here has written to it; what the restore itself has brought is not that.
 */
static void
note_origin(Pass *pass, Spine *spine, HeapTuple tuple)
{
	if (!is_restored(tuple, RelationGetDescr(pass->rel)))
		spine->stays_foreign = false;
	else if (!spine->dirty)
		spine->stays_foreign = spine->foreign;
}

/* Pushes one row, or raises an error. */
static void
sequence(Pass *pass, HeapTuple tuple)
{
	/* Too big for the stack; a push calls nothing that could push. */
	static PushEffects effects;
	Datum		values[INBOX_COLUMNS];
	bool		nulls[INBOX_COLUMNS];
	Spine	   *spine = spine_open(pass->relid);
	BatchRow	row;
	char	   *error;

	heap_deform_tuple(tuple, RelationGetDescr(pass->rel), values, nulls);
	error = objection(spine, values, &row.desc);
	if (error != NULL)
	{
		reject(pass, tuple, values, error);
		return;
	}
	row.len = DatumGetInt64(values[INBOX_LEN - 1]);
	row.parts = DatumGetArrayTypeP(values[INBOX_PARTS - 1]);
	row.runs = DatumGetArrayTypeP(values[INBOX_RUNS - 1]);
	note_origin(pass, spine, tuple);
	effects.want_requests = true;	/* to be counted */
	spine_push(spine, &row, &effects);
	stop_point("batch_sequenced");
	take_out(pass, tuple, values, &row.desc.lower, NULL);
}

/* Pushes rows from the list, [from, to) or as many as there is time for. */
static int
sequence_range(Pass *pass, List *rows, int from, int to)
{
	MemoryContext context = MemoryContextSwitchTo(pass->scratch);
	int			i;

	for (i = from; i < to && (i == from || !time_is_up(pass)); i++)
	{
		CHECK_FOR_INTERRUPTS();
		sequence(pass, list_nth(rows, i));
		MemoryContextReset(pass->scratch);
	}
	answers_write(&pass->answers);
	MemoryContextSwitchTo(context);
	return i - from;
}

/*
 * The same in a subtransaction; 0, and pass->error, if one of the rows raised an
 * error.
 */
static int
try_range(Pass *pass, List *rows, int from, int to)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile int done = 0;

	/* What is being added is going to be undone with the rest. */
	answers_write(&pass->answers);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		done = sequence_range(pass, rows, from, to);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *data;

		MemoryContextSwitchTo(context);
		data = CopyErrorData();
		if (waiting_error_is_passing(data))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		answers_forget(&pass->answers);
		done = 0;
		pass->error = data->detail == NULL ? data->message :
			psprintf("%s: %s", data->message, data->detail);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

static void
reject_row(Pass *pass, HeapTuple tuple, const char *error)
{
	Datum		values[INBOX_COLUMNS];
	bool		nulls[INBOX_COLUMNS];

	heap_deform_tuple(tuple, RelationGetDescr(pass->rel), values, nulls);
	reject(pass, tuple, values, error);
}

/*
 * All in one subtransaction, which is what makes it fast.  If that fails, which
 * no row should be able to make happen, each in one of its own.
 */
static int
sequence_rows(Pass *pass, List *rows, int max)
{
	int			count = Min(list_length(rows), max);
	int			done = try_range(pass, rows, 0, count);

	if (done > 0)
		return done;
	pass->start = GetCurrentTimestamp();
	for (; done < count && (done == 0 || !time_is_up(pass)); done++)
		if (try_range(pass, rows, done, done + 1) == 0)
			reject_row(pass, list_nth(rows, done), pass->error);
	return done;
}

/*
 * There is no spine any more; or not yet, for rows that a restore has put in
 * before it.  Those are left, and *left is set.
 */
static int
reject_rows(Pass *pass, List *rows, int max, SpineCondition condition, bool *left)
{
	int			done;

	for (done = 0; done < Min(list_length(rows), max) &&
		 (done == 0 || !time_is_up(pass)); done++)
	{
		HeapTuple	tuple = list_nth(rows, done);

		CHECK_FOR_INTERRUPTS();
		if (condition == SPINE_UNREGISTERED &&
			is_restored(tuple, RelationGetDescr(pass->rel)))
			*left = true;
		else
			reject_row(pass, tuple, waiting_hopeless(condition));
	}
	return done;
}

/*
 * A restore under way may have brought a spine's trace, but not all of its
 * hollow batches yet; then nothing may be pushed.  Once somebody here has
 * written to it, it is complete.
 */
static bool
is_complete(Oid relid)
{
	Spine	   *spine = spine_open(relid);
	HollowSource source = batches_source(&spine->relid);
	LevelsWalk	walk = LEVELS_WALK_START(&spine->trace.levels);
	SpineBatch *batch;
	HollowSum	sum;
	CoreError	err;

	if (!spine->foreign)
		return true;
	while ((batch = levels_next(&spine->trace.levels, &walk, NULL)) != NULL)
		if (source.sum(source.context, batch->lo, batch->hi, &sum, &err) != CORE_OK ||
			sum.hollow != batch->hollow)
			return false;
	return spine->trace.npending == 0 ||
		(source.sum(source.context, spine->trace.pending[0].lo, spine->trace.next_id, &sum,
					&err) == CORE_OK && sum.hollow == spine->trace.npending);
}

WorkProgress
inbox_sequence(Oid relid, int max, int milliseconds)
{
	SpineCondition condition = waiting_lock(relid);
	Pass		pass = {0};
	List	   *rows;
	bool		left = false;
	int			done;

	if (condition == SPINE_BUSY)
		return WORK_BUSY;
	rows = inbox_rows(relid, max);
	if (rows == NIL)
		return WORK_NONE;
	if (condition == SPINE_OPEN && !is_complete(relid))
		return WORK_BUSY;
	begin_pass(&pass, relid, milliseconds);
	done = condition == SPINE_OPEN ? sequence_rows(&pass, rows, max) :
		reject_rows(&pass, rows, max, condition, &left);
	end_pass(&pass);
	if (left)
		return WORK_BUSY;
	return done < list_length(rows) ? WORK_MORE : WORK_DONE;
}
