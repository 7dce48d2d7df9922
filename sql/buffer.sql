--
-- Many pushes in a statement: rows that wait in a buffer for one another
--
\set VERBOSITY terse

CREATE TABLE buffer_spine ();
SELECT spine_register('buffer_spine');

-- What subtransactions do, in the middle of a statement that pushes: read what is
-- still buffered, push themselves, come to stay or not

CREATE FUNCTION buffer_peek(fail boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	BEGIN
		SELECT count(*) INTO n FROM spine_batches WHERE relation = 'buffer_spine'::regclass;
		IF fail THEN
			RAISE EXCEPTION 'no';
		END IF;
	EXCEPTION WHEN raise_exception THEN
		n := -n;
	END;
	RETURN n;
END $$;

CREATE FUNCTION buffer_push(fail boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM spine_append('buffer_spine', 1, ARRAY['inner']);
	BEGIN
		PERFORM spine_append('buffer_spine', 1, ARRAY['innermost']), buffer_peek(fail);
		IF fail THEN
			RAISE EXCEPTION 'no';
		END IF;
	EXCEPTION WHEN raise_exception THEN
		RETURN 'rolled back ' || spine_validate('buffer_spine');
	END;
	RETURN spine_validate('buffer_spine');
END $$;

SELECT n, spine_append('buffer_spine', 1, ARRAY['k' || n]), buffer_peek(n % 2 = 1)
FROM generate_series(0, 5) n;
SELECT spine_validate('buffer_spine');
SELECT id_lo, lower, parts FROM spine_batches WHERE relation = 'buffer_spine'::regclass ORDER BY id_lo;

SELECT n, spine_append('buffer_spine', 1, ARRAY['m' || n]), buffer_push(n % 2 = 1),
	   spine_append('buffer_spine', 1, ARRAY['after'])
FROM generate_series(0, 3) n;
SELECT spine_validate('buffer_spine');
SELECT id_lo, lower, parts FROM spine_batches
WHERE relation = 'buffer_spine'::regclass AND id_lo > 5 ORDER BY id_lo;

-- More rows than a buffer holds, and rows too long for it

SELECT count(spine_append('buffer_spine', 1, ARRAY['row' || n])) FROM generate_series(1, 2500) n;
SELECT count(spine_append('buffer_spine', 1, ARRAY[repeat('long ', 100 * n)])) FROM generate_series(1, 50) n;
SELECT count(spine_append('buffer_spine', 1, (SELECT array_agg(md5((n * i)::text)) FROM generate_series(1, 200) i)))
FROM generate_series(1, 20) n;
SELECT spine_validate('buffer_spine');
SELECT hollow_batches, updates FROM spine_traces WHERE relation = 'buffer_spine'::regclass;
SELECT count(*), count(DISTINCT parts), sum(cardinality(parts)) FROM spine_batches
WHERE relation = 'buffer_spine'::regclass;

-- Each command after a push finds what it pushed; a failed transaction nothing

BEGIN;
SELECT spine_append('buffer_spine', 1, ARRAY['a']);
SELECT set_config(name, 'on', true) FROM pg_settings	-- the former up to 15
WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*) FROM spine_batches WHERE relation = 'buffer_spine'::regclass AND parts = '{a}';
SELECT spine_append('buffer_spine', 1, ARRAY['b']);
SAVEPOINT one;
SELECT spine_append('buffer_spine', 1, ARRAY['c']);
SELECT 1 / 0;
ROLLBACK TO one;
SELECT count(*) FROM spine_batches WHERE relation = 'buffer_spine'::regclass
AND parts && '{a,b,c}';
SELECT spine_append('buffer_spine', 1, ARRAY['d']);
SELECT 1 / 0;
ROLLBACK;
SELECT count(*) FROM spine_batches WHERE relation = 'buffer_spine'::regclass
AND parts && '{a,b,c,d}';
DO $$
BEGIN
	FOR i IN 1..20 LOOP
		PERFORM spine_append('buffer_spine', 1, ARRAY['committed']);
		IF i % 4 = 0 THEN
			COMMIT;
		ELSIF i % 4 = 2 THEN
			ROLLBACK;
		END IF;
	END LOOP;
END $$;
SELECT spine_validate('buffer_spine');
SELECT count(*) FROM spine_batches WHERE relation = 'buffer_spine'::regclass
AND parts = '{committed}';
BEGIN;
SELECT spine_append('buffer_spine', 1, ARRAY['z']);
TRUNCATE buffer_spine;
SELECT spine_append('buffer_spine', 1, ARRAY['new']);
COMMIT;
SELECT spine_validate('buffer_spine');
SELECT id_lo, parts FROM spine_batches WHERE relation = 'buffer_spine'::regclass;
DROP FUNCTION buffer_peek, buffer_push;
DROP TABLE buffer_spine;
