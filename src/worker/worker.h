/*
 * worker.h
 *		The background processes: one launcher, a pool of workers that give
 *		batches their times and apply submitted merge results, one worker a
 *		database, and mergers, which run merge functions.
 */
#ifndef SPINE_WORKER_H
#define SPINE_WORKER_H

#include "postgres.h"

/* Registers the launcher; to be called from _PG_init when preloading. */
extern void worker_register(void);

/* What the postmaster runs. */
extern PGDLLEXPORT void spine_launcher_main(Datum main_arg);
extern PGDLLEXPORT void spine_worker_main(Datum main_arg);
extern PGDLLEXPORT void spine_merger_main(Datum main_arg);

#endif
