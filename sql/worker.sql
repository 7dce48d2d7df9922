--
-- Merge results that are queued, and the background worker that applies them
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

-- Waits until nothing is queued for a relation any more, for half a minute at most
CREATE FUNCTION worker_wait(which oid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..3000 LOOP
		IF NOT EXISTS (SELECT FROM spine_merge_results
					   WHERE relation = which AND applied_at IS NULL) THEN
			RETURN 'applied';
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN 'still queued';
END $$;

-- One result

CREATE TABLE worker_one ();
SELECT spine_register('worker_one');
SELECT spine_push_batch('worker_one', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
SELECT spine_submit_merge('worker_one', 0, 2, 0, 15, '{a,b}', '{1}', '{k1,k0}') AS id \gset
SELECT worker_wait('worker_one'::regclass);
SELECT id = :id AS that, relation, lower, upper, since, len, parts, runs, inputs,
	   submitted_at <= applied_at AS in_order, outcome, error,
	   submitted_by = CURRENT_USER AS by, claim
FROM spine_merge_results WHERE relation = 'worker_one'::regclass;
SELECT spine_describe('worker_one'), spine_validate('worker_one');
SELECT id_lo, id_hi, len, parts, runs FROM spine_batches
WHERE relation = 'worker_one'::regclass ORDER BY id_lo;
SELECT part FROM spine_garbage WHERE relation = 'worker_one'::regclass ORDER BY part;
-- Counted once the spine is unlocked, which this waits for
SELECT spine_downgrade_since('worker_one', 0);
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'worker_one'::regclass;
-- What is pushed meanwhile does no harm
SELECT spine_push_batch('worker_one', 3, 4, 10, '{k3}');
SELECT spine_describe('worker_one'), spine_validate('worker_one');
DROP TABLE worker_one;

-- Several, with each outcome, in the order in which they were submitted

CREATE TABLE worker_several ();
SELECT spine_register('worker_several');
SELECT spine_push_batch('worker_several', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 8) n;
BEGIN;
SELECT count(spine_submit_merge('worker_several', lower, upper, since, len, parts)) FROM (VALUES
	(1, '[0]'::spine_frontier, '[2]'::spine_frontier, '[0]'::spine_frontier, 20, '{m02}'::text[]),
	(2, '[1]', '[2]', '[0]', 10, '{inside}'),
	(3, '[2]', '[4]', '[1]', 20, '{since}'),
	(4, '[2]', '[4]', '[0]', 21, '{many}'),
	(5, '[0]', '[4]', '[0]', 40, '{m04}'),
	(6, '[0]', '[9]', '[0]', 40, '{beyond}'),
	(7, '[0]', '[8]', '[0]', 81, '{many}'),
	(8, '[0]', '[8]', '[0]', 79, '{m08}'),
	(9, '[8]', '[9]', '[0]', 10, '{m89}')) v (n, lower, upper, since, len, parts);
SELECT count(*) FROM spine_merge_results WHERE relation = 'worker_several'::regclass AND applied_at IS NULL;
-- They are not applied before they are there for everybody
SELECT spine_describe('worker_several');
COMMIT;
SELECT worker_wait('worker_several'::regclass);
SELECT lower, upper, since, len, parts, outcome, error FROM spine_merge_results
WHERE relation = 'worker_several'::regclass ORDER BY id;
SELECT count(*) AS out_of_order
FROM (SELECT applied_at < lag(applied_at) OVER (ORDER BY id) AS late FROM spine_merge_results
	  WHERE relation = 'worker_several'::regclass) r
WHERE late;
SELECT spine_describe('worker_several'), spine_validate('worker_several');
SELECT spine_downgrade_since('worker_several', 0);
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'worker_several'::regclass;
SELECT part FROM spine_garbage WHERE relation = 'worker_several'::regclass ORDER BY part;
-- Each call its own transaction
SELECT spine_push_batch('worker_several', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(9, 10) n;
SELECT spine_submit_merge('worker_several', 8, 10, 0, 20, '{m810}') < spine_submit_merge('worker_several', 8, 10, 0, 20, '{again}', inputs => '{m810}') AS ascending;
SELECT worker_wait('worker_several'::regclass);
SELECT parts, inputs, outcome, error FROM spine_merge_results
WHERE relation = 'worker_several'::regclass AND (parts = '{m810}' OR parts = '{again}') ORDER BY id;
SELECT spine_describe('worker_several'), spine_validate('worker_several');
-- Which inputs are not there; of parts that are there, only how many
SELECT count(spine_submit_merge('worker_several', 8, 10, 0, 20, '{wrong}', inputs => inputs)) FROM (VALUES
	('{again,gone}'::text[]), ('{other}'), ('{}'), ('{z,y,again,again}'), (ARRAY[repeat('long ', 1000)])) v (inputs);
SELECT spine_submit_merge('worker_several', 0, 10, 0, 20, '{wrong}', inputs => '{m08,m89,k9}') IS NOT NULL AS submitted;
SELECT spine_submit_merge('worker_several', 0, 8, 0, 20, '{m08b,m08c}', inputs => '{m08}') IS NOT NULL AS submitted;
SELECT spine_submit_merge('worker_several', 0, 8, 0, 20, '{wrong}', inputs => '{m08c}') IS NOT NULL AS submitted;
SELECT worker_wait('worker_several'::regclass);
SELECT array_length(inputs, 1) AS inputs, outcome, error FROM spine_merge_results
WHERE relation = 'worker_several'::regclass AND (parts = '{wrong}' OR parts = '{m08b,m08c}') ORDER BY id;
DROP TABLE worker_several;

-- Rolled back with everything else

CREATE TABLE worker_rolled ();
SELECT spine_register('worker_rolled');
SELECT spine_push_batch('worker_rolled', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
BEGIN;
SELECT spine_submit_merge('worker_rolled', 0, 2, 0, 20, '{no}') > 0 AS submitted;
ROLLBACK;
BEGIN;
SAVEPOINT one;
SELECT spine_submit_merge('worker_rolled', 0, 2, 0, 20, '{no}') > 0 AS submitted;
ROLLBACK TO one;
SELECT spine_submit_merge('worker_rolled', 0, 1, 0, 10, '{m01}') > 0 AS submitted;
COMMIT;
SELECT worker_wait('worker_rolled'::regclass);
SELECT parts, outcome FROM spine_merge_results WHERE relation = 'worker_rolled'::regclass;
SELECT spine_describe('worker_rolled'), spine_validate('worker_rolled');
DROP TABLE worker_rolled;

-- Bounds that make no sense are recorded as an error; the next one is applied

CREATE TABLE worker_nonsense ();
SELECT spine_register('worker_nonsense');
SELECT spine_push_batch('worker_nonsense', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 2) n;
BEGIN;
SELECT count(spine_submit_merge('worker_nonsense', lower, upper, 0, 10, parts)) FROM (VALUES
	(1, '[2]'::spine_frontier, '[0]'::spine_frontier, '{inverted}'::text[]),
	(2, '[1]', '[1]', '{nothing}'),
	(3, '[]', '[]', '{end}'),
	(4, '[0]', '[2]', '{m02}'),
	(5, '[]', '[2]', '{after}'),
	(6, '[2]', '[3]', '{m23}')) v (n, lower, upper, parts);
COMMIT;
SELECT worker_wait('worker_nonsense'::regclass);
SELECT lower, upper, parts, applied_at IS NOT NULL AS applied_at, outcome, error
FROM spine_merge_results WHERE relation = 'worker_nonsense'::regclass ORDER BY id;
SELECT spine_describe('worker_nonsense'), spine_validate('worker_nonsense');
SELECT spine_downgrade_since('worker_nonsense', 0);
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'worker_nonsense'::regclass;
DROP TABLE worker_nonsense;

-- What can never be right is refused at once

CREATE TABLE worker_refused ();
SELECT spine_register('worker_refused');
CALL fails($$SELECT spine_submit_merge('worker_refused', 0, 1, 0, -1)$$);
CALL fails($$SELECT spine_submit_merge('worker_refused', 0, 1, 0, 1, ARRAY['a', NULL])$$);
CALL fails($$SELECT spine_submit_merge('worker_refused', 0, 1, 0, 1, '{a,b}', '{2}')$$);
CALL fails($$SELECT spine_submit_merge('worker_refused', 0, 1, 0, NULL)$$);
SELECT spine_unregister('worker_refused');
CALL fails($$SELECT spine_submit_merge('worker_refused', 0, 1, 0, 1)$$);
SELECT count(*) FROM spine_merge_results WHERE relation = 'worker_refused'::regclass;
DROP TABLE worker_refused;

-- A result belongs to one life of the relation

CREATE TABLE worker_truncated ();
SELECT spine_register('worker_truncated');
SELECT spine_push_batch('worker_truncated', n, n + 1, 10, ARRAY['old' || n]) FROM generate_series(0, 2) n;
BEGIN;
SELECT spine_submit_merge('worker_truncated', 0, 2, 0, 20, '{late}') > 0 AS submitted;
TRUNCATE worker_truncated;
SELECT spine_push_batch('worker_truncated', n, n + 1, 10, ARRAY['new' || n]) FROM generate_series(0, 2) n;
SELECT spine_submit_merge('worker_truncated', 0, 2, 0, 20, '{right}', inputs => '{new0,new1}') > 0 AS submitted;
COMMIT;
SELECT worker_wait('worker_truncated'::regclass);
SELECT parts, outcome, regexp_replace(error, '\d+', 'N', 'g') AS error FROM spine_merge_results
WHERE relation = 'worker_truncated'::regclass ORDER BY id;
SELECT spine_describe('worker_truncated'), spine_validate('worker_truncated');
-- Registered anew, it is another spine as well
BEGIN;
SELECT spine_submit_merge('worker_truncated', 0, 2, 0, 20, '{later}') > 0 AS submitted;
SELECT spine_unregister('worker_truncated');
SELECT spine_register('worker_truncated');
SELECT spine_push_batch('worker_truncated', n, n + 1, 10, ARRAY['newer' || n]) FROM generate_series(0, 2) n;
COMMIT;
SELECT worker_wait('worker_truncated'::regclass);
SELECT parts, outcome, regexp_replace(error, '\d+', 'N', 'g') AS error FROM spine_merge_results
WHERE relation = 'worker_truncated'::regclass AND parts = '{later}';
SELECT spine_describe('worker_truncated'), spine_validate('worker_truncated');
-- Or none
BEGIN;
SELECT spine_submit_merge('worker_truncated', 0, 2, 0, 20, '{latest}') > 0 AS submitted;
SELECT spine_unregister('worker_truncated');
COMMIT;
SELECT worker_wait('worker_truncated'::regclass);
SELECT parts, outcome, error FROM spine_merge_results
WHERE relation = 'worker_truncated'::regclass AND parts = '{latest}';
DROP TABLE worker_truncated;

-- The relation is gone

CREATE TABLE worker_dropped ();
SELECT spine_register('worker_dropped');
SELECT spine_push_batch('worker_dropped', 0, 1, 10, '{k0}');
SELECT 'worker_dropped'::regclass::oid AS oid \gset
BEGIN;
SELECT spine_submit_merge('worker_dropped', 0, 1, 0, 10, '{late-for-dropped}') > 0 AS submitted;
DROP TABLE worker_dropped;
COMMIT;
SELECT worker_wait(:oid);
SELECT parts, outcome, error FROM spine_merge_results WHERE relation = :oid;

-- Many at once, to more spines than one, by a compactor that does not look

CREATE TABLE worker_left ();
CREATE TABLE worker_right ();
SELECT spine_register('worker_left'), spine_register('worker_right');
SET spine.return_requests = off;
SELECT spine_push_batch(t, n, n + 1, 10, ARRAY[t::text || n])
FROM unnest('{worker_left,worker_right}'::regclass[]) t, generate_series(0, 499) n;
RESET spine.return_requests;
SELECT count(spine_submit_merge(r.relation, i.lower, i.upper, r.since, 5, ARRAY['m' || i.id_lo], '{}', i.parts))
FROM spine_merge_requests r, LATERAL spine_request_inputs(r.relation, r.id_lo, r.id_hi) i
WHERE r.relation IN ('worker_left'::regclass, 'worker_right'::regclass) AND i.id_lo < 448;
SELECT worker_wait('worker_left'::regclass), worker_wait('worker_right'::regclass);
SELECT relation, outcome, error, count(*) FROM spine_merge_results
WHERE relation IN ('worker_left'::regclass, 'worker_right'::regclass)
GROUP BY 1, 2, 3 ORDER BY relation::text, 2, 3;
SELECT relation, updates, spine_validate(relation) FROM spine_traces
WHERE relation IN ('worker_left'::regclass, 'worker_right'::regclass) ORDER BY relation::text;
DROP TABLE worker_left, worker_right;

DROP FUNCTION worker_wait;
