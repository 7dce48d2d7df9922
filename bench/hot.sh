#!/bin/bash
#
# hot: a counter that 16 clients count up for minutes, in a heap and then in a native
# table: how fast they are, and how large the table gets.  An old snapshot is open from
# three tenths to seven tenths of the time.
#
#   make install && scripts/cluster -o fsync=on -o max_wal_size=8GB -o shared_buffers=1GB -- \
#       bench/hot.sh [seconds] > hot.tsv
#   awk -f bench/plot.awk -v kind=hot hot.tsv > doc/hot.svg
#
# A line a point: title, quantity, series, minute, value.  What it was on average is
# told at the end, on stderr: before the snapshot, with it (from a tenth after it was
# opened), and after it.

. "$(dirname "$0")/common.sh"

seconds=${1:-600}
every=5

sql -c 'CREATE EXTENSION spine'

make_counter() {
	if [ "$1" = heap ]
	then
		sql -c 'CREATE TABLE counter (page text PRIMARY KEY, n bigint) USING heap' \
			-c "INSERT INTO counter VALUES ('/', 0)"
		echo "UPDATE counter SET n = n + 1 WHERE page = '/';" > "$work/count.sql"
	else
		sql -c 'CREATE TABLE counter (page text, n bigint) USING spine' > "$work/out"
		sql -c "SELECT spine_set_diff('counter', '{n}')" > "$work/out"
		echo "INSERT INTO counter VALUES ('/', 1);" > "$work/count.sql"
	fi
}

# quantity, method, second, value
point() {
	printf '16 clients count one key up\t%s\t%s\t%d.%02d\t%s\n' "$1" "$2" $(($3 / 60)) $(($3 % 60 * 100 / 60)) "$4"
}

# Both methods look the same from outside, so there is one script
count_up() {
	local method=$1 start now counting open=no
	make_counter "$method"
	start=$(date +%s)
	pgbench -n -T "$seconds" -c 16 -j 2 -P "$every" -f "$work/count.sql" > "$work/pgbench" 2> "$work/progress" &
	counting=$!
	while now=$(($(date +%s) - start)); [ "$now" -lt "$seconds" ]
	do
		if [ $open = no ] && [ $((now * 10)) -ge $((seconds * 3)) ]; then open_snapshot counter; open=yes; fi
		if [ $open = yes ] && [ $((now * 10)) -ge $((seconds * 7)) ]; then end_snapshot; open=over; fi
		point size "$method" "$now" "$(sql -c "SELECT round(spine_relation_size('counter') / 1048576.0, 3)")"
		sleep "$every"
	done
	wait "$counting" 2> "$work/out"
	[ "$(sql -c 'SELECT n FROM counter')" = "$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$work/pgbench")" ] ||
		{ echo "hot: $method has not counted all" >&2; cat "$work/progress" >&2; exit 1; }
	sed -n 's/^progress: \([0-9.]*\) s, \([0-9.]*\) tps.*/\1 \2/p' "$work/progress" |
		while read -r at tps
		do
			point rate "$method" "${at%.*}" "$tps"
		done
	sql -c 'DROP TABLE counter'
}

for method in heap spine
do
	count_up $method
done | tee "$work/points"

awk -F '\t' -v seconds="$seconds" '
	$2 == "rate" {
		at = $4 * 60 / seconds
		phase = at <= .3 ? "before" : at > .4 && at <= .7 ? "with the snapshot" : at > .8 ? "after" : ""
		if (phase != "") { sum[phase, $3] += $5; n[phase, $3]++ }
	}
	END {
		split("before|with the snapshot|after", phases, "|")
		for (i = 1; i <= 3; i++) {
			p = phases[i]
			heap = sum[p, "heap"] / n[p, "heap"]; spine = sum[p, "spine"] / n[p, "spine"]
			printf "%-20s heap %8.0f tps, spine %8.0f tps, %.1f x\n", p, heap, spine, spine / heap
		}
	}' "$work/points" >&2
