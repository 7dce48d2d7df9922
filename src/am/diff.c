/*
 * diff.c
 *		Values that add up: integers, numeric, floats, interval and money.
 *
 * Integers and money are added in 128 bits, and the total is made a value again.
 * Other sums are the server's own, but that a sum out of range is told rather than
 * raised: at rest both values can stay as they are.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "am/diff.h"
#include "compat.h"

static bool
type_adds_up(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case INTERVALOID:
		case CASHOID:
			return true;
	}
	return false;
}

void
diff_require_type(Form_pg_attribute att)
{
	if (type_adds_up(att->atttypid))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" cannot be a diff column", NameStr(att->attname)),
			 errdetail("Its type is %s.", format_type_be(att->atttypid)),
			 errhint("Diff columns are integers, numeric, floats, interval or money.")));
}

bool
diff_is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == CASHOID;
}

int64
diff_integer(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

static Datum
integer_value(Oid type, int64 integer)
{
	switch (type)
	{
		case INT2OID:
			return Int16GetDatum((int16) integer);
		case INT4OID:
			return Int32GetDatum((int32) integer);
		default:
			return Int64GetDatum(integer);
	}
}

/* The greatest value of the type; the least is one less than its opposite. */
static int64
greatest_integer(Oid type)
{
	return type == INT2OID ? PG_INT16_MAX : type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
}

bool
diff_total_take(DiffTotal *total, Oid type, Datum *value)
{
	int64		most = greatest_integer(type);
	int64		least = -most - 1;
	int64		part;

	if (int128_compare(*total, int64_to_int128(most)) > 0)
		part = most;
	else if (int128_compare(*total, int64_to_int128(least)) < 0)
		part = least;
	else
		part = int128_to_int64(*total);
	*value = integer_value(type, part);
	/* The opposite in two steps, since the least integer has none. */
	int128_add_int64(total, ~part);
	int128_add_int64(total, 1);
	return diff_total_is_zero(total);
}

static bool
add_intervals(Datum a, Datum b, Datum *sum)
{
	const Interval *x = DatumGetIntervalP(a);
	const Interval *y = DatumGetIntervalP(b);
	Interval   *z = palloc(sizeof(Interval));

	*sum = IntervalPGetDatum(z);
	/* Infinity and minus infinity, which 17 has, are all fields at their limits. */
	if (INTERVAL_NOT_FINITE(x) || INTERVAL_NOT_FINITE(y))
	{
		*z = INTERVAL_NOT_FINITE(x) ? *x : *y;
		return !INTERVAL_NOT_FINITE(x) || !INTERVAL_NOT_FINITE(y) || x->month == y->month;
	}
	return !pg_add_s32_overflow(x->month, y->month, &z->month) &&
		!pg_add_s32_overflow(x->day, y->day, &z->day) &&
		!pg_add_s64_overflow(x->time, y->time, &z->time) &&
		!INTERVAL_NOT_FINITE(z);
}

/* Infinite only if one of them was. */
static bool
is_float_in_range(double a, double b, double sum)
{
	return !isinf(sum) || isinf(a) || isinf(b);
}

bool
diff_add(Oid type, Datum a, Datum b, Datum *sum)
{
	bool		fine;

	switch (type)
	{
		case FLOAT4OID:
			*sum = Float4GetDatum(DatumGetFloat4(a) + DatumGetFloat4(b));
			return is_float_in_range(DatumGetFloat4(a), DatumGetFloat4(b),
									 DatumGetFloat4(*sum));
		case FLOAT8OID:
			*sum = Float8GetDatum(DatumGetFloat8(a) + DatumGetFloat8(b));
			return is_float_in_range(DatumGetFloat8(a), DatumGetFloat8(b),
									 DatumGetFloat8(*sum));
		case INTERVALOID:
			return add_intervals(a, b, sum);
		case NUMERICOID:
			fine = false;
			*sum = NumericGetDatum(numeric_add_opt_error(DatumGetNumeric(a),
														 DatumGetNumeric(b), &fine));
			return !fine;
	}
	elog(ERROR, "values of type %u do not add up", type);
	return false;
}

bool
diff_is_zero(Oid type, Datum value)
{
	const Interval *interval;

	switch (type)
	{
		case FLOAT4OID:
			return DatumGetFloat4(value) == 0;
		case FLOAT8OID:
			return DatumGetFloat8(value) == 0;
		case INTERVALOID:
			interval = DatumGetIntervalP(value);
			return interval->month == 0 && interval->day == 0 && interval->time == 0;
		case NUMERICOID:
			return DatumGetBool(DirectFunctionCall2(numeric_eq, value,
													NumericGetDatum(int64_to_numeric(0))));
	}
	return false;
}

Datum
diff_zero(Oid type)
{
	switch (type)
	{
		case FLOAT4OID:
			return Float4GetDatum(0);
		case FLOAT8OID:
			return Float8GetDatum(0);
		case INTERVALOID:
			return IntervalPGetDatum(palloc0(sizeof(Interval)));
		default:
			return NumericGetDatum(int64_to_numeric(0));
	}
}

/* Ten to the number of digits before the point, which may be negative. */
static Numeric
numeric_limit(int32 typmod)
{
	int			precision = (typmod - VARHDRSZ) >> 16 & 0xffff;
	int			scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;

	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(psprintf("1e%d", precision - scale)),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

bool
diff_fits(Form_pg_attribute att, Datum value)
{
	if (att->atttypid != NUMERICOID || att->atttypmod < (int32) VARHDRSZ ||
		numeric_is_nan(DatumGetNumeric(value)))
		return true;
	return DatumGetBool(DirectFunctionCall2(numeric_lt,
											DirectFunctionCall1(numeric_abs, value),
											NumericGetDatum(numeric_limit(att->atttypmod))));
}

void
diff_out_of_range(Form_pg_attribute att)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("sum of diff column \"%s\" is out of range", NameStr(att->attname)),
			 errdetail("Its type is %s.",
					   format_type_with_typemod(att->atttypid, att->atttypmod)),
			 errhint("Give the column a type with a greater range, such as numeric: ALTER TABLE ... ALTER COLUMN ... TYPE numeric.")));
	pg_unreachable();
}
