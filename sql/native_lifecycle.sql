--
-- Native tables from CREATE to DROP: what becomes of their rows and of their runs
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- Nobody but us absorbs anything
ALTER SYSTEM SET spine.absorb_delay = -1;
SELECT pg_reload_conf();

-- What there is of runs in this database, and nothing that should not be there
CREATE FUNCTION native_runs() RETURNS text LANGUAGE sql AS $$
	SELECT format('%s files, %s companions, %s spines, %s stray',
				  (SELECT count(*) FROM spine_file),
				  (SELECT count(*) FROM pg_class WHERE relname ~ '^spine_runs_' AND relkind = 'r'),
				  (SELECT count(*) FROM spine_trace t JOIN spine_file f USING (relation)),
				  (SELECT count(*) FROM spine_file f
				   WHERE NOT EXISTS (SELECT FROM pg_class c
									 WHERE c.oid = f.relation AND c.reltablespace = f.tablespace
									   AND c.relfilenode = f.filenode)
					  OR NOT EXISTS (SELECT FROM pg_class c
									 WHERE c.oid = f.runs AND c.reltablespace = f.tablespace)));
$$;

-- A table's rows, and how many of them are in runs; a is a number
CREATE FUNCTION native_rows(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format($f$ SELECT format('%%s rows, %%s in runs, sum %%s', count(*),
			count(*) FILTER (WHERE t.ctid >= '(2147483648,0)'), sum(a)) FROM %s t $f$, name)
		INTO answer;
	RETURN answer;
END $$;

-- 1 to 100 in a run, 101 to 110 in the delta
CREATE PROCEDURE native_fill(name text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %s (a) SELECT generate_series(1, 100)', name);
	PERFORM spine_absorb(name::regclass);
	EXECUTE format('INSERT INTO %s (a) SELECT generate_series(101, 110)', name);
END $$;

-- Ways to make one; nothing is made for runs before there are any

CREATE TABLE native_made (a int, b text DEFAULT 'b') USING spine;
CREATE TABLE native_like (LIKE native_made INCLUDING ALL) USING spine;
CREATE TABLE native_as USING spine AS SELECT generate_series(1, 10) AS a WITH NO DATA;
SET default_table_access_method = spine;
CREATE TABLE native_default (a int);
SELECT a INTO native_into FROM native_as;
CREATE TEMP TABLE native_temp (a int);
CREATE UNLOGGED TABLE native_unlogged (a int);
CREATE MATERIALIZED VIEW native_view AS SELECT a FROM native_as;
RESET default_table_access_method;
CREATE TABLE native_parted (a int) PARTITION BY RANGE (a);
CREATE TABLE native_part1 PARTITION OF native_parted FOR VALUES FROM (0) TO (50) USING spine;
CREATE TABLE native_part2 PARTITION OF native_parted FOR VALUES FROM (50) TO (1000) USING heap;
CREATE TYPE native_type AS (a int, b int);
CREATE TABLE native_typed OF native_type USING spine;
CREATE TABLE native_parent (a int) USING spine;
CREATE TABLE native_child (b int) INHERITS (native_parent) USING spine;
SELECT relname, relkind, relpersistence FROM pg_class c JOIN pg_am m ON m.oid = c.relam
	WHERE amname = 'spine' ORDER BY relname COLLATE "C";
SELECT native_runs();

-- The delta alone: what a heap can, it can

INSERT INTO native_as SELECT generate_series(1, 10);
REFRESH MATERIALIZED VIEW native_view;
INSERT INTO native_made VALUES (1, repeat('long', 10000)), (2, 'two'), (3, NULL);
UPDATE native_made SET a = a + 10 WHERE a > 1;
DELETE FROM native_made WHERE a = 12;
SELECT a, length(b) FROM native_made ORDER BY a;
BEGIN;
SAVEPOINT s;
INSERT INTO native_made VALUES (4);
ROLLBACK TO s;
INSERT INTO native_made VALUES (5);
COMMIT;
SELECT a FROM native_made WHERE a < 10 ORDER BY a FOR UPDATE;
COPY native_made (a) FROM stdin;
6
7
\.
VACUUM native_made;
VACUUM (FREEZE, ANALYZE) native_made;
VACUUM FULL native_made;
ALTER TABLE native_made ADD COLUMN c int DEFAULT 3, ADD COLUMN d int;
ALTER TABLE native_made DROP COLUMN d;
ALTER TABLE native_made ALTER COLUMN c TYPE bigint;
ALTER TABLE native_made RENAME COLUMN c TO e;
ALTER TABLE native_made RENAME TO native_renamed;
SELECT a, length(b), e FROM native_renamed ORDER BY a;
SELECT native_runs();
TRUNCATE native_renamed;
SELECT count(*) FROM native_renamed;
DROP TABLE native_renamed;

-- Temporary tables have no runs

INSERT INTO native_temp VALUES (1);
CALL fails($$SELECT spine_absorb('native_temp')$$);
TRUNCATE native_temp;
SELECT native_rows('native_temp');
DROP TABLE native_temp;
BEGIN;
CREATE TEMP TABLE native_temp (a int) USING spine ON COMMIT DELETE ROWS;
INSERT INTO native_temp VALUES (1);
COMMIT;
SELECT native_rows('native_temp');

-- The first absorption makes a companion; a rollback takes it away

CREATE TABLE native_t (a int, b text) USING spine;
BEGIN;
CALL native_fill('native_t');
SELECT native_rows('native_t'), native_runs();
ROLLBACK;
SELECT native_rows('native_t'), native_runs();
BEGIN;
SAVEPOINT s;
CALL native_fill('native_t');
ROLLBACK TO s;
CALL native_fill('native_t');
COMMIT;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');

-- It is the extension's, and goes where the table is
SELECT c.relowner = e.extowner AS owner, c.relnamespace = e.extnamespace AS schema, c.relacl,
	   c.relpersistence, t.relkind AS toast, a.attstorage,
	   d.deptype, has_table_privilege('pg_read_server_files', c.oid, 'SELECT') AS readable
	FROM spine_file f JOIN pg_class c ON c.oid = f.runs
	JOIN pg_class t ON t.oid = c.reltoastrelid
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'data'
	JOIN pg_extension e ON e.extname = 'spine'
	JOIN pg_depend d ON d.objid = c.oid AND d.refobjid = e.oid;
SELECT runs::text AS companion FROM spine_file \gset

-- TRUNCATE ends the runs, and its rollback brings them back

BEGIN;
TRUNCATE native_t;
SELECT native_rows('native_t'), native_runs();
SAVEPOINT s;
CALL native_fill('native_t');
SELECT native_rows('native_t'), native_runs();
TRUNCATE native_t;
SELECT native_rows('native_t'), native_runs();
ROLLBACK TO s;
SELECT native_rows('native_t'), native_runs();
ROLLBACK;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
SELECT runs::text = :'companion' AS same FROM spine_file;
TRUNCATE native_t;
SELECT native_rows('native_t'), native_runs();
CALL native_fill('native_t');
BEGIN;
CREATE TABLE native_new (a int) USING spine;
CALL native_fill('native_new');
TRUNCATE native_new;
SELECT native_rows('native_new'), native_runs();
CALL native_fill('native_new');
SELECT native_rows('native_new'), native_runs();
COMMIT;
DROP TABLE native_new;

-- VACUUM and VACUUM FULL leave them where they are

VACUUM native_t;
SELECT runs::text AS companion FROM spine_file \gset
SELECT native_rows('native_t'), native_runs();
VACUUM FULL native_t;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
SELECT runs::text = :'companion' AS same FROM spine_file;
SELECT spine_absorb('native_t') AS absorbed;
VACUUM native_t;
SELECT pg_relation_size('native_t') > 0 AS block;
ANALYZE native_t;
SELECT reltuples FROM pg_class WHERE oid = 'native_t'::regclass;
VACUUM FULL native_t;
SELECT native_rows('native_t'), native_runs();
CALL fails('CLUSTER native_t');
-- The companion is vacuumed as well: what was merged leaves no more than room, and after
-- VACUUM FULL not even that
CREATE TABLE native_vacuumed (i int, t text) USING spine;
CREATE PROCEDURE native_load(tables regclass) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1..5 LOOP
		EXECUTE format('INSERT INTO %s SELECT i, md5(i::text) FROM generate_series(1, 20000) i', tables);
		PERFORM spine_absorb(tables);
		COMMIT;
	END LOOP;
	PERFORM spine_compact(tables);
END $$;
CALL native_load('native_vacuumed');
VACUUM native_vacuumed;
SELECT pg_table_size(runs) AS vacuumed FROM spine_file WHERE relation = 'native_vacuumed'::regclass \gset
SELECT spine_set_order('native_vacuumed', '{t}');
SELECT spine_compact('native_vacuumed');
SELECT pg_table_size(runs) < :vacuumed * 1.1 AS same_room FROM spine_file WHERE relation = 'native_vacuumed'::regclass;
VACUUM FULL native_vacuumed;
SELECT pg_table_size(runs) < :vacuumed * 0.7 AS less_room FROM spine_file WHERE relation = 'native_vacuumed'::regclass;
SELECT count(*), sum(i), count(DISTINCT t) FROM native_vacuumed;
SELECT spine_validate('native_vacuumed');
DROP TABLE native_vacuumed;
DROP PROCEDURE native_load;
-- Runs stay what they are, but for a column that they have by default only, which the server then forgets
CREATE TABLE native_later (i int) USING spine;
SELECT spine_set_retention('native_later', '1 hour');
INSERT INTO native_later VALUES (1), (2);
SELECT spine_absorb('native_later') AS absorbed;
ALTER TABLE native_later ADD COLUMN n int DEFAULT 7, ADD COLUMN t text DEFAULT 'seven';
INSERT INTO native_later VALUES (3, NULL, NULL);
SELECT spine_absorb('native_later') AS absorbed;
INSERT INTO native_later VALUES (4);
VACUUM FULL native_later;
SELECT * FROM native_later ORDER BY i;
SELECT * FROM native_later WHERE n = 7 ORDER BY i;
SELECT tick - min(tick) OVER () AS tick, x.* FROM spine_ticks, spine_as_of(NULL::native_later, tick) x
	WHERE relation = 'native_later'::regclass ORDER BY 1, i;
SELECT spine_compact('native_later') AS rows, spine_validate('native_later');
SELECT * FROM native_later ORDER BY i;
DROP TABLE native_later;

-- What writes the table anew carries the rows over, into the delta

ALTER TABLE native_t ADD COLUMN c int DEFAULT 7;
SELECT native_rows('native_t'), native_runs(), sum(c) FROM native_t;
BEGIN;
ALTER TABLE native_t ALTER COLUMN a TYPE bigint;
SELECT native_rows('native_t'), native_runs();
ROLLBACK;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
ALTER TABLE native_t ALTER COLUMN a TYPE bigint;
SELECT native_rows('native_t'), native_runs(), sum(c) FROM native_t;
SELECT spine_absorb('native_t') AS absorbed;
ALTER TABLE native_t DROP COLUMN c;
SELECT native_rows('native_t'), native_runs();
ALTER TABLE native_t SET UNLOGGED;
SELECT native_rows('native_t'), native_runs();
ALTER TABLE native_t SET LOGGED;
SELECT native_rows('native_t'), native_runs();
SELECT spine_absorb('native_t') AS absorbed;
BEGIN;
ALTER TABLE native_t SET ACCESS METHOD heap;
CREATE INDEX ON native_t (a);
SELECT native_rows('native_t'), native_runs();
ROLLBACK;
SELECT native_rows('native_t'), native_runs();
ALTER TABLE native_t SET ACCESS METHOD heap;
SELECT native_rows('native_t'), native_runs();
SELECT count(*) FROM spine_garbage_part g WHERE relation = 'native_t'::regclass;
ALTER TABLE native_t SET ACCESS METHOD spine;
SELECT native_rows('native_t'), native_runs();
CALL native_fill('native_t');
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');

-- SET TABLESPACE takes the companion along

SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_spine_native LOCATION '';
CREATE ROLE regress_spine_mover;
GRANT CREATE ON TABLESPACE regress_spine_native TO regress_spine_mover;
ALTER TABLE native_t OWNER TO regress_spine_mover;
SET ROLE regress_spine_mover;
BEGIN;
ALTER TABLE native_t SET TABLESPACE regress_spine_native;
RESET ROLE;
SELECT native_rows('native_t'), native_runs();
ROLLBACK;
RESET ROLE;
SELECT native_rows('native_t'), native_runs();
SET ROLE regress_spine_mover;
ALTER TABLE native_t SET TABLESPACE regress_spine_native;
RESET ROLE;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
SELECT c.relname = 'native_t' AS is_table, t.spcname, count(*)
	FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace
	WHERE c.oid IN (SELECT relation FROM spine_file UNION SELECT runs FROM spine_file)
	GROUP BY 1, 2 ORDER BY 1;
VACUUM FULL native_t;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
SELECT spine_absorb('native_t') AS absorbed;
ALTER TABLE native_t ALTER COLUMN a TYPE numeric;
SELECT spine_absorb('native_t') AS absorbed;
SELECT native_rows('native_t'), native_runs();
ALTER TABLE ALL IN TABLESPACE regress_spine_native SET TABLESPACE pg_default;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
ALTER TABLE native_t OWNER TO CURRENT_USER;
DROP TABLESPACE regress_spine_native;
DROP ROLE regress_spine_mover;

-- Materialized views, unlogged tables, partitions, inheritance

SELECT spine_absorb('native_view') AS absorbed;
SELECT native_rows('native_view'), native_runs();
INSERT INTO native_as VALUES (11);
BEGIN;
REFRESH MATERIALIZED VIEW native_view;
SELECT native_rows('native_view'), native_runs();
ROLLBACK;
SELECT native_rows('native_view'), native_runs();
REFRESH MATERIALIZED VIEW native_view;
SELECT native_rows('native_view'), native_runs();
SELECT spine_absorb('native_view') AS absorbed;
REFRESH MATERIALIZED VIEW native_view WITH NO DATA;
CALL fails('TABLE native_view');
CALL native_fill('native_unlogged');
SELECT native_rows('native_unlogged'), native_runs();
TRUNCATE native_unlogged;
INSERT INTO native_parted SELECT generate_series(1, 99);
SELECT spine_absorb('native_part1') AS absorbed;
CALL fails($$SELECT spine_absorb('native_part2')$$);
CALL fails($$SELECT spine_absorb('native_parted')$$);
SELECT native_rows('native_parted'), native_runs();
ALTER TABLE native_parted DETACH PARTITION native_part1;
ALTER TABLE native_parted ATTACH PARTITION native_part1 FOR VALUES FROM (0) TO (50);
SELECT native_rows('native_parted'), native_runs();
TRUNCATE native_parted;
SELECT native_rows('native_parted'), native_runs();
CALL native_fill('native_parent');
INSERT INTO native_child SELECT generate_series(1, 10), 1;
SELECT spine_absorb('native_child') AS absorbed;
SELECT native_rows('native_parent'), native_runs();

-- Refused

CALL fails('CREATE INDEX ON native_t (a)');
CREATE INDEX CONCURRENTLY ON native_t (a);
CALL fails('ALTER TABLE native_t ADD PRIMARY KEY (a)');
CALL fails('ALTER TABLE native_t ADD UNIQUE (a)');
CALL fails('ALTER TABLE native_t ADD EXCLUDE (a WITH =)');
CALL fails('CREATE TABLE native_no (a int PRIMARY KEY) USING spine');
CALL fails('CREATE INDEX ON native_parted (a)');
CREATE TABLE native_heap (a int PRIMARY KEY);
CALL fails('ALTER TABLE native_heap SET ACCESS METHOD spine');
SET default_table_access_method = spine;
CALL fails('CREATE TABLE native_no (LIKE native_heap INCLUDING ALL)');
RESET default_table_access_method;
CREATE TABLE native_indexed (a int) PARTITION BY RANGE (a);
CREATE INDEX ON native_indexed (a);
CREATE TABLE native_attached (a int) USING spine;
CALL fails('ALTER TABLE native_indexed ATTACH PARTITION native_attached DEFAULT');
CALL fails('CREATE TABLE native_no PARTITION OF native_indexed DEFAULT USING spine');
CALL fails('CREATE TABLE native_no (a int REFERENCES native_t (a))');
SELECT count(*) FROM pg_index WHERE indrelid IN
	(SELECT c.oid FROM pg_class c JOIN pg_am m ON m.oid = c.relam WHERE amname = 'spine');
CALL fails('INSERT INTO native_t VALUES (1) ON CONFLICT (a) DO NOTHING');
CALL fails('INSERT INTO native_t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2');
CALL fails('INSERT INTO native_t VALUES (1) ON CONFLICT ON CONSTRAINT native_t_key DO NOTHING');
SELECT spine_absorb('native_t') AS absorbed;
CALL fails('DELETE FROM native_t WHERE a = 1');
CALL fails('UPDATE native_t SET a = 0 WHERE a = 1');
CALL fails('SELECT FROM native_t WHERE a = 1 FOR UPDATE');
CALL fails('MERGE INTO native_t t USING (VALUES (1)) v (a) ON t.a = v.a WHEN MATCHED THEN DELETE');
BEGIN;
DECLARE c CURSOR FOR SELECT a FROM native_t WHERE a = 1;
FETCH c;
DELETE FROM native_t WHERE CURRENT OF c;
ROLLBACK;
-- By tid: the first row of the first group, and one that is not there
SELECT a FROM native_t WHERE ctid = (SELECT min(ctid) FROM native_t WHERE a = 1);
SELECT a FROM native_t WHERE ctid IN ('(4294967294,1)', '(3000000000,1)', '(0,9999)');
SELECT count(*) FROM native_t WHERE ctid >= '(2147483648,0)';
SELECT currtid2('native_t', min(ctid)) = min(ctid) AS same FROM native_t;

-- Functions that are for spines of one's own

CALL fails($$SELECT spine_register('native_t')$$);
CALL fails($$SELECT spine_unregister('native_t')$$);
CALL fails($$SELECT spine_push_batch('native_t', 0, 1, 1)$$);
CALL fails($$SELECT spine_downgrade_since('native_t', '[]')$$);
CALL fails($$SELECT spine_set_physical_compaction('native_t', 5)$$);
CALL fails($$SELECT spine_append('native_t', 1)$$);
CALL fails($$SELECT spine_append_batch('native_t', 1)$$);
CALL fails($$SELECT spine_apply_merge('native_t', 0, 1, 0, 1)$$);
CALL fails($$SELECT spine_submit_merge('native_t', 0, 1, 0, 1)$$);
CALL fails($$SELECT spine_unflatten('native_t', '{}')$$);
CALL fails($$SELECT spine_rebuild('native_t')$$);
CALL fails($$SELECT spine_close('native_t')$$);
CALL fails($$SELECT spine_set_merge_function('native_t', NULL)$$);
CALL fails($$SELECT spine_claim_merge('native_t')$$);
SELECT count(*) FROM spine_claim_merge(max => 100) WHERE relation = 'native_t'::regclass;
SELECT spine_upper('native_t') > 0 AS upper, count(*) > 0 AS snapshot FROM spine_snapshot('native_t');
CREATE TABLE native_registered (a int);
SELECT spine_register('native_registered');
CALL fails('ALTER TABLE native_registered SET ACCESS METHOD spine');

-- What was set for a table stays while the table does, with whatever files

CREATE TABLE native_set (a int) USING spine;
CALL native_fill('native_set');
SELECT spine_set_order('native_set', '{a}'), spine_set_exertion('native_set', 0);
CREATE FUNCTION native_exertion() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', c.relname, exert_effort, merge_function IS NOT NULL), ', ')
	FROM spine_option o JOIN pg_class c ON c.oid = o.relation WHERE c.relname ~ '^native_set'
$$;
SELECT native_exertion();
BEGIN; TRUNCATE native_set; SELECT native_exertion(); ROLLBACK;
SELECT native_exertion();
TRUNCATE native_set;
SELECT native_exertion();
CALL native_fill('native_set');
SELECT native_exertion(), exert_effort FROM spine_traces WHERE relation = 'native_set'::regclass;
ALTER TABLE native_set ALTER a TYPE bigint;
SELECT native_exertion();
SELECT spine_absorb('native_set') > 0 AS absorbed;
VACUUM FULL native_set;
SELECT native_exertion();
BEGIN; TRUNCATE native_set; DROP TABLE native_set; SELECT count(*) FROM spine_option WHERE exert_effort = 0; ROLLBACK;
ALTER TABLE native_set SET ACCESS METHOD heap;
SELECT native_exertion();
SELECT spine_register('native_set');
SELECT exert_effort, merge_function FROM spine_traces WHERE relation = 'native_set'::regclass;
SELECT spine_unregister('native_set');
DROP TABLE native_set;
DROP FUNCTION native_exertion;

-- Companions are not for anybody else

SELECT runs::text AS companion FROM spine_file WHERE relation = 'native_t'::regclass \gset
\set VERBOSITY sqlstate
CREATE INDEX ON :companion (run);
CREATE TRIGGER native_no BEFORE INSERT ON :companion EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE RULE native_no AS ON INSERT TO :companion DO INSTEAD NOTHING;
TRUNCATE :companion;
ALTER TABLE :companion ADD COLUMN x int;
ALTER TABLE :companion DROP COLUMN data;
ALTER TABLE :companion RENAME TO native_mine;
ALTER TABLE :companion RENAME data TO native_mine;
DROP TABLE :companion;
INSERT INTO :companion SELECT * FROM :companion;
UPDATE :companion SET run = 0;
WITH gone AS (DELETE FROM :companion RETURNING run) TABLE gone;
SELECT run FROM :companion FOR UPDATE;
COPY :companion FROM '/dev/null';
COPY (SELECT count(*) > 0 FROM :companion) TO stdout;
CREATE TEMP VIEW native_written AS SELECT * FROM :companion;
DELETE FROM native_written;
DROP VIEW native_written;
CREATE ROLE regress_spine_nobody;
SET ROLE regress_spine_nobody;
SELECT FROM :companion;
DELETE FROM :companion;
RESET ROLE;
DROP ROLE regress_spine_nobody;
\set VERBOSITY default
DO $$
BEGIN
	EXECUTE format('DELETE FROM %s', (SELECT runs FROM spine_file WHERE relation = 'native_t'::regclass));
EXCEPTION WHEN feature_not_supported THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '[0-9]+', 'N');
END $$;
-- A name is not what makes one
CREATE TABLE spine_runs_mine AS SELECT 1 AS run;
UPDATE spine_runs_mine SET run = 2 RETURNING run;
ALTER TABLE spine_runs_mine RENAME TO native_mine;
DROP TABLE native_mine;
ALTER TABLE :companion SET (autovacuum_enabled = on);
-- Nor does one stand in the way of anything if somebody has made a view of it
CREATE VIEW native_spy AS SELECT run, nrows FROM :companion;
SET client_min_messages = warning;
TRUNCATE native_t;
RESET client_min_messages;
SELECT native_rows('native_t'), to_regclass('native_spy');

-- Ways to drop them

SELECT native_runs();
CALL native_fill('native_t');
BEGIN;
DROP TABLE native_t;
SELECT native_runs();
ROLLBACK;
SELECT native_rows('native_t'), native_runs(), spine_validate('native_t');
DROP TABLE native_t;
SELECT native_runs();
CREATE SCHEMA native_schema;
CREATE TABLE native_schema.t (a int) USING spine;
CREATE MATERIALIZED VIEW native_schema.v USING spine AS SELECT generate_series(1, 3) AS a;
CALL native_fill('native_schema.t');
SELECT spine_absorb('native_schema.v') AS absorbed;
SELECT native_runs();
SET client_min_messages = warning;
DROP SCHEMA native_schema CASCADE;
RESET client_min_messages;
SELECT native_runs();
CREATE ROLE regress_spine_owner;
CREATE SCHEMA native_owned AUTHORIZATION regress_spine_owner;
SET ROLE regress_spine_owner;
CREATE TABLE native_owned.t (a int) USING spine;
CALL native_fill('native_owned.t');
RESET ROLE;
SELECT native_runs();
DROP OWNED BY regress_spine_owner CASCADE;
DROP ROLE regress_spine_owner;
SELECT native_runs();
DROP TABLE native_parted, native_child, native_parent, native_unlogged, native_like, native_into,
	native_default, native_typed, native_heap, native_indexed, native_attached, native_registered;
DROP MATERIALIZED VIEW native_view;
DROP TABLE native_as;
DROP TYPE native_type;
SELECT native_runs();
SELECT count(*) FROM spine_garbage_part g JOIN spine_file f USING (relation);

-- The extension takes all of it with it, in another database

\set database :DBNAME
CREATE DATABASE regress_spine_native;
\c regress_spine_native
CREATE EXTENSION spine;
CREATE TABLE native_t (a int) USING spine;
INSERT INTO native_t VALUES (1);
SELECT spine_absorb('native_t') AS absorbed;
CREATE TABLE native_u (a int) USING spine;
INSERT INTO native_u VALUES (1);
\set VERBOSITY terse
DROP EXTENSION spine;
BEGIN;
DROP EXTENSION spine CASCADE;
ROLLBACK;
SELECT a FROM native_t;
SELECT spine_absorb('native_u') AS absorbed;
DROP EXTENSION spine CASCADE;
\set VERBOSITY default
SELECT relname FROM pg_class WHERE relname ~ 'native|spine';
CREATE EXTENSION spine;
DROP EXTENSION spine;
\c :database
DROP DATABASE regress_spine_native;

ALTER SYSTEM RESET spine.absorb_delay;
SELECT pg_reload_conf();
DROP FUNCTION native_runs;
DROP FUNCTION native_rows;
DROP PROCEDURE native_fill;
DROP PROCEDURE fails;
