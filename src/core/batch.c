/*
 * batch.c
 *		What makes a description and a hollow batch legal.
 */
#include "core/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *
description_print(const Description *desc, char *buf)
{
	char		lower[FRONTIER_PRINT_SIZE];
	char		upper[FRONTIER_PRINT_SIZE];
	char		since[FRONTIER_PRINT_SIZE];

	snprintf(buf, DESCRIPTION_PRINT_SIZE, "%s%s%s", frontier_print(&desc->lower, lower),
			 frontier_print(&desc->upper, upper), frontier_print(&desc->since, since));
	return buf;
}

size_t
description_text_size(const Description *desc)
{
	return frontier_text_size(&desc->lower) + frontier_text_size(&desc->upper) +
		frontier_text_size(&desc->since);
}

char *
description_text(const Description *desc, char *buf)
{
	char	   *p = buf;

	frontier_text(&desc->lower, p);
	p += strlen(p);
	frontier_text(&desc->upper, p);
	p += strlen(p);
	frontier_text(&desc->since, p);
	return buf;
}

Description
description_copy(const Description *desc, const Arena *arena)
{
	return (Description)
	{
		frontier_copy(&desc->lower, arena), frontier_copy(&desc->upper, arena),
			frontier_copy(&desc->since, arena)
	};
}

Status
description_check_dims(const Description *desc, int dims, CoreError *err)
{
	Status		status;

	if ((status = frontier_check_dims(&desc->lower, dims, "batch's lower", err)) != CORE_OK ||
		(status = frontier_check_dims(&desc->upper, dims, "batch's upper", err)) != CORE_OK)
		return status;
	return frontier_check_dims(&desc->since, dims, "batch's since", err);
}

Status
description_check(const Description *desc, CoreError *err)
{
	char		lower[FRONTIER_PRINT_SIZE];
	char		upper[FRONTIER_PRINT_SIZE];

	if (frontier_is_empty(&desc->lower))
		return core_error(err, CORE_LOWER_EMPTY, "lower is empty",
						  "The batch would start after the end of time; its upper is %s.",
						  frontier_print(&desc->upper, upper));
	if (frontier_equal(&desc->lower, &desc->upper))
		return core_error(err, CORE_LOWER_EQUALS_UPPER, "lower equals upper",
						  "Both are %s.", frontier_print(&desc->lower, lower));
	if (!frontier_less_equal(&desc->lower, &desc->upper))
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
