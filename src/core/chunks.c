/*
 * chunks.c
 *		An arena for programs without a server.
 */
#include "core/chunks.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t) 65536)
#define ALIGNMENT _Alignof(max_align_t)

typedef struct Chunk
{
	struct Chunk *next;
	size_t		size;
	max_align_t memory[];
} Chunk;

static void *
allocate(void *context, size_t size)
{
	Chunks	   *chunks = context;
	void	   *result;

	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (chunks->first == NULL || chunks->first->size - chunks->used < size)
	{
		size_t		room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		Chunk	   *chunk = malloc(sizeof(Chunk) + room);

		if (chunk == NULL)
		{
			fprintf(stderr, "out of memory\n");
			exit(2);
		}
		*chunk = (Chunk) {.next = chunks->first, .size = room};
		chunks->first = chunk;
		chunks->used = 0;
		chunks->total += room;
	}
	result = (char *) chunks->first->memory + chunks->used;
	chunks->used += size;
	return result;
}

Arena
chunks_arena(Chunks *chunks)
{
	return (Arena) {allocate, chunks};
}

void
chunks_free(Chunks *chunks)
{
	while (chunks->first != NULL)
	{
		Chunk	   *chunk = chunks->first;

		chunks->first = chunk->next;
		free(chunk);
	}
	*chunks = (Chunks) {0};
}
