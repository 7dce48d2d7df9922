--
-- Spines whose times have several dimensions
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

CREATE TABLE dims_two (i integer);
CREATE TABLE dims_four (i integer);
SELECT spine_register('dims_two', 2), spine_register('dims_four', dims => 4, effort => 3);
SELECT relation, upper, since, dims, effort FROM spine_traces WHERE relation::text LIKE 'dims%' ORDER BY 1;

-- A batch that begins and ends at several elements
SELECT id_lo, id_hi FROM spine_push_batch('dims_two', '[(0,0)]', '[(0,3),(2,1)]', 4, '{a}');
SELECT id_lo, id_hi FROM spine_push_batch('dims_two', '[(2,1),(0,3)]', '[(2,3)]', 3, '{b}');
SELECT id_lo, id_hi, lower, upper, since, len, parts
FROM spine_push_batch('dims_two', '[(2,3)]', '[(5,5),(4,7)]', 2, '{c,d}');
SELECT spine_upper('dims_two'), spine_since('dims_two'), spine_validate('dims_two');
SELECT spine_describe('dims_two');

-- Bounds that do not fit
CALL fails($$SELECT spine_push_batch('dims_two', '[(5,5)]', '[(6,6)]', 1)$$);
CALL fails($$SELECT spine_push_batch('dims_two', '[(4,7),(5,5)]', '[(4,8),(9,4)]', 1)$$);
CALL fails($$SELECT spine_push_batch('dims_two', '[(4,7),(5,5)]', '[(9,9)]', 1, since => '[(0,1)]')$$);
CALL fails($$SELECT spine_push_batch('dims_two', 5, 6, 1)$$);
CALL fails($$SELECT spine_push_batch('dims_two', '[(4,7),(5,5)]', '[(6,6,6)]', 1)$$);
CALL fails($$SELECT spine_push_batch('dims_two', '[(4,7),(5,5)]', '[(9,9)]', 1, since => 0)$$);
CALL fails($$SELECT spine_apply_merge('dims_two', 0, 5, 0, 1)$$);
CALL fails($$SELECT spine_downgrade_since('dims_two', 5)$$);
CALL fails($$SELECT * FROM spine_snapshot('dims_two', 5)$$);
CALL fails($$SELECT * FROM spine_listen('dims_two', '[(1,1,1)]')$$);
CALL fails($$SELECT spine_wait_upper('dims_two', 5, '0')$$);
CALL fails($$SELECT spine_hold('dims_two', 'reader', 5)$$);

-- There is no next time
CALL fails($$SELECT spine_append('dims_two', 1)$$);
CALL fails($$SELECT spine_append_batch('dims_two', 1)$$);

-- since: holds that are not comparable meet
SELECT spine_hold('dims_two', 'one', '[(0,2)]'), spine_hold('dims_two', 'two', '[(1,0)]');
SELECT spine_downgrade_since('dims_two', '[(3,3)]');
CALL fails($$SELECT spine_downgrade_since('dims_two', '[(0,1)]')$$);
CALL fails($$SELECT spine_hold('dims_two', 'three', '[(0,1)]')$$);
SELECT spine_release_hold('dims_two', 'one'), spine_release_hold('dims_two', 'two');
SELECT spine_downgrade_since('dims_two', '[(1,2)]');

-- Merges join sinces
SELECT id_lo, id_hi, lower, upper, since, len
FROM spine_push_batch('dims_two', '[(5,5),(4,7)]', '[(6,6)]', 9, since => '[(1,1)]');
SELECT id_lo, id_hi, lower, upper, since, len FROM spine_merge_requests
WHERE relation = 'dims_two'::regclass ORDER BY 1;
SELECT spine_apply_merge('dims_two', '[(0,0)]', '[(2,3)]', '[(0,0)]', 5, '{ab}');
SELECT spine_validate('dims_two');
SELECT level, state, batches, len, merge_lo, merge_hi, merge_since, merge_remaining
FROM spine_levels WHERE relation = 'dims_two'::regclass ORDER BY 1;
SELECT id_lo, id_hi, lower, upper, since, len, parts FROM spine_batches
WHERE relation = 'dims_two'::regclass ORDER BY 1;
SELECT id_lo, id_hi, lower, upper, since, parts FROM spine_claim_merge('dims_two');
SELECT id_lo, id_hi FROM spine_snapshot('dims_two', '[(2,2)]');
SELECT id_lo, id_hi FROM spine_listen('dims_two', '[(2,4)]');

-- A transaction with savepoints, and many pushes
CREATE PROCEDURE dims_push(n integer) LANGUAGE plpgsql AS $$
DECLARE
	lower spine_frontier := spine_upper('dims_four');
BEGIN
	FOR i IN 1..n LOOP
		PERFORM spine_push_batch('dims_four', lower, format('[(%s,0,0,9),(0,%1$s,1,1)]', i * 10 + n)::spine_frontier,
								 i % 3, since => '[(0,0,0,0)]');
		lower := spine_upper('dims_four');
	END LOOP;
END $$;
BEGIN;
CALL dims_push(100);
SAVEPOINT a;
CALL dims_push(2000);
SAVEPOINT b;
SELECT spine_push_batch('dims_four', spine_upper('dims_four'), '[]', 7);
ROLLBACK TO b;
SELECT spine_upper('dims_four'), spine_validate('dims_four');
RELEASE a;
SELECT spine_downgrade_since('dims_four', '[(1,1,1,1)]');
COMMIT;
SELECT spine_upper('dims_four'), spine_since('dims_four'), spine_validate('dims_four');
BEGIN;
SAVEPOINT a;
SELECT spine_push_batch('dims_four', spine_upper('dims_four'), '[]', 7);
ROLLBACK TO a;
SELECT spine_upper('dims_four');
COMMIT;
SELECT spine_validate('dims_four');
SELECT spine_push_batch('dims_four', spine_upper('dims_four'), '[]', 1);
SELECT spine_upper('dims_four'), spine_validate('dims_four');

-- Frontiers that take more than a page
CREATE TABLE dims_big (i integer);
SELECT spine_register('dims_big', 2);
CREATE FUNCTION dims_long(base integer) RETURNS spine_frontier LANGUAGE sql AS $$
	SELECT ('[' || string_agg(format('(%s,%s)', base + n, base + 5000 - n), ',') || ']')::spine_frontier
	FROM generate_series(1, 5000) n $$;
SELECT count(*) FROM spine_push_batch('dims_big', '[(0,0)]', dims_long(0), 1, '{a}');
SELECT count(*) FROM spine_push_batch('dims_big', dims_long(0), dims_long(1), 1, '{b}');
SELECT id_lo, id_hi, length(upper::text) FROM spine_push_batch('dims_big', dims_long(1), dims_long(2), 1, '{c}');
BEGIN;
SELECT count(*) FROM spine_push_batch('dims_big', dims_long(2), dims_long(4), 5, '{d}');
SAVEPOINT a;
SELECT count(*) FROM spine_push_batch('dims_big', dims_long(4), dims_long(5), 1, '{e}');
ROLLBACK TO a;
SELECT spine_upper('dims_big') = dims_long(4) AS upper, spine_validate('dims_big');
COMMIT;
SELECT spine_apply_merge('dims_big', '[(0,0)]', dims_long(1), '[(0,0)]', 1, '{ab}');
CALL fails($$SELECT spine_push_batch('dims_big', dims_long(3), dims_long(5), 1)$$);
SELECT spine_upper('dims_big') = dims_long(4) AS upper, spine_validate('dims_big');
SELECT id_lo, id_hi, length(lower::text), length(upper::text), parts FROM spine_batches
WHERE relation = 'dims_big'::regclass ORDER BY 1;
DROP TABLE dims_big;
DROP FUNCTION dims_long;

-- Claims, queued results, merge functions, garbage and waiting
CREATE TABLE dims_three (i integer);
SELECT spine_register('dims_three', 3);
CREATE PROCEDURE dims_grow(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN first..last LOOP
		PERFORM spine_push_batch('dims_three', spine_upper('dims_three'), format('[(%s,0,7),(0,%1$s,1)]', i)::spine_frontier, 1, ARRAY['t' || i]);
	END LOOP;
END $$;
CREATE PROCEDURE dims_wait(condition text) LANGUAGE plpgsql AS $$
DECLARE
	done boolean;
BEGIN
	FOR i IN 1..6000 LOOP
		EXECUTE 'SELECT ' || condition INTO done;
		EXIT WHEN done;
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
CALL dims_grow(1, 5);
SELECT spine_wait_request('dims_three', '0'), spine_wait_upper('dims_three', '[(4,0,7)]', '0') AS passed, spine_wait_upper('dims_three', '[(5,0,7)]', '0') AS ahead;
SELECT id_lo, id_hi, lower, upper, status FROM spine_claim_merge('dims_three') c, spine_complete_merge(c.claim, c.len, '{claimed}') s;
CALL dims_wait($$NOT EXISTS (SELECT FROM spine_merge_results WHERE relation = 'dims_three'::regclass AND applied_at IS NULL)$$);
SELECT outcome FROM spine_merge_results WHERE relation = 'dims_three'::regclass;
SELECT spine_describe('dims_three'), spine_validate('dims_three');
SELECT part FROM spine_garbage WHERE relation = 'dims_three'::regclass ORDER BY part;
CREATE FUNCTION dims_merge(r spine_merge_request) RETURNS public.spine_merge_output LANGUAGE sql AS $$
	SELECT ROW(r.len, ARRAY[r.lower || '-' || r.upper], '{}')::public.spine_merge_output $$;
SELECT spine_set_merge_function('dims_three', 'dims_merge(spine_merge_request)');
CALL dims_grow(6, 8);
SELECT spine_force_compaction('dims_three');
CALL dims_wait($$(SELECT hollow_batches = 1 FROM spine_traces WHERE relation = 'dims_three'::regclass)$$);
SELECT spine_describe('dims_three'), spine_validate('dims_three');
DROP TABLE dims_three;
DROP FUNCTION dims_merge;
DROP PROCEDURE dims_grow, dims_wait;

DROP TABLE dims_two, dims_four;
DROP PROCEDURE dims_push;
