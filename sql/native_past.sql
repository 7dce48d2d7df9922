--
-- The past of native tables: ticks, as of, changes, retention
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql
\i :srcdir/sql/undisturbed.psql
-- The same without ticks and moments
CREATE PROCEDURE too_early(command text) LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE command;
	RAISE WARNING 'no error: %', command;
EXCEPTION WHEN invalid_parameter_value OR object_not_in_prerequisite_state THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE E'%\n  DETAIL: %', regexp_replace(SQLERRM, '\d{9,}', 'N'), regexp_replace(regexp_replace(detail, ', of 2.*', ', of then.'), '\d{9,}', 'N');
END $$;

CREATE TABLE past (i int, t text) USING spine;
INSERT INTO past VALUES (-1, 'before there was a past');
SELECT spine_absorb('past');
CALL fails($$SELECT * FROM spine_as_of(NULL::past, 0)$$);
CALL fails($$SELECT * FROM spine_changes(NULL::past, NULL::bigint, NULL)$$);
SELECT spine_set_retention('past', '1 hour');
CALL fails($$SELECT * FROM spine_as_of(NULL::past, 0)$$);
-- The first absorption makes the first tick, whether there is something new or not
SELECT spine_absorb('past');
SELECT spine_absorb('past');
SELECT relation, held, at <= now() AS at, tick BETWEEN extract(epoch FROM at - '2000-01-01 00:00 UTC') * 1000 - 1 AND extract(epoch FROM at - '2000-01-01 00:00 UTC') * 1000 + 1 AS tick FROM spine_ticks;
-- Ticks are shown as so many after the first
SELECT tick AS t FROM spine_ticks \gset
INSERT INTO past SELECT i, 'one' FROM generate_series(1, 3) i;
SELECT spine_absorb('past');
INSERT INTO past VALUES (10, 'changed before it was absorbed'), (11, 'deleted before');
UPDATE past SET t = 'as it was absorbed' WHERE i = 10;
DELETE FROM past WHERE i = 11;
SELECT spine_absorb('past');
CREATE FUNCTION past_counts(first bigint, OUT tick bigint, OUT held bigint, OUT rows bigint, OUT changes bigint) RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT tick - first, held, (SELECT count(*) FROM spine_as_of(NULL::past, tick)),
		(SELECT sum(diff) FROM spine_changes(NULL::past, NULL, tick)) FROM spine_ticks WHERE relation = 'past'::regclass ORDER BY tick $$;
SELECT * FROM past_counts(:t);
SELECT * FROM spine_as_of(NULL::past, :t + 1) ORDER BY i;
-- At a moment there is the tick before; in the future, the last
SELECT count(*) FROM spine_as_of(NULL::past, now());
SELECT count(*) FROM spine_as_of(NULL::past, 'infinity'::timestamptz);
SELECT spine_as_of(NULL::past, :t);
CALL too_early(format('SELECT * FROM spine_as_of(NULL::past, %s)', :t - 1));
CALL too_early(format('SELECT * FROM spine_as_of(NULL::past, %s)', :t + 3));
CALL too_early(format('SELECT * FROM spine_changes(NULL::past, %s, NULL)', :t + 1000));
CALL too_early('SELECT * FROM spine_as_of(NULL::past, -9223372036854775808)');
CALL too_early($$SELECT * FROM spine_as_of(NULL::past, '-infinity'::timestamptz)$$);
CALL too_early(format('SELECT * FROM spine_changes(NULL::past, %s, %1$s)', :t - 1));
SELECT data, tick - :t AS tick, diff FROM spine_changes(NULL::past, :t, :t + 2) ORDER BY tick, data;
SELECT (data).t, tick - :t AS tick, diff FROM spine_changes(NULL::past, :t + 1, NULL) ORDER BY 2, 1;
SELECT count(*) FROM spine_changes(NULL::past, :t + 2, :t + 2);
SELECT count(*) FROM spine_changes(NULL::past, :t + 2, :t + 1);
SELECT count(*) FROM spine_changes(NULL::past, NULL, 'infinity'::timestamptz);
SELECT sum(diff) FROM spine_changes(NULL::past, (SELECT at FROM spine_ticks WHERE tick = :t + 1), now());
-- Merging keeps it
SELECT spine_compact('past');
SELECT * FROM past_counts(:t);
SELECT data, tick - :t AS tick, diff FROM spine_changes(NULL::past, :t, :t + 2) ORDER BY tick, data;

-- What is in the delta is in no tick, and a transaction that has written makes none:
-- it might go on to write
INSERT INTO past VALUES (20, 'half');
SELECT max(i) FROM spine_as_of(NULL::past, now());
BEGIN;
INSERT INTO past VALUES (21, 'half');
SELECT spine_absorb('past');
INSERT INTO past VALUES (22, 'whole');
COMMIT;
SELECT * FROM past_counts(:t);
SELECT spine_absorb('past');
SELECT * FROM past_counts(:t);
SELECT (data).i, tick - :t AS tick, diff FROM spine_changes(NULL::past, :t + 2, NULL) ORDER BY 1;
-- Between ticks there is the one before
SELECT count(*) FROM spine_as_of(NULL::past, :t + 3);
BEGIN;
SELECT spine_absorb('past');
INSERT INTO past VALUES (23, 'after');
SELECT spine_absorb('past');
ROLLBACK;
SELECT * FROM past_counts(:t);

-- Nothing is left for the next absorption but the tick
CREATE TABLE past_behind (i int) USING spine;
SELECT spine_set_retention('past_behind', '1 hour');
INSERT INTO past_behind VALUES (1);
SELECT spine_absorb('past_behind');
BEGIN;
INSERT INTO past_behind VALUES (2);
SELECT spine_absorb('past_behind');
COMMIT;
SELECT count(*) FROM spine_as_of(NULL::past_behind, now());
SELECT spine_absorb('past_behind');
SELECT spine_absorb('past_behind');
SELECT tick - min(tick) OVER () AS tick, (SELECT count(*) FROM spine_as_of(NULL::past_behind, tick)) FROM spine_ticks
	WHERE relation = 'past_behind'::regclass ORDER BY tick;
SELECT data, tick - min(tick) OVER () AS tick, diff FROM spine_changes(NULL::past_behind, NULL::bigint, NULL) ORDER BY 1;
DROP TABLE past_behind;

-- Columns that come and go
ALTER TABLE past ADD n int DEFAULT 7, ADD m text;
INSERT INTO past VALUES (30, 'wide', 8, 'm');
SELECT spine_absorb('past');
ALTER TABLE past DROP t;
SELECT * FROM spine_as_of(NULL::past, :t + 1) ORDER BY i;
SELECT data, tick - :t AS tick, diff FROM spine_changes(NULL::past, :t + 4, NULL) ORDER BY 1;

-- VACUUM FULL keeps the past, and what writes the rows anew does not
VACUUM FULL past;
SELECT * FROM past_counts(:t);
ALTER TABLE past ALTER n TYPE bigint;
CALL fails($$SELECT * FROM spine_as_of(NULL::past, 2)$$);
SELECT spine_absorb('past');
-- Its ticks are other ones, all of them later
SELECT min(tick) > :t + 5 AS later, min(tick) AS u FROM spine_ticks \gset
\echo :later
CALL too_early(format('SELECT * FROM spine_changes(NULL::past, %s, NULL)', :t + 5));
\set t :u
SELECT * FROM past_counts(:t);
BEGIN;
TRUNCATE past;
SELECT count(*) FROM past_counts(:t);
ROLLBACK;
SELECT * FROM past_counts(:t);
TRUNCATE past;
CALL fails($$SELECT * FROM spine_as_of(NULL::past, 2)$$);

-- No longer than it has to be kept; what is not kept takes no space
SELECT spine_set_retention('past', '0');
INSERT INTO past VALUES (1), (2);
SELECT spine_absorb('past');
SELECT min(tick) > :t AS later, min(tick) AS t FROM spine_ticks \gset
\echo :later
INSERT INTO past VALUES (3);
SELECT spine_absorb('past');
SELECT * FROM past_counts(:t);
SELECT spine_since('past') = (:t + 1)::bigint AS since;
-- A hold keeps it, too
SELECT spine_hold('past', 'reader', :t + 1) = (:t + 1)::bigint AS held;
INSERT INTO past VALUES (4);
SELECT spine_absorb('past');
INSERT INTO past VALUES (5);
SELECT spine_absorb('past');
SELECT * FROM past_counts(:t);
SELECT spine_hold('past', 'reader', :t + 2) = (:t + 2)::bigint AS held;
INSERT INTO past VALUES (6);
SELECT spine_absorb('past');
SELECT * FROM past_counts(:t);
SELECT spine_release_hold('past', 'reader');
INSERT INTO past VALUES (7);
SELECT spine_absorb('past'), spine_compact('past');
SELECT * FROM past_counts(:t);
SELECT relation, retention, statements FROM spine_settings WHERE relation = 'past'::regclass;
-- Without any
SELECT spine_set_retention('past', NULL);
SELECT count(*) FROM spine_ticks;
CALL fails($$SELECT * FROM spine_as_of(NULL::past, 5)$$);
INSERT INTO past VALUES (8);
SELECT spine_absorb('past'), spine_compact('past');
SELECT count(*) FROM spine_ticks;
SELECT spine_set_retention('past', '1 day');
INSERT INTO past VALUES (9);
SELECT spine_absorb('past');
SELECT min(tick) > :t AS later, min(tick) AS t FROM spine_ticks \gset
\echo :later
SELECT * FROM past_counts(:t);
SELECT spine_validate('past');
DROP FUNCTION past_counts;

-- Rows that add up
CREATE TABLE past_sums (k text, n int) USING spine;
SELECT spine_set_diff('past_sums', '{n}'), spine_set_retention('past_sums', '1 hour');
INSERT INTO past_sums VALUES ('a', 1), ('b', 2);
SELECT spine_absorb('past_sums');
INSERT INTO past_sums VALUES ('a', 10), ('b', -2), ('b', 0);
SELECT spine_absorb('past_sums');
INSERT INTO past_sums VALUES ('c', 5), ('c', -5);
SELECT spine_absorb('past_sums');
INSERT INTO past_sums VALUES ('a', 100), ('d', 3), ('d', 4);
SELECT spine_absorb('past_sums');
CREATE VIEW past_sums_ticks AS
	SELECT row_number() OVER (ORDER BY tick) AS number, (SELECT array_agg(x ORDER BY x) FROM spine_as_of(NULL::past_sums, tick) x) AS rows
	FROM spine_ticks WHERE relation = 'past_sums'::regclass ORDER BY tick;
TABLE past_sums_ticks;
SELECT spine_compact('past_sums');
TABLE past_sums_ticks;
SELECT (data).k, sum((data).n * diff) FROM spine_changes(NULL::past_sums, NULL::bigint, NULL) GROUP BY 1 ORDER BY 1;
SELECT min(tick) AS t FROM spine_ticks WHERE relation = 'past_sums'::regclass \gset
SELECT (data).k, tick - :t AS tick, sum((data).n * diff) FROM spine_changes(NULL::past_sums, :t, NULL) GROUP BY 1, 2 ORDER BY 2, 1;
SELECT * FROM past_sums ORDER BY k;
SELECT spine_set_retention('past_sums', '0');
INSERT INTO past_sums VALUES ('a', 1000);
SELECT spine_absorb('past_sums'), spine_compact('past_sums');
TABLE past_sums_ticks;
DROP VIEW past_sums_ticks;

-- Who may
CREATE ROLE past_reader;
CREATE TABLE past_private (a int, b int) USING spine;
SELECT spine_set_retention('past_private', '1 day');
INSERT INTO past_private VALUES (1, 2);
SELECT spine_absorb('past_private');
SET ROLE past_reader;
CALL fails($$SELECT * FROM spine_as_of(NULL::past_private, now())$$);
CALL fails($$SELECT spine_set_retention('past_private', '1 day')$$);
SELECT count(*) FROM spine_ticks;
RESET ROLE;
GRANT SELECT (a) ON past_private TO past_reader;
SET ROLE past_reader;
CALL fails($$SELECT a FROM spine_as_of(NULL::past_private, now())$$);
RESET ROLE;
GRANT SELECT (b) ON past_private TO past_reader;
SET ROLE past_reader;
SELECT * FROM spine_as_of(NULL::past_private, now());
RESET ROLE;
GRANT SELECT ON past_private TO past_reader;
ALTER TABLE past_private ENABLE ROW LEVEL SECURITY;
SET ROLE past_reader;
CALL fails($$SELECT * FROM spine_as_of(NULL::past_private, now())$$);
CALL fails($$SELECT * FROM spine_changes(NULL::past_private, 0, NULL)$$);
SELECT count(*) FROM spine_ticks;
RESET ROLE;
SELECT * FROM spine_as_of(NULL::past_private, now());

-- What is none
CALL fails($$SELECT * FROM spine_as_of(NULL::pg_class, 0)$$);
CALL fails($$SELECT spine_as_of(1, 0)$$);
CALL fails($$SELECT spine_as_of(NULL::past, NULL::bigint)$$);
CALL fails($$SELECT spine_set_retention('past', '-1 second')$$);
CALL fails($$SELECT spine_set_retention('pg_class', '1 second')$$);
SELECT spine_set_retention('past', '178000000 years');
INSERT INTO past VALUES (10);
SELECT spine_absorb('past');
SELECT count(*) FROM spine_ticks WHERE relation = 'past'::regclass;
CREATE TABLE past_parent (i int) PARTITION BY RANGE (i);
CREATE TABLE past_child PARTITION OF past_parent DEFAULT USING spine;
CALL fails($$SELECT * FROM spine_as_of(NULL::past_parent, 0)$$);
SELECT spine_set_retention('past_child', '1 hour');
INSERT INTO past_parent VALUES (1);
SELECT spine_absorb('past_child');
SELECT * FROM spine_as_of(NULL::past_child, now());
CREATE UNLOGGED TABLE past_unlogged (i int) USING spine;
SELECT spine_set_retention('past_unlogged', '1 hour');
INSERT INTO past_unlogged VALUES (1);
SELECT spine_absorb('past_unlogged');
SELECT * FROM spine_as_of(NULL::past_unlogged, now());

-- Many groups, of which only some are meant; a cursor, and values that are kept apart
CREATE TABLE past_many (i int, t text) USING spine;
SELECT spine_set_retention('past_many', '1 hour'), spine_set_order('past_many', '{t}');
INSERT INTO past_many SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, 20000) i;
SELECT spine_absorb('past_many');
INSERT INTO past_many SELECT i, repeat(md5(i::text), 300) FROM generate_series(20001, 20100) i;
SELECT spine_absorb('past_many'), spine_compact('past_many');
SELECT row_number() OVER (ORDER BY tick) AS number, (SELECT count(*) FROM spine_as_of(NULL::past_many, tick) WHERE t = repeat(md5(i::text), CASE WHEN i <= 20000 THEN 3 ELSE 300 END))
	FROM spine_ticks WHERE relation = 'past_many'::regclass ORDER BY tick;
SELECT count(*), min((data).i) FROM spine_changes(NULL::past_many, (SELECT min(tick) FROM spine_ticks WHERE relation = 'past_many'::regclass), NULL);

-- One run is written anew if it is to be sorted otherwise
SELECT spine_set_retention('past_many', NULL), spine_compact('past_many'), spine_set_order('past_many', '{i}'), spine_compact('past_many');
SELECT spine_compact('past_many');
SELECT i FROM past_many LIMIT 3;

DROP TABLE past, past_sums, past_private, past_parent, past_unlogged, past_many;
DROP ROLE past_reader;
DROP PROCEDURE too_early;
SELECT count(*) FROM spine_tick;
\i :srcdir/sql/disturbed.psql
