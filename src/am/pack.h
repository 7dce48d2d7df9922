/*
 * pack.h
 *		Compression of pieces of a row group, by the server's own means: what it
 *		does to toasted values is done to chunks here, or better, with zstd.
 */
#ifndef SPINE_AM_PACK_H
#define SPINE_AM_PACK_H

#include "postgres.h"

#include "access/toast_compression.h"
#include "lib/stringinfo.h"

#include "compat.h"

/* How a piece is kept; a number in the directory of a group, so never changed. */
typedef enum PackMethod
{
	PACK_NONE,
	PACK_PGLZ,
	PACK_LZ4,
	PACK_ZSTD
} PackMethod;

/* An empty piece: room for a varlena's header, and then what is appended. */
extern void piece_begin(StringInfo piece);

/* The piece as a varlena. */
extern struct varlena *piece_end(StringInfo piece);

/*
 * Compresses a piece, if that makes it shorter; otherwise returns it as it is.
 * LZ4 if the server was built with it.
 */
extern struct varlena *piece_pack(struct varlena *piece);

/* How many bytes piece_pack would make of it. */
extern Size piece_packed_size(struct varlena *piece);

/*
 * Compresses a packed piece with zstd instead, if that makes it shorter by a quarter at
 * least and the server was built with it: it takes longer to unpack.  Otherwise returns
 * it as it is.
 */
extern struct varlena *piece_repack(struct varlena *packed);

extern PackMethod piece_method(const struct varlena *packed);

/* How long it is unpacked, as it says itself; with the header. */
extern Size piece_raw_size(const struct varlena *packed);

/*
 * The piece again; it may be the same memory.  ERRCODE_FEATURE_NOT_SUPPORTED for
 * LZ4 or zstd where the server knows none.
 */
extern struct varlena *piece_unpack(struct varlena *packed);

/* Raises ERRCODE_DATA_CORRUPTED for a row group that nobody can have written. */
extern void group_corrupted(const char *detail) pg_attribute_noreturn();

#endif
