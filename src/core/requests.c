/*
 * requests.c
 *		Which merge requests are in vain, since another one covers them.  Declared
 *		in trace.h.
 *
 * Source: remove_redundant_merge_reqs in seed 000.
 */
#include "core/trace.h"

#include <string.h>

static bool
covers(const MergeRequest *a, const MergeRequest *b)
{
	return frontier_less_equal(&a->desc.lower, &b->desc.lower) &&
		frontier_less_equal(&b->desc.upper, &a->desc.upper) &&
		frontier_equal(&a->desc.since, &b->desc.since);
}

/*
 * Rolling up makes a series of requests, (a, b), (a, b, c), and so on, of which
 * the later cover the earlier.  Taken from the back, so the result is in
 * reverse; there are at most two a level, and mostly one or two in all.
 */
int
requests_reduce(MergeRequest *requests, int count)
{
	MergeRequest kept[MAX_EFFECTS];
	int			nkept = 0;

	for (int i = count - 1; i >= 0; i--)
	{
		const MergeRequest *request = &requests[i];
		bool		covered = false;
		int			n = 0;

		for (int k = 0; k < nkept && !covered; k++)
			covered = covers(&kept[k], request);
		if (covered)
			continue;
		for (int k = 0; k < nkept; k++)
			if (!covers(request, &kept[k]))
				kept[n++] = kept[k];
		kept[n++] = *request;
		nkept = n;
	}
	memcpy(requests, kept, sizeof(MergeRequest) * (size_t) nkept);
	return nkept;
}
