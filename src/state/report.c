/*
 * report.c
 *		One table of SQLSTATEs and hints for everything that the core refuses.
 */
#include "postgres.h"

#include "state/report.h"

typedef struct ReportEntry
{
	int			sqlstate;
	const char *hint;
} ReportEntry;

static const ReportEntry report_entries[] = {
	[CORE_LOWER_EMPTY] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"A batch begins at a time; only its upper may be [], to end the trace."},
	[CORE_LOWER_EQUALS_UPPER] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"A batch covers the times from lower up to, but not including, upper."},
	[CORE_INVERTED] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"A batch covers the times from lower up to, but not including, upper."},
	[CORE_LOWER_MISMATCH] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"Read spine_upper() and push a batch that begins there, or use spine_append(). After [] nothing can follow."},
	[CORE_SINCE_BEYOND] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"Advance the spine's since with spine_downgrade_since() first."},
	[CORE_SINCE_REGRESSED] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"since only goes forward: what was compacted cannot be told apart again."},
	[CORE_DIMS] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"Leave dims out, for one-dimensional times."},
	[CORE_UNSUPPORTED] = {ERRCODE_FEATURE_NOT_SUPPORTED,
	"Use one-dimensional times, such as [5]."},
	[CORE_SYNTAX] = {ERRCODE_INVALID_TEXT_REPRESENTATION,
	"A frontier is a time in brackets, such as [5], or [] for the end of time."},
	[CORE_BINARY] = {ERRCODE_INVALID_BINARY_REPRESENTATION,
	"The binary form is a byte 1 and the time in 8 bytes, or a byte 0 for the end of time."},
	[CORE_RANGE] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"Times are integers from 0 to 9223372036854775807."},
	[CORE_EFFORT] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"The default, 1, is enough for merges to keep up with pushes."},
	[CORE_CLOSED] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"The spine's upper is []: nothing can follow."},
	[CORE_LENGTH] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"The length of a batch is its number of updates, 0 or more."},
	[CORE_PART] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"Each part is a key that locates data; leave parts out if the bounds do."},
	[CORE_RUNS] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"runs holds the offsets in parts, counted from 0 and ascending, where a new run begins; the first run, at 0, is not listed."},
	[CORE_LIMIT] = {ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	"Start a new spine; this one has outgrown every length there is."},
	[CORE_CORRUPT] = {ERRCODE_DATA_CORRUPTED, NULL},
	[CORE_OWNER] = {ERRCODE_INTERNAL_ERROR, NULL},
};

void
report_core_error(const CoreError *err)
{
	const ReportEntry *entry = &report_entries[err->status];

	ereport(ERROR,
			(errcode(entry->sqlstate),
			 errmsg("%s", err->message),
			 err->detail[0] != '\0' ? errdetail("%s", err->detail) : 0,
			 entry->hint != NULL ? errhint("%s", entry->hint) : 0));
	pg_unreachable();
}
