--
-- Who may do what
--

CREATE ROLE regress_privileges_owner;
CREATE ROLE regress_privileges_member IN ROLE regress_privileges_owner;
CREATE ROLE regress_privileges_inserter;
CREATE ROLE regress_privileges_updater;
CREATE ROLE regress_privileges_reader;
CREATE ROLE regress_privileges_column;
CREATE ROLE regress_privileges_nobody;

CREATE SCHEMA regress_privileges;
GRANT USAGE ON SCHEMA regress_privileges TO PUBLIC;
CREATE TABLE regress_privileges.spined (i integer, j integer);
ALTER TABLE regress_privileges.spined OWNER TO regress_privileges_owner;
GRANT INSERT ON regress_privileges.spined TO regress_privileges_inserter;
GRANT UPDATE ON regress_privileges.spined TO regress_privileges_updater;
GRANT SELECT ON regress_privileges.spined TO regress_privileges_reader;
GRANT SELECT (i), INSERT (i), UPDATE (i) ON regress_privileges.spined TO regress_privileges_column;
SELECT spine_register('regress_privileges.spined');
SELECT spine_append('regress_privileges.spined', 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;

-- The SQLSTATE of a call as each of the roles, in a subtransaction that is rolled back

CREATE FUNCTION regress_privileges.attempt(who name, call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	EXECUTE 'SELECT ' || call;
	RAISE EXCEPTION USING ERRCODE = 'ALLOW';
EXCEPTION
	WHEN SQLSTATE 'ALLOW' THEN
		RETURN 'allowed';
	WHEN OTHERS THEN
		RETURN SQLSTATE;
END $$;

SELECT call,
	   regress_privileges.attempt('regress_privileges_owner', sql) AS owner,
	   regress_privileges.attempt('regress_privileges_member', sql) AS member,
	   regress_privileges.attempt('regress_privileges_inserter', sql) AS inserter,
	   regress_privileges.attempt('regress_privileges_updater', sql) AS updater,
	   regress_privileges.attempt('regress_privileges_reader', sql) AS reader,
	   regress_privileges.attempt('regress_privileges_column', sql) AS "column",
	   regress_privileges.attempt('regress_privileges_nobody', sql) AS nobody,
	   regress_privileges.attempt(CURRENT_USER, sql) AS superuser
FROM (VALUES
	(1, 'spine_unregister($)'),
	(2, 'spine_push_batch($, 3, 4, 1)'),
	(3, 'spine_append($, 1)'),
	(4, 'spine_downgrade_since($, 1)'),
	(5, 'spine_apply_merge($, 0, 2, 0, 20)'),
	(6, 'spine_submit_merge($, 0, 2, 0, 20)'),
	(7, 'spine_upper($)'),
	(8, 'spine_since($)'),
	(9, 'spine_request_inputs($, 0, 2)'),
	(10, 'spine_validate($)'),
	(11, 'spine_describe($)'),
	(12, 'spine_stat_reset($)')) c (n, call),
	LATERAL replace(call, '$', $$'regress_privileges.spined'$$) sql
ORDER BY n;

CREATE TABLE regress_privileges.plain (i integer);
ALTER TABLE regress_privileges.plain OWNER TO regress_privileges_owner;
GRANT ALL ON regress_privileges.plain TO regress_privileges_inserter;
SELECT who, regress_privileges.attempt(who, $$spine_register('regress_privileges.plain')$$)
FROM unnest('{regress_privileges_owner,regress_privileges_member,regress_privileges_inserter,regress_privileges_nobody}'::name[]) who;

-- Nothing of it remained
SELECT spine_describe('regress_privileges.spined'), spine_validate('regress_privileges.spined');
SELECT count(*) FROM spine_merge_results WHERE relation = 'regress_privileges.spined'::regclass;

-- What is said about it

SET ROLE regress_privileges_reader;
SELECT spine_unregister('regress_privileges.spined');
SELECT spine_append('regress_privileges.spined', 1);
SELECT spine_apply_merge('regress_privileges.spined', 0, 2, 0, 20);
SET ROLE regress_privileges_inserter;
SELECT spine_upper('regress_privileges.spined');
-- A relation that is no spine tells nobody more than that
SET ROLE regress_privileges_nobody;
SELECT spine_upper('regress_privileges.plain');
RESET ROLE;

-- INSERT is enough to push; the parts of others are for those with SELECT
SET ROLE regress_privileges_inserter;
BEGIN;
SELECT id_lo, id_hi, parts
FROM generate_series(3, 4) n, LATERAL spine_push_batch('regress_privileges.spined', n, n + 1, 10, ARRAY['k' || n]);
ROLLBACK;
RESET ROLE;

-- Views show what one may SELECT from

CREATE TABLE regress_privileges.other ();
SELECT spine_register('regress_privileges.other');
SELECT spine_append('regress_privileges.other', 10, ARRAY['o' || n]) FROM generate_series(0, 2) n;
SELECT spine_apply_merge('regress_privileges.other', 0, 2, 0, 20, '{merged}');
SELECT spine_apply_merge('regress_privileges.spined', 0, 1, 0, 10, '{m0}');
CREATE FUNCTION regress_privileges.seen(who name) RETURNS TABLE (view text, relations text)
LANGUAGE plpgsql AS $$
BEGIN
	FOREACH view IN ARRAY ARRAY['traces', 'batches', 'levels', 'merge_requests', 'garbage', 'stat'] LOOP
		EXECUTE format('SET LOCAL ROLE %I', who);
		EXECUTE format('SELECT string_agg(DISTINCT relation::text, '', '' ORDER BY relation::text) '
					   'FROM spine_%s WHERE relation IN (%s, %s)', view,
					   quote_literal('regress_privileges.spined') || '::regclass',
					   quote_literal('regress_privileges.other') || '::regclass') INTO relations;
		RESET ROLE;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT view, s.relations AS superuser, o.relations AS owner, r.relations AS reader,
	   i.relations AS inserter, c.relations AS "column"
FROM regress_privileges.seen(CURRENT_USER) s
JOIN regress_privileges.seen('regress_privileges_owner') o USING (view)
JOIN regress_privileges.seen('regress_privileges_reader') r USING (view)
JOIN regress_privileges.seen('regress_privileges_inserter') i USING (view)
JOIN regress_privileges.seen('regress_privileges_column') c USING (view)
ORDER BY view;

-- The functions under them hide as much, and do not fail
SET ROLE regress_privileges_nobody;
SELECT (SELECT count(*) FROM spine_trace_rows('regress_privileges.spined')) +
	   (SELECT count(*) FROM spine_batch_rows('regress_privileges.spined')) +
	   (SELECT count(*) FROM spine_level_rows('regress_privileges.spined')) +
	   (SELECT count(*) FROM spine_request_rows('regress_privileges.spined')) +
	   (SELECT count(*) FROM spine_stat_rows('regress_privileges.spined')) AS seen;
RESET ROLE;

-- The tables themselves are closed, even to the owner of the relation

SELECT t AS table,
	   regress_privileges.attempt('regress_privileges_owner', 'count(*) FROM ' || t) AS read,
	   regress_privileges.attempt('regress_privileges_owner', '1; INSERT INTO ' || t || ' DEFAULT VALUES') AS insert,
	   regress_privileges.attempt('regress_privileges_owner', '1; UPDATE ' || t || ' SET relation = 0') AS update,
	   regress_privileges.attempt('regress_privileges_owner', '1; DELETE FROM ' || t) AS delete,
	   regress_privileges.attempt('regress_privileges_owner', '1; TRUNCATE ' || t) AS truncate,
	   regress_privileges.attempt('regress_privileges_owner', '1; LOCK ' || t || ' IN ACCESS SHARE MODE') AS lock
FROM unnest('{spine_trace,spine_batch,spine_merge_result,spine_garbage_part,
	spine_merge_claim,spine_inbox_batch,spine_inbox_answer,spine_reader_hold,spine_option}'::text[]) t;
SELECT s AS sequence,
	   regress_privileges.attempt('regress_privileges_owner', format('nextval(%L)', s)) AS nextval,
	   regress_privileges.attempt('regress_privileges_owner', format('setval(%L, 1)', s)) AS setval,
	   regress_privileges.attempt('regress_privileges_owner', '* FROM ' || s) AS read
FROM unnest('{spine_generation,spine_merge_result_id}'::text[]) s;
SELECT v AS view,
	   regress_privileges.attempt('regress_privileges_owner', '1; INSERT INTO ' || v || ' DEFAULT VALUES') AS insert,
	   regress_privileges.attempt('regress_privileges_owner', '1; DELETE FROM ' || v) AS delete
FROM unnest('{spine_merge_results,spine_garbage}'::text[]) v;

-- In a function with the rights of its owner

CREATE FUNCTION regress_privileges.push(len bigint) RETURNS spine_frontier
LANGUAGE sql SECURITY DEFINER AS $$ SELECT spine_append('regress_privileges.spined', len) $$;
ALTER FUNCTION regress_privileges.push OWNER TO regress_privileges_owner;
SET ROLE regress_privileges_nobody;
SELECT regress_privileges.push(7);
SELECT spine_append('regress_privileges.spined', 7);
RESET ROLE;
SELECT spine_upper('regress_privileges.spined');
-- and the other way round: called by one who may, as one who may not
CREATE FUNCTION regress_privileges.look() RETURNS spine_frontier
LANGUAGE sql SECURITY DEFINER AS $$ SELECT spine_upper('regress_privileges.spined') $$;
ALTER FUNCTION regress_privileges.look OWNER TO regress_privileges_nobody;
SELECT regress_privileges.look();
-- A view has the rights of its owner for tables, but functions those of the caller
CREATE VIEW regress_privileges.uppers AS SELECT relation, upper FROM spine_traces;
ALTER VIEW regress_privileges.uppers OWNER TO regress_privileges_owner;
GRANT SELECT ON regress_privileges.uppers TO PUBLIC;
SET ROLE regress_privileges_nobody;
SELECT count(*) FROM regress_privileges.uppers;
SET ROLE regress_privileges_reader;
SELECT * FROM regress_privileges.uppers;
RESET ROLE;

-- Privileges are looked up at each call

GRANT INSERT ON regress_privileges.spined TO regress_privileges_nobody;
SET ROLE regress_privileges_nobody;
SELECT spine_append('regress_privileges.spined', 8);
RESET ROLE;
REVOKE INSERT ON regress_privileges.spined FROM regress_privileges_nobody;
SET ROLE regress_privileges_nobody;
SELECT spine_append('regress_privileges.spined', 8);
RESET ROLE;
-- of PUBLIC as well
GRANT SELECT ON regress_privileges.spined TO PUBLIC;
SET ROLE regress_privileges_nobody;
SELECT spine_upper('regress_privileges.spined');
SELECT relation FROM spine_traces;
RESET ROLE;
REVOKE SELECT ON regress_privileges.spined FROM PUBLIC;

-- Truncating and dropping ask for nothing beyond themselves

CREATE TABLE regress_privileges.emptied ();
ALTER TABLE regress_privileges.emptied OWNER TO regress_privileges_owner;
GRANT TRUNCATE ON regress_privileges.emptied TO regress_privileges_inserter;
SELECT spine_register('regress_privileges.emptied');
SELECT spine_append('regress_privileges.emptied', 10, '{emptied-a}');
SET ROLE regress_privileges_inserter;
TRUNCATE regress_privileges.emptied;
RESET ROLE;
SELECT spine_upper('regress_privileges.emptied'), spine_validate('regress_privileges.emptied');
SELECT spine_append('regress_privileges.emptied', 10, '{emptied-b}');
SET ROLE regress_privileges_owner;
DROP TABLE regress_privileges.emptied;
-- Garbage of a relation that is no more is a superuser's
SELECT count(*) FROM spine_garbage WHERE part LIKE 'emptied-%';
RESET ROLE;
SELECT part FROM spine_garbage WHERE part LIKE 'emptied-%' ORDER BY part;

-- Merge results: seen with the relation; after that by who submitted them

CREATE TABLE regress_privileges.merged ();
ALTER TABLE regress_privileges.merged OWNER TO regress_privileges_owner;
GRANT SELECT ON regress_privileges.merged TO regress_privileges_reader;
GRANT UPDATE ON regress_privileges.merged TO regress_privileges_updater;
SELECT spine_register('regress_privileges.merged');
SELECT spine_append('regress_privileges.merged', 10);
SET ROLE regress_privileges_updater;
SELECT spine_submit_merge('regress_privileges.merged', 0, 1, 0, 10, '{merged-a}') > 0 AS submitted;
SET ROLE regress_privileges_reader;
SELECT relation, lower, upper, parts, submitted_by FROM spine_merge_results WHERE parts = '{merged-a}';
SET ROLE regress_privileges_owner;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';
SET ROLE regress_privileges_nobody;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';
RESET ROLE;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';
DROP TABLE regress_privileges.merged;
SET ROLE regress_privileges_updater;
SELECT lower, upper, parts, submitted_by FROM spine_merge_results WHERE parts = '{merged-a}';
SET ROLE regress_privileges_reader;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';
SET ROLE regress_privileges_owner;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';
RESET ROLE;
SELECT count(*) FROM spine_merge_results WHERE parts = '{merged-a}';

-- psql's \dv+ and \df+ say what things are: each has a comment
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spine')
	AND classid = ANY ('{pg_proc,pg_class,pg_type,pg_operator}'::regclass[]) AND obj_description(objid, classid::regclass::name) IS NULL
	-- From 17 on, types that come with tables and other types are members, too
	AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.oid = objid AND (t.typcategory = 'A' OR c.relkind IN ('r', 'v'))));

-- Settings of the session are anybody's, those of the server are not
SET ROLE regress_privileges_nobody;
SET spine.return_requests = off;
SET spine.max_request_parts = 1;
RESET spine.return_requests;
RESET spine.max_request_parts;
SET spine.worker = off;
SET spine.max_spines = 1;
RESET ROLE;

DROP VIEW regress_privileges.uppers;
DROP TABLE regress_privileges.spined, regress_privileges.plain, regress_privileges.other;
DROP FUNCTION regress_privileges.push, regress_privileges.look, regress_privileges.seen,
	regress_privileges.attempt;
DROP SCHEMA regress_privileges;
DROP ROLE regress_privileges_owner, regress_privileges_member, regress_privileges_inserter,
	regress_privileges_updater, regress_privileges_reader, regress_privileges_column,
	regress_privileges_nobody;
