#!/usr/bin/env bash
# The second demo: one counter that many clients count up at once, as a row of a heap
# that all of them update, and as a native table into which they insert. Both run at
# the same time, and at the end both must hold what pgbench says it has counted.
# Started by `make demo` inside a throwaway cluster (scripts/cluster); the only
# argument is how many seconds pgbench runs.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-10}
clients=16
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

# Starts pgbench in the background on one statement; it tells its tps every second.
start() {
    local name=$1
    say "$2" >"$log/$name.sql"
    pgbench -n -c "$clients" -j 1 -T "$seconds" -P 1 -f "$log/$name.sql" >"$log/$name" 2>"$log/$name.progress" &
    jobs+=($!)
}

# Waits for one of them; if it failed, so does the demo.
finish() {
    local status=0
    wait "$2" || status=$?
    ((status)) || return 0
    say "" "pgbench failed on the $1 with exit status $status:" >&2
    tail -n 20 "$log/$1.progress" >&2
    exit 1
}

tps() { sed -n 's/^progress: .* s, \([0-9]*\).* tps.*/\1/p' "$log/$1.progress" | tail -n 1; }
counted() { sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$log/$1"; }

# On a terminal over the last picture, otherwise below it and less often.
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then pause=1; else pause=3; fi
picture=
draw() {
    if [[ $pause = 1 && -n $picture ]]; then printf '\e[%dA\e[J' $(($(wc -l <<<"$picture") + 1)); fi
    picture=$(sql -v heap_tps="$(tps heap)" -v spine_tps="$(tps spine)" -f picture.sql)
    printf '%s\n\n' "$picture"
}

say "" "spine: native tables" "" \
    "Two times $clients clients count visits to one page for $seconds seconds. In the heap, they" \
    "update its row, and each waits for the one before it. In the native table, which" \
    "is told that n adds up, they insert a 1, and nobody waits; the background worker" \
    "adds up what was inserted, in runs, and those are merged. Reading gives one row." ""

sql -f setup.sql
start heap "UPDATE visits_heap SET n = n + 1 WHERE page = '/';"
start spine "INSERT INTO visits VALUES ('/', 1);"
while kill -0 "${jobs[@]}" 2>/dev/null; do
    sleep "$pause"
    draw
done
finish heap "${jobs[0]}"
finish spine "${jobs[1]}"
jobs=()

# Not while mergers are at work on the table
before=$(sql -c "SELECT n FROM visits")
for ((tries = 1; ; tries++)); do
    stored=$(sql -c "SELECT spine_compact('visits')" 2>"$log/compact") && break
    ((tries < 100)) || { cat "$log/compact" >&2; exit 1; }
    sleep 0.2
done

say "The proof, after the last rows are absorbed and both tables are vacuumed:" ""
sql -f proof.sql -v heap="$(counted heap)" -v spine="$(counted spine)" \
    -v before="$before" -v stored="$stored"
say ""
