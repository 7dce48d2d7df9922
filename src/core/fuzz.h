/*
 * fuzz.h
 *		What the fuzz targets share.  Built with -DFUZZ_REPLAY a target has a main
 *		of its own, which runs the files that it is given, once each.
 */
#ifndef SPINE_CORE_FUZZ_H
#define SPINE_CORE_FUZZ_H

#include "core/chunks.h"
#include "core/frontier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
must(bool condition)
{
	if (!condition)
		abort();
}

#ifdef FUZZ_REPLAY
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];

	for (int i = 1; i < argc; i++)
	{
		FILE	   *file = fopen(argv[i], "rb");
		size_t		size;
		uint8_t    *copy;

		must(file != NULL);
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		/* Of exactly its size, so that reading past it is noticed. */
		copy = malloc(size + (size == 0));
		must(copy != NULL);
		memcpy(copy, data, size);
		LLVMFuzzerTestOneInput(copy, size);
		free(copy);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
#endif

#endif
