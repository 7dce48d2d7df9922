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
