#!/bin/bash
#
# inbox: what it costs many writers of one spine to leave their batches in its
# inbox, beside the INSERT of the same row into a plain table with the same
# primary key, and beside spine_append, in the same server and in turns.
#
#   make install && scripts/cluster -o fsync=on -- bench/inbox.sh [rounds] [seconds] [clients]...
#
# Prints, for each case and number of clients (8 and 16), the median over the
# rounds and the least and greatest of both, and the median of the ratios:
# transactions per second; how long a batch waits from being appended until it has
# its time, at the median of all, beside the 50 ms that it should be under; and how
# long after the last of them the worker needs until the inbox is empty, beside
# how long it was filled.

. "$(dirname "$0")/common.sh"

rounds=${1:-5}
seconds=${2:-5}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 8 16

# Everything new, so that nothing is left of the round before.
fresh() {
	sql > "$work/out" <<'SQL'
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS spine CASCADE;
DROP TABLE IF EXISTS plain, s;
DROP SEQUENCE IF EXISTS plain_id;
CREATE EXTENSION spine;
CREATE TABLE plain (ticket bigint PRIMARY KEY, relation regclass, len bigint, parts text[], runs int[]);
CREATE SEQUENCE plain_id;
CREATE TABLE s ();
SELECT spine_register('s');
CHECKPOINT;
SQL
}

cat > "$work/insert.sql" <<'SQL'
INSERT INTO plain VALUES (nextval('plain_id'), 's', 1, ARRAY['part ' || :client_id], '{}');
SQL
echo "SELECT spine_append('s', 1, ARRAY['part ' || :client_id]);" > "$work/append.sql"
echo "SELECT spine_append_batch('s', 1, ARRAY['part ' || :client_id]);" > "$work/inbox.sql"

# Transactions per second of a script with so many clients.
tps() {
	fresh
	pgbench -n -T "$seconds" -c "$2" -j 2 -f "$work/$1.sql" 2>/dev/null > "$work/pgbench"
	sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$work/pgbench"
}

# Milliseconds that a batch has waited, at the median.
waited() {
	sql -c "SELECT round(1000 * percentile_cont(0.5) WITHIN GROUP
		(ORDER BY extract(epoch FROM sequenced_at - appended_at))::numeric, 3) FROM spine_inbox"
}

# What was appended is there, and valid.
check() {
	local n
	n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$work/pgbench")
	[ "$(sql -c "SELECT spine_upper('s') || spine_validate('s')")" = "[$n]ok" ] ||
		{ echo "the spine does not hold the $n batches that were appended" >&2; exit 1; }
}

compare() {
	local insert append inbox drained
	insert=$(tps insert "$1")
	append=$(tps append "$1")
	check
	inbox=$(tps inbox "$1")
	drained=$(seconds_until 'SELECT NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL)')
	check
	echo "inbox beside INSERT, $1 clients (tps)|$inbox|$insert" >> "$work/figures"
	echo "inbox beside spine_append, $1 clients (tps)|$inbox|$append" >> "$work/figures"
	echo "appended to sequenced beside 50 ms, $1 clients (ms)|$(waited)|50" >> "$work/figures"
	echo "until the inbox is empty, beside filling it, $1 clients (s)|$drained|$seconds" >> "$work/figures"
}

for ((round = 1; round <= rounds; round++))
do
	for clients in "$@"
	do
		compare "$clients"
	done
	echo "round $round of $rounds done" >&2
done

awk -v ours=inbox -v theirs=other -f "$(dirname "$0")/summary.awk" "$work/figures"
