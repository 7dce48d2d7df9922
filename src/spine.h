/*
 * spine.h
 *		What every part of the server side shares: version, settings, and
 *		whether the library was preloaded.
 */
#ifndef SPINE_H
#define SPINE_H

#include "postgres.h"

#define MAX_MERGERS 64			/* the most that spine.max_mergers can be */
#define SPINE_VERSION "1.0"		/* must equal the extension's SQL version */

/* Settings (spine.*); see guc.c for their meaning. */
extern PGDLLIMPORT int spine_max_spines;
extern PGDLLIMPORT int spine_max_request_parts;
extern PGDLLIMPORT bool spine_return_requests;
extern PGDLLIMPORT int spine_result_retention;	/* seconds */
extern PGDLLIMPORT int spine_max_workers;
extern PGDLLIMPORT int spine_worker_idle_timeout;	/* milliseconds */
extern PGDLLIMPORT int spine_naptime;	/* seconds */
extern PGDLLIMPORT bool spine_worker;
extern PGDLLIMPORT int spine_exert_delay;	/* milliseconds; -1 = never */
extern PGDLLIMPORT int spine_exert_effort;
extern PGDLLIMPORT int spine_absorb_delay;	/* milliseconds; -1 = never */
extern PGDLLIMPORT int spine_absorb_rows;
extern PGDLLIMPORT int spine_max_attempts;
extern PGDLLIMPORT int spine_retry_delay;	/* milliseconds */
extern PGDLLIMPORT bool spine_notify;
extern PGDLLIMPORT int spine_max_mergers;
extern PGDLLIMPORT int spine_merge_timeout;	/* milliseconds */

/* Defines the settings; called once from _PG_init. */
extern void spine_define_settings(void);

/* Was the library in shared_preload_libraries? */
extern bool spine_preloaded;

#endif
