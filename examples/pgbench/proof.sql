-- The proof: the live parts add up to pgbench_accounts, account by account; the
-- part tables are exactly the parts the spine names; the spine is valid; and
-- merging has left fewer parts than were pushed. One snapshot for all of it; an
-- error, after the differences are listed, if anything does not hold.
\set SHOW_CONTEXT never
BEGIN ISOLATION LEVEL REPEATABLE READ;

CREATE TEMP TABLE live ON COMMIT DROP AS
SELECT part FROM spine_batches, unnest(parts) part WHERE relation = 'ledger'::regclass;

SELECT format('CREATE TEMP TABLE sums ON COMMIT DROP AS
               SELECT aid, sum(delta) AS balance FROM (%s) part
               GROUP BY aid HAVING sum(delta) <> 0',
              string_agg(format('SELECT aid, delta FROM parts.%I', part), ' UNION ALL '))
FROM live \gexec

CREATE TEMP TABLE wrong ON COMMIT DROP AS
SELECT format('account %s: the parts give %s, pgbench_accounts says %s',
              aid, coalesce(s.balance, 0), coalesce(a.abalance, 0)) AS what
FROM sums s
FULL JOIN (SELECT aid, abalance FROM pgbench_accounts WHERE abalance <> 0) a USING (aid)
WHERE s.balance IS DISTINCT FROM a.abalance
UNION ALL
SELECT format('table parts.%I is not a part of the spine', relname)
FROM pg_class
WHERE relnamespace = 'parts'::regnamespace AND relname NOT IN (SELECT part FROM live)
UNION ALL
SELECT format('%s rows are left in pgbench_history', count(*)) FROM pgbench_history HAVING count(*) > 0
UNION ALL
SELECT 'spine_validate: ' || v FROM spine_validate('ledger') v WHERE v <> 'ok'
UNION ALL
SELECT format('%s parts were pushed and %s are left: nothing was merged', pushed, remain)
FROM (SELECT spine_upper('ledger')::bigint AS pushed, count(*) AS remain FROM live) n
WHERE remain >= pushed;

SELECT '  DIFFERS  ' || what FROM wrong LIMIT 20;
DO $$
BEGIN
    IF EXISTS (SELECT FROM wrong) THEN
        RAISE EXCEPTION 'the proof fails, differences: %', (SELECT count(*) FROM wrong);
    END IF;
END $$;

SELECT format('  parts pushed          %s', spine_upper('ledger')::bigint);
SELECT format('  parts remaining       %s', count(*)) FROM live;
SELECT format('  sums per account      equal to pgbench_accounts, all %s that are not zero', count(*))
FROM sums;
SELECT format('  sum of everything     %s, balances %s', (SELECT sum(balance) FROM sums), sum(abalance))
FROM pgbench_accounts;
SELECT '  tables left behind    none';
SELECT format('  spine_validate        %s', spine_validate('ledger'));
COMMIT;
