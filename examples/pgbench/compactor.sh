#!/usr/bin/env bash
# The compactor: reads what the spine wants merged, merges the part tables (sum
# of delta per account, zero sums left out), submits the result and waits for its
# outcome. Applied: nothing needs the inputs any more; they are dropped. Not
# applied: nothing needs the output. Goes on until the process given (the mover)
# has ended and no request is left.
set -euo pipefail

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
fail() { echo "$*" >&2; exit 1; }

# The request that replaces most parts. A long one does not carry its parts.
next_request() {
    sql <<'SQL'
SELECT r.lower, r.upper, r.since,
       coalesce(r.parts, (SELECT array_agg(p.part ORDER BY i.id_lo, p.ord)
                          FROM spine_request_inputs(r.relation, r.id_lo, r.id_hi) i,
                               unnest(i.parts) WITH ORDINALITY p (part, ord)))
FROM spine_merge_requests r
WHERE r.relation = 'ledger'::regclass
ORDER BY r.nparts DESC, r.id_lo LIMIT 1;
SQL
}

# Writes the merged part and submits it; gives the number of the result.
merge() {
    sql -v output="$1" -v lower="$2" -v upper="$3" -v since="$4" -v inputs="$5" <<'SQL'
BEGIN;
SELECT format('CREATE TABLE parts.%I AS SELECT aid, sum(delta)::bigint AS delta
               FROM (%s) input GROUP BY aid HAVING sum(delta) <> 0 ORDER BY aid', :'output',
              string_agg(format('SELECT aid, delta FROM parts.%I', part), ' UNION ALL '))
FROM unnest(:'inputs'::text[]) part \gexec
SELECT spine_submit_merge('ledger', :'lower', :'upper', :'since',
                          (SELECT count(*) FROM parts.:"output"),
                          ARRAY[:'output'], '{}', :'inputs'::text[]);
COMMIT;
SQL
}

# Waits up to 20 seconds for the worker's word on a result.
outcome_of() {
    local outcome deadline=$((SECONDS + 20))
    while ((SECONDS < deadline)); do
        outcome=$(sql -c "SELECT concat_ws(': ', coalesce(outcome::text, 'error'), error)
                          FROM spine_merge_results WHERE id = $1 AND applied_at IS NOT NULL")
        if [[ -n $outcome ]]; then
            echo "$outcome"
            return
        fi
        sleep 0.05
    done
    fail "result $1 has no outcome after 20 seconds: is the spine worker running?"
}

# Drops the part tables of an array of names.
drop_parts() {
    sql -v parts="$1" <<'SQL'
SELECT format('DROP TABLE parts.%I', part) FROM unnest(:'parts'::text[]) part \gexec
SQL
}

refused=0
for ((n = 1; ; n++)); do
    if kill -0 "$1" 2>/dev/null; then more=1; else more=0; fi
    request=$(next_request)
    if [[ -z $request ]]; then
        ((more)) || break
        sleep 0.05
        continue
    fi
    IFS='|' read -r lower upper since inputs <<<"$request"

    output=merged_$n
    id=$(merge "$output" "$lower" "$upper" "$since" "$inputs")
    outcome=$(outcome_of "$id")
    case $outcome in
        applied_exact | applied_subset)
            drop_parts "$inputs"
            refused=0
            ;;
        not_applied_*)
            drop_parts "{$output}"
            ((++refused < 10)) || fail "ten results in a row were not applied, the last: $outcome"
            ;;
        *) fail "result $id for $lower $upper: $outcome" ;;
    esac
done
