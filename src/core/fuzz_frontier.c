/*
 * fuzz_frontier.c
 *		Any text, and any bytes, as a frontier: whatever is accepted prints as
 *		something that reads as the same.
 *
 * A libFuzzer target (make fuzz); without libFuzzer fuzz.h makes a program of it
 * that replays files.
 */
#include "core/fuzz.h"

static void
check_text(const char *text, const Arena *arena)
{
	const char *p = text;
	Frontier	f;
	Frontier	again;
	CoreError	err;
	char	   *printed;

	if (frontier_parse(&p, arena, &f, &err) != CORE_OK)
		return;
	printed = arena_alloc(arena, frontier_text_size(&f));
	p = frontier_text(&f, printed);
	must(strlen(printed) == frontier_text_size(&f) - 1);
	must(frontier_parse(&p, arena, &again, &err) == CORE_OK && *p == '\0');
	must(frontier_equal(&f, &again));
}

static void
check_bytes(const uint8_t *data, size_t size, const Arena *arena)
{
	Frontier	f;
	CoreError	err;
	uint8_t    *written;

	if (frontier_read(data, size, arena, &f, &err) != CORE_OK)
		return;
	must(FRONTIER_BINARY_SIZE(&f) == size);
	written = arena_alloc(arena, size);
	frontier_write(&f, written);
	must(memcmp(written, data, size) == 0);
}

/* Two texts with a zero between them are a pair to order, join and meet. */
static void
check_pair(const char *one, const char *two, const Arena *arena)
{
	Frontier	a;
	Frontier	b;
	Frontier	join;
	Frontier	meet;
	CoreError	err;

	if (frontier_parse(&one, arena, &a, &err) != CORE_OK ||
		frontier_parse(&two, arena, &b, &err) != CORE_OK ||
		frontier_join(&a, &b, arena, &join, &err) != CORE_OK ||
		frontier_meet(&a, &b, arena, &meet, &err) != CORE_OK)
		return;
	must(frontier_less_equal(&a, &join) && frontier_less_equal(&b, &join));
	must(frontier_less_equal(&meet, &a) && frontier_less_equal(&meet, &b));
	must(frontier_equal(&a, &b) == (frontier_compare_total(&a, &b) == 0));
	must(!frontier_less_than(&a, &b) || frontier_compare_total(&a, &b) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Chunks		memory = {0};
	Arena		arena = chunks_arena(&memory);
	char	   *text = malloc(size + 1);

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_text(text, &arena);
	check_bytes(data, size, &arena);
	if (strlen(text) < size)
		check_pair(text, text + strlen(text) + 1, &arena);
	free(text);
	chunks_free(&memory);
	return 0;
}
