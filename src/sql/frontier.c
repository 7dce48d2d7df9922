/*
 * frontier.c
 *		The SQL type spine_frontier: input and output, casts, order, hash.
 *
 * A thin layer over core/frontier.h; works without the library preloaded.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "state/arena.h"
#include "state/report.h"
#include "state/values.h"

#define PG_GETARG_FRONTIER(n) datum_get_frontier(PG_GETARG_DATUM(n))
#define PG_RETURN_FRONTIER(f) PG_RETURN_DATUM(frontier_get_datum(f))

PG_FUNCTION_INFO_V1(spine_frontier_in);
Datum
spine_frontier_in(PG_FUNCTION_ARGS)
{
	char	   *start = PG_GETARG_CSTRING(0);
	const char *text = start;
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_parse(&text, &arena, &result, &err) != CORE_OK)
		report_core_error(&err);
	text += strspn(text, " \t\n\r\f\v");
	if (*text != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("malformed frontier"),
				 errdetail("There is more text after the closing bracket: \"%s\".", text),
				 errhint("A frontier is a list of times in brackets, such as [5] or [(0,3),(2,1)], or [] for the end of time.")));
	PG_RETURN_FRONTIER(&result);
}

PG_FUNCTION_INFO_V1(spine_frontier_out);
Datum
spine_frontier_out(PG_FUNCTION_ARGS)
{
	Frontier	f = PG_GETARG_FRONTIER(0);

	PG_RETURN_CSTRING(frontier_text(&f, palloc(frontier_text_size(&f))));
}

PG_FUNCTION_INFO_V1(spine_frontier_recv);
Datum
spine_frontier_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			size = message->len - message->cursor;
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_read((const uint8 *) pq_getmsgbytes(message, size), size, &arena,
					  &result, &err) != CORE_OK)
		report_core_error(&err);
	PG_RETURN_FRONTIER(&result);
}

PG_FUNCTION_INFO_V1(spine_frontier_send);
Datum
spine_frontier_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static Datum
frontier_from_int64(int64 time)
{
	Frontier	result;

	if (time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("time is below 0"),
				 errdetail("The time given is " INT64_FORMAT ".", time),
				 errhint("Times are integers from 0 to " INT64_FORMAT ".", PG_INT64_MAX)));
	result = frontier_of((uint64) time);
	return frontier_get_datum(&result);
}

PG_FUNCTION_INFO_V1(spine_frontier_from_int4);
Datum
spine_frontier_from_int4(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(frontier_from_int64(PG_GETARG_INT32(0)));
}

PG_FUNCTION_INFO_V1(spine_frontier_from_int8);
Datum
spine_frontier_from_int8(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(frontier_from_int64(PG_GETARG_INT64(0)));
}

PG_FUNCTION_INFO_V1(spine_frontier_to_int8);
Datum
spine_frontier_to_int8(PG_FUNCTION_ARGS)
{
	Frontier	f = PG_GETARG_FRONTIER(0);
	char		text[FRONTIER_PRINT_SIZE];

	if (f.count != 1 || f.dims != 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("frontier is not a single time"),
				 errdetail("The frontier is %s.", frontier_print(&f, text)),
				 errhint("Only a frontier of one one-dimensional time can be cast to bigint.")));
	PG_RETURN_INT64((int64) f.time);
}

#define FRONTIER_OPERATOR(name, expression) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	Frontier	a = PG_GETARG_FRONTIER(0); \
	Frontier	b = PG_GETARG_FRONTIER(1); \
	\
	PG_RETURN_BOOL(expression); \
} \
extern Datum name(PG_FUNCTION_ARGS)

/* Which comes first is no question where the dimensions differ. */
static bool
less_equal(const Frontier *a, const Frontier *b)
{
	CoreError	err;

	if (frontier_check_pair(a, b, &err) != CORE_OK)
		report_core_error(&err);
	return frontier_less_equal(a, b);
}

FRONTIER_OPERATOR(spine_frontier_eq, frontier_equal(&a, &b));
FRONTIER_OPERATOR(spine_frontier_ne, !frontier_equal(&a, &b));
FRONTIER_OPERATOR(spine_frontier_lt, less_equal(&a, &b) && !frontier_equal(&a, &b));
FRONTIER_OPERATOR(spine_frontier_le, less_equal(&a, &b));
FRONTIER_OPERATOR(spine_frontier_gt, less_equal(&b, &a) && !frontier_equal(&a, &b));
FRONTIER_OPERATOR(spine_frontier_ge, less_equal(&b, &a));
FRONTIER_OPERATOR(spine_frontier_total_lt, frontier_compare_total(&a, &b) < 0);
FRONTIER_OPERATOR(spine_frontier_total_le, frontier_compare_total(&a, &b) <= 0);
FRONTIER_OPERATOR(spine_frontier_total_gt, frontier_compare_total(&a, &b) > 0);
FRONTIER_OPERATOR(spine_frontier_total_ge, frontier_compare_total(&a, &b) >= 0);

PG_FUNCTION_INFO_V1(spine_frontier_cmp);
Datum
spine_frontier_cmp(PG_FUNCTION_ARGS)
{
	Frontier	a = PG_GETARG_FRONTIER(0);
	Frontier	b = PG_GETARG_FRONTIER(1);

	PG_RETURN_INT32(frontier_compare_total(&a, &b));
}

/* Equal frontiers have equal binary forms. */
PG_FUNCTION_INFO_V1(spine_frontier_hash);
Datum
spine_frontier_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_DATUM(hash_any((unsigned char *) VARDATA_ANY(value),
							 VARSIZE_ANY_EXHDR(value)));
}

PG_FUNCTION_INFO_V1(spine_frontier_hash_extended);
Datum
spine_frontier_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_DATUM(hash_any_extended((unsigned char *) VARDATA_ANY(value),
									  VARSIZE_ANY_EXHDR(value), PG_GETARG_INT64(1)));
}

PG_FUNCTION_INFO_V1(spine_frontier_join);
Datum
spine_frontier_join(PG_FUNCTION_ARGS)
{
	Frontier	a = PG_GETARG_FRONTIER(0);
	Frontier	b = PG_GETARG_FRONTIER(1);
	Frontier	result = frontiers_joined(&a, &b);

	PG_RETURN_FRONTIER(&result);
}

PG_FUNCTION_INFO_V1(spine_frontier_meet);
Datum
spine_frontier_meet(PG_FUNCTION_ARGS)
{
	Frontier	a = PG_GETARG_FRONTIER(0);
	Frontier	b = PG_GETARG_FRONTIER(1);
	Frontier	result = frontiers_met(&a, &b);

	PG_RETURN_FRONTIER(&result);
}
