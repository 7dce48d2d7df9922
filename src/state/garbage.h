/*
 * garbage.h
 *		Parts that have left their spine.
 */
#ifndef SPINE_STATE_GARBAGE_H
#define SPINE_STATE_GARBAGE_H

#include "postgres.h"

/*
 * Records those parts that are not among kept, once each, as taken out by this
 * transaction.  Reorders both arrays.
 */
extern void garbage_add_difference(Oid relid, int64 generation, text **parts, int nparts,
								   text **kept, int nkept);

#endif
