/*
 * flat_read.c
 *		A flat trace from jsonb, which may be anything.  Declared in flat_json.h.
 *
 * Here everything gets its type and its range; whether the pieces fit together
 * is the core's to say.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "state/arena.h"
#include "state/flat_json.h"
#include "state/report.h"
#include "state/values.h"

/* An object in the trace, or the trace itself. */
typedef struct Object
{
	JsonbContainer *container;
	const char *list;			/* that it is in; NULL: the trace */
	size_t		index;
	int			dims;			/* of the trace */
} Object;

/* `batches[3].len`. */
static char *
place_text(const Object *object, const char *key)
{
	if (object->list == NULL)
		return pstrdup(key == NULL ? "the flat trace" : key);
	return psprintf("%s[%zu]%s%s", object->list, object->index, key == NULL ? "" : ".",
					key == NULL ? "" : key);
}

static char *
value_text(JsonbValue *value)
{
	Jsonb	   *jsonb = JsonbValueToJsonb(value);
	char	   *text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));

	return excerpt(text);
}

static void
wrong_value(const Object *object, const char *key, JsonbValue *value, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("flat trace has a wrong value"),
			 errdetail("%s is %s; %s was expected.", place_text(object, key),
					   value_text(value), expected),
			 errhint("Give what spine_flatten() has returned, whole.")));
}

/* All its keys are among the known ones, which a NULL ends. */
static void
begin_object(Object *object, JsonbValue *value, const char *const *known)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	entry;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		wrong_value(object, NULL, value, "an object");
	object->container = value->val.binary.data;
	iterator = JsonbIteratorInit(object->container);
	while ((token = JsonbIteratorNext(&iterator, &entry, true)) != WJB_DONE)
	{
		int			i = 0;

		if (token != WJB_KEY)
			continue;
		while (known[i] != NULL && (strlen(known[i]) != (size_t) entry.val.string.len ||
									memcmp(known[i], entry.val.string.val,
										   entry.val.string.len) != 0))
			i++;
		if (known[i] == NULL)
			wrong_value(object, NULL, value, psprintf("no key %s", value_text(&entry)));
	}
}

/* False if it is not there, or null. */
static bool
get(const Object *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object->container, key, strlen(key), value) != NULL &&
		value->type != jbvNull;
}

static void
require(const Object *object, const char *key, JsonbValue *value)
{
	if (!get(object, key, value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("flat trace is incomplete"),
				 errdetail("%s is missing, or null.", place_text(object, key)),
				 errhint("Give what spine_flatten() has returned, whole.")));
}

static int64
integer_of(const Object *object, const char *key, JsonbValue *value, int64 least,
		   int64 greatest)
{
	char	   *text;
	char	   *end;
	int64		number;

	if (value->type == jbvNumeric)
	{
		text = DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
		errno = 0;
		number = strtoi64(text, &end, 10);
		if (errno == 0 && *end == '\0' && number >= least && number <= greatest)
			return number;
	}
	wrong_value(object, key, value,
				psprintf("an integer from " INT64_FORMAT " to " INT64_FORMAT, least, greatest));
	pg_unreachable();
}

static int64
get_integer(const Object *object, const char *key, int64 least, int64 greatest)
{
	JsonbValue	value;

	require(object, key, &value);
	return integer_of(object, key, &value, least, greatest);
}

static char *
string_of(const Object *object, const char *key, JsonbValue *value, const char *expected)
{
	if (value->type != jbvString)
		wrong_value(object, key, value, expected);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static Frontier
frontier_of_value(const Object *object, const char *key, JsonbValue *value)
{
	char	   *string = string_of(object, key, value, "a frontier");
	const char *text = string;
	Arena		arena = current_arena();
	Frontier	result;
	CoreError	err;

	if (frontier_parse(&text, &arena, &result, &err) != CORE_OK || *text != '\0')
		wrong_value(object, key, value, "a frontier");
	if (!frontier_is_empty(&result) && result.dims != object->dims)
		wrong_value(object, key, value, psprintf("a frontier of %d dimensions", object->dims));
	pfree(string);
	return result;
}

static Frontier
get_frontier(const Object *object, const char *key)
{
	JsonbValue	value;

	require(object, key, &value);
	return frontier_of_value(object, key, &value);
}

static Description
get_description(const Object *object)
{
	return (Description)
	{
		get_frontier(object, "lower"), get_frontier(object, "upper"),
		get_frontier(object, "since")
	};
}

static void
get_ids(const Object *object, uint64 *lo, uint64 *hi)
{
	*lo = (uint64) get_integer(object, "id_lo", 0, PG_INT64_MAX);
	*hi = (uint64) get_integer(object, "id_hi", 0, PG_INT64_MAX);
}

/* The elements of a list one by one; the list may be missing. */
typedef struct ElementList
{
	JsonbIterator *iterator;
	size_t		count;
} ElementList;

static ElementList
get_list(const Object *object, const char *key)
{
	ElementList list = {0};
	JsonbValue	value;

	if (!get(object, key, &value))
		return list;
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data) ||
		JsonContainerIsScalar(value.val.binary.data))
		wrong_value(object, key, &value, "a list");
	list.count = JsonContainerSize(value.val.binary.data);
	list.iterator = JsonbIteratorInit(value.val.binary.data);
	return list;
}

static bool
next_element(ElementList *list, JsonbValue *value)
{
	JsonbIteratorToken token;

	CHECK_FOR_INTERRUPTS();
	if (list->iterator == NULL)
		return false;
	while ((token = JsonbIteratorNext(&list->iterator, value, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			return true;
	return false;
}

static void *
room_for(size_t count, size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, (count + 1) * size);
}

static void
get_keys(const Object *object, HollowBatch *batch)
{
	ElementList parts = get_list(object, "parts");
	ElementList runs = get_list(object, "runs");
	const char **keys = room_for(parts.count, sizeof(char *));
	int32	   *offsets = room_for(runs.count, sizeof(int32));
	JsonbValue	value;

	while (next_element(&parts, &value))
		keys[batch->nparts++] = string_of(object, "parts", &value, "a part key");
	while (next_element(&runs, &value))
		offsets[batch->nruns++] = (int32) integer_of(object, "runs", &value, 0, INT_MAX);
	batch->parts = keys;
	batch->runs = offsets;
}

static void
read_batch(Object *object, JsonbValue *value, FlatBatch *batch)
{
	static const char *const known[] = {
		"id_lo", "id_hi", "lower", "upper", "since", "len", "parts", "runs", NULL
	};
	JsonbValue	id;

	begin_object(object, value, known);
	*batch = (FlatBatch) {.has_id = get(object, "id_lo", &id) || get(object, "id_hi", &id)};
	if (batch->has_id)
		get_ids(object, &batch->lo, &batch->hi);
	batch->batch.desc = get_description(object);
	batch->batch.len = get_integer(object, "len", 0, PG_INT64_MAX);
	get_keys(object, &batch->batch);
}

static void
read_part(const Object *object, JsonbValue *value, FlatPart *part)
{
	static const char expected[] = "[id_lo, id_hi], or [id_lo, id_hi, lower, upper, since],";
	JsonbContainer *list = value->val.binary.data;
	JsonbValue	entry[5];
	ElementList elements = {0};
	int			count = 0;

	if (value->type != jbvBinary || !JsonContainerIsArray(list) ||
		(JsonContainerSize(list) != 2 && JsonContainerSize(list) != 5))
		wrong_value(object, "parts", value, expected);
	elements.iterator = JsonbIteratorInit(list);
	while (count < (int) lengthof(entry) && next_element(&elements, &entry[count]))
		count++;
	*part = (FlatPart)
	{
		.lo = (uint64) integer_of(object, "parts", &entry[0], 0, PG_INT64_MAX),
		.hi = (uint64) integer_of(object, "parts", &entry[1], 0, PG_INT64_MAX),
		.has_desc = count == 5
	};
	if (count == 5)
		part->desc = (Description)
	{
		frontier_of_value(object, "parts", &entry[2]),
			frontier_of_value(object, "parts", &entry[3]),
			frontier_of_value(object, "parts", &entry[4])
	};
}

static void
read_spine_batch(Object *object, JsonbValue *value, FlatSpineBatch *batch)
{
	static const char *const known[] = {
		"level", "id_lo", "id_hi", "lower", "upper", "since", "parts", NULL
	};
	ElementList parts;
	JsonbValue	entry;

	begin_object(object, value, known);
	*batch = (FlatSpineBatch) {.level = FLAT_PENDING};
	if (get(object, "level", &entry))
		batch->level = (int32) integer_of(object, "level", &entry, 0, MAX_LEVELS - 1);
	get_ids(object, &batch->lo, &batch->hi);
	parts = get_list(object, "parts");
	batch->parts = room_for(parts.count, sizeof(FlatPart));
	while (next_element(&parts, &entry))
		read_part(object, &entry, &batch->parts[batch->nparts++]);
	if (batch->nparts > 0)
		batch->desc = get_description(object);
}

static void
read_merge(Object *object, JsonbValue *value, FlatMerge *merge)
{
	static const char *const known[] = {"id_lo", "id_hi", "since", "remaining", NULL};

	begin_object(object, value, known);
	get_ids(object, &merge->lo, &merge->hi);
	merge->since = get_frontier(object, "since");
	merge->remaining = get_integer(object, "remaining", 0, PG_INT64_MAX);
}

static void
read_lists(const Object *trace, FlatTrace *flat)
{
	Object		object = {.dims = flat->dims};
	ElementList batches = get_list(trace, "batches");
	ElementList spine = get_list(trace, "spine");
	ElementList merges = get_list(trace, "merges");
	JsonbValue	value;

	flat->batches = room_for(batches.count, sizeof(FlatBatch));
	object.list = "batches";
	for (; next_element(&batches, &value); object.index = ++flat->nbatches)
		read_batch(&object, &value, &flat->batches[flat->nbatches]);
	flat->spine = room_for(spine.count, sizeof(FlatSpineBatch));
	object.list = "spine";
	object.index = 0;
	for (; next_element(&spine, &value); object.index = ++flat->nspine)
		read_spine_batch(&object, &value, &flat->spine[flat->nspine]);
	flat->merges = room_for(merges.count, sizeof(FlatMerge));
	object.list = "merges";
	object.index = 0;
	for (; next_element(&merges, &value); object.index = ++flat->nmerges)
		read_merge(&object, &value, &flat->merges[flat->nmerges]);
}

void
flat_from_jsonb(Jsonb *jsonb, int dims, int effort, FlatTrace *flat)
{
	static const char *const known[] = {
		"dims", "effort", "since", "physical", "batches", "spine", "merges", NULL
	};
	Object		trace = {.dims = dims};
	JsonbValue	value;

	JsonbToJsonbValue(jsonb, &value);
	begin_object(&trace, &value, known);
	*flat = (FlatTrace) {.dims = dims, .effort = effort};
	if (get(&trace, "dims", &value))
		flat->dims = (int) integer_of(&trace, "dims", &value, 1, MAX_DIMS);
	if (flat->dims != dims)
		wrong_value(&trace, "dims", &value, psprintf("%d, that of the spine,", dims));
	if (get(&trace, "effort", &value))
		flat->effort = (int) integer_of(&trace, "effort", &value, 1, INT_MAX);
	flat->since = get_frontier(&trace, "since");
	flat->physical_used = get(&trace, "physical", &value);
	if (flat->physical_used)
		flat->physical = frontier_of_value(&trace, "physical", &value);
	require(&trace, "batches", &value);
	read_lists(&trace, flat);
}
