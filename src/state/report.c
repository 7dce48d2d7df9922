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
	"Push a batch that begins at spine_upper(); where times have one coordinate, spine_append() does that. After [] nothing can follow."},
	[CORE_SINCE_BEYOND] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"Advance the spine's since with spine_downgrade_since() first."},
	[CORE_SINCE_REGRESSED] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"since only goes forward: what was compacted cannot be told apart again."},
	[CORE_DIMS] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"Times have 1 to 4 coordinates, as many in each frontier of a spine as its dims says."},
	[CORE_UNSUPPORTED] = {ERRCODE_FEATURE_NOT_SUPPORTED,
	"Push batches with spine_push_batch() instead, which says what times they cover."},
	[CORE_SYNTAX] = {ERRCODE_INVALID_TEXT_REPRESENTATION,
	"A frontier is a list of times in brackets, such as [5] or [(0,3),(2,1)], or [] for the end of time."},
	[CORE_BINARY] = {ERRCODE_INVALID_BINARY_REPRESENTATION,
	"The binary form is a byte with the number of dimensions and each coordinate in 8 bytes, or a byte 0 for the end of time."},
	[CORE_RANGE] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"Times are integers from 0 to 9223372036854775807."},
	[CORE_EFFORT] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"The default, 1, is enough for merges to keep up with pushes."},
	[CORE_EXERTION] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"Give a number of updates, 1 or more, as if of which merges are to be moved along."},
	[CORE_LEVEL] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"Give a level from 0 to 63: a batch of n updates enters at log2(n), rounded up."},
	[CORE_FUEL] = {ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"Fuel is a number of updates, 0 or more."},
	[CORE_PHYSICAL_REGRESSED] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"It only goes forward, since batches that were merged cannot be told apart again; null does without one."},
	[CORE_NOT_BEYOND_PHYSICAL] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"Batches before the physical compaction frontier may be merged with later ones: give that frontier, or a later one."},
	[CORE_STRADDLES] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"Give a frontier at which a batch ends, as spine_batches lists them."},
	[CORE_FLAT] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"Give what spine_flatten() has returned, whole; without \"spine\" and \"merges\", remove id_lo and id_hi from the batches, too."},
	[CORE_CLOSED] = {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"[] is the end of time: nothing follows it."},
	[CORE_LENGTH] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"The length of a batch is its number of updates, 0 or more."},
	[CORE_PART] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"Each part is a key that locates data; leave parts out if the bounds do."},
	[CORE_RUNS] = {ERRCODE_INVALID_PARAMETER_VALUE,
	"runs holds the offsets in parts, counted from 0 and ascending, where a new run begins; the first run, at 0, is not listed."},
	[CORE_ELEMENTS] = {ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	"Use a frontier of fewer times, or times of fewer coordinates."},
	[CORE_LIMIT] = {ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	"This spine takes no more; go on with another one."},
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
