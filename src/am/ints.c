/*
 * ints.c
 *		Sequences of integers.
 *
 * A sequence is made into numbers that are as small as may be: the values
 * themselves, or the differences of neighbours; counted from the least, in
 * units of their common factor, or folded around zero where few are far away.
 * The numbers are kept byte plane by byte plane (all lowest bytes, then all of
 * the next), which is what LZ4 finds repetitions in; planes of zeros are left
 * out.  Or they are kept in as few bits each as the greatest needs.  Which way is
 * shortest is found out by trying.  One value again and again, and even steps,
 * take no numbers at all.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"

#include "am/ints.h"
#include "am/pack.h"

#define FLAG_DIFFERENCES 0x01	/* of neighbours, after the first value */
#define FLAG_FOLDED 0x02		/* 0, -1, 1, -2, ... */
#define FLAG_BITS 0x04			/* not planes */
#define FLAGS_ALL 0x07

/* Numbers of more bits may not be in the eight bytes from their first one on. */
#define BITS_MAX 56

/* What follows the bits, so that eight bytes can be read anywhere. */
#define BITS_PADDING 8

typedef struct IntsHeader
{
	uint8		flags;
	uint8		planes;			/* which there are, lowest first */
	uint8		bits;			/* of each number, with FLAG_BITS */
	uint8		unused[5];
	uint64		first;			/* with FLAG_DIFFERENCES */
	uint64		least;			/* added to each number ... */
	uint64		factor;			/* ... that has been multiplied by this */
} IntsHeader;

/* A way to keep a sequence. */
typedef struct Numbers
{
	IntsHeader	header;
	int			n;
	uint64	   *number;
	uint64		any;			/* the bits that are set in any */
	Size		significant;	/* bytes that are not leading zeros */
} Numbers;

static inline uint64
extend(uint64 value, int width)
{
	int			shift = 64 - 8 * width;

	return (uint64) ((int64) (value << shift) >> shift);
}

static inline uint64
fold(uint64 value)
{
	return (value << 1) ^ (uint64) ((int64) value >> 63);
}

static inline int
significant_bytes(uint64 value)
{
	return value == 0 ? 0 : pg_leftmost_one_pos64(value) / 8 + 1;
}

/* ----------------------------------------------------------------
 * Writing
 */

static uint64
greatest_common_divisor(uint64 a, uint64 b)
{
	while (b != 0)
	{
		uint64		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Of all distances from the least; 1 if there is none. */
static uint64
common_factor(const uint64 *values, int n, uint64 least)
{
	uint64		factor = 0;

	for (int i = 0; i < n && factor != 1; i++)
	{
		uint64		distance = values[i] - least;

		if (factor == 0 || distance % factor != 0)
			factor = greatest_common_divisor(factor, distance);
	}
	return Max(factor, 1);
}

static int64
least_of(const uint64 *values, int n)
{
	int64		least = (int64) values[0];

	for (int i = 1; i < n; i++)
		least = Min(least, (int64) values[i]);
	return least;
}

/* Counted from the least, in units of their common factor. */
static void
count_from_least(Numbers *numbers, const uint64 *values)
{
	uint64		least = (uint64) least_of(values, numbers->n);
	uint64		factor = common_factor(values, numbers->n, least);

	numbers->header.least = least;
	numbers->header.factor = factor;
	for (int i = 0; i < numbers->n; i++)
	{
		uint64		number = values[i] - least;

		numbers->number[i] = factor == 1 ? number : number / factor;
	}
}

/*
 * The smaller form of values, which may become the numbers' own.  Where neither
 * is smaller than the values themselves these stay what they are: bits of floats
 * are better not moved.
 */
static void
choose_form(Numbers *numbers, uint64 *values, int width)
{
	Size		folded = 0;
	uint64		mask = width == 8 ? ~UINT64CONST(0) : (UINT64CONST(1) << (8 * width)) - 1;

	numbers->number = palloc(sizeof(uint64) * numbers->n);
	count_from_least(numbers, values);
	for (int i = 0; i < numbers->n; i++)
	{
		numbers->significant += significant_bytes(numbers->number[i]);
		folded += significant_bytes(fold(values[i]));
	}
	if (Min(numbers->significant, folded) > (Size) numbers->n * width * 15 / 16)
	{
		numbers->header.least = 0;
		numbers->header.factor = 1;
		numbers->significant = (Size) numbers->n * width;
		for (int i = 0; i < numbers->n; i++)
			numbers->number[i] = values[i] & mask;
	}
	else if (folded < numbers->significant)
	{
		numbers->header.flags |= FLAG_FOLDED;
		numbers->header.least = 0;
		numbers->header.factor = 1;
		numbers->significant = folded;
		for (int i = 0; i < numbers->n; i++)
			numbers->number[i] = fold(values[i]);
	}
	for (int i = 0; i < numbers->n; i++)
		numbers->any |= numbers->number[i];
}

static Numbers
numbers_of_values(const int64 *values, int n, int width)
{
	Numbers		numbers = {.n = n};

	choose_form(&numbers, (uint64 *) values, width);
	return numbers;
}

static Numbers
numbers_of_differences(const int64 *values, int n, int width)
{
	Numbers		numbers = {.n = n - 1};
	uint64	   *differences = palloc(sizeof(uint64) * n);

	for (int i = 1; i < n; i++)
		differences[i - 1] = extend((uint64) values[i] - (uint64) values[i - 1], width);
	numbers.header.flags = FLAG_DIFFERENCES;
	numbers.header.first = (uint64) values[0];
	choose_form(&numbers, differences, width);
	return numbers;
}

static void
append_planes(StringInfo out, const Numbers *numbers)
{
	for (int shift = 0; shift < 64; shift += 8)
	{
		char	   *plane;

		if ((numbers->any >> shift & 0xFF) == 0)
			continue;
		enlargeStringInfo(out, numbers->n);
		plane = out->data + out->len;
		for (int i = 0; i < numbers->n; i++)
			plane[i] = (char) (numbers->number[i] >> shift);
		out->len += numbers->n;
	}
}

static inline uint64
get_eight(const char *at)
{
	uint64		value;

	memcpy(&value, at, sizeof(value));
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	return value;
}

static inline void
put_eight(char *at, uint64 value)
{
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	memcpy(at, &value, sizeof(value));
}

static Size
bits_size(int n, int bits)
{
	return ((Size) n * bits + 7) / 8 + BITS_PADDING;
}

static void
append_bits(StringInfo out, const Numbers *numbers)
{
	int			bits = numbers->header.bits;
	Size		size = bits_size(numbers->n, bits);
	char	   *data;
	Size		at = 0;

	enlargeStringInfo(out, size);
	data = out->data + out->len;
	memset(data, 0, size);
	for (int i = 0; i < numbers->n; i++, at += bits)
		put_eight(data + at / 8, get_eight(data + at / 8) | numbers->number[i] << at % 8);
	out->len += size;
}

static void
append(StringInfo out, Numbers *numbers, bool bits)
{
	if (bits)
	{
		numbers->header.flags |= FLAG_BITS;
		numbers->header.planes = 0;
		numbers->header.bits = pg_leftmost_one_pos64(numbers->any) + 1;
	}
	else
		for (int plane = 0; plane < 8; plane++)
			if ((numbers->any >> 8 * plane & 0xFF) != 0)
				numbers->header.planes |= 1 << plane;
	appendBinaryStringInfo(out, (const char *) &numbers->header, sizeof(IntsHeader));
	if (bits)
		append_bits(out, numbers);
	else
		append_planes(out, numbers);
}

/* Puts the numbers into best, if that makes it shorter than it is with others. */
static void
consider(Numbers *numbers, bool bits, StringInfo best, Size *best_size)
{
	StringInfoData piece;
	Size		size;

	piece_begin(&piece);
	append(&piece, numbers, bits);
	size = piece_packed_size(piece_end(&piece));
	if (size < *best_size)
	{
		*best_size = size;
		*best = piece;
	}
}

static void
consider_layouts(Numbers *numbers, StringInfo best, Size *best_size)
{
	int			bits = numbers->any == 0 ? 0 : pg_leftmost_one_pos64(numbers->any) + 1;

	consider(numbers, false, best, best_size);
	if (bits % 8 != 0 && bits <= BITS_MAX)
		consider(numbers, true, best, best_size);
}

void
ints_write(StringInfo out, const int64 *values, int n, int width)
{
	Numbers		plain;
	StringInfoData best = {0};
	Size		best_size = SIZE_MAX;

	if (n == 0)
		return;
	plain = numbers_of_values(values, n, width);
	consider_layouts(&plain, &best, &best_size);
	if (plain.any != 0)
	{
		Numbers		differences = numbers_of_differences(values, n, width);

		if (differences.significant <= plain.significant)
			consider_layouts(&differences, &best, &best_size);
	}
	appendBinaryStringInfo(out, best.data + VARHDRSZ, best.len - VARHDRSZ);
}

/* ----------------------------------------------------------------
 * Reading
 */

static void
read_planes(const unsigned char *plane, uint8 planes, int n, Datum *pg_restrict values)
{
	bool		empty = true;

	for (int shift = 0; shift < 64 && planes >> shift / 8 != 0; shift += 8)
	{
		if ((planes >> shift / 8 & 1) == 0)
			continue;
		if (empty)
			for (int i = 0; i < n; i++)
				values[i] = (Datum) ((uint64) plane[i] << shift);
		else
			for (int i = 0; i < n; i++)
				values[i] |= (Datum) ((uint64) plane[i] << shift);
		empty = false;
		plane += n;
	}
	if (empty)
		memset(values, 0, sizeof(Datum) * n);
}

static void
read_bits(const char *data, int bits, int n, Datum *pg_restrict values)
{
	uint64		mask = (UINT64CONST(1) << bits) - 1;
	Size		at = 0;

	for (int i = 0; i < n; i++, at += bits)
		values[i] = (Datum) (get_eight(data + at / 8) >> at % 8 & mask);
}

/* What the numbers were made of; all sums wrap around. */
static void
restore(const IntsHeader *header, int n, Datum *pg_restrict values)
{
	Datum		least = (Datum) header->least;
	Datum		factor = (Datum) header->factor;

	if (header->flags & FLAG_FOLDED)
		for (int i = 0; i < n; i++)
			values[i] = values[i] >> 1 ^ (0 - (values[i] & 1));
	else if (factor != 1)
		for (int i = 0; i < n; i++)
			values[i] = least + values[i] * factor;
	else if (least != 0)
		for (int i = 0; i < n; i++)
			values[i] += least;
}

static void
sum_up(Datum first, int n, Datum *values)
{
	Datum		sum = first;

	values[0] = first;
	for (int i = 1; i < n; i++)
		values[i] = sum += values[i];
}

/* As fetch_att does. */
static void
extend_all(int n, int width, Datum *pg_restrict values)
{
	switch (width)
	{
		case 1:
			for (int i = 0; i < n; i++)
				values[i] = CharGetDatum((char) values[i]);
			break;
		case 2:
			for (int i = 0; i < n; i++)
				values[i] = Int16GetDatum((int16) values[i]);
			break;
		case 4:
			for (int i = 0; i < n; i++)
				values[i] = Int32GetDatum((int32) values[i]);
			break;
	}
}

static Size
numbers_size(const IntsHeader *header, int n)
{
	if (header->flags & ~FLAGS_ALL)
		group_corrupted("Its integers are kept in an unknown way.");
	if ((header->flags & FLAG_BITS) == 0)
		return (Size) pg_popcount32(header->planes) * n;
	if (header->bits == 0 || header->bits > BITS_MAX)
		group_corrupted("Its integers have an impossible length.");
	return bits_size(n, header->bits);
}

const char *
ints_read(const char *data, const char *end, int n, int width, Datum *values)
{
	IntsHeader	header;
	bool		differences;
	Size		size;

	if (n == 0)
		return data;
	if ((Size) (end - data) < sizeof(header))
		group_corrupted("Its integers are cut off.");
	memcpy(&header, data, sizeof(header));
	data += sizeof(header);
	differences = (header.flags & FLAG_DIFFERENCES) != 0;
	size = numbers_size(&header, n - differences);
	if (size > (Size) (end - data))
		group_corrupted("Its integers are cut off.");

	if (header.flags & FLAG_BITS)
		read_bits(data, header.bits, n - differences, values + differences);
	else
		read_planes((const unsigned char *) data, header.planes, n - differences,
					values + differences);
	restore(&header, n - differences, values + differences);
	if (differences)
		sum_up((Datum) header.first, n, values);
	extend_all(n, width, values);
	return data + size;
}
