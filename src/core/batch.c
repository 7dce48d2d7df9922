/*
 * batch.c
 *		What makes a description and a hollow batch legal.
 */
#include "core/batch.h"

#include <inttypes.h>
#include <stdio.h>

char *
description_print(const Description *desc, char *buf)
{
	char		lower[FRONTIER_TEXT_SIZE];
	char		upper[FRONTIER_TEXT_SIZE];
	char		since[FRONTIER_TEXT_SIZE];

	snprintf(buf, DESCRIPTION_TEXT_SIZE, "%s%s%s", frontier_print(&desc->lower, lower),
			 frontier_print(&desc->upper, upper), frontier_print(&desc->since, since));
	return buf;
}

Status
description_check(const Description *desc, CoreError *err)
{
	char		lower[FRONTIER_TEXT_SIZE];
	char		upper[FRONTIER_TEXT_SIZE];

	if (frontier_is_empty(&desc->lower))
		return core_error(err, CORE_LOWER_EMPTY, "lower is empty",
						  "The batch would start after the end of time; its upper is %s.",
						  frontier_print(&desc->upper, upper));
	if (frontier_equal(&desc->lower, &desc->upper))
		return core_error(err, CORE_LOWER_EQUALS_UPPER, "lower equals upper",
						  "Both are %s.", frontier_print(&desc->lower, lower));
	if (!frontier_less_than(&desc->lower, &desc->upper))
		return core_error(err, CORE_INVERTED, "lower is not before upper",
						  "The batch's lower is %s, its upper is %s.",
						  frontier_print(&desc->lower, lower),
						  frontier_print(&desc->upper, upper));
	return CORE_OK;
}

Status
hollow_batch_check(const HollowBatch *batch, CoreError *err)
{
	if (batch->len < 0)
		return core_error(err, CORE_LENGTH, "length is negative",
						  "The length given is %" PRId64 ".", batch->len);
	for (int32_t i = 0; i < batch->nparts && batch->parts != NULL; i++)
		if (batch->parts[i] == NULL || batch->parts[i][0] == '\0')
			return core_error(err, CORE_PART,
							  batch->parts[i] == NULL ? "part key is null" : "part key is empty",
							  "It is key %d of %d.", i + 1, batch->nparts);
	for (int32_t i = 0; i < batch->nruns; i++)
	{
		if (batch->runs[i] < 1 || batch->runs[i] >= batch->nparts)
			return core_error(err, CORE_RUNS, "run is outside parts",
							  "A run begins at %d, but there are %d parts.",
							  batch->runs[i], batch->nparts);
		if (i > 0 && batch->runs[i] <= batch->runs[i - 1])
			return core_error(err, CORE_RUNS, "runs are not increasing",
							  "A run at %d follows one at %d.", batch->runs[i],
							  batch->runs[i - 1]);
	}
	return CORE_OK;
}
