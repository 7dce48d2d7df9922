--
-- Native tables whose rows add up, and the order of rows in runs
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql
\i :srcdir/sql/undisturbed.psql

-- Every type that adds up; a twin says what the sums are
CREATE TABLE sums (k int, s text, a int2, b int4, c int8, d numeric, e float4, f float8, g interval, h money) USING spine;
SELECT spine_set_diff('sums', '{a,b,c,d,e,f,g,h}');
CREATE TABLE sums_twin (LIKE sums) USING heap;
CREATE FUNCTION sums_fill(seed int, n int) RETURNS void LANGUAGE sql AS $$
	WITH new AS (
		SELECT (i * 7 + seed) % 10 AS k, CASE WHEN i % 3 > 0 THEN 'key ' || i % 4 END AS s, (i % 5 - 2)::int2 AS a,
			i AS b, i * 1000000000000 AS c, i * 0.25 AS d, i * 0.5::float4 AS e, i * 0.5::float8 AS f,
			i * interval '1 day 1 hour' AS g, (i % 7)::money AS h
		FROM generate_series(1, n) i),
	one AS (INSERT INTO sums SELECT * FROM new)
	INSERT INTO sums_twin SELECT * FROM new
$$;
CREATE FUNCTION sums_compare() RETURNS text LANGUAGE sql AS $$
	WITH twin AS (
		SELECT k, s, sum(a)::int2 AS a, sum(b)::int4 AS b, sum(c)::int8 AS c, sum(d) AS d, sum(e) AS e, sum(f) AS f, sum(g) AS g, sum(h) AS h
		FROM sums_twin GROUP BY k, s
		HAVING (sum(a), sum(b), sum(c), sum(d), sum(e), sum(f), sum(h)) IS DISTINCT FROM (0::bigint, 0::bigint, 0::numeric, 0::numeric, 0::float4, 0::float8, 0::money) OR sum(g) <> '0')
	SELECT format('%s rows, %s missing, %s more', (SELECT count(*) FROM sums),
		(SELECT count(*) FROM (TABLE twin EXCEPT ALL TABLE sums) x), (SELECT count(*) FROM (TABLE sums EXCEPT ALL TABLE twin) x))
$$;
SELECT sums_fill(0, 1000);
SELECT sums_compare();
SELECT spine_absorb('sums');
SELECT sums_compare();
-- What has been absorbed is one row a key
SELECT len FROM spine_batches WHERE relation = 'sums'::regclass;
SELECT sums_fill(3, 500), sums_fill(4, 10);
SELECT sums_compare();
SELECT spine_absorb('sums'), spine_absorb('sums');
SELECT sums_fill(5, 77);
SELECT sums_compare();
SELECT spine_compact('sums') = count(*) AS compact FROM sums;
SELECT sums_compare();
-- An old snapshot has the old sums
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sum(b) AS before FROM sums \gset
SELECT sums_fill(6, 100);
SELECT sum(b) - :before AS own FROM sums;
ROLLBACK;
SELECT sums_compare();
-- The opposite of all of it leaves nothing
INSERT INTO sums SELECT k, s, -a, -b, -c, -d, -e, -f, -g, '0'::money - h FROM sums;
SELECT count(*) FROM sums;
SELECT spine_absorb('sums') > 0 AS absorbed, spine_compact('sums');
SELECT count(*) FROM sums;
SELECT sum(nrows) FROM (SELECT len AS nrows FROM spine_batches WHERE relation = 'sums'::regclass) n;
DROP TABLE sums, sums_twin;

-- Nulls, in keys and in what adds up; images of equal keys; no key at all
CREATE TABLE sums_null (k numeric, n int) USING spine;
SELECT spine_set_diff('sums_null', '{n}');
INSERT INTO sums_null VALUES (1.0, 1), (NULL, 2), (1.00, 10), (NULL, 3), (2, NULL), (3, NULL), (3, 5), (4, NULL), (4, 0);
SELECT trim_scale(k) AS k, n FROM sums_null ORDER BY k;
SELECT spine_absorb('sums_null');
INSERT INTO sums_null VALUES (1.000, 100), (2, NULL);
SELECT trim_scale(k) AS k, n FROM sums_null ORDER BY k;
SELECT trim_scale(k) AS k, n FROM sums_null WHERE k = 1 OR k IS NULL ORDER BY k;
-- A condition on a sum is one on the sum
SELECT trim_scale(k) AS k, n FROM sums_null WHERE n > 100;
DROP TABLE sums_null;
CREATE TABLE sums_one (n bigint) USING spine;
SELECT spine_set_diff('sums_one', '{n}');
INSERT INTO sums_one SELECT i FROM generate_series(1, 100) i;
SELECT * FROM sums_one;
SELECT spine_absorb('sums_one');
INSERT INTO sums_one VALUES (-50);
SELECT * FROM sums_one;
SELECT * FROM sums_one WHERE n = 5000;

-- What is out of range is kept apart, and told to who asks
TRUNCATE sums_one;
INSERT INTO sums_one VALUES (9223372036854775807), (1);
CALL fails('SELECT * FROM sums_one');
SELECT spine_absorb('sums_one');
SELECT len FROM spine_batches WHERE relation = 'sums_one'::regclass;
CALL fails('SELECT * FROM sums_one');
-- That it is in between does not matter
INSERT INTO sums_one VALUES (-2), (-9223372036854775807);
SELECT * FROM sums_one;
SELECT spine_absorb('sums_one');
SELECT * FROM sums_one;
SELECT spine_compact('sums_one');
SELECT * FROM sums_one;
DROP TABLE sums_one;
CREATE TABLE sums_range (k text, a int2, b int4, c int8, d money, e interval, f float4, x numeric NOT NULL DEFAULT 0.5) USING spine;
SELECT spine_set_diff('sums_range', '{a,b,c,d,e,f,x}');
INSERT INTO sums_range SELECT k, 32767 * s, 2147483647 * s, 9223372036854775807 * s, '92233720368547758.07'::money * s, interval '1 day' * s, 0.25 * s
	FROM unnest('{up,down}'::text[], '{1,-1}'::int2[]) v(k, s), generate_series(1, 3);
INSERT INTO sums_range SELECT k, s, s, s, s::money, s * interval '1 hour' FROM unnest('{up,down}'::text[], '{1,-1}'::int[]) v(k, s);
CALL fails('SELECT b FROM sums_range');
SELECT spine_absorb('sums_range');
CALL fails('SELECT count(*) FROM sums_range');
-- As it is stored: no more rows than there were, with the same sums
SELECT k, count(*), sum(a) AS a, sum(b) AS b, sum(c) AS c, sum(d::numeric) AS d, sum(e) AS e, sum(f) AS f, sum(x) AS x
	FROM sums_range TABLESAMPLE BERNOULLI (100) GROUP BY k ORDER BY k;
INSERT INTO sums_range SELECT k, -32767 * s, -2147483647 * s, -9223372036854775807 * s, '-92233720368547758.07'::money * s, NULL, NULL, 0
	FROM unnest('{up,down}'::text[], '{1,-1}'::int2[]) v(k, s), generate_series(1, 3);
SELECT * FROM sums_range ORDER BY k;
SELECT spine_absorb('sums_range');
SELECT * FROM sums_range ORDER BY k;
SELECT spine_compact('sums_range');
SELECT * FROM sums_range ORDER BY k;
-- A sum of values of which one has no opposite
INSERT INTO sums_range (k, a, b, c) SELECT 'least', -32768, -2147483648, -9223372036854775808 FROM generate_series(1, 2);
SELECT spine_absorb('sums_range');
INSERT INTO sums_range (k, a, b, c) VALUES ('least', 32767, 2147483647, 9223372036854775807), ('least', 1, 1, 1);
SELECT a, b, c FROM sums_range WHERE k = 'least';
-- What is no integer is added as its type does it
TRUNCATE sums_range;
INSERT INTO sums_range (k, a, f) VALUES ('f', 1, 3e38), ('f', 1, 3e38), ('f', 1, 1);
CALL fails('SELECT * FROM sums_range');
SELECT spine_absorb('sums_range');
CALL fails('SELECT * FROM sums_range');
SELECT count(*), sum(a) FROM sums_range TABLESAMPLE BERNOULLI (100);
ALTER TABLE sums_range ALTER f TYPE float8;
SELECT k, a, f > 5e38 AS f FROM sums_range;
DROP TABLE sums_range;
-- Digits are counted where a sum is shown, so that a dump of it can be restored
CREATE TABLE sums_digits (k text, n numeric(3,1), m numeric(2,4), t numeric(2,-3)) USING spine;
SELECT spine_set_diff('sums_digits', '{n,m,t}');
INSERT INTO sums_digits VALUES ('fit', 49.9, 0.0049, 49000), ('fit', 50, 0.005, 50000), ('nan', 'NaN', 0, 0);
SELECT * FROM sums_digits ORDER BY k;
INSERT INTO sums_digits VALUES ('n', -99.9), ('n', -0.1);
CALL fails('SELECT * FROM sums_digits');
SELECT spine_absorb('sums_digits');
CALL fails('SELECT * FROM sums_digits');
CALL fails('ALTER TABLE sums_digits SET ACCESS METHOD heap');
INSERT INTO sums_digits VALUES ('n', 0.1, 0, 0), ('m', 0, 0.0099, 0), ('m', 0, 0.0001, 0);
CALL fails('SELECT * FROM sums_digits');
CALL fails('ALTER TABLE sums_digits ALTER m TYPE numeric(1,3)');
ALTER TABLE sums_digits ALTER m TYPE numeric(2,3);
INSERT INTO sums_digits VALUES ('t', 0, 0, 99000), ('t', 0, 0, 1000);
CALL fails('SELECT * FROM sums_digits');
ALTER TABLE sums_digits ALTER t TYPE numeric;
SELECT * FROM sums_digits ORDER BY k;
DROP TABLE sums_digits;

-- Giving a column a greater range helps, wherever the rows are
CREATE TABLE sums_wide (k text, n int, m int2) USING spine;
SELECT spine_set_order('sums_wide', '{k}'), spine_set_diff('sums_wide', '{n,m}');
INSERT INTO sums_wide VALUES ('c', 2147483647, 1), ('c', 1, 1), (' 7', 1, 1), ('7', 2, 2), ('07', 4, 3);
SELECT spine_absorb('sums_wide');
INSERT INTO sums_wide VALUES ('c', 2147483647, 1), ('7 ', 8, 4);
CALL fails('SELECT * FROM sums_wide');
CALL fails('ALTER TABLE sums_wide SET ACCESS METHOD heap');
ALTER TABLE sums_wide ALTER n TYPE bigint;
SELECT * FROM sums_wide ORDER BY k;
-- Keys become equal when they get another type
INSERT INTO sums_wide VALUES ('c', -4294967295, -3);
ALTER TABLE sums_wide ALTER k TYPE int USING k::int;
SELECT * FROM sums_wide;
SELECT spine_absorb('sums_wide');
SELECT len FROM spine_batches WHERE relation = 'sums_wide'::regclass;
ALTER TABLE sums_wide ALTER k TYPE text USING k || ' or a text that is longer than a number', ALTER n TYPE numeric, ADD j date DEFAULT '2026-01-01';
SELECT * FROM sums_wide;
ALTER TABLE sums_wide ALTER k TYPE text COLLATE "C", DROP COLUMN j, ALTER m TYPE int;
SELECT * FROM sums_wide;
SELECT spine_absorb('sums_wide');
ALTER TABLE sums_wide SET ACCESS METHOD heap;
SELECT * FROM sums_wide;
DROP TABLE sums_wide;

-- What is generated from a sum is something else than what was from its rows, unless it adds up, too
CREATE TABLE sums_generated (k int, l int GENERATED ALWAYS AS (k % 10) STORED, n int, m int GENERATED ALWAYS AS (n * 2) STORED) USING spine;
CALL fails('SELECT spine_set_diff(''sums_generated'', ''{n}'')');
SELECT spine_set_diff('sums_generated', '{n,m}');
CALL fails('ALTER TABLE sums_generated ADD o int GENERATED ALWAYS AS (k + n) STORED');
ALTER TABLE sums_generated ADD o int GENERATED ALWAYS AS (k + 1) STORED, ADD p int DEFAULT 5;
INSERT INTO sums_generated (k, n) VALUES (11, 1), (11, 2);
SELECT * FROM sums_generated;
ALTER TABLE sums_generated ALTER l TYPE bigint, ALTER p SET DEFAULT 6;
SELECT spine_absorb('sums_generated');
SELECT * FROM sums_generated;
DROP TABLE sums_generated;

-- Rows that are sums cannot be changed
CREATE TABLE sums_fixed (k text, n int) USING spine;
SELECT spine_set_diff('sums_fixed', '{n}');
INSERT INTO sums_fixed VALUES ('a', 1), ('a', 2), ('b', 3);
CALL fails('UPDATE sums_fixed SET n = 0');
CALL fails('DELETE FROM sums_fixed WHERE k = ''a''');
CALL fails('SELECT * FROM sums_fixed FOR UPDATE');
CALL fails('SELECT * FROM sums_fixed FOR KEY SHARE');
CALL fails('MERGE INTO sums_fixed USING (VALUES (1)) v ON true WHEN MATCHED THEN DELETE');
SELECT * FROM sums_fixed ORDER BY k;
-- but read in every way
COPY (SELECT * FROM sums_fixed ORDER BY k) TO STDOUT;
COPY sums_fixed TO STDOUT;
SELECT tableoid::regclass, k FROM sums_fixed ORDER BY k;
-- Sums are nowhere, whether the rows that make them are looked for one by one or not
SET enable_seqscan = off;
SELECT k, n FROM sums_fixed WHERE ctid = '(0,1)';
SELECT k, n FROM sums_fixed WHERE ctid >= '(0,0)' ORDER BY k;
SELECT s.k, s.n FROM (VALUES ('(0,1)'::tid)) v(t) LEFT JOIN sums_fixed s ON s.ctid = v.t;
RESET enable_seqscan;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT * FROM sums_fixed;
FETCH 5 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH FIRST FROM c;
-- Whether a cursor scrolls or not
DECLARE n CURSOR FOR SELECT * FROM sums_fixed;
FETCH ALL FROM n;
SAVEPOINT s;
FETCH BACKWARD 1 FROM n;
ROLLBACK TO s;
DECLARE w CURSOR WITH HOLD FOR SELECT * FROM sums_fixed ORDER BY k DESC;
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT * FROM sums_fixed;
COMMIT;
FETCH ALL FROM w;
FETCH LAST FROM h;
FETCH BACKWARD ALL FROM h;
CLOSE ALL;
BEGIN;
-- A system column that nobody comes to look at
DECLARE x SCROLL CURSOR FOR SELECT k, n FROM sums_fixed WHERE n > 0 OR xmin = '1';
FETCH 2 FROM x;
FETCH BACKWARD 1 FROM x;
ROLLBACK;
SELECT count(*), (SELECT n FROM sums_fixed WHERE k = v.k) FROM (VALUES ('a'), ('b'), ('c')) v(k) GROUP BY v.k ORDER BY v.k;
CREATE TABLE sums_copied AS SELECT * FROM sums_fixed;
SELECT * FROM sums_copied ORDER BY k;
ALTER TABLE sums_fixed ALTER n TYPE bigint;
SELECT * FROM sums_fixed ORDER BY k;
-- Keys of another type: what is added up is what was there
BEGIN;
SELECT spine_absorb('sums_fixed');
INSERT INTO sums_fixed VALUES ('b', 1);
ALTER TABLE sums_fixed ALTER k TYPE int USING ascii(k);
SELECT * FROM sums_fixed ORDER BY k;
ALTER TABLE sums_fixed ALTER k TYPE text;
SELECT * FROM sums_fixed ORDER BY k;
ROLLBACK;
ALTER TABLE sums_fixed ADD COLUMN day date DEFAULT '2026-01-01';
INSERT INTO sums_fixed VALUES ('a', 1, DEFAULT), ('a', 1, '2026-01-02');
SELECT * FROM sums_fixed ORDER BY k, day;
VACUUM FULL sums_fixed;
SELECT * FROM sums_fixed ORDER BY k, day;
ALTER TABLE sums_fixed SET ACCESS METHOD heap;
SELECT * FROM sums_fixed ORDER BY k, day;
SELECT count(*) FROM spine_settings WHERE relation = 'sums_fixed'::regclass;
DROP TABLE sums_fixed, sums_copied;

-- Beside rows that are changed, sums can be read
CREATE TABLE sums_beside (k int, n int) USING spine;
SELECT spine_set_diff('sums_beside', '{n}');
INSERT INTO sums_beside VALUES (1, 1), (2, 2), (1, 10);
SELECT spine_absorb('sums_beside');
INSERT INTO sums_beside VALUES (2, 20), (3, 3);
CREATE TABLE sums_target (k int, v int) USING heap;
INSERT INTO sums_target SELECT i, 0 FROM generate_series(1, 4) i;
UPDATE sums_target t SET v = s.n FROM sums_beside s WHERE s.k = t.k;
SELECT * FROM sums_target ORDER BY k;
DELETE FROM sums_target t USING sums_beside s WHERE s.k = t.k AND s.n = 22 RETURNING t.*, s.*;
MERGE INTO sums_target t USING sums_beside s ON s.k = t.k
	WHEN MATCHED THEN UPDATE SET v = v + s.n WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.n);
SELECT * FROM sums_target ORDER BY k;
SELECT * FROM sums_target t JOIN sums_beside s USING (k) ORDER BY k FOR UPDATE OF t;
CALL fails('SELECT * FROM sums_target t JOIN sums_beside s USING (k) FOR UPDATE OF s');
CALL fails('SELECT * FROM sums_target t JOIN sums_beside s USING (k) FOR SHARE');
CALL fails('UPDATE sums_beside s SET n = 0 FROM sums_target t WHERE s.k = t.k');
-- By way of a parent, if the columns are the same
CREATE TABLE sums_parent (k int, n int);
CREATE TABLE sums_like () INHERITS (sums_parent) USING spine;
CREATE TABLE sums_unlike (n int, k int) USING spine;
SELECT spine_set_diff('sums_like', '{n}'), spine_set_diff('sums_unlike', '{n}');
INSERT INTO sums_like SELECT * FROM sums_beside;
INSERT INTO sums_like VALUES (1, 1000);
INSERT INTO sums_parent VALUES (4, 44);
UPDATE sums_target t SET v = s.n FROM sums_parent s WHERE s.k = t.k;
SELECT * FROM sums_target ORDER BY k;
ALTER TABLE sums_unlike INHERIT sums_parent;
CALL fails('UPDATE sums_target t SET v = s.n FROM sums_parent s WHERE s.k = t.k');
UPDATE sums_target t SET v = -s.n FROM (SELECT * FROM sums_parent OFFSET 0) s WHERE s.k = t.k;
SELECT * FROM sums_target ORDER BY k;
DROP TABLE sums_parent, sums_like, sums_unlike, sums_target;
-- EXPLAIN counts what was added up
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT n FROM sums_beside WHERE k < 3;
DROP TABLE sums_beside;

-- Parallel queries read sums in one process
CREATE TABLE sums_parallel (k int, n int) USING spine;
SELECT spine_set_diff('sums_parallel', '{n}');
INSERT INTO sums_parallel SELECT i % 5, 1 FROM generate_series(1, 1000) i;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT * FROM sums_parallel ORDER BY k;
SELECT k, n, xmin IS NULL AS unknown FROM sums_parallel WHERE k < 2 ORDER BY k;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
DROP TABLE sums_parallel;

-- What cannot be set
CREATE TABLE sums_wrong (k text, j json, p point, n int) USING spine;
CREATE TABLE sums_heap (n int) USING heap;
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{n}'')');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{k}'')');
ALTER TABLE sums_wrong DROP j, DROP p;
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{m}'')');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{ctid}'')');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{n,n}'')');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{NULL}'')');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{k}'')');
CALL fails('SELECT spine_set_diff(''sums_heap'', ''{n}'')');
CALL fails('SELECT spine_set_diff(NULL, ''{n}'')');
SELECT spine_set_order('sums_wrong', '{n}');
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{n}'')');
SELECT spine_set_order('sums_wrong', '{k}'), spine_set_diff('sums_wrong', '{n}');
CALL fails('SELECT spine_set_order(''sums_wrong'', ''{n}'')');
INSERT INTO sums_wrong VALUES ('a', 1);
CALL fails('SELECT spine_set_diff(''sums_wrong'', NULL)');
-- Rows that add up to nothing are there
INSERT INTO sums_wrong VALUES ('a', -1);
SELECT * FROM sums_wrong;
CALL fails('SELECT spine_set_diff(''sums_wrong'', NULL)');
INSERT INTO sums_wrong VALUES ('a', 1);
CALL fails('SELECT spine_set_diff(''sums_wrong'', ''{n,k}'')');
-- What is set already can be set again
SELECT spine_set_diff('sums_wrong', '{n}');
-- Settings follow names, TRUNCATE and rollback, and end with the table
ALTER TABLE sums_wrong RENAME k TO "Key";
SELECT order_columns, diff_columns, statements FROM spine_settings WHERE relation = 'sums_wrong'::regclass;
BEGIN; TRUNCATE sums_wrong; SELECT spine_set_diff('sums_wrong', NULL); ROLLBACK;
SELECT order_columns, diff_columns FROM spine_settings WHERE relation = 'sums_wrong'::regclass;
-- A key has to be of a type that can be sorted, a diff column of one that adds up
CALL fails('ALTER TABLE sums_wrong ADD COLUMN j json');
CALL fails('ALTER TABLE sums_wrong ALTER "Key" TYPE json USING NULL');
CALL fails('ALTER TABLE sums_wrong ALTER n TYPE text');
ALTER TABLE sums_wrong ALTER n SET STATISTICS 10, ALTER "Key" TYPE varchar(10), ADD d date;
SELECT * FROM sums_wrong;
-- A diff column stays as long as the table does
CALL fails('ALTER TABLE sums_wrong DROP COLUMN n');
CALL fails('ALTER TABLE sums_wrong DROP COLUMN n, ADD COLUMN n bigint');
CALL fails('ALTER TABLE sums_wrong DROP COLUMN n, ALTER "Key" TYPE text');
BEGIN;
SAVEPOINT s;
ALTER TABLE sums_wrong DROP COLUMN n;
ROLLBACK TO s;
SELECT * FROM sums_wrong;
COMMIT;
SELECT * FROM sums_wrong;
-- and a column that is dropped is in the order no more
ALTER TABLE sums_wrong DROP COLUMN "Key";
SELECT order_columns, diff_columns FROM spine_settings WHERE relation = 'sums_wrong'::regclass;
ALTER TABLE sums_wrong ADD COLUMN "Key" text;
SELECT order_columns, diff_columns FROM spine_settings WHERE relation = 'sums_wrong'::regclass;
SELECT * FROM sums_wrong;
DROP TABLE sums_wrong, sums_heap;
CREATE TABLE sums_order (a int, b json, c int) USING spine;
SELECT spine_set_order('sums_order', '{c,a}');
CALL fails('ALTER TABLE sums_order ALTER a TYPE json USING NULL');
ALTER TABLE sums_order ALTER b TYPE jsonb, ADD j json, DROP COLUMN c;
SELECT order_columns FROM spine_settings WHERE relation = 'sums_order'::regclass;
ALTER TABLE sums_order DROP COLUMN a;
SELECT count(*) FROM spine_table_setting;
DROP TABLE sums_order;

-- Where a whole table goes, its diff columns may go first: of what they are made from is dropped, too
CREATE SCHEMA sums_schema CREATE TABLE t (k int, n int) USING spine;
SELECT spine_set_order('sums_schema.t', '{k}');
CREATE FUNCTION sums_schema.made(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
ALTER TABLE sums_schema.t ADD COLUMN made int GENERATED ALWAYS AS (sums_schema.made(n)) STORED;
SELECT spine_set_diff('sums_schema.t', '{n,made}');
INSERT INTO sums_schema.t VALUES (1, 1), (1, 2), (2, 3);
SELECT spine_absorb('sums_schema.t');
SELECT * FROM sums_schema.t ORDER BY k;
CALL fails('DROP FUNCTION sums_schema.made CASCADE');
CALL fails('ALTER TABLE sums_schema.t DROP COLUMN made');
SET client_min_messages = warning;
DROP SCHEMA sums_schema CASCADE;
CREATE ROLE sums_owner;
GRANT CREATE ON SCHEMA public TO sums_owner;
SET ROLE sums_owner;
CREATE TYPE sums_type AS ENUM ('a');
CREATE TABLE sums_owned (k sums_type, n int) USING spine;
SELECT spine_set_order('sums_owned', '{k}'), spine_set_diff('sums_owned', '{n}');
INSERT INTO sums_owned VALUES ('a', 1), ('a', 1);
-- A key can go
DROP TYPE sums_type CASCADE;
SELECT * FROM sums_owned;
SELECT order_columns, diff_columns FROM spine_settings WHERE relation = 'sums_owned'::regclass;
RESET ROLE;
DROP OWNED BY sums_owner;
DROP ROLE sums_owner;
RESET client_min_messages;
SELECT count(*) FROM spine_table_setting;

-- A column that a parent drops
CREATE TABLE sums_parent (k int, n int);
CREATE TABLE sums_child () INHERITS (sums_parent) USING spine;
SELECT spine_set_diff('sums_child', '{n}');
CALL fails('ALTER TABLE sums_parent DROP COLUMN n');
CALL fails('ALTER TABLE sums_parent ADD COLUMN j json');
CALL fails('ALTER TABLE sums_parent ALTER n TYPE text');
ALTER TABLE sums_child SET ACCESS METHOD heap;
ALTER TABLE sums_parent DROP COLUMN n;
DROP TABLE sums_parent, sums_child;

-- Statements are of what is set
CREATE TABLE sums_again (k text, n int, m int) USING spine;
INSERT INTO sums_again VALUES ('a', 1, 1);
SELECT spine_set_diff('sums_again', NULL), spine_set_diff('sums_again', '{}');
TRUNCATE sums_again;
SELECT spine_set_diff('sums_again', '{n,m}');
INSERT INTO sums_again VALUES ('a', 1, 1);
SELECT spine_set_diff('sums_again', '{m,n}');
SELECT statements FROM spine_settings WHERE relation = 'sums_again'::regclass;
SELECT spine_set_order('sums_again', '{k}');
SELECT statements FROM spine_settings WHERE relation = 'sums_again'::regclass;

-- Before the first absorption there is no spine
CALL fails('SELECT spine_set_exertion(''sums_again'', 1)');
CALL fails('SELECT spine_describe(''sums_again'')');
CALL fails('SELECT spine_hold(''sums_again'', ''reader'', 0)');
DROP TABLE sums_again;

-- Partitions are told one by one
CREATE TABLE "Sums parted" (k int, n int) PARTITION BY RANGE (k);
CREATE TABLE sums_part1 PARTITION OF "Sums parted" FOR VALUES FROM (0) TO (10) USING spine;
CREATE TABLE sums_part2 PARTITION OF "Sums parted" FOR VALUES FROM (10) TO (20) USING spine;
CALL fails('SELECT spine_absorb(''"Sums parted"'')');
CALL fails('SELECT spine_compact(''"Sums parted"'')');
CALL fails('SELECT spine_set_diff(''"Sums parted"'', ''{n}'')');
CALL fails('SELECT spine_set_order(''"Sums parted"'', ''{k}'')');
CALL fails('SELECT spine_set_retention(''"Sums parted"'', ''1 day'')');
SELECT spine_set_diff(relid, '{n}') FROM pg_partition_tree('public."Sums parted"') WHERE isleaf;
INSERT INTO "Sums parted" SELECT i % 20, 1 FROM generate_series(1, 100) i;
SELECT spine_absorb(relid) FROM pg_partition_tree('public."Sums parted"') WHERE isleaf;
SELECT count(*), sum(n) FROM "Sums parted";
DROP TABLE "Sums parted";

-- An order: groups hold ranges of it, and what cannot match is passed over
CREATE TABLE sums_sorted (i int, t text) USING spine;
SELECT spine_set_order('sums_sorted', '{t,i}');
INSERT INTO sums_sorted SELECT i, 'key ' || lpad((i * 7919 % 30000)::text, 5, '0') FROM generate_series(1, 30000) i;
SELECT spine_absorb('sums_sorted');
SELECT count(*), bool_and(in_order) FROM (SELECT t >= lag(t, 1, '') OVER () AS in_order FROM (SELECT t FROM sums_sorted OFFSET 0) s) s;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT i FROM sums_sorted WHERE t = 'key 00500';
SELECT count(*) FROM sums_sorted WHERE t = 'key 00500';
-- With a null the order is that of the type's btree: nulls come last
INSERT INTO sums_sorted SELECT 0, NULL FROM generate_series(1, 3);
SELECT spine_compact('sums_sorted');
SELECT count(*) FROM (SELECT t, row_number() OVER () AS n FROM (SELECT t FROM sums_sorted OFFSET 0) s) s WHERE t IS NULL AND n > 30000;
SELECT spine_set_order('sums_sorted', NULL);
SELECT count(*) FROM spine_settings;
DROP TABLE sums_sorted;
DROP FUNCTION sums_fill, sums_compare;
\i :srcdir/sql/disturbed.psql
