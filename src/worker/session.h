/*
 * session.h
 *		What our processes in a database have in common.
 */
#ifndef SPINE_WORKER_SESSION_H
#define SPINE_WORKER_SESSION_H

#include "postgres.h"

/* Sets what the process needs whatever the database's or the role's defaults are. */
extern void session_settle(const char *name);

#endif
