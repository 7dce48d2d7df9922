/*
 * tables.h
 *		Where the extension's tables are in this database.
 */
#ifndef SPINE_STATE_TABLES_H
#define SPINE_STATE_TABLES_H

#include "postgres.h"

#include "access/attnum.h"

typedef struct SpineTables
{
	Oid			trace;
	Oid			trace_index;
	Oid			batch;
	Oid			batch_pkey;
	Oid			result;
	Oid			result_pkey;
	Oid			result_queue;
	Oid			garbage;
	Oid			generation_seq;
	Oid			result_seq;
	Oid			garbage_seq;
	Oid			frontier_type;
	Oid			outcome_type;
} SpineTables;

/* Columns, as spine--1.0.sql makes them. */
enum
{
	TRACE_RELATION = 1,
	TRACE_GENERATION,
	TRACE_DIMS,
	TRACE_EFFORT,
	TRACE_SINCE,
	TRACE_SYSTEM,
	TRACE_DATABASE,
	TRACE_PHYSICAL,
	TRACE_IMAGE,
	TRACE_COLUMNS = TRACE_IMAGE
};
enum
{
	BATCH_RELATION = 1,
	BATCH_ID_LO,
	BATCH_ID_HI,
	BATCH_LOWER,
	BATCH_UPPER,
	BATCH_SINCE,
	BATCH_LEN,
	BATCH_PARTS,
	BATCH_RUNS,
	BATCH_COLUMNS = BATCH_RUNS
};
enum
{
	RESULT_ID = 1,
	RESULT_RELATION,
	RESULT_GENERATION,
	RESULT_CLAIM,
	RESULT_LOWER,
	RESULT_UPPER,
	RESULT_SINCE,
	RESULT_LEN,
	RESULT_PARTS,
	RESULT_RUNS,
	RESULT_INPUTS,
	RESULT_SUBMITTED_BY,
	RESULT_SUBMITTED_AT,
	RESULT_APPLIED_AT,
	RESULT_OUTCOME,
	RESULT_ERROR,
	RESULT_COLUMNS = RESULT_ERROR
};
enum
{
	GARBAGE_ID = 1,
	GARBAGE_RELATION,
	GARBAGE_GENERATION,
	GARBAGE_PART,
	GARBAGE_REMOVED_BY,
	GARBAGE_REMOVED_AT,
	GARBAGE_COLUMNS = GARBAGE_REMOVED_AT
};

/*
 * The tables of this database; the result is good until the next look-up.
 * Without the extension: NULL if missing_ok, else an error; an error also if its
 * version is not the library's.
 */
extern const SpineTables *spine_tables(bool missing_ok);

#endif
