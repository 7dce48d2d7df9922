/*
 * ints_read.c
 *		Reading sequences of integers.  Declared in ints.h.
 *
 * Each step goes through all numbers in a loop of its own, as short as may be: the
 * values of a group stay in the processor's cache between them.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "am/ints.h"
#include "am/ints_format.h"
#include "am/pack.h"

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
