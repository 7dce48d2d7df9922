/*
 * flat_json.h
 *		A flat trace (core/flat.h) as jsonb.
 *
 * An object with dims, effort, since, physical, and three lists:
 *
 *	batches	hollow batches: id_lo, id_hi, lower, upper, since, len, parts, runs.
 *			Legacy ones have no ids; parts and runs may be left out.
 *	spine	spine batches: level (null: pending), id_lo, id_hi, lower, upper, since,
 *			and parts, each [id_lo, id_hi], or [id_lo, id_hi, lower, upper, since]
 *			where the hollow batch is a legacy one.  A structural empty has no
 *			more than level and ids, which are equal.  No list: legacy as a whole.
 *	merges	those under way: id_lo, id_hi, since, remaining.
 */
#ifndef SPINE_STATE_FLAT_JSON_H
#define SPINE_STATE_FLAT_JSON_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/flat.h"

extern Jsonb *flat_to_jsonb(const FlatTrace *flat);

/*
 * Fills in *flat from what may be anything, in the current memory context.  What
 * is not there is that of a trace with so many dimensions and that effort.
 * Errors name the place and the value.
 */
extern void flat_from_jsonb(Jsonb *jsonb, int dims, int effort, FlatTrace *flat);

#endif
