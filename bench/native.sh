#!/bin/bash
#
# native: native tables beside heaps with the same rows, in the same server and in
# turns.
#
#   make install && scripts/cluster -o fsync=on -o max_wal_size=8GB -o shared_buffers=1GB -- \
#       bench/native.sh [rounds] [seconds] [quick] [ROWS=n] [LOG=file.csv.gz] [case]...
#
# quick is for trying the script: one round, 2 seconds, 20000 rows.  Cases, all
# unless some are named:
#
#   insert   single-row transactions of 1 and of 16 clients
#   copy     COPY of ROWS (10 million) narrow rows, and absorbing them in one call
#   load     COPY of 1000 rows at a time for four times the seconds, while the worker
#            absorbs and merges; the writer waits when the delta is behind
#   size     bytes a row once compacted, LOG's among them: a gzipped csv file of
#            (integer, timestamptz, text, integer)
#   scan     reading one and all of ten columns of ROWS / 10 rows, cached and cold: from
#            a server that was just started, with its files not in the system's memory
#   lookup   one value of the order column among ROWS
#   counter  one key that 16 clients count up, also under an old snapshot; reading it
#
# Prints, for each case, the median over the rounds and the least and greatest of
# both, and the median of the ratios.

. "$(dirname "$0")/common.sh"

rounds=5 seconds=5 rows=10000000 log= cases= place=rounds
for argument
do
	case $argument in
		quick) rounds=1 seconds=2 rows=20000 ;;
		ROWS=*) rows=${argument#*=} ;;
		LOG=*) log=${argument#*=} ;;
		insert|copy|load|size|scan|lookup|counter) cases="$cases $argument" ;;
		*[!0-9]*|'') echo "native: no such case: $argument" >&2; exit 2 ;;
		*) declare "$place=$argument"; place=seconds ;;
	esac
done
cases=${cases:-insert copy load size scan lookup counter}
# Rows in the delta from which on the writer waits
behind=500000

export PGOPTIONS="-c max_parallel_workers_per_gather=0 -c client_min_messages=warning"
sql -c 'CREATE EXTENSION spine'

figure() { echo "$1|$2|$3" >> "$work/figures"; }

# A new table in place of the old one, with nothing left to write of that: its name,
# columns and access method.
fresh() {
	sql -c "DROP TABLE IF EXISTS $1" -c "CREATE TABLE $1 ($2) USING $3" -c 'CHECKPOINT'
}

# Whether the server absorbs and merges by itself: on or off.
background() {
	local delay=-1 mergers=0
	[ "$1" = off ] || { delay=10s; mergers=2; }
	sql -c "ALTER SYSTEM SET spine.absorb_delay = '$delay'" \
		-c "ALTER SYSTEM SET spine.max_mergers = $mergers" \
		-c 'SELECT pg_reload_conf()' -c 'SELECT pg_sleep(1)' > "$work/out"
}

# Absorbs, merges and gives back the space, of a table that was made with the
# background off.
compact() {
	sql -c "SELECT spine_compact('$1')" -c "VACUUM ANALYZE $1" > "$work/out"
}

# Milliseconds of a statement, as psql measures it from outside, when it is run for
# the second time in its session.
timed_again() {
	sql -c '\timing on' -c "$1" -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

# The same from a cold start, for the first time.
timed_cold() {
	pg_ctl stop -s -w -m fast -D "$PGDATA"
	find "$PGDATA/base" -type f -exec dd if={} iflag=nocache count=0 status=none \;
	pg_ctl start -s -w -D "$PGDATA" -l "$PGDATA/../server.log"
	sql -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

# Rows a second of a statement that handles all of them.
rate() {
	sql -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' |
		awk -v rows="$rows" '{ printf "%.0f\n", rows / $1 * 1000 }'
}

# Runs a script with so many clients for so many seconds; what pgbench says.
run() {
	pgbench -n -T "$2" -c "$3" -j "$(($3 < 2 ? 1 : 2))" -D "n=0" -D behind=0 -f "$1" \
		> "$work/pgbench" 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
}
tps() { sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$work/pgbench"; }
latency() { sed -n 's/^latency average = \([0-9.]*\) ms/\1/p' "$work/pgbench"; }
transactions() { sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$work/pgbench"; }

# What came out of a query must be what is expected.
expect() {
	local answer
	answer=$(sql -c "$1")
	[ "$answer" = "$2" ] || { echo "native: $1 gives $answer, not $2" >&2; exit 1; }
}

# --------------------------------------------------------------------
# Writing

history="tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22)"

case_insert() {
	local method clients
	local -A got
	cat > "$work/insert.sql" <<-'SQL'
		\set aid random(1, 10000000)
		\set bid random(1, 100)
		\set tid random(1, 1000)
		\set delta random(-5000, 5000)
		INSERT INTO history VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
	SQL
	for clients in 1 16
	do
		for method in heap spine
		do
			fresh history "$history" $method
			run "$work/insert.sql" "$seconds" $clients
			got[$method]=$(tps)
			expect 'SELECT count(*) FROM history' "$(transactions)"
		done
		figure "INSERT of one row, $clients clients (tps)" "${got[spine]}" "${got[heap]}"
	done
	sql -c 'DROP TABLE history'
}

# Narrow rows, with their first column in no order.
narrow="id integer, v integer"
narrow_rows="SELECT i * 7919::bigint % $rows, i % 1000 FROM generate_series(1, $rows) i"
narrow_file() {
	[ -e "$work/narrow" ] || sql -c "COPY ($narrow_rows) TO '$work/narrow'"
}

case_copy() {
	local heap spine absorbed
	narrow_file
	background off
	fresh narrow "$narrow" heap
	heap=$(rate "COPY narrow FROM '$work/narrow'")
	fresh narrow "$narrow" spine
	spine=$(rate "COPY narrow FROM '$work/narrow'")
	absorbed=$(rate "SELECT spine_absorb('narrow')")
	expect 'SELECT count(*) FROM narrow' "$rows"
	background on
	figure "COPY of $rows narrow rows (rows/s)" "$spine" "$heap"
	figure "absorbing them, beside their COPY into a heap (rows/s)" "$absorbed" "$heap"
	sql -c 'DROP TABLE narrow'
}

case_load() {
	local heap time=$((4 * seconds))
	sql -c "COPY (SELECT i, i % 100, i * 7919 % 1000003, CURRENT_TIMESTAMP
		FROM generate_series(1, 1000) i) TO '$work/batch'"
	echo "COPY load FROM '$work/batch';" > "$work/load.sql"
	cat > "$work/load_spine.sql" <<-SQL
		COPY load FROM '$work/batch';
		\\set n :n + 1000
		\\if :behind > $behind or :n % 20000 = 0
			SELECT :n - coalesce(sum(len), 0)::bigint AS behind FROM spine_batches WHERE relation = 'load'::regclass \\gset
			\\if :behind > $behind
				\\sleep 100 ms
			\\endif
		\\endif
	SQL
	fresh load "a integer, b integer, c integer, at timestamptz" heap
	run "$work/load.sql" $time 1
	heap=$(transactions)
	fresh load "a integer, b integer, c integer, at timestamptz" spine
	run "$work/load_spine.sql" $time 1
	local written absorbed
	written=$(($(transactions) * 1000))
	absorbed=$(sql -c "SELECT coalesce(sum(len), 0) FROM spine_batches WHERE relation = 'load'::regclass")
	expect 'SELECT count(*) FROM load' "$written"
	figure "continuous load, written beside a heap (rows/s)" $((written / time)) $((heap * 1000 / time))
	figure "continuous load, absorbed beside written into a heap (rows/s)" $((absorbed / time)) $((heap * 1000 / time))
	figure "rows in the delta at its end, beside those from which on it waits" $((written - absorbed)) "$behind"
	sql -c 'DROP TABLE load'
}

# --------------------------------------------------------------------
# Size

# The same query's rows in both; bytes a row.
size_of() {
	local label=$1 columns=$2 fill=$3
	for method in heap spine
	do
		fresh "size_$method" "$columns" $method
	done
	eval "$fill"
	sql -c 'INSERT INTO size_spine SELECT * FROM size_heap' -c 'VACUUM ANALYZE size_heap'
	compact size_spine
	expect 'SELECT count(*) = (SELECT count(*) FROM size_heap) FROM size_spine' t
	figure "size of $label (bytes a row)" \
		"$(sql -c "SELECT spine_relation_size('size_spine') / count(*)::numeric FROM size_heap")" \
		"$(sql -c "SELECT pg_total_relation_size('size_heap') / count(*)::numeric FROM size_heap")"
	sql -c 'DROP TABLE size_heap, size_spine'
}

from_query() { sql -c "INSERT INTO size_heap $1"; }
from_log() { zcat "$log" | sql -c '\copy size_heap FROM STDIN (FORMAT csv, HEADER)'; }

case_size() {
	local n=$((rows / 10))
	background off
	size_of "rows like pgbench_history's" "$history" "from_query \"
		SELECT 1 + random() * 999, 1 + random() * 99, 1 + random() * 9999999, random() * 10000 - 5000,
			timestamp '2026-01-01' + i * interval '200 us' + random() * interval '300 us', NULL
		FROM generate_series(1, $n) i\""
	size_of "md5 in hexadecimal, with a number" "id integer, text text" "from_query \"
		SELECT i, md5(random()::text) FROM generate_series(1, $n) i\""
	[ -z "$log" ] || size_of "the log" "number integer, at timestamptz, path text, lines integer" from_log
	background on
}

# --------------------------------------------------------------------
# Reading

make_wide() {
	background off
	for method in heap spine
	do
		fresh "wide_$method" "id bigint, at timestamptz, shop integer, what text, price numeric,
			weight float8, a integer, b integer, c integer, d text" $method
	done
	sql <<-SQL
		INSERT INTO wide_heap SELECT i, timestamptz '2026-01-01' + i * interval '1 s', random() * 50,
			('{book,pen,paper,ink}'::text[])[1 + i % 4], (random() * 10000)::integer::numeric / 100, random(),
			random() * 1000000, i % 10, random() * 100, 'value ' || i % 100
		FROM generate_series(1, greatest($rows / 10, 1)) i;
		INSERT INTO wide_spine SELECT * FROM wide_heap;
		VACUUM ANALYZE wide_heap;
	SQL
	compact wide_spine
	background on
}

case_scan() {
	[ "$(sql -c "SELECT to_regclass('wide_heap') IS NULL")" = f ] || make_wide
	local all="SELECT count(id), count(at), count(shop), count(what), count(price), count(weight),
		count(a), count(b), count(c), count(d) FROM wide"
	local one="SELECT sum(a) FROM wide" heap
	expect "$(echo "${one}_spine" | sed 's/$/ EXCEPT SELECT sum(a) FROM wide_heap/')" ""
	heap=$(timed_again "${all}_heap")
	figure "ten columns of $((rows / 10)) rows (ms)" "$(timed_again "${all}_spine")" "$heap"
	heap=$(timed_again "${one}_heap")
	figure "sum of one column of them (ms)" "$(timed_again "${one}_spine")" "$heap"
	heap=$(timed_cold "${all}_heap")
	figure "ten columns of $((rows / 10)) rows, cold (ms)" "$(timed_cold "${all}_spine")" "$heap"
	heap=$(timed_cold "${one}_heap")
	figure "sum of one column of them, cold (ms)" "$(timed_cold "${one}_spine")" "$heap"
}

make_lookup() {
	narrow_file
	background off
	sql > "$work/out" <<-SQL
		CREATE TABLE lookup_heap ($narrow) USING heap;
		CREATE TABLE lookup_index ($narrow) USING heap;
		CREATE TABLE lookup_spine ($narrow) USING spine;
		COPY lookup_heap FROM '$work/narrow';
		COPY lookup_index FROM '$work/narrow';
		CREATE INDEX ON lookup_index (id);
		SELECT spine_set_order('lookup_spine', '{id}');
		COPY lookup_spine FROM '$work/narrow';
		VACUUM ANALYZE lookup_heap;
		VACUUM ANALYZE lookup_index;
	SQL
	compact lookup_spine
	background on
	for table in lookup_heap lookup_index lookup_spine
	do
		printf '%s\n' "\\set id random(0, $rows - 1)" "SELECT v FROM $table WHERE id = :id;" > "$work/$table.sql"
		# Read into memory
		sql -c "SELECT sum(id), sum(v) FROM $table" > "$work/out"
	done
}

case_lookup() {
	local table
	local -A got
	[ -e "$work/lookup_spine.sql" ] || make_lookup
	for table in lookup_heap lookup_index lookup_spine
	do
		run "$work/$table.sql" "$seconds" 1
		got[$table]=$(latency)
	done
	figure "one value among $rows, beside an index (ms)" "${got[lookup_spine]}" "${got[lookup_index]}"
	figure "one value among $rows, beside no index (ms)" "${got[lookup_spine]}" "${got[lookup_heap]}"
}

# --------------------------------------------------------------------
# The hot counter

# Counts up, and reads what came of it: both are figures of the method.
count_up() {
	local method=$1 snapshot=$2
	sql -c 'DROP TABLE IF EXISTS counter'
	if [ "$method" = heap ]
	then
		fresh counter "page text PRIMARY KEY, n bigint" heap
		sql -c "INSERT INTO counter VALUES ('/', 0)"
		echo "UPDATE counter SET n = n + 1 WHERE page = '/';" > "$work/count.sql"
	else
		fresh counter "page text, n bigint" spine
		sql -c "SELECT spine_set_diff('counter', '{n}')" > "$work/out"
		echo "INSERT INTO counter VALUES ('/', 1);" > "$work/count.sql"
	fi
	[ "$snapshot" = no ] || open_snapshot counter
	run "$work/count.sql" "$seconds" 16
	got[$method]=$(tps)
	expect 'SELECT n FROM counter' "$(transactions)"
	[ "$method" = heap ] || sql -c "SELECT spine_absorb('counter')" > "$work/out"
	sql -c 'VACUUM counter'
	run "$work/read.sql" "$seconds" 1
	read_ms[$method]=$(latency)
	[ "$snapshot" = no ] || end_snapshot
}

case_counter() {
	local label snapshot
	local -A got read_ms
	echo "SELECT n FROM counter WHERE page = '/';" > "$work/read.sql"
	for snapshot in no yes
	do
		label=
		[ $snapshot = no ] || label=", an old snapshot open"
		count_up heap $snapshot
		count_up spine $snapshot
		figure "one counter, 16 clients$label (tps)" "${got[spine]}" "${got[heap]}"
		figure "reading it, absorbed and vacuumed$label (ms)" "${read_ms[spine]}" "${read_ms[heap]}"
	done
	sql -c 'DROP TABLE counter'
}

for name in $cases
do
	for ((round = 1; round <= rounds; round++))
	do
		case_$name
		echo "$name, round $round of $rounds done" >&2
		# Only the last digits change from one time to the next
		[ $name != size ] || break
	done
done

awk -v ours=spine -v theirs=heap -f "$(dirname "$0")/summary.awk" "$work/figures"
