--
-- Pushing again what may have been pushed: it succeeds exactly when that very
-- batch is in the spine, and says so when nobody can tell any more
--

CREATE TABLE retry ();
SELECT spine_register('retry');
-- How a push with retry ended, and upper after it: where it pushed, that moved on
CREATE FUNCTION retried(l bigint, u spine_frontier, len bigint, parts text[] DEFAULT '{}',
		since spine_frontier DEFAULT NULL, OUT result text, OUT upper spine_frontier) LANGUAGE plpgsql AS $$
BEGIN
	upper := spine_upper('retry');
	PERFORM spine_push_batch('retry', l, u, len, parts, since, retry => true);
	result := CASE WHEN spine_upper('retry') = upper THEN 'there already' ELSE 'pushed' END;
	upper := spine_upper('retry');
EXCEPTION WHEN OTHERS THEN
	result := SQLSTATE || ' ' || SQLERRM;
END $$;

-- Pushed, and found again, whatever came after it
SELECT * FROM retried(0, 1, 10, '{a,b}');
SELECT * FROM retried(0, 1, 10, '{a,b}');
SELECT spine_append('retry', 10, ARRAY['k' || n]) FROM generate_series(1, 9) n;
SELECT * FROM retried(0, 1, 10, '{a,b}');
SELECT * FROM retried(9, 10, 10, '{k9}');

-- In the transaction that pushed it, and after its savepoint is gone
BEGIN;
SELECT * FROM retried(10, 11, 10, '{own}');
SELECT * FROM retried(10, 11, 10, '{own}');
SAVEPOINT s;
SELECT * FROM retried(11, 12, 10, '{lost}');
SELECT * FROM retried(11, 12, 10, '{lost}');
ROLLBACK TO s;
SELECT * FROM retried(11, 12, 10, '{kept}');
COMMIT;
SELECT * FROM retried(10, 11, 10, '{own}');
SELECT * FROM retried(11, 12, 10, '{kept}');
-- by one command
SELECT n, r.* FROM generate_series(1, 3) n, LATERAL retried(12, 13, n - n + 10, '{one}') r;

-- Another batch in its place is not to be told from what was made of it; one that
-- crosses bounds cannot have been there
SELECT * FROM retried(10, 11, 10, '{other}');
SELECT * FROM retried(10, 11, 9, '{own}');
SELECT * FROM retried(10, 11, 10, '{own}', 3);
SELECT * FROM retried(10, 11, 0);
SELECT * FROM retried(10, 12, 20, '{own,kept}');
SELECT * FROM retried(12, 14, 10, '{one}');
SELECT * FROM retried(14, 15, 10, '{one}');

-- Compacted: by itself, with others, and into the same parts
SELECT spine_apply_merge('retry', 10, 11, 0, 10, '{own2}', inputs => '{own}');
SELECT * FROM retried(10, 11, 10, '{own}');
SELECT * FROM retried(10, 11, 10, '{own2}');
SELECT spine_apply_merge('retry', 0, 2, 0, 20, '{a,b,k1}', inputs => '{a,b,k1}');
SELECT * FROM retried(0, 1, 10, '{a,b}');
SELECT * FROM retried(1, 2, 10, '{k1}');
SELECT * FROM retried(0, 2, 20, '{a,b,k2}');
SELECT * FROM retried(0, 3, 30, '{a,b,k2}');
SELECT * FROM retried(2, 3, 10, '{k2}');
DO $$
DECLARE
	detail text;
	hint text;
BEGIN
	PERFORM spine_push_batch('retry', 1, 2, 10, '{k1}', retry => true);
EXCEPTION WHEN statement_completion_unknown THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RAISE NOTICE E'DETAIL: %\n  HINT: %', detail, hint;
END $$;

-- Empty ones are fused with their neighbours, and stay empty
SELECT r.* FROM generate_series(13, 18) n, LATERAL retried(n, n + 1, 0) r;
SELECT lower, upper, len FROM spine_batches WHERE relation = 'retry'::regclass AND upper > 13;
SELECT r.* FROM generate_series(13, 18) n, LATERAL retried(n, n + 1, 0) r;
SELECT * FROM retried(14, 15, 1);
SELECT * FROM retried(14, 15, 0, '{p}');
SELECT * FROM retried(14, 15, 0, since => 7);
SELECT * FROM retried(18, 20, 0);
-- with parts, too, which are garbage then
SELECT * FROM retried(19, 20, 0, '{p}');
SELECT * FROM retried(19, 20, 0, '{p}');
SELECT * FROM retried(19, 20, 0);

-- The last one
BEGIN;
SELECT * FROM retried(20, '[]', 1, '{end}');
SELECT * FROM retried(20, '[]', 1, '{end}');
SELECT * FROM retried(20, 21, 1, '{end}');
SELECT * FROM retried(20, '[]', 1, '{another end}');
ROLLBACK;

-- Truncated meanwhile, it is not there; the first batch is pushed anew
BEGIN;
TRUNCATE retry;
SELECT * FROM retried(19, 20, 0, '{p}');
SELECT * FROM retried(0, 1, 10, '{a,b}');
SELECT * FROM retried(0, 1, 10, '{a,b}');
ROLLBACK;
SELECT * FROM retried(19, 20, 0, '{p}');
BEGIN;
SELECT spine_unregister('retry');
SELECT spine_push_batch('retry', 19, 20, 0, '{p}', retry => true);
ROLLBACK;

SELECT spine_validate('retry');
DROP TABLE retry;
DROP FUNCTION retried;
