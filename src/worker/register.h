/*
 * register.h
 *		Asking the postmaster for a worker.
 */
#ifndef SPINE_WORKER_REGISTER_H
#define SPINE_WORKER_REGISTER_H

#include "postgres.h"

#include "postmaster/bgworker.h"

/* False when there is no background worker left; the handle is then NULL. */
extern bool register_worker(Oid database, BackgroundWorkerHandle **handle);

#endif
