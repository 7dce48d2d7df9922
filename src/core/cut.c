/*
 * cut.c
 *		Cutting a trace at a frontier, for a cursor over what is before it.
 *		Declared in trace.h.
 *
 * Source: cursor_through in seed 001.  Unlike there, a batch that is neither
 * wholly before nor wholly after the cut is reported whatever made it so: with
 * several dimensions its bounds may be incomparable with the cut.
 */
#include "core/trace.h"

Status
trace_check_cut(const Trace *trace, const Frontier *cut, bool *nothing, CoreError *err)
{
	Frontier	minimum = frontier_minimum(trace->dims);
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	Status		status = frontier_check_dims(cut, trace->dims, "upper", err);

	if (status != CORE_OK)
		return status;
	*nothing = frontier_less_equal(cut, &minimum);
	if (*nothing)
		return CORE_OK;
	if (frontier_is_empty(&trace->since))
		return core_error(err, CORE_CLOSED, "there is no time left to read at",
						  "since, the logical compaction frontier, is [].");
	if (trace->physical_used && !frontier_less_equal(&trace->physical, cut))
		return core_error(err, CORE_NOT_BEYOND_PHYSICAL, "frontier is not at or after the physical compaction frontier",
						  "upper is %s, the physical compaction frontier %s.",
						  frontier_print(cut, a), frontier_print(&trace->physical, b));
	return CORE_OK;
}

Status
cut_includes(const Frontier *cut, const Description *desc, bool *included, CoreError *err)
{
	char		a[FRONTIER_PRINT_SIZE];
	char		b[FRONTIER_PRINT_SIZE];
	char		c[FRONTIER_PRINT_SIZE];

	*included = frontier_less_equal(&desc->upper, cut);
	if (*included || frontier_less_equal(cut, &desc->lower))
		return CORE_OK;
	return core_error(err, CORE_STRADDLES, "a batch is neither before nor after the frontier",
					  "upper is %s, and the batch has the times from %s up to %s.",
					  frontier_print(cut, a), frontier_print(&desc->lower, b),
					  frontier_print(&desc->upper, c));
}
