-- The picture: one line on what has come so far, one line per level, largest
-- first: how many parts and updates lie in it and, where two batches are there,
-- how many updates the spine has yet to join (the light end of the bar).
SELECT format('  parts pushed %s, live %s   updates %s   requests open %s   merges applied %s',
              t.upper::bigint,
              (SELECT coalesce(sum(cardinality(parts)), 0) FROM spine_batches b
               WHERE b.relation = t.relation),
              t.updates,
              (SELECT count(*) FROM spine_merge_requests r WHERE r.relation = t.relation),
              (SELECT count(*) FROM spine_merge_results m
               WHERE m.relation = t.relation AND m.outcome::text LIKE 'applied%'))
FROM spine_traces t
WHERE t.relation = 'ledger'::regclass;

WITH filled AS (
    SELECT l.level, l.batches, l.len, coalesce(l.merge_remaining, 0) AS remaining,
           (SELECT coalesce(sum(cardinality(b.parts)), 0) FROM spine_batches b
            WHERE b.relation = l.relation AND b.level = l.level) AS parts,
           greatest(max(l.len) OVER (), 1) AS longest,
           min(l.level) FILTER (WHERE l.batches > 0) OVER () AS lowest,
           max(l.level) FILTER (WHERE l.batches > 0) OVER () AS highest
    FROM spine_levels l
    WHERE l.relation = 'ledger'::regclass
), bars AS (
    SELECT *, ceil(36.0 * len / longest)::int AS bar,
           ceil(36.0 * least(remaining, len) / longest)::int AS light
    FROM filled
    WHERE level BETWEEN lowest AND highest
)
SELECT CASE WHEN batches = 0 THEN format('    2^%s', level)
       ELSE format('    2^%-3s %4s %-5s %8s updates  %s%s', level, parts,
                   CASE parts WHEN 1 THEN 'part' ELSE 'parts' END, len,
                   repeat('█', bar - light), repeat('░', light)) END
FROM bars
ORDER BY level DESC;
