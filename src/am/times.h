/*
 * times.h
 *		When the rows in runs came, and when they went.
 *
 * A row in a run has two times of its table's spine.  inserted is the last one of
 * the batch that it came with, so all later ticks (ticks.h) show it; null: it was
 * there before the first tick that is kept.  deleted is null for a row that is
 * there; one that has it is a past row, which only what looks back shows, and
 * not from that time on.  In terms of updates: (row, inserted, +1) and (row,
 * deleted, -1).
 *
 * Where rows have their times with them, they are two columns after the table's own.
 */
#ifndef SPINE_AM_TIMES_H
#define SPINE_AM_TIMES_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "executor/tuptable.h"

#define TIME_COLUMNS 2

/* Instead of null, where a time is a number: before all that are times. */
#define TIME_NONE (-1)

/*
 * A table's description with the two columns, in the current context.  It shares what
 * the table's points to, so that has to outlive it.
 */
extern TupleDesc times_describe(TupleDesc desc);

/* The indexes, from 0, of the two in such a description. */
#define TIME_INSERTED(desc) ((desc)->natts - 2)
#define TIME_DELETED(desc) ((desc)->natts - 1)

/* The times of a row in a virtual slot of such a description; TIME_NONE for null. */
static inline int64
row_time(const TupleTableSlot *slot, int i)
{
	return slot->tts_isnull[i] ? TIME_NONE : DatumGetInt64(slot->tts_values[i]);
}

static inline void
set_row_time(TupleTableSlot *slot, int i, int64 time)
{
	slot->tts_isnull[i] = time == TIME_NONE;
	slot->tts_values[i] = time == TIME_NONE ? (Datum) 0 : Int64GetDatum(time);
}

/* Puts a row with its times into a virtual slot; its values stay where they are. */
extern void times_store(TupleTableSlot *timed, TupleTableSlot *row, int64 inserted,
						int64 deleted);

#endif
