/*
 * generated.c
 *		Generated columns beside diff columns.
 *
 * What is generated is computed for a row that is inserted, and would be computed
 * again from the sum where rows are restored from a dump.  So a key must not depend on
 * what is added up.  A diff column may: what is twice another one adds up like it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_attrdef.h"
#include "nodes/value.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/generated.h"

/* What a column is computed from; NULL if that is not there yet. */
static Node *
find_expression(Oid relid, AttrNumber attnum)
{
	Relation	rel = table_open(AttrDefaultRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;
	Node	   *expression = NULL;

	ScanKeyInit(&keys[0], Anum_pg_attrdef_adrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attrdef_adnum, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(attnum));
	scan = systable_beginscan(rel, AttrDefaultIndexId, true, SnapshotSelf, 2, keys);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		expression = stringToNode(TextDatumGetCString(heap_getattr(tuple, Anum_pg_attrdef_adbin,
																   RelationGetDescr(rel), &isnull)));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return expression;
}

static void
refuse(Oid relid, Form_pg_attribute att, const char *diff)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("generated column \"%s\" of table \"%s\" cannot be a key beside diff columns",
					NameStr(att->attname), get_rel_name(relid)),
			 errdetail("It is computed from \"%s\", which adds up.", diff),
			 errhint("Make it a diff column, too, if it adds up, or compute it in a view.")));
}

void
generated_require_no_diffs(Oid relid, Form_pg_attribute att, List *diffs)
{
	Bitmapset  *columns = NULL;
	int			i = -1;

	if (att->attgenerated == '\0' || diffs == NIL ||
		list_member(diffs, makeString(NameStr(att->attname))))
		return;
	pull_varattnos(find_expression(relid, att->attnum), 1, &columns);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		char	   *name = get_attname(relid, i + FirstLowInvalidHeapAttributeNumber, true);

		if (name != NULL && list_member(diffs, makeString(name)))
			refuse(relid, att, name);
	}
}
