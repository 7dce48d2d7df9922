/*
 * tables.h
 *		Where the extension's tables are in this database.
 */
#ifndef SPINE_STATE_TABLES_H
#define SPINE_STATE_TABLES_H

#include "postgres.h"

#include "utils/snapshot.h"

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
	Oid			garbage_pkey;
	Oid			garbage_relation;
	Oid			generation_seq;
	Oid			result_seq;
	Oid			claim;
	Oid			claim_pkey;
	Oid			claim_ended;
	Oid			attempt;
	Oid			attempt_pkey;
	Oid			inbox;
	Oid			inbox_pkey;
	Oid			answer;
	Oid			answer_ticket;
	Oid			answer_sequenced;
	Oid			hold;
	Oid			hold_pkey;
	Oid			option;
	Oid			option_pkey;
	Oid			file;
	Oid			file_pkey;
	Oid			group_seq;
	Oid			tick;
	Oid			tick_pkey;
	Oid			tick_at;
	Oid			setting;
	Oid			setting_pkey;
	Oid			home;
	Oid			access_method;
	Oid			frontier_type;
	Oid			outcome_type;
	Oid			request_type;
	Oid			output_type;
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
enum
{
	CLAIM_ID = 1,
	CLAIM_RELATION,
	CLAIM_GENERATION,
	CLAIM_REQUEST_LO,
	CLAIM_REQUEST_HI,
	CLAIM_ID_LO,
	CLAIM_ID_HI,
	CLAIM_LOWER,
	CLAIM_UPPER,
	CLAIM_SINCE,
	CLAIM_LEN,
	CLAIM_INPUTS,
	CLAIM_CLAIMED_BY,
	CLAIM_CLAIMED_AT,
	CLAIM_LEASE_EXPIRES,
	CLAIM_ENDED_AT,
	CLAIM_RESULT,
	CLAIM_ERROR,
	CLAIM_COLUMNS = CLAIM_ERROR
};
enum
{
	ATTEMPT_RELATION = 1,
	ATTEMPT_REQUEST_LO,
	ATTEMPT_REQUEST_HI,
	ATTEMPT_GENERATION,
	ATTEMPT_ATTEMPTS,
	ATTEMPT_LAST_ERROR,
	ATTEMPT_RETRY_AT,
	ATTEMPT_LAST_ERROR_AT,
	ATTEMPT_COLUMNS = ATTEMPT_LAST_ERROR_AT
};
enum
{
	INBOX_RELATION = 1,
	INBOX_TICKET,
	INBOX_GENERATION,
	INBOX_LEN,
	INBOX_PARTS,
	INBOX_RUNS,
	INBOX_APPENDED_BY,
	INBOX_APPENDED_AT,
	INBOX_SYSTEM,
	INBOX_DATABASE,
	INBOX_COLUMNS = INBOX_DATABASE
};
enum
{
	ANSWER_LAST_TICKET = 1,
	ANSWER_RELATION,
	ANSWER_GENERATION,
	ANSWER_APPENDED_BY,
	ANSWER_SEQUENCED_AT,
	ANSWER_LOWER,
	ANSWER_ERROR,
	ANSWER_TICKETS,
	ANSWER_APPENDED_AT,
	ANSWER_COLUMNS = ANSWER_APPENDED_AT
};
enum
{
	HOLD_RELATION = 1,
	HOLD_NAME,
	HOLD_SINCE,
	HOLD_HELD_BY,
	HOLD_HELD_AT,
	HOLD_EXPIRES_AT,
	HOLD_COLUMNS = HOLD_EXPIRES_AT
};
enum
{
	OPTION_RELATION = 1,
	OPTION_MERGE_FUNCTION,
	OPTION_EXERT_EFFORT,
	OPTION_COLUMNS = OPTION_EXERT_EFFORT
};
enum
{
	FILE_TABLESPACE = 1,
	FILE_FILENODE,
	FILE_RELATION,
	FILE_RUNS,
	FILE_COLUMNS = FILE_RUNS
};
enum
{
	SETTING_RELATION = 1,
	SETTING_ORDER,
	SETTING_DIFF,
	SETTING_RETENTION,
	SETTING_COLUMNS = SETTING_RETENTION
};
enum
{
	TICK_RUNS = 1,
	TICK_TICK,
	TICK_AT,
	TICK_HELD,
	TICK_COLUMNS = TICK_HELD
};
enum
{
	HOME_SYSTEM = 1,
	HOME_DATABASE,
	HOME_COLUMNS = HOME_DATABASE
};

/* Is it one of them?  False without the extension. */
extern bool spine_is_table(Oid relid);

/* Raises an error unless the library was preloaded. */
extern void require_preloaded(void);

/*
 * Keeps the extension from being dropped until the transaction ends: who works on
 * several of its tables by himself would lock them in another order than DROP
 * does.  False if there is none.
 */
extern bool spine_hold_extension(void);

/* Is it a table that uses spine?  From the catalog; false if it is not there. */
extern bool relation_is_native(Oid relid);

/*
 * The tables of this database; the result is good until the next look-up.
 * Without the extension: NULL if missing_ok, else an error; an error also if its
 * version is not the library's.
 */
extern const SpineTables *spine_tables(bool missing_ok);

/*
 * A snapshot of what is committed by now.  None can be taken in parallel mode: the
 * active one then.  Not registered.
 */
extern Snapshot latest_snapshot(void);

#endif
