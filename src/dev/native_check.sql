-- native_check.sql: what is wrong with the native tables of a database; for tests,
-- never installed.  Nothing may go on meanwhile, and no result be queued.  Rows of
-- spine_file whose relation is gone are left for the sweep.

CREATE FUNCTION spine_native_check() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	f spine_file;
BEGIN
	RETURN QUERY SELECT format('companion %s belongs to no file', c.oid::regclass)
		FROM pg_class c WHERE c.relname LIKE 'spine\_runs%' AND c.relkind = 'r' AND c.oid NOT IN (SELECT runs FROM spine_file);
	RETURN QUERY SELECT format('file %s of %s is not its file, or it has no companion', filenode, relation)
		FROM spine_file WHERE relation IN (SELECT oid FROM pg_class) AND (NOT EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'spine'
				WHERE c.oid = relation AND c.relfilenode = filenode AND c.reltablespace = tablespace)
			OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = runs AND c.relkind = 'r'));
	RETURN QUERY SELECT format('spine of %s has no file', t.relation)
		FROM spine_traces t JOIN pg_class c ON c.oid = t.relation JOIN pg_am a ON a.oid = c.relam AND a.amname = 'spine'
		WHERE t.relation NOT IN (SELECT relation FROM spine_file);
	RETURN QUERY SELECT format('ticks of %s have no runs', t.runs) FROM spine_tick t WHERE t.runs NOT IN (SELECT runs FROM spine_file);
	FOR f IN SELECT * FROM spine_file WHERE relation IN (SELECT oid FROM pg_class) LOOP
		RETURN QUERY EXECUTE format($q$
			WITH run AS (SELECT run::text AS part, sum(nrows) FILTER (WHERE NOT past) AS nrows FROM %1$s GROUP BY run),
				batch AS (SELECT id_lo, id_hi, len, parts FROM spine_batches WHERE relation = %2$s),
				part AS (SELECT id_lo, unnest(parts) AS part FROM batch)
			SELECT format('batch %%s to %%s has length %%s, its runs have %%s rows', id_lo, id_hi, len,
				(SELECT sum(nrows) FROM run WHERE part = ANY (parts)))
			FROM batch WHERE len <> coalesce((SELECT sum(nrows) FROM run WHERE part = ANY (parts)), 0)
			UNION ALL SELECT format('run %%s is in %%s batches, has %%s rows', part, count(id_lo), nrows)
			FROM run FULL JOIN part USING (part) GROUP BY part, nrows HAVING count(id_lo) <> 1 OR nrows IS NULL
			UNION ALL SELECT format('group %%s is there %%s times', group_number, count(*))
			FROM %1$s GROUP BY group_number HAVING count(*) > 1$q$, f.runs, f.relation::oid);
		RETURN QUERY SELECT v FROM spine_validate(f.relation) v WHERE v <> 'ok';
	END LOOP;
END $$;
