/*
 * tick_maker.h
 *		What an absorption does for a table that keeps its past: making ticks.
 *
 * A tick shows what the absorption's snapshot sees: the rows in runs, those that
 * it moves, and copies of those that it cannot move since others hold them. The
 * copies are past rows that only this tick shows; the next one either moves
 * the rows, or copies them again, or does not see them any more.  So a tick is
 * complete from the beginning, and shows no transaction by halves.
 *
 * Not each absorption makes one.  Rows that it moves without are shown by the
 * next tick, whose snapshot sees them as well.
 */
#ifndef SPINE_AM_TICK_MAKER_H
#define SPINE_AM_TICK_MAKER_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"

#include "am/absorb.h"
#include "am/file.h"
#include "state/working.h"

typedef struct TickMaker TickMaker;

/*
 * NULL for a table that keeps no past.  To be called before the absorption has
 * written anything, with the spine's lock; lives in the current context.
 */
extern TickMaker *tick_maker_begin(Relation rel);

/* The absorption has just taken its snapshot. */
extern void tick_maker_snapshot_taken(TickMaker *maker);

/*
 * When the batch that it is about to push ends; the tick that it may make is the last
 * time before that.  The first of a file is a moment, in milliseconds since 2000: so
 * ticks ascend also where the table has got a new file and a new spine, or the
 * database is a copy, and a reader who remembers one from before is told.
 */
extern void tick_maker_set_upper(const TickMaker *maker, Description *desc);

/* A row that cannot be moved; NULL for one that can be in no run. */
extern void tick_maker_hold(TickMaker *maker, TupleTableSlot *slot);

/* Shall it make a tick?  Known when all rows have been seen. */
extern bool tick_maker_wants(TickMaker *maker, const Absorption *result);

/* The rows that were held, one after the other, as minimal tuples; false at the end. */
extern bool tick_maker_next_held(TickMaker *maker, TupleTableSlot *slot);

/*
 * Makes the tick of this time, which has been pushed, and forgets those that need not
 * be kept any longer: since follows, as far as the holds allow.
 */
extern void tick_maker_make(TickMaker *maker, Spine *spine, const NativeFile *file,
							int64 time);

extern void tick_maker_end(TickMaker *maker);

#endif
