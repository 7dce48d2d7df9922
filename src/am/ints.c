/*
 * ints.c
 *		Writing sequences of integers.
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

#include "am/ints.h"
#include "am/ints_format.h"
#include "am/pack.h"

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

static inline void
put_eight(char *at, uint64 value)
{
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	memcpy(at, &value, sizeof(value));
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
