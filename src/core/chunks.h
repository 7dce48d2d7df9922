/*
 * chunks.h
 *		An arena for programs without a server: memory in chunks, given back all
 *		at once.  Running out of memory ends the program, which a server could
 *		not afford and these can.
 */
#ifndef SPINE_CORE_CHUNKS_H
#define SPINE_CORE_CHUNKS_H

#include "core/arena.h"

/* All zero at first. */
typedef struct Chunks
{
	struct Chunk *first;
	size_t		used;			/* of the first one */
	size_t		total;			/* bytes in all of them */
} Chunks;

/* The chunks have to stay where they are. */
extern Arena chunks_arena(Chunks *chunks);
extern void chunks_free(Chunks *chunks);

#endif
