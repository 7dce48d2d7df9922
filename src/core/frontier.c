/*
 * frontier.c
 *		Text and binary form of frontiers.  Relies on frontier.h for what makes
 *		elements an antichain.
 */
#include "core/frontier.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* Times read so far; what is outgrown stays behind in the arena. */
typedef struct Elements
{
	const Arena *arena;
	uint64_t   *times;
	size_t		count;			/* of elements */
	size_t		capacity;		/* of times */
	int			dims;
} Elements;

/* Another element.  With one dimension only the least is kept. */
static Status
add_element(Elements *elements, const uint64_t *element, CoreError *err)
{
	size_t		dims = (size_t) elements->dims;
	size_t		used = elements->count * dims;

	if (elements->count == MAX_ELEMENTS)
		return core_error(err, CORE_ELEMENTS, "frontier has too many elements",
						  "At most %d are possible.", MAX_ELEMENTS);
	if (used + dims > elements->capacity)
	{
		uint64_t   *times;

		elements->capacity = elements->capacity == 0 ? 16 : 2 * elements->capacity;
		times = arena_alloc(elements->arena, sizeof(uint64_t) * elements->capacity);
		if (used > 0)
			memcpy(times, elements->times, sizeof(uint64_t) * used);
		elements->times = times;
	}
	memcpy(elements->times + used, element, sizeof(uint64_t) * dims);
	elements->count++;
	return CORE_OK;
}

/* `(1,2)`: sets the number of dimensions, too. */
static Status
parse_tuple(const char **text, uint64_t *element, int *dims, CoreError *err)
{
	const char *p = *text + 1;
	char		quote[EXCERPT_SIZE];
	Status		status;

	*dims = 0;
	for (;;)
	{
		if (*dims == MAX_DIMS)
			return core_error(err, CORE_DIMS, "number of dimensions is out of range",
							  "There are more than %d at \"%s\".", MAX_DIMS,
							  excerpt(*text, quote));
		p = skip_space(p);
		if ((status = parse_time(&p, &element[*dims], err)) != CORE_OK)
			return status;
		(*dims)++;
		p = skip_space(p);
		if (*p == ')')
			break;
		if (*p != ',')
			return core_error(err, CORE_SYNTAX, "malformed frontier",
							  "Expected \",\" or \")\" at \"%s\".", excerpt(p, quote));
		p++;
	}
	if (*dims == 1)
		return core_error(err, CORE_SYNTAX, "malformed frontier",
						  "A time of one dimension is written without parentheses, at \"%s\".",
						  excerpt(*text, quote));
	*text = p + 1;
	return CORE_OK;
}

/* One element; the least of those of one dimension goes to *least. */
static Status
parse_element(const char **text, Elements *elements, uint64_t *least, CoreError *err)
{
	const char *start = *text;
	uint64_t	element[MAX_DIMS];
	char		quote[EXCERPT_SIZE];
	int			dims = 1;
	Status		status = *start == '(' ? parse_tuple(text, element, &dims, err) :
		parse_time(text, element, err);

	if (status != CORE_OK)
		return status;
	if (elements->dims != 0 && elements->dims != dims)
		return core_error(err, CORE_DIMS, "times have different numbers of dimensions",
						  "The first has %d, and the one at \"%s\" has %d.",
						  elements->dims, excerpt(start, quote), dims);
	elements->dims = dims;
	if (dims > 1)
		return add_element(elements, element, err);
	if (elements->count++ == 0 || element[0] < *least)
		*least = element[0];
	return CORE_OK;
}

Status
frontier_parse(const char **text, const Arena *arena, Frontier *result, CoreError *err)
{
	const char *p = skip_space(*text);
	Elements	elements = {.arena = arena};
	uint64_t	least = 0;
	char		quote[EXCERPT_SIZE];
	Status		status;

	if (*p != '[')
		return core_error(err, CORE_SYNTAX, "malformed frontier",
						  "Expected \"[\" at \"%s\".", excerpt(p, quote));
	p = skip_space(p + 1);
	while (*p != ']')
	{
		if ((status = parse_element(&p, &elements, &least, err)) != CORE_OK)
			return status;
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
	if (elements.dims > 1)
	{
		if ((status = frontier_from_elements(elements.times, elements.count, elements.dims,
											 result, err)) != CORE_OK)
			return status;
	}
	else
		*result = elements.dims == 0 ? frontier_empty() : frontier_of(least);
	*text = p + 1;
	return CORE_OK;
}

/* A tuple of MAX_DIMS times of 19 digits, with a comma before it and a zero. */
#define ELEMENT_TEXT_SIZE (MAX_DIMS * 20 + 3)

/* Prints an element, with a comma in front unless it is the first one. */
static int
print_element(const Frontier *f, int i, char *buf)
{
	char	   *p = buf;

	if (i > 0)
		*p++ = ',';
	if (f->dims > 1)
		*p++ = '(';
	for (int d = 0; d < f->dims; d++)
		p += sprintf(p, d > 0 ? ",%" PRIu64 : "%" PRIu64, frontier_coordinate(f, i, d));
	if (f->dims > 1)
		*p++ = ')';
	*p = '\0';
	return (int) (p - buf);
}

size_t
frontier_text_size(const Frontier *f)
{
	char		buf[ELEMENT_TEXT_SIZE];
	size_t		size = sizeof("[]");

	for (int i = 0; i < f->count; i++)
		size += (size_t) print_element(f, i, buf);
	return size;
}

char *
frontier_text(const Frontier *f, char *buf)
{
	char	   *p = buf;

	*p++ = '[';
	for (int i = 0; i < f->count; i++)
		p += print_element(f, i, p);
	strcpy(p, "]");
	return buf;
}

char *
frontier_print(const Frontier *f, char *buf)
{
	char		element[ELEMENT_TEXT_SIZE];
	char	   *p = buf;

	*p++ = '[';
	for (int i = 0; i < f->count; i++)
	{
		int			size = print_element(f, i, element);

		if (p + size + sizeof(",...]") > buf + FRONTIER_PRINT_SIZE)
		{
			p += sprintf(p, ",...");
			break;
		}
		memcpy(p, element, (size_t) size);
		p += size;
	}
	strcpy(p, "]");
	return buf;
}

void
frontier_write(const Frontier *f, uint8_t *buf)
{
	*buf++ = f->dims;
	for (int i = 0; i < f->count; i++)
		for (int d = 0; d < f->dims; d++)
		{
			uint64_t	time = frontier_coordinate(f, i, d);

			for (int shift = 56; shift >= 0; shift -= 8)
				*buf++ = (uint8_t) (time >> shift);
		}
}

static Status
read_time(const uint8_t *buf, uint64_t *time, CoreError *err)
{
	*time = 0;
	for (int i = 0; i < 8; i++)
		*time = *time << 8 | buf[i];
	if (*time > TIME_MAX)
		return core_error(err, CORE_RANGE, "time is out of range",
						  "It is %" PRIu64 ".", *time);
	return CORE_OK;
}

static Status
read_elements(const uint8_t *buf, size_t count, int dims, const Arena *arena,
			  Frontier *result, CoreError *err)
{
	size_t		n = count * (size_t) dims;
	uint64_t   *times = arena_alloc(arena, sizeof(uint64_t) * n);
	Status		status;

	for (size_t i = 0; i < n; i++)
		if ((status = read_time(buf + 8 * i, &times[i], err)) != CORE_OK)
			return status;
	if (!frontier_adopt(times, count, dims, result))
		return core_error(err, CORE_BINARY, "malformed binary frontier",
						  "Its %zu elements are not an antichain in order.", count);
	return CORE_OK;
}

Status
frontier_read(const uint8_t *buf, size_t size, const Arena *arena, Frontier *result,
			  CoreError *err)
{
	size_t		dims = size > 0 ? buf[0] : 0;
	uint64_t	time;
	Status		status;

	if (size == 1 && dims == 0)
	{
		*result = frontier_empty();
		return CORE_OK;
	}
	if (dims < 1 || dims > MAX_DIMS || size == 1 || (size - 1) % (8 * dims) != 0 ||
		(dims == 1 && size != 9))
		return core_error(err, CORE_BINARY, "malformed binary frontier",
						  "It has %zu bytes, the first of which is %zu.", size, dims);
	if (dims > 1)
	{
		size_t		count = (size - 1) / (8 * dims);

		if (count > MAX_ELEMENTS)
			return core_error(err, CORE_ELEMENTS, "frontier has too many elements",
							  "It has %zu; at most %d are possible.", count, MAX_ELEMENTS);
		return read_elements(buf + 1, count, (int) dims, arena, result, err);
	}
	if ((status = read_time(buf + 1, &time, err)) != CORE_OK)
		return status;
	*result = frontier_of(time);
	return CORE_OK;
}
