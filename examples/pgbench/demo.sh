#!/usr/bin/env bash
# The demo: pgbench's own TPC-B run is the source of updates, a mover turns its
# history into parts, a compactor outside the server merges parts as the spine
# asks for it, and at the end the parts must still add up to every account.
# Started by `make demo` inside a throwaway cluster (scripts/cluster); the only
# argument is how many seconds pgbench runs.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-15}
log=$(mktemp -d)
export PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=20s -c client_min_messages=warning"

sql() { psql -XqAt -P pager=off -v ON_ERROR_STOP=1 "$@"; }
say() { printf '%s\n' "$@"; }

jobs=()
cleanup() {
    if ((${#jobs[@]})); then
        kill "${jobs[@]}" 2>/dev/null || true
        wait "${jobs[@]}" 2>/dev/null || true
    fi
    rm -rf "$log"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# Starts a program in the background, its output in a file of its own name.
start() {
    local name=$1
    shift
    "$@" >"$log/$name" 2>&1 &
    jobs+=($!)
}

# Waits for a program that was started; if it failed, so does the demo.
finish() {
    local status=0
    wait "$2" || status=$?
    ((status)) || return 0
    say "" "$1 failed with exit status $status:" >&2
    tail -n 20 "$log/$1" >&2
    exit 1
}

# Draws the levels if they have changed: on a terminal over the last picture,
# otherwise below it and less often.
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then pause=0.3; else pause=3; fi
picture=
draw() {
    local last=$picture
    picture=$(sql -f levels.sql)
    [[ $picture != "$last" ]] || return 0
    if [[ $pause != 3 && -n $last ]]; then printf '\e[%dA\e[J' $(($(wc -l <<<"$last") + 1)); fi
    printf '%s\n\n' "$picture"
}

say "" "spine: the demo" "" \
    "pgbench updates accounts for $seconds seconds and logs each change in pgbench_history." \
    "The mover takes the rows out of there, batch by batch, into new part tables and" \
    "pushes them to the spine of the table \"ledger\". The spine asks for neighbouring" \
    "parts to be merged, the compactor (psql, outside the server) merges them, and" \
    "the background worker swaps the result in." "" \
    "Below, the levels of the spine: a batch of up to 2^n updates lies in level 2^n." \
    "Where two meet in a level, the spine joins them, a little with every push (the" \
    "light part of the bar is still to do), and then asks for them to be merged." ""

pgbench -i -q -s 4 >"$log/init" 2>&1 || { cat "$log/init" >&2; exit 1; }
sql -f setup.sql

# Each program runs until the one before it has ended and its work is done.
start pgbench pgbench -n -c 4 -j 2 -T "$seconds"
start mover ./mover.sh "${jobs[0]}"
start compactor ./compactor.sh "${jobs[1]}"

while kill -0 "${jobs[2]}" 2>/dev/null; do
    sleep "$pause"
    draw
done
finish compactor "${jobs[2]}"
finish mover "${jobs[1]}"
finish pgbench "${jobs[0]}"
jobs=()
draw

count=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$log/pgbench")
say "pgbench has run $count transactions, its history is moved, and every request for a" \
    "merge is answered. The proof:" ""
sql -f proof.sql || exit 1

say "" \
    "What you saw: the writer pushed small parts and never waited for a merge. The" \
    "spine kept them in levels of doubling size and asked for merges where two met." \
    "A plain script did the merges at its own pace and dropped a table only when the" \
    "outcome allowed it: inputs if the result was applied, the output if it was not." \
    "Nothing was lost or counted twice, and a reader has only a few parts to add up." ""
