/*
 * pack.c
 *		Compression of pieces of a row group.  A compressed piece is a compressed
 *		varlena as toasted values are, so that the server's own functions take it,
 *		but for those of zstd.
 */
#include "postgres.h"

#ifdef USE_ZSTD
#include <zstd.h>
#endif

#include "access/detoast.h"
#include "access/toast_internals.h"

#include "am/pack.h"

#ifdef USE_LZ4
#define BEST_COMPRESSION TOAST_LZ4_COMPRESSION
#else
#define BEST_COMPRESSION TOAST_PGLZ_COMPRESSION
#endif

/*
 * In the two bits by which the server tells its own methods apart, of which it has
 * used two.  It never sees this one.
 */
#define ZSTD_COMPRESSION_ID 3

/* Most of what it can do is done by its first level, which is the fastest. */
#define ZSTD_LEVEL 1

void
piece_begin(StringInfo piece)
{
	initStringInfo(piece);
	appendStringInfoSpaces(piece, VARHDRSZ);
}

struct varlena *
piece_end(StringInfo piece)
{
	SET_VARSIZE(piece->data, piece->len);
	return (struct varlena *) piece->data;
}

struct varlena *
piece_pack(struct varlena *piece)
{
	Datum		packed = toast_compress_datum(PointerGetDatum(piece), BEST_COMPRESSION);

	return DatumGetPointer(packed) == NULL ? piece : (struct varlena *) DatumGetPointer(packed);
}

Size
piece_packed_size(struct varlena *piece)
{
	struct varlena *packed = piece_pack(piece);
	Size		size = VARSIZE(packed);

	if (packed != piece)
		pfree(packed);
	return size;
}

#ifdef USE_ZSTD

/* Contexts are used again, since making one may take longer than what it is for. */

static Size
zstd_compress(void *to, Size room, const struct varlena *piece)
{
	static ZSTD_CCtx *context = NULL;

	if (context == NULL)
		context = ZSTD_createCCtx();
	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return ZSTD_compressCCtx(context, to, room, VARDATA(piece), VARSIZE(piece) - VARHDRSZ,
							 ZSTD_LEVEL);
}

static Size
zstd_decompress(void *to, Size room, const struct varlena *packed)
{
	static ZSTD_DCtx *context = NULL;

	if (context == NULL)
		context = ZSTD_createDCtx();
	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return ZSTD_decompressDCtx(context, to, room, (const char *) packed + VARHDRSZ_COMPRESSED,
							   VARSIZE(packed) - VARHDRSZ_COMPRESSED);
}

struct varlena *
piece_repack(struct varlena *packed)
{
	struct varlena *piece = piece_unpack(packed);
	Size		room = VARSIZE(packed) / 4 * 3;
	struct varlena *result = palloc(Max(room, VARHDRSZ_COMPRESSED));
	/* It fails where there is not room enough. */
	Size		size = zstd_compress((char *) result + VARHDRSZ_COMPRESSED,
									 room - Min(room, VARHDRSZ_COMPRESSED), piece);

	if (piece != packed)
		pfree(piece);
	if (ZSTD_isError(size))
	{
		pfree(result);
		return packed;
	}
	SET_VARSIZE_COMPRESSED(result, size + VARHDRSZ_COMPRESSED);
	((varattrib_4b *) result)->va_compressed.va_tcinfo =
		(uint32) (piece_raw_size(packed) - VARHDRSZ) |
		((uint32) ZSTD_COMPRESSION_ID << VARLENA_EXTSIZE_BITS);
	pfree(packed);
	return result;
}

static struct varlena *
unpack_zstd(const struct varlena *packed)
{
	Size		room = piece_raw_size(packed) - VARHDRSZ;
	struct varlena *piece = palloc(room + VARHDRSZ);

	if (zstd_decompress(VARDATA(piece), room, packed) != room)
		group_corrupted("A piece of it cannot be decompressed.");
	SET_VARSIZE(piece, room + VARHDRSZ);
	return piece;
}

#else

struct varlena *
piece_repack(struct varlena *packed)
{
	return packed;
}

static struct varlena *
unpack_zstd(const struct varlena *packed)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("compression method zstd not supported"),
			 errdetail("This functionality requires the server to be built with zstd support.")));
}

#endif

PackMethod
piece_method(const struct varlena *packed)
{
	if (VARATT_IS_4B_U(packed))
		return PACK_NONE;
	switch (VARDATA_COMPRESSED_GET_COMPRESS_METHOD(packed))
	{
		case TOAST_PGLZ_COMPRESSION_ID:
			return PACK_PGLZ;
		case TOAST_LZ4_COMPRESSION_ID:
			return PACK_LZ4;
		case ZSTD_COMPRESSION_ID:
			return PACK_ZSTD;
	}
	group_corrupted("A piece of it is compressed in an unknown way.");
}

Size
piece_raw_size(const struct varlena *packed)
{
	if (VARATT_IS_4B_U(packed))
		return VARSIZE_4B(packed);
	return VARDATA_COMPRESSED_GET_EXTSIZE(packed) + VARHDRSZ;
}

struct varlena *
piece_unpack(struct varlena *packed)
{
	struct varlena *piece;

	if (VARATT_IS_4B_U(packed))
		return packed;
	if (piece_method(packed) == PACK_ZSTD)
		return unpack_zstd(packed);
	piece = detoast_attr(packed);
	if (VARSIZE(piece) != piece_raw_size(packed))
		group_corrupted("A piece of it has another length than it says.");
	return piece;
}

void
group_corrupted(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("row group is corrupted"),
			 errdetail_internal("%s", detail)));
}
