--
-- Garbage: what is offered, and when; forgetting it; copies of databases
--

-- What is offered without grace.  Somebody else's snapshot, autovacuum's say, may
-- hold it back for a moment: until there are that many, a minute at most.
CREATE PROCEDURE garbage_offered(relation regclass, expected bigint, INOUT parts text DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	FOR i IN 1 .. 600 LOOP
		SELECT count(*), string_agg(part, ' ' ORDER BY id) INTO n, parts
			FROM spine_collect_garbage(relation, '0 s');
		EXIT WHEN n >= expected;
		COMMIT;
		PERFORM pg_sleep(0.1);
	END LOOP;
END $$;
CREATE FUNCTION garbage_now(relation regclass) RETURNS text LANGUAGE sql
	AS $$ SELECT string_agg(part, ' ' ORDER BY id) FROM spine_collect_garbage(relation, '0 s') $$;
CREATE FUNCTION garbage_forget(relation regclass) RETURNS bigint LANGUAGE sql
	AS $$ SELECT spine_forget_garbage(coalesce(array_agg(id), '{}')) FROM spine_collect_garbage(relation, '0 s') $$;
CREATE FUNCTION garbage_wait(relation oid) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 600 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM spine_merge_results r
							  WHERE r.relation = garbage_wait.relation AND applied_at IS NULL);
		PERFORM pg_sleep(0.1);
	END LOOP;
	RETURN (SELECT count(*) FROM spine_merge_results r
			WHERE r.relation = garbage_wait.relation AND applied_at IS NULL);
END $$;
CREATE FUNCTION garbage_error(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN regexp_replace(format(E'%s: %s\n%s\n%s', SQLSTATE, SQLERRM, detail, hint), 'OID \d{2,}', 'OID N', 'g');
END $$;

-- Collect, forget

CREATE TABLE garbage_plain ();
SELECT spine_register('garbage_plain');
SELECT spine_append('garbage_plain', 10, ARRAY['k' || n]) FROM generate_series(0, 8) n;
SELECT count(*) FROM spine_collect_garbage('garbage_plain', '0 s');
SELECT spine_apply_merge('garbage_plain', 0, 2, 0, 20, '{m0}');
SELECT spine_apply_merge('garbage_plain', 2, 4, 0, 20, '{m2,k2}', '{1}');
-- Within the grace, an hour if none is given
SELECT count(*) FROM spine_collect_garbage('garbage_plain');
SELECT count(*) FROM spine_collect_garbage('garbage_plain', '178000 years');
CALL garbage_offered('garbage_plain', 3);
-- Again, until it is forgotten
SELECT part FROM spine_collect_garbage('garbage_plain', grace => '0 s');
SELECT part FROM spine_collect_garbage('garbage_plain', grace => '0 s', max => 2);
SELECT array_agg(id) AS ids FROM spine_collect_garbage('garbage_plain', '0 s', 2) \gset
SELECT spine_forget_garbage(:'ids');
SELECT spine_forget_garbage(:'ids');
SELECT spine_forget_garbage('{}'), spine_forget_garbage('{-1,0,9223372036854775807}');
SELECT part FROM spine_collect_garbage('garbage_plain', '0 s');
SELECT part FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
SELECT spine_forget_garbage(array_agg(id) || array_agg(id) || 1) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
SELECT count(*) FROM spine_collect_garbage('garbage_plain', '0 s');
-- Ids of an array that does not begin at 1
SELECT spine_apply_merge('garbage_plain', 0, 2, 0, 20, '{m}');
SELECT spine_forget_garbage(('[-5:-5]={' || id || '}')::bigint[]) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;

-- What this very transaction has taken out is not offered to it

BEGIN;
SELECT spine_apply_merge('garbage_plain', 4, 6, 0, 20, '{own}');
SELECT part FROM spine_garbage WHERE relation = 'garbage_plain'::regclass ORDER BY part;
SELECT garbage_now('garbage_plain');
SAVEPOINT a;
SELECT garbage_forget('garbage_plain'), spine_forget_garbage(array_agg(id)) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
SELECT count(*) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
ROLLBACK TO a;
SELECT count(*) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
ROLLBACK;
SELECT count(*) FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;

-- A part that is in a batch again

CREATE TABLE garbage_back ();
SELECT spine_register('garbage_back');
SELECT spine_append('garbage_back', 1, ARRAY['b' || n]) FROM generate_series(0, 4) n;
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{a}');
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{b}');
CALL garbage_offered('garbage_back', 5);
BEGIN;
SELECT spine_append('garbage_back', 1, '{b0}');
SELECT garbage_now('garbage_back');
ROLLBACK;
SELECT garbage_now('garbage_back');
-- in the very statement, too
SELECT count(spine_append('garbage_back', 1, '{b1}')), garbage_now('garbage_back');
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{a}');
CALL garbage_offered('garbage_back', 4);
SELECT part, count(*) FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass GROUP BY part ORDER BY part;
-- and when it has left again, once
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{c}');
CALL garbage_offered('garbage_back', 5);
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{a}');
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{d}');
SELECT part, count(*) FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass AND part IN ('a', 'c') GROUP BY part ORDER BY part;
SELECT part FROM spine_garbage WHERE relation = 'garbage_back'::regclass ORDER BY part;
CALL garbage_offered('garbage_back', 6);
SELECT part FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass ORDER BY part;
-- The last time counts: neither the first nor the second is offered before that
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{c}');
SELECT spine_apply_merge('garbage_back', 0, 4, 0, 4, '{e}');
UPDATE spine_garbage_part SET removed_at = now() + '1 day'
	WHERE id = (SELECT max(id) FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass AND part = 'c');
SELECT count(*) FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass AND part = 'c';
CALL garbage_offered('garbage_back', 6);
SELECT garbage_forget('garbage_back');
SELECT part FROM spine_garbage WHERE relation = 'garbage_back'::regclass;

-- More than a window of parts, in a small number of rows at a time

CREATE TABLE garbage_many ();
SELECT spine_register('garbage_many');
SELECT spine_append('garbage_many', 1, (SELECT array_agg('p' || n) FROM generate_series(1, 5000) n));
SELECT spine_apply_merge('garbage_many', 0, 1, 0, 1, '{m}');
-- The first of them are in the way
SELECT spine_append('garbage_many', 1, (SELECT array_agg('p' || n) FROM generate_series(1, 4990) n));
CREATE PROCEDURE garbage_counted(expected bigint, max integer, INOUT n bigint DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 600 LOOP
		SELECT count(DISTINCT part) INTO n FROM spine_collect_garbage('garbage_many', '0 s', max);
		EXIT WHEN n >= expected;
		COMMIT;
		PERFORM pg_sleep(0.1);
	END LOOP;
END $$;
CALL garbage_counted(7, 7);
SELECT count(*) FROM spine_garbage WHERE relation = 'garbage_many'::regclass;
TRUNCATE garbage_many;
CALL garbage_counted(5001, 100000);
SELECT count(*) FROM spine_garbage_part WHERE relation = 'garbage_many'::regclass;
SELECT count(*), count(DISTINCT part), bool_and(id > before) AS ascending
	FROM (SELECT *, lag(id, 1, 0::bigint) OVER () AS before FROM spine_collect_garbage('garbage_many', '0 s', 3000)) g;
DROP PROCEDURE garbage_counted;

-- What may become a batch yet, or is being read

SELECT spine_append('garbage_back', 1, ARRAY['q' || n]) FROM generate_series(5, 6) n;
SELECT spine_apply_merge('garbage_back', 4, 5, 0, 1, '{f}');
SELECT spine_apply_merge('garbage_back', 5, 6, 0, 1, '{g}');
CALL garbage_offered('garbage_back', 2);
BEGIN;
SELECT spine_submit_merge('garbage_back', 6, 7, 0, 1, '{b1}', inputs => '{x}') > 0 AS queued;
SELECT garbage_now('garbage_back');
ROLLBACK;
BEGIN;
SELECT spine_submit_merge('garbage_back', 6, 7, 0, 1, '{x}', inputs => '{b4,y}') > 0 AS queued;
SELECT garbage_now('garbage_back');
UPDATE spine_merge_result SET applied_at = now() WHERE relation = 'garbage_back'::regclass;
SELECT garbage_now('garbage_back');
-- of another relation
SELECT spine_submit_merge('garbage_plain', 0, 7, 0, 1, '{b4}') > 0 AS queued;
SELECT garbage_now('garbage_back');
ROLLBACK;
BEGIN;
INSERT INTO spine_merge_claim (id, relation, generation, request_lo, request_hi, id_lo, id_hi, lower, upper, since, len,
		inputs, claimed_by, claimed_at, lease_expires)
	VALUES (1, 'garbage_back', 1, 0, 1, 0, 1, 0, 1, 0, 1, '{b4}', CURRENT_USER, now() - '2 days'::interval, now() - '1 day'::interval);
SELECT garbage_now('garbage_back');
UPDATE spine_merge_claim SET ended_at = now() WHERE id = 1;
SELECT garbage_now('garbage_back');
ROLLBACK;
BEGIN;
SELECT spine_append_batch('garbage_back', 1, '{b4}') > 0 AS waits;
SELECT garbage_now('garbage_back');
DELETE FROM spine_inbox_batch WHERE parts = '{b4}';
SELECT garbage_now('garbage_back');
ROLLBACK;

-- A hold that was taken before, as long as it is live

BEGIN;
INSERT INTO spine_reader_hold SELECT 'garbage_back', 'h', 0, CURRENT_USER, removed_at, NULL
	FROM spine_garbage WHERE relation = 'garbage_back'::regclass AND part = 'b1';
SELECT garbage_now('garbage_back');
UPDATE spine_reader_hold SET held_at = '-infinity', expires_at = clock_timestamp() + '1 day';
SELECT garbage_now('garbage_back');
UPDATE spine_reader_hold SET expires_at = now() - '1 us'::interval;
SELECT garbage_now('garbage_back');
UPDATE spine_reader_hold SET expires_at = NULL, held_at = clock_timestamp();
SELECT garbage_now('garbage_back');
UPDATE spine_reader_hold SET held_at = '-infinity', relation = 'garbage_plain';
SELECT garbage_now('garbage_back');
ROLLBACK;

-- Made before, renewed, moved, released
SELECT garbage_forget('garbage_back');
SELECT spine_hold('garbage_back', 'h', 0), spine_hold('garbage_back', 'i', 0);
SELECT spine_apply_merge('garbage_back', 4, 5, 0, 1, '{f0}', inputs => '{f}');
SELECT spine_hold('garbage_back', 'h', 0, '1 day'), spine_hold('garbage_back', 'i', 1);
SELECT garbage_now('garbage_back');
SELECT spine_hold('garbage_back', 'h', 1);
CALL garbage_offered('garbage_back', 1);
SELECT spine_apply_merge('garbage_back', 4, 5, 0, 1, '{f2}', inputs => '{f0}');
SELECT spine_release_hold('garbage_back', 'h');
SELECT garbage_now('garbage_back');
SELECT spine_release_hold('garbage_back', 'i');
CALL garbage_offered('garbage_back', 2);
SELECT garbage_forget('garbage_back');
SELECT spine_apply_merge('garbage_back', 4, 5, 0, 1, '{f}', inputs => '{f2}');

-- Results that were not applied

SELECT spine_submit_merge('garbage_back', 4, 5, 0, 1, '{no-match}', inputs => '{x}') > 0 AS queued;
SELECT spine_submit_merge('garbage_back', 4, 5, 9, 1, '{bad-since}') > 0 AS queued;
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 100, '{too-long}') > 0 AS queued;
SELECT spine_submit_merge('garbage_back', 9, 3, 0, 100, '{wrong}') > 0 AS queued;
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 1, '{fine}', inputs => '{f}') > 0 AS queued;
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 1, '{other}', inputs => '{f}') > 0 AS queued;
-- repeated: refused, but in its place
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 100, '{fine}') > 0 AS queued;
-- and twice in vain
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 1, '{other,other}', inputs => '{f}') > 0 AS queued;
SELECT garbage_wait('garbage_back'::regclass);
SELECT parts, outcome, error IS NOT NULL AS error FROM spine_merge_results WHERE relation = 'garbage_back'::regclass ORDER BY id;
SELECT part FROM spine_garbage WHERE relation = 'garbage_back'::regclass ORDER BY part;
CALL garbage_offered('garbage_back', 7);
SELECT garbage_forget('garbage_back');
SELECT part FROM spine_garbage_part WHERE relation = 'garbage_back'::regclass ORDER BY part;
-- Of an earlier generation, of what is no spine any more, of what is no more
BEGIN;
SELECT spine_submit_merge('garbage_back', 4, 5, 0, 1, '{early}') > 0 AS queued;
TRUNCATE garbage_back;
COMMIT;
SELECT garbage_wait('garbage_back'::regclass);
SELECT part FROM spine_garbage WHERE relation = 'garbage_back'::regclass AND part LIKE 'e%' ORDER BY part;
CREATE TABLE garbage_gone ();
SELECT 'garbage_gone'::regclass::oid AS gone \gset
SELECT spine_register('garbage_gone');
SELECT spine_append('garbage_gone', 1, '{in}');
BEGIN;
SELECT spine_submit_merge('garbage_gone', 0, 1, 0, 1, '{unregistered}') > 0 AS queued;
SELECT spine_unregister('garbage_gone');
COMMIT;
SELECT garbage_wait('garbage_gone'::regclass);
SELECT spine_register('garbage_gone');
BEGIN;
SELECT spine_submit_merge('garbage_gone', 0, 1, 0, 1, '{dropped}') > 0 AS queued;
DROP TABLE garbage_gone;
COMMIT;
SELECT garbage_wait(:gone);
SELECT part FROM spine_garbage WHERE relation = :gone::regclass ORDER BY part;

-- Privileges; what a dropped relation has left is a superuser's

CREATE ROLE regress_garbage;
CALL garbage_offered(:gone, 3);
SELECT array_agg(id) AS gone_ids FROM spine_collect_garbage(:gone, '0 s') \gset
SELECT spine_apply_merge('garbage_plain', 2, 4, 0, 20, '{m4}');
SELECT array_agg(id) AS ids FROM spine_garbage WHERE relation = 'garbage_plain'::regclass \gset
SELECT array_agg(id) AS others FROM spine_garbage WHERE relation = 'garbage_back'::regclass \gset
SET ROLE regress_garbage;
SELECT garbage_error($$SELECT spine_collect_garbage('garbage_plain')$$);
SELECT garbage_error($$SELECT spine_collect_garbage($$ || :gone || ')');
SELECT garbage_error($$SELECT spine_collect_garbage(1)$$);
SELECT garbage_error(format('SELECT spine_forget_garbage(%L)', :'ids'));
SELECT garbage_error(format('SELECT spine_forget_garbage(%L)', :'gone_ids'));
RESET ROLE;
GRANT SELECT, INSERT, DELETE, TRUNCATE ON garbage_plain TO regress_garbage;
SET ROLE regress_garbage;
SELECT garbage_error($$SELECT spine_collect_garbage('garbage_plain')$$);
RESET ROLE;
GRANT UPDATE ON garbage_plain TO regress_garbage;
CALL garbage_offered('garbage_plain', 2);
SET ROLE regress_garbage;
SELECT garbage_now('garbage_plain');
-- All or nothing
SELECT garbage_error(format('SELECT spine_forget_garbage(%L || %L::bigint[])', :'ids', :'others'));
SELECT garbage_now('garbage_plain');
SELECT spine_forget_garbage(:'ids');
RESET ROLE;
SELECT spine_forget_garbage(:'gone_ids');

-- Illegal input

SELECT garbage_error(format('SELECT spine_%s', call)) FROM (VALUES
	(1, $$collect_garbage(NULL)$$),
	(2, $$collect_garbage('garbage_plain', NULL)$$),
	(3, $$collect_garbage('garbage_plain', '-1 s')$$),
	(4, $$collect_garbage('garbage_plain', '1 s', NULL)$$),
	(5, $$collect_garbage('garbage_plain', '1 s', 0)$$),
	(6, $$collect_garbage('garbage_plain', '1 s', -1)$$),
	(7, $$collect_garbage('garbage_plain', '1 s', 100001)$$),
	(8, $$collect_garbage('garbage_plain', '170000000 years')$$),
	(9, $$collect_garbage('spine_garbage')$$),
	(10, $$forget_garbage(NULL)$$),
	(11, $$forget_garbage('{1,NULL}')$$),
	(12, $$forget_garbage('{{1,2},{3,4}}')$$)) c (n, call)
ORDER BY n;
BEGIN TRANSACTION READ ONLY;
SELECT spine_collect_garbage('garbage_plain');
ROLLBACK;
BEGIN TRANSACTION READ ONLY;
SELECT spine_forget_garbage('{1}');
ROLLBACK;
BEGIN TRANSACTION READ ONLY;
SELECT spine_adopt();
ROLLBACK;
-- The plain number of a relation that never was has left nothing
SELECT count(*) FROM spine_collect_garbage(1);

-- A copy offers nothing until it is adopted

SELECT spine_apply_merge('garbage_plain', 2, 4, 0, 20, '{m5}');
CALL garbage_offered('garbage_plain', 1);
INSERT INTO spine_home VALUES (-1, 7), (1, 8);
DO $$ BEGIN PERFORM spine_collect_garbage('garbage_plain', '0 s'); EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE '%', SQLERRM; END $$;
SELECT garbage_error($$SELECT spine_collect_garbage('garbage_plain', '0 s')$$) LIKE
	E'55000: %\nData came from the server with system identifier %\n%spine_adopt().' AS refused;
SELECT part FROM spine_garbage WHERE relation = 'garbage_plain'::regclass;
SET ROLE regress_garbage;
SELECT garbage_error('SELECT spine_adopt()');
RESET ROLE;
BEGIN;
SELECT spine_adopt();
SELECT garbage_now('garbage_plain');
ROLLBACK;
SELECT count(*) FROM spine_home;
-- Spines of another server, one with numbers of transactions to come
UPDATE spine_trace SET system = 5, generation = generation + 20 WHERE relation = 'garbage_plain'::regclass;
UPDATE spine_garbage_part SET removed_by = '9000000000000000000' WHERE relation = 'garbage_plain'::regclass;
TRUNCATE garbage_plain;
SELECT spine_upper('garbage_plain');
SELECT spine_adopt();
SELECT count(*), bool_and(h.system = c.system_identifier AND d.datname = current_database()) AS own
FROM spine_home h LEFT JOIN pg_database d ON d.oid = h.database, pg_control_system() c;
SELECT count(*) FROM spine_trace t WHERE NOT EXISTS (SELECT FROM spine_home h WHERE h.system = t.system AND h.database = t.database);
CALL garbage_offered('garbage_plain', 1);
SELECT generation AS before FROM spine_traces WHERE relation = 'garbage_plain'::regclass \gset
TRUNCATE garbage_plain;
SELECT spine_upper('garbage_plain'), spine_validate('garbage_plain');
SELECT generation > :before AS later FROM spine_traces WHERE relation = 'garbage_plain'::regclass;
SELECT spine_append('garbage_plain', 1, '{new}');
SELECT count(*) = 0 AS offered_while_live FROM spine_collect_garbage('garbage_plain', '0 s') WHERE part = 'new';
SELECT spine_adopt();
SELECT count(*) FROM spine_home;
-- In a transaction that writes to the spine, and when it is taken back
UPDATE spine_trace SET system = 5 WHERE relation = 'garbage_plain'::regclass;
BEGIN;
SELECT spine_append('garbage_plain', 1, '{before}');
SAVEPOINT a;
SELECT spine_adopt();
SELECT spine_append('garbage_plain', 1, '{after}');
ROLLBACK TO a;
SELECT spine_adopt();
SELECT spine_append('garbage_plain', 1, '{after}');
COMMIT;
SELECT spine_describe('garbage_plain'), spine_validate('garbage_plain');
SELECT system = 5 AS foreign FROM spine_trace WHERE relation = 'garbage_plain'::regclass;
UPDATE spine_trace SET system = 5 WHERE relation = 'garbage_plain'::regclass;
BEGIN;
SELECT spine_apply_merge('garbage_plain', 0, 9, 0, 1);
SAVEPOINT a;
SELECT spine_adopt();
ROLLBACK TO a;
TRUNCATE garbage_plain;
SELECT spine_adopt();
TRUNCATE garbage_plain;
SELECT spine_upper('garbage_plain');
COMMIT;
-- The owner of the database may
SELECT current_database() AS database, r.rolname AS owner FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
WHERE d.datname = current_database() \gset
ALTER DATABASE :"database" OWNER TO regress_garbage;
SET ROLE regress_garbage;
SELECT spine_adopt();
RESET ROLE;
ALTER DATABASE :"database" OWNER TO :"owner";

-- Of several removals the last one to be committed counts, whatever its number

CREATE TABLE garbage_two ();
SELECT spine_register('garbage_two');
SELECT spine_append('garbage_two', 1, ARRAY['g' || n]) FROM generate_series(0, 2) n;
SELECT spine_apply_merge('garbage_two', 0, 2, 0, 2, '{gm}');
CALL garbage_offered('garbage_two', 2);
BEGIN;
INSERT INTO spine_garbage_part
	SELECT 1, relation, generation, part, (removed_by::text::bigint - 1)::text::xid8, clock_timestamp() + '1 hour'
	FROM spine_garbage_part WHERE relation = 'garbage_two'::regclass AND part = 'g0';
SELECT part FROM spine_collect_garbage('garbage_two', '0');
ROLLBACK;
SELECT part FROM spine_collect_garbage('garbage_two', '0') ORDER BY part;
DROP TABLE garbage_two;

DROP TABLE garbage_plain, garbage_back, garbage_many;
DROP PROCEDURE garbage_offered;
DROP FUNCTION garbage_now, garbage_forget, garbage_wait, garbage_error;
DROP ROLE regress_garbage;
