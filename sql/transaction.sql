--
-- Spines in transactions, and what happens to their relations
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- Savepoints and rollback

CREATE TABLE transaction_plain ();
SELECT spine_register('transaction_plain');
BEGIN;
SELECT spine_push_batch('transaction_plain', 0, 1, 10, '{a}');
SAVEPOINT one;
SELECT spine_push_batch('transaction_plain', 1, 2, 10, '{b}');
SAVEPOINT two;
SELECT spine_push_batch('transaction_plain', 2, 3, 10, '{c}');
SELECT spine_downgrade_since('transaction_plain', 2);
SELECT spine_apply_merge('transaction_plain', 0, 2, 0, 20, '{ab}');
SELECT spine_describe('transaction_plain'), spine_since('transaction_plain'),
	   spine_validate('transaction_plain');
ROLLBACK TO two;
SELECT spine_describe('transaction_plain'), spine_since('transaction_plain'),
	   spine_validate('transaction_plain');
SELECT count(*) FROM spine_garbage WHERE relation = 'transaction_plain'::regclass;
SELECT spine_push_batch('transaction_plain', 2, 4, 10, '{c2}');
RELEASE two;
SELECT spine_describe('transaction_plain'), spine_validate('transaction_plain');
ROLLBACK TO one;
SELECT spine_describe('transaction_plain'), spine_validate('transaction_plain');
SELECT spine_push_batch('transaction_plain', 1, 5, 10, '{b3}');
RELEASE one;
SELECT spine_push_batch('transaction_plain', 5, 6, 10, '{d}');
SELECT spine_describe('transaction_plain'), spine_validate('transaction_plain');
COMMIT;
SELECT spine_describe('transaction_plain'), spine_since('transaction_plain'),
	   spine_validate('transaction_plain');
-- What was rolled back is not counted
SELECT pushes, updates, requests, applied_exact FROM spine_stat
WHERE relation = 'transaction_plain'::regclass;
BEGIN;
SELECT spine_push_batch('transaction_plain', 6, 7, 10, '{e}');
SELECT spine_apply_merge('transaction_plain', 0, 5, 0, 20, '{abb3}');
SELECT spine_upper('transaction_plain'), spine_validate('transaction_plain');
ROLLBACK;
SELECT spine_describe('transaction_plain'), spine_validate('transaction_plain');
SELECT pushes, updates, requests, applied_exact FROM spine_stat
WHERE relation = 'transaction_plain'::regclass;

-- The first touch rolled back, then another
BEGIN;
SAVEPOINT one;
SELECT spine_push_batch('transaction_plain', 6, 7, 10, '{no}');
ROLLBACK TO one;
SELECT spine_upper('transaction_plain');
SELECT spine_push_batch('transaction_plain', 6, 8, 10, '{e}');
SAVEPOINT two;
SAVEPOINT three;
SELECT spine_push_batch('transaction_plain', 8, 9, 10, '{f}');
RELEASE three;
SAVEPOINT four;
SELECT spine_push_batch('transaction_plain', 9, 10, 10, '{g}');
RELEASE four;
ROLLBACK TO two;
SELECT spine_upper('transaction_plain');
COMMIT;
SELECT spine_describe('transaction_plain'), spine_validate('transaction_plain');

-- An error in the transaction takes all of it back
BEGIN;
SELECT spine_push_batch('transaction_plain', 8, 9, 10, '{f}');
SELECT 1 / 0;
COMMIT;
SELECT spine_upper('transaction_plain'), spine_validate('transaction_plain');

-- Deep nesting
CREATE FUNCTION transaction_nest(depth integer, start bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM spine_push_batch('transaction_plain', start, start + 1, 1);
	IF depth = 0 THEN
		RETURN start + 1;
	END IF;
	-- On the way up, every third level is rolled back with all that is in it
	BEGIN
		start := transaction_nest(depth - 1, start + 1);
		IF depth % 3 = 0 THEN
			RAISE division_by_zero;
		END IF;
		RETURN start;
	EXCEPTION WHEN division_by_zero THEN
		RETURN spine_upper('transaction_plain')::bigint;
	END;
END $$;
SELECT transaction_nest(50, 8);
SELECT spine_upper('transaction_plain'), spine_validate('transaction_plain');
DROP FUNCTION transaction_nest;

-- A procedure that commits between pushes
CREATE PROCEDURE transaction_loop() LANGUAGE plpgsql AS $$
DECLARE
	start bigint := spine_upper('transaction_plain')::bigint;
BEGIN
	FOR n IN start..start + 9 LOOP
		PERFORM spine_push_batch('transaction_plain', n, n + 1, 1);
		IF n % 2 = 0 THEN
			COMMIT;
		ELSE
			ROLLBACK;
			PERFORM spine_append('transaction_plain', 1);
		END IF;
	END LOOP;
END $$;
CALL transaction_loop();
DROP PROCEDURE transaction_loop;
SELECT spine_validate('transaction_plain');
DROP TABLE transaction_plain;

-- Every view shows what the transaction itself has done

CREATE TABLE transaction_views ();
BEGIN;
SELECT spine_register('transaction_views', effort => 2);
SELECT upper, effort, hollow_batches FROM spine_traces WHERE relation = 'transaction_views'::regclass;
SELECT spine_append('transaction_views', 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
SELECT upper, since, spine_batches, hollow_batches, updates, compacting FROM spine_traces
WHERE relation = 'transaction_views'::regclass;
SELECT id_lo, id_hi, level, len, parts FROM spine_batches
WHERE relation = 'transaction_views'::regclass ORDER BY id_lo;
SELECT level, state, len FROM spine_levels
WHERE relation = 'transaction_views'::regclass AND state <> 'vacant' ORDER BY level;
SELECT id_lo, id_hi, parts FROM spine_merge_requests WHERE relation = 'transaction_views'::regclass;
SELECT id_lo, parts FROM spine_request_inputs('transaction_views', 0, 2);
SELECT spine_submit_merge('transaction_views', 0, 2, 0, 20, '{m}') > 0 AS submitted;
SELECT lower, upper, since, len, parts, runs, inputs, submitted_at IS NOT NULL AS submitted_at,
	   applied_at, outcome, error
FROM spine_merge_results WHERE relation = 'transaction_views'::regclass;
SELECT spine_apply_merge('transaction_views', 0, 2, 0, 20, '{m}');
SELECT part FROM spine_garbage WHERE relation = 'transaction_views'::regclass ORDER BY part;
SELECT count(*) FROM spine_merge_requests WHERE relation = 'transaction_views'::regclass;
SELECT spine_downgrade_since('transaction_views', 1);
SELECT since, spine_since('transaction_views') FROM spine_traces
WHERE relation = 'transaction_views'::regclass;
-- In one statement as well
SELECT spine_append('transaction_views', 10, '{k3}') AS lower,
	   spine_upper('transaction_views') AS upper,
	   (SELECT count(*) FROM spine_describe('transaction_views')) AS described;
ROLLBACK;
SELECT count(*) FROM spine_traces WHERE relation = 'transaction_views'::regclass;
CALL fails($$SELECT spine_upper('transaction_views')$$);
DROP TABLE transaction_views;

-- Registering and unregistering

CREATE TABLE transaction_twice ();
CREATE FUNCTION transaction_state() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN format('%s %s, %s rows', spine_upper('transaction_twice'),
				  spine_validate('transaction_twice'),
				  (SELECT count(*) FROM spine_batches
				   WHERE relation = 'transaction_twice'::regclass));
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN 'no spine';
END $$;
BEGIN;
SELECT transaction_state();
SAVEPOINT before;
SELECT spine_register('transaction_twice');
SELECT spine_push_batch('transaction_twice', 0, 1, 10, '{a}');
SELECT transaction_state();
SAVEPOINT registered;
SELECT spine_unregister('transaction_twice');
SELECT transaction_state();
SAVEPOINT unregistered;
SELECT spine_register('transaction_twice');
SELECT transaction_state();
SAVEPOINT again;
SELECT spine_push_batch('transaction_twice', 0, 2, 10, '{b}');
SELECT transaction_state();
SAVEPOINT pushed;
SELECT spine_unregister('transaction_twice');
SELECT transaction_state();
ROLLBACK TO pushed;
SELECT transaction_state();
ROLLBACK TO again;
SELECT transaction_state();
ROLLBACK TO unregistered;
SELECT transaction_state();
CALL fails($$SELECT spine_push_batch('transaction_twice', 0, 1, 10)$$);
CALL fails($$SELECT spine_unregister('transaction_twice')$$);
ROLLBACK TO registered;
SELECT transaction_state();
SELECT spine_push_batch('transaction_twice', 1, 2, 10, '{c}');
SELECT transaction_state();
CALL fails($$SELECT spine_register('transaction_twice')$$);
ROLLBACK TO before;
SELECT transaction_state();
COMMIT;
SELECT transaction_state();

BEGIN;
SELECT spine_register('transaction_twice');
SELECT spine_push_batch('transaction_twice', 0, 1, 10, '{a}');
SELECT spine_unregister('transaction_twice');
SELECT spine_register('transaction_twice');
SELECT spine_push_batch('transaction_twice', 0, 3, 10, '{b}');
COMMIT;
SELECT transaction_state();
SELECT part FROM spine_garbage WHERE relation = 'transaction_twice'::regclass ORDER BY part;
BEGIN;
SELECT spine_unregister('transaction_twice');
SELECT transaction_state();
ROLLBACK;
SELECT transaction_state();
BEGIN;
SELECT spine_push_batch('transaction_twice', 3, 4, 10, '{c}');
SAVEPOINT one;
SELECT spine_unregister('transaction_twice');
SELECT spine_register('transaction_twice');
SELECT transaction_state();
ROLLBACK TO one;
SELECT transaction_state();
SELECT spine_unregister('transaction_twice');
COMMIT;
SELECT transaction_state();
SELECT part FROM spine_garbage WHERE relation = 'transaction_twice'::regclass ORDER BY part;
SELECT count(*) FROM spine_stat WHERE relation = 'transaction_twice'::regclass;
DROP FUNCTION transaction_state;
DROP TABLE transaction_twice;

-- TRUNCATE: an empty spine of the next generation

CREATE TABLE transaction_truncated (i integer);
SELECT spine_register('transaction_truncated', effort => 3);
SELECT spine_append('transaction_truncated', 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
SELECT spine_downgrade_since('transaction_truncated', 2);
SELECT generation AS before FROM spine_traces WHERE relation = 'transaction_truncated'::regclass \gset
TRUNCATE transaction_truncated;
SELECT generation > :before AS later, upper, since, effort, levels, hollow_batches, updates
FROM spine_traces WHERE relation = 'transaction_truncated'::regclass;
SELECT spine_validate('transaction_truncated'), count(*) AS batches FROM spine_batches
WHERE relation = 'transaction_truncated'::regclass;
SELECT part, generation = :before AS of_the_old_one FROM spine_garbage
WHERE relation = 'transaction_truncated'::regclass ORDER BY part;
SELECT generation AS before FROM spine_traces WHERE relation = 'transaction_truncated'::regclass \gset
SELECT spine_append('transaction_truncated', 10, '{a}');
BEGIN;
SELECT spine_append('transaction_truncated', 10, '{b}');
TRUNCATE transaction_truncated;
SELECT generation > :before AS later, upper, hollow_batches FROM spine_traces
WHERE relation = 'transaction_truncated'::regclass;
SELECT spine_append('transaction_truncated', 10, '{c}');
SAVEPOINT one;
SELECT spine_append('transaction_truncated', 10, '{d}');
TRUNCATE transaction_truncated;
SELECT spine_upper('transaction_truncated'), spine_validate('transaction_truncated');
ROLLBACK TO one;
SELECT spine_describe('transaction_truncated'), spine_validate('transaction_truncated');
ROLLBACK;
SELECT spine_describe('transaction_truncated'), spine_validate('transaction_truncated');
SELECT generation = :before AS same FROM spine_traces
WHERE relation = 'transaction_truncated'::regclass;
-- Twice in a transaction, in a function, of an empty table, with nothing to do
BEGIN;
TRUNCATE transaction_truncated;
TRUNCATE transaction_truncated;
DO $$ BEGIN TRUNCATE transaction_truncated; END $$;
SELECT spine_append('transaction_truncated', 10, '{e}');
COMMIT;
SELECT spine_describe('transaction_truncated'), spine_validate('transaction_truncated');
-- DELETE does nothing of the sort
DELETE FROM transaction_truncated;
SELECT spine_describe('transaction_truncated'), spine_validate('transaction_truncated');
-- Registered in the same transaction
BEGIN;
SELECT spine_unregister('transaction_truncated');
TRUNCATE transaction_truncated;
SELECT spine_register('transaction_truncated');
SELECT spine_append('transaction_truncated', 10, '{f}');
TRUNCATE transaction_truncated;
SELECT spine_append('transaction_truncated', 10, '{g}');
COMMIT;
SELECT spine_describe('transaction_truncated'), spine_validate('transaction_truncated');
-- One that fails
CREATE TABLE transaction_referring (i integer);
ALTER TABLE transaction_truncated ADD PRIMARY KEY (i);
ALTER TABLE transaction_referring ADD FOREIGN KEY (i) REFERENCES transaction_truncated;
SELECT spine_register('transaction_referring');
SELECT spine_append('transaction_referring', 10, '{r}');
CALL fails('TRUNCATE transaction_truncated');
SELECT spine_describe('transaction_truncated'), spine_describe('transaction_referring');
-- What it cascades to
TRUNCATE transaction_truncated CASCADE;
SELECT spine_upper('transaction_truncated'), spine_upper('transaction_referring'),
	   spine_validate('transaction_truncated'), spine_validate('transaction_referring');
-- Several at once, one of which is no spine
CREATE TABLE transaction_bystander ();
SELECT spine_append('transaction_truncated', 10, '{h}'), spine_append('transaction_referring', 10, '{s}');
TRUNCATE transaction_bystander, transaction_referring, transaction_truncated RESTART IDENTITY;
SELECT spine_upper('transaction_truncated'), spine_upper('transaction_referring'),
	   spine_validate('transaction_truncated'), spine_validate('transaction_referring');
SELECT relation, part FROM spine_garbage
WHERE relation::text LIKE 'transaction_%' ORDER BY relation::text, part;
-- A trigger that truncates another
CREATE FUNCTION transaction_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE transaction_referring;
	RETURN NULL;
END $$;
CREATE TRIGGER transaction_trigger BEFORE TRUNCATE ON transaction_bystander
	EXECUTE FUNCTION transaction_trigger();
SELECT spine_register('transaction_bystander');
SELECT spine_append('transaction_bystander', 10, '{b}'), spine_append('transaction_referring', 10, '{t}');
TRUNCATE transaction_bystander;
SELECT spine_upper('transaction_bystander'), spine_upper('transaction_referring'),
	   spine_validate('transaction_bystander'), spine_validate('transaction_referring');
DROP TABLE transaction_referring, transaction_bystander, transaction_truncated;
DROP FUNCTION transaction_trigger;

-- A partitioned table goes with its partitions, which may be spines as well
CREATE TABLE transaction_whole (i integer) PARTITION BY RANGE (i);
CREATE TABLE transaction_part_1 PARTITION OF transaction_whole FOR VALUES FROM (0) TO (10);
CREATE TABLE transaction_part_2 PARTITION OF transaction_whole FOR VALUES FROM (10) TO (20);
SELECT spine_register(t), spine_append(t, 10, ARRAY[t::text])
FROM unnest('{transaction_whole,transaction_part_1,transaction_part_2}'::regclass[]) t;
TRUNCATE transaction_part_1;
SELECT relation, upper FROM spine_traces
WHERE relation::text LIKE 'transaction_%' ORDER BY relation::text;
TRUNCATE transaction_whole;
SELECT relation, upper, spine_validate(relation) FROM spine_traces
WHERE relation::text LIKE 'transaction_%' ORDER BY relation::text;
SELECT part FROM spine_garbage WHERE part LIKE 'transaction_%' ORDER BY part;
ALTER TABLE transaction_whole DETACH PARTITION transaction_part_2;
SELECT spine_append('transaction_part_2', 10), spine_validate('transaction_part_2');
-- Dropped with the whole
DROP TABLE transaction_whole;
SELECT relation, upper FROM spine_traces WHERE relation::text LIKE 'transaction_%';
DROP TABLE transaction_part_2;

-- DROP: parts become garbage

CREATE TABLE transaction_dropped ();
SELECT spine_register('transaction_dropped');
SELECT spine_append('transaction_dropped', 10, '{dropped-a,dropped-b}');
BEGIN;
SELECT spine_append('transaction_dropped', 10, '{dropped-c}');
DROP TABLE transaction_dropped;
SELECT part FROM spine_garbage WHERE part LIKE 'dropped-%' ORDER BY part;
ROLLBACK;
SELECT spine_describe('transaction_dropped'), spine_validate('transaction_dropped');
BEGIN;
SAVEPOINT one;
DROP TABLE transaction_dropped;
ROLLBACK TO one;
SELECT spine_append('transaction_dropped', 10, '{dropped-d}');
COMMIT;
SELECT spine_describe('transaction_dropped'), spine_validate('transaction_dropped');
BEGIN;
SELECT spine_append('transaction_dropped', 10, '{dropped-e}');
DROP TABLE transaction_dropped;
COMMIT;
SELECT part FROM spine_garbage WHERE part LIKE 'dropped-%' ORDER BY part;
SELECT count(*) FROM spine_traces;
-- Made and dropped in one transaction
BEGIN;
CREATE TABLE transaction_dropped ();
SELECT spine_register('transaction_dropped');
SELECT spine_append('transaction_dropped', 10, '{dropped-f}');
DROP TABLE transaction_dropped;
COMMIT;
BEGIN;
CREATE TEMPORARY TABLE transaction_fleeting () ON COMMIT DROP;
SELECT spine_register('transaction_fleeting');
SELECT spine_append('transaction_fleeting', 10, '{dropped-g}');
COMMIT;
SELECT part FROM spine_garbage WHERE part LIKE 'dropped-%' ORDER BY part;
SELECT count(*) FROM spine_traces;

CREATE SCHEMA transaction_schema;
CREATE TABLE transaction_schema.one ();
CREATE MATERIALIZED VIEW transaction_schema.two AS SELECT 1 AS one;
SELECT spine_register('transaction_schema.one'), spine_register('transaction_schema.two');
SELECT spine_append('transaction_schema.one', 10, '{schema-a}'),
	   spine_append('transaction_schema.two', 10, '{schema-b}');
-- Renaming changes nothing
ALTER SCHEMA transaction_schema RENAME TO transaction_renamed;
ALTER TABLE transaction_renamed.one RENAME TO uno;
SELECT relation, upper, spine_validate(relation) FROM spine_traces ORDER BY relation::text;
SELECT spine_append('transaction_renamed.uno', 10, '{schema-c}');
ALTER TABLE transaction_renamed.uno SET SCHEMA public;
SELECT spine_describe('uno'), spine_validate('uno');
ALTER TABLE uno SET SCHEMA transaction_renamed;
\set VERBOSITY terse
BEGIN;
DROP SCHEMA transaction_renamed CASCADE;
SELECT count(*) FROM spine_traces;
ROLLBACK;
SELECT relation, upper, spine_validate(relation) FROM spine_traces ORDER BY relation::text;
DROP SCHEMA transaction_renamed CASCADE;
\set VERBOSITY default
SELECT count(*) FROM spine_traces;
SELECT part FROM spine_garbage WHERE part LIKE 'schema-%' ORDER BY part;

CREATE ROLE regress_transaction;
CREATE TABLE transaction_owned ();
ALTER TABLE transaction_owned OWNER TO regress_transaction;
SET ROLE regress_transaction;
SELECT spine_register('transaction_owned');
SELECT spine_append('transaction_owned', 10, '{owned}');
RESET ROLE;
DROP OWNED BY regress_transaction;
SELECT count(*) FROM spine_traces;
SELECT part FROM spine_garbage WHERE part = 'owned';
DROP ROLE regress_transaction;

-- A relation made anew is no spine

CREATE TABLE transaction_owned ();
CALL fails($$SELECT spine_upper('transaction_owned')$$);
DROP TABLE transaction_owned;

-- Other DDL keeps the spine

CREATE TABLE transaction_kept (i integer, t text);
INSERT INTO transaction_kept VALUES (1, 'one');
SELECT spine_register('transaction_kept');
SELECT spine_append('transaction_kept', 10, '{a}');
ALTER TABLE transaction_kept ALTER COLUMN i TYPE bigint;
SELECT spine_append('transaction_kept', 10, '{b}');
VACUUM FULL transaction_kept;
SELECT spine_append('transaction_kept', 10, '{c}');
BEGIN;
SELECT spine_append('transaction_kept', 10, '{d}');
ALTER TABLE transaction_kept ADD COLUMN v text DEFAULT random()::text, DROP COLUMN t;
SELECT spine_append('transaction_kept', 10, '{e}');
COMMIT;
CREATE INDEX transaction_kept_i ON transaction_kept (i);
CLUSTER transaction_kept USING transaction_kept_i;
ALTER TABLE transaction_kept SET UNLOGGED;
ALTER TABLE transaction_kept SET LOGGED;
SELECT spine_append('transaction_kept', 10, '{f}');
SELECT spine_describe('transaction_kept'), spine_validate('transaction_kept');
DROP TABLE transaction_kept;

CREATE MATERIALIZED VIEW transaction_matview AS SELECT 1 AS one;
CREATE UNIQUE INDEX ON transaction_matview (one);
SELECT spine_register('transaction_matview');
SELECT spine_append('transaction_matview', 10, '{a}');
REFRESH MATERIALIZED VIEW transaction_matview;
SELECT spine_append('transaction_matview', 10, '{b}');
REFRESH MATERIALIZED VIEW CONCURRENTLY transaction_matview;
SELECT spine_append('transaction_matview', 10, '{c}');
REFRESH MATERIALIZED VIEW transaction_matview WITH NO DATA;
SELECT spine_describe('transaction_matview'), spine_validate('transaction_matview');
DROP MATERIALIZED VIEW transaction_matview;

-- The extension's own tables may be rewritten
CREATE TABLE transaction_vacuumed ();
SELECT spine_register('transaction_vacuumed');
SELECT spine_append('transaction_vacuumed', 10, '{a}');
VACUUM FULL spine_trace;
VACUUM FULL spine_batch;
REINDEX TABLE spine_trace;
REINDEX TABLE spine_batch;
SELECT spine_append('transaction_vacuumed', 10, '{b}');
SELECT spine_describe('transaction_vacuumed'), spine_validate('transaction_vacuumed');

-- Isolation levels, in one session

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT spine_append('transaction_vacuumed', 10, '{c}');
SAVEPOINT one;
SELECT spine_append('transaction_vacuumed', 10, '{d}');
ROLLBACK TO one;
SELECT spine_append('transaction_vacuumed', 10, '{e}');
SELECT spine_apply_merge('transaction_vacuumed', 0, 2, 0, 20, '{ab}');
SELECT spine_describe('transaction_vacuumed'), spine_validate('transaction_vacuumed');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT spine_append('transaction_vacuumed', 10, '{f}');
SELECT spine_describe('transaction_vacuumed'), spine_validate('transaction_vacuumed');
TRUNCATE transaction_vacuumed;
SELECT spine_append('transaction_vacuumed', 10, '{g}');
COMMIT;
SELECT spine_describe('transaction_vacuumed'), spine_validate('transaction_vacuumed');
BEGIN READ ONLY;
SELECT spine_describe('transaction_vacuumed'), spine_upper('transaction_vacuumed'),
	   spine_since('transaction_vacuumed'), spine_validate('transaction_vacuumed');
SELECT upper FROM spine_traces WHERE relation = 'transaction_vacuumed'::regclass;
SELECT id_lo, parts FROM spine_batches WHERE relation = 'transaction_vacuumed'::regclass;
COMMIT;
-- Registered and dropped under a snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT spine_unregister('transaction_vacuumed');
SELECT spine_register('transaction_vacuumed');
SELECT spine_append('transaction_vacuumed', 10, '{h}');
DROP TABLE transaction_vacuumed;
COMMIT;
SELECT count(*) FROM spine_traces;

-- Names in the way: only the extension's own objects are used

CREATE TABLE transaction_path ();
SELECT spine_register('transaction_path');
SELECT spine_append('transaction_path', 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
CREATE SCHEMA transaction_evil;
CREATE FUNCTION transaction_evil.oideq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'evil operator'; END $$;
CREATE OPERATOR transaction_evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = transaction_evil.oideq);
CREATE FUNCTION transaction_evil.nameeq(name, name) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'evil operator'; END $$;
CREATE OPERATOR transaction_evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = transaction_evil.nameeq);
CREATE FUNCTION transaction_evil.has_table_privilege(oid, text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'evil function'; END $$;
CREATE FUNCTION transaction_evil.spine_trace_rows(regclass) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'evil function'; END $$;
CREATE FUNCTION transaction_evil.spine_batch_rows(regclass) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'evil function'; END $$;
CREATE TABLE transaction_evil.spine_trace (LIKE spine_trace INCLUDING ALL);
CREATE TABLE transaction_evil.spine_batch (LIKE spine_batch INCLUDING ALL);
CREATE TABLE transaction_evil.spine_merge_result (LIKE spine_merge_result INCLUDING ALL);
CREATE TABLE transaction_evil.spine_garbage_part (LIKE spine_garbage_part INCLUDING ALL);
CREATE TYPE transaction_evil.spine_merge_outcome AS ENUM ('evil');
CREATE TEMPORARY TABLE spine_trace (LIKE public.spine_trace INCLUDING ALL);
CREATE TEMPORARY TABLE spine_batch (LIKE public.spine_batch INCLUDING ALL);
CREATE TEMPORARY TABLE pg_class (oid oid);
SET search_path = transaction_evil, pg_temp, pg_catalog, public;
SELECT spine_append('transaction_path', 10, '{k3}');
SELECT spine_apply_merge('transaction_path', 0, 2, 0, 20, '{m}');
SELECT spine_submit_merge('transaction_path', 5, 6, 0, 20, '{m}') > 0 AS submitted;
SELECT spine_describe('transaction_path'), spine_upper('transaction_path'),
	   spine_validate('transaction_path');
SELECT id_lo, parts FROM spine_request_inputs('transaction_path', 0, 4);
SELECT upper FROM spine_traces;
SELECT id_lo, parts FROM spine_batches ORDER BY id_lo;
SELECT level FROM spine_levels WHERE state <> 'vacant' ORDER BY level;
SELECT count(*) FROM spine_merge_requests;
SELECT part FROM spine_garbage WHERE relation = 'transaction_path'::regclass ORDER BY part;
SELECT count(*) > 0 AS results FROM spine_merge_results;
SELECT pushes FROM spine_stat;
TRUNCATE transaction_path;
SELECT spine_upper('transaction_path'), spine_validate('transaction_path');
DROP TABLE transaction_path;
RESET search_path;
SELECT count(*) FROM public.spine_trace;
SELECT (SELECT count(*) FROM transaction_evil.spine_trace) +
	   (SELECT count(*) FROM transaction_evil.spine_batch) +
	   (SELECT count(*) FROM transaction_evil.spine_merge_result) +
	   (SELECT count(*) FROM transaction_evil.spine_garbage_part) +
	   (SELECT count(*) FROM pg_temp.spine_trace) +
	   (SELECT count(*) FROM pg_temp.spine_batch) AS caught;
DROP TABLE pg_temp.spine_trace, pg_temp.spine_batch, pg_temp.pg_class;
\set VERBOSITY terse
DROP SCHEMA transaction_evil CASCADE;
\set VERBOSITY default

-- The extension itself, in a database of its own

SELECT current_database() AS home \gset
CREATE DATABASE regress_spine_transaction TEMPLATE template0;
\c regress_spine_transaction
CREATE TABLE spined ();
CREATE EXTENSION spine;
SELECT spine_register('spined');
SELECT spine_append('spined', 10, '{a}');
BEGIN;
DROP EXTENSION spine;
ROLLBACK;
SELECT spine_append('spined', 10, '{b}');
SELECT spine_describe('spined'), spine_validate('spined');
DROP EXTENSION spine;
-- Nobody follows these any more, and nothing breaks
TRUNCATE spined;
DROP TABLE spined;
CREATE TABLE spined ();
CREATE SCHEMA "Elsewhere";
CREATE EXTENSION spine SCHEMA "Elsewhere";
SELECT "Elsewhere".spine_register('spined');
SELECT "Elsewhere".spine_append('spined', 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
SELECT "Elsewhere".spine_apply_merge('spined', 0, 2, 0, 20, '{m}');
SELECT "Elsewhere".spine_describe('spined'), "Elsewhere".spine_upper('spined'),
	   "Elsewhere".spine_validate('spined');
SELECT relation, upper FROM "Elsewhere".spine_traces;
SELECT id_lo, parts FROM "Elsewhere".spine_batches ORDER BY id_lo;
SELECT part FROM "Elsewhere".spine_garbage ORDER BY part;
SELECT relation, pushes, applied_exact FROM "Elsewhere".spine_stat;
TRUNCATE spined;
SELECT "Elsewhere".spine_upper('spined');
ALTER SCHEMA "Elsewhere" RENAME TO elsewhere;
SELECT elsewhere.spine_append('spined', 10, '{a}');
SELECT elsewhere.spine_describe('spined'), elsewhere.spine_validate('spined');
DROP EXTENSION spine;
-- Again, in the same session
CREATE EXTENSION spine;
SELECT count(*) FROM spine_traces;
SELECT spine_register('spined');
SELECT spine_append('spined', 10, '{a}');
SELECT spine_describe('spined'), spine_validate('spined');
\c :home
DROP DATABASE regress_spine_transaction;

