--
-- Reading native tables: every way of scanning, over runs and delta, against a heap
-- that has the same rows
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql
\i :srcdir/sql/undisturbed.psql

-- Both answers to a condition, compared row by row: how many they are, or the difference
CREATE FUNCTION read_compare(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	missing bigint;
	more bigint;
	matching bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM (SELECT * FROM read_twin WHERE %1$s EXCEPT ALL SELECT * FROM read_rows WHERE %1$s) d', condition) INTO missing;
	EXECUTE format('SELECT count(*) FROM (SELECT * FROM read_rows WHERE %1$s EXCEPT ALL SELECT * FROM read_twin WHERE %1$s) d', condition) INTO more;
	EXECUTE format('SELECT count(*) FROM read_rows WHERE %1$s', condition) INTO matching;
	RETURN CASE WHEN missing + more > 0 THEN format('%s missing, %s more', missing, more) ELSE matching::text END;
END $$;
-- The groups that a condition has had read and skipped
CREATE FUNCTION read_groups(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	said text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ '(Runs|Row Groups (Read|Skipped)|Rows from Delta): ' THEN
			said := said || regexp_replace(line, '.*(Runs|Read|Skipped|Delta): ', CASE WHEN said = '' THEN '' ELSE ' ' END);
		END IF;
	END LOOP;
	RETURN said;
END $$;

-- What the planner thinks that a query costs
CREATE FUNCTION read_cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Total Cost';
END $$;

-- Three runs of 10000, 5000 and 1 row, that is two groups, one and one; then a delta,
-- with a row that is deleted and one that is updated.  It all happens in one
-- transaction, so that nobody merges runs whose number is shown below.
BEGIN;
CREATE TABLE read_rows (i int, t text, f float8, n numeric, d timestamptz) USING spine;
INSERT INTO read_rows SELECT i, 'row ' || i, i / 4.0, i * 1.5, '2020-01-01 00:00+00'::timestamptz + i * interval '1 minute'
	FROM generate_series(1, 10000) i;
SELECT spine_absorb('read_rows');
INSERT INTO read_rows SELECT i, NULLIF('row ' || i, 'row 10100'), CASE i % 3 WHEN 1 THEN 'NaN'::float8 WHEN 2 THEN i END, NULL, NULL
	FROM generate_series(10001, 15000) i;
SELECT spine_absorb('read_rows');
INSERT INTO read_rows VALUES (NULL, NULL, NULL, NULL, NULL);
SELECT spine_absorb('read_rows');
INSERT INTO read_rows SELECT i, 'row ' || i, -i, 'NaN', 'infinity' FROM generate_series(15001, 15100) i;
DELETE FROM read_rows WHERE i = 15050;
UPDATE read_rows SET t = 'changed' WHERE i = 15051;
CREATE TABLE read_twin AS TABLE read_rows;
SELECT count(*), count(i), sum(i), count(t), count(f), count(n), count(d) FROM read_rows;
SELECT count(*), count(i), sum(i), count(t), count(f), count(n), count(d) FROM read_twin;

EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT t FROM read_rows WHERE i = 12345;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM read_rows;
EXPLAIN (COSTS OFF) SELECT t FROM read_rows WHERE i > 3;

-- Conditions that groups are skipped by, and such that look like it.  After the number
-- of rows: runs, groups read, groups skipped, rows of the delta.

SELECT condition, read_compare(condition), read_groups('SELECT * FROM read_rows WHERE ' || condition)
FROM (VALUES
	(1, 'i = 5'), (2, 'i < 5'), (3, 'i <= 1'), (4, 'i < 1'), (5, 'i >= 15000'), (6, 'i > 15000'), (7, 'i > 15100'), (8, 'i <> 5'),
	(9, '5 = i'), (10, '5 > i'), (11, '1 >= i'), (12, '1 > i'), (13, '15000 <= i'), (14, '15000 < i'),
	(15, 'i BETWEEN 8000 AND 8500'), (16, 'i BETWEEN 10000 AND 10001'), (17, 'i = 5 AND i = 12000'), (18, 'i = 5 OR i = 12000'),
	(19, 'i IN (5, 6)'), (20, 'i = ANY (ARRAY[5, 12000])'), (21, 'NOT i > 5'), (22, 'i IS NULL'), (23, 'i IS NOT NULL'), (24, 'i IS NOT DISTINCT FROM 5'),
	(25, 'i = NULL::int'), (26, 'i < NULL::int'), (27, 'i = 5::int2'), (28, 'i = 5::int8'), (29, 'i > 5000000000'), (30, 'i < 5000000000'),
	(31, '5::int8 = i'), (32, 'i = 5.0'), (33, 'i::int8 = 5'), (34, 'i::numeric < 5'), (35, 'i + 0 = 5'), (36, '-i = -5'), (37, 'i = abs(-5)'), (38, 'i = i'),
	(39, 't = ''row 5'''), (40, 't < ''row 1'''), (41, 't COLLATE "C" < ''row 10'''), (42, 't COLLATE "C" > ''row 9'' COLLATE "C"'),
	(43, 't = ''row 5''::varchar'), (44, 't = ''row 5''::name'), (45, 't::varchar = ''row 5'''), (46, 't LIKE ''row 1500%'''), (47, 't = ''changed'''),
	(48, 'f = ''NaN'''), (49, 'f > 1e300'), (50, 'f < 1'), (51, 'f = 0.25::float4'), (52, 'f > 2500::float4'), (53, 'f >= ''NaN'''), (54, 'f < ''NaN'''), (55, 'f IS NULL'),
	(56, 'n = 7.50'), (57, 'n = 7'), (58, 'n > 15000'), (59, 'n = ''NaN'''), (60, 'n < ''NaN'''), (61, 'n > 14999.9'), (62, 'n = 3'),
	(63, 'd < ''2020-01-01 00:10+00'''), (64, 'd = ''infinity'''), (65, 'd > ''2020-02-01''::timestamp'), (66, 'd < ''2020-01-02''::date AT TIME ZONE ''UTC'''),
	(67, 'd < now() - interval ''1 hour'''), (68, 'd > now() + interval ''1 hour'''), (69, 'i > random() * 0'), (70, 'i = (SELECT 5)'), (71, 'i = (SELECT min(i) FROM read_twin)'),
	(72, 'i = (SELECT i FROM read_twin WHERE false)'), (73, 'i IN (SELECT i FROM read_twin WHERE i % 1000 = 0)'), (74, 'true'), (75, 'false'),
	(76, '(i, t) = (5, ''row 5'')'), (77, '(i, t) < (2, ''row'')'), (78, 'i = 5 AND t = ''row 5'' AND f = 1.25 AND n = 7.5'),
	(79, 'i IN (14000, -1, 9000, NULL)'), (80, 'i IN (-1, 8192.5, 100000)'), (81, 'i = ANY (ARRAY[NULL]::int[])'), (82, 'i = ANY (''{}''::int[])'), (83, 'i = ANY (NULL::int[])'),
	(84, 'i = ANY (ARRAY[5, 12000]::int8[])'), (85, 'i IN (8192, 8193)'), (86, 'i NOT IN (5, 6)'), (87, 'i > ANY (ARRAY[12000, 15000])'), (88, 'i = ALL (ARRAY[5, 5])'),
	(89, 't IN (''row 5'', ''changed'')'), (90, 't = ANY (ARRAY[''row 5'', ''row 10001'']::name[])'), (91, 't COLLATE "C" IN (''row 5'', ''row 6'')'), (92, 'f IN (''NaN'', 0.25)'), (93, 'n IN (7.50, ''NaN'')'),
	(94, 'i = ANY (ARRAY(SELECT w.i FROM read_twin w WHERE w.i % 5000 = 0))'), (95, 'i = ANY (ARRAY[[5, 6], [12000, NULL]])'), (96, 'i IN (5, (random() * 0)::int)'), (97, 'i IN (5, length(t))'),
	(98, 'n IS NOT NULL'), (99, 'd IS NULL AND i > 12000'), (100, 't IS NULL'), (101, '(i + 0) IS NULL'), (102, 't IS NOT NULL'), (103, 'i IS NULL OR i = 5')) v (n, condition)
ORDER BY n;
-- The order of columns, those that come twice, and those that only the condition needs
SELECT n, i, n AS again, t FROM read_rows WHERE f = 1.25;
SELECT d IS NULL AS late, count(*), min(t), max(i) FROM read_rows GROUP BY 1 ORDER BY 1;
SELECT upper(r.t), w.i FROM read_twin w JOIN read_rows r ON r.i = w.i AND r.n = w.i * 1.5 WHERE w.i < 4 ORDER BY 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT f, t FROM read_rows WHERE i = 5 AND 7.5 > n;
-- Several rows make sure that the whole row is what is wanted, and nothing is
SELECT i, r FROM read_rows r WHERE i IN (3, 10100, 15051) ORDER BY i;
SELECT count(r), count(*) FROM read_rows r;
SELECT 1 AS one FROM read_rows WHERE i % 5000 = 0;

-- The values come with the execution
PREPARE p (int) AS SELECT t FROM read_rows WHERE i = $1;
PREPARE pa (int[]) AS SELECT t FROM read_rows WHERE i = ANY ($1);
PREPARE pn (numeric, text) AS SELECT i FROM read_rows WHERE n < $1 AND t > $2;
SET plan_cache_mode = force_generic_plan;
SELECT read_groups('EXECUTE p (5)'), read_groups('EXECUTE p (12000)'), read_groups('EXECUTE p (15001)'), read_groups('EXECUTE p (NULL)');
SELECT read_groups('EXECUTE pa (''{5,6}'')'), read_groups('EXECUTE pa (''{5,12000}'')'), read_groups('EXECUTE pa (''{}'')'), read_groups('EXECUTE pa (NULL)');
EXECUTE pa ('{12000,5,5,NULL}');
EXECUTE p (5);
EXECUTE p (NULL);
EXECUTE p (12000);
EXECUTE pn (5, 'row 2');
EXECUTE pn (NULL, 'row 2');
EXECUTE pn (-1, 'a');
RESET plan_cache_mode;
CREATE FUNCTION read_setting() RETURNS int STABLE LANGUAGE sql AS $$ SELECT current_setting('read.setting')::int $$;
SET read.setting = '12000';
SELECT read_groups('SELECT FROM read_rows WHERE i = read_setting()'), read_compare('i = read_setting()');
SET read.setting = '5';
SELECT read_groups('SELECT FROM read_rows WHERE i = read_setting()'), read_compare('i = read_setting()');
COMMIT;

-- The planner knows that a scan passes over groups: where the table's order says so, or
-- the statistics, or not at all; and what else is read
BEGIN;
CREATE TABLE read_costs (k int, near int, far int, n int) USING spine;
SELECT spine_set_order('read_costs', '{k}');
INSERT INTO read_costs SELECT i, i / 10, i * 7919 % 100000, i FROM generate_series(1, 100000) i;
SELECT spine_absorb('read_costs');
CREATE FUNCTION read_cost_share(condition text) RETURNS numeric LANGUAGE sql AS $$
	SELECT (read_cost('SELECT * FROM read_costs WHERE ' || condition) / read_cost('SELECT * FROM read_costs WHERE abs(k) = 5'))::numeric(3, 1) $$;
SELECT condition, read_cost_share(condition) FROM (VALUES ('k = 5'), ('k > 50000'), ('near = 5'), ('far = 5')) v (condition);
COMMIT;
VACUUM ANALYZE read_costs;
SELECT condition, read_cost_share(condition)
FROM (VALUES ('k = 5'), ('k > 50000'), ('k BETWEEN 50000 AND 60000'), ('near = 5'), ('near = 5 AND k > 50000'), ('near IN (3, 4, 5)'), ('far = 5'), ('k <> 5'), ('near IS NULL')) v (condition);
-- Rows of the delta are all read
BEGIN;
INSERT INTO read_costs SELECT i, i / 10, i, i FROM generate_series(100001, 200000) i;
SELECT read_cost_share('k = 5') BETWEEN 0.4 AND 0.8 AS all_of_the_delta;
ROLLBACK;
-- What adds up is not known of a part of it
BEGIN;
DROP TABLE read_costs;
CREATE TABLE read_costs (k int, n int) USING spine;
SELECT spine_set_diff('read_costs', '{n}');
INSERT INTO read_costs SELECT i, i FROM generate_series(1, 100000) i;
SELECT spine_absorb('read_costs');
ANALYZE read_costs;
SELECT condition, read_cost_share(condition) > 0.5 AS whole FROM (VALUES ('n = 5'), ('k = 5')) v (condition);
DROP FUNCTION read_cost_share;
DROP TABLE read_costs;
COMMIT;

-- Other types, one condition each.  Every value is in a group of its own first.
CREATE TYPE read_mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN read_small AS int2;
BEGIN;
CREATE TABLE read_types (b bool, c "char", e read_mood, o oid, v varchar, p char(8), x text COLLATE "C", a int[], r int4range, s read_small,
	u uuid, y bytea, j jsonb, m name, iv interval, ip inet, bt bit(3), pt point, row_ read_twin) USING spine;
CREATE TABLE read_types_twin (LIKE read_types);
INSERT INTO read_types_twin VALUES
	(false, 'a', 'sad', 1, 'a', 'a', 'a', '{1}', '[1,2)', 1, '00000000-0000-0000-0000-000000000001', '\x00', '1', 'a', '1 day', '10.0.0.1', B'001', '(1,1)', '(1,a,,,)'),
	(true, E'\x7f', 'ok', 3000000000, 'B', 'B', 'B', '{1,2}', 'empty', 2, 'ffffffff-0000-0000-0000-000000000001', '\xff', '{"a": 1}', 'B', '30 days', '10.0.0.0/8', B'111', '(2,2)', '(1,B,,,)'),
	(NULL, NULL, 'happy', 4294967295, 'c', 'c  ', 'c', '{}', '(,)', -1, NULL, '', 'null', 'c', '1 mon', '::1', B'000', NULL, '(,,,,)'),
	(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
DO $$
DECLARE
	r read_types_twin;
BEGIN
	FOR r IN SELECT * FROM read_types_twin LOOP
		INSERT INTO read_types SELECT r.*;
		PERFORM spine_absorb('read_types');
	END LOOP;
END $$;
CREATE FUNCTION read_compare_types(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	one text;
	other text;
BEGIN
	EXECUTE format('SELECT count(*) || COALESCE('': '' || string_agg(COALESCE(x, ''-''), '' '' ORDER BY x), '''') FROM read_types_twin WHERE %s', condition) INTO one;
	EXECUTE format('SELECT count(*) || COALESCE('': '' || string_agg(COALESCE(x, ''-''), '' '' ORDER BY x), '''') FROM read_types WHERE %s', condition) INTO other;
	RETURN CASE WHEN one <> other THEN format('%s, but heap has %s', other, one) ELSE other END;
END $$;
SELECT condition, read_compare_types(condition), read_groups('SELECT FROM read_types WHERE ' || condition)
FROM (VALUES
	(1, 'b'), (2, 'NOT b'), (3, 'b = true'), (4, 'b < true'), (5, 'b IS UNKNOWN'),
	(6, 'c = ''a'''), (7, 'c > ''a'''), (8, 'e = ''ok'''), (9, 'e > ''sad'''), (10, '''sad'' < e'), (11, 'o = 1'), (12, 'o > 2147483647'), (13, 'o < 4294967295'),
	(14, 'v = ''B'''), (15, 'v::text = ''B'''), (16, 'v > ''B'' COLLATE "C"'), (17, 'p = ''c'''), (18, 'p = ''c    '''), (19, 'p::text = ''c'''), (20, 'p = ''c  ''::text'),
	(21, 'x > ''B'''), (22, 'x < ''a'''), (23, 'x > ''B'' COLLATE "POSIX"'), (24, 'x = ''B''::name'),
	(25, 'a = ''{1,2}'''), (26, 'a < ''{1,2}'''), (27, 'a @> ''{2}'''), (28, 'r = ''empty'''), (29, 'r < ''[1,2)'''), (30, 'r @> 1'), (31, '1 <@ r'),
	(32, 's = 2'), (33, 's > 1::int8'), (34, 's::int4 = 2'), (35, 'u > ''00000000-0000-0000-0000-000000000001'''), (36, 'y = '''''), (37, 'y > ''\x00'''),
	(38, 'j = ''null'''), (39, 'j > ''1'''), (40, 'm = ''B'''), (41, 'm = ''B''::text'), (42, 'm > ''B'''),
	(43, 'iv = ''1 mon'''), (44, 'iv = ''30 days'''), (45, 'iv < ''24 hours'''), (46, 'iv <= ''24 hours'''), (47, 'ip << ''10.0.0.0/8'''), (48, 'ip = ''10.0.0.0/8''::cidr'), (49, 'ip > ''10.0.0.1'''),
	(50, 'bt = B''111'''), (51, 'bt < B''111'''), (52, 'pt <@ box ''((0,0),(1,1))'''), (53, 'row_ = ROW(1, ''B'', NULL, NULL, NULL)::read_twin'), (54, '(row_).t = ''B'''), (55, 'row_ > ROW(1, ''a'', NULL, NULL, NULL)::read_twin'),
	(56, 'e IN (''ok'', ''happy'')'), (57, 'x = ''c'' AND e = ''happy'''), (58, 'x = lower(''C'')')) t (n, condition)
ORDER BY n;
COMMIT;

-- Long values, and such that are nothing but null, are known of too little
BEGIN;
CREATE TABLE read_long (i int, t text, n int) USING spine;
INSERT INTO read_long SELECT i, repeat('long', 100) || i FROM generate_series(1, 10) i;
SELECT spine_absorb('read_long');
ALTER TABLE read_long ADD later int DEFAULT 7, ADD never int;
SELECT count(*) FROM read_long WHERE t = repeat('long', 100) || 7;
SELECT count(*), read_groups('SELECT FROM read_long WHERE n > 0'), read_groups('SELECT FROM read_long WHERE n IS NULL') FROM read_long WHERE n IS NULL;
SELECT count(*) FROM read_long WHERE later = 7;
SELECT count(*) FROM read_long WHERE later > 7;
SELECT count(*) FROM read_long WHERE never = 7 OR never IS NULL;
SELECT spine_absorb('read_long');
COMMIT;

-- Cursors, forward and backward over the runs and the delta, and between them

BEGIN;
CREATE TABLE read_few (i int) USING spine;
INSERT INTO read_few VALUES (1), (2);
SELECT spine_absorb('read_few');
INSERT INTO read_few VALUES (3), (4), (5);
SELECT spine_absorb('read_few');
INSERT INTO read_few VALUES (6), (7);
DECLARE c SCROLL CURSOR FOR SELECT i FROM read_few;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ALL FROM c;
FETCH FROM c;
FETCH BACKWARD 3 FROM c;
FETCH 2 FROM c;
FETCH ABSOLUTE 2 FROM c;
FETCH ABSOLUTE -2 FROM c;
FETCH RELATIVE -4 FROM c;
FETCH RELATIVE 0 FROM c;
FETCH FIRST FROM c;
FETCH PRIOR FROM c;
FETCH PRIOR FROM c;
FETCH NEXT FROM c;
FETCH LAST FROM c;
FETCH BACKWARD ALL FROM c;
FETCH FORWARD 1 FROM c;
MOVE FORWARD ALL IN c;
FETCH PRIOR FROM c;
-- What comes later is not in it; what is absorbed stays in its place
SELECT spine_absorb('read_few');
INSERT INTO read_few VALUES (8);
FETCH BACKWARD ALL FROM c;
FETCH ALL FROM c;
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT i, ctid > '(2147483648,0)' AS in_run FROM read_few WHERE i > 2;
DECLARE s SCROLL CURSOR FOR SELECT ctid > '(2147483648,0)' AS in_run, tableoid::regclass, f FROM read_few f WHERE i >= 5;
FETCH ALL FROM s;
FETCH BACKWARD 2 FROM s;
FETCH 2 FROM h;
COMMIT;
FETCH ALL FROM h;
FETCH ABSOLUTE 1 FROM h;
CLOSE h;

-- By tid

SELECT max(ctid) FILTER (WHERE i = 1) AS first, max(ctid) FILTER (WHERE i = 4) AS inside, max(ctid) FILTER (WHERE i = 8) AS delta FROM read_few \gset
SELECT i FROM read_few WHERE ctid = :'inside';
SELECT i FROM read_few WHERE ctid = :'delta';
SELECT i FROM read_few WHERE ctid = ANY (ARRAY[:'first', :'delta', '(4294967294,1)', '(0,1000)']::tid[]) ORDER BY i;
SELECT i FROM read_few WHERE ctid >= :'inside' ORDER BY i;
SELECT i FROM read_few WHERE ctid < :'inside' ORDER BY i;
SELECT i FROM read_few WHERE ctid > :'delta' AND ctid < '(4294967294,1)' ORDER BY i;
SELECT i FROM read_few WHERE ctid > '(2147483648,0)' AND ctid <= :'first';
SELECT i FROM read_few WHERE ctid < '(2147483648,0)';
SELECT f.i, g.i FROM read_few f JOIN read_few g ON f.ctid = g.ctid ORDER BY 1;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT f.i, g.i FROM read_few f JOIN read_few g ON f.ctid = g.ctid ORDER BY 1;
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT (SELECT i FROM read_few WHERE ctid = '(4294967295,1)'), (SELECT i FROM read_few WHERE ctid = '(2147483648,60000)'),
	(SELECT i FROM read_few WHERE ctid = '(2147483650,0)');
-- What rows in runs do not have
CALL fails('SELECT xmin FROM read_few WHERE i = 1');
CALL fails('SELECT cmax FROM read_few');
SELECT xmin, cmin, xmax, cmax FROM read_few WHERE ctid = (SELECT ctid FROM read_few WHERE i = 4);
SELECT xmin IS NOT NULL AS has FROM read_few WHERE ctid = :'delta';
SELECT count(*) FROM read_few WHERE tableoid = 'read_few'::regclass;

-- In parallel

SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*), sum(i), count(t), sum(n) FILTER (WHERE n < 'NaN') FROM read_rows;
SELECT read_compare('i > 100'), read_compare('f > 3000'), read_compare('d IS NULL'), read_compare('t = ''row 14000''');
-- Groups are counted wherever they were read: as many as without workers, whoever may
-- have merged runs
CREATE FUNCTION read_groups_alone(query text) RETURNS text LANGUAGE plpgsql SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
	RETURN read_groups(query);
END $$;
CREATE FUNCTION read_is_parallel(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan text;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan ~ '"Parallel Aware": true';
END $$;
CREATE VIEW read_counts AS SELECT n, read_is_parallel(query) AS parallel, read_groups(query) = read_groups_alone(query) AS same, read_groups(query) ~ ' 0 \d+$' AS skips_none
FROM (VALUES
	(1, 'SELECT count(t) FROM read_rows'), (2, 'SELECT count(t) FROM read_rows WHERE i = 12345'), (3, 'SELECT count(t) FROM read_rows WHERE i IN (5, 12345)'),
	(4, 'SELECT (SELECT count(t) + g * 0 FROM read_rows WHERE i > 12000) FROM generate_series(1, 3) g')) q (n, query);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM read_counts ORDER BY n;
SET LOCAL parallel_leader_participation = off;
SELECT * FROM read_counts ORDER BY n;
COMMIT;
SELECT count(*), sum(r.i) FROM read_rows r JOIN read_rows s USING (i) WHERE s.t LIKE '%7%';
SELECT t.i, (SELECT count(*) FROM read_rows r WHERE r.i < t.i) FROM generate_series(1, 15001, 5000) t (i) ORDER BY 1;
SELECT ctid > '(2147483648,0)' AS in_run, count(*) FROM read_rows GROUP BY 1 ORDER BY 1;
-- A function that plans and reads within a worker, and within whoever leads
CREATE FUNCTION read_within(which int) RETURNS bigint STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM read_rows WHERE i <= which);
END $$;
SELECT sum(read_within(i)) FROM read_rows WHERE i BETWEEN 9999 AND 10002;
SELECT i, read_within(i) FROM read_twin WHERE i IN (5, 12000, 15090) ORDER BY i;
SET enable_seqscan = off;
SELECT count(*), sum(i) FROM read_rows;
RESET enable_seqscan;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Samples

SELECT count(*) FROM read_rows TABLESAMPLE SYSTEM (100);
SELECT count(*), sum(i) FROM read_rows TABLESAMPLE BERNOULLI (100);
SELECT count(*) FROM read_rows TABLESAMPLE BERNOULLI (0);
SELECT count(*) BETWEEN 7000 AND 8100 AS half FROM read_rows TABLESAMPLE BERNOULLI (50) REPEATABLE (1);
SELECT count(*) BETWEEN 4000 AND 11000 AS half FROM read_rows TABLESAMPLE SYSTEM (50) REPEATABLE (1);
SELECT a.sum = b.sum AS same FROM (SELECT sum(i) FROM read_rows TABLESAMPLE SYSTEM (30) REPEATABLE (7)) a,
	(SELECT sum(i) FROM read_rows TABLESAMPLE SYSTEM (30) REPEATABLE (7)) b;
SELECT count(*) = count(DISTINCT i) AS each_once, bool_or(i > 15000) AS of_delta, bool_or(i < 15000) AS of_runs
	FROM read_rows TABLESAMPLE BERNOULLI (40) REPEATABLE (2) WHERE i IS NOT NULL;
SELECT g, (SELECT count(*) FROM read_few TABLESAMPLE BERNOULLI (100 * (g % 2))) FROM generate_series(1, 3) g;
SELECT count(*), sum(i) FROM (SELECT i, f.ctid FROM read_few f TABLESAMPLE SYSTEM (100)) s;

-- What is estimated

ANALYZE read_rows;
SELECT reltuples BETWEEN 15000 AND 15200 AS counted FROM pg_class WHERE oid = 'read_rows'::regclass;
SELECT attname, null_frac BETWEEN 0.25 AND 0.75 AS nulls, n_distinct < -0.4 AS distinct_values FROM pg_stats WHERE tablename = 'read_rows' AND attname IN ('d', 'n', 't') ORDER BY 1;
CREATE FUNCTION read_estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8;
END $$;
SELECT query, rows, read_estimate(query) BETWEEN rows / 2.0 AND rows * 2 AS good FROM (VALUES
	('SELECT FROM read_rows', 15100), ('SELECT FROM read_rows WHERE i < 5000', 4999), ('SELECT FROM read_rows WHERE i > 12000', 3100),
	('SELECT FROM read_rows WHERE n IS NULL', 5001), ('SELECT t FROM read_rows GROUP BY t', 15100)) q (query, rows);

-- Joins and all that

SELECT g.i, s.t FROM generate_series(1, 15001, 5000) g (i) LEFT JOIN LATERAL (SELECT t FROM read_rows r WHERE r.i = g.i) s ON true ORDER BY 1;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT g.i, r.t FROM generate_series(4999, 15001, 5000) g (i) JOIN read_rows r ON r.i = g.i + 1 ORDER BY 1;
SELECT g.i, count(r.i), min(r.i) FROM (VALUES (5), (8192), (10000), (15090)) g (i) LEFT JOIN read_rows r ON r.i > g.i GROUP BY 1 ORDER BY 1;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;
SELECT g.i, EXISTS (SELECT FROM read_rows r WHERE r.i = g.i) AS found FROM generate_series(-4999, 20000, 5001) g (i) ORDER BY 1;
SELECT g, (SELECT t FROM read_rows WHERE i = g LIMIT 1), (SELECT count(*) FROM read_few WHERE i < g) FROM generate_series(2, 15000, 7000) g ORDER BY 1;
WITH w AS MATERIALIZED (SELECT i, t FROM read_rows WHERE i < 4) SELECT * FROM w a JOIN w b ON a.i = b.i + 1 ORDER BY a.i;
WITH RECURSIVE w (i) AS (SELECT 1 UNION ALL SELECT r.i * 4 FROM w JOIN read_rows r ON r.i = w.i) SELECT array_agg(i ORDER BY i) FROM w;
SELECT i FROM read_rows WHERE i < 4 UNION SELECT i FROM read_few EXCEPT SELECT 2 ORDER BY 1;
SELECT r.i FROM read_rows r WHERE NOT EXISTS (SELECT FROM read_twin w WHERE w.i = r.i) ORDER BY 1;
SELECT i, lag(t) OVER (ORDER BY i), r IS NOT DISTINCT FROM first_value(r) OVER (ORDER BY i) AS same FROM read_rows r WHERE i BETWEEN 8191 AND 8194 ORDER BY i;
SELECT DISTINCT ON (i / 5000) i, t FROM read_rows WHERE i IS NOT NULL ORDER BY i / 5000, i;
SELECT i FROM read_rows ORDER BY i DESC NULLS FIRST LIMIT 3;
SELECT i FROM read_rows ORDER BY i LIMIT 2 OFFSET 8191;
SELECT min(i), max(i), min(t COLLATE "C"), max(f) FROM read_rows;

-- Views, partitions, inheritance

CREATE VIEW read_view AS SELECT i, t, f FROM read_rows WHERE i > 100;
SELECT count(*), min(i) FROM read_view WHERE i < 9000;
CREATE MATERIALIZED VIEW read_matview USING spine AS SELECT i % 10 AS k, count(*) AS n FROM read_rows GROUP BY 1;
SELECT spine_absorb('read_matview');
SELECT k, n FROM read_matview WHERE k < 2 ORDER BY k;
REFRESH MATERIALIZED VIEW read_matview;
SELECT count(*), sum(n) FROM read_matview;
SELECT spine_absorb('read_matview');
CREATE TABLE read_parent (i int, t text) PARTITION BY RANGE (i);
CREATE TABLE read_part1 PARTITION OF read_parent FOR VALUES FROM (0) TO (100) USING spine;
CREATE TABLE read_part2 PARTITION OF read_parent FOR VALUES FROM (100) TO (200);
CREATE TABLE read_part3 (gone int, t text, i int) USING spine;
ALTER TABLE read_part3 DROP gone;
ALTER TABLE read_parent ATTACH PARTITION read_part3 FOR VALUES FROM (200) TO (300);
INSERT INTO read_parent SELECT i, 'p' || i FROM generate_series(0, 299) i;
SELECT spine_absorb('read_part1'), spine_absorb('read_part3');
INSERT INTO read_parent SELECT i, 'd' || i FROM generate_series(0, 299, 50) i;
SELECT tableoid::regclass, count(*), sum(i), max(t COLLATE "C") FROM read_parent GROUP BY tableoid ORDER BY 1;
SELECT i, t FROM read_parent WHERE i IN (50, 150, 250) ORDER BY i, t;
SELECT p, p.t FROM read_parent p WHERE i = 250 ORDER BY t;
SELECT i FROM read_parent WHERE t = 'p299';
SELECT a.i, b.t FROM read_parent a JOIN read_parent b USING (i) WHERE a.t = 'd250' ORDER BY b.t;
SET enable_partitionwise_join = on;
SET enable_partitionwise_aggregate = on;
SELECT a.i, count(*) FROM read_parent a JOIN read_parent b USING (i) WHERE i % 50 = 0 GROUP BY a.i ORDER BY a.i;
RESET enable_partitionwise_join;
RESET enable_partitionwise_aggregate;
-- Of a partition's delta, too
SELECT xmin IS NOT NULL AS has, t FROM read_parent WHERE i = 150 ORDER BY t;
TRUNCATE read_part3;
INSERT INTO read_parent VALUES (201, 'delta');
SELECT xmin IS NOT NULL AS has, t FROM read_parent WHERE i = 201;
SELECT t FROM read_parent WHERE xmin IS NOT NULL AND i = 201;
CALL fails('SELECT xmin FROM read_parent WHERE i = 1');
CREATE TABLE read_base (i int, t text) USING spine;
CREATE TABLE read_child (x int) INHERITS (read_base);
CREATE TABLE read_grandchild (y int) INHERITS (read_child) USING spine;
INSERT INTO read_base VALUES (1, 'base');
INSERT INTO read_child VALUES (2, 'child', 20);
INSERT INTO read_grandchild VALUES (3, 'grandchild', 30, 300);
SELECT spine_absorb('read_base'), spine_absorb('read_grandchild');
SELECT tableoid::regclass, *, b FROM read_base b ORDER BY i;
SELECT * FROM ONLY read_base;
SELECT i FROM read_base WHERE i > 2;

-- Rows that are locked, or read again, with rows of a heap

BEGIN;
SELECT i FROM read_few WHERE i = 8 FOR UPDATE;
SELECT i FROM read_few WHERE i = 8 FOR KEY SHARE;
COMMIT;
CALL fails('SELECT i FROM read_few WHERE i = 1 FOR UPDATE');
CALL fails('SELECT i FROM read_few WHERE i = 1 FOR UPDATE NOWAIT');
CALL fails('SELECT i FROM read_few WHERE i = 1 FOR NO KEY UPDATE SKIP LOCKED');
-- Nobody changes those in runs, so who wants that can have it
SELECT f.ctid > '(2147483648,0)' AS in_run, f FROM read_few f WHERE i IN (1, 8) ORDER BY i FOR SHARE NOWAIT;
SELECT i FROM read_few WHERE i IN (1, 8) ORDER BY i FOR KEY SHARE SKIP LOCKED;
SELECT w.i, f.i FROM read_twin w JOIN read_few f USING (i) ORDER BY 1 LIMIT 2 FOR UPDATE OF w;
SELECT w.i, f.i FROM read_twin w JOIN read_few f USING (i) ORDER BY 1 LIMIT 2 FOR UPDATE OF w FOR SHARE OF f;
UPDATE read_twin w SET t = few.i || ' of it' FROM read_few few WHERE few.i = w.i RETURNING w.i, few;
DELETE FROM read_twin w USING read_few few WHERE few.i = w.i AND few.i > 6 RETURNING w.i, few;
UPDATE read_rows r SET t = 'by a heap' FROM read_twin w WHERE w.i = r.i AND r.i = 15060 RETURNING r.i, r.t;

-- ANALYZE knows where the rows are that it takes from runs, also of more than it keeps
CREATE TABLE read_sample (i int) USING spine;
ALTER TABLE read_sample ALTER i SET STATISTICS 1;
INSERT INTO read_sample SELECT generate_series(1, 20000);
SELECT spine_absorb('read_sample');
ANALYZE read_sample;
SELECT correlation FROM pg_stats WHERE tablename = 'read_sample';

-- Rows of runs are counted as those of the delta are
SELECT pg_stat_force_next_flush() IS NULL AS is_null;
BEGIN;
SELECT count(*) FROM read_sample;
SELECT pg_stat_get_xact_tuples_returned('read_sample'::regclass);
ROLLBACK;

-- Nothing in the delta, nothing in the runs, nothing at all
CREATE TABLE read_empty (i int, t text) USING spine;
SELECT count(*) FROM read_empty;
SELECT * FROM read_empty WHERE i = 1;
SELECT count(*) FROM read_empty TABLESAMPLE SYSTEM (100);
SELECT * FROM read_empty WHERE ctid = '(2147483650,1)';
SELECT * FROM read_empty WHERE ctid > '(0,0)';
SELECT spine_absorb('read_empty');
ANALYZE read_empty;
INSERT INTO read_empty VALUES (1, 'one');
SELECT spine_absorb('read_empty');
VACUUM read_empty;
SELECT * FROM read_empty WHERE i = 1;
SELECT * FROM read_empty WHERE ctid > '(0,0)';
SELECT count(*) FROM read_empty TABLESAMPLE SYSTEM (100);
ANALYZE read_empty;
SELECT reltuples FROM pg_class WHERE oid = 'read_empty'::regclass;

-- Half past two is as late as half past three, where the clock is put forward at two
CREATE TABLE read_clock (t timestamp, d date) USING spine;
INSERT INTO read_clock VALUES ('2024-03-10 02:30', '2024-03-10'), ('2024-03-10 03:00', '2024-03-10');
SELECT spine_absorb('read_clock');
SET timezone = 'America/New_York';
SELECT t FROM read_clock WHERE t > '2024-03-10 07:10Z'::timestamptz;
SELECT t FROM read_clock WHERE '2024-03-10 07:30Z'::timestamptz IN (t);
SELECT t FROM read_clock WHERE t = ANY ('{2024-03-10 07:30Z}'::timestamptz[]);
SELECT read_groups('SELECT FROM read_clock WHERE t > ''2024-03-10 07:10Z''::timestamptz'),
	read_groups('SELECT FROM read_clock WHERE t > ''2024-03-10 07:10''::timestamp'),
	read_groups('SELECT FROM read_clock WHERE d > ''2024-03-10 07:10Z''::timestamptz');
RESET timezone;

-- What row-level security hides does not show in which groups are passed over, unless
-- the operator may see it (that of integers is leakproof, that of numeric is not)
CREATE TABLE read_secret (i int, n numeric) USING spine;
INSERT INTO read_secret SELECT i, i FROM generate_series(1, 100) i;
SELECT spine_absorb('read_secret');
ALTER TABLE read_secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_none ON read_secret USING (i + 0 < 0);
CREATE ROLE regress_spine_reader;
GRANT SELECT ON read_secret TO regress_spine_reader;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM read_secret WHERE n > 100;
SET ROLE regress_spine_reader;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM read_secret WHERE n > 100;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM read_secret WHERE i > 100;
RESET ROLE;

\i :srcdir/sql/disturbed.psql
DROP TABLE read_secret, read_clock, read_rows, read_few, read_parent, read_base, read_empty, read_sample, read_long, read_types CASCADE;
DROP ROLE regress_spine_reader;
