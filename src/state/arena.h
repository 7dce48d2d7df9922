/*
 * arena.h
 *		Memory contexts as the core's arenas.
 */
#ifndef SPINE_STATE_ARENA_H
#define SPINE_STATE_ARENA_H

#include "postgres.h"

#include "core/arena.h"

/* What is allocated there goes with the context; out of memory is an error. */
extern Arena context_arena(MemoryContext context);

/* The current one, as it is now. */
static inline Arena
current_arena(void)
{
	return context_arena(CurrentMemoryContext);
}

#endif
