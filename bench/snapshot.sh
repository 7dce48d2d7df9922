#!/bin/bash
#
# snapshot: what spine_snapshot costs of a spine of many hollow batches, beside an
# index scan of as many rows of a plain table with the same columns and the same
# primary key, in the same server and in turns.
#
#   make install && scripts/cluster -o fsync=on -- bench/snapshot.sh [rounds] [batches]
#
# Prints, for each case, the median over the rounds and the least and greatest of
# both, and the median of the ratios.  In the first one all rows are sent to a
# client, in the second they are only counted.  A time is the least of five runs
# one after the other.

. "$(dirname "$0")/common.sh"

rounds=${1:-5}
batches=${2:-100000}

# Every second row is of another relation, as it would be among several spines.
sql > "$work/out" <<SQL
SET client_min_messages = warning;
CREATE EXTENSION spine;
CREATE TABLE s ();
CREATE TABLE other ();
SELECT spine_register('s'), spine_register('other');
SET spine.return_requests = off;
SELECT count(spine_append('s', 1, ARRAY['part ' || i])), count(spine_append('other', 1, ARRAY['part ' || i]))
	FROM generate_series(1, $batches) i;
CREATE TABLE plain (relation regclass, id_lo bigint, id_hi bigint, lower spine_frontier,
	upper spine_frontier, since spine_frontier, len bigint, parts text[], runs int[],
	PRIMARY KEY (relation, id_lo));
INSERT INTO plain SELECT * FROM spine_batch;
VACUUM ANALYZE;
CHECKPOINT;
SQL

columns="id_lo, id_hi, lower, upper, since, len, parts, runs"
snapshot="FROM spine_snapshot('s')"
scan="FROM plain WHERE relation = 's'::regclass"
index="-c enable_seqscan=off -c enable_bitmapscan=off -c max_parallel_workers_per_gather=0"

# Both have the same rows, and the plain table is read through its index.
[ "$(sql -c "SELECT md5(string_agg(x::text, ' ')) FROM (SELECT $columns $snapshot) x")" = \
	"$(sql -c "SELECT md5(string_agg(x::text, ' ')) FROM (SELECT $columns $scan ORDER BY id_lo) x")" ] ||
	{ echo "the snapshot differs from the table" >&2; exit 1; }
PGOPTIONS=$index sql -c "EXPLAIN SELECT $columns $scan ORDER BY id_lo" | grep -q 'Index Scan using plain_pkey' ||
	{ echo "the plain table is not read through its index" >&2; exit 1; }

# Milliseconds that a statement takes, as psql measures it from outside.
timed() {
	for run in 1 2 3 4 5
	do
		echo "$1;"
	done > "$work/run.sql"
	PGOPTIONS=$index sql -c '\timing on' -f "$work/run.sql" |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | head -1
}

for ((round = 1; round <= rounds; round++))
do
	echo "$batches rows to a client (ms)|$(timed "SELECT $columns $snapshot")|$(timed "SELECT $columns $scan ORDER BY id_lo")" >> "$work/figures"
	echo "$batches rows counted (ms)|$(timed "SELECT count(parts) $snapshot")|$(timed "SELECT count(parts) $scan")" >> "$work/figures"
	echo "round $round of $rounds done" >&2
done

awk -v ours=spine -v theirs=scan -f "$(dirname "$0")/summary.awk" "$work/figures"
