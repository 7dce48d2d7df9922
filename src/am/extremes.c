/*
 * extremes.c
 *		The least and the greatest of values, by the btree order of their type.
 *
 * Most columns are of a few types by value, which are compared as integers
 * here; the others by what their type's btree class has for sorting.
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "am/extremes.h"

/* How values are compared; all others than GENERAL as integers. */
typedef enum OrderKind
{
	ORDER_NONE,
	ORDER_GENERAL,
	ORDER_BYTE,
	ORDER_INT16,
	ORDER_INT32,
	ORDER_INT64,
	ORDER_UINT32,
	ORDER_UINT64,
	ORDER_FLOAT4,
	ORDER_FLOAT8
} OrderKind;

static OrderKind
kind_of(Oid compare)
{
	switch (compare)
	{
		case F_BTBOOLCMP:
		case F_BTCHARCMP:
			return ORDER_BYTE;
		case F_BTINT2CMP:
			return ORDER_INT16;
		case F_BTINT4CMP:
		case F_DATE_CMP:
			return ORDER_INT32;
		case F_BTINT8CMP:
		case F_TIME_CMP:
		case F_TIMESTAMP_CMP:
		case F_TIMESTAMPTZ_CMP:
		case F_CASH_CMP:
			return ORDER_INT64;
		case F_BTOIDCMP:
			return ORDER_UINT32;
		case F_PG_LSN_CMP:
		case F_XID8CMP:
			return ORDER_UINT64;
		case F_BTFLOAT4CMP:
			return ORDER_FLOAT4;
		case F_BTFLOAT8CMP:
			return ORDER_FLOAT8;
	}
	return ORDER_GENERAL;
}

/* Not of arrays, rows and ranges. */
static bool
is_simple(Oid type)
{
	char		kind;

	type = getBaseType(type);
	kind = get_typtype(type);
	return (kind == TYPTYPE_BASE || kind == TYPTYPE_ENUM) && !OidIsValid(get_element_type(type));
}

ColumnOrder
column_order(Form_pg_attribute att, MemoryContext context)
{
	ColumnOrder order = {0};
	TypeCacheEntry *type = lookup_type_cache(att->atttypid, TYPECACHE_LT_OPR | TYPECACHE_CMP_PROC);

	if (!OidIsValid(type->cmp_proc) || !OidIsValid(type->lt_opr) || !is_simple(att->atttypid))
		return order;
	order.kind = att->attbyval ? kind_of(type->cmp_proc) : ORDER_GENERAL;
	if (order.kind == ORDER_GENERAL)
	{
		order.sort.ssup_cxt = context;
		order.sort.ssup_collation = att->attcollation;
		PrepareSortSupportFromOrderingOp(type->lt_opr, &order.sort);
	}
	return order;
}

/* ----------------------------------------------------------------
 * Which order it is
 */

typedef struct CollationId
{
	Oid			collation;
	uint32		id;
} CollationId;

/* By its name, which pg_upgrade keeps, and the library's version. */
static uint32
make_collation_id(Oid collation)
{
	LOCAL_FCINFO(fcinfo, 1);
	bool		is_default = collation == DEFAULT_COLLATION_OID;
	char	   *name = get_collation_name(collation);
	Datum		version;

	if (name == NULL)
		elog(ERROR, "cache lookup failed for collation %u", collation);
	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(is_default ? MyDatabaseId : collation);
	fcinfo->args[0].isnull = false;
	version = is_default ? pg_database_collation_actual_version(fcinfo)
		: pg_collation_actual_version(fcinfo);
	if (!fcinfo->isnull)
		name = psprintf("%s %s", name, text_to_cstring(DatumGetTextPP(version)));
	return hash_bytes((const unsigned char *) name, strlen(name));
}

/*
 * As make_collation_id, which may be slow.  What it says of a collation does not
 * change while a process lives, but by renaming, which does not matter.
 */
static uint32
collation_id(Oid collation)
{
	static HTAB *known = NULL;
	CollationId *entry;
	uint32		id;

	if (!OidIsValid(collation) || collation == C_COLLATION_OID)
		return collation;
	if (known == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(CollationId)};

		known = hash_create("spine collations", 16, &control, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(known, &collation, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->id;
	id = make_collation_id(collation);
	entry = hash_search(known, &collation, HASH_ENTER, NULL);
	return entry->id = id;
}

uint32
column_order_id(Form_pg_attribute att)
{
	uint32		id = hash_combine(att->atttypid, collation_id(att->attcollation));

	/* jsonb compares strings by the database's collation, and others may. */
	if (att->atttypid == JSONBOID || att->atttypid >= FirstNormalObjectId)
		id = hash_combine(id, collation_id(DEFAULT_COLLATION_OID));
	return id;
}

/* ----------------------------------------------------------------
 * Finding them
 */

/* As btree has it: -0 is 0, and nothing is greater than NaN. */
static inline int64
float_key(double value)
{
	int64		bits;

	if (isnan(value))
		return PG_INT64_MAX;
	if (value == 0)
		return 0;
	memcpy(&bits, &value, sizeof(bits));
	return bits ^ (bits >> 63 & PG_INT64_MAX);
}

/* An integer that has the order of the values. */
static pg_attribute_always_inline int64
key_of(OrderKind kind, Datum value)
{
	switch (kind)
	{
		case ORDER_BYTE:
			return (uint8) value;
		case ORDER_INT16:
			return DatumGetInt16(value);
		case ORDER_INT32:
			return DatumGetInt32(value);
		case ORDER_INT64:
			return (int64) value;
		case ORDER_UINT32:
			return DatumGetUInt32(value);
		case ORDER_UINT64:
			return (int64) ((uint64) value ^ (UINT64CONST(1) << 63));
		case ORDER_FLOAT4:
			return float_key(DatumGetFloat4(value));
		case ORDER_FLOAT8:
			return float_key(DatumGetFloat8(value));
		default:
			return 0;
	}
}

static pg_attribute_always_inline void
find_by_key(OrderKind kind, const Datum *values, const bool *nulls, int n, Datum *low,
			Datum *high)
{
	int64		least = PG_INT64_MAX;
	int64		greatest = PG_INT64_MIN;

	for (int i = 0; i < n; i++)
	{
		int64		key = key_of(kind, values[i]);

		if (nulls != NULL && nulls[i])
			continue;
		if (key <= least)
		{
			least = key;
			*low = values[i];
		}
		if (key >= greatest)
		{
			greatest = key;
			*high = values[i];
		}
	}
}

static void
find_by_sort(SortSupport sort, const Datum *values, const bool *nulls, int n, Datum *low,
			 Datum *high)
{
	bool		first = true;

	for (int i = 0; i < n; i++)
	{
		if (nulls != NULL && nulls[i])
			continue;
		if (first || ApplySortComparator(values[i], false, *low, false, sort) < 0)
			*low = values[i];
		if (first || ApplySortComparator(values[i], false, *high, false, sort) > 0)
			*high = values[i];
		first = false;
	}
}

/* A loop of its own for each kind. */
bool
find_extremes(ColumnOrder *order, const Datum *values, const bool *nulls, int n, Datum *low,
			  Datum *high)
{
#define FIND(kind) case kind: find_by_key(kind, values, nulls, n, low, high); return true
	switch ((OrderKind) order->kind)
	{
		FIND(ORDER_BYTE);
		FIND(ORDER_INT16);
		FIND(ORDER_INT32);
		FIND(ORDER_INT64);
		FIND(ORDER_UINT32);
		FIND(ORDER_UINT64);
		FIND(ORDER_FLOAT4);
		FIND(ORDER_FLOAT8);
		case ORDER_GENERAL:
			find_by_sort(&order->sort, values, nulls, n, low, high);
			return true;
		case ORDER_NONE:
			break;
	}
#undef FIND
	return false;
}
