--
-- Applying merge results
--

CREATE TABLE apply_plain ();
SELECT spine_register('apply_plain');
SELECT spine_push_batch('apply_plain', n, n + 1, 1, ARRAY['k' || n]) FROM generate_series(0, 3) n;
SELECT spine_describe('apply_plain');
SELECT * FROM spine_push_batch('apply_plain', 4, 5, 100, '{k4}');
SELECT spine_describe('apply_plain');
SELECT id_lo, id_hi, lower, upper, len, parts, runs FROM spine_request_inputs('apply_plain', 0, 4);
SELECT id_lo, id_hi, lower, upper, since, len, nparts, parts, runs, level
FROM spine_merge_requests WHERE relation = 'apply_plain'::regclass;

-- Exactly what was asked for
SELECT spine_apply_merge('apply_plain', 0, 4, 0, 3, '{m}');
SELECT spine_describe('apply_plain'), spine_validate('apply_plain');
SELECT id_lo, id_hi, level, lower, upper, since, len, parts, runs
FROM spine_batches WHERE relation = 'apply_plain'::regclass ORDER BY id_lo;
SELECT count(*) FROM spine_merge_requests WHERE relation = 'apply_plain'::regclass;
SELECT spine_batches, hollow_batches, updates, compact, compacting, noncompact
FROM spine_traces WHERE relation = 'apply_plain'::regclass;
SELECT part FROM spine_garbage WHERE relation = 'apply_plain'::regclass ORDER BY part;
SELECT id_lo, id_hi, parts FROM spine_request_inputs('apply_plain', 0, 4);

-- The same again has it rewritten
SELECT spine_apply_merge('apply_plain', 0, 4, 0, 2, '{m2,m3}', '{1}', '{m}');
SELECT spine_describe('apply_plain'), spine_validate('apply_plain');
SELECT spine_batches, hollow_batches, updates, compact, compacting, noncompact
FROM spine_traces WHERE relation = 'apply_plain'::regclass;
-- Nothing of it is left in the end
SELECT spine_apply_merge('apply_plain', 0, 4, 0, 0);
SELECT spine_describe('apply_plain'), spine_validate('apply_plain');
SELECT part FROM spine_garbage WHERE relation = 'apply_plain'::regclass ORDER BY part;
DROP TABLE apply_plain;

-- A part of a request
CREATE TABLE apply_subset ();
SELECT spine_register('apply_subset');
SELECT spine_push_batch('apply_subset', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 8) n;
SELECT spine_describe('apply_subset');
SELECT spine_apply_merge('apply_subset', 2, 5, 0, 30, '{m25}');
SELECT spine_describe('apply_subset'), spine_validate('apply_subset');
SELECT * FROM spine_request_inputs('apply_subset', 0, 8);
SELECT id_lo, id_hi, lower, upper, since, len, nparts, parts, runs
FROM spine_merge_requests WHERE relation = 'apply_subset'::regclass;
-- A single batch, the first and the last of them
SELECT spine_apply_merge('apply_subset', 0, 1, 0, 5, '{m01}'),
	   spine_apply_merge('apply_subset', 7, 8, 0, 5, '{m78,m78b}', '{1}');
-- Over one that is merged
SELECT spine_apply_merge('apply_subset', 1, 6, 0, 31, '{m16}');
SELECT spine_describe('apply_subset'), spine_validate('apply_subset');
SELECT id_lo, id_hi, lower, upper, len, nparts, parts, runs
FROM spine_merge_requests WHERE relation = 'apply_subset'::regclass;
-- Inside one that is merged there is nothing to match
SELECT spine_apply_merge('apply_subset', 2, 5, 0, 30, '{late}');
SELECT spine_apply_merge('apply_subset', 2, 8, 0, 30, '{late}');
-- Over two spine batches, beyond the spine, to the end of time
SELECT spine_apply_merge('apply_subset', 6, 9, 0, 30, '{late}');
SELECT spine_apply_merge('apply_subset', 0, 9, 0, 30, '{late}');
SELECT spine_apply_merge('apply_subset', 9, 10, 0, 30, '{late}');
SELECT spine_apply_merge('apply_subset', 0, '[]', 0, 30, '{late}');
SELECT spine_apply_merge('apply_subset', 0, 7, 0, 40, '{m07}');
SELECT spine_describe('apply_subset'), spine_validate('apply_subset');
SELECT spine_apply_merge('apply_subset', 0, 8, 0, 40, '{m08}', inputs => '{m78b,m07,m78}');
SELECT spine_describe('apply_subset'), spine_validate('apply_subset');
-- The last batch, which nothing was asked about
SELECT spine_apply_merge('apply_subset', 8, 9, 0, 10, '{m89}');
SELECT spine_describe('apply_subset'), spine_validate('apply_subset');
SELECT part FROM spine_garbage WHERE relation = 'apply_subset'::regclass ORDER BY part;
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'apply_subset'::regclass;
DROP TABLE apply_subset;

-- Before a merge is fueled, its two batches are each by itself
CREATE TABLE apply_early ();
SELECT spine_register('apply_early');
SELECT spine_push_batch('apply_early', n, n + 1, 100, ARRAY['k' || n]) FROM generate_series(0, 1) n;
SELECT level, state, merge_remaining FROM spine_levels
WHERE relation = 'apply_early'::regclass AND state <> 'vacant';
SELECT spine_apply_merge('apply_early', 0, 2, 0, 200, '{both}');
SELECT spine_apply_merge('apply_early', 0, 1, 0, 60, '{m0}'),
	   spine_apply_merge('apply_early', 1, 2, 0, 60, '{m1}');
SELECT spine_describe('apply_early'), spine_validate('apply_early');
SELECT level, state, len, merge_remaining FROM spine_levels
WHERE relation = 'apply_early'::regclass AND state <> 'vacant';
SELECT id_lo, id_hi, len, parts FROM spine_push_batch('apply_early', 2, 3, 100, '{k2}');
SELECT spine_apply_merge('apply_early', 0, 2, 0, 120, '{both}');
SELECT spine_describe('apply_early'), spine_validate('apply_early');
DROP TABLE apply_early;

-- Too many updates
CREATE TABLE apply_many ();
SELECT spine_register('apply_many');
SELECT spine_push_batch('apply_many', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 4) n;
SELECT spine_apply_merge('apply_many', 0, 4, 0, 41, '{m}');
SELECT spine_apply_merge('apply_many', 0, 4, 0, 9223372036854775807, '{m}');
SELECT spine_apply_merge('apply_many', 1, 3, 0, 21, '{m}');
SELECT spine_apply_merge('apply_many', 1, 2, 0, 11, '{m}');
SELECT spine_apply_merge('apply_many', 4, 5, 0, 11, '{m}');
SELECT spine_describe('apply_many'), spine_validate('apply_many');
SELECT count(*) FROM spine_garbage WHERE relation = 'apply_many'::regclass;
-- What one merge saved, the next may not add again
SELECT spine_apply_merge('apply_many', 1, 2, 0, 1, '{m1}');
SELECT spine_apply_merge('apply_many', 2, 3, 0, 11, '{m}');
SELECT spine_apply_merge('apply_many', 0, 4, 0, 32, '{m}');
SELECT spine_apply_merge('apply_many', 0, 4, 0, 31, '{m}');
SELECT spine_describe('apply_many'), spine_validate('apply_many');
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'apply_many'::regclass;
DROP TABLE apply_many;

-- since: of a result it may not be beyond that of the request
CREATE TABLE apply_since ();
SELECT spine_register('apply_since');
SELECT spine_push_batch('apply_since', n, n + 1, 10, ARRAY['k' || n]) FROM generate_series(0, 1) n;
SELECT spine_downgrade_since('apply_since', 2);
SELECT spine_push_batch('apply_since', 2, 3, 10, '{k2}', 1);
SELECT spine_push_batch('apply_since', 3, 4, 10, '{k3}', 2);
SELECT * FROM spine_push_batch('apply_since', 4, 5, 10, '{k4}');
SELECT spine_describe('apply_since');
SELECT spine_apply_merge('apply_since', 0, 4, 3, 40, '{m}');
SELECT spine_apply_merge('apply_since', 0, 4, '[]', 40, '{m}');
SELECT spine_apply_merge('apply_since', 1, 2, 3, 40, '{m}');
-- Both too far and too many: since comes first
SELECT spine_apply_merge('apply_since', 0, 4, 3, 400, '{m}');
SELECT spine_apply_merge('apply_since', 4, 5, 1, 10, '{m}');
SELECT spine_downgrade_since('apply_since', 100);
-- That moves nothing that is asked for already
SELECT spine_apply_merge('apply_since', 0, 4, 3, 40, '{m}');
SELECT id_lo, id_hi, since FROM spine_merge_requests WHERE relation = 'apply_since'::regclass;
SELECT spine_apply_merge('apply_since', 0, 2, 2, 20, '{m02}');
SELECT spine_apply_merge('apply_since', 2, 3, 0, 10, '{m23}');
SELECT id_lo, id_hi, since, parts FROM spine_request_inputs('apply_since', 0, 4);
SELECT spine_describe('apply_since'), spine_validate('apply_since');
-- It may stay behind
SELECT spine_apply_merge('apply_since', 0, 4, 1, 30, '{m04}');
SELECT spine_describe('apply_since'), spine_validate('apply_since');
SELECT since FROM spine_traces WHERE relation = 'apply_since'::regclass;
SELECT applied_exact, applied_subset, no_match, invalid_since, too_many_updates, errors
FROM spine_stat WHERE relation = 'apply_since'::regclass;
DROP TABLE apply_since;

-- inputs: only if exactly those parts are what is replaced
CREATE TABLE apply_inputs ();
SELECT spine_register('apply_inputs');
SELECT spine_push_batch('apply_inputs', n, n + 1, 10, ARRAY['a' || n, 'b' || n]) FROM generate_series(0, 4) n;
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3,b3,a4}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3,A3}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3,a3}');
SELECT spine_apply_merge('apply_inputs', 1, 3, 0, 20, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3,b3}');
SELECT spine_describe('apply_inputs');
SELECT spine_apply_merge('apply_inputs', 1, 3, 0, 20, '{m13}', inputs => '{b2,a1,b1,a2}');
-- Somebody replaced some of it meanwhile
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{a0,b0,a1,b1,a2,b2,a3,b3}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 40, '{m}', inputs => '{m13,b3,b0,a3,a0}');
SELECT spine_describe('apply_inputs'), spine_validate('apply_inputs');
-- It counts for nothing where the result fails for another reason
SELECT spine_apply_merge('apply_inputs', 0, 4, 0, 41, '{n}', inputs => '{x}');
SELECT spine_apply_merge('apply_inputs', 0, 4, 1, 40, '{n}', inputs => '{x}');
-- No parts at all
SELECT spine_push_batch('apply_inputs', 5, 6, 10), spine_push_batch('apply_inputs', 6, 7, 10);
SELECT spine_apply_merge('apply_inputs', 6, 7, 0, 10, '{n}', inputs => '{}');
SELECT spine_describe('apply_inputs'), spine_validate('apply_inputs');
DROP TABLE apply_inputs;

-- The same key in two batches
CREATE TABLE apply_same ();
SELECT spine_register('apply_same');
SELECT spine_push_batch('apply_same', n, n + 1, 10, '{same,same}') FROM generate_series(0, 2) n;
SELECT spine_apply_merge('apply_same', 0, 2, 0, 20, '{m}', inputs => '{same}');
SELECT spine_apply_merge('apply_same', 0, 2, 0, 20, '{m}', inputs => '{same,same,same,same}');
SELECT spine_describe('apply_same'), spine_validate('apply_same');
DROP TABLE apply_same;

-- Garbage: the inputs that are not outputs as well
CREATE TABLE apply_garbage ();
SELECT spine_register('apply_garbage');
SELECT spine_push_batch('apply_garbage', n, n + 1, 10, ARRAY['a' || n, 'b' || n]) FROM generate_series(0, 2) n;
SELECT spine_apply_merge('apply_garbage', 0, 2, 0, 20, '{b1,a0,new}', '{1,2}');
SELECT g.relation, t.generation = g.generation AS of_this_generation, g.part,
	   g.removed_by IS NOT NULL AS by, g.removed_at IS NOT NULL AS at
FROM spine_garbage g, spine_traces t
WHERE g.relation = 'apply_garbage'::regclass AND t.relation = g.relation ORDER BY g.part;
SELECT spine_describe('apply_garbage'), spine_validate('apply_garbage');
-- A result that is just its inputs leaves none
SELECT spine_apply_merge('apply_garbage', 2, 3, 0, 10, '{a2,b2}');
-- Nor does one that is not applied
SELECT spine_apply_merge('apply_garbage', 2, 3, 0, 11, '{x}');
SELECT part FROM spine_garbage WHERE relation = 'apply_garbage'::regclass ORDER BY part;
DROP TABLE apply_garbage;

-- As long as can be
CREATE TABLE apply_long ();
SELECT spine_register('apply_long');
SELECT spine_push_batch('apply_long', n, n + 1, 9223372036854775807, ARRAY['k' || n])
FROM generate_series(0, 2) n;
SELECT spine_apply_merge('apply_long', 0, 1, 0, 5, '{m0}');
SELECT spine_describe('apply_long'), spine_validate('apply_long');
SELECT spine_apply_merge('apply_long', 1, 2, 0, 5, '{m1}');
SELECT spine_describe('apply_long'), spine_validate('apply_long');
SELECT spine_apply_merge('apply_long', 2, 3, 0, 9223372036854775807, '{m2}');
SELECT spine_describe('apply_long'), spine_validate('apply_long');
DROP TABLE apply_long;

-- A compactor in a few lines
CREATE TABLE apply_loop ();
SELECT spine_register('apply_loop');
DO $$
DECLARE
	r record;
	applied integer := 0;
BEGIN
	FOR n IN 0..99 LOOP
		FOR r IN SELECT * FROM spine_push_batch('apply_loop', n, n + 1, 1 + n % 7, ARRAY['p' || n]) LOOP
			IF spine_apply_merge('apply_loop', r.lower, r.upper, r.since, r.len,
								 ARRAY[format('m%s-%s', r.id_lo, r.id_hi)], '{}', r.parts)
				 = 'applied_exact' THEN
				applied := applied + 1;
			END IF;
		END LOOP;
		ASSERT spine_validate('apply_loop') = 'ok';
	END LOOP;
	RAISE NOTICE '% applied', applied;
END $$;
SELECT spine_describe('apply_loop'), spine_validate('apply_loop');
SELECT updates FROM spine_traces WHERE relation = 'apply_loop'::regclass;
-- Every part is in the spine or garbage, none is both
SELECT count(*) AS parts, count(DISTINCT part) AS different
FROM (SELECT part FROM spine_garbage WHERE relation = 'apply_loop'::regclass
	  UNION ALL SELECT unnest(parts) FROM spine_batches WHERE relation = 'apply_loop'::regclass) p;
DROP TABLE apply_loop;
