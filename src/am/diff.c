/*
 * diff.c
 *		Values that add up: integers, numeric, floats, interval and money.
 *
 * The sums are the server's own, but that a sum out of range is told rather than
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

bool
diff_type_adds_up(Oid type)
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
	int16		small;
	int32		integer;
	int64		big;
	bool		fine;

	switch (type)
	{
		case INT2OID:
			fine = !pg_add_s16_overflow(DatumGetInt16(a), DatumGetInt16(b), &small);
			*sum = Int16GetDatum(small);
			return fine;
		case INT4OID:
			fine = !pg_add_s32_overflow(DatumGetInt32(a), DatumGetInt32(b), &integer);
			*sum = Int32GetDatum(integer);
			return fine;
		case INT8OID:
		case CASHOID:
			fine = !pg_add_s64_overflow(DatumGetInt64(a), DatumGetInt64(b), &big);
			*sum = Int64GetDatum(big);
			return fine;
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
		case INT2OID:
			return DatumGetInt16(value) == 0;
		case INT4OID:
			return DatumGetInt32(value) == 0;
		case INT8OID:
		case CASHOID:
			return DatumGetInt64(value) == 0;
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

void
diff_out_of_range(Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("sum of a diff column is out of range"),
			 errdetail("Its type is %s.", format_type_be(type)),
			 errhint("Give the column a type with a greater range, such as numeric.")));
	pg_unreachable();
}
