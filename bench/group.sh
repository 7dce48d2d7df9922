#!/bin/bash
#
# group: what rows take in row groups beside a heap, and how fast groups are
# written and read.
#
#   scripts/cluster -o shared_preload_libraries= -- bench/group.sh [rows] [log]
#
# The log, a gzipped csv file of (integer, timestamptz, text, integer), is one more
# input.  Prints, for each input, bytes a row in the heap and in groups, their
# ratio, ns a row to write, and million values a second to read; then the last for
# columns of one kind each.  Reading is the fastest of some rounds, without fetching.

. "$(dirname "$0")/common.sh"

rows=${1:-200000}
log=${2:-}

make -s with_llvm=no STOP_POINTS=1 > "$work/make" 2>&1 || { cat "$work/make" >&2; exit 1; }
sed "s|'spine'|'$PWD/spine'|" src/dev/group_test.sql > "$work/functions.sql"
sql -f "$work/functions.sql"

sql > "$work/out" <<SQL
CREATE FUNCTION few(n integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT (random() * n)::integer';
SELECT setseed(0.5);
CREATE TABLE pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));
INSERT INTO pgbench_history SELECT 1 + few(999), 1 + few(99), 1 + few(9999999), few(10000) - 5000,
	timestamp '2026-01-01' + i * interval '200 us' + few(300) * interval '1 us', NULL
	FROM generate_series(1, $rows) i;
CREATE TABLE hexadecimal AS SELECT i AS id, md5(random()::text) AS text FROM generate_series(1, $rows) i;
CREATE TABLE facts AS SELECT i::bigint AS id, timestamptz '2026-01-01' + few(86400) * interval '1 s' AS at,
	few(50) AS shop, ('{book,pen,paper,ink}'::text[])[1 + few(3)] AS what, few(10000)::numeric / 100 AS price,
	random() AS weight FROM generate_series(1, $rows) i;
CREATE TABLE words AS SELECT i AS id, (SELECT string_agg(('{the,a,spine,batch,merge,level,reader,writer,of,and,is,not,old,new}'::text[])[1 + few(13)], ' ')
	FROM generate_series(1, 12 + i % 3)) AS text FROM generate_series(1, $rows / 4) i;
CREATE TABLE int4_serial AS SELECT i AS v FROM generate_series(1, $rows) i;
CREATE TABLE int4_random AS SELECT few(1000000) AS v FROM generate_series(1, $rows) i;
CREATE TABLE int8_random AS SELECT (random() * 9e18)::bigint AS v FROM generate_series(1, $rows) i;
CREATE TABLE int4_few AS SELECT few(10) * 1000003 AS v FROM generate_series(1, $rows) i;
CREATE TABLE int4_nulls AS SELECT CASE WHEN random() < 0.5 THEN few(1000000) END AS v FROM generate_series(1, $rows) i;
CREATE TABLE float8_random AS SELECT random() AS v FROM generate_series(1, $rows) i;
CREATE TABLE timestamp_rising AS SELECT timestamp '2026-01-01' + i * interval '200 us' + few(300) * interval '1 us' AS v FROM generate_series(1, $rows) i;
CREATE TABLE uuid_random AS SELECT gen_random_uuid() AS v FROM generate_series(1, $rows) i;
CREATE TABLE text_few AS SELECT 'value ' || few(100) AS v FROM generate_series(1, $rows) i;
CREATE TABLE text_random AS SELECT left(md5(random()::text), 4 + few(20)) AS v FROM generate_series(1, $rows) i;
CREATE TABLE numeric_random AS SELECT few(1000000)::numeric / 100 AS v FROM generate_series(1, $rows) i;
SQL
inputs="pgbench_history hexadecimal facts words"
if [ -n "$log" ]
then
	sql -c 'CREATE TABLE log (number integer, at timestamptz, path text, lines integer)'
	zcat "$log" | sql -c '\copy log FROM STDIN (FORMAT csv, HEADER)'
	inputs="$inputs log"
fi

echo "input|heap bytes/row|group bytes/row|ratio|write ns/row|read 10^6 values/s"
for table in $inputs int4_serial int4_random int4_few int4_nulls int8_random float8_random \
	timestamp_rising uuid_random text_few text_random numeric_random
do
	sql <<SQL
SELECT '$table', round(pg_relation_size('$table') / rows::numeric, 1), round(bytes / rows::numeric, 1),
	round(bytes / pg_relation_size('$table')::numeric, 2), write_ns::integer, (1e3 / read_ns)::integer
	FROM spine_group_time('$table', 5, NULL);
SQL
done
