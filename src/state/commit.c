/*
 * commit.c
 *		What a transaction does with its working copies when it ends: it writes
 *		their rows before commit, and publishes them after it.
 *
 * Nothing after commit can fail.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "spine.h"
#include "dev/stop_point.h"
#include "state/buffer.h"
#include "state/copies.h"
#include "state/mailbox.h"
#include "state/trace_row.h"
#include "state/wakeup.h"
#include "state/working.h"

static bool notify_at_commit = false;
static bool requests_at_commit = false;

/* A number that changes when another merge request comes up. */
static uint64
requests_digest(Trace *trace)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	uint64		digest = 0;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
		if (spine_batch_is_fueled(batch))
		{
			uint64		ids[2] = {batch->lo, batch->hi};

			digest += hash_bytes_extended((const unsigned char *) ids, sizeof(ids), 0);
		}
	return digest;
}

void
working_note_before(Spine *spine)
{
	spine->news = 0;
	spine->exerted_idle = false;
	spine->generation_before = spine->generation;
	spine->next_id_before = spine->trace.next_id;
	spine->requests_before = spine_notify ? requests_digest(&spine->trace) : 0;
}

void
spine_add_news(Oid relid, int news)
{
	Spine	   *spine = copies_own(relid);

	if (spine != NULL)
		spine->news |= news;
}

void
spine_notify_at_commit(void)
{
	mailbox_reserve();
	notify_at_commit = true;
}

void
spine_requests_at_commit(void)
{
	requests_at_commit = true;
}

/* Writes what has changed; anything that can fail must happen here. */
static void
write_rows(void)
{
	CopiesWalk	look = {0};
	CopiesWalk	walk = {0};
	Spine	   *spine;

	buffer_flush();
	while ((spine = copies_next(&look)) != NULL && !spine->dirty)
		;
	if (spine == NULL)
		return;
	/* Rows made by the last command become updatable. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	while ((spine = copies_next(&walk)) != NULL)
		if (spine->dirty)
		{
			stop_point("trace_writing");
			trace_row_update(spine);
			stop_point("trace_written");
			spine->dirty = false;
			spine->foreign = spine->stays_foreign;
			spine->written = true;
		}
	PopActiveSnapshot();
	stop_point("ready_to_commit");
}

/* Counts what was done; nothing here allocates or raises an error. */
static void
count(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
		if (!spine->gone)
			registry_count(spine->relid, &spine->counts);
}

/* What listeners are to hear of.  Only pushes and exertions make requests. */
static int
news_of(Spine *spine)
{
	int			news = spine->news;

	if (spine->trace.next_id != spine->next_id_before ||
		spine->generation != spine->generation_before)
		news |= NEWS_UPPER;
	if (spine->counts.pushes > 0 || spine->counts.exertions > 0 ||
		spine->generation != spine->generation_before)
	{
		uint64		requests = requests_digest(&spine->trace);

		if (requests != 0 && requests != spine->requests_before)
			news |= NEWS_REQUEST;
	}
	for (int i = 0; i < (int) lengthof(spine->counts.outcomes); i++)
		if (spine->counts.outcomes[i] > 0)
			news |= NEWS_RESULT;
	return news;
}

/* Leaves the news for the worker, which NOTIFYs in our stead. */
static void
leave_news(Spine *spine)
{
	int			news = spine_notify && !spine->gone ? news_of(spine) : 0;

	if (news != 0 && registry_add_news(spine->relid, news))
		notify_at_commit = true;
}

static IdleChange
idle_change(const Spine *spine)
{
	if (spine->counts.pushes > 0 || spine->generation != spine->generation_before)
		return IDLE_ENDS;
	return spine->exerted_idle ? IDLE_EXERTED : IDLE_STAYS;
}

/* After commit; the same goes for this. */
static void
publish(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
	{
		stop_point("committed");
		if (spine->gone)
			registry_remove(MyDatabaseId, spine->relid);
		else if (spine->written && !spine->foreign)
			registry_store(spine, idle_change(spine));
		events_publish(spine->relid, &spine->events);
		wakeup_all(spine->relid);
		leave_news(spine);
		stop_point("published");
	}
	if (notify_at_commit)
		mailbox_notify(MyDatabaseId);
	else if (requests_at_commit)
		mailbox_notify_merges(MyDatabaseId);
}

/* Nobody will tell what becomes of them. */
static void
disturb(void)
{
	CopiesWalk	walk = {0};
	Spine	   *spine;

	while ((spine = copies_next(&walk)) != NULL)
		if (spine->written && !spine->gone)
			registry_disturb(spine->relid);
}

static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			write_rows();
			return;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			return;
		case XACT_EVENT_COMMIT:
			count();
			publish();
			break;
		case XACT_EVENT_PREPARE:
			stop_point("prepared");
			count();
			disturb();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
	}
	/* The memory goes with TopTransactionContext. */
	buffer_forget();
	copies_forget();
	notify_at_commit = false;
	requests_at_commit = false;
}

static void
at_subtransaction_event(SubXactEvent event, SubTransactionId subid,
						SubTransactionId parent, void *arg)
{
	int			nest = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		buffer_flush();
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		buffer_commit_subtransaction(nest);
		copies_commit_subtransaction(nest);
	}
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		buffer_abort_subtransaction(nest);
		copies_abort_subtransaction(nest);
	}
}

void
spine_working_init(void)
{
	RegisterXactCallback(at_transaction_event, NULL);
	RegisterSubXactCallback(at_subtransaction_event, NULL);
}
