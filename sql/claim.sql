--
-- Claims: leases on merge requests, and what becomes of them
--
SET spine.retry_delay = 0;

CREATE TABLE claim_a ();
CREATE TABLE claim_b ();
SELECT spine_register('claim_a'), spine_register('claim_b');
SELECT spine_append('claim_a', 1, ARRAY['a' || n]) FROM generate_series(0, 4) n;
SELECT spine_append('claim_b', 10, ARRAY['b' || n]) FROM generate_series(0, 2) n;

CREATE VIEW claim_requests AS
	SELECT relation, id_lo, id_hi, state, claimed_by IS NOT NULL AS claimed,
		   lease_expires > now() AS leased, attempts, last_error
	FROM spine_merge_requests WHERE relation::text LIKE 'claim%' ORDER BY relation::text, id_lo;
SELECT * FROM claim_requests;

-- The most batches for the least updates come first

CREATE TABLE claim_ids (name text, claim bigint);
CREATE FUNCTION claim(what text, relation regclass DEFAULT NULL, lease interval DEFAULT '1 hour',
		max integer DEFAULT 1, max_parts integer DEFAULT NULL)
	RETURNS TABLE (name text, rel regclass, id_lo bigint, id_hi bigint, lower spine_frontier,
		upper spine_frontier, since spine_frontier, len bigint, nparts integer, parts text[], runs integer[])
	LANGUAGE sql AS $$
	WITH c AS MATERIALIZED (SELECT what || row_number() OVER () AS name, x.*
		FROM spine_claim_merge(relation, lease, max, max_parts) x),
	i AS (INSERT INTO claim_ids SELECT c.name, c.claim FROM c)
	SELECT c.name, c.relation, c.id_lo, c.id_hi, c.lower, c.upper, c.since, c.len, c.nparts, c.parts, c.runs FROM c $$;
CREATE FUNCTION id(what text) RETURNS bigint LANGUAGE sql AS $$ SELECT claim FROM claim_ids WHERE name = what $$;

SELECT * FROM claim('x', max => 5);
SELECT * FROM claim_requests;
SELECT * FROM claim('y', max => 5);

-- Completed once, repeated, applied by the worker

CREATE PROCEDURE claim_wait() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..6000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL);
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT status, result IS NOT NULL AS result FROM spine_complete_merge(id('x1'), 4, '{ma}');
SELECT status, result IS NOT NULL AS result FROM spine_complete_merge(id('x1'), 4, '{ma}');
CALL claim_wait();
SELECT status, result IS NOT NULL AS result FROM spine_complete_merge(id('x1'), 4, '{other}');
SELECT spine_describe('claim_a');
SELECT part FROM spine_garbage WHERE relation = 'claim_a'::regclass ORDER BY part;
SELECT * FROM claim_requests;
SELECT spine_extend_claim(id('x1')) IS NULL AS over, spine_release_claim(id('x1')) AS released;

-- Given back, and given back with an error, until it is parked

SELECT spine_release_claim(id('x2'));
SELECT spine_release_claim(id('x2'));
SELECT * FROM claim_requests;
SELECT status, result FROM spine_complete_merge(id('x2'), 1, '{late}');
SELECT part FROM spine_garbage WHERE relation = 'claim_b'::regclass;
SET spine.max_attempts = 2;
SELECT * FROM claim('e');
SET spine.retry_delay = '1h';
SELECT spine_release_claim(id('e1'), 'no such file');
SELECT * FROM claim_requests;
SELECT name FROM claim('f', 'claim_b');
SET spine.retry_delay = 0;
SELECT spine_retry_merge('claim_b', 0, 2);
SELECT spine_retry_merge('claim_b', 0, 2);
SELECT name FROM claim('g', 'claim_b');
SELECT clock_timestamp() AS before \gset
SELECT spine_release_claim(id('g1'), 'broken');
SELECT last_error, last_error_at BETWEEN :'before' AND clock_timestamp() AS just_now FROM spine_merge_requests WHERE relation = 'claim_b'::regclass;
SELECT clock_timestamp() AS before \gset
SELECT name FROM claim('h', 'claim_b');
SET spine.retry_delay = '1h';
SELECT last_error, last_error_at < :'before' AS as_it_was FROM spine_merge_requests WHERE relation = 'claim_b'::regclass;
SELECT spine_release_claim(id('h1'), 'broken again');
SELECT last_error, last_error_at BETWEEN :'before' AND clock_timestamp() AS later FROM spine_merge_requests WHERE relation = 'claim_b'::regclass;
SELECT * FROM claim_requests;
SELECT name FROM claim('i', 'claim_b');
SET spine.max_attempts = 3;
SELECT state FROM claim_requests;
SELECT name FROM claim('i', 'claim_b');
SELECT spine_retry_merge('claim_b', 0, 2);
SELECT last_error, last_error_at FROM spine_merge_requests WHERE relation = 'claim_b'::regclass;
SET spine.retry_delay = 0;

-- A lease that is over: whoever comes first has it, and only one of them

SELECT name FROM claim('l', 'claim_b', '1 microsecond');
SELECT * FROM claim_requests;
SELECT spine_extend_claim(id('l1'), '1 microsecond') IS NOT NULL AS extended;
SELECT name FROM claim('m', 'claim_b');
SELECT * FROM claim_requests;
SELECT spine_extend_claim(id('l1')) IS NULL AS lapsed, spine_release_claim(id('l1'));
SELECT status, result FROM spine_complete_merge(id('l1'), 1, '{zombie}');
SELECT status FROM spine_complete_merge(id('m1'), 20, '{mb}');
CALL claim_wait();
SELECT * FROM claim_requests;
SELECT spine_describe('claim_b');
SELECT part FROM spine_garbage WHERE relation = 'claim_b'::regclass ORDER BY part;

-- What is refused counts as failed

SELECT spine_append('claim_b', 20, '{b3}');
SELECT spine_append('claim_b', 20, '{b4}');
SELECT spine_append('claim_b', 1, '{b5}');
SELECT name, id_lo, id_hi FROM claim('r', 'claim_b');
BEGIN;
SELECT status FROM spine_complete_merge(id('r1'), 1000, '{toobig}');
SELECT * FROM claim_requests;
COMMIT;
CALL claim_wait();
SELECT relation, id_lo, id_hi, attempts, last_error FROM claim_requests;
SELECT spine_retry_merge('claim_b', 0, 4);

-- A request that has grown: the smaller claim's result replaces a part of it

CREATE TABLE claim_c ();
SELECT spine_register('claim_c');
SELECT spine_append('claim_c', 1, ARRAY['c' || n]) FROM generate_series(0, 2) n;
SELECT id_lo, id_hi FROM claim('s', 'claim_c');
SELECT spine_append('claim_c', 1, ARRAY['c' || n]) FROM generate_series(3, 20) n;
SELECT id_lo, id_hi, state FROM claim_requests WHERE relation = 'claim_c'::regclass;

-- Others take the stretches beside it, of some parts

SELECT name, id_lo, id_hi, lower, upper, len, parts FROM claim('t', 'claim_c', max => 3, max_parts => 4);
SELECT name, id_lo, id_hi FROM claim('u', 'claim_c', max => 100, max_parts => 1);
SELECT name, id_lo, id_hi FROM claim('u', 'claim_c', max => 100);
SELECT status FROM spine_complete_merge(id('s1'), 2, '{mc0}');
SELECT status FROM spine_complete_merge(id('t2'), 4, '{mc2}');
SELECT status FROM spine_complete_merge(id('t1'), 3, '{mc1}');
CALL claim_wait();
SELECT outcome, parts FROM spine_merge_results WHERE relation = 'claim_c'::regclass ORDER BY id;
SELECT spine_describe('claim_c'), spine_validate('claim_c');

-- Generations: a claim of an earlier one has lapsed

SELECT spine_unregister('claim_c');
SELECT status, result FROM spine_complete_merge(id('t3'), 3, '{of another life}');
SELECT spine_register('claim_c');
SELECT status, result FROM spine_complete_merge(id('t3'), 3, '{of another life}');
SELECT spine_extend_claim(id('t3')), spine_release_claim(id('t3'));
SELECT spine_append('claim_c', 1, ARRAY['d' || n]) FROM generate_series(0, 2) n;
SELECT name, id_lo, id_hi FROM claim('v', 'claim_c');
TRUNCATE claim_c;
SELECT status, result FROM spine_complete_merge(id('v1'), 3, '{truncated}');
SELECT spine_append('claim_c', 1, ARRAY['e' || n]) FROM generate_series(0, 2) n;
SELECT name, id_lo, id_hi FROM claim('w', 'claim_c');
DROP TABLE claim_c;
SELECT status, result FROM spine_complete_merge(id('w1'), 3, '{dropped}');
SELECT part FROM spine_garbage WHERE part IN ('of another life', 'truncated', 'dropped') ORDER BY part;

-- A compactor that dies with several stretches has failed once, and can be forgiven

CREATE TABLE claim_e ();
SELECT spine_register('claim_e');
SELECT spine_append('claim_e', 1, ARRAY['e' || n]) FROM generate_series(0, 20) n;
SET spine.max_attempts = 1;
SELECT count(*) FROM spine_claim_merge('claim_e', '1 hour', max => 5, max_parts => 2);
UPDATE spine_merge_claim SET lease_expires = '-infinity' WHERE relation = 'claim_e'::regclass AND ended_at IS NULL;
SELECT id_lo, id_hi, state, attempts FROM claim_requests WHERE relation = 'claim_e'::regclass;
SELECT spine_retry_merge('claim_e', 0, 16);
SELECT id_lo, id_hi, state, attempts FROM claim_requests WHERE relation = 'claim_e'::regclass;
SET spine.max_attempts = 2;
SELECT count(*) FROM spine_claim_merge('claim_e', '1 hour', max => 5, max_parts => 2);
UPDATE spine_merge_claim SET lease_expires = '-infinity' WHERE relation = 'claim_e'::regclass AND ended_at IS NULL;
SELECT count(*) FROM spine_claim_merge('claim_e', '1 hour', max => 5, max_parts => 2);
SELECT id_lo, id_hi, state, attempts FROM claim_requests WHERE relation = 'claim_e'::regclass;
RESET spine.max_attempts;
DROP TABLE claim_e;

-- Of temporary tables, those of this session

CREATE TEMPORARY TABLE claim_temporary ();
SELECT spine_register('claim_temporary');
SELECT spine_append('claim_temporary', 1, ARRAY['t' || n]) FROM generate_series(0, 2) n;
BEGIN;
SELECT relation FROM spine_claim_merge('claim_temporary');
PREPARE TRANSACTION 'claim_temporary';
DROP TABLE claim_temporary;

-- Rolled back

BEGIN;
SELECT name FROM claim('z', 'claim_b');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT name FROM claim('z', 'claim_b');
ROLLBACK TO s;
SELECT name FROM claim('z', 'claim_b');
SELECT spine_release_claim(id('z1'));
SELECT name FROM claim('zz', 'claim_b');
SELECT status FROM spine_complete_merge(id('zz1'), 1, '{in one transaction}');
ROLLBACK;
SELECT * FROM claim_requests;

-- What is wrong

SELECT spine_claim_merge('claim_ids');
SELECT spine_claim_merge(lease => '0');
SELECT spine_claim_merge(lease => '-1 day');
SELECT spine_claim_merge(lease => '1000000 years');
SELECT spine_claim_merge(lease => NULL);
SELECT spine_claim_merge(max => 0);
SELECT spine_claim_merge(max => NULL);
SELECT spine_claim_merge(max_parts => -1);
SELECT spine_extend_claim(NULL);
SELECT spine_extend_claim(1);
SELECT spine_release_claim(1);
SELECT spine_complete_merge(1, 1);
SELECT spine_complete_merge(id('x1'), NULL);
SELECT spine_complete_merge(id('x1'), -1);
SELECT spine_complete_merge(id('x1'), 1, '{NULL}');
SELECT spine_complete_merge(id('x1'), 1, '{a}', '{1}');
SELECT spine_retry_merge('claim_a', NULL, 1);
BEGIN READ ONLY;
SELECT spine_claim_merge();
ROLLBACK;

-- Who may not update a relation is offered nothing of it

CREATE ROLE regress_claim_nobody;
GRANT SELECT ON claim_ids TO regress_claim_nobody;
SET ROLE regress_claim_nobody;
SELECT count(*) FROM spine_claim_merge(max => 100);
SELECT spine_claim_merge('claim_b');
SELECT spine_extend_claim(id('r1'));
SELECT spine_release_claim(id('r1'));
SELECT spine_complete_merge(id('r1'), 1);
\set VERBOSITY sqlstate
SELECT spine_complete_merge(id('w1'), 1);
\set VERBOSITY default
SELECT spine_retry_merge('claim_b', 0, 2);
RESET ROLE;
REVOKE ALL ON claim_ids FROM regress_claim_nobody;
GRANT UPDATE ON claim_b TO regress_claim_nobody;
SET ROLE regress_claim_nobody;
SELECT relation, id_lo, id_hi FROM spine_claim_merge(max => 100);
RESET ROLE;
SELECT claimed_by, state FROM spine_merge_requests WHERE relation = 'claim_b'::regclass;
SELECT claims, expirations, failures, retries, merge_seconds > 0 AS merged, image_bytes BETWEEN 1 AND 4096 AS image
FROM spine_stat WHERE relation::text IN ('claim_a', 'claim_b') ORDER BY relation::text;
REVOKE ALL ON claim_b FROM regress_claim_nobody;
DROP ROLE regress_claim_nobody;
DROP VIEW claim_requests;
DROP TABLE claim_a, claim_b, claim_ids;

-- Claimed and completed by one command

CREATE TABLE claim_d ();
SELECT spine_register('claim_d');
SELECT spine_append('claim_d', 1, ARRAY['d' || n]) FROM generate_series(0, 2) n;
SELECT (spine_complete_merge(claim, len, '{md}')).status FROM spine_claim_merge('claim_d');
CALL claim_wait();
SELECT spine_describe('claim_d');
DROP TABLE claim_d;
