--
-- What is refused, how it is said, and that nothing changes by it
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- Only SQLSTATE and message, for what is the same over and over
CREATE FUNCTION errors_brief(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TABLE errors_spine ();
SELECT spine_register('errors_spine');
SELECT spine_push_batch('errors_spine', n, n + 1, 10, ARRAY['a' || n, 'b' || n]) FROM generate_series(0, 4) n;
SELECT spine_downgrade_since('errors_spine', 3);
CREATE TABLE errors_before AS
	SELECT t.*, (SELECT array_agg(b) FROM spine_batches b WHERE b.relation = t.relation) AS batches,
		   (SELECT array_agg(d) FROM spine_describe(t.relation) d) AS description
	FROM spine_traces t WHERE t.relation = 'errors_spine'::regclass;
SELECT description FROM errors_before;

-- The relation

CREATE TABLE errors_plain ();
SELECT call, errors_brief('SELECT ' || replace(call, '$', $$'errors_plain'$$)) AS error
FROM (VALUES
	(1, 'spine_unregister($)'),
	(2, 'spine_push_batch($, 0, 1, 1)'),
	(3, 'spine_append($, 1)'),
	(4, 'spine_downgrade_since($, 1)'),
	(5, 'spine_apply_merge($, 0, 1, 0, 1)'),
	(6, 'spine_submit_merge($, 0, 1, 0, 1)'),
	(7, 'spine_upper($)'),
	(8, 'spine_since($)'),
	(9, 'spine_request_inputs($, 0, 1)'),
	(10, 'spine_validate($)'),
	(11, 'spine_describe($)')) c (n, call)
ORDER BY n;
CALL fails($$SELECT spine_push_batch('errors_plain', 0, 1, 1)$$);
CALL fails($$SELECT spine_push_batch('errors_no_such_table', 0, 1, 1)$$);
-- An OID that no relation has
CALL fails($$SELECT spine_push_batch(1, 0, 1, 1)$$);
CALL fails($$SELECT spine_upper(0::regclass)$$);
CALL fails($$SELECT spine_register(4294967295::oid)$$);
-- One that was dropped
CREATE TABLE errors_dropped ();
SELECT spine_register('errors_dropped');
SELECT 'errors_dropped'::regclass::oid AS oid \gset
PREPARE errors_push AS SELECT spine_push_batch('errors_dropped', 0, 1, 1);
DROP TABLE errors_dropped;
SELECT regexp_replace(errors_brief(format('SELECT spine_push_batch(%s, 0, 1, 1)', :oid)), '\d+ does', 'N does');
SELECT regexp_replace(errors_brief(format('SELECT spine_upper(%s)', :oid)), '\d+ does', 'N does');
SELECT errors_brief('EXECUTE errors_push');
DEALLOCATE errors_push;

-- Registered twice, numbers out of range
CALL fails($$SELECT spine_register('errors_spine')$$);
SELECT errors_brief($$SELECT spine_register('errors_plain', 0)$$);
SELECT errors_brief($$SELECT spine_register('errors_plain', -1)$$);
SELECT errors_brief($$SELECT spine_register('errors_plain', 5)$$);
CALL fails($$SELECT spine_register('errors_plain', 5)$$);
CALL fails($$SELECT spine_register('errors_plain', effort => 0)$$);
CALL fails($$SELECT spine_register('errors_plain', effort => -2147483648)$$);
CALL fails($$SELECT spine_upper('errors_plain')$$);

-- What cannot be a spine
CREATE VIEW errors_view AS SELECT 1 AS one;
CREATE SEQUENCE errors_sequence;
CREATE TABLE errors_big (i integer PRIMARY KEY, t text);
CREATE TABLE errors_whole (i integer PRIMARY KEY) PARTITION BY RANGE (i);
CREATE TYPE errors_type AS (i integer);
CALL fails($$SELECT spine_register('errors_view')$$);
CALL fails($$SELECT spine_register('errors_sequence')$$);
CALL fails($$SELECT spine_register('errors_big_pkey')$$);
CALL fails($$SELECT spine_register('errors_whole_pkey')$$);
CALL fails($$SELECT spine_register('errors_type')$$);
CALL fails($$SELECT spine_register('pg_class')$$);
CALL fails($$SELECT spine_register('pg_attribute')$$);
CALL fails($$SELECT spine_register('pg_largeobject')$$);
CALL fails($$SELECT spine_register('spine_trace')$$);
CALL fails($$SELECT spine_register('spine_batch')$$);
CALL fails($$SELECT spine_register('spine_merge_result')$$);
CALL fails($$SELECT spine_register('spine_garbage_part')$$);
CALL fails($$SELECT spine_register('spine_traces')$$);
CALL fails($$SELECT spine_register('spine_generation')$$);
SELECT regexp_replace(errors_brief(format('SELECT spine_register(%s)', reltoastrelid)), '\d+"', 'N"')
FROM pg_class WHERE oid = 'errors_big'::regclass;
-- They cannot be written to either, nor read
SELECT errors_brief($$SELECT spine_push_batch('errors_view', 0, 1, 1)$$);
SELECT errors_brief($$SELECT spine_upper('pg_class')$$);
DROP VIEW errors_view;
DROP SEQUENCE errors_sequence;
DROP TABLE errors_big, errors_whole;
DROP TYPE errors_type;

-- Bounds of a batch

CALL fails($$SELECT spine_push_batch('errors_spine', 4, 6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 6, 7, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 0, 5, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 5, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 4, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 7, 6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '[]', 6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '[]', '[]', 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, since => 4)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, since => '[]')$$);
CALL fails($$SELECT spine_downgrade_since('errors_spine', 2)$$);
CALL fails($$SELECT spine_downgrade_since('errors_spine', 0)$$);
-- Of a merge result
CALL fails($$SELECT spine_apply_merge('errors_spine', 3, 3, 0, 10)$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 3, 2, 0, 10)$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', '[]', '[]', 0, 10)$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', '[]', 3, 0, 10)$$);
-- Times
CALL fails($$SELECT spine_push_batch('errors_spine', -1, 6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '[-1]', 6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, -6, 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, '[9223372036854775808]', 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '[(5,5)]', '[(6,6)]', 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '5', '6', 10)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', '[5', '[6]', 10)$$);
CALL fails($$SELECT spine_downgrade_since('errors_spine', -1)$$);

-- Length, parts and runs

CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, -1)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, -9223372036854775808)$$);
CALL fails($$SELECT spine_append('errors_spine', -1)$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, -1)$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, ARRAY['a', NULL])$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, ARRAY['a', ''])$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, ARRAY[['a', 'b'], ['c', 'd']])$$);
CALL fails($$SELECT spine_append('errors_spine', 10, ARRAY[NULL])$$);
CALL fails($$SELECT spine_append('errors_spine', 10, ARRAY[''])$$);
CALL fails($$SELECT spine_append('errors_spine', 10, ARRAY[['a']])$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, ARRAY[NULL])$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, ARRAY[''])$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, ARRAY[['a']])$$);
SELECT errors_brief($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, inputs => ARRAY['a', NULL])$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, inputs => ARRAY[['a']])$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{2,1}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{1,1}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{0}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{3}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{-1}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{1,NULL}')$$);
SELECT errors_brief($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a,b,c}', runs => '{{1},{2}}')$$);
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{}', runs => '{1}')$$);
CALL fails($$SELECT spine_append('errors_spine', 10, '{a,b}', '{2}')$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 4, 0, 10, '{a,b}', '{2}')$$);
-- What can never be right is refused at once, not when it is applied
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, -1)$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, 10, ARRAY[NULL])$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, 10, ARRAY[''])$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, 10, '{a,b}', '{2}')$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, 10, '{a,b}', '{NULL}')$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', 0, 4, 0, 10, '{a,b}', inputs => ARRAY[['a']])$$);
CALL fails($$SELECT spine_submit_merge('errors_spine', -1, 4, 0, 10)$$);
-- Other types
SELECT errors_brief($$SELECT spine_push_batch('errors_spine', 5, 6, 10.5)$$) LIKE '42883 %';
SELECT errors_brief($$SELECT spine_push_batch('errors_spine', 5, 6, 9223372036854775808)$$) LIKE '42883 %';
SELECT errors_brief($$SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a')$$);

-- Null for each argument that needs a value

SELECT call, errors_brief('SELECT ' || replace(call, '$', $$'errors_spine'$$)) AS error
FROM (VALUES
	(1, 'spine_register(NULL)'),
	(2, 'spine_register($, NULL)'),
	(3, 'spine_register($, 1, NULL)'),
	(4, 'spine_unregister(NULL)'),
	(5, 'spine_push_batch(NULL, 5, 6, 1)'),
	(6, 'spine_push_batch($, NULL, 6, 1)'),
	(7, 'spine_push_batch($, 5, NULL, 1)'),
	(8, 'spine_push_batch($, 5, 6, NULL)'),
	(9, 'spine_push_batch($, 5, 6, 1, NULL)'),
	(10, 'spine_push_batch($, 5, 6, 1, runs => NULL)'),
	(11, 'spine_push_batch($, 5, 6, 1, retry => NULL)'),
	(12, 'spine_append(NULL, 1)'),
	(13, 'spine_append($, NULL)'),
	(14, 'spine_append($, 1, NULL)'),
	(15, 'spine_append($, 1, runs => NULL)'),
	(16, 'spine_downgrade_since(NULL, 1)'),
	(17, 'spine_downgrade_since($, NULL)'),
	(18, 'spine_apply_merge(NULL, 0, 1, 0, 1)'),
	(19, 'spine_apply_merge($, NULL, 1, 0, 1)'),
	(20, 'spine_apply_merge($, 0, NULL, 0, 1)'),
	(21, 'spine_apply_merge($, 0, 1, NULL, 1)'),
	(22, 'spine_apply_merge($, 0, 1, 0, NULL)'),
	(23, 'spine_apply_merge($, 0, 1, 0, 1, NULL)'),
	(24, 'spine_apply_merge($, 0, 1, 0, 1, runs => NULL)'),
	(25, 'spine_submit_merge(NULL, 0, 1, 0, 1)'),
	(26, 'spine_submit_merge($, NULL, 1, 0, 1)'),
	(27, 'spine_submit_merge($, 0, NULL, 0, 1)'),
	(28, 'spine_submit_merge($, 0, 1, NULL, 1)'),
	(29, 'spine_submit_merge($, 0, 1, 0, NULL)'),
	(30, 'spine_submit_merge($, 0, 1, 0, 1, NULL)'),
	(31, 'spine_submit_merge($, 0, 1, 0, 1, runs => NULL)'),
	(32, 'spine_upper(NULL)'),
	(33, 'spine_since(NULL)'),
	(34, 'spine_request_inputs(NULL, 0, 1)'),
	(35, 'spine_request_inputs($, NULL, 1)'),
	(36, 'spine_request_inputs($, 0, NULL)'),
	(37, 'spine_validate(NULL)'),
	(38, 'spine_describe(NULL)'),
	(39, 'spine_stat_reset(NULL)')) c (n, call)
ORDER BY n;
CALL fails($$SELECT spine_push_batch('errors_spine', 5, 6, NULL)$$);
CALL fails($$SELECT spine_apply_merge('errors_spine', 0, 1, NULL, 1)$$);

-- In a read-only transaction

BEGIN READ ONLY;
SAVEPOINT s;
SELECT call, errors_brief('SELECT ' || replace(call, '$', $$'errors_spine'$$)) AS error
FROM (VALUES
	(1, $$spine_register('errors_plain')$$),
	(2, 'spine_unregister($)'),
	(3, 'spine_push_batch($, 5, 6, 1)'),
	(4, 'spine_append($, 1)'),
	(5, 'spine_downgrade_since($, 4)'),
	(6, 'spine_apply_merge($, 0, 4, 0, 1)'),
	(7, 'spine_submit_merge($, 0, 4, 0, 1)'),
	(8, 'spine_upper($)'),
	(9, 'spine_since($)'),
	(10, 'spine_request_inputs($, 0, 1)'),
	(11, 'spine_validate($)'),
	(12, 'spine_describe($)')) c (n, call)
ORDER BY n;
COMMIT;

-- A function that returns rows, called where one value is wanted
SELECT errors_brief($$SELECT 1 WHERE spine_push_batch('errors_spine', 5, 6, 1) IS NULL$$);
SELECT errors_brief($$SELECT CASE WHEN true THEN spine_push_batch('errors_spine', 5, 6, 1) END$$);
SELECT errors_brief($$UPDATE errors_before SET effort = 1 WHERE spine_describe('errors_spine') = ''$$);

-- The internal functions of the views give no rows instead
SELECT count(*) FROM spine_trace_rows(NULL);
SELECT count(*) FROM spine_trace_rows(1), spine_batch_rows(1), spine_level_rows(1),
	   spine_request_rows(1), spine_stat_rows(1);
SELECT count(*) FROM spine_trace_rows('errors_plain');
SELECT count(*) FROM spine_batch_rows('errors_plain');
SELECT count(*) FROM spine_level_rows('errors_plain');
SELECT count(*) FROM spine_request_rows('errors_plain');

-- After all this nothing has changed

SELECT spine_validate('errors_spine');
SELECT count(*) AS unchanged FROM errors_before b, spine_traces t
WHERE t.relation = b.relation AND t.generation = b.generation AND t.since = b.since AND t.upper = b.upper
	AND t.effort = b.effort AND t.levels = b.levels AND t.spine_batches = b.spine_batches
	AND t.hollow_batches = b.hollow_batches AND t.updates = b.updates
	AND b.batches::text = (SELECT array_agg(s)::text FROM spine_batches s WHERE s.relation = t.relation)
	AND b.description = (SELECT array_agg(d) FROM spine_describe(t.relation) d);
SELECT count(*) FROM spine_garbage WHERE relation = 'errors_spine'::regclass;
SELECT count(*) FROM spine_merge_results WHERE relation = 'errors_spine'::regclass;
SELECT pushes, updates FROM spine_stat WHERE relation = 'errors_spine'::regclass;
-- And it goes on
SELECT spine_push_batch('errors_spine', 5, 6, 10, '{a5}');
SELECT spine_describe('errors_spine'), spine_validate('errors_spine');

-- An error in one call of a statement takes back the others
SELECT spine_push_batch('errors_spine', n, n + 1, CASE n WHEN 8 THEN -1 ELSE 10 END)
FROM generate_series(6, 9) n;
SELECT spine_upper('errors_spine'), spine_validate('errors_spine');

DROP TABLE errors_spine, errors_before, errors_plain;
DROP FUNCTION errors_brief;
