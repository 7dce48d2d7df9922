--
-- Flat traces: a spine as jsonb, back from it, and rebuilt from its batches
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

CREATE TABLE flat_a (i integer);
CREATE TABLE flat_b (i integer);
SELECT spine_register('flat_a'), spine_register('flat_b', effort => 4);
SELECT spine_flatten('flat_a');

-- All that there can be: several levels, a merge under way, structural empties,
-- pending batches
SELECT spine_append('flat_a', 1, ARRAY['k' || n]) FROM generate_series(0, 3) n;
SELECT spine_append('flat_a', 100, '{k4,k4b}', '{1}'), spine_append('flat_a', 0), spine_append('flat_a', 70, '{k6}');
SELECT spine_downgrade_since('flat_a', 5), spine_set_effort('flat_a', 2), spine_introduce_empty('flat_a', 0);
SELECT spine_set_physical_compaction('flat_a', 8);
SELECT spine_append('flat_a', 5, '{p8}'), spine_append('flat_a', 0);
SELECT spine_flatten('flat_a') - '{batches,spine}'::text[];
SELECT jsonb_array_elements(spine_flatten('flat_a')->'batches');
SELECT jsonb_array_elements(spine_flatten('flat_a')->'spine');
SELECT spine_unflatten('flat_b', spine_flatten('flat_a'));
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same, spine_validate('flat_b');
SELECT relation, since, upper, physical, effort, pending, hollow_batches FROM spine_traces WHERE relation::text LIKE 'flat_%' ORDER BY 1;
CREATE VIEW flat_shape AS SELECT relation, string_agg(concat_ws(' ', level, state, len, merge_lo, merge_hi, merge_remaining), ', ' ORDER BY level) AS levels
	FROM spine_levels WHERE relation::text LIKE 'flat%' GROUP BY 1 ORDER BY 1;
SELECT * FROM flat_shape;

-- It goes on in the same way
CREATE PROCEDURE flat_go_on(n integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		PERFORM spine_append(r, i % 7 * i, ARRAY['n' || i]) FROM unnest('{flat_a,flat_b}'::regclass[]) r;
		IF spine_flatten('flat_a') <> spine_flatten('flat_b') THEN
			RAISE EXCEPTION 'differs after %', i;
		END IF;
	END LOOP;
END $$;
CALL flat_go_on(40);
SELECT spine_validate('flat_a'), spine_validate('flat_b');

-- Only into an empty spine, which no hold is on that it would pass
CALL fails($$SELECT spine_unflatten('flat_b', spine_flatten('flat_a'))$$);
TRUNCATE flat_b;
SELECT spine_introduce_empty('flat_b', 2);
CALL fails($$SELECT spine_unflatten('flat_b', spine_flatten('flat_a'))$$);
TRUNCATE flat_b;
SELECT spine_hold('flat_b', 'reader', 4);
CALL fails($$SELECT spine_unflatten('flat_b', spine_flatten('flat_a'))$$);
SELECT spine_hold('flat_b', 'reader', 5);
SELECT spine_unflatten('flat_b', spine_flatten('flat_a'));
SELECT name, since FROM spine_holds WHERE relation = 'flat_b'::regclass;
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same;

-- In a transaction
TRUNCATE flat_b;
BEGIN;
SELECT spine_unflatten('flat_b', '{"since": "[0]", "batches": []}');
SAVEPOINT a;
SELECT spine_unflatten('flat_b', spine_flatten('flat_a'));
SELECT spine_append('flat_b', 1) = spine_append('flat_a', 1) AS same;
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same;
ROLLBACK TO a;
SELECT spine_upper('flat_b'), spine_validate('flat_b'), spine_validate('flat_a');
SELECT spine_unflatten('flat_b', spine_flatten('flat_a'));
PREPARE TRANSACTION 'flat';
COMMIT PREPARED 'flat';
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same, spine_validate('flat_b');

-- The generation is another: results, claims and requests for the one before are
-- no longer wanted, but what waits in the inbox is
SELECT generation AS before FROM spine_traces WHERE relation = 'flat_a'::regclass \gset
BEGIN;
SELECT count(spine_submit_merge('flat_a', 0, 1, 0, 1, '{late}')), count(spine_append_batch('flat_a', 3, '{waits}')) FROM generate_series(1, 1);
SELECT spine_rebuild('flat_a');
COMMIT;
CREATE PROCEDURE flat_wait() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..6000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL AND relation::text LIKE 'flat%')
			AND NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL AND relation::text LIKE 'flat%');
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
CALL flat_wait();
SELECT generation > :before AS later, pending, spine_validate(relation) FROM spine_traces WHERE relation = 'flat_a'::regclass;
SELECT parts, outcome FROM spine_merge_results WHERE relation = 'flat_a'::regclass;
SELECT b.parts, lower IS NOT NULL AS sequenced, i.error FROM spine_inbox i LEFT JOIN spine_batches b USING (relation, lower) WHERE relation = 'flat_a'::regclass;

-- Rebuilding keeps batches and parts, but not how far merges were
SELECT array_agg(p ORDER BY p) = (SELECT array_agg(p ORDER BY p) FROM spine_batches, unnest(parts) p WHERE relation = 'flat_b'::regclass) AS same
FROM spine_batches, unnest(parts) p WHERE relation = 'flat_a'::regclass AND p <> 'waits';
SELECT count(*) FROM spine_garbage WHERE relation = 'flat_a'::regclass AND part <> 'late';
-- also where the levels are lost, or an empty batch with parts is fused
TRUNCATE flat_a;
DELETE FROM spine_garbage_part;
SELECT spine_append('flat_a', n, ARRAY['g' || n]) FROM generate_series(0, 2) n;
SELECT spine_append('flat_a', 0, ARRAY['e' || n]) FROM generate_series(0, 1) n;
SELECT spine_downgrade_since('flat_a', 2);
SELECT spine_describe('flat_a');
UPDATE spine_trace SET image = '\x0102' WHERE relation = 'flat_a'::regclass;
CALL fails($$SELECT spine_upper('flat_a')$$);
SELECT spine_rebuild('flat_a');
SELECT spine_describe('flat_a'), spine_validate('flat_a'), spine_since('flat_a');
SELECT part FROM spine_garbage WHERE relation = 'flat_a'::regclass ORDER BY part;
DELETE FROM spine_batch WHERE relation = 'flat_a'::regclass AND id_lo = 1;
CALL fails($$SELECT spine_flatten('flat_a')$$);
CALL fails($$SELECT spine_rebuild('flat_a')$$);

-- Legacy: batches without ids
TRUNCATE flat_a, flat_b;
SELECT count(spine_append('flat_a', n % 4, ARRAY['k' || n])) FROM generate_series(0, 30) n;
CREATE FUNCTION flat_without_ids(flat jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_set(flat, '{batches}', (SELECT jsonb_agg(b - 'id_lo' - 'id_hi' ORDER BY random()) FROM jsonb_array_elements(flat->'batches') b)) $$;
SELECT spine_unflatten('flat_b', flat_without_ids(spine_flatten('flat_a')));
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same;
TRUNCATE flat_b;
SELECT spine_unflatten('flat_b', flat_without_ids(spine_flatten('flat_a')) - 'spine' - 'merges');
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same;
-- with ids they are of no use then
TRUNCATE flat_b;
CALL fails($$SELECT spine_unflatten('flat_b', spine_flatten('flat_a') - 'spine' - 'merges')$$);
SELECT spine_unflatten('flat_b', '{"since":"[0]","batches":[{"lower":"[0]","upper":"[1]","since":"[0]","len":1}]}');
SELECT spine_describe('flat_b');
-- some with, some without
TRUNCATE flat_b;
SELECT spine_unflatten('flat_b', jsonb_set(f, '{batches}', (SELECT jsonb_agg(CASE WHEN b->'id_lo' < '17' THEN b ELSE b - '{id_lo,id_hi}'::text[] END)
	FROM jsonb_array_elements(f->'batches') b))) FROM spine_flatten('flat_a') f;
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same, spine_validate('flat_b');

-- Empty batches that end elsewhere than the spine says are split and joined; their
-- parts, if they have any that are lost, are garbage
TRUNCATE flat_b;
DELETE FROM spine_garbage_part;
SELECT spine_unflatten('flat_b', '{"since": "[0]", "batches": [
	{"lower": "[0]", "upper": "[2]", "since": "[0]", "len": 0},
	{"lower": "[2]", "upper": "[5]", "since": "[0]", "len": 0, "parts": ["lost"]},
	{"lower": "[5]", "upper": "[6]", "since": "[0]", "len": 7, "parts": ["kept"]}],
	"spine": [{"level": 4, "id_lo": 0, "id_hi": 3, "lower": "[0]", "upper": "[3]", "since": "[0]", "parts": [[0, 3]]},
	{"level": 3, "id_lo": 3, "id_hi": 5, "lower": "[3]", "upper": "[6]", "since": "[0]", "parts": [[3, 4, "[3]", "[5]", "[0]"], [4, 5, "[5]", "[6]", "[0]"]]}]}');
SELECT spine_describe('flat_b'), spine_validate('flat_b');
SELECT id_lo, id_hi, lower, upper, parts FROM spine_batches WHERE relation = 'flat_b'::regclass ORDER BY 1;
SELECT part FROM spine_garbage WHERE relation = 'flat_b'::regclass;

-- From one relation to another: the parts belong to the new one alone then
TRUNCATE flat_b;
CREATE TABLE flat_old (i integer);
SELECT spine_register('flat_old');
DELETE FROM spine_garbage_part;
SELECT count(spine_append('flat_old', 1, ARRAY['o' || n])) FROM generate_series(0, 5) n;
SELECT spine_apply_merge('flat_old', 0, 2, 0, 2, '{o01}');
BEGIN;
LOCK TABLE flat_old;
SELECT spine_unflatten('flat_b', spine_flatten('flat_old'));
SELECT spine_unregister('flat_old');
SELECT spine_forget_garbage(ARRAY(SELECT g.id FROM spine_garbage g JOIN spine_batches b ON g.part = ANY (b.parts)
	WHERE g.relation = 'flat_old'::regclass AND b.relation = 'flat_b'::regclass));
COMMIT;
SELECT part FROM spine_garbage WHERE relation = 'flat_old'::regclass ORDER BY part;
SELECT spine_describe('flat_b');

-- In several dimensions
CREATE TABLE flat_two (i integer);
CREATE TABLE flat_twin (i integer);
SELECT spine_register('flat_two', 2), spine_register('flat_twin', 2);
SELECT spine_push_batch('flat_two', '[(0,0)]', '[(0,3),(2,1)]', 4, '{a}'), spine_push_batch('flat_two', '[(0,3),(2,1)]', '[(2,3)]', 3, '{b}');
SELECT spine_downgrade_since('flat_two', '[(1,0),(0,1)]');
SELECT spine_push_batch('flat_two', '[(2,3)]', '[(4,3)]', 5, '{c}', since => '[(0,1),(1,0)]');
SELECT spine_set_physical_compaction('flat_two', '[(4,4),(5,1)]');
SELECT spine_push_batch('flat_two', '[(4,3)]', '[]', 5, '{d}');
SELECT spine_unflatten('flat_twin', spine_flatten('flat_two'));
SELECT spine_flatten('flat_two') = spine_flatten('flat_twin') AS same, spine_validate('flat_twin');
SELECT spine_flatten('flat_twin') - '{batches,spine}'::text[];
SELECT spine_rebuild('flat_twin');
SELECT spine_describe('flat_twin'), spine_validate('flat_twin');
CALL fails($$SELECT spine_unflatten('flat_b', spine_flatten('flat_two'))$$);

-- What is wrong, and where
TRUNCATE flat_b;
CREATE TABLE flat_good AS SELECT $${"dims": 1, "effort": 1, "since": "[1]", "physical": "[3]",
	"batches": [{"id_lo": 0, "id_hi": 1, "lower": "[0]", "upper": "[1]", "since": "[0]", "len": 4, "parts": ["a", "b"], "runs": [1]},
		{"id_lo": 1, "id_hi": 2, "lower": "[1]", "upper": "[2]", "since": "[0]", "len": 4, "parts": ["c"], "runs": []},
		{"id_lo": 2, "id_hi": 3, "lower": "[2]", "upper": "[9]", "since": "[0]", "len": 4, "parts": ["d"], "runs": []}],
	"spine": [{"level": 2, "id_lo": 0, "id_hi": 1, "lower": "[0]", "upper": "[1]", "since": "[0]", "parts": [[0, 1]]},
		{"level": 2, "id_lo": 1, "id_hi": 2, "lower": "[1]", "upper": "[2]", "since": "[0]", "parts": [[1, 2]]},
		{"level": 1, "id_lo": 2, "id_hi": 2},
		{"level": null, "id_lo": 2, "id_hi": 3, "lower": "[2]", "upper": "[9]", "since": "[0]", "parts": [[2, 3]]}],
	"merges": [{"id_lo": 0, "id_hi": 2, "since": "[1]", "remaining": 3}]}$$::jsonb AS flat;
BEGIN;
SELECT spine_unflatten('flat_b', flat) FROM flat_good;
SELECT spine_flatten('flat_b') = flat AS same FROM flat_good;
ROLLBACK;
-- Puts a value in a place, or takes it out
CREATE PROCEDURE flat_bad(place text[], value jsonb) LANGUAGE plpgsql AS $$
DECLARE
	bad jsonb := CASE WHEN value IS NULL THEN (SELECT flat #- place FROM flat_good)
		ELSE (SELECT jsonb_set(flat, place, value) FROM flat_good) END;
	detail text;
BEGIN
	PERFORM spine_unflatten('flat_b', bad);
	RAISE WARNING 'no error: % %', place, value;
	TRUNCATE flat_b;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '% %: %', SQLSTATE, SQLERRM, detail;
END $$;
DO $$
DECLARE
	place text;
	value text;
BEGIN
	FOR place, value IN SELECT * FROM (VALUES
		('dims', '2'), ('dims', '0'), ('dims', '1.5'), ('dims', '"1"'), ('dims', '[1]'), ('effort', '0'), ('effort', '2147483648'),
		('since', NULL), ('since', 'null'), ('since', '1'), ('since', '"1"'), ('since', '"[1] "'), ('since', '"[(1,1)]"'), ('since', '"[9223372036854775808]"'), ('since', '"[0]"'),
		('physical', '{}'), ('physical', '"[]"'), ('physical', 'null'),
		('batches', NULL), ('batches', '{}'), ('batches', '3'), ('batches', '[]'), ('batches', '[null]'), ('batches', '[[]]'), ('batches', '[1]'),
		('batches,0', NULL), ('batches,1,id_lo', NULL), ('batches,1,id_hi', NULL), ('batches,1,id_lo', '-1'), ('batches,1,id_lo', '0'), ('batches,1,id_hi', '9223372036854775807'), ('batches,1,id_hi', '9223372036854775808'),
		('batches,1,id_hi', '1e400'), ('batches,1,lower', '"[0]"'), ('batches,1,upper', '"[3]"'), ('batches,1,upper', '"[]"'), ('batches,1,since', '"[2]"'), ('batches,1,len', '-1'), ('batches,1,len', '1e30'), ('batches,1,len', NULL),
		('batches,0,parts', '"a"'), ('batches,0,parts', '["a", null]'), ('batches,0,parts', '["a", 1]'), ('batches,0,parts', '["a", ""]'), ('batches,0,parts', '[["a"], "b"]'), ('batches,0,parts', '[]'),
		('batches,0,runs', '[0]'), ('batches,0,runs', '[2]'), ('batches,0,runs', '["1"]'), ('batches,0,runs', '[-1]'), ('batches,0,runs', '[1, 1]'),
		('batches,0,length', '3'), ('batches,3', '{"lower": "[9]", "upper": "[10]", "since": "[0]", "len": 1}'),
		('batches,3', '{"id_lo": 0, "id_hi": 1, "lower": "[0]", "upper": "[1]", "since": "[0]", "len": 4}'),
		('spine', '[]'), ('spine', '{}'), ('spine', '[7]'), ('spine,0', NULL), ('spine,3', NULL), ('spine,0,level', '-1'), ('spine,0,level', '120'), ('spine,0,level', '119'), ('spine,0,level', '3'), ('spine,0,level', 'null'), ('spine,0,level', '1'),
		('spine,0,id_lo', NULL), ('spine,0,id_hi', '0'), ('spine,0,parts', NULL), ('spine,0,parts', '[]'), ('spine,0,parts', '[[0]]'), ('spine,0,parts', '[[1, 0]]'), ('spine,0,parts', '[[0, 1], [0, 1]]'), ('spine,0,parts', '[0, 1]'), ('spine,0,parts', '[{"lo": 0, "hi": 1}]'),
		('spine,0,upper', '"[2]"'), ('spine,0,upper', NULL), ('spine,4', '{"level": 2, "id_lo": 2, "id_hi": 2}'), ('spine,4', '{"level": 5, "id_lo": 2, "id_hi": 2}'), ('spine,4', '{"level": 0, "id_lo": 3, "id_hi": 3}'),
		('merges', NULL), ('merges', '[]'), ('merges,0,remaining', '-1'), ('merges,0,remaining', NULL), ('merges,0,since', '"[2]"'), ('merges,0,id_hi', '3'), ('merges,1', '{"id_lo": 5, "id_hi": 6, "since": "[0]", "remaining": 0}'),
		('merges,0,remaining', '9'), ('batches,0,len', '5'), ('spine,4', '{"level": 1, "id_lo": 2, "id_hi": 2}'),
		('more', '1')) v LOOP
		CALL flat_bad(string_to_array(place, ','), value::jsonb);
	END LOOP;
END $$;
CALL fails($$SELECT spine_unflatten('flat_b', '{"since": "[3]", "batches": [
	{"id_lo": 0, "id_hi": 1, "lower": "[0]", "upper": "[1]", "since": "[1]", "len": 1},
	{"id_lo": 1, "id_hi": 2, "lower": "[1]", "upper": "[2]", "since": "[2]", "len": 1}],
	"spine": [{"level": 1, "id_lo": 0, "id_hi": 2, "lower": "[0]", "upper": "[2]", "since": "[1]", "parts": [[0, 1], [1, 2]]}]}')$$);
-- The most that can be left to do is done when the next batch gets there
BEGIN;
SELECT spine_unflatten('flat_b', jsonb_set(flat, '{merges,0,remaining}', '8')) FROM flat_good;
SELECT count(spine_append('flat_b', n % 3)) FROM generate_series(1, 100) n;
SELECT spine_set_physical_compaction('flat_b', NULL);
SELECT spine_validate('flat_b');
ROLLBACK;
CALL fails($$SELECT spine_unflatten('flat_b', '[]')$$);
CALL fails($$SELECT spine_unflatten('flat_b', '"since"')$$);
CALL fails($$SELECT spine_unflatten('flat_b', 'null')$$);
CALL fails($$SELECT spine_unflatten('flat_b', NULL)$$);
CALL fails($$SELECT spine_unflatten('flat_b', '{"batches": []}')$$);
CALL fails($$SELECT spine_unflatten('flat_b', jsonb_build_object('since', repeat('ä', 1000), 'batches', '[]'::jsonb))$$);
CREATE TABLE flat_plain ();
CALL fails($$SELECT spine_flatten('flat_plain')$$);
CALL fails($$SELECT spine_rebuild('flat_plain')$$);
CALL fails($$SELECT spine_unflatten('flat_plain', '{}')$$);
CALL fails($$SELECT spine_flatten(NULL)$$);
BEGIN READ ONLY;
CALL fails($$SELECT spine_rebuild('flat_b')$$);
CALL fails($$SELECT spine_unflatten('flat_b', '{}')$$);
COMMIT;
SELECT spine_upper('flat_b'), spine_validate('flat_b');

-- Many elements, of which none or the last is wrong
CALL fails($$SELECT spine_unflatten('flat_b', jsonb_build_object('since', '[0]', 'batches', '[]'::jsonb,
	'merges', (SELECT jsonb_agg('{"id_lo": 0, "id_hi": 1, "since": "[0]", "remaining": 1}'::jsonb) FROM generate_series(1, 20000))))$$);
CALL fails($$SELECT spine_unflatten('flat_b', jsonb_build_object('since', '[0]', 'batches',
	(SELECT jsonb_agg(CASE WHEN n < 20000 THEN jsonb_build_object('lower', format('[%s]', n - 1), 'upper', format('[%s]', n), 'since', '[0]', 'len', 1) ELSE '0' END) FROM generate_series(1, 20000) n)))$$);
SELECT spine_unflatten('flat_b', jsonb_build_object('since', '[0]', 'batches',
	(SELECT jsonb_agg(jsonb_build_object('lower', format('[%s]', n - 1), 'upper', format('[%s]', n), 'since', '[0]', 'len', n % 3)) FROM generate_series(1, 20000) n)));
SELECT upper, updates, spine_validate(relation) FROM spine_traces WHERE relation = 'flat_b'::regclass;
TRUNCATE flat_a;
SELECT spine_unflatten('flat_a', spine_flatten('flat_b'));
SELECT spine_flatten('flat_a') = spine_flatten('flat_b') AS same;

DROP VIEW flat_shape;
DROP TABLE flat_a, flat_b, flat_old, flat_two, flat_twin, flat_good, flat_plain;
DROP FUNCTION flat_without_ids;
DROP PROCEDURE flat_go_on, flat_bad, flat_wait;
