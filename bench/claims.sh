#!/bin/bash
#
# claims: how many merges a second compactors can claim and complete, beside what
# pgmq's read and archive do with as many messages, in the same server and in
# turns; and whether many compactors that ask one spine at once all find work.
#
#   make install && scripts/cluster -o fsync=on -- bench/claims.sh [rounds] [items] [seconds]
#
# A pair is two transactions on either side.  pgmq is plain SQL: its two queries
# are written out here, on tables like its own, and planned each time, as its
# functions have it done.  Pairs are counted from the rows
# that they leave behind, so who found nothing to do does not count.  On our side
# the worker applies what is completed at the same time, on the same machine, and
# nothing is added for that; how long it goes on after the last pair is told as
# well.  Prints medians over the rounds, the least and greatest, and the median
# of the ratios; and for those who ask at once, how many got disjoint work, and
# how long they waited, in each round.

. "$(dirname "$0")/common.sh"

rounds=${1:-5}
items=${2:-50000}
seconds=${3:-5}
spines=16
askers=16

# Everything new, so that nothing is left of the round before.
fresh() {
	sql > "$work/out" <<'SQL'
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS spine CASCADE;
SELECT format('DROP TABLE IF EXISTS s%s', i) FROM generate_series(0, 15) i \gexec
DROP TABLE IF EXISTS queue, archive, asked;
CREATE EXTENSION spine;
SQL
}

# So many spines, with two batches for each item in all of them together.
fresh_spines() {
	fresh
	sql > "$work/out" <<SQL
SET spine.return_requests = off;
SELECT format('CREATE TABLE s%s ()', i) FROM generate_series(0, $1 - 1) i \gexec
SELECT spine_register(('s' || i)::regclass) FROM generate_series(0, $1 - 1) i;
SELECT format('SELECT count(spine_append(%L, 1, ARRAY[''part '' || i])) FROM generate_series(1, %s) i',
	's' || s, 2 * $items / $1) FROM generate_series(0, $1 - 1) s \gexec
VACUUM ANALYZE;
CHECKPOINT;
SQL
}

fresh_queue() {
	fresh
	sql > "$work/out" <<SQL
CREATE TABLE queue (msg_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	read_ct int NOT NULL DEFAULT 0, enqueued_at timestamptz NOT NULL DEFAULT now(),
	vt timestamptz NOT NULL, message jsonb);
CREATE INDEX queue_vt ON queue (vt);
CREATE TABLE archive (msg_id bigint PRIMARY KEY, read_ct int NOT NULL,
	enqueued_at timestamptz NOT NULL, archived_at timestamptz NOT NULL DEFAULT now(),
	vt timestamptz NOT NULL, message jsonb);
CREATE INDEX archive_archived_at ON archive (archived_at);
INSERT INTO queue (vt, message) SELECT clock_timestamp(), jsonb_build_object('id_lo', 2 * i,
	'id_hi', 2 * i + 2, 'parts', ARRAY['part ' || 2 * i, 'part ' || 2 * i + 1])
	FROM generate_series(0, $items - 1) i;
VACUUM ANALYZE;
CHECKPOINT;
SQL
}

cat > "$work/pgmq.sql" <<'SQL'
UPDATE queue q SET vt = clock_timestamp() + interval '5 minutes', read_ct = read_ct + 1 FROM (SELECT msg_id FROM queue WHERE vt <= clock_timestamp() ORDER BY msg_id LIMIT 1 FOR UPDATE SKIP LOCKED) f WHERE q.msg_id = f.msg_id RETURNING q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message \gset
WITH gone AS (DELETE FROM queue WHERE msg_id = :msg_id RETURNING msg_id, read_ct, enqueued_at, vt, message) INSERT INTO archive (msg_id, read_ct, enqueued_at, vt, message) SELECT * FROM gone RETURNING msg_id;
SQL

# Of one spine, or of all that there are.
pair_of() {
	cat <<SQL
\\set claim 0
SELECT * FROM spine_claim_merge($1, max_parts => 2) \\aset
\\if :claim > 0
SELECT spine_complete_merge(:claim, 2, ARRAY['merged ' || :claim]);
\\endif
SQL
}
pair_of "'s0'" > "$work/one.sql"
pair_of NULL > "$work/all.sql"

# Runs a script with so many clients; pairs a second, given how to count them.
pairs() {
	pgbench -n -T "$seconds" -c "$2" -j 2 -f "$work/$1.sql" > "$work/pgbench" 2>&1 ||
		{ cat "$work/pgbench" >&2; exit 1; }
	sql -c "SELECT round(($3) / $seconds.0, 1)"
}

# Every result was of use, and the spines are valid.
check() {
	[ "$(sql -c "SELECT count(*) FROM spine_merge_result WHERE outcome IS NULL OR outcome::text !~ '^applied'")" = 0 ] &&
		[ "$(sql -c "SELECT bool_and(spine_validate(relation) = 'ok') FROM spine_trace")" = t ] ||
		{ echo "not all results were applied" >&2; exit 1; }
}

# The pairs of so many clients on so many spines, beside so many of pgmq's.
compare() {
	local ours theirs applied
	fresh_queue
	theirs=$(pairs pgmq "$1" "SELECT count(*) FROM archive")
	fresh_spines "$2"
	ours=$(pairs "$3" "$1" "SELECT count(result) FROM spine_merge_claim")
	applied=$(seconds_until 'SELECT NOT EXISTS (SELECT FROM spine_merge_result WHERE applied_at IS NULL)')
	check
	echo "$1 compactors, $2 spines (pairs a second)|$ours|$theirs" >> "$work/figures"
	echo "$1 compactors, $2 spines: until all is applied, beside the run (s)|$applied|$seconds" >> "$work/figures"
}

# Everybody asks within the same moment, and goes on for a while before the commit.
asking() {
	cat > "$work/ask.sql" <<SQL
BEGIN;
SELECT extract(epoch FROM clock_timestamp()) AS start \\gset
SELECT coalesce(max(claim), 0) AS claim FROM spine_claim_merge('s0'$1) \\gset
INSERT INTO asked VALUES ('$2', :claim, 1000 * (extract(epoch FROM clock_timestamp()) - :start));
SELECT pg_sleep($3);
COMMIT;
SQL
	pgbench -n -t 1 -c $askers -j 2 -f "$work/ask.sql" > "$work/pgbench" 2>&1
}

# How many got work that nobody else has, and how long they were kept waiting.
tell() {
	sql -F ' ' <<SQL
SELECT '  $1:', count(*) FILTER (WHERE c.claim > 0 AND NOT EXISTS (SELECT FROM spine_merge_claim a, spine_merge_claim b
		WHERE a.id = c.claim AND b.id <> a.id AND b.ended_at IS NULL AND a.id_lo < b.id_hi AND b.id_lo < a.id_hi))
	|| ' of ' || count(*) || ' have disjoint work,',
	format('waited %s ms (median), %s ms (most)',
		round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 2), round(max(ms), 2))
FROM asked c WHERE what = '$1'
SQL
}

at_once() {
	local what="nobody commits before all have asked"
	fresh_spines 1
	sql -c "CREATE TABLE asked (what text, claim bigint, ms numeric)"
	asking ", max_parts => 1000" "at most 1000 parts" 0
	tell "at most 1000 parts"
	asking ", max_parts => 1000" "at most 1000 parts, $what" 1
	tell "at most 1000 parts, $what"
	sql -c "SELECT count(spine_release_claim(id)) FROM spine_merge_claim" > "$work/out"
	asking "" "whole requests" 0
	tell "whole requests"
}

for ((round = 1; round <= rounds; round++))
do
	for clients in 1 16
	do
		compare $clients 1 one
		compare $clients $spines all
	done
	echo "round $round" >> "$work/asked"
	at_once >> "$work/asked"
	echo "round $round of $rounds done" >&2
done

awk -v ours=spine -v theirs=other -f "$(dirname "$0")/summary.awk" "$work/figures"
echo "$askers ask a spine of $((2 * items)) batches at once"
cat "$work/asked"
