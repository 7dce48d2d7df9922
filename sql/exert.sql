--
-- Driving merges where pushes do not: exertion, fuel, structural empties,
-- effort, pending batches, closing
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql
CREATE TABLE exert (i integer);
SELECT spine_register('exert');
CREATE VIEW exert_levels AS
	SELECT level, state, batches, len, merge_lo || '-' || merge_hi AS merge, merge_since AS since, merge_remaining AS remaining
	FROM spine_levels WHERE relation = 'exert'::regclass ORDER BY level;
-- Answers every request as a merge that keeps so many in a hundred updates
CREATE PROCEDURE exert_answer(kept integer DEFAULT 100) LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT * FROM spine_merge_requests WHERE relation = 'exert'::regclass LOOP
		RAISE NOTICE 'merge %-%: % updates, %', r.id_lo, r.id_hi, r.len,
			spine_apply_merge('exert', r.lower, r.upper, r.since, r.len * kept / 100, ARRAY['m' || r.id_lo || '-' || r.id_hi], inputs => r.parts);
	END LOOP;
END $$;

-- Nothing to do
SELECT spine_exert('exert', 1), spine_apply_fuel('exert', 100), spine_force_compaction('exert');
SELECT spine_append('exert', 5, '{k0}'), spine_exert('exert', 1000), spine_apply_fuel('exert', 1), spine_force_compaction('exert');

-- A merge under way gets fuel until it is a request
SELECT spine_append('exert', 6, '{k1}');
SELECT * FROM exert_levels;
SELECT spine_apply_fuel('exert', 1), spine_apply_fuel('exert', 0);
SELECT * FROM exert_levels;
SELECT spine_exert('exert', 3);
SELECT * FROM exert_levels;
SELECT count(*) FROM spine_merge_requests WHERE relation = 'exert'::regclass;
SELECT spine_exert('exert', 100);
SELECT * FROM exert_levels;
SELECT id_lo, id_hi, len, parts FROM spine_merge_requests WHERE relation = 'exert'::regclass;
SELECT spine_describe('exert'), spine_validate('exert');

-- Without one, a structural empty comes, and takes along what is below
SELECT spine_append('exert', 1, '{k2}');
SELECT spine_exert('exert', 1);
SELECT * FROM exert_levels;
SELECT spine_exert('exert', 100);
SELECT * FROM exert_levels;
SELECT spine_introduce_empty('exert', 6);
SELECT * FROM exert_levels;
SELECT spine_introduce_empty('exert', 2), spine_introduce_empty('exert', 2), spine_introduce_empty('exert', 2);
SELECT * FROM exert_levels;
SELECT spine_validate('exert');

-- By exertion and answers it ends in one compact batch, whatever cancels out
CREATE PROCEDURE exert_idle() LANGUAGE plpgsql AS $$
BEGIN
	FOR effort IN 0..30 LOOP
		EXIT WHEN NOT spine_exert('exert', 1 << effort);
	END LOOP;
END $$;
CALL exert_idle();
CALL exert_answer();
SELECT spine_append('exert', 12, '{minus}');
CALL exert_idle();
CALL exert_answer(0);
CALL exert_idle();
SELECT spine_batches, hollow_batches, compact, compacting, levels, updates FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT spine_exert('exert', 1), spine_describe('exert');

-- Or at once
SELECT count(spine_append('exert', n % 50, ARRAY['l' || n])) FROM generate_series(1, 99) n;
SELECT spine_batches > 2 AS several FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT spine_force_compaction('exert'), spine_force_compaction('exert');
SELECT spine_batches, hollow_batches, spine_validate(relation) FROM spine_traces WHERE relation = 'exert'::regclass;
CALL exert_answer(1);
SELECT spine_describe('exert');
SELECT spine_exert('exert', 1) AS tidied, spine_exert('exert', 1) AS again;
SELECT * FROM exert_levels;

-- Effort: as many times the fuel
SELECT spine_set_effort('exert', 7), spine_set_effort('exert', 7);
SELECT effort FROM spine_traces WHERE relation = 'exert'::regclass;

-- Another when idle
SELECT spine_set_exertion('exert', 0), spine_set_exertion('exert', 7);
SELECT exert_effort, merge_function FROM spine_traces WHERE relation = 'exert'::regclass;
BEGIN;
SELECT spine_set_exertion('exert', 0);
SELECT exert_effort FROM spine_traces WHERE relation = 'exert'::regclass;
ROLLBACK;
SELECT spine_set_exertion('exert', NULL);
SELECT exert_effort FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT count(*) FROM spine_option WHERE relation = 'exert'::regclass;
CALL fails($$SELECT spine_set_exertion('exert', -1)$$);

-- In a transaction, as a push is
BEGIN;
SELECT spine_append('exert', 30, '{n1}'), spine_append('exert', 30, '{n2}');
SAVEPOINT a;
SELECT spine_force_compaction('exert');
SELECT spine_describe('exert');
ROLLBACK TO a;
SELECT spine_describe('exert');
SELECT spine_set_effort('exert', 1);
SAVEPOINT b;
SELECT spine_introduce_empty('exert', 9);
RELEASE b;
PREPARE TRANSACTION 'exert';
SELECT effort, spine_batches, spine_validate(relation) FROM spine_traces WHERE relation = 'exert'::regclass;
COMMIT PREPARED 'exert';
SELECT effort, spine_batches, spine_validate(relation) FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT * FROM exert_levels;
SELECT spine_append('exert', 1, '{n3}');
SELECT spine_describe('exert'), spine_validate('exert');

-- Empty batches that exertion joins: one row, and what parts they had is garbage
TRUNCATE exert;
DELETE FROM spine_garbage_part;
SELECT spine_append('exert', 1, '{a}'), spine_append('exert', 1, '{b}'), spine_append('exert', 1, '{c}'), spine_append('exert', 1, '{d}');
SELECT id_lo, id_hi, len, parts FROM spine_merge_requests WHERE relation = 'exert'::regclass;
SELECT spine_apply_merge('exert', 0, 2, 0, 0, '{ab}'), spine_apply_merge('exert', 2, 4, 0, 0, '{cd}');
SELECT spine_describe('exert');
SELECT spine_append('exert', 8, '{e}');
SELECT * FROM exert_levels;
SELECT spine_force_compaction('exert');
SELECT spine_describe('exert'), spine_validate('exert');

-- Pending batches: they wait for the physical compaction frontier
TRUNCATE exert;
SELECT spine_set_physical_compaction('exert', 2);
SELECT spine_append('exert', 0), spine_append('exert', 4, '{p1}'), spine_append('exert', 4, '{p2}'), spine_append('exert', 0, '{p3}'), spine_append('exert', 0);
SELECT physical, pending, spine_batches, hollow_batches, updates, levels FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT spine_describe('exert'), spine_validate('exert');
SELECT id_lo, level, lower, upper, len FROM spine_batches WHERE relation = 'exert'::regclass ORDER BY 1;
SELECT spine_force_compaction('exert');
BEGIN;
SELECT spine_set_physical_compaction('exert', 4);
SELECT spine_describe('exert'), spine_validate('exert');
SELECT spine_set_physical_compaction('exert', NULL);
SELECT spine_describe('exert'), spine_validate('exert');
SELECT part FROM spine_garbage WHERE relation = 'exert'::regclass ORDER BY part;
ROLLBACK;
SELECT physical, pending FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT part FROM spine_garbage WHERE relation = 'exert'::regclass AND part LIKE 'p%';
CALL fails($$SELECT spine_set_physical_compaction('exert', 1)$$);
CALL fails($$SELECT spine_set_physical_compaction('exert', '[(1,1)]')$$);
-- to the end of time: nothing waits any more, and merges go on
SELECT spine_set_physical_compaction('exert', '[]');
SELECT spine_append('exert', 9, ARRAY['q' || n]) FROM generate_series(1, 4) n;
SELECT physical, pending, spine_validate(relation) FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT id_lo, id_hi, parts FROM spine_merge_requests WHERE relation = 'exert'::regclass ORDER BY 1;
CALL fails($$SELECT spine_set_physical_compaction('exert', 9)$$);
SELECT spine_set_physical_compaction('exert', NULL), spine_set_physical_compaction('exert', 3);
SELECT spine_append('exert', 9, '{r}');
SELECT spine_describe('exert');

-- Cursors
SELECT id_lo, id_hi, len, parts FROM spine_cursor_through('exert', 9);
SELECT id_lo, id_hi, len, parts FROM spine_cursor_through('exert', 8);
SELECT id_lo, id_hi, len, parts FROM spine_cursor_through('exert', '[]');
SELECT count(*) FROM spine_cursor_through('exert', 0);
CALL fails($$SELECT * FROM spine_cursor_through('exert', 2)$$);
CALL fails($$SELECT * FROM spine_cursor_through('exert', '[(1,1)]')$$);
CALL fails($$SELECT * FROM spine_cursor_through('exert', NULL)$$);
CALL exert_answer();
SELECT spine_set_physical_compaction('exert', NULL);
CALL fails($$SELECT * FROM spine_cursor_through('exert', 6)$$);
BEGIN;
SELECT spine_downgrade_since('exert', '[]');
CALL fails($$SELECT * FROM spine_cursor_through('exert', 9)$$);
ROLLBACK;

-- Closing
SELECT spine_close('exert'), spine_close('exert');
SELECT spine_upper('exert'), spine_validate('exert');
SELECT spine_force_compaction('exert');
CALL exert_answer();
SELECT spine_describe('exert');
CALL fails($$SELECT spine_append('exert', 1)$$);

-- In two dimensions, where a cut may go beside a batch
CREATE TABLE exert_two (i integer);
SELECT spine_register('exert_two', 2);
SELECT spine_set_physical_compaction('exert_two', '[(0,0)]');
SELECT spine_push_batch('exert_two', '[(0,0)]', '[(0,2),(2,0)]', 1, '{a}');
SELECT spine_push_batch('exert_two', '[(0,2),(2,0)]', '[(2,2)]', 1, '{b}');
SELECT spine_push_batch('exert_two', '[(2,2)]', '[(4,4)]', 1, '{c}');
SELECT id_lo, parts FROM spine_cursor_through('exert_two', '[(2,2)]');
CALL fails($$SELECT id_lo, parts FROM spine_cursor_through('exert_two', '[(3,0),(0,2)]')$$);
CALL fails($$SELECT * FROM spine_cursor_through('exert_two', '[(1,3)]')$$);
SELECT spine_set_physical_compaction('exert_two', '[(2,2)]');
SELECT spine_describe('exert_two'), spine_validate('exert_two');
SELECT spine_exert('exert_two', 10);
SELECT spine_set_physical_compaction('exert_two', NULL);
SELECT spine_force_compaction('exert_two');
SELECT spine_describe('exert_two'), spine_validate('exert_two');
SELECT id_lo, id_hi FROM spine_push_batch('exert_two', '[(4,4)]', '[(5,5)]', 1, '{d}');
SELECT spine_apply_merge('exert_two', '[(0,2),(2,0)]', '[(4,4)]', '[(0,0)]', 2, '{bc}');
SELECT spine_close('exert_two'), spine_validate('exert_two');

-- Wrong values
CALL fails($$SELECT spine_exert('exert', 0)$$);
CALL fails($$SELECT spine_exert('exert', -9223372036854775808)$$);
CALL fails($$SELECT spine_exert('exert', NULL)$$);
CALL fails($$SELECT spine_apply_fuel('exert', -1)$$);
CALL fails($$SELECT spine_apply_fuel('exert', NULL)$$);
CALL fails($$SELECT spine_introduce_empty('exert', -1)$$);
CALL fails($$SELECT spine_introduce_empty('exert', 64)$$);
CALL fails($$SELECT spine_introduce_empty('exert', NULL)$$);
CALL fails($$SELECT spine_set_effort('exert', 0)$$);
CALL fails($$SELECT spine_set_effort('exert', NULL)$$);
CALL fails($$SELECT spine_force_compaction(NULL)$$);
CALL fails($$SELECT spine_close('exert_levels')$$);
CREATE TABLE exert_plain ();
CALL fails($$SELECT spine_exert('exert_plain', 1)$$);
CALL fails($$SELECT spine_close('exert_plain')$$);
CALL fails($$SELECT * FROM spine_cursor_through('exert_plain', 1)$$);
BEGIN READ ONLY;
CALL fails($$SELECT spine_force_compaction('exert')$$);
COMMIT;

-- The highest level there is, and much fuel
TRUNCATE exert;
SELECT spine_append('exert', 9223372036854775807, '{x}'), spine_append('exert', 9223372036854775807, '{y}');
SELECT spine_introduce_empty('exert', 63), spine_apply_fuel('exert', 9223372036854775807), spine_exert('exert', 3000000000);
SELECT spine_validate('exert'), spine_force_compaction('exert');
SELECT spine_describe('exert');
SELECT spine_validate('exert');
TRUNCATE exert;
SELECT spine_append('exert', 9), spine_append('exert', 1);
SELECT spine_exert('exert', 9223372036854775807), spine_exert('exert', 9223372036854775807), spine_validate('exert');
SELECT count(*), max(level) FILTER (WHERE batches > 0) AS level FROM exert_levels;
SELECT spine_exert('exert', 1), spine_exert('exert', 1);
SELECT * FROM exert_levels;
-- Levels that a structural empty has made are there until updates or exertion come
TRUNCATE exert;
SELECT spine_append('exert', 9), spine_introduce_empty('exert', 63);
SELECT levels FROM spine_traces WHERE relation = 'exert'::regclass;
SELECT spine_append('exert', 9), spine_exert('exert', 1);
SELECT levels FROM spine_traces WHERE relation = 'exert'::regclass;

DROP VIEW exert_levels;
DROP TABLE exert, exert_two, exert_plain;
DROP PROCEDURE exert_answer, exert_idle;
