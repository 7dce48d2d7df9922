/*
 * arena.c
 *		Memory contexts as the core's arenas.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "state/arena.h"

static void *
allocate(void *context, size_t size)
{
	return MemoryContextAllocHuge((MemoryContext) context, size);
}

Arena
context_arena(MemoryContext context)
{
	return (Arena) {allocate, context};
}
