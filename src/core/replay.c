/*
 * replay.c
 *		The replay program: answers a script of directives with what a trace
 *		does, block by block.
 *
 *			replay persist|dd < script			prints the script with each result
 *			replay persist|dd --check < script	compares, exit code 1 on a difference
 *
 * Comment lines and blank lines copy through.  A block is a directive line,
 * input lines, `----`, result lines, and a blank line.  This file reads and
 * writes blocks; what the directives do stands in replay_persist.c and
 * replay_dd.c.
 */
#include "core/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
text_string(const Text *text)
{
	return text->data == NULL ? "" : text->data;
}

/* Reads a line of any length into *line without its end; false at the end. */
static bool
read_line(Text *line)
{
	bool		any = false;
	int			c;

	text_reset(line);
	while ((c = getchar()) != EOF)
	{
		any = true;
		if (c == '\n')
			break;
		if (c == '\0')
			c = ' ';
		text_add(line, "%c", c);
	}
	return any;
}

/* Shows what a block should have answered, and what it did. */
static void
show_difference(long line, const char *directive, const char *expected, const char *answer)
{
	printf("line %ld: %s\n--- expected\n%s+++ answered\n%s\n", line, directive, expected,
		   answer);
}

typedef struct Script
{
	long		line;			/* number of the line read last */
	bool		check;
	bool		differs;
	const ReplayKind *kind;
	void	   *state;
} Script;

static bool
next_line(Script *script, Text *line)
{
	script->line++;
	return read_line(line);
}

/* The block that begins with the directive in *line. */
static void
replay_block(Script *script, Text *line)
{
	Text		directive = {0};
	Text		input = {0};
	Text		expected = {0};
	Text		answer = {0};
	long		start = script->line;
	bool		more;

	text_add(&directive, "%s", text_string(line));
	while (next_line(script, line) && strcmp(text_string(line), "----") != 0)
		text_add(&input, "%s\n", text_string(line));
	while ((more = next_line(script, line)) && line->size > 0)
		text_add(&expected, "%s\n", text_string(line));
	script->kind->run(script->state, text_string(&directive), text_string(&input), &answer);
	if (answer.size == 0)
		text_add(&answer, "<empty>\n");
	if (!script->check)
		printf("%s\n%s----\n%s%s", text_string(&directive), text_string(&input),
			   text_string(&answer), more ? "\n" : "");
	else if (strcmp(text_string(&expected), text_string(&answer)) != 0)
	{
		script->differs = true;
		show_difference(start, text_string(&directive), text_string(&expected),
						text_string(&answer));
	}
	text_reset(&directive);
	text_reset(&input);
	text_reset(&expected);
	text_reset(&answer);
}

int
main(int argc, char **argv)
{
	static const ReplayKind *const kinds[] = {&replay_persist, &replay_dd};
	Script		script = {0};
	Text		line = {0};

	for (size_t i = 0; argc >= 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i]->name) == 0)
			script.kind = kinds[i];
	script.check = argc == 3 && strcmp(argv[2], "--check") == 0;
	if (script.kind == NULL || argc > 3 || (argc == 3 && !script.check))
	{
		fprintf(stderr, "usage: replay persist|dd [--check] < script\n");
		return 2;
	}
	script.state = script.kind->start();
	while (next_line(&script, &line))
	{
		if (line.size > 0 && line.data[0] != '#')
			replay_block(&script, &line);
		else if (!script.check)
			printf("%s\n", text_string(&line));
	}
	script.kind->end(script.state);
	text_reset(&line);
	return script.differs ? 1 : 0;
}
