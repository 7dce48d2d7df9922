# common.sh: what the benchmarks that need a server have in common; sourced.

set -eu

work=$(mktemp -d)
trap 'kill $(jobs -p) 2> "$work/out" || true; rm -rf "$work"' EXIT

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Seconds until a query says t.
seconds_until() {
	local start
	start=$(date +%s.%N)
	until [ "$(sql -c "$1")" = t ]
	do
		sleep 0.01
	done
	echo "$start $(date +%s.%N)" | awk '{ printf "%.3f\n", $2 - $1 }'
}

# An old snapshot that has seen a table, held by a session of its own until it is ended.
open_snapshot() {
	PGAPPNAME=snapshot sql -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c "SELECT count(*) FROM $1" \
		-c 'SELECT pg_sleep(86400)' > "$work/snapshot" 2>&1 &
	until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'snapshot' AND query LIKE '%pg_sleep%'")" = 1 ]
	do
		sleep 0.1
	done
}
end_snapshot() {
	sql -c "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'snapshot'" > "$work/out"
	wait $! 2> "$work/out" || true
}
