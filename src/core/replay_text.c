/*
 * replay_text.c
 *		Text that grows, for the replay program's answers.
 */
#include "core/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
text_add(Text *text, const char *format,...)
{
	va_list		args;
	int			size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (text->size + (size_t) size + 1 > text->capacity)
	{
		text->capacity = 2 * (text->size + (size_t) size + 1);
		text->data = realloc(text->data, text->capacity);
		if (text->data == NULL)
		{
			fprintf(stderr, "replay: out of memory\n");
			exit(2);
		}
	}
	va_start(args, format);
	vsnprintf(text->data + text->size, (size_t) size + 1, format, args);
	va_end(args);
	text->size += (size_t) size;
}

void
text_reset(Text *text)
{
	free(text->data);
	*text = (Text) {0};
}
