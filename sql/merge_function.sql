--
-- Merge functions, which the server runs itself
--
ALTER SYSTEM SET spine.retry_delay = 0;
ALTER SYSTEM SET spine.max_attempts = 2;
SELECT pg_reload_conf();

-- Waits until all requests of a relation have been answered or parked
CREATE FUNCTION mf_wait(which regclass) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..6000 LOOP
		IF NOT EXISTS (SELECT FROM spine_merge_requests WHERE relation = which AND state <> 'parked') THEN
			RETURN 'done';
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN 'still there';
END $$;

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- The example

\set ECHO none
\i examples/sql_merge/merge.sql
\set ECHO all
CREATE TABLE ledger ();
SELECT spine_register('ledger');
SELECT spine_set_merge_function('ledger', 'merge_parts(spine_merge_request)');
SELECT merge_function, exert_effort FROM spine_traces WHERE relation = 'ledger'::regclass;
SELECT key, diff FROM sums('ledger');
SELECT count(push_rows('ledger', '{a,b,c}', ARRAY[1, i, ((-1) ^ i)::bigint])) FROM generate_series(1, 32) i;
SELECT mf_wait('ledger');
SELECT key, diff FROM sums('ledger');
SELECT spine_validate('ledger'), spine_upper('ledger');
-- What is pushed while time goes on need not be told apart later
SELECT spine_downgrade_since('ledger', 32);
SELECT count(push_rows('ledger', '{a,b}', '{1,-1}')) FROM generate_series(1, 64) i;
SELECT mf_wait('ledger');
SELECT key, diff FROM sums('ledger');
SELECT hollow_batches < 10 AS few, updates < 224 AS less FROM spine_traces WHERE relation = 'ledger'::regclass;
SELECT DISTINCT outcome, error, submitted_by = CURRENT_USER AS by, claim IS NOT NULL AS claimed
FROM spine_merge_results WHERE relation = 'ledger'::regclass;
SELECT count(*) > 0 AS replaced FROM spine_garbage WHERE relation = 'ledger'::regclass;
-- TRUNCATE keeps the function, DROP takes it along
TRUNCATE ledger;
SELECT merge_function, exert_effort FROM spine_traces WHERE relation = 'ledger'::regclass;
DROP TABLE ledger;
SELECT count(*) FROM spine_option;

-- What cannot be a merge function, and whose cannot be

CREATE TABLE mf (); CREATE TABLE mf_plain ();
SELECT spine_register('mf');
CREATE FUNCTION mf_args(spine_merge_request, int) RETURNS spine_merge_output LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION mf_arg(record) RETURNS spine_merge_output LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION mf_text(spine_merge_request) RETURNS text LANGUAGE sql AS 'SELECT NULL';
CREATE FUNCTION mf_set(spine_merge_request) RETURNS SETOF spine_merge_output LANGUAGE sql AS 'SELECT NULL::spine_merge_output';
CREATE PROCEDURE mf_procedure(spine_merge_request) LANGUAGE sql AS '';
CREATE FUNCTION mf_null(spine_merge_request) RETURNS spine_merge_output LANGUAGE sql AS 'SELECT NULL::spine_merge_output';
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_args(spine_merge_request, int)') $$);
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_arg(record)') $$);
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_text(spine_merge_request)') $$);
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_set(spine_merge_request)') $$);
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_procedure(spine_merge_request)') $$);
CALL fails($$ SELECT spine_set_merge_function('mf', 4711) $$);
CALL fails($$ SELECT spine_set_merge_function('mf_plain', 'mf_null(spine_merge_request)') $$);
CALL fails($$ SELECT spine_set_merge_function(NULL, 'mf_null(spine_merge_request)') $$);
CREATE TEMP TABLE mf_temp ();
SELECT spine_register('mf_temp');
CALL fails($$ SELECT spine_set_merge_function('mf_temp', 'mf_null(spine_merge_request)') $$);
DROP TABLE mf_temp;
CREATE ROLE regress_mf_owner;
CREATE ROLE regress_mf_writer;
GRANT CREATE ON SCHEMA public TO regress_mf_owner;
ALTER TABLE mf OWNER TO regress_mf_owner;
GRANT ALL ON mf TO regress_mf_writer;
REVOKE ALL ON FUNCTION mf_null FROM PUBLIC;
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_null(spine_merge_request)') $$);
GRANT EXECUTE ON FUNCTION mf_null TO PUBLIC;
SET ROLE regress_mf_writer;
CALL fails($$ SELECT spine_set_merge_function('mf', 'mf_null(spine_merge_request)') $$);
RESET ROLE;
SELECT count(*) FROM spine_option;
-- Who may read the relation sees what it has; it may be gone
BEGIN;
CREATE FUNCTION mf_gone(spine_merge_request) RETURNS spine_merge_output LANGUAGE sql AS 'SELECT NULL::spine_merge_output';
GRANT EXECUTE ON FUNCTION mf_gone TO PUBLIC;
SELECT spine_set_merge_function('mf', 'mf_gone(spine_merge_request)');
DROP FUNCTION mf_gone(spine_merge_request);
REVOKE SELECT ON mf FROM regress_mf_writer;
SELECT relation, merge_function FROM spine_traces WHERE relation = 'mf'::regclass;
SET ROLE regress_mf_writer;
SELECT count(*) FROM spine_traces WHERE merge_function IS NOT NULL;
ROLLBACK;
SELECT merge_function FROM spine_traces WHERE relation = 'mf'::regclass;

-- What goes wrong in one: it fails twice, and is parked

CREATE FUNCTION mf_body(body text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION mf_f(r spine_merge_request) RETURNS spine_merge_output LANGUAGE plpgsql AS %L', body);
	TRUNCATE mf;
	PERFORM spine_set_merge_function('mf', 'mf_f(spine_merge_request)');
	PERFORM spine_append('mf', 10, ARRAY['p' || i]) FROM generate_series(0, 2) i;
END $$;
CREATE VIEW mf_requests AS SELECT id_lo, id_hi, state, attempts, last_error
	FROM spine_merge_requests WHERE relation = 'mf'::regclass;
CREATE TABLE mf_secret (x int);
CREATE TABLE mf_own (x int);
ALTER TABLE mf_own OWNER TO regress_mf_owner;

SELECT mf_body($$ BEGIN RAISE EXCEPTION 'no such thing' USING DETAIL = 'It is not there.'; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
-- Who it is
SELECT mf_body($$ BEGIN RAISE EXCEPTION '% % %', current_user, current_setting('search_path'), current_setting('statement_timeout'); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
-- What it may not
SELECT mf_body($$ BEGIN INSERT INTO public.mf_own VALUES (1); INSERT INTO public.mf_secret VALUES (1); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN RESET ROLE; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN SET SESSION AUTHORIZATION regress_mf_writer; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN CREATE TEMP TABLE t (); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN COMMIT; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
-- What it returns
SELECT mf_body($$ BEGIN INSERT INTO public.mf_own VALUES (2); RETURN NULL; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN RETURN (20::bigint, ARRAY['m'], NULL::int[]); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN RETURN (-1::bigint, ARRAY['m'], '{}'::int[]); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN RETURN (20::bigint, ARRAY['m', NULL], '{}'::int[]); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT mf_body($$ BEGIN INSERT INTO public.mf_own VALUES (3); RETURN (21::bigint, ARRAY['m'], '{}'::int[]); END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
-- Only the last one has got as far as a result
SELECT DISTINCT x FROM mf_own;
-- Function and owner change
SELECT mf_body($$ BEGIN RETURN (20::bigint, ARRAY['m'], '{}'::int[]); END $$), spine_set_merge_function('mf', NULL);
SELECT * FROM mf_requests;
BEGIN;
SELECT spine_set_merge_function('mf', 'mf_f(spine_merge_request)');
DROP FUNCTION mf_f;
COMMIT;
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
CREATE FUNCTION mf_f(spine_merge_request) RETURNS text LANGUAGE sql AS 'SELECT NULL';
SELECT spine_retry_merge('mf', 0, 2);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
DROP FUNCTION mf_f;

-- Mended, and tried again

SELECT mf_body($$ BEGIN RAISE EXCEPTION 'not yet'; END $$);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
CREATE OR REPLACE FUNCTION mf_f(r spine_merge_request) RETURNS spine_merge_output LANGUAGE plpgsql AS
	$$ BEGIN RETURN (r.len, ARRAY[r.id_lo || '-' || r.id_hi], '{}'::int[]); END $$;
SELECT spine_retry_merge('mf', 0, 2);
SELECT mf_wait('mf');
SELECT * FROM mf_requests;
SELECT spine_describe('mf');

-- It gets all parts, more than a request lists

SELECT mf_body($$ BEGIN RETURN (r.len, ARRAY['of ' || cardinality(r.parts)], '{}'::int[]); END $$),
	spine_set_merge_function('mf', NULL);
TRUNCATE mf;
SELECT count(spine_append('mf', 600, (SELECT array_agg('p' || i || ' ' || k) FROM generate_series(1, 600) k)))
FROM generate_series(1, 3) i;
SELECT nparts, parts IS NULL AS not_listed FROM spine_merge_requests WHERE relation = 'mf'::regclass;
SELECT spine_set_merge_function('mf', 'mf_f(spine_merge_request)');
SELECT mf_wait('mf');
SELECT parts FROM spine_batches WHERE relation = 'mf'::regclass AND cardinality(parts) = 1;

-- Functions that push to their own spine, keep locks and change settings

SELECT mf_body($$ BEGIN
	IF r.id_hi = 2 THEN
		PERFORM public.spine_append('public.mf', 1, '{in between}');
	END IF;
	PERFORM public.spine_merge_progress(5);
	PERFORM pg_advisory_lock(4711);
	PERFORM set_config('search_path', 'nowhere', false);
	RETURN (r.len, ARRAY['own' || r.id_hi], '{}'::int[]); END $$);
SELECT mf_wait('mf');
SELECT spine_set_merge_function('mf', NULL);
SELECT spine_validate('mf'), spine_upper('mf');
SELECT outcome, error, submitted_by FROM spine_merge_results WHERE relation = 'mf'::regclass AND parts = '{own2}';
SELECT pg_advisory_lock(4711), pg_advisory_unlock(4711);
SELECT spine_merge_progress(1);
SELECT * FROM spine_progress;

DROP VIEW mf_requests;
DROP TABLE mf, mf_plain, mf_secret, mf_own;
SET client_min_messages = warning;
DROP SCHEMA parts CASCADE;
DROP OWNED BY regress_mf_owner, regress_mf_writer;
DROP ROLE regress_mf_owner, regress_mf_writer;
SELECT count(*) FROM spine_option;
ALTER SYSTEM RESET spine.retry_delay;
ALTER SYSTEM RESET spine.max_attempts;
SELECT pg_reload_conf();
