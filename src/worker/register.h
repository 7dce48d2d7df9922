/*
 * register.h
 *		Asking the postmaster for a worker or a merger.
 */
#ifndef SPINE_WORKER_REGISTER_H
#define SPINE_WORKER_REGISTER_H

#include "postgres.h"

#include "postmaster/bgworker.h"

#include "state/mergers.h"

/* False when there is no background worker left; the handle is then NULL. */
extern bool register_worker(Oid database, BackgroundWorkerHandle **handle);

/* For a place that was taken; false as above. */
extern bool register_merger(Oid database, const MergerTicket *ticket);

#endif
