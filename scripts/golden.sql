-- golden.sql: replays `persist` scripts through SQL; for scripts/golden.
--
-- golden.replay(script) returns the script with every answer written anew, as
-- build/replay persist does. Where the two differ on purpose:
--
-- * A result whose since is past the spine's is not_applied_invalid_since in SQL,
--   which is the truth; the scripts have no-op, as the original.
-- * A since that goes back, an inverted batch and a result over no time are errors
--   in both, which the scripts have as well.
-- * roundtrip does more than the scripts ask for: first with ids, which must come
--   back the same, then without, as the original's flat traces have none.

CREATE SCHEMA golden;
SET search_path = golden, public;
SET client_min_messages = warning;
SET spine.max_request_parts = 2147483647;
SET plan_cache_mode = force_generic_plan;

CREATE SEQUENCE golden.spines;

-- A spine without batches
CREATE FUNCTION golden.fresh(dims integer) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
	name text := 'golden.s' || nextval('golden.spines');
BEGIN
	EXECUTE 'CREATE TABLE ' || name || ' ()';
	PERFORM spine_register(name::regclass, dims);
	RETURN name::regclass;
END $$;

CREATE TYPE golden.batch AS (
	lower	spine_frontier,
	upper	spine_frontier,
	since	spine_frontier,
	len		bigint,
	parts	text[]
);

-- Takes the frontier off with which a text begins
CREATE FUNCTION golden.take(INOUT rest text, OUT f spine_frontier) LANGUAGE plpgsql AS $$
DECLARE
	m text[] := regexp_match(rest, '^\s*(\[[^]]*\])(.*)$');
BEGIN
	IF m IS NULL THEN
		-- to be told what is wrong with it
		f := rest::spine_frontier;
	ELSE
		f := m[1]::spine_frontier;
		rest := m[2];
	END IF;
END $$;

CREATE FUNCTION golden.parse(line text) RETURNS golden.batch LANGUAGE plpgsql AS $$
DECLARE
	m text[] := regexp_match(line, '^(\[[^]]*\])(\[[^]]*\])(\[[^]]*\]) (\d{1,18})((?: \S+)*)$');
	b golden.batch;
	rest text := line;
BEGIN
	-- The usual one, at once
	IF m IS NOT NULL THEN
		RETURN ROW(m[1], m[2], m[3], m[4], coalesce(string_to_array(nullif(ltrim(m[5]), ''), ' '), '{}'))::golden.batch;
	END IF;
	SELECT t.rest, t.f INTO rest, b.lower FROM golden.take(rest) t;
	SELECT t.rest, t.f INTO rest, b.upper FROM golden.take(rest) t;
	SELECT t.rest, t.f INTO rest, b.since FROM golden.take(rest) t;
	m := regexp_match(rest, '^\s*(-?\d+)( .*)?$');
	IF m IS NULL THEN
		RAISE EXCEPTION 'malformed batch';
	END IF;
	b.len := m[1]::bigint;
	b.parts := coalesce(regexp_split_to_array(nullif(btrim(m[2]), ''), ' +'), '{}');
	RETURN b;
END $$;

CREATE FUNCTION golden.line(lower spine_frontier, upper spine_frontier, since spine_frontier, parts text[]) RETURNS text
	LANGUAGE sql IMMUTABLE AS $$ SELECT lower::text || upper::text || since::text || coalesce(' ' || array_to_string(nullif(parts, '{}'), ' '), '') $$;

CREATE FUNCTION golden.line(lower spine_frontier, upper spine_frontier, since spine_frontier, len bigint, parts text[]) RETURNS text
	LANGUAGE sql IMMUTABLE AS $$ SELECT lower::text || upper::text || since::text || ' ' || len || coalesce(' ' || array_to_string(nullif(parts, '{}'), ' '), '') $$;

-- The requests that the pushes made
CREATE FUNCTION golden.push(spine regclass, input text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	line text;
	b golden.batch;
	made text[] := '{}';
	r record;
BEGIN
	FOREACH line IN ARRAY input LOOP
		b := golden.parse(line);
		FOR r IN SELECT * FROM spine_push_batch(spine, b.lower, b.upper, b.len, b.parts, b.since) LOOP
			made := made || golden.line(r.lower, r.upper, r.since, r.parts);
		END LOOP;
	END LOOP;
	RETURN made;
END $$;

-- An error is this line's answer; the next one is applied all the same, unless
-- it was no batch at all
CREATE FUNCTION golden.apply(spine regclass, input text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	line text;
	b golden.batch;
	answer text[] := '{}';
	parsed boolean;
BEGIN
	FOREACH line IN ARRAY input LOOP
		BEGIN
			parsed := false;
			b := golden.parse(line);
			parsed := true;
			answer := answer || CASE spine_apply_merge(spine, b.lower, b.upper, b.since, b.len, b.parts)
				WHEN 'applied_exact' THEN 'applied exact' WHEN 'applied_subset' THEN 'applied subset'
				WHEN 'not_applied_too_many_updates' THEN 'no-op too many updates' ELSE 'no-op' END;
		EXCEPTION WHEN OTHERS THEN
			answer := answer || ('error: ' || SQLERRM);
			EXIT WHEN NOT parsed;
		END;
	END LOOP;
	RETURN answer;
END $$;

CREATE FUNCTION golden.levels(spine regclass) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(format('L%s: n=%s len=%s', level, batches, len)
		|| CASE WHEN merge_lo IS NULL THEN ''
			ELSE format(' merge=%s-%s since=%s remaining=%s', merge_lo, merge_hi, merge_since, merge_remaining) END
		ORDER BY level)
	FROM (SELECT level, batches, len, merge_lo, merge_hi, merge_since, merge_remaining FROM spine_level_rows(spine)) l $$;

CREATE FUNCTION golden.flatten(flat jsonb) RETURNS text[] LANGUAGE sql AS $$
	SELECT ARRAY['since ' || (flat->>'since')]
		|| (SELECT array_agg(format('batch %s%s%s %s', b->>'lower', b->>'upper', b->>'since', b->>'len')
				|| coalesce((SELECT ' ' || string_agg(p, ' ' ORDER BY i) FROM jsonb_array_elements_text(b->'parts') WITH ORDINALITY p (p, i)), '')
				ORDER BY n)
			FROM jsonb_array_elements(flat->'batches') WITH ORDINALITY b (b, n))
		|| (SELECT array_agg(format('spine %s-%s level=%s %s%s%s parts=', s->>'id_lo', s->>'id_hi', s->>'level', s->>'lower', s->>'upper', s->>'since')
				|| (SELECT string_agg(format('%s-%s', p->>0, p->>1), ',' ORDER BY i) FROM jsonb_array_elements(s->'parts') WITH ORDINALITY p (p, i))
				ORDER BY n)
			FROM jsonb_array_elements(flat->'spine') WITH ORDINALITY s (s, n))
		|| (SELECT array_agg(format('merge %s-%s since=%s remaining=%s', m->>'id_lo', m->>'id_hi', m->>'since', m->>'remaining') ORDER BY n)
			FROM jsonb_array_elements(flat->'merges') WITH ORDINALITY m (m, n)) $$;

-- Takes the ids off the batches, and says instead what each part is expected to be
CREATE FUNCTION golden.legacy(flat jsonb) RETURNS jsonb LANGUAGE sql AS $$
	WITH b AS MATERIALIZED (SELECT b, n, (b->>'id_lo')::bigint AS lo FROM jsonb_array_elements(flat->'batches') WITH ORDINALITY b (b, n)),
	p AS (SELECT s.n, jsonb_agg(p || jsonb_build_array(b->'lower', b->'upper', b->'since') ORDER BY i) AS parts
		FROM jsonb_array_elements(flat->'spine') WITH ORDINALITY s (s, n), jsonb_array_elements(s->'parts') WITH ORDINALITY p (p, i)
			JOIN b ON lo = (p->>0)::bigint GROUP BY s.n)
	SELECT flat || jsonb_build_object(
		'batches', (SELECT coalesce(jsonb_agg(b - 'id_lo' - 'id_hi' ORDER BY n), '[]') FROM b),
		'spine', (SELECT coalesce(jsonb_agg(s || jsonb_build_object('parts', parts) ORDER BY n), '[]')
			FROM jsonb_array_elements(flat->'spine') WITH ORDINALITY s (s, n) JOIN p USING (n))) $$;

-- Another spine that is the same
CREATE FUNCTION golden.roundtrip(spine regclass) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
	flat jsonb := spine_flatten(spine);
	again regclass;
	form jsonb;
BEGIN
	FOREACH form IN ARRAY ARRAY[flat, golden.legacy(flat)] LOOP
		IF again IS NOT NULL THEN
			EXECUTE 'DROP TABLE ' || again;
		END IF;
		again := golden.fresh((flat->>'dims')::integer);
		PERFORM spine_unflatten(again, form);
		IF spine_flatten(again) <> flat THEN
			RAISE EXCEPTION 'flat trace comes back otherwise: %', spine_flatten(again);
		END IF;
	END LOOP;
	EXECUTE 'DROP TABLE ' || spine;
	RETURN again;
END $$;

CREATE FUNCTION golden.run(directive text, input text[], INOUT spine regclass, INOUT requests text[], OUT answer text[]) LANGUAGE plpgsql AS $$
DECLARE
	name text := split_part(directive, ' ', 1);
	made text[];
	f spine_frontier;
BEGIN
	answer := '{ok}';
	CASE name
	WHEN 'push-batch' THEN
		made := golden.push(spine, input);
		requests := requests || made;
	WHEN 'take-merge-reqs' THEN
		answer := requests;
		requests := '{}';
	WHEN 'all-merge-reqs' THEN
		answer := ARRAY(SELECT golden.line(lower, upper, since, parts) FROM spine_request_rows(spine) ORDER BY id_lo);
	WHEN 'apply-merge-res' THEN
		answer := golden.apply(spine, input);
	WHEN 'downgrade-since' THEN
		IF directive !~ ' since=' THEN
			RAISE EXCEPTION 'since is missing';
		END IF;
		SELECT t.f INTO f FROM golden.take(regexp_replace(directive, '^.* since=', '')) t;
		PERFORM spine_downgrade_since(spine, f);
	WHEN 'since-upper' THEN
		answer := ARRAY[spine_since(spine)::text || spine_upper(spine)];
	WHEN 'batches' THEN
		answer := ARRAY(SELECT golden.line(lower, upper, since, len, parts) FROM spine_batch_rows(spine) ORDER BY id_lo);
	WHEN 'spine-batches' THEN
		answer := ARRAY(SELECT * FROM spine_describe(spine));
	WHEN 'spine-levels' THEN
		answer := golden.levels(spine);
	WHEN 'metrics' THEN
		answer := ARRAY(SELECT format('compact=%s compacting=%s noncompact=%s', compact, compacting, noncompact) FROM spine_trace_rows(spine));
	WHEN 'flatten' THEN
		answer := golden.flatten(spine_flatten(spine));
	WHEN 'roundtrip' THEN
		spine := golden.roundtrip(spine);
	WHEN 'rebuild' THEN
		PERFORM spine_rebuild(spine);
	WHEN 'validate' THEN
		answer := ARRAY[spine_validate(spine)];
	WHEN 'time' THEN
		spine := golden.fresh(coalesce(substring(directive FROM ' dims=(\d+)'), '0')::integer);
		requests := '{}';
	ELSE
		answer := '{error: unknown directive}';
	END CASE;
	IF coalesce(answer, '{}') = '{}' THEN
		answer := '{<empty>}';
	END IF;
EXCEPTION WHEN OTHERS THEN
	answer := ARRAY['error: ' || SQLERRM];
END $$;

CREATE PROCEDURE golden.replay(script text, INOUT result text) LANGUAGE plpgsql AS $$
DECLARE
	lines text[] := string_to_array(script, E'\n');
	n integer := cardinality(lines);
	i integer := 1;
	first integer;
	spine regclass := golden.fresh(1);
	requests text[] := '{}';
	answer text[];
	written text[] := '{}';
	blocks integer := 0;
BEGIN
	WHILE i <= n LOOP
		IF lines[i] = '' OR lines[i] LIKE '#%' THEN
			written := written || lines[i];
			i := i + 1;
			CONTINUE;
		END IF;
		first := i;
		WHILE i < n AND lines[i] <> '----' LOOP
			i := i + 1;
		END LOOP;
		SELECT r.spine, r.requests, r.answer INTO spine, requests, answer
		FROM golden.run(lines[first], lines[first + 1 : i - 1], spine, requests) r;
		written := written || lines[first : i] || answer;
		-- the answer that is there
		WHILE i <= n AND lines[i] <> '' LOOP
			i := i + 1;
		END LOOP;
		blocks := blocks + 1;
		IF blocks % 100 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
	EXECUTE 'DROP TABLE ' || spine;
	result := array_to_string(written, E'\n');
END $$;
