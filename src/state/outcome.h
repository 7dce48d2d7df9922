/*
 * outcome.h
 *		Merge outcomes as values of the enum spine_merge_outcome.
 */
#ifndef SPINE_STATE_OUTCOME_H
#define SPINE_STATE_OUTCOME_H

#include "postgres.h"

#include "core/trace.h"

extern const char *outcome_label(MergeOutcome outcome);
extern Datum outcome_get_datum(MergeOutcome outcome);

#endif
