#!/usr/bin/env bash
# The mover: takes what pgbench has committed to pgbench_history so far, puts it
# into a new part table as it is, and pushes that part, all in one transaction:
# a change is in the history or in the spine, never in both or neither. Goes on
# until the process given (pgbench) has ended, and then takes the rest.
set -euo pipefail

for ((n = 1, more = 1; more; n++)); do
    kill -0 "$1" 2>/dev/null || more=0
    psql -Xq -v ON_ERROR_STOP=1 -v part="batch_$n" <<'SQL'
BEGIN;
CREATE TABLE parts.:"part" (LIKE ledger);
WITH moved AS (DELETE FROM pgbench_history RETURNING aid, delta)
INSERT INTO parts.:"part" SELECT aid, delta FROM moved;

SELECT count(*) AS length, count(*) > 0 AS filled FROM parts.:"part" \gset
\if :filled
    SELECT spine_append('ledger', :length, ARRAY[:'part']) \g /dev/null
    COMMIT;
\else
    ROLLBACK;
\endif
SQL
    sleep 0.05
done
