/*
 * request.c
 *		Making rows of merge requests, with the parts of their inputs.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"

#include "spine.h"
#include "state/batches.h"
#include "state/request.h"
#include "state/values.h"

/* Bytes of part keys up to which a request lists them. */
#define MAX_REQUEST_BYTES (64 * 1024 * 1024)

/* The elements of an array to be, growing. */
typedef struct Elements
{
	Datum	   *datums;
	int			count;
	int			capacity;
} Elements;

static void
add_element(Elements *elements, Datum datum)
{
	if (elements->count == elements->capacity)
	{
		elements->capacity = elements->capacity == 0 ? 64 : 2 * elements->capacity;
		elements->datums = elements->datums == NULL ?
			palloc(sizeof(Datum) * elements->capacity) :
			repalloc_huge(elements->datums, sizeof(Datum) * elements->capacity);
	}
	elements->datums[elements->count++] = datum;
}

/*
 * Collects parts and runs of the inputs; false if there is too much of them.
 * Where one input's parts end and the next one's begin, a new run begins, too.
 */
static bool
collect_inputs(Oid relid, const MergeRequest *request, Snapshot snapshot,
			   ArrayType **parts, ArrayType **runs)
{
	BatchScan  *scan = batches_begin(relid, (int64) request->lo, (int64) request->hi,
									 snapshot);
	Elements	part_elements = {0};
	Elements	run_elements = {0};
	BatchRow   *row;
	Size		bytes = 0;

	while (bytes <= MAX_REQUEST_BYTES && (row = batches_next(scan)) != NULL)
	{
		int			before = part_elements.count;
		int			n;
		text	  **texts = array_texts(row->parts, &n);
		int32	   *offsets = (int32 *) ARR_DATA_PTR(row->runs);

		if (before > 0 && n > 0)
			add_element(&run_elements, Int32GetDatum(before));
		for (int i = 0; i < array_count(row->runs, "runs"); i++)
			add_element(&run_elements, Int32GetDatum(before + offsets[i]));
		bytes += VARSIZE_ANY(row->parts);
		if (bytes > MAX_REQUEST_BYTES)
			break;
		for (int i = 0; i < n; i++)
			add_element(&part_elements, datumCopy(PointerGetDatum(texts[i]), false, -1));
		pfree(texts);
	}
	batches_end(scan);
	if (bytes > MAX_REQUEST_BYTES)
		return false;
	*parts = construct_array(part_elements.datums, part_elements.count, TEXTOID, -1, false,
							 TYPALIGN_INT);
	*runs = construct_array(run_elements.datums, run_elements.count, INT4OID,
							sizeof(int32), true, TYPALIGN_INT);
	return true;
}

/* All but parts and runs, which are null so far. */
static void
fill_in(const MergeRequest *request, Datum *values, bool *nulls)
{
	memset(nulls, false, sizeof(bool) * REQUEST_COLUMNS);
	values[0] = Int64GetDatum((int64) request->lo);
	values[1] = Int64GetDatum((int64) request->hi);
	values[2] = frontier_get_datum(&request->desc.lower);
	values[3] = frontier_get_datum(&request->desc.upper);
	values[4] = frontier_get_datum(&request->desc.since);
	values[5] = Int64GetDatum(request->len);
	values[6] = Int32GetDatum((int32) Min(request->parts, PG_INT32_MAX));
	nulls[7] = nulls[8] = true;
}

static void
fill_in_arrays(ArrayType *parts, ArrayType *runs, Datum *values, bool *nulls)
{
	values[7] = PointerGetDatum(parts);
	values[8] = PointerGetDatum(runs);
	nulls[7] = nulls[8] = false;
}

void
request_values(Oid relid, const MergeRequest *request, Snapshot snapshot, Datum *values,
			   bool *nulls)
{
	ArrayType  *parts;
	ArrayType  *runs;

	fill_in(request, values, nulls);
	if (request->parts <= spine_max_request_parts &&
		collect_inputs(relid, request, snapshot, &parts, &runs))
		fill_in_arrays(parts, runs, values, nulls);
}

/* Of more bytes than a request lists it cannot be: a claim has no more either. */
void
stretch_values(const Stretch *stretch, bool all_parts, Datum *values, bool *nulls)
{
	fill_in(&stretch->request, values, nulls);
	if (all_parts || stretch->request.parts <= spine_max_request_parts)
		fill_in_arrays(stretch->parts, stretch->runs, values, nulls);
}
