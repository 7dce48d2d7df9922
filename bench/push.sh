#!/bin/bash
#
# push: what a push costs beside the INSERT of the same row into a plain table
# with the same primary key, in the same server, in turns.
#
#   make install && scripts/cluster -o fsync=on -- bench/push.sh [rounds] [batches] [seconds]
#
# Prints, for each case, the median over the rounds and the least and greatest
# of both, and the median of the ratios.

set -eu

rounds=${1:-5}
batches=${2:-200000}
seconds=${3:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Seconds that a statement takes, as psql measures it from outside.
timed() {
	sql -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' |
		awk '{ printf "%.3f\n", $1 / 1000 }'
}

# Everything new, so that nothing is left of the round before.
fresh() {
	sql > "$work/out" <<'SQL'
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS spine CASCADE;
DROP TABLE IF EXISTS plain, bulk, single;
DROP SEQUENCE IF EXISTS plain_id;
CREATE EXTENSION spine;
CREATE TABLE plain (relation regclass, id_lo bigint, id_hi bigint, lower spine_frontier,
	upper spine_frontier, since spine_frontier, len bigint, parts text[], runs int[],
	PRIMARY KEY (relation, id_lo));
CREATE TABLE bulk ();
CREATE TABLE single ();
CREATE SEQUENCE plain_id;
SELECT spine_register('bulk'), spine_register('single');
CHECKPOINT;
SQL
}

insert_rows="INSERT INTO plain SELECT 'bulk', i, i + 1, spine_frontier(i), spine_frontier(i + 1),
	spine_frontier(0), 1, ARRAY['part ' || i], '{}' FROM generate_series(0, $batches - 1) i"
push_rows="SELECT count(*) FROM (SELECT spine_push_batch('bulk', i, i + 1, 1,
	ARRAY['part ' || i]) FROM generate_series(0, $batches - 1) i) x"

cat > "$work/insert.sql" <<'SQL'
INSERT INTO plain SELECT 'single', i, i + 1, spine_frontier(i), spine_frontier(i + 1),
	spine_frontier(0), 1, ARRAY['part ' || i], '{}' FROM nextval('plain_id') i;
SQL
echo "SELECT spine_append('single', 1, ARRAY['part ' || :client_id]);" > "$work/push.sql"

tps() { pgbench -n -T "$seconds" -f "$1" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }

for ((round = 1; round <= rounds; round++))
do
	fresh
	insert=$(timed "$insert_rows")
	for returns in off on
	do
		fresh
		push=$(PGOPTIONS="-c spine.return_requests=$returns" timed "$push_rows")
		echo "$batches pushes in one statement, requests $returns (s)|$push|$insert" >> "$work/figures"
	done
	fresh
	insert=$(tps "$work/insert.sql")
	fresh
	push=$(tps "$work/push.sql")
	echo "one push a transaction, 1 client (tps)|$push|$insert" >> "$work/figures"
	echo "round $round of $rounds done" >&2
done

awk -v ours=push -v theirs=INSERT -f "$(dirname "$0")/summary.awk" "$work/figures"
