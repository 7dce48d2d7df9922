#!/bin/bash
#
# size: what a push costs in a large spine beside one in a small spine, with and
# without an old snapshot held open meanwhile, and how long the first push after
# a restart takes.
#
#   make install && scripts/cluster -o fsync=on -- bench/size.sh [rounds] [batches] [seconds]
#
# One push a transaction, in turns; prints the time per push (ms) as the median
# over the rounds, with the least and greatest, and the median of the ratios.

. "$(dirname "$0")/common.sh"

rounds=${1:-5}
batches=${2:-1000000}
seconds=${3:-5}

sql > "$work/out" <<SQL
CREATE EXTENSION spine;
CREATE TABLE small ();
CREATE TABLE large ();
SELECT spine_register('small'), spine_register('large');
SELECT count(spine_append('small', 1, ARRAY['part ' || i])) FROM generate_series(1, 1000) i;
SELECT count(spine_append('large', 1, ARRAY['part ' || i])) FROM generate_series(1, $batches) i;
VACUUM ANALYZE;
CHECKPOINT;
SQL

pg_ctl restart -s -w -m fast -D "$PGDATA" -l "$work/log" > "$work/out"
first=$(sql -c '\timing on' -c "SELECT spine_append('large', 1)" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')

push_ms() {
	echo "SELECT spine_append('$1', 1, ARRAY['part']);" > "$work/push.sql"
	pgbench -n -T "$seconds" -f "$work/push.sql" 2> "$work/err" |
		sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'
}

compare() {
	for ((round = 1; round <= rounds; round++))
	do
		echo "$1|$(push_ms large)|$(push_ms small)" >> "$work/figures"
		echo "$1, round $round of $rounds done" >&2
	done
}

compare "a push into $batches hollow batches beside one into 1000"
sql -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM spine_traces' \
	-c "SELECT pg_sleep(3600)" > "$work/out" &
sleep 1
compare "the same, with a snapshot held open"
kill %1 2> "$work/out" || true

awk -v ours=large -v theirs=small -f "$(dirname "$0")/summary.awk" "$work/figures"
echo "first push after a restart: $first ms"
