#!/bin/bash
#
# push: what a push costs beside the INSERT of the same row into a plain table
# with the same primary key, in the same server, in turns.
#
#   make install && scripts/cluster -o fsync=on -- bench/push.sh [rounds] [batches] [seconds]
#
# Prints, for each case, the median over the rounds and the least and greatest
# of both, and the median of the ratios; times, transactions and bytes of WAL;
# and how long the disk takes for what each commit waits for.

. "$(dirname "$0")/common.sh"

rounds=${1:-5}
batches=${2:-200000}
seconds=${3:-5}

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
DROP TABLE IF EXISTS plain, bulk, s0, s1, s2, s3, s4, s5, s6, s7;
DROP SEQUENCE IF EXISTS plain_id;
CREATE EXTENSION spine;
CREATE TABLE plain (relation regclass, id_lo bigint, id_hi bigint, lower spine_frontier,
	upper spine_frontier, since spine_frontier, len bigint, parts text[], runs int[],
	PRIMARY KEY (relation, id_lo));
CREATE TABLE bulk ();
CREATE SEQUENCE plain_id;
SELECT spine_register('bulk');
SELECT format('CREATE TABLE s%s ()', i) FROM generate_series(0, 7) i \gexec
SELECT spine_register(('s' || i)::regclass) FROM generate_series(0, 7) i;
CHECKPOINT;
SQL
}

insert_rows="INSERT INTO plain SELECT 'bulk', i, i + 1, spine_frontier(i), spine_frontier(i + 1),
	spine_frontier(0), 1, ARRAY['part ' || i], '{}' FROM generate_series(0, $batches - 1) i"
push_rows="SELECT count(*) FROM (SELECT spine_push_batch('bulk', i, i + 1, 1,
	ARRAY['part ' || i]) FROM generate_series(0, $batches - 1) i) x"

cat > "$work/insert.sql" <<'SQL'
INSERT INTO plain SELECT 's0', i, i + 1, spine_frontier(i), spine_frontier(i + 1),
	spine_frontier(0), 1, ARRAY['part ' || i], '{}' FROM nextval('plain_id') i;
SQL
echo "SELECT spine_append('s0', 1, ARRAY['part ' || :client_id]);" > "$work/push.sql"
echo "SELECT spine_append(('s' || :client_id)::regclass, 1, ARRAY['part ' || :client_id]);" \
	> "$work/push8.sql"

wal() { sql -c "SELECT pg_current_wal_insert_lsn() - '0/0'"; }

# Transactions per second of a script with so many clients.
tps() {
	pgbench -n -T "$seconds" -c "$2" -j 2 -f "$1" 2>/dev/null > "$work/pgbench"
	sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$work/pgbench"
}

# Bytes of WAL a transaction of the run before took, given where WAL was.
wal_each() {
	local n
	n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$work/pgbench")
	echo "$(wal) $1 $n" | awk '{ printf "%.1f\n", ($1 - $2) / $3 }'
}

# A case with so many clients; and its WAL, if it is to be told.
transactions() {
	local push insert push_wal insert_wal start
	fresh
	start=$(wal)
	insert=$(tps "$work/insert.sql" "$3")
	insert_wal=$(wal_each "$start")
	fresh
	start=$(wal)
	push=$(tps "$2" "$3")
	push_wal=$(wal_each "$start")
	echo "$1 (tps)|$push|$insert" >> "$work/figures"
	echo "$1 (bytes of WAL each)|$push_wal|$insert_wal" >> "$work/figures"
}

for ((round = 1; round <= rounds; round++))
do
	fresh
	start=$(wal)
	insert=$(timed "$insert_rows")
	insert_wal=$(($(wal) - start))
	for returns in off on
	do
		fresh
		start=$(wal)
		push=$(PGOPTIONS="-c spine.return_requests=$returns" timed "$push_rows")
		push_wal=$(($(wal) - start))
		name="$batches in one statement, requests $returns"
		echo "$name (s)|$push|$insert" >> "$work/figures"
		echo "$name (bytes of WAL in all)|$push_wal|$insert_wal" >> "$work/figures"
	done
	transactions "one a transaction, 1 client" "$work/push.sql" 1
	transactions "one a transaction, 8 clients on 8 spines" "$work/push8.sql" 8
	transactions "one a transaction, 8 clients on one spine" "$work/push.sql" 8
	echo "round $round of $rounds done" >&2
done

awk -v ours=push -v theirs=INSERT -f "$(dirname "$0")/summary.awk" "$work/figures"
pg_test_fsync -s 1 -f "$PGDATA/fsync_test" |
	sed -n '0,/fdatasync  *[0-9]/s/^ *fdatasync  *\(.*\)/fdatasync of 8 kB: \1/p'
