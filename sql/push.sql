--
-- Pushing batches
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

CREATE TABLE push_first ();
SELECT spine_register('push_first');
SELECT relation, upper, since, physical, dims, effort, levels, spine_batches, hollow_batches,
	   pending, updates, compact, compacting, noncompact
FROM spine_traces WHERE relation = 'push_first'::regclass;
SELECT spine_upper('push_first'), spine_since('push_first'), spine_validate('push_first');
SELECT * FROM spine_describe('push_first');
SELECT * FROM spine_levels WHERE relation = 'push_first'::regclass;

-- Runs: where one begins inside an input, and where one input follows another
SELECT * FROM spine_push_batch('push_first', 0, 1, 100, '{a,b,c}', runs => '{1}');
SELECT * FROM spine_push_batch('push_first', 1, 3, 100, '{d,e}');
SELECT * FROM spine_levels WHERE relation = 'push_first'::regclass ORDER BY level;
SELECT * FROM spine_push_batch('push_first', '[3]', '[10]', 100, '{f,g,h}', '[0]', '{1,2}', false);
SELECT spine_describe('push_first');
SELECT id_lo, id_hi, level, lower, upper, since, len, parts, runs
FROM spine_batches WHERE relation = 'push_first'::regclass ORDER BY id_lo;
SELECT * FROM spine_levels WHERE relation = 'push_first'::regclass ORDER BY level;
SELECT id_lo, id_hi, lower, upper, since, len, nparts, parts, runs, level, state, claimed_by,
	   lease_expires, attempts, last_error
FROM spine_merge_requests WHERE relation = 'push_first'::regclass;
SELECT * FROM spine_request_inputs('push_first', 0, 2);
SELECT relation, upper, since, physical, dims, effort, levels, spine_batches, hollow_batches,
	   pending, updates, compact, compacting, noncompact
FROM spine_traces WHERE relation = 'push_first'::regclass;
DROP TABLE push_first;

-- Rolling up makes one request of a series: 2+1, 4+2+1 and 8+4+2+1 here
CREATE TABLE push_redundant ();
SELECT spine_register('push_redundant');
SELECT spine_push_batch('push_redundant', n, n + 1, 1 << (3 - n), ARRAY['k' || n])
FROM generate_series(0, 3) n;
SELECT spine_describe('push_redundant');
SELECT * FROM spine_push_batch('push_redundant', 4, 5, 16, '{k4}');
SELECT spine_describe('push_redundant');
DROP TABLE push_redundant;

-- With another since the smaller request says something else, and stays
CREATE TABLE push_since ();
SELECT spine_register('push_since');
SELECT spine_push_batch('push_since', n, n + 1, 1 << (3 - n), ARRAY['k' || n])
FROM generate_series(0, 3) n;
SELECT spine_downgrade_since('push_since', 3);
SELECT * FROM spine_push_batch('push_since', 4, 5, 2, '{k4}', 2);
SELECT spine_downgrade_since('push_since', 4);
SELECT * FROM spine_push_batch('push_since', 5, 6, 64, '{k5}', since => NULL);
SELECT * FROM spine_describe('push_since');
SELECT lower, since FROM spine_batches WHERE relation = 'push_since'::regclass ORDER BY id_lo;
SELECT spine_since('push_since'), spine_validate('push_since');
-- The same since again is no step back
SELECT spine_downgrade_since('push_since', 4);
DROP TABLE push_since;

-- Two requests of one push, the last made first
CREATE TABLE push_two ();
SELECT spine_register('push_two');
SELECT n, id_lo, id_hi, lower, upper, since, len, nparts
FROM generate_series(0, 36) n, LATERAL spine_push_batch('push_two', n, n + 1, 100, ARRAY['k' || n]);
SELECT id_lo, id_hi, len, nparts, level FROM spine_merge_requests
WHERE relation = 'push_two'::regclass ORDER BY id_lo;
DROP TABLE push_two;

-- Settings: requests not returned stand in the view all the same
CREATE TABLE push_settings ();
SELECT spine_register('push_settings');
SET spine.return_requests = off;
SELECT spine_push_batch('push_settings', n, n + 1, 1, ARRAY['a' || n, 'b' || n])
FROM generate_series(0, 8) n;
RESET spine.return_requests;
SET spine.max_request_parts = 15;
SELECT id_lo, id_hi, nparts, parts, runs FROM spine_merge_requests
WHERE relation = 'push_settings'::regclass;
SET spine.max_request_parts = 16;
SELECT id_lo, id_hi, nparts, parts, runs FROM spine_merge_requests
WHERE relation = 'push_settings'::regclass;
SET spine.max_request_parts = 3;
SELECT id_lo, id_hi, len, nparts, parts, runs
FROM generate_series(9, 12) n, LATERAL spine_push_batch('push_settings', n, n + 1, 1, ARRAY['a' || n, 'b' || n]);
SET spine.max_request_parts = 0;
SELECT id_lo, id_hi, len, nparts, parts, runs FROM spine_merge_requests
WHERE relation = 'push_settings'::regclass ORDER BY id_lo;
RESET spine.max_request_parts;
SELECT id_lo, id_hi, lower, upper, len, parts, runs
FROM spine_request_inputs('push_settings', 8, 12);
CALL fails('SET spine.max_request_parts = -1');
CALL fails('SET spine.return_requests = 3');
CALL fails('SET spine.no_such_setting = 1');
DROP TABLE push_settings;

-- spine_append: the next time, whatever it is
CREATE TABLE push_append ();
SELECT spine_register('push_append');
SELECT spine_append('push_append', 10);
SELECT spine_append('push_append', 10, '{a,b}', '{1}');
SELECT spine_push_batch('push_append', 2, 1000, 5, '{c}');
SELECT spine_append('push_append', 10, parts => '{d}') AS lower, spine_upper('push_append') AS upper;
SELECT array_agg(spine_append('push_append', 1)) FROM generate_series(1, 5);
SELECT spine_describe('push_append');
SELECT spine_push_batch('push_append', 1006, 9223372036854775806, 5);
SELECT spine_append('push_append', 7), spine_upper('push_append');
CALL fails($$SELECT spine_append('push_append', 7)$$);
SELECT spine_push_batch('push_append', 9223372036854775807, '[]', 5);
CALL fails($$SELECT spine_append('push_append', 7)$$);
SELECT spine_upper('push_append'), spine_validate('push_append');
DROP TABLE push_append;

-- retry: a push whose answer was lost
CREATE TABLE push_retry ();
SELECT spine_register('push_retry');
SELECT spine_push_batch('push_retry', 0, 1, 10, '{a,b}', runs => '{1}', retry => true);
SELECT spine_push_batch('push_retry', 0, 1, 10, '{a,b}', runs => '{1}', retry => true);
SELECT * FROM spine_push_batch('push_retry', 0, 1, 10, '{a,b}', NULL, '{1}', true);
SELECT spine_push_batch('push_retry', 1, 2, 10, '{c}', retry => true);
SELECT spine_push_batch('push_retry', 0, 1, 10, '{a,b}', runs => '{1}', retry => true);
SELECT spine_push_batch('push_retry', 2, 3, 10, '{d}', retry => true);
SELECT spine_push_batch('push_retry', 1, 2, 10, '{c}', retry => true);
SELECT spine_describe('push_retry');
-- Without it, it is a push in the wrong place
CALL fails($$SELECT spine_push_batch('push_retry', 1, 2, 10, '{c}')$$);
-- Another batch
CALL fails($$SELECT spine_push_batch('push_retry', 1, 2, 11, '{c}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 1, 2, 10, '{x}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 1, 2, 10, '{}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 0, 1, 10, '{a,b}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 0, 2, 20, '{a,b,c}', retry => true)$$);
-- One that begins elsewhere
CALL fails($$SELECT spine_push_batch('push_retry', 2, 4, 10, '{d}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 4, 5, 10, '{d}', retry => true)$$);
-- Compacted since: it cannot be told any more
SELECT spine_apply_merge('push_retry', 0, 2, 0, 15, '{ab}');
CALL fails($$SELECT spine_push_batch('push_retry', 1, 2, 10, '{c}', retry => true)$$);
CALL fails($$SELECT spine_push_batch('push_retry', 0, 1, 10, '{a,b}', runs => '{1}', retry => true)$$);
SELECT spine_push_batch('push_retry', 2, 3, 10, '{d}', retry => true);
SELECT spine_describe('push_retry'), spine_validate('push_retry');
-- The last one of all
SELECT spine_push_batch('push_retry', 3, '[]', 10, '{e}', retry => true);
SELECT spine_push_batch('push_retry', 3, '[]', 10, '{e}', retry => true);
CALL fails($$SELECT spine_push_batch('push_retry', 3, '[]', 10, '{f}', retry => true)$$);
SELECT spine_describe('push_retry');
DROP TABLE push_retry;

-- Batches of no updates become one, and what parts they have is garbage
CREATE TABLE push_empty ();
SELECT spine_register('push_empty');
SELECT spine_push_batch('push_empty', 0, 1, 0);
SELECT spine_describe('push_empty');
SELECT spine_push_batch('push_empty', 1, 2, 0);
SELECT spine_push_batch('push_empty', 2, 5, 0);
SELECT spine_describe('push_empty');
SELECT part FROM spine_garbage WHERE relation = 'push_empty'::regclass ORDER BY id;
SELECT spine_push_batch('push_empty', 5, 6, 0, '{with,parts}');
SELECT part FROM spine_garbage WHERE relation = 'push_empty'::regclass ORDER BY part;
SELECT spine_push_batch('push_empty', 6, 7, 10, '{full}');
SELECT spine_push_batch('push_empty', 7, 8, 0, '{lonely}');
SELECT spine_describe('push_empty');
SELECT spine_push_batch('push_empty', 8, 9, 0);
SELECT spine_describe('push_empty');
SELECT id_lo, id_hi, lower, upper, len, parts FROM spine_batches
WHERE relation = 'push_empty'::regclass ORDER BY id_lo;
SELECT part FROM spine_garbage WHERE relation = 'push_empty'::regclass ORDER BY part;
SELECT spine_validate('push_empty');
DROP TABLE push_empty;

-- Many of them
CREATE TABLE push_empties ();
SELECT spine_register('push_empties');
SELECT spine_push_batch('push_empties', n, n + 1, 0) FROM generate_series(0, 999) n;
SELECT spine_describe('push_empties');
SELECT spine_push_batch('push_empties', n, n + 1, CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END)
FROM generate_series(1000, 1049) n;
SELECT spine_upper('push_empties'), spine_validate('push_empties');
SELECT hollow_batches, updates FROM spine_traces
WHERE relation = 'push_empties'::regclass;
DROP TABLE push_empties;

-- Updates without parts: their bounds locate them
CREATE TABLE push_bounds ();
SELECT spine_register('push_bounds');
SELECT spine_push_batch('push_bounds', 0, 1, 10);
SELECT spine_push_batch('push_bounds', 1, 2, 10, '{}', NULL, '{}');
SELECT * FROM spine_push_batch('push_bounds', 2, 3, 10);
SELECT spine_describe('push_bounds');
DROP TABLE push_bounds;

-- As long as can be
CREATE TABLE push_long ();
SELECT spine_register('push_long');
SELECT spine_push_batch('push_long', 0, 1, 9223372036854775807, '{a}');
SELECT spine_push_batch('push_long', 1, 2, 9223372036854775807, '{b}');
SELECT id_lo, id_hi, len, parts FROM spine_push_batch('push_long', 2, 3, 9223372036854775807, '{c}');
SELECT spine_push_batch('push_long', 3, 4, 1, '{d}');
SELECT spine_push_batch('push_long', 4, 5, 9223372036854775806, '{e}');
SELECT spine_describe('push_long'), spine_validate('push_long');
SELECT updates, levels FROM spine_traces WHERE relation = 'push_long'::regclass;
SELECT pushes, updates FROM spine_stat WHERE relation = 'push_long'::regclass;
DROP TABLE push_long;

-- The end of time
CREATE TABLE push_end ();
SELECT spine_register('push_end');
SELECT spine_push_batch('push_end', 0, 1, 10, '{a}');
SELECT spine_push_batch('push_end', 1, '[]', 10, '{b}');
SELECT spine_upper('push_end'), spine_describe('push_end'), spine_validate('push_end');
CALL fails($$SELECT spine_push_batch('push_end', 1, 2, 10, '{b}')$$);
CALL fails($$SELECT spine_push_batch('push_end', '[]', 2, 10, '{b}')$$);
CALL fails($$SELECT spine_push_batch('push_end', '[]', '[]', 10, '{b}')$$);
CALL fails($$SELECT spine_append('push_end', 10, '{b}')$$);
SELECT spine_downgrade_since('push_end', '[]');
SELECT spine_since('push_end'), spine_validate('push_end');
DROP TABLE push_end;

-- A spine of a single batch over all time
CREATE TABLE push_all ();
SELECT spine_register('push_all');
SELECT spine_push_batch('push_all', 0, '[]', 0);
SELECT spine_describe('push_all'), spine_validate('push_all');
DROP TABLE push_all;

-- Effort multiplies fuel, so merges are through sooner
CREATE TABLE push_effort_1 ();
CREATE TABLE push_effort_4 ();
SELECT spine_register('push_effort_1', effort => 1), spine_register('push_effort_4', effort => 4);
SELECT spine_push_batch(t, n, n + 1, CASE WHEN n < 2 THEN 1000 ELSE 1 END)
FROM unnest('{push_effort_1,push_effort_4}'::regclass[]) t, generate_series(0, 15) n;
SELECT relation, level, state, batches, len, merge_lo, merge_hi, merge_since, merge_remaining
FROM spine_levels WHERE relation::text LIKE 'push_effort_%' AND state = 'merging'
ORDER BY relation::text, level;
SELECT relation, effort, spine_batches FROM spine_traces
WHERE relation::text LIKE 'push_effort_%' ORDER BY relation::text;
DROP TABLE push_effort_1, push_effort_4;

-- Keys of any sort
CREATE TABLE push_keys ();
SELECT spine_register('push_keys');
SELECT spine_push_batch('push_keys', 0, 1, 1, ARRAY['s3://bucket/a b.parquet', 'größe', 'NULL', '"', ' ']);
SELECT spine_push_batch('push_keys', 1, 2, 1, ARRAY['same', 'same']);
SELECT spine_push_batch('push_keys', 2, 3, 1, '[0:1]={x,y}');
SELECT parts, runs FROM spine_push_batch('push_keys', 3, 4, 1, ARRAY[repeat('long', 25)]);
SELECT spine_push_batch('push_keys', 4, 5, 1, (SELECT array_agg('part-' || i) FROM generate_series(1, 5000) i),
						NULL, (SELECT array_agg(i) FROM generate_series(1, 4999) i));
SELECT lower, array_length(parts, 1), array_length(runs, 1), parts[5000], runs[4999]
FROM spine_batches WHERE relation = 'push_keys'::regclass ORDER BY id_lo;
SELECT id_lo, id_hi, nparts, parts IS NULL AS unlisted FROM spine_merge_requests
WHERE relation = 'push_keys'::regclass ORDER BY id_lo;
SELECT spine_validate('push_keys');
DROP TABLE push_keys;

-- Ways to call it
CREATE TABLE push_called ();
SELECT spine_register('push_called');
SELECT spine_push_batch('push_called', n, n + 1, 1) FROM generate_series(0, 2) n;
SELECT n, p.id_lo, p.id_hi
FROM generate_series(3, 5) n LEFT JOIN LATERAL spine_push_batch('push_called', n, n + 1, 1) p ON true
ORDER BY n, p.id_lo;
SELECT (spine_push_batch('push_called', n, n + 1, 1)).id_hi FROM generate_series(6, 6) n;
SELECT spine_upper('push_called') AS "one for each field of it";
WITH p AS (SELECT * FROM spine_push_batch('push_called', 7, 8, 1)) SELECT count(*) FROM p;
-- A common table expression that nothing asks for is not called
WITH p AS (SELECT * FROM spine_push_batch('push_called', 8, 9, 1)) SELECT 'nothing' AS asked;
EXPLAIN (COSTS OFF) SELECT * FROM spine_push_batch('push_called', 8, 9, 1);
SELECT spine_push_batch('push_called', 8, 9, 1) LIMIT 0;
SELECT spine_upper('push_called');
CREATE VIEW push_view AS
	SELECT p.* FROM spine_upper('push_called') u,
		LATERAL spine_push_batch('push_called', u, u::bigint + 1, 1) p;
SELECT count(*) AS requests FROM push_view;
SELECT count(*) AS requests FROM push_view;
SELECT EXISTS (SELECT FROM push_view) AS any_request;
DROP VIEW push_view;
SELECT spine_upper('push_called');
SELECT o, id_lo, id_hi
FROM ROWS FROM (spine_push_batch('push_called', 11, 12, 1)) WITH ORDINALITY r
	 (relation, id_lo, id_hi, lower, upper, since, len, nparts, parts, runs, o);

PREPARE push_one (bigint, bigint, bigint, text[]) AS
	SELECT id_lo, id_hi, len, parts FROM spine_push_batch('push_called', $1, $2, $3, $4);
EXECUTE push_one (12, 13, 1, '{a}');
EXECUTE push_one (13, 14, 1, '{b}');
EXECUTE push_one (14, 15, 1, '{c}');
EXECUTE push_one (15, 16, 1, '{d}');
EXECUTE push_one (16, 17, 1, '{e}');
EXECUTE push_one (17, 18, 1, '{f}');
EXECUTE push_one (18, 19, 1, '{g}');
CALL fails('EXECUTE push_one (18, 19, 1, NULL)');
DEALLOCATE push_one;
SELECT spine_upper('push_called'), spine_validate('push_called');

-- In a loop where some of it goes wrong
DO $$
DECLARE
	pushed integer := 0;
	refused integer := 0;
BEGIN
	FOR n IN 19..118 LOOP
		BEGIN
			PERFORM spine_push_batch('push_called', n, n + 1, 1, ARRAY['k' || n]);
			IF n % 3 = 0 THEN
				RAISE division_by_zero;
			END IF;
			pushed := pushed + 1;
		EXCEPTION
			WHEN division_by_zero THEN
				PERFORM spine_push_batch('push_called', n, n + 1, 2, ARRAY['again' || n]);
			WHEN object_not_in_prerequisite_state THEN
				refused := refused + 1;
		END;
		BEGIN
			PERFORM spine_push_batch('push_called', n, n + 1, 1, ARRAY['no' || n]);
		EXCEPTION WHEN object_not_in_prerequisite_state THEN
			refused := refused + 1;
		END;
	END LOOP;
	RAISE NOTICE '% pushed, % refused', pushed, refused;
END $$;
SELECT spine_upper('push_called'), spine_validate('push_called');
SELECT count(*) AS batches, sum(len) AS updates,
	   count(*) FILTER (WHERE parts[1] LIKE 'again%') AS again,
	   count(*) FILTER (WHERE parts[1] LIKE 'no%') AS refused
FROM spine_batches WHERE relation = 'push_called'::regclass AND lower >= 19;

-- In SQL and PL/pgSQL functions, and a trigger
CREATE FUNCTION push_sql(n bigint) RETURNS SETOF spine_merge_request LANGUAGE sql
	RETURN spine_push_batch('push_called', n, n + 1, 1);
SELECT count(*) FROM push_sql(119);
CREATE FUNCTION push_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM spine_append('push_called', (SELECT count(*) FROM new_rows));
	RETURN NULL;
END $$;
CREATE TABLE push_source (i integer);
CREATE TRIGGER push_source_insert AFTER INSERT ON push_source REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION push_trigger();
INSERT INTO push_source SELECT generate_series(1, 42);
SELECT lower, upper, len FROM spine_batches
WHERE relation = 'push_called'::regclass AND lower >= 120;
DROP TABLE push_source;
DROP FUNCTION push_trigger, push_sql;
SELECT spine_upper('push_called'), spine_validate('push_called');
DROP TABLE push_called;

-- Several spines at once
CREATE TABLE push_left ();
CREATE TABLE push_right ();
SELECT spine_register('push_left'), spine_register('push_right');
SELECT (spine_push_batch('push_left', n, n + 1, 1, '{l}')).parts AS left,
	   (spine_push_batch('push_right', n, n + 1, 100, '{r}')).parts AS right
FROM generate_series(0, 2) n;
SELECT spine_upper('push_left'), spine_upper('push_right'), spine_validate('push_left'),
	   spine_validate('push_right');
DROP TABLE push_left, push_right;

-- Every kind of relation that can be a spine
CREATE TABLE push_partitioned (i integer) PARTITION BY RANGE (i);
CREATE TABLE push_partition PARTITION OF push_partitioned DEFAULT;
CREATE MATERIALIZED VIEW push_matview AS SELECT 1 AS one;
CREATE UNLOGGED TABLE push_unlogged ();
CREATE TEMPORARY TABLE push_temporary ();
CREATE FOREIGN DATA WRAPPER push_wrapper;
CREATE SERVER push_server FOREIGN DATA WRAPPER push_wrapper;
CREATE FOREIGN TABLE push_foreign (i integer) SERVER push_server;
SELECT spine_register(t), spine_append(t, 10, '{a}'), spine_append(t, 10, '{b}'),
	   spine_append(t, 10, '{c}'), spine_validate(t)
FROM unnest('{push_partitioned,push_partition,push_matview,push_unlogged,push_temporary,push_foreign}'::regclass[]) t;
SELECT relation, upper, compacting FROM spine_traces
WHERE relation::text LIKE 'push_%' ORDER BY relation::text COLLATE "C";
DROP TABLE push_partitioned, push_unlogged, push_temporary;
DROP MATERIALIZED VIEW push_matview;
DROP FOREIGN DATA WRAPPER push_wrapper CASCADE;
SELECT count(*) FROM spine_traces;

