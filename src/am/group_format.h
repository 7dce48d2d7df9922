/*
 * group_format.h
 *		What a row group looks like: for group.c, which writes it, and
 *		group_read.c.
 *
 * A bytea with a GroupHeader, a GroupEntry for each chunk, and the chunks, each
 * MAXALIGNed.  Offsets are from the bytea's own beginning, so that what is
 * aligned in it is so in memory.
 */
#ifndef SPINE_AM_GROUP_FORMAT_H
#define SPINE_AM_GROUP_FORMAT_H

#include "postgres.h"

#include "port/pg_crc32c.h"

#define GROUP_MAGIC 0x70754753
#define GROUP_VERSION 1

typedef struct GroupHeader
{
	int32		vl_len_;
	uint32		magic;
	uint16		version;
	uint16		nchunks;
	uint32		nrows;
	uint32		size;			/* of the whole */
	pg_crc32c	crc;			/* of the header, up to here, and the entries */
} GroupHeader;

/*
 * Ascending by offset.  Attribute numbers below zero are not the table's columns:
 * a reader passes over those that it does not know, or has no use for.  The rows'
 * times are -1 (inserted) and -2 (deleted).
 */
typedef struct GroupEntry
{
	int16		attnum;
	uint16		method;			/* PackMethod */
	uint32		raw_size;		/* unpacked, with its header */
	uint32		offset;
	uint32		size;			/* packed, with its header */
	pg_crc32c	crc;			/* of these bytes */
} GroupEntry;

#define GROUP_HEADER_SIZE(nchunks) \
	(sizeof(GroupHeader) + sizeof(GroupEntry) * (Size) (nchunks))

/* The header's checksum, as it should be. */
static inline pg_crc32c
group_header_crc(const GroupHeader *header, const GroupEntry *entries)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, &header->magic, offsetof(GroupHeader, crc) - offsetof(GroupHeader, magic));
	COMP_CRC32C(crc, entries, sizeof(GroupEntry) * header->nchunks);
	FIN_CRC32C(crc);
	return crc;
}

static inline pg_crc32c
group_chunk_crc(const void *chunk, Size size)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, chunk, size);
	FIN_CRC32C(crc);
	return crc;
}

#endif
