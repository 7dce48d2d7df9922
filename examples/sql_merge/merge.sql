-- A merge that the server runs: the parts of the spine are tables with rows
-- (key, time, diff), and a part's key is the name of its table in schema "parts".
--
--   CREATE EXTENSION spine;
--   \i examples/sql_merge/merge.sql
--
-- makes the merge function, one that pushes, and one that reads. Then
--
--   CREATE TABLE ledger ();
--   SELECT spine_register('ledger');
--   SELECT spine_set_merge_function('ledger', 'merge_parts(spine_merge_request)');
--   SELECT push_rows('ledger', keys => '{a,b}', diffs => '{1,2}') FROM generate_series(1, 10);
--   SELECT * FROM sums('ledger');
--
-- and every request is answered a moment after it was made. The tables that have
-- been merged are listed in spine_garbage; drop them when no reader needs them.

CREATE SCHEMA parts;

-- It runs as the owner of the relation, with nothing but pg_catalog in the
-- search path: hence its own, and the schema in front of each table.
CREATE FUNCTION merge_parts(request spine_merge_request) RETURNS spine_merge_output
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
	-- No two claims have the same, so no two outputs do
	output text := format('%s_%s_%s', request.id_lo, request.id_hi, gen_random_uuid());
	since bigint := request.since::bigint;
	count bigint;
BEGIN
	-- Times before since need not be told apart any more; what adds up to nothing
	-- is left out.
	EXECUTE format(
		'CREATE TABLE parts.%I AS
		 SELECT key, greatest(time, %s) AS time, sum(diff)::bigint AS diff
		 FROM (%s) input GROUP BY 1, 2 HAVING sum(diff) <> 0 ORDER BY 1, 2',
		output, since,
		(SELECT string_agg(format('SELECT key, time, diff FROM parts.%I', part), ' UNION ALL ')
		 FROM unnest(request.parts) part));
	GET DIAGNOSTICS count = ROW_COUNT;
	RETURN (count, ARRAY[output], '{}'::integer[]);
END $$;

-- Pushes rows as a batch of their own: a part table, covering the next time.
CREATE FUNCTION push_rows(relation regclass, keys text[], diffs bigint[]) RETURNS spine_frontier
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
	input text := gen_random_uuid();
	at spine_frontier;
BEGIN
	at := spine_append(relation, cardinality(keys), ARRAY[input]);
	EXECUTE format('CREATE TABLE parts.%I AS SELECT key, %s::bigint AS time, diff FROM unnest($1, $2) r (key, diff)',
		input, at::bigint) USING keys, diffs;
	RETURN at;
END $$;

-- The sum of all parts of a spine, as they are now.
CREATE FUNCTION sums(of regclass) RETURNS TABLE (key text, diff bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	RETURN QUERY EXECUTE (
		SELECT format('SELECT key, sum(diff)::bigint FROM (%s) p GROUP BY key HAVING sum(diff) <> 0 ORDER BY key',
			coalesce(string_agg(format('SELECT key, diff FROM parts.%I', part), ' UNION ALL '),
				'SELECT NULL::text AS key, NULL::numeric AS diff WHERE false'))
		FROM spine_batches b, unnest(b.parts) part WHERE b.relation = of);
END $$;
