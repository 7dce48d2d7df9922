/*
 * arena.h
 *		Where memory comes from that somebody else gives back, all at once.
 *
 * Frontiers of several dimensions have their coordinates there.  The owner of
 * an arena supplies it: in the server it is a memory context, in programs
 * chunks.h.  alloc does not return without memory (it raises an error there,
 * and ends the program here), so that nobody needs a way out.
 */
#ifndef SPINE_CORE_ARENA_H
#define SPINE_CORE_ARENA_H

#include <stddef.h>

typedef struct Arena
{
	void	   *(*alloc) (void *context, size_t size);
	void	   *context;
} Arena;

/* Aligned for anything; not cleared. */
static inline void *
arena_alloc(const Arena *arena, size_t size)
{
	return arena->alloc(arena->context, size);
}

#endif
