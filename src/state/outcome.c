/*
 * outcome.c
 *		Looking up the labels of spine_merge_outcome.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "utils/syscache.h"

#include "state/outcome.h"
#include "state/tables.h"

const char *
outcome_label(MergeOutcome outcome)
{
	static const char *const labels[] = {
		[APPLIED_EXACT] = "applied_exact",
		[APPLIED_SUBSET] = "applied_subset",
		[NOT_APPLIED_NO_MATCH] = "not_applied_no_match",
		[NOT_APPLIED_INVALID_SINCE] = "not_applied_invalid_since",
		[NOT_APPLIED_TOO_MANY_UPDATES] = "not_applied_too_many_updates",
	};

	return labels[outcome];
}

Datum
outcome_get_datum(MergeOutcome outcome)
{
	Oid			value = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid,
										ObjectIdGetDatum(spine_tables(false)->outcome_type),
										CStringGetDatum(outcome_label(outcome)));

	if (!OidIsValid(value))
		elog(ERROR, "enum spine_merge_outcome lacks the label \"%s\"",
			 outcome_label(outcome));
	return ObjectIdGetDatum(value);
}
