-- The proof: each table counts what pgbench has (variables heap and spine), the native
-- one before it was compacted (variable before) as after, when it stores one row for
-- it all (variable stored).
-- An error, after the lines that tell, if anything does not hold.
\set SHOW_CONTEXT never
VACUUM visits;
VACUUM visits_heap;

CREATE TEMP TABLE proof AS
SELECT * FROM (VALUES
    (1, 'heap: pgbench and the table count', :heap::bigint, (SELECT n FROM visits_heap)),
    (2, 'spine: pgbench and the table count', :spine::bigint, :before::bigint),
    (3, 'spine: the same, compacted', :spine::bigint, (SELECT n FROM visits)),
    (4, 'spine: rows to be stored, and stored', 1::bigint, :stored::bigint)) v(i, what, expected, counted);

SELECT format('  %-38s %9s %9s%s', what, expected, counted,
              CASE WHEN expected IS DISTINCT FROM counted THEN '  DIFFERS' ELSE '' END)
FROM proof ORDER BY i;
SELECT format('  %-38s %9s %9s', 'size of the heap, and of the spine', pg_size_pretty(pg_total_relation_size('visits_heap')),
              pg_size_pretty(spine_relation_size('visits')));
DO $$
BEGIN
    IF EXISTS (SELECT FROM proof WHERE expected IS DISTINCT FROM counted) THEN
        RAISE EXCEPTION 'the proof fails: a count differs';
    END IF;
END $$;
