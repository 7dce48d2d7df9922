/*
 * times.c
 *		When the rows in runs came, and when they went.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "am/times.h"

TupleDesc
times_describe(TupleDesc desc)
{
	TupleDesc	timed = CreateTemplateTupleDesc(desc->natts + TIME_COLUMNS);

	/* Not by TupleDescCopyEntry, which would forget what missing columns are. */
	for (int i = 0; i < desc->natts; i++)
		*TupleDescAttr(timed, i) = *TupleDescAttr(desc, i);
	timed->constr = desc->constr;
	TupleDescInitEntry(timed, desc->natts + 1, "inserted", INT8OID, -1, 0);
	TupleDescInitEntry(timed, desc->natts + 2, "deleted", INT8OID, -1, 0);
	return timed;
}

void
times_store(TupleTableSlot *timed, TupleTableSlot *row, int64 inserted, int64 deleted)
{
	int			natts = row->tts_tupleDescriptor->natts;

	ExecClearTuple(timed);
	slot_getallattrs(row);
	memcpy(timed->tts_values, row->tts_values, sizeof(Datum) * natts);
	memcpy(timed->tts_isnull, row->tts_isnull, sizeof(bool) * natts);
	set_row_time(timed, natts, inserted);
	set_row_time(timed, natts + 1, deleted);
	ExecStoreVirtualTuple(timed);
}
