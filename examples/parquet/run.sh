#!/bin/bash
#
# run.sh: runs the lake in a throwaway cluster (make lake), and leaves lake.svg in
# build/. LAKE_LOG is the input; an empty one means pgbench.

set -u
cd "$(dirname "$0")/../.." || exit 1

log=../shared/data/history-a.csv.gz
[ -r "$log" ] || log=
log=${LAKE_LOG-$log}

out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The programs run as another user when this one is root, who may not be able to
# read the input where it is, nor to write into this tree.
if [ -n "$log" ]
then
	cp -- "$log" "$out/log.csv${log##*.csv}" || exit 1
	log=$out/log.csv${log##*.csv}
fi
[ "$(id -u)" -ne 0 ] || chown -R postgres: "$out" || exit 1

# In the background, because bash answers signals only while it waits
LAKE_DIR=$out/files LAKE_SVG=$out/lake.svg LAKE_LOG=$log scripts/cluster -m -- node examples/parquet/lake.js <&0 &
child=$!
trap 'kill -TERM $child; wait $child; rm -rf "$out"' EXIT
wait $child
status=$?
trap 'rm -rf "$out"' EXIT

mkdir -p build
[ ! -s "$out/lake.svg" ] || { cp "$out/lake.svg" build/lake.svg && echo "lake: drawn in build/lake.svg"; }
exit $status
