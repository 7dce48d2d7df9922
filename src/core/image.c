/*
 * image.c
 *		Writing and reading the byte image.  Relies on trace.h; reading trusts
 *		nothing.
 */
#include "core/image.h"

#define IMAGE_VERSION 2

/* Counts on where there is no room. */
typedef struct Writer
{
	uint8_t    *buf;
	size_t		room;
	size_t		size;
} Writer;

static inline void
put_byte(Writer *writer, uint8_t byte)
{
	if (writer->size < writer->room)
		writer->buf[writer->size] = byte;
	writer->size++;
}

static void
put_number(Writer *writer, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(writer, (uint8_t) (number | 0x80));
	put_byte(writer, (uint8_t) number);
}

/*
 * The empty frontier is 0.  With one dimension, a time takes its own value and
 * one; with more, the number of elements comes before their coordinates.
 */
static void
put_frontier(Writer *writer, const Frontier *f)
{
	if (f->dims == 1)
		put_number(writer, f->time + 1);
	else
		put_number(writer, f->count);
	for (int i = 0; f->dims > 1 && i < f->count * f->dims; i++)
		put_number(writer, f->times[i]);
}

static void
put_batch(Writer *writer, const SpineBatch *batch)
{
	put_number(writer, batch->hi - batch->lo);
	if (spine_batch_is_structural(batch))
		return;
	put_frontier(writer, &batch->desc.upper);
	put_frontier(writer, &batch->desc.since);
	put_number(writer, (uint64_t) batch->len);
	put_number(writer, (uint64_t) batch->hollow);
	put_number(writer, (uint64_t) batch->parts);
	put_byte(writer, batch->runs);
}

static void
put_level(Writer *writer, const Level *level)
{
	put_byte(writer, (uint8_t) level->count);
	for (int i = 0; i < level->count; i++)
		put_batch(writer, &level->batch[i]);
	if (level_state(level) == LEVEL_IN_PROGRESS)
	{
		put_frontier(writer, &level->merge.since);
		put_number(writer, (uint64_t) level->merge.remaining);
	}
}

size_t
image_write(const Trace *trace, uint8_t *buf, size_t room)
{
	Writer		writer = {buf, room, 0};

	put_byte(&writer, IMAGE_VERSION);
	put_byte(&writer, (uint8_t) trace->dims);
	put_number(&writer, (uint64_t) trace->effort);
	put_frontier(&writer, &trace->since);
	put_byte(&writer, trace->physical_used);
	if (trace->physical_used)
		put_frontier(&writer, &trace->physical);
	put_number(&writer, (uint64_t) trace->levels.count);
	for (int index = trace->levels.count - 1; index >= 0; index--)
		put_level(&writer, &trace->levels.level[index]);
	put_number(&writer, trace->npending);
	for (uint32_t i = 0; i < trace->npending; i++)
		put_batch(&writer, &trace->pending[i]);
	return writer.size;
}

/* Where reading stands; bad once anything was missing or impossible. */
typedef struct Reader
{
	const uint8_t *p;
	const uint8_t *end;
	Trace	   *trace;
	bool		bad;
} Reader;

static uint8_t
get_byte(Reader *reader, uint8_t max)
{
	if (reader->p == reader->end || *reader->p > max)
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
		uint8_t		byte = get_byte(reader, UINT8_MAX);

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

/* Each coordinate takes a byte at least, so damage cannot ask for much memory. */
static Frontier
get_elements(Reader *reader)
{
	int			dims = reader->trace->dims;
	size_t		count = get_number(reader, MAX_ELEMENTS);
	Frontier	result = frontier_empty();
	uint64_t   *times;

	if (count * (size_t) dims > (size_t) (reader->end - reader->p))
		reader->bad = true;
	if (count == 0 || reader->bad)
		return result;
	times = arena_alloc(&reader->trace->arena, sizeof(uint64_t) * count * (size_t) dims);
	for (size_t i = 0; i < count * (size_t) dims; i++)
		times[i] = get_number(reader, TIME_MAX);
	if (!frontier_adopt(times, count, dims, &result))
		reader->bad = true;
	return result;
}

static Frontier
get_frontier(Reader *reader)
{
	uint64_t	number;

	if (reader->trace->dims > 1)
		return get_elements(reader);
	number = get_number(reader, TIME_MAX + 1);
	return number == 0 ? frontier_empty() : frontier_of(number - 1);
}

/* Reads a batch that follows the trace's upper and next id, and advances these. */
static void
get_batch(Reader *reader, SpineBatch *batch)
{
	Trace	   *trace = reader->trace;
	uint64_t	width = get_number(reader, INT64_MAX - trace->next_id);

	*batch = structural_empty(trace->next_id);
	if (width == 0)
		return;
	batch->hi += width;
	batch->desc.lower = trace->upper;
	batch->desc.upper = get_frontier(reader);
	batch->desc.since = get_frontier(reader);
	batch->len = (int64_t) get_number(reader, INT64_MAX);
	batch->hollow = (int64_t) get_number(reader, INT64_MAX);
	batch->parts = (int64_t) get_number(reader, INT64_MAX);
	batch->runs = get_byte(reader, 1) == 1;
	trace->next_id = batch->hi;
	trace->upper = batch->desc.upper;
}

static void
get_level(Reader *reader, Level *level)
{
	level->count = get_byte(reader, 2);
	for (int i = 0; i < level->count; i++)
		get_batch(reader, &level->batch[i]);
	if (level_state(level) == LEVEL_IN_PROGRESS)
	{
		level->merge.since = get_frontier(reader);
		level->merge.remaining = (int64_t) get_number(reader, INT64_MAX);
	}
}

/* A pending batch takes seven bytes at least. */
static void
get_pending(Reader *reader)
{
	Trace	   *trace = reader->trace;
	uint64_t	count = get_number(reader, INT32_MAX);

	if (count > (uint64_t) (reader->end - reader->p) / 7)
		reader->bad = true;
	if (count == 0 || reader->bad)
		return;
	trace->pending = arena_alloc(&trace->arena, sizeof(SpineBatch) * count);
	trace->npending = trace->pending_room = (uint32_t) count;
	for (uint64_t i = 0; i < count; i++)
		get_batch(reader, &trace->pending[i]);
}

/* What comes before the levels; dims and effort are good ones afterwards. */
static Status
get_head(Reader *reader, Arena arena, CoreError *err)
{
	Trace	   *trace = reader->trace;
	int			dims = get_byte(reader, MAX_DIMS);
	int			effort = (int) get_number(reader, INT32_MAX);

	if (reader->bad || dims < 1 || effort < 1)
	{
		reader->bad = true;
		return CORE_OK;
	}
	if (trace_init(trace, dims, effort, arena, err) != CORE_OK)
		return err->status;
	trace->since = get_frontier(reader);
	trace->physical_used = get_byte(reader, 1) == 1;
	if (trace->physical_used)
		trace->physical = get_frontier(reader);
	return CORE_OK;
}

Status
image_read(const uint8_t *buf, size_t size, Arena arena, Trace *trace, CoreError *err)
{
	Reader		reader = {buf, buf + size, trace, false};
	uint8_t		version = get_byte(&reader, UINT8_MAX);

	if (!reader.bad && version != IMAGE_VERSION)
		return core_error(err, CORE_CORRUPT, "image is of another version",
						  "It is of version %d; this library reads version %d.", version,
						  IMAGE_VERSION);
	if (get_head(&reader, arena, err) != CORE_OK)
		return err->status;
	trace->levels.count = reader.bad ? 0 : (int32_t) get_number(&reader, MAX_LEVELS);
	for (int index = trace->levels.count - 1; index >= 0 && !reader.bad; index--)
		get_level(&reader, &trace->levels.level[index]);
	if (!reader.bad)
		get_pending(&reader);
	if (reader.bad || reader.p != reader.end)
		return core_error(err, CORE_CORRUPT, "image is damaged",
						  "It has %zu bytes; the damage is at byte %zu.", size,
						  (size_t) (reader.p - buf));
	return trace_validate(trace, err);
}
