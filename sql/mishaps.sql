--
-- What should not happen, and must not do harm when it does
--
\set VERBOSITY terse

-- A function in WHERE sees nothing of rows that the user may not see

CREATE TABLE mishaps_secret ();
SELECT spine_register('mishaps_secret');
SELECT spine_append('mishaps_secret', 1, ARRAY['secret' || n]) FROM generate_series(0, 2) n;
SELECT spine_apply_merge('mishaps_secret', 0, 2, 0, 1, '{merged secret}');
SELECT spine_submit_merge('mishaps_secret', 0, 2, 0, 1, '{other secret}') > 0 AS submitted;
CREATE ROLE regress_mishaps_nobody;
GRANT CREATE ON SCHEMA public TO regress_mishaps_nobody;
SET ROLE regress_mishaps_nobody;
CREATE FUNCTION mishaps_leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
	AS $$ BEGIN RAISE NOTICE 'leaked %', what; RETURN true; END $$;
SELECT relation FROM spine_traces WHERE mishaps_leak(relation::text);
SELECT parts FROM spine_batches WHERE mishaps_leak(parts::text) AND mishaps_leak(relation::text);
SELECT level FROM spine_levels WHERE mishaps_leak(level::text) AND mishaps_leak(relation::text);
SELECT relation FROM spine_merge_requests WHERE mishaps_leak(parts::text);
SELECT pushes FROM spine_stat WHERE mishaps_leak(relation::text);
SELECT part FROM spine_garbage WHERE mishaps_leak(part);
SELECT parts FROM spine_merge_results WHERE mishaps_leak(parts::text);
RESET ROLE;
DROP OWNED BY regress_mishaps_nobody;
DROP ROLE regress_mishaps_nobody;
DROP TABLE mishaps_secret;

-- The extension dropped under a transaction that has pushed

CREATE TABLE mishaps_dropped ();
SELECT spine_register('mishaps_dropped');
BEGIN;
SELECT spine_append('mishaps_dropped', 1);
SAVEPOINT before;
SET LOCAL client_min_messages = warning;
DROP EXTENSION spine;
ROLLBACK TO before;
SELECT spine_append('mishaps_dropped', 1);
COMMIT;
SELECT hollow_batches, spine_validate(relation) FROM spine_traces;
SELECT spine_append_batch('mishaps_dropped', 1) AS ticket \gset
SELECT spine_wait_append(:ticket);
BEGIN;
SELECT spine_append('mishaps_dropped', 1);
SET LOCAL client_min_messages = warning;
DROP EXTENSION spine;
COMMIT;
BEGIN;
CREATE EXTENSION spine;
SELECT spine_register('mishaps_dropped');
SELECT spine_append('mishaps_dropped', 1);
DROP EXTENSION spine;
CREATE EXTENSION spine;
SELECT spine_upper('mishaps_dropped');
ROLLBACK;
BEGIN;
CREATE EXTENSION spine;
SELECT spine_register('mishaps_dropped');
SELECT spine_append('mishaps_dropped', 5);
COMMIT;
SELECT spine_append_batch('mishaps_dropped', 0) AS ticket \gset
SELECT spine_wait_append(:ticket);
SELECT updates, spine_validate(relation) FROM spine_traces;

-- A damaged image is reported, and does not keep the spine from ending

UPDATE spine_trace SET image = '\x00';
SELECT spine_upper('mishaps_dropped');
SELECT spine_append('mishaps_dropped', 1);
TRUNCATE mishaps_dropped;
SELECT spine_upper('mishaps_dropped'), spine_validate('mishaps_dropped');
UPDATE spine_trace SET image = image || '\x00';
SELECT spine_validate('mishaps_dropped');
SELECT spine_unregister('mishaps_dropped');
SELECT spine_register('mishaps_dropped');
UPDATE spine_trace SET image = '\x';
DROP TABLE mishaps_dropped;
SELECT count(*) FROM spine_traces;

-- Damaged rows are named

CREATE TABLE mishaps_rows ();
SELECT spine_register('mishaps_rows');
SELECT spine_append('mishaps_rows', n, ARRAY['k' || n]) FROM generate_series(1, 4) n;
\set VERBOSITY default
BEGIN;
DELETE FROM spine_batch WHERE id_lo = 1;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
DELETE FROM spine_batch WHERE id_lo = 3;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
UPDATE spine_batch SET len = 7 WHERE id_lo = 2;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
UPDATE spine_batch SET parts = '{a,b}' WHERE id_lo = 2;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
UPDATE spine_batch SET upper = 9 WHERE id_lo = 0;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
UPDATE spine_batch SET since = 3 WHERE id_lo = 3;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
BEGIN;
INSERT INTO spine_batch SELECT relation, 9, 10, lower, upper, since, len, parts, runs
	FROM spine_batch WHERE id_lo = 3;
SELECT spine_validate('mishaps_rows');
ROLLBACK;
\set VERBOSITY terse
SELECT spine_validate('mishaps_rows');
DROP TABLE mishaps_rows;

-- The rows of a push are those of its time, whenever they are fetched

CREATE TABLE mishaps_cursor ();
SELECT spine_register('mishaps_cursor');
SELECT count(*) FROM (SELECT spine_push_batch('mishaps_cursor', n, n + 1, 100, ARRAY['k' || n])
	FROM generate_series(0, 35) n) pushed;
BEGIN;
DECLARE c CURSOR FOR SELECT spine_push_batch('mishaps_cursor', 36, 37, 100, '{k36}');
FETCH 1 FROM c;
SELECT spine_apply_merge('mishaps_cursor', 33, 34, 0, 100, '{q1,q2,q3}');
FETCH 1 FROM c;
SELECT spine_unregister('mishaps_cursor');
FETCH 1 FROM c;
ROLLBACK;
DROP TABLE mishaps_cursor;

-- A retry: illegal input stays illegal, and equal arrays are equal

CREATE TABLE mishaps_retry ();
SELECT spine_register('mishaps_retry');
SELECT spine_push_batch('mishaps_retry', 0, 5, 10, (ARRAY['x', 'y', NULL])[1:2], runs => '[3:3]={1}');
SELECT spine_push_batch('mishaps_retry', 0, 5, 10, '{x,y}', runs => '{1}', retry => true);
SELECT spine_push_batch('mishaps_retry', 0, 5, 10, '[0:1]={x,y}', runs => '{1}', retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 2, 10, retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 4, 10, retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 5, -1, retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 5, 1, ARRAY[NULL], retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 5, 1, '{{a,b},{c,d}}', retry => true);
SELECT spine_push_batch('mishaps_retry', 4, 5, 1, retry => true);
SELECT parts, runs FROM spine_batches WHERE relation = 'mishaps_retry'::regclass;

-- The inputs of a request that is not there

SELECT spine_request_inputs('mishaps_retry', 0, 2);
SELECT spine_request_inputs('mishaps_retry', 1, 0);
SELECT spine_request_inputs('mishaps_retry', -1, 1);
SELECT id_lo, id_hi, parts FROM spine_request_inputs('mishaps_retry', 0, 1);
DROP TABLE mishaps_retry;

-- A trigger of TRUNCATE cannot write to what is about to be emptied

CREATE TABLE mishaps_truncated ();
CREATE TABLE mishaps_other ();
SELECT spine_register('mishaps_truncated'), spine_register('mishaps_other');
SELECT spine_append('mishaps_truncated', 1, '{before}');
CREATE FUNCTION mishaps_trigger() RETURNS trigger LANGUAGE plpgsql
	AS $$ BEGIN PERFORM spine_append(TG_ARGV[0]::regclass, 1, '{triggered}'); RETURN NULL; END $$;
CREATE TRIGGER mishaps_push AFTER TRUNCATE ON mishaps_truncated
	EXECUTE FUNCTION mishaps_trigger('mishaps_truncated');
TRUNCATE mishaps_truncated;
DROP TRIGGER mishaps_push ON mishaps_truncated;
CREATE TRIGGER mishaps_push AFTER TRUNCATE ON mishaps_truncated
	EXECUTE FUNCTION mishaps_trigger('mishaps_other');
SELECT relation, parts FROM spine_batches;
TRUNCATE mishaps_truncated;
SELECT relation, parts FROM spine_batches;

-- A part that is in a batch again is no garbage

SELECT spine_append('mishaps_truncated', 1, ARRAY['k' || n]) FROM generate_series(0, 4) n;
SELECT spine_apply_merge('mishaps_truncated', 0, 4, 0, 4, '{a}');
SELECT spine_apply_merge('mishaps_truncated', 0, 4, 0, 4, '{b}');
SELECT part FROM spine_garbage WHERE relation = 'mishaps_truncated'::regclass ORDER BY part;
SELECT spine_apply_merge('mishaps_truncated', 0, 4, 0, 4, '{a}');
SELECT part FROM spine_garbage WHERE relation = 'mishaps_truncated'::regclass ORDER BY part;
SELECT spine_append('mishaps_truncated', 1, '{k0}');
SELECT part FROM spine_garbage WHERE relation = 'mishaps_truncated'::regclass ORDER BY part;

-- The trace's row may move under a transaction that has pushed

SELECT pushes > 0 AS pushed FROM spine_stat WHERE relation = 'mishaps_truncated'::regclass;
BEGIN;
SELECT spine_append('mishaps_truncated', 1);
CLUSTER spine_trace USING spine_trace_relation;
COMMIT;
VACUUM FULL spine_trace;
SELECT spine_append('mishaps_truncated', 1);
SELECT relation, spine_upper(relation), spine_validate(relation) FROM spine_traces ORDER BY relation::text;

-- Two rows for one relation are an error, not a matter of luck

BEGIN;
INSERT INTO spine_trace SELECT * FROM spine_trace WHERE relation = 'mishaps_other'::regclass;
SELECT spine_upper('mishaps_other');
ROLLBACK;

-- Counters begin anew with the spine

SELECT spine_unregister('mishaps_truncated');
SELECT spine_register('mishaps_truncated');
SELECT pushes, hits, misses FROM spine_stat WHERE relation = 'mishaps_truncated'::regclass;
DROP TABLE mishaps_truncated, mishaps_other;
DROP FUNCTION mishaps_trigger;

-- A result that comes twice, with the inputs that it has replaced already

CREATE TABLE mishaps_twice ();
SELECT spine_register('mishaps_twice');
SELECT spine_append('mishaps_twice', 1, ARRAY['k' || n]) FROM generate_series(0, 4) n;
SELECT spine_apply_merge('mishaps_twice', 0, 4, 0, 4, '{m}', inputs => '{k3,k2,k1,k0}');
SELECT spine_apply_merge('mishaps_twice', 0, 4, 0, 4, '{m}', inputs => '{k3,k2,k1,k0}');
SELECT spine_apply_merge('mishaps_twice', 0, 4, 0, 4, '{n}', inputs => '{k3,k2,k1,k0}');
SELECT spine_describe('mishaps_twice'), spine_validate('mishaps_twice');
SELECT part FROM spine_garbage WHERE relation = 'mishaps_twice'::regclass ORDER BY part;

-- Tables that are not those of this build

BEGIN;
ALTER TABLE spine_batch ADD COLUMN more integer;
\set VERBOSITY default
SELECT spine_append('mishaps_twice', 1);
ROLLBACK;
\set VERBOSITY terse
SELECT spine_append('mishaps_twice', 1);
DROP TABLE mishaps_twice;

-- What a transaction has pushed is not garbage to its next statement

CREATE TABLE mishaps_back ();
SELECT spine_register('mishaps_back');
SELECT spine_append('mishaps_back', 1, ARRAY['mishaps_back' || n]) FROM generate_series(0, 2) n;
SELECT spine_apply_merge('mishaps_back', 0, 2, 0, 2, '{mishaps_merged}');
BEGIN;
SELECT spine_append('mishaps_back', 1, '{mishaps_back0}');
SELECT part FROM spine_garbage WHERE part LIKE 'mishaps_back%';
COMMIT;

-- Keys that are too large to be listed together are an error for nobody

SELECT nparts, parts IS NULL AS left_out
FROM generate_series(0, 2) n, spine_push_batch('mishaps_back', 4 + n, 5 + n, 1,
	array_fill(repeat('x', 18000000) || n, ARRAY[2]));
SELECT nparts, parts IS NULL AS left_out FROM spine_merge_requests WHERE relation = 'mishaps_back'::regclass;
SELECT sum(cardinality(i.parts)) FROM spine_merge_requests q, spine_request_inputs(q.relation, q.id_lo, q.id_hi) i
WHERE q.relation = 'mishaps_back'::regclass;
DROP TABLE mishaps_back;

-- What would not be kept up is refused

CREATE INDEX ON spine_batch ((len + 1));
CREATE INDEX ON spine_batch (len) WHERE len > 5;
CREATE TABLE mishaps_job (result bigint REFERENCES spine_merge_result (id));
CREATE TRIGGER mishaps_trigger BEFORE INSERT ON spine_trace FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
BEGIN;
CREATE INDEX mishaps_index ON spine_batch (len);
CREATE TABLE mishaps_index_used ();
SELECT spine_register('mishaps_index_used');
SELECT spine_append('mishaps_index_used', 1);
ROLLBACK;
