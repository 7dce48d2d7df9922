/*
 * pack.c
 *		Compression of pieces of a row group.  A compressed piece is an ordinary
 *		compressed varlena, so that the server's own functions take it.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/toast_internals.h"

#include "am/pack.h"

#ifdef USE_LZ4
#define BEST_COMPRESSION TOAST_LZ4_COMPRESSION
#else
#define BEST_COMPRESSION TOAST_PGLZ_COMPRESSION
#endif

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
