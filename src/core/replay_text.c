/*
 * replay_text.c
 *		What the replay program reads and writes: text that grows, directives,
 *		batch lines.
 */
#include "core/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for so many characters more, and a zero. */
static char *
text_room(Text *text, size_t size)
{
	if (text->size + size + 1 > text->capacity)
	{
		text->capacity = 2 * (text->size + size + 1);
		text->data = realloc(text->data, text->capacity);
		if (text->data == NULL)
		{
			fprintf(stderr, "replay: out of memory\n");
			exit(2);
		}
	}
	return text->data + text->size;
}

void
text_add(Text *text, const char *format,...)
{
	va_list		args;
	int			size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	va_start(args, format);
	vsnprintf(text_room(text, (size_t) size), (size_t) size + 1, format, args);
	va_end(args);
	text->size += (size_t) size;
}

void
text_add_frontier(Text *text, const Frontier *f)
{
	frontier_text(f, text_room(text, frontier_text_size(f)));
	text->size += frontier_text_size(f) - 1;
}

void
text_add_description(Text *text, const Description *desc)
{
	text_add_frontier(text, &desc->lower);
	text_add_frontier(text, &desc->upper);
	text_add_frontier(text, &desc->since);
}

void
text_add_error(Text *text, const CoreError *err)
{
	text_add(text, "error: %s\n", err->message);
}

void
text_reset(Text *text)
{
	free(text->data);
	*text = (Text) {0};
}

bool
directive_is(const char *directive, const char *name)
{
	size_t		size = strcspn(directive, " ");

	return size == strlen(name) && strncmp(directive, name, size) == 0;
}

const char *
directive_argument(const char *directive, const char *name)
{
	size_t		size = strlen(name);
	const char *p = directive;

	while ((p = strchr(p, ' ')) != NULL)
	{
		p += strspn(p, " ");
		if (strncmp(p, name, size) == 0 && p[size] == '=')
			return p + size + 1;
	}
	return NULL;
}

Status
directive_frontier(const char *directive, const char *name, const Arena *arena,
				   Frontier *result, CoreError *err)
{
	const char *text = directive_argument(directive, name);
	char		message[32];

	snprintf(message, sizeof(message), "%s is missing", name);
	if (text == NULL)
		return core_error(err, CORE_SYNTAX, message, NULL);
	return frontier_parse(&text, arena, result, err);
}

/* Parts point into text, which is a copy of the line. */
typedef struct BatchLine
{
	HollowBatch batch;
	char	   *text;
	const char **parts;
	Chunks		frontiers;
} BatchLine;

static void
batch_line_free(BatchLine *line)
{
	free(line->text);
	free(line->parts);
	chunks_free(&line->frontiers);
}

/* Frees nothing on an error. */
static Status
parse_batch_line(const char *start, size_t size, BatchLine *line, CoreError *err)
{
	Description *desc = &line->batch.desc;
	Arena		arena = chunks_arena(&line->frontiers);
	const char *p;
	char	   *rest;
	Status		status;

	*line = (BatchLine) {.text = strndup(start, size)};
	line->parts = calloc(size + 1, sizeof(char *));
	if (line->text == NULL || line->parts == NULL)
		exit(2);
	p = line->text;
	if ((status = frontier_parse(&p, &arena, &desc->lower, err)) != CORE_OK ||
		(status = frontier_parse(&p, &arena, &desc->upper, err)) != CORE_OK ||
		(status = frontier_parse(&p, &arena, &desc->since, err)) != CORE_OK)
		return status;
	errno = 0;
	line->batch.len = strtoll(p, &rest, 10);
	if (rest == p || errno != 0 || (*rest != '\0' && *rest != ' '))
		return core_error(err, CORE_SYNTAX, "malformed batch", NULL);
	for (char *part = strtok(rest, " "); part != NULL; part = strtok(NULL, " "))
		line->parts[line->batch.nparts++] = part;
	line->batch.parts = line->parts;
	return CORE_OK;
}

Status
for_each_line(void *state, const char *input, LineAction action, Text *answer,
			  CoreError *err)
{
	Status		status = CORE_OK;

	while (*input != '\0' && status == CORE_OK)
	{
		size_t		size = strcspn(input, "\n");
		BatchLine	line;

		status = parse_batch_line(input, size, &line, err);
		if (status == CORE_OK)
			status = action(state, &line.batch, answer, err);
		batch_line_free(&line);
		input += size + (input[size] == '\n');
	}
	return status;
}
