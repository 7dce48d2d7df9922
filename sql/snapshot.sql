--
-- What a reader reads: snapshots as of a time, and what came after a frontier
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

CREATE TABLE snapshot_spine ();
SELECT spine_register('snapshot_spine');

-- Of nothing

SELECT * FROM spine_snapshot('snapshot_spine');
SELECT * FROM spine_listen('snapshot_spine', 0);
CALL fails($$SELECT spine_snapshot('snapshot_spine', 0)$$);

-- Batches of 10 times each

SELECT spine_push_batch('snapshot_spine', 10 * n, 10 * n + 10, 1, ARRAY['p' || n, 'q' || n], runs => '{1}')
FROM generate_series(0, 3) n;
SELECT * FROM spine_snapshot('snapshot_spine');
SELECT * FROM spine_snapshot('snapshot_spine', 39);
-- At a batch's lower it takes part, before it does not
SELECT as_of, (SELECT array_agg(lower ORDER BY id_lo) FROM spine_snapshot('snapshot_spine', as_of)) AS snapshot,
	   (SELECT array_agg(lower ORDER BY id_lo) FROM spine_listen('snapshot_spine', as_of)) AS listen
FROM unnest('{0,1,9,10,11,19,20,29,30,39}'::int[]) as_of;
-- One that is not there yet is no error to listen for
SELECT count(*) FROM spine_listen('snapshot_spine', 40);
SELECT count(*) FROM spine_listen('snapshot_spine', 9223372036854775807);
SELECT count(*) FROM spine_listen('snapshot_spine', '[]');
CALL fails($$SELECT spine_snapshot('snapshot_spine', 40)$$);
CALL fails($$SELECT spine_snapshot('snapshot_spine', 41)$$);
CALL fails($$SELECT spine_snapshot('snapshot_spine', '[]')$$);

-- Compacted: the batches are others, the times the same

SELECT spine_downgrade_since('snapshot_spine', 15);
SELECT id_lo, id_hi, since FROM spine_push_batch('snapshot_spine', 40, 50, 1, '{p4}');
SELECT spine_apply_merge('snapshot_spine', 0, 40, 15, 4, '{m}');
SELECT * FROM spine_snapshot('snapshot_spine', 15);
SELECT * FROM spine_snapshot('snapshot_spine', 40);
SELECT * FROM spine_listen('snapshot_spine', 39);
SELECT * FROM spine_listen('snapshot_spine', 40);
SELECT count(*) FROM spine_snapshot('snapshot_spine');
CALL fails($$SELECT spine_snapshot('snapshot_spine', 14)$$);
CALL fails($$SELECT spine_listen('snapshot_spine', 14)$$);

-- With what this transaction has done

BEGIN;
SELECT spine_append('snapshot_spine', 1, '{p5}') FROM generate_series(1, 2);
SELECT * FROM spine_listen('snapshot_spine', 50);
SELECT count(*) FROM spine_snapshot('snapshot_spine', 51);
SELECT spine_downgrade_since('snapshot_spine', 50);
CALL fails($$SELECT spine_snapshot('snapshot_spine', 49)$$);
ROLLBACK;
SELECT count(*) FROM spine_listen('snapshot_spine', 50);

-- The last batch

SELECT spine_push_batch('snapshot_spine', 50, '[]', 0);
SELECT count(*) FROM spine_snapshot('snapshot_spine', 9223372036854775807);
SELECT lower, upper FROM spine_listen('snapshot_spine', 9223372036854775807);
SELECT count(*) FROM spine_listen('snapshot_spine', '[]');
CALL fails($$SELECT spine_snapshot('snapshot_spine', '[]')$$);
SELECT spine_downgrade_since('snapshot_spine', '[]');
CALL fails($$SELECT spine_snapshot('snapshot_spine', 50)$$);
SELECT count(*) FROM spine_snapshot('snapshot_spine');

-- Many batches, a fused stretch among them: listen finds where to begin

CREATE TABLE snapshot_many ();
SELECT spine_register('snapshot_many');
SELECT count(*) > 0 AS requests FROM generate_series(0, 999) n,
	LATERAL spine_push_batch('snapshot_many', 2 * n, 2 * n + 2, CASE WHEN n BETWEEN 300 AND 400 THEN 0 ELSE n % 50 END);
SELECT spine_apply_merge('snapshot_many', 100, 500, 0, 1) <> 'not_applied_no_match' AS applied;
SELECT count(*) AS looks, count(*) FILTER (WHERE
	  (SELECT array_agg(l ORDER BY id_lo) FROM spine_listen('snapshot_many', f) l) IS DISTINCT FROM
	  (SELECT array_agg((id_lo, id_hi, lower, upper, since, len, parts, runs) ORDER BY id_lo)
	   FROM spine_batches WHERE relation = 'snapshot_many'::regclass AND NOT upper <= f::spine_frontier)) AS wrong
FROM generate_series(0, 2001) f WHERE f % 37 < 3 OR f BETWEEN 90 AND 110 OR f BETWEEN 490 AND 510;
SELECT count(*) < 1000 AS fused, min(id_lo) = 0 AS all FROM spine_snapshot('snapshot_many');

-- What is refused

CREATE TABLE snapshot_plain ();
CALL fails($$SELECT spine_snapshot('snapshot_plain')$$);
CALL fails($$SELECT spine_listen('snapshot_plain', 0)$$);
CALL fails($$SELECT spine_snapshot(NULL)$$);
CALL fails($$SELECT spine_listen('snapshot_spine', NULL)$$);
CREATE ROLE regress_snapshot_updater;
GRANT INSERT, UPDATE ON snapshot_spine TO regress_snapshot_updater;
SET ROLE regress_snapshot_updater;
CALL fails($$SELECT spine_snapshot('snapshot_spine')$$);
CALL fails($$SELECT spine_listen('snapshot_spine', 0)$$);
CALL fails($$SELECT spine_wait_upper('snapshot_spine', 0, '0')$$);
CALL fails($$SELECT spine_wait_request('snapshot_spine', '0')$$);
RESET ROLE;

-- Waiting, as far as one session can tell (specs/wait_upper.spec has the rest)

CREATE TABLE snapshot_wait ();
SELECT spine_register('snapshot_wait');
SELECT spine_wait_upper('snapshot_wait', 0, '0'), spine_wait_request('snapshot_wait', '0');
SELECT spine_append('snapshot_wait', 1, ARRAY['p' || n]) FROM generate_series(1, 3) n;
SELECT f, spine_wait_upper('snapshot_wait', f, '1 ms') FROM generate_series(1, 4) f;
SELECT spine_wait_upper('snapshot_wait', 2), spine_wait_request('snapshot_wait');
-- A request that is claimed is nothing to wait for
BEGIN;
SELECT count(*) FROM spine_claim_merge('snapshot_wait');
SELECT spine_wait_request('snapshot_wait', '1 ms');
ROLLBACK;
SELECT spine_apply_merge('snapshot_wait', 0, 2, 0, 2, '{m}');
SELECT spine_wait_request('snapshot_wait', '1 ms');
-- What it has done itself counts
BEGIN;
SELECT spine_append('snapshot_wait', 1, ARRAY['p' || n]) FROM generate_series(4, 8) n;
SELECT spine_wait_upper('snapshot_wait', 7), spine_wait_request('snapshot_wait');
ROLLBACK;
SELECT spine_wait_upper('snapshot_wait', 7, '0');
SELECT spine_push_batch('snapshot_wait', 3, '[]', 0);
SELECT spine_wait_upper('snapshot_wait', 9223372036854775807);
CALL fails($$SELECT spine_wait_upper('snapshot_wait', '[]')$$);
CALL fails($$SELECT spine_wait_upper('snapshot_wait', 5, '-1 ms')$$);
CALL fails($$SELECT spine_wait_upper('snapshot_wait', 5, '00:01:00.000001')$$);
CALL fails($$SELECT spine_wait_request('snapshot_wait', '178000000 years')$$);
CALL fails($$SELECT spine_wait_request('snapshot_wait', '-178000000 years')$$);
CALL fails($$SELECT spine_wait_upper('snapshot_wait', 5, NULL)$$);
CALL fails($$SELECT spine_wait_upper('snapshot_wait', NULL)$$);
CALL fails($$SELECT spine_wait_upper(NULL, 5)$$);
CALL fails($$SELECT spine_wait_request('snapshot_wait', NULL)$$);
CALL fails($$SELECT spine_wait_upper('snapshot_plain', 5)$$);
CALL fails($$SELECT spine_wait_request('snapshot_plain')$$);
SET statement_timeout = '100ms';
CALL fails($$SELECT spine_wait_request('snapshot_wait')$$);
RESET statement_timeout;
SELECT spine_wait_upper('snapshot_wait', 0);

DROP TABLE snapshot_spine, snapshot_many, snapshot_plain, snapshot_wait;
DROP ROLE regress_snapshot_updater;
