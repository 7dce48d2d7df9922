/*
 * frontier.c
 *		Frontiers of one-dimensional time: order, join, meet, text and binary
 *		form.  Relies on status.h only.
 *
 * Source: antichains under timely's product order, as both seeds use them.
 */
#include "core/frontier.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

Frontier
frontier_of(uint64_t time)
{
	return (Frontier){.dims = 1, .count = 1, .time = time};
}

Frontier
frontier_minimum(void)
{
	return frontier_of(0);
}

Frontier
frontier_empty(void)
{
	return (Frontier){0};
}

bool
frontier_less_equal(const Frontier *a, const Frontier *b)
{
	if (b->count == 0)
		return true;
	return a->count != 0 && a->time <= b->time;
}

bool
frontier_equal(const Frontier *a, const Frontier *b)
{
	return a->count == b->count && (a->count == 0 || a->time == b->time);
}

bool
frontier_less_than(const Frontier *a, const Frontier *b)
{
	return frontier_less_equal(a, b) && !frontier_equal(a, b);
}

int
frontier_compare_total(const Frontier *a, const Frontier *b)
{
	if (frontier_equal(a, b))
		return 0;
	return frontier_less_equal(a, b) ? -1 : 1;
}

Frontier
frontier_join(const Frontier *a, const Frontier *b)
{
	return frontier_less_equal(a, b) ? *b : *a;
}

Frontier
frontier_meet(const Frontier *a, const Frontier *b)
{
	return frontier_less_equal(a, b) ? *a : *b;
}

static const char *
skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f' ||
		   *p == '\v')
		p++;
	return p;
}

#define EXCERPT_SIZE 32

/*
 * The beginning of a text, to quote.  Other than plain characters are spelled
 * out, so that none is ever cut in its middle, whatever the encoding.
 */
static const char *
excerpt(const char *text, char *buf)
{
	int			n = 0;

	for (; *text != '\0' && n < EXCERPT_SIZE - (int) sizeof("\\xff"); text++)
		n += snprintf(buf + n, (size_t) (EXCERPT_SIZE - n),
					  *text >= ' ' && *text <= '~' ? "%c" : "\\x%02x",
					  (unsigned char) *text);
	buf[n] = '\0';
	return buf;
}

static Status
parse_time(const char **text, uint64_t *time, CoreError *err)
{
	const char *p = *text;
	uint64_t	value = 0;
	char		quote[EXCERPT_SIZE];

	if (*p == '-')
		return core_error(err, CORE_RANGE, "time is below 0",
						  "It is the one at \"%s\".", excerpt(p, quote));
	if (*p < '0' || *p > '9')
		return core_error(err, CORE_SYNTAX, "malformed frontier",
						  "Expected a time at \"%s\".", excerpt(p, quote));
	for (; *p >= '0' && *p <= '9'; p++)
	{
		uint64_t	digit = (uint64_t) (*p - '0');

		if (value > (TIME_MAX - digit) / 10)
			return core_error(err, CORE_RANGE, "time is out of range",
							  "It is the one at \"%s\".", excerpt(*text, quote));
		value = value * 10 + digit;
	}
	*text = p;
	*time = value;
	return CORE_OK;
}

/*
 * Elements that another element covers are dropped, as an antichain asks; in
 * one dimension the least one remains.
 */
Status
frontier_parse(const char **text, Frontier *result, CoreError *err)
{
	const char *p = skip_space(*text);
	Frontier	f = frontier_empty();
	char		quote[EXCERPT_SIZE];

	if (*p != '[')
		return core_error(err, CORE_SYNTAX, "malformed frontier",
						  "Expected \"[\" at \"%s\".", excerpt(p, quote));
	p = skip_space(p + 1);
	while (*p != ']')
	{
		Frontier	element;
		uint64_t	time = 0;
		Status		status;

		if (*p == '(')
			return core_error(err, CORE_UNSUPPORTED,
							  "times of more than one dimension are not supported",
							  "The frontier has a tuple at \"%s\".", excerpt(p, quote));
		if ((status = parse_time(&p, &time, err)) != CORE_OK)
			return status;
		element = frontier_of(time);
		f = frontier_meet(&f, &element);
		p = skip_space(p);
		if (*p == ',')
		{
			p = skip_space(p + 1);
			if (*p == ']')
				return core_error(err, CORE_SYNTAX, "malformed frontier",
								  "Expected a time at \"%s\".", excerpt(p, quote));
		}
		else if (*p != ']')
			return core_error(err, CORE_SYNTAX, "malformed frontier",
							  "Expected \",\" or \"]\" at \"%s\".", excerpt(p, quote));
	}
	*text = p + 1;
	*result = f;
	return CORE_OK;
}

char *
frontier_print(const Frontier *f, char *buf)
{
	if (f->count == 0)
		strcpy(buf, "[]");
	else
		snprintf(buf, FRONTIER_TEXT_SIZE, "[%" PRIu64 "]", f->time);
	return buf;
}

size_t
frontier_write(const Frontier *f, uint8_t *buf)
{
	buf[0] = f->dims;
	if (f->count == 0)
		return 1;
	for (int i = 0; i < 8; i++)
		buf[1 + i] = (uint8_t) (f->time >> (56 - 8 * i));
	return 9;
}

Status
frontier_read(const uint8_t *buf, size_t size, Frontier *result, CoreError *err)
{
	uint64_t	time = 0;

	if (size == 1 && buf[0] == 0)
	{
		*result = frontier_empty();
		return CORE_OK;
	}
	if (size > 0 && buf[0] > 1 && buf[0] <= MAX_DIMS)
		return core_error(err, CORE_UNSUPPORTED,
						  "times of more than one dimension are not supported",
						  "The frontier has %d dimensions.", buf[0]);
	if (size != 9 || buf[0] != 1)
		return core_error(err, CORE_BINARY, "malformed binary frontier",
						  "It has %zu bytes, the first of which is %d.", size,
						  size > 0 ? buf[0] : 0);
	for (int i = 0; i < 8; i++)
		time = time << 8 | buf[1 + i];
	if (time > TIME_MAX)
		return core_error(err, CORE_RANGE, "time is out of range",
						  "It is %" PRIu64 ".", time);
	*result = frontier_of(time);
	return CORE_OK;
}
