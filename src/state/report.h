/*
 * report.h
 *		From the core's errors to the server's.
 */
#ifndef SPINE_STATE_REPORT_H
#define SPINE_STATE_REPORT_H

#include "postgres.h"

#include "core/status.h"

/* Raises an ERROR with the SQLSTATE and hint that fit; does not return. */
extern void report_core_error(const CoreError *err) pg_attribute_noreturn();

#endif
