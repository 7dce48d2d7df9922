--
-- What each role may do, function by function and view by view, and what it
-- cannot get around.  A function, view or table of the extension that has no
-- place here makes the test fail.
--

CREATE ROLE regress_roles_owner;
CREATE ROLE regress_roles_inserter;
CREATE ROLE regress_roles_compactor;
CREATE ROLE regress_roles_reader;
CREATE ROLE regress_roles_nobody;

CREATE SCHEMA roles;
GRANT ALL ON SCHEMA roles TO PUBLIC;
CREATE TABLE roles.spined (i integer);
CREATE TABLE roles.hidden (i integer);
CREATE TABLE roles.plain (i integer);
CREATE TABLE roles.native (i integer) USING spine;
DO $$
DECLARE
	t regclass;
BEGIN
	FOREACH t IN ARRAY '{roles.spined,roles.plain,roles.native}'::regclass[] LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO regress_roles_owner', t);
		EXECUTE format('GRANT INSERT ON %s TO regress_roles_inserter', t);
		EXECUTE format('GRANT UPDATE ON %s TO regress_roles_compactor', t);
		EXECUTE format('GRANT SELECT ON %s TO regress_roles_reader', t);
	END LOOP;
	-- Of every view, some rows
	FOREACH t IN ARRAY '{roles.spined,roles.hidden}'::regclass[] LOOP
		PERFORM spine_register(t);
		PERFORM spine_append(t, 10, ARRAY['k' || n]) FROM generate_series(0, 4) n;
		PERFORM spine_apply_merge(t, 0, 1, 0, 10, '{m0}', inputs => '{k0}');
		PERFORM spine_hold(t, 'theirs', 0);
	END LOOP;
END $$;
CREATE TABLE roles.ids AS SELECT 'claim' AS name, claim AS id FROM spine_claim_merge('roles.spined');
INSERT INTO roles.ids SELECT 'other', claim FROM spine_claim_merge('roles.hidden');
INSERT INTO roles.ids SELECT 'ticket', spine_append_batch('roles.spined', 1);
INSERT INTO roles.ids SELECT 'hidden', spine_append_batch('roles.hidden', 1);
INSERT INTO roles.ids SELECT 'garbage', id FROM spine_garbage WHERE relation = 'roles.spined'::regclass;
SELECT count(spine_submit_merge(t, 7, 8, 0, 0, '{refused}')) FROM unnest('{roles.spined,roles.hidden}'::regclass[]) t;
CREATE PROCEDURE roles.wait() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..6000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL AND relation::text LIKE 'roles.%')
			AND NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL AND relation::text LIKE 'roles.%');
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
CALL roles.wait();
ANALYZE;

CREATE VIEW roles.members AS
	SELECT d.classid, d.objid, c.relname, c.relkind, p.proname, p.pronargs
	FROM pg_depend d LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
		LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
	WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spine');
GRANT SELECT ON roles.members TO PUBLIC;

-- Functions ------------------------------------------------------------------

-- How a command ends as a role; what it did is rolled back
CREATE FUNCTION roles.try(who name, command text, said boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', 'regress_roles_' || who);
	EXECUTE command;
	RAISE EXCEPTION USING ERRCODE = 'ALLOW';
EXCEPTION
	WHEN SQLSTATE 'ALLOW' THEN
		RETURN 'ok';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		RETURN CASE WHEN said THEN format(E'%s: %s\n  %s\n  %s', SQLSTATE, SQLERRM, detail, hint) ELSE SQLSTATE END;
END $$;

-- REL is the spine, CLAIM and so on ids of what others have
CREATE TABLE roles.calls (n serial, name name, args text);
INSERT INTO roles.calls (name, args) VALUES
	('spine_register', '''roles.plain'''),
	('spine_unregister', 'REL'),
	('spine_stat_reset', 'REL'),
	('spine_adopt', ''),
	('spine_push_batch', 'REL, 6, 7, 1'),
	('spine_push_batch', 'REL, 4, 5, 10, ''{k4}'', retry => true'),
	('spine_append', 'REL, 1'),
	('spine_append_batch', 'REL, 1'),
	('spine_wait_append', 'TICKET, ''0'''),
	('spine_downgrade_since', 'REL, 1'),
	('spine_hold', 'REL, ''mine'', 0'),
	('spine_hold', 'REL, ''theirs'', 0'),
	('spine_release_hold', 'REL, ''mine'''),
	('spine_release_hold', 'REL, ''theirs'''),
	('spine_apply_merge', 'REL, 0, 2, 0, 20'),
	('spine_submit_merge', 'REL, 0, 2, 0, 20'),
	('spine_claim_merge', ''),
	('spine_claim_merge', 'REL'),
	('spine_extend_claim', 'CLAIM'),
	('spine_release_claim', 'CLAIM'),
	('spine_complete_merge', 'CLAIM, 20'),
	('spine_retry_merge', 'REL, 0, 4'),
	('spine_collect_garbage', 'REL, ''0'''),
	('spine_forget_garbage', 'ARRAY[GARBAGE]'),
	('spine_exert', 'REL, 1'),
	('spine_apply_fuel', 'REL, 1'),
	('spine_force_compaction', 'REL'),
	('spine_introduce_empty', 'REL, 3'),
	('spine_set_effort', 'REL, 2'),
	('spine_set_exertion', 'REL, 0'),
	('spine_set_physical_compaction', 'REL, 9'),
	('spine_close', 'REL'),
	('spine_flatten', 'REL'),
	('spine_unflatten', 'REL, NULL'),
	('spine_rebuild', 'REL'),
	('spine_set_merge_function', 'REL, NULL'),
	('spine_merge_progress', '1'),
	('spine_upper', 'REL'),
	('spine_since', 'REL'),
	('spine_snapshot', 'REL'),
	('spine_listen', 'REL, 0'),
	('spine_cursor_through', 'REL, ''[]'''),
	('spine_events', 'REL'),
	('spine_wait_upper', 'REL, 0, ''0'''),
	('spine_wait_request', 'REL, ''0'''),
	('spine_request_inputs', 'REL, 0, 2'),
	('spine_validate', 'REL'),
	('spine_describe', 'REL'),
	('spine_absorb', '''roles.native'''),
	('spine_absorb', 'REL'),
	('spine_compact', '''roles.native'''),
	('spine_relation_size', '''roles.native'''),
	('spine_set_order', '''roles.native'', ''{i}'''),
	('spine_set_diff', '''roles.native'', ''{i}'''),
	('spine_set_retention', '''roles.native'', ''1 day'''),
	('spine_as_of', 'NULL::roles.native, 0'),
	('spine_as_of', 'NULL::roles.native, now()'),
	('spine_changes', 'NULL::roles.native, 0, 0'),
	('spine_changes', 'NULL::roles.native, now(), now()'),
	('spine_am_handler', 'NULL'),
	('spine_merge_runs', 'NULL'),
	-- of the views
	('spine_trace_rows', 'REL'),
	('spine_batch_rows', 'REL'),
	('spine_level_rows', 'REL'),
	('spine_request_rows', 'REL'),
	('spine_garbage_rows', 'REL'),
	('spine_stat_rows', 'REL'),
	('spine_progress_rows', ''),
	('spine_activity_rows', ''),
	-- of the type
	('spine_frontier', '1'),
	('spine_frontier', '1::bigint'),
	('spine_frontier_int8', '1'),
	('spine_frontier_in', '''[1]'''),
	('spine_frontier_out', '1'),
	('spine_frontier_recv', 'NULL'),
	('spine_frontier_send', '1'),
	('spine_frontier_hash', '1'),
	('spine_frontier_hash_extended', '1, 1');
INSERT INTO roles.calls (name, args)
	SELECT 'spine_frontier_' || f, '1, 2'
	FROM unnest('{eq,ne,lt,le,gt,ge,total_lt,total_le,total_gt,total_ge,cmp,join,meet}'::text[]) f;
CREATE FUNCTION roles.filled(args text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT replace(replace(replace(replace(args, 'REL', '''roles.spined'''),
		'CLAIM', max(id::text) FILTER (WHERE name = 'claim')),
		'TICKET', max(id::text) FILTER (WHERE name = 'ticket')),
		'GARBAGE', max(id::text) FILTER (WHERE name = 'garbage')) FROM roles.ids $$;

-- Each has its place
SELECT proname, count(*) - (SELECT count(*) FROM roles.calls WHERE name = proname) AS missing
FROM roles.members WHERE proname IS NOT NULL
GROUP BY proname HAVING count(*) > (SELECT count(*) FROM roles.calls WHERE name = proname);

SELECT format('%s(%s)', name, args) AS call, roles.try('owner', sql) AS owner,
	   roles.try('inserter', sql) AS inserter, roles.try('compactor', sql) AS compactor,
	   roles.try('reader', sql) AS reader, roles.try('nobody', sql) AS nobody
FROM roles.calls, LATERAL format('SELECT %s(%s)', name, roles.filled(args)) sql
WHERE name NOT IN ('spine_frontier_recv', 'spine_am_handler') -- which SQL cannot call: their argument is internal
ORDER BY n;

-- Those under the views are silent where others refuse, of whatever number
CREATE FUNCTION roles.rows(who name, relation oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	f name;
	n bigint;
	seen text;
BEGIN
	FOR f IN SELECT proname FROM roles.members WHERE proname LIKE '%\_rows' AND pronargs = 1 ORDER BY proname LOOP
		EXECUTE format('SET LOCAL ROLE %I', 'regress_roles_' || who);
		EXECUTE format('SELECT count(*) FROM %I(%s::regclass)', f, relation) INTO n;
		RESET ROLE;
		seen := concat_ws(' ', seen, CASE WHEN n > 0 THEN f END);
	END LOOP;
	RETURN seen;
END $$;
SELECT who, roles.rows(who, 'roles.spined'::regclass) AS spined, roles.rows(who, 'roles.hidden'::regclass) AS hidden,
	   roles.rows(who, 0) AS none, roles.rows(who, 4294967295) AS gone
FROM unnest('{owner,inserter,compactor,reader,nobody}'::name[]) WITH ORDINALITY w (who, n) ORDER BY n;

-- What is said of other people's ids
SELECT c.name, regexp_replace(roles.try('nobody', format('SELECT %s(%s)', c.name, roles.filled(args)), true), '\d{6,}', 'ID') AS said
FROM roles.calls c WHERE args ~ '[A-Z]{5}' ORDER BY n;
SELECT c.name, roles.try('nobody', format('SELECT %s(%s)', c.name, regexp_replace(args, 'CLAIM|TICKET|GARBAGE', '77'))) AS unknown
FROM roles.calls c WHERE args ~ '(CLAIM|TICKET|GARBAGE)' ORDER BY n;

-- Views ----------------------------------------------------------------------

CREATE FUNCTION roles.seen(who name, view name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', 'regress_roles_' || who);
	EXECUTE format($q$SELECT string_agg(DISTINCT m[1], ' ' ORDER BY m[1])
		FROM %I v, regexp_matches(v::text, 'roles.(?:spined|hidden)', 'g') m$q$, view) INTO seen;
	RESET ROLE;
	RETURN seen;
END $$;
CREATE ROLE regress_roles_superuser SUPERUSER;
SELECT relname AS view, roles.seen('superuser', relname) AS superuser,
	   roles.seen('owner', relname) AS owner, roles.seen('inserter', relname) AS inserter,
	   roles.seen('compactor', relname) AS compactor, roles.seen('reader', relname) AS reader,
	   roles.seen('nobody', relname) AS nobody
FROM roles.members WHERE relkind = 'v' ORDER BY relname;

-- Conditions of one's own see no more rows: functions that cost nothing,
-- operators and casts, also where a table of one's own is joined
SET ROLE regress_roles_reader;
CREATE FUNCTION roles.leak(r regclass) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF r::text LIKE 'roles.%' THEN
		PERFORM set_config('leak.seen', concat_ws(' ', nullif(current_setting('leak.seen', true), ''), r::text), false);
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION roles.leak(r regclass, other regclass) RETURNS boolean LANGUAGE sql COST 0.0000001 AS 'SELECT roles.leak(r)';
ALTER FUNCTION roles.leak(regclass) LEAKPROOF;
CREATE OPERATOR roles.= (LEFTARG = regclass, RIGHTARG = regclass, FUNCTION = roles.leak);
CREATE TYPE roles.leaking AS (leaked boolean);
CREATE FUNCTION roles.leak_cast(r regclass) RETURNS roles.leaking LANGUAGE sql AS 'SELECT ROW(roles.leak(r))::roles.leaking';
CREATE CAST (regclass AS roles.leaking) WITH FUNCTION roles.leak_cast(regclass);
CREATE TABLE roles.own AS SELECT 'roles.hidden'::regclass AS r;
CREATE FUNCTION roles.leaked(view name) RETURNS TABLE (how text, seen text) LANGUAGE plpgsql AS $$
DECLARE
	condition text;
BEGIN
	FOREACH condition IN ARRAY ARRAY['roles.leak(v.relation)', 'v.relation OPERATOR(roles.=) r',
			'(v.relation::roles.leaking).leaked', 'CASE WHEN roles.leak(v.relation) THEN v.relation = r END'] LOOP
		PERFORM set_config('leak.seen', '', false);
		EXECUTE format('SELECT FROM %I v, roles.own WHERE %s', view, condition);
		how := condition;
		seen := (SELECT string_agg(DISTINCT s, ' ') FROM unnest(string_to_array(current_setting('leak.seen'), ' ')) s);
		RETURN NEXT;
	END LOOP;
END $$;
SELECT how, string_agg(DISTINCT seen, ' ') AS seen
FROM roles.members JOIN pg_attribute ON attrelid = objid AND attname = 'relation', roles.leaked(relname)
WHERE relkind = 'v' GROUP BY how ORDER BY how;
RESET ROLE;
-- that do see what there is to be seen
SELECT how, seen FROM roles.leaked('spine_holds') ORDER BY how;

-- Who has a view of somebody else's sees what he may himself
SET ROLE regress_roles_owner;
CREATE VIEW roles.lent AS SELECT relation FROM spine_holds UNION SELECT relation FROM spine_traces;
CREATE VIEW roles.called AS SELECT spine_upper('roles.spined');
GRANT SELECT ON roles.lent, roles.called TO PUBLIC;
SET ROLE regress_roles_nobody;
SELECT count(*) FROM roles.lent;
SELECT * FROM roles.called;
RESET ROLE;

-- The tables -----------------------------------------------------------------

-- Nobody has any privilege on them, as a whole or by column
SELECT relname, relkind, string_agg(who || ' ' || privilege, ', ')
FROM roles.members,
	unnest('{regress_roles_owner,regress_roles_inserter,regress_roles_compactor,regress_roles_reader,regress_roles_nobody,pg_monitor}'::name[]) who,
	unnest(CASE relkind WHEN 'S' THEN '{SELECT,USAGE,UPDATE}'
		ELSE '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[] END) privilege
WHERE relkind IN ('r', 'S', 'p', 'm', 'f') AND CASE relkind
	WHEN 'S' THEN has_sequence_privilege(who, objid, privilege)
	ELSE has_table_privilege(who, objid, privilege) OR privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
		AND has_any_column_privilege(who, objid, privilege) END
GROUP BY relname, relkind;
-- nor any but SELECT on the views
SELECT relname FROM roles.members, unnest('{INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) privilege
WHERE relkind = 'v' AND has_table_privilege('regress_roles_owner', objid, privilege);
-- and no function has rights of its own
SELECT objid::regprocedure FROM roles.members JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
WHERE p.prosecdef;

-- What the owner of a spine gets when he tries all the same, on each of them
CREATE TABLE roles.attacks (n serial, command text);
INSERT INTO roles.attacks (command) VALUES
	('SELECT count(*) FROM @'), ('SELECT ctid FROM @'), ('TABLE ONLY @'),
	('SELECT count(*) FROM @ TABLESAMPLE SYSTEM (100)'), ('EXPLAIN SELECT * FROM @'),
	('INSERT INTO @ DEFAULT VALUES'), ('UPDATE @ SET COL = COL'), ('DELETE FROM @'),
	('DELETE FROM @ WHERE ctid = ''(0,1)'''), ('TRUNCATE @'), ('LOCK @ IN ACCESS SHARE MODE'),
	('CREATE TABLE roles.child () INHERITS (@)'), ('CREATE TABLE roles.child (LIKE @ INCLUDING ALL)'),
	('ALTER TABLE roles.spined INHERIT @'), ('ALTER TABLE @ INHERIT roles.spined'),
	('CREATE TRIGGER attack AFTER INSERT ON @ EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
	('CREATE RULE attack AS ON INSERT TO @ DO ALSO NOTHING'),
	('CREATE POLICY attack ON @'), ('ALTER TABLE @ ENABLE ROW LEVEL SECURITY'),
	('ALTER TABLE @ OWNER TO regress_roles_owner'), ('ALTER TABLE @ SET SCHEMA roles'),
	('DROP TABLE @'), ('CREATE INDEX ON @ ((1))'), ('CREATE STATISTICS roles.attack ON ctid, xmin FROM @'),
	('COMMENT ON TABLE @ IS ''attack'''), ('CLUSTER @'),
	('SELECT * FROM (SELECT 1) s, LATERAL (TABLE @) t'),
	('WITH t AS (DELETE FROM @ RETURNING *) SELECT * FROM t'), ('MERGE INTO @ USING roles.spined ON true WHEN MATCHED THEN DELETE');
SELECT command, string_agg(DISTINCT roles.try('owner', replace(replace(command, '@', relname), 'COL', attname)), ' ') AS error
FROM roles.attacks, roles.members JOIN pg_attribute ON attrelid = objid AND attnum = 1
WHERE relkind = 'r' GROUP BY n, command ORDER BY n;
-- COPY is no way round, and a privilege that one has not cannot be given on
SET ROLE regress_roles_owner;
COPY spine_batch TO STDOUT;
COPY (SELECT parts FROM spine_batch) TO STDOUT;
GRANT SELECT ON spine_batch TO regress_roles_owner;
ALTER EXTENSION spine DROP TABLE spine_batch;
-- Statistics tell of no row
SELECT count(*) FROM pg_stats WHERE tablename LIKE 'spine\_%';
SELECT count(*) FROM pg_stats_ext WHERE tablename LIKE 'spine\_%';
RESET ROLE;
SELECT count(*) > 0 AS analyzed FROM pg_stats WHERE tablename LIKE 'spine\_%';

-- Names ----------------------------------------------------------------------

-- Whoever has a schema first in the path, or is in pg_temp, shadows nothing
SET ROLE regress_roles_nobody;
CREATE TEMPORARY TABLE spine_trace (relation regclass);
INSERT INTO spine_trace VALUES ('roles.hidden');
CREATE TABLE roles.spine_trace (relation regclass);
INSERT INTO roles.spine_trace VALUES ('roles.hidden');
CREATE TABLE roles.spine_batch AS SELECT 'roles.hidden'::regclass AS relation, 0::bigint AS id_lo;
CREATE FUNCTION roles.spine_trace_rows(regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION roles.has_table_privilege(oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION roles.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT '-infinity'::timestamptz$$;
CREATE FUNCTION roles.yes(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR roles.= (LEFTARG = name, RIGHTARG = name, FUNCTION = roles.yes);
GRANT SELECT ON roles.spine_trace, roles.spine_batch TO PUBLIC;
SET search_path = pg_temp, roles, pg_catalog, public;
SELECT count(*) FROM spine_traces;
SELECT count(*) FROM spine_merge_results;
SELECT count(*) FROM spine_inbox;
SELECT count(*) FROM spine_holds;
SELECT spine_upper('roles.hidden');
-- not even for those who have more rights
RESET ROLE;
SET search_path = roles, pg_temp, pg_catalog, public;
SELECT relation, upper FROM spine_traces WHERE relation::text = 'spined';
SELECT spine_append('roles.spined', 10, '{k5}'), spine_validate('roles.spined');
SELECT name FROM spine_holds WHERE relation::text = 'hidden';
SELECT count(*) FROM spine_batch;
RESET search_path;
DROP TABLE roles.spine_trace, roles.spine_batch, pg_temp.spine_trace;

-- Roles that change underway -------------------------------------------------

-- Functions with the rights of their owner do not become somebody else
SET ROLE regress_roles_nobody;
CREATE FUNCTION roles.become(how text) RETURNS spine_frontier LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	EXECUTE how;
	RETURN spine_append('roles.spined', 1);
END $$;
CREATE FUNCTION roles.asked() RETURNS spine_frontier LANGUAGE sql SECURITY DEFINER AS $$
	SELECT spine_append('roles.spined', 1) $$;
SET ROLE regress_roles_owner;
CREATE FUNCTION roles.granted() RETURNS spine_frontier LANGUAGE sql SECURITY DEFINER AS $$
	SELECT spine_append('roles.spined', 1) $$;
RESET ROLE;
SELECT roles.become('SET ROLE regress_roles_owner');
SELECT roles.become('SET SESSION AUTHORIZATION regress_roles_owner');
SELECT roles.become('RESET ROLE');
SELECT roles.become('SELECT 1');
-- Who has been checked in a command, has been so for himself
SET ROLE regress_roles_nobody;
SELECT roles.granted(), spine_append('roles.spined', 1);
SELECT roles.granted(), roles.asked();
SET ROLE regress_roles_owner;
SELECT spine_append('roles.spined', 1), roles.asked();
RESET ROLE;
-- and for this relation and this privilege
SET ROLE regress_roles_inserter;
SELECT spine_append('roles.spined', 1), spine_append('roles.hidden', 1);
SELECT spine_append('roles.spined', 1), spine_upper('roles.spined');
RESET ROLE;
-- A right that is taken away within a transaction is gone
BEGIN;
SET LOCAL ROLE regress_roles_inserter;
SELECT spine_append('roles.spined', 1) AS lower;
RESET ROLE;
REVOKE INSERT ON roles.spined FROM regress_roles_inserter;
SET LOCAL ROLE regress_roles_inserter;
SELECT spine_append('roles.spined', 1) AS lower;
ROLLBACK;
-- A cursor asks for whoever fetches
BEGIN;
SET LOCAL ROLE regress_roles_reader;
DECLARE c CURSOR FOR SELECT relation FROM spine_traces WHERE relation::text LIKE 'roles.%';
SET LOCAL ROLE regress_roles_nobody;
FETCH ALL FROM c;
ROLLBACK;
PREPARE holds AS SELECT relation FROM spine_holds WHERE relation::text LIKE 'roles.%' ORDER BY relation::text;
SET plan_cache_mode = force_generic_plan;
EXECUTE holds;
SET ROLE regress_roles_nobody;
EXECUTE holds;
RESET ROLE;
RESET plan_cache_mode;
DEALLOCATE holds;

-- A compactor without SELECT: no parts, but its answer counts -----------------

SELECT spine_release_claim(id) FROM roles.ids WHERE name = 'claim';
GRANT ALL ON roles.ids TO regress_roles_compactor;
SET ROLE regress_roles_compactor;
WITH c AS MATERIALIZED (SELECT * FROM spine_claim_merge()),
	i AS (INSERT INTO roles.ids SELECT 'own', claim FROM c)
SELECT relation, id_lo, id_hi, lower, upper, len, nparts, parts, runs FROM c;
SELECT status FROM spine_complete_merge((SELECT id FROM roles.ids WHERE name = 'own'), 5, '{merged}');
SELECT count(*) FROM spine_merge_results;
SELECT count(*) FROM spine_merge_requests;
RESET ROLE;
CALL roles.wait();
SELECT outcome, submitted_by FROM spine_merge_results WHERE relation = 'roles.spined'::regclass AND parts = '{merged}';
SELECT spine_validate('roles.spined'), spine_validate('roles.hidden');

-- What is left of a dropped relation is a superuser's, and theirs who made it
SET ROLE regress_roles_compactor;
SELECT spine_submit_merge('roles.spined', 70, 71, 0, 0, '{own}') > 0 AS submitted;
RESET ROLE;
CALL roles.wait();
SELECT 'roles.spined'::regclass::oid AS gone \gset
DROP TABLE roles.spined CASCADE;
SELECT who, roles.rows(who, :gone) AS rows FROM unnest('{superuser,owner,compactor,reader,nobody}'::name[]) who;
SET ROLE regress_roles_compactor;
SELECT parts FROM spine_merge_results;
SELECT count(*) FROM spine_garbage;
RESET ROLE;
SELECT roles.try('owner', format('SELECT spine_collect_garbage(%s)', :gone)) AS collect,
	   roles.try('owner', format('SELECT spine_forget_garbage(ARRAY[%s])', id)) AS forget
FROM roles.ids WHERE name = 'garbage';

SELECT spine_release_hold('roles.hidden', 'theirs');
SET client_min_messages = warning;
DROP SCHEMA roles CASCADE;
RESET client_min_messages;
DROP OWNED BY regress_roles_owner, regress_roles_inserter, regress_roles_compactor, regress_roles_reader,
	regress_roles_nobody, regress_roles_superuser;
DROP ROLE regress_roles_owner, regress_roles_inserter, regress_roles_compactor, regress_roles_reader,
	regress_roles_nobody, regress_roles_superuser;
