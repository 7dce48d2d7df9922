/*
 * flat.c
 *		Writing and reading the byte image.  Relies on trace.h; reading trusts
 *		nothing.
 */
#include "core/flat.h"

#define IMAGE_VERSION 1

static uint8_t *
put_number(uint8_t *p, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*p++ = (uint8_t) (number | 0x80);
	*p++ = (uint8_t) number;
	return p;
}

/* The empty frontier is 0, so that a time takes its own value and one. */
static uint8_t *
put_frontier(uint8_t *p, const Frontier *f)
{
	return put_number(p, frontier_is_empty(f) ? 0 : f->time + 1);
}

size_t
image_write(const Trace *trace, uint8_t *buf)
{
	uint8_t    *p = buf;

	*p++ = IMAGE_VERSION;
	p = put_number(p, (uint64_t) trace->levels.count);
	for (int index = trace->levels.count - 1; index >= 0; index--)
	{
		const Level *level = &trace->levels.level[index];

		*p++ = (uint8_t) level->count;
		for (int i = 0; i < level->count; i++)
		{
			const SpineBatch *batch = &level->batch[i];

			p = put_number(p, batch->hi - batch->lo);
			p = put_frontier(p, &batch->desc.upper);
			p = put_frontier(p, &batch->desc.since);
			p = put_number(p, (uint64_t) batch->len);
			p = put_number(p, (uint64_t) batch->hollow);
			p = put_number(p, (uint64_t) batch->parts);
			*p++ = batch->runs;
		}
		if (level->count == 2)
		{
			p = put_frontier(p, &level->merge.since);
			p = put_number(p, (uint64_t) level->merge.remaining);
		}
	}
	return (size_t) (p - buf);
}

/* Where reading stands; bad once anything was missing or impossible. */
typedef struct Reader
{
	const uint8_t *p;
	const uint8_t *end;
	bool		bad;
} Reader;

static uint8_t
get_byte(Reader *reader)
{
	if (reader->p == reader->end)
	{
		reader->bad = true;
		return 0;
	}
	return *reader->p++;
}

/* Only the shortest form of a number is good: an image has one spelling. */
static uint64_t
get_number(Reader *reader, uint64_t max)
{
	uint64_t	number = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte = get_byte(reader);

		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break;
		number |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			if (number > max)
				break;
			return number;
		}
	}
	reader->bad = true;
	return 0;
}

static Frontier
get_frontier(Reader *reader)
{
	uint64_t	number = get_number(reader, TIME_MAX + 1);

	return number == 0 ? frontier_empty() : frontier_of(number - 1);
}

/* Reads a batch that follows the trace's upper and next id, and advances these. */
static void
get_batch(Reader *reader, Trace *trace, SpineBatch *batch)
{
	uint8_t		runs;

	batch->lo = trace->next_id;
	batch->hi = batch->lo + get_number(reader, INT64_MAX - batch->lo);
	batch->desc.lower = trace->upper;
	batch->desc.upper = get_frontier(reader);
	batch->desc.since = get_frontier(reader);
	batch->len = (int64_t) get_number(reader, INT64_MAX);
	batch->hollow = (int64_t) get_number(reader, INT64_MAX);
	batch->parts = (int64_t) get_number(reader, INT64_MAX);
	runs = get_byte(reader);
	batch->runs = runs == 1;
	if (runs > 1)
		reader->bad = true;
	trace->next_id = batch->hi;
	trace->upper = batch->desc.upper;
}

static void
get_level(Reader *reader, Trace *trace, Level *level)
{
	level->count = get_byte(reader);
	if (level->count > 2)
	{
		level->count = 0;
		reader->bad = true;
	}
	for (int i = 0; i < level->count; i++)
		get_batch(reader, trace, &level->batch[i]);
	if (level->count == 2)
	{
		level->merge.since = get_frontier(reader);
		level->merge.remaining = (int64_t) get_number(reader, INT64_MAX);
	}
}

Status
image_read(const uint8_t *buf, size_t size, Trace *trace, CoreError *err)
{
	Reader		reader = {buf, buf + size, false};
	uint8_t		version = get_byte(&reader);

	if (!reader.bad && version != IMAGE_VERSION)
		return core_error(err, CORE_CORRUPT, "image is of another version",
						  "It is of version %d; this library reads version %d.", version,
						  IMAGE_VERSION);
	trace->next_id = 0;
	trace->upper = frontier_minimum();
	trace->levels.count = (int32_t) get_number(&reader, MAX_LEVELS);
	for (int index = trace->levels.count - 1; index >= 0 && !reader.bad; index--)
		get_level(&reader, trace, &trace->levels.level[index]);
	if (reader.bad || reader.p != reader.end)
		return core_error(err, CORE_CORRUPT, "image is damaged",
						  "It has %zu bytes; the damage is at byte %zu.", size,
						  (size_t) (reader.p - buf));
	return trace_validate(trace, err);
}
