/*
 * guc.c
 *		The settings.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "spine.h"

int			spine_max_spines = 1024;
int			spine_max_request_parts = 1024;
bool		spine_return_requests = true;
int			spine_result_retention = 24 * 60 * 60;
int			spine_max_workers = 2;
int			spine_worker_idle_timeout = 5000;
int			spine_naptime = 10;
bool		spine_worker = true;
int			spine_exert_delay = 60000;
int			spine_exert_effort = 1000;
int			spine_absorb_delay = 10000;
int			spine_absorb_rows = 100000;
int			spine_max_attempts = 5;
int			spine_retry_delay = 5000;
bool		spine_notify = false;
int			spine_max_mergers = 2;
int			spine_merge_timeout = 10 * 60 * 1000;

static void
define_sizes(void)
{
	DefineCustomIntVariable("spine.max_spines",
							"Number of spines that shared memory has room for.",
							"With more in use, those longest out of use are evicted: their state is read from its table again, and their counters start anew.",
							&spine_max_spines, 1024, 16, 1000000, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("spine.max_request_parts",
							"Number of parts up to which a merge request lists them.",
							"Those of larger requests are listed by spine_request_inputs().",
							&spine_max_request_parts, 1024, 0, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomBoolVariable("spine.return_requests",
							 "Whether spine_push_batch() returns the merge requests it produces.",
							 "They stand in spine_merge_requests all the same.",
							 &spine_return_requests, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

static void
define_worker(void)
{
	DefineCustomBoolVariable("spine.worker",
							 "Whether background workers apply submitted merge results and empty the inboxes.",
							 "Results and batches stay queued while it is off.",
							 &spine_worker, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("spine.max_workers",
							"Number of databases that are served at the same time.",
							"Each takes a background worker; others wait for their turn.",
							&spine_max_workers, 2, 1, 64, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("spine.worker_idle_timeout",
							"Time after which an idle worker leaves its database.",
							NULL,
							&spine_worker_idle_timeout, 5000, 0, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("spine.naptime",
							"Time between looks for new databases.",
							"Submitted results do not wait for it: they wake the worker.",
							&spine_naptime, 10, 1, 24 * 60 * 60, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomBoolVariable("spine.notify",
							 "Whether background workers send notifications of what happens to spines.",
							 "On channel spine_N, where N is the relation's OID, with a list of upper, request and result.",
							 &spine_notify, false, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("spine.result_retention",
							"Time for which applied merge results and sequenced batches are kept.",
							"-1 keeps them for ever.",
							&spine_result_retention, 24 * 60 * 60, -1, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

static void
define_exertion(void)
{
	DefineCustomIntVariable("spine.exert_delay",
							"Time after the last push from which on background workers move a spine's merges along.",
							"They look every spine.naptime.  -1 lets idle spines alone.",
							&spine_exert_delay, 60000, -1, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("spine.exert_effort",
							"Number of updates as if of which that is, the first time.",
							"Twice as many each further time.  spine_set_exertion() sets another for a spine.",
							&spine_exert_effort, 1000, 1, INT_MAX, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}

static void
define_absorption(void)
{
	DefineCustomIntVariable("spine.absorb_delay",
							"Time after a write to a native table from which on background workers absorb its rows.",
							"-1 leaves them in the delta until spine_absorb() is called.",
							&spine_absorb_delay, 10000, -1, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("spine.absorb_rows",
							"Number of rows written to a native table from which on it is absorbed without delay.",
							NULL,
							&spine_absorb_rows, 100000, 1, INT_MAX, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}

static void
define_claims(void)
{
	DefineCustomIntVariable("spine.max_attempts",
							"Number of failed attempts after which a merge request is parked.",
							"spine_retry_merge() brings it back.  0 parks none.",
							&spine_max_attempts, 5, 0, INT_MAX, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("spine.retry_delay",
							"Time after a failed attempt at a merge request until it can be claimed again.",
							"Twice as long after each further one, at most an hour.",
							&spine_retry_delay, 5000, 0, INT_MAX, PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

static void
define_mergers(void)
{
	DefineCustomIntVariable("spine.max_mergers",
							"Number of merge functions that run at the same time, in all databases.",
							"Each takes a background worker; 0 runs none.",
							&spine_max_mergers, 2, 0, MAX_MERGERS, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("spine.merge_timeout",
							"Time that a merge function may take.",
							"One that takes longer is cancelled, which counts as a failed attempt.",
							&spine_merge_timeout, 10 * 60 * 1000, 1, INT_MAX / 2, PGC_SIGHUP,
							GUC_UNIT_MS, NULL, NULL, NULL);
}

void
spine_define_settings(void)
{
	define_sizes();
	define_exertion();
	define_absorption();
	define_claims();
	define_worker();
	define_mergers();
	MarkGUCPrefixReserved("spine");
}
