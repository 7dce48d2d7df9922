--
-- The type spine_frontier
--

-- Calls something that must fail and shows all of the error.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- Text

SELECT t AS input, t::spine_frontier AS frontier
FROM unnest(ARRAY['[5]', '[0]', '[]', ' [ 5 ] ', E'\t[\n5\r]\x0b\f', '[ ]', '[007]',
				  '[9223372036854775807]', '[7, 5]', '[5,7,5,9]', '[ 3 , 3 ]']) t;

-- Elements that another one covers are left out, so these are equal
SELECT '[7, 5]'::spine_frontier = '[5]'::spine_frontier AS equal;

CALL fails($$SELECT ''::spine_frontier$$);
CALL fails($$SELECT '5'::spine_frontier$$);
CALL fails($$SELECT '[5'::spine_frontier$$);
CALL fails($$SELECT '5]'::spine_frontier$$);
CALL fails($$SELECT '[5]]'::spine_frontier$$);
CALL fails($$SELECT '[5] x'::spine_frontier$$);
CALL fails($$SELECT '[5][6]'::spine_frontier$$);
CALL fails($$SELECT '{5}'::spine_frontier$$);
CALL fails($$SELECT '[,]'::spine_frontier$$);
CALL fails($$SELECT '[5,]'::spine_frontier$$);
CALL fails($$SELECT '[,5]'::spine_frontier$$);
CALL fails($$SELECT '[5,,6]'::spine_frontier$$);
CALL fails($$SELECT '[5 6]'::spine_frontier$$);
CALL fails($$SELECT '[+5]'::spine_frontier$$);
CALL fails($$SELECT '[5.0]'::spine_frontier$$);
CALL fails($$SELECT '[0x5]'::spine_frontier$$);
CALL fails($$SELECT '[1e3]'::spine_frontier$$);
CALL fails($$SELECT '[x]'::spine_frontier$$);
CALL fails($$SELECT '[NULL]'::spine_frontier$$);
CALL fails($$SELECT '[[5]]'::spine_frontier$$);

-- Out of range
CALL fails($$SELECT '[-1]'::spine_frontier$$);
CALL fails($$SELECT '[5,-1]'::spine_frontier$$);
CALL fails($$SELECT '[9223372036854775808]'::spine_frontier$$);
CALL fails($$SELECT '[99999999999999999999999999]'::spine_frontier$$);

-- Several dimensions: elements that another one covers are left out, the rest sorted
SELECT t AS input, t::spine_frontier AS frontier
FROM unnest(ARRAY['[(0,3),(2,1)]', '[(2,1),(0,3)]', ' [ ( 2 , 1 ) ,(0,3) ] ', '[(1,1),(1,1)]',
				  '[(3,3),(0,3),(2,1),(9,0)]', '[(1,2,3),(1,2,4),(0,9,9)]',
				  '[(4,3,2,1)]', '[(9223372036854775807,0)]']) t;
CALL fails($$SELECT '[(5)]'::spine_frontier$$);
CALL fails($$SELECT '[()]'::spine_frontier$$);
CALL fails($$SELECT '[(1,2,3,4,5)]'::spine_frontier$$);
CALL fails($$SELECT '[(1,2),(1,2,3)]'::spine_frontier$$);
CALL fails($$SELECT '[(1,2),3]'::spine_frontier$$);
CALL fails($$SELECT '[(1,2'::spine_frontier$$);
CALL fails($$SELECT '[(1 2)]'::spine_frontier$$);
CALL fails($$SELECT '[(1,-2)]'::spine_frontier$$);
CALL fails($$SELECT '[(1,9223372036854775808)]'::spine_frontier$$);
SELECT length(('[' || string_agg(format('(%s,%s)', n, 10000 - n), ',') || ']')::spine_frontier::text)
FROM generate_series(1, 10000) n;
SELECT spine_frontier_join(a, b) IS NOT NULL AS joined
FROM (SELECT ('[' || string_agg(format('(%s,%s)', n, 10000 - n), ',') || ']')::spine_frontier AS a
	  FROM generate_series(1, 10000) n) x, (SELECT '[(7,8)]'::spine_frontier AS b) y;
DO $$
BEGIN
	PERFORM ('[' || string_agg(format('(%s,%s)', n, 20000 - n), ',') || ']')::spine_frontier
	FROM generate_series(1, 10001) n;
EXCEPTION WHEN program_limit_exceeded THEN
	RAISE NOTICE '%', sqlerrm;
END $$;

-- Casts

SELECT 5::spine_frontier AS int4, 5::bigint::spine_frontier AS int8,
	   0::spine_frontier AS minimum,
	   9223372036854775807::spine_frontier AS maximum,
	   2147483647::spine_frontier AS int4_maximum;
SELECT '[5]'::spine_frontier::bigint AS int8,
	   '[9223372036854775807]'::spine_frontier::bigint AS maximum,
	   '[8,6]'::spine_frontier::bigint AS least;
SELECT '[5]'::spine_frontier::text AS text, '[6]'::text::spine_frontier AS frontier,
	   NULL::spine_frontier AS null, NULL::bigint::spine_frontier IS NULL AS null_int8,
	   NULL::spine_frontier::bigint IS NULL AS int8_null;
SELECT spine_frontier(5) AS int4, spine_frontier(5::bigint) AS int8;

CALL fails($$SELECT (-1)::spine_frontier$$);
CALL fails($$SELECT (-9223372036854775808)::spine_frontier$$);
CALL fails($$SELECT '[]'::spine_frontier::bigint$$);
CALL fails($$SELECT '[(1,2)]'::spine_frontier::bigint$$);
-- To bigint explicitly only, to integer not at all
CALL fails($$SELECT '[5]'::spine_frontier + 1$$);
CALL fails($$SELECT '[5]'::spine_frontier::integer$$);

CREATE TABLE frontier_cast (f spine_frontier, i bigint);
INSERT INTO frontier_cast (f) VALUES (1), (2::bigint), ('[3]');
CALL fails($$INSERT INTO frontier_cast (i) SELECT f FROM frontier_cast$$);
CALL fails($$INSERT INTO frontier_cast (f) VALUES ('4')$$);
SELECT * FROM frontier_cast ORDER BY f;
DROP TABLE frontier_cast;

-- The partial order, which is total in one dimension: [] comes after every time

CREATE TABLE frontier_value (f spine_frontier);
INSERT INTO frontier_value VALUES ('[]'), (3), (0), (9223372036854775807), (10), (NULL), (2);

SELECT a.f AS a, b.f AS b, a.f = b.f AS "=", a.f <> b.f AS "<>", a.f < b.f AS "<",
	   a.f <= b.f AS "<=", a.f > b.f AS ">", a.f >= b.f AS ">="
FROM frontier_value a, frontier_value b
WHERE a.f IN ('[2]', '[3]', '[]') AND b.f IN ('[2]', '[3]', '[]')
ORDER BY a.f, b.f;
SELECT '[5]'::spine_frontier = NULL AS "=", NULL < '[5]'::spine_frontier AS "<";

-- An integer will do on either side
SELECT '[5]'::spine_frontier < 6 AS int4, 6::bigint <= '[5]'::spine_frontier AS int8;

-- With several dimensions it is partial
SELECT a, b, a = b AS "=", a <> b AS "<>", a < b AS "<", a <= b AS "<=", a > b AS ">", a >= b AS ">="
FROM (VALUES ('[(1,2)]'::spine_frontier, '[(2,1)]'::spine_frontier), ('[(1,2)]', '[(1,3)]'),
			 ('[(0,3),(2,1)]', '[(2,3)]'), ('[(0,3),(2,1)]', '[(0,3)]'), ('[(1,2)]', '[]')) v (a, b);
CALL fails($$SELECT '[(1,2)]'::spine_frontier < 5$$);
CALL fails($$SELECT '[(1,2)]'::spine_frontier >= '[(1,2,3)]'$$);
SELECT '[(1,2)]'::spine_frontier = 5 AS "=", '[(1,2)]'::spine_frontier ~<~ 5 AS "~<~";

-- The total order agrees with it
SELECT count(*) AS compared,
	   count(*) FILTER (WHERE (a.f ~<~ b.f) <> (spine_frontier_cmp(a.f, b.f) < 0)
						OR (a.f ~<=~ b.f) <> (spine_frontier_cmp(a.f, b.f) <= 0)
						OR (a.f ~>~ b.f) <> (spine_frontier_cmp(a.f, b.f) > 0)
						OR (a.f ~>=~ b.f) <> (spine_frontier_cmp(a.f, b.f) >= 0)
						OR (a.f = b.f) <> (spine_frontier_cmp(a.f, b.f) = 0)) AS contradictory,
	   count(*) FILTER (WHERE a.f < b.f AND NOT a.f ~<~ b.f
						OR a.f > b.f AND NOT a.f ~>~ b.f) AS not_extended
FROM frontier_value a, frontier_value b
WHERE a.f IS NOT NULL AND b.f IS NOT NULL;

-- What the catalogs have to know about the operators
SELECT o.oprname AS operator, c.oprname AS commutator, n.oprname AS negator,
	   o.oprcanmerge AS merges, o.oprcanhash AS hashes
FROM pg_operator o
LEFT JOIN pg_operator c ON c.oid = o.oprcom
LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE o.oprleft = 'spine_frontier'::regtype
ORDER BY o.oprname COLLATE "C";

-- Sorting

SELECT f FROM unnest('{[],"[(1,2,3)]","[(1,2)]",[5],"[(0,3),(2,1)]","[(0,3)]","[(0,3),(1,2)]",[0]}'::spine_frontier[]) f
ORDER BY f;
SELECT f FROM frontier_value ORDER BY f;
SELECT f FROM frontier_value ORDER BY f DESC NULLS LAST;
SELECT f FROM frontier_value ORDER BY f USING ~>~;
CALL fails('SELECT f FROM frontier_value ORDER BY f USING <');
SELECT DISTINCT f FROM (SELECT f FROM frontier_value UNION ALL SELECT '[10, 12]') v ORDER BY f;
SELECT f FROM frontier_value INTERSECT SELECT '[3]' ORDER BY f;
SELECT array_agg(f ORDER BY f) AS array FROM frontier_value;
SELECT ARRAY[1, 2]::spine_frontier[] < ARRAY[1, 3]::spine_frontier[] AS arrays;
SELECT greatest('[4]'::spine_frontier, '[]', '[7]') AS greatest,
	   least('[4]'::spine_frontier, '[]', '[7]') AS least;

-- Indexes

CREATE TABLE frontier_indexed (f spine_frontier, n integer);
INSERT INTO frontier_indexed SELECT n % 500, n FROM generate_series(0, 999) n;
INSERT INTO frontier_indexed VALUES ('[]', 1000);
CREATE INDEX frontier_indexed_f ON frontier_indexed (f);
ANALYZE frontier_indexed;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM frontier_indexed WHERE f = 7;
SELECT n FROM frontier_indexed WHERE f = 7 ORDER BY n;
EXPLAIN (COSTS OFF) SELECT f FROM frontier_indexed WHERE f ~>=~ 498 ORDER BY f;
SELECT f FROM frontier_indexed WHERE f ~>=~ 498 ORDER BY f;
SELECT f FROM frontier_indexed WHERE f ~>~ 495 AND f ~<~ 497 ORDER BY f;
SELECT f FROM frontier_indexed ORDER BY f DESC LIMIT 2;
SELECT count(*) FROM frontier_indexed WHERE f = ANY ('{[1],[2],[]}');
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT count(*) FROM frontier_indexed WHERE f < 10;
SELECT count(*) FROM frontier_indexed WHERE f <= 10;
SELECT count(*) FROM frontier_indexed WHERE f > 490;
SELECT count(*) FROM frontier_indexed WHERE f >= 490;

CREATE UNIQUE INDEX frontier_value_f ON frontier_value (f);
CALL fails($$INSERT INTO frontier_value VALUES ('[12, 10]')$$);
DROP INDEX frontier_value_f;

CREATE INDEX frontier_indexed_hash ON frontier_indexed USING hash (f);
DROP INDEX frontier_indexed_f;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM frontier_indexed WHERE f = 7;
SELECT n FROM frontier_indexed WHERE f = 7 ORDER BY n;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Hashing and merging

SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT f, count(*) FROM frontier_indexed GROUP BY f;
SELECT count(*) AS groups, sum(n) AS rows
FROM (SELECT f, count(*) AS n FROM frontier_indexed GROUP BY f) g;
RESET enable_sort;

CREATE FUNCTION frontier_join_method() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXPLAIN (COSTS OFF)
		SELECT * FROM frontier_indexed a JOIN frontier_indexed b USING (f)
	LOOP
		IF line ~ 'Join|Loop' THEN
			RETURN NEXT trim(line);
		END IF;
	END LOOP;
END $$;
SET enable_nestloop = off;
SET enable_mergejoin = off;
SELECT frontier_join_method();
SELECT count(*) FROM frontier_indexed a JOIN frontier_indexed b USING (f);
RESET enable_mergejoin;
SET enable_hashjoin = off;
SELECT frontier_join_method();
SELECT count(*) FROM frontier_indexed a JOIN frontier_indexed b USING (f);
RESET enable_hashjoin;
RESET enable_nestloop;

SELECT spine_frontier_hash('[3, 4]') = spine_frontier_hash('[3]') AS equal,
	   spine_frontier_hash('[3]') = spine_frontier_hash('[4]') AS different,
	   spine_frontier_hash_extended('[3,4]', 1) = spine_frontier_hash_extended('[3]', 1)
	   AS equal_extended,
	   spine_frontier_hash_extended('[3]', 1) = spine_frontier_hash_extended('[3]', 2)
	   AS seeds_differ,
	   spine_frontier_hash_extended('[3]', 0) & 4294967295 =
	   spine_frontier_hash('[3]')::bigint & 4294967295 AS low_half_agrees;

-- Partitioning by either

CREATE TABLE frontier_range (f spine_frontier) PARTITION BY RANGE (f);
CREATE TABLE frontier_range_1 PARTITION OF frontier_range FOR VALUES FROM (0) TO (10);
CREATE TABLE frontier_range_2 PARTITION OF frontier_range FOR VALUES FROM (10) TO ('[]');
INSERT INTO frontier_range VALUES (9), (10), (11);
SELECT tableoid::regclass, f FROM frontier_range ORDER BY f;
CREATE TABLE frontier_hash (f spine_frontier) PARTITION BY HASH (f);
CREATE TABLE frontier_hash_0 PARTITION OF frontier_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE frontier_hash_1 PARTITION OF frontier_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO frontier_hash SELECT f FROM frontier_indexed;
SELECT count(*) FROM frontier_hash WHERE f = 7;
DROP TABLE frontier_range, frontier_hash;

-- Join and meet: least upper and greatest lower bound

SELECT a.f AS a, b.f AS b, spine_frontier_join(a.f, b.f) AS join,
	   spine_frontier_meet(a.f, b.f) AS meet
FROM (VALUES ('[2]'::spine_frontier), ('[3]'), ('[]')) a (f),
	 (VALUES ('[2]'::spine_frontier), ('[3]'), ('[]')) b (f)
ORDER BY a.f, b.f;
SELECT spine_frontier_join(5, 6::bigint) AS join, spine_frontier_meet(5, '[]') AS meet,
	   spine_frontier_join(5, NULL) IS NULL AS join_null,
	   spine_frontier_meet(NULL, 5) IS NULL AS meet_null;

SELECT a, b, spine_frontier_join(a, b) AS join, spine_frontier_meet(a, b) AS meet
FROM (VALUES ('[(1,2)]'::spine_frontier, '[(2,1)]'::spine_frontier), ('[(0,3),(2,1)]', '[(1,2)]'),
			 ('[(0,3),(2,1)]', '[(1,0),(0,4)]'), ('[(1,1,1)]', '[]')) v (a, b);
CALL fails($$SELECT spine_frontier_join('[(1,2)]', 5)$$);
CALL fails($$SELECT spine_frontier_meet('[(1,2)]', '[(1,2,3)]')$$);

-- Binary form: the number of dimensions, then the coordinates

SELECT f, spine_frontier_send(f) FROM frontier_value WHERE f IS NOT NULL ORDER BY f;

\getenv abs_builddir PG_ABS_BUILDDIR
\set filename :abs_builddir '/results/frontier.data'
\cd :abs_builddir
COPY (SELECT f FROM frontier_value) TO STDOUT (FORMAT binary) \g :filename
CREATE TABLE frontier_copy (f spine_frontier);
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
SELECT f FROM frontier_copy ORDER BY f;
SELECT count(*) AS different
FROM ((TABLE frontier_copy EXCEPT ALL TABLE frontier_value)
	  UNION ALL (TABLE frontier_value EXCEPT ALL TABLE frontier_copy)) d;
COPY (SELECT f FROM frontier_value ORDER BY f) TO STDOUT;

-- A bytea in binary form is just its bytes, and so can be anything
COPY (SELECT '\x010000000000000005'::bytea) TO STDOUT (FORMAT binary) \g :filename
TRUNCATE frontier_copy;
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
SELECT * FROM frontier_copy;
\set SHOW_CONTEXT never
COPY (SELECT '\x018000000000000000'::bytea) TO STDOUT (FORMAT binary) \g :filename
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
COPY (SELECT '\x0200000000000000050000000000000006'::bytea) TO STDOUT (FORMAT binary) \g :filename
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
-- Not an antichain
COPY (SELECT '\x020000000000000005000000000000000600000000000000050000000000000007'::bytea) TO STDOUT (FORMAT binary) \g :filename
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
-- The same with nothing but the SQLSTATE
\set VERBOSITY sqlstate
COPY (SELECT '\x018000000000000000'::bytea) TO STDOUT (FORMAT binary) \g :filename
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
COPY (SELECT '\x05'::bytea) TO STDOUT (FORMAT binary) \g :filename
\copy frontier_copy FROM 'results/frontier.data' (FORMAT binary)
\set VERBOSITY default
\set SHOW_CONTEXT errors
SELECT * FROM frontier_copy;

DROP TABLE frontier_value, frontier_indexed, frontier_copy;
DROP FUNCTION frontier_join_method;
