/*
 * flat_write.c
 *		A flat trace to jsonb.  Declared in flat_json.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/numeric.h"

#include "state/flat_json.h"

typedef struct JsonbWriter
{
	JsonbParseState *state;
	JsonbValue *result;
} JsonbWriter;

static void
push_token(JsonbWriter *writer, JsonbIteratorToken token)
{
	writer->result = pushJsonbValue(&writer->state, token, NULL);
}

static void
push_string(JsonbWriter *writer, JsonbIteratorToken token, char *string)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = string;
	value.val.string.len = strlen(string);
	writer->result = pushJsonbValue(&writer->state, token, &value);
}

static void
push_number(JsonbWriter *writer, JsonbIteratorToken token, int64 number)
{
	JsonbValue	value = {.type = jbvNumeric};

	value.val.numeric = int64_to_numeric(number);
	writer->result = pushJsonbValue(&writer->state, token, &value);
}

static void
push_frontier(JsonbWriter *writer, JsonbIteratorToken token, const Frontier *f)
{
	push_string(writer, token, frontier_text(f, palloc(frontier_text_size(f))));
}

static void
push_null(JsonbWriter *writer)
{
	JsonbValue	value = {.type = jbvNull};

	writer->result = pushJsonbValue(&writer->state, WJB_VALUE, &value);
}

static void
push_key(JsonbWriter *writer, const char *key)
{
	push_string(writer, WJB_KEY, unconstify(char *, key));
}

static void
put_number(JsonbWriter *writer, const char *key, int64 number)
{
	push_key(writer, key);
	push_number(writer, WJB_VALUE, number);
}

static void
put_frontier(JsonbWriter *writer, const char *key, const Frontier *f)
{
	push_key(writer, key);
	push_frontier(writer, WJB_VALUE, f);
}

static void
put_description(JsonbWriter *writer, const Description *desc)
{
	put_frontier(writer, "lower", &desc->lower);
	put_frontier(writer, "upper", &desc->upper);
	put_frontier(writer, "since", &desc->since);
}

static void
put_ids(JsonbWriter *writer, uint64 lo, uint64 hi)
{
	put_number(writer, "id_lo", (int64) lo);
	put_number(writer, "id_hi", (int64) hi);
}

static void
put_batch(JsonbWriter *writer, const FlatBatch *flat)
{
	const HollowBatch *batch = &flat->batch;

	push_token(writer, WJB_BEGIN_OBJECT);
	if (flat->has_id)
		put_ids(writer, flat->lo, flat->hi);
	put_description(writer, &batch->desc);
	put_number(writer, "len", batch->len);
	push_key(writer, "parts");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (int i = 0; i < batch->nparts; i++)
		push_string(writer, WJB_ELEM, unconstify(char *, batch->parts[i]));
	push_token(writer, WJB_END_ARRAY);
	push_key(writer, "runs");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (int i = 0; i < batch->nruns; i++)
		push_number(writer, WJB_ELEM, batch->runs[i]);
	push_token(writer, WJB_END_ARRAY);
	push_token(writer, WJB_END_OBJECT);
}

/* The hollow batches have their ids, so the parts need no description. */
static void
put_parts(JsonbWriter *writer, const FlatSpineBatch *batch)
{
	push_key(writer, "parts");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (size_t i = 0; i < batch->nparts; i++)
	{
		push_token(writer, WJB_BEGIN_ARRAY);
		push_number(writer, WJB_ELEM, (int64) batch->parts[i].lo);
		push_number(writer, WJB_ELEM, (int64) batch->parts[i].hi);
		push_token(writer, WJB_END_ARRAY);
	}
	push_token(writer, WJB_END_ARRAY);
}

static void
put_spine_batch(JsonbWriter *writer, const FlatSpineBatch *batch)
{
	push_token(writer, WJB_BEGIN_OBJECT);
	push_key(writer, "level");
	if (batch->level == FLAT_PENDING)
		push_null(writer);
	else
		push_number(writer, WJB_VALUE, batch->level);
	put_ids(writer, batch->lo, batch->hi);
	if (batch->nparts > 0)
	{
		put_description(writer, &batch->desc);
		put_parts(writer, batch);
	}
	push_token(writer, WJB_END_OBJECT);
}

static void
put_merge(JsonbWriter *writer, const FlatMerge *merge)
{
	push_token(writer, WJB_BEGIN_OBJECT);
	put_ids(writer, merge->lo, merge->hi);
	put_frontier(writer, "since", &merge->since);
	put_number(writer, "remaining", merge->remaining);
	push_token(writer, WJB_END_OBJECT);
}

static void
put_lists(JsonbWriter *writer, const FlatTrace *flat)
{
	push_key(writer, "batches");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (size_t i = 0; i < flat->nbatches; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_batch(writer, &flat->batches[i]);
	}
	push_token(writer, WJB_END_ARRAY);
	push_key(writer, "spine");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (size_t i = 0; i < flat->nspine; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_spine_batch(writer, &flat->spine[i]);
	}
	push_token(writer, WJB_END_ARRAY);
	push_key(writer, "merges");
	push_token(writer, WJB_BEGIN_ARRAY);
	for (size_t i = 0; i < flat->nmerges; i++)
		put_merge(writer, &flat->merges[i]);
	push_token(writer, WJB_END_ARRAY);
}

Jsonb *
flat_to_jsonb(const FlatTrace *flat)
{
	JsonbWriter writer = {0};

	push_token(&writer, WJB_BEGIN_OBJECT);
	put_number(&writer, "dims", flat->dims);
	put_number(&writer, "effort", flat->effort);
	put_frontier(&writer, "since", &flat->since);
	push_key(&writer, "physical");
	if (flat->physical_used)
		push_frontier(&writer, WJB_VALUE, &flat->physical);
	else
		push_null(&writer);
	put_lists(&writer, flat);
	push_token(&writer, WJB_END_OBJECT);
	return JsonbValueToJsonb(writer.result);
}
