-- The picture: what each table counts by now, how fast (pgbench's word, as variables),
-- and its size.
SELECT format('  %-6s counts %9s   %7s tps  %-30s %8s%s', name, n, tps,
              repeat('█', ceil(30.0 * tps / greatest(max(tps) OVER (), 1))::int),
              pg_size_pretty(size), note)
FROM (VALUES ('heap', (SELECT n FROM visits_heap WHERE page = '/'),
              coalesce(nullif(:'heap_tps', '')::int, 0), pg_total_relation_size('visits_heap'), ''),
             ('spine', (SELECT n FROM visits WHERE page = '/'),
              coalesce(nullif(:'spine_tps', '')::int, 0), spine_relation_size('visits'),
              (SELECT format(', %s runs', coalesce(sum(cardinality(parts)), 0))
               FROM spine_batches WHERE relation = 'visits'::regclass)))
     v(name, n, tps, size, note)
ORDER BY name;
