# Native tables while others look: on a hot standby, which replays absorption and
# merges, and is promoted; with snapshots from before VACUUM FULL or a move to
# another tablespace; inside parallel queries; and freezing.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 10
autovacuum = off
allow_in_place_tablespaces = on
spine.absorb_delay = -1
spine.naptime = '1s'
END
$primary->start;
$primary->safe_psql('postgres', slurp_file('src/dev/native_check.sql') =~ s/^/CREATE EXTENSION spine;\n/r);
$primary->safe_psql('postgres', <<'END');
CREATE TABLE n (id integer, a integer, b text) USING spine;
SELECT spine_set_retention('n', '1 hour');
CREATE TABLE h (id integer, a integer, b text) USING heap;
CREATE TABLE other ();
CREATE FUNCTION digest(t regclass) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	d text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', count(*), sum(hashtextextended(x::text, 0)::numeric)) FROM %s x', t) INTO d;
	RETURN d;
END $$;
END

# ----------------------------------------------------------------------
# Snapshots from before: VACUUM FULL and SET TABLESPACE give the same runs another file

$primary->safe_psql('postgres', <<'END');
CREATE TABLESPACE elsewhere LOCATION '';
INSERT INTO n SELECT i, i % 10, md5(i::text) FROM generate_series(1, 1000) i;
SELECT spine_absorb('n');
INSERT INTO n SELECT i, i % 10, md5(i::text) FROM generate_series(1001, 1100) i;
END
my $all = $primary->safe_psql('postgres', "SELECT digest('n')");
for my $command ('VACUUM FULL n', 'ALTER TABLE n SET TABLESPACE elsewhere', 'ALTER TABLE n SET TABLESPACE pg_default',
	"SELECT spine_absorb('n')", "SELECT spine_compact('n')", 'VACUUM n')
{
	my ($in, $out) = ('', '');
	my $session = start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres') ], '<', \$in, '>', \$out, '2>&1', IPC::Run::timer(60));

	$in .= "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM other;\n\\echo begun\n";
	$session->pump until $out =~ /begun/;
	$primary->safe_psql('postgres', $command);
	$out = '';
	$in .= "SELECT digest('n');\n\\q\n";
	$session->finish;
	is($out, "$all\n", "$command: a snapshot from before sees all rows");
	is($primary->safe_psql('postgres', "SELECT digest('n')"), $all, "$command: so does one from after it");
}

# ----------------------------------------------------------------------
# A function that reads it, in a parallel worker

$primary->safe_psql('postgres', <<'END');
CREATE FUNCTION counted(x integer) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
	RETURN (SELECT count(*) FROM n WHERE a = x);
END $$;
CREATE TABLE few AS SELECT i AS x FROM generate_series(0, 9) i;
ALTER TABLE few SET (parallel_workers = 2);
END
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;';
my $query = 'SELECT sum(counted(x)) FROM few';
like($primary->safe_psql('postgres', "$parallel EXPLAIN $query"), qr/Workers Planned: 2/, 'parallel: that is the plan');
is($primary->safe_psql('postgres', "$parallel $query"), '1100', 'parallel: a function can read it');

# ----------------------------------------------------------------------
# Freezing

$primary->safe_psql('postgres', "INSERT INTO n SELECT i, i % 10, 'late' FROM generate_series(1101, 1200) i");
my $ages = <<'END';
SELECT count(*), max(age(relfrozenxid)) FROM pg_class WHERE relkind IN ('r', 't') AND
	(oid = 'n'::regclass OR oid = (SELECT runs FROM spine_file) OR oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'n'::regclass)
	OR oid = (SELECT c.reltoastrelid FROM pg_class c, spine_file f WHERE c.oid = f.runs));
END
$primary->safe_psql('postgres', 'SELECT pg_current_xact_id()') for 1 .. 100;
$all = $primary->safe_psql('postgres', "SELECT digest('n')");
cmp_ok((split /\|/, $primary->safe_psql('postgres', $ages))[1], '>', 90, 'table and companion are old');
$primary->safe_psql('postgres', 'VACUUM (FREEZE)');
my ($tables, $age) = split /\|/, $primary->safe_psql('postgres', $ages);
is($tables, 4, 'both, and what is stored out of line');
cmp_ok($age, '<', 50, 'VACUUM FREEZE makes them young');
is($primary->safe_psql('postgres', "SELECT digest('n')"), $all, 'and changes no row');
$primary->safe_psql('postgres', 'SELECT pg_current_xact_id()') for 1 .. 100;
$primary->safe_psql('postgres', "SELECT spine_absorb('n')");
$primary->safe_psql('postgres', 'VACUUM (FREEZE)');
is((split /\|/, $primary->safe_psql('postgres', $ages))[1] < 50 ? $primary->safe_psql('postgres', "SELECT digest('n')") : 'old', $all,
	'so it does when all has been absorbed');

# ----------------------------------------------------------------------
# A hot standby

$primary->safe_psql('postgres', 'INSERT INTO h TABLE n');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', <<END);
hot_standby_feedback = on
max_standby_streaming_delay = -1
END
$standby->start;

# Twins, as in 016_twin.pl: what is absorbed and merged there is read here
my $script = "${PostgreSQL::Test::Utils::tmp_check}/native_standby.sql";
append_to_file($script, <<END) for 1 .. 5000;
BEGIN; INSERT INTO n SELECT i, i % 10, md5(i::text) FROM generate_series(1, 200) i; INSERT INTO h SELECT i, i % 10, md5(i::text) FROM generate_series(1, 200) i; COMMIT;
SELECT spine_absorb('n');
BEGIN; INSERT INTO n VALUES (0, 0, 'rolled back'); SELECT spine_absorb('n'); ROLLBACK;
SELECT spine_force_compaction('n');
VACUUM n;
END
my ($out, $err) = ('', '');
my $load = start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-f', $script ], '>', \$out, '2>', \$err);
my $merges = 'SELECT count(*) FROM spine_merge_results WHERE applied_at IS NOT NULL';
my $seen = '';
for (1 .. 15)
{
	$seen .= $standby->safe_psql('postgres', <<END);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT digest('n') AS was \\gset
SELECT 'differ' WHERE digest('h') <> :'was';
SELECT pg_sleep(0.2) \\g /dev/null
SELECT 'changed' WHERE digest('n') <> :'was';
$parallel
SELECT 'parallel' WHERE (SELECT sum(a) FROM n) <> (SELECT sum(a) FROM h);
COMMIT;
END
}
is($seen, '', 'standby: the rows that the primary has committed, and with one snapshot the same ones');
ok($primary->poll_query_until('postgres', "SELECT count(*) > 2 FROM spine_merge_results WHERE outcome IN ('applied_exact', 'applied_subset')"), 'meanwhile runs are merged');
my ($status, $stdout, $stderr) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT spine_absorb('n')");
like($stderr, qr/ERROR:  25006: .*^HINT:  /ms, 'standby: nothing can be absorbed');
$load->kill_kill;
$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'");

# It goes in the middle of something, and something is prepared
$primary->safe_psql('postgres', <<'END');
BEGIN; INSERT INTO n VALUES (-1, 0, 'prepared'); INSERT INTO h VALUES (-1, 0, 'prepared'); SELECT spine_absorb('n'); PREPARE TRANSACTION 'p';
END
$primary->wait_for_catchup($standby);
$all = $primary->safe_psql('postgres', "SELECT digest('n')");
my $past = q{SELECT tick, count(*), sum(id) FROM (SELECT tick FROM spine_ticks ORDER BY tick DESC LIMIT 3) x, LATERAL spine_as_of(NULL::n, tick) GROUP BY tick ORDER BY tick};
my $past_rows = $primary->safe_psql('postgres', $past);
is(scalar(() = $past_rows =~ /\|/g), 6, 'the primary has three ticks');
$primary->stop('immediate');
is($standby->safe_psql('postgres', "SELECT digest('n')"), $all, 'standby: caught up');
is($standby->safe_psql('postgres', $past), $past_rows, 'standby: and shows the past');
$standby->promote;
is($standby->safe_psql('postgres', $past), $past_rows, 'promoted: likewise');
is($standby->safe_psql('postgres', "SELECT digest('n'), digest('h')"), "$all|$all", 'promoted: all rows are there');
$standby->safe_psql('postgres', "COMMIT PREPARED 'p'");
is($standby->safe_psql('postgres', "SELECT digest('n') = digest('h'), count(*) FILTER (WHERE id = -1) FROM n"), 't|1', 'promoted: what was prepared can be committed');
my $done = $standby->safe_psql('postgres', $merges);
$standby->safe_psql('postgres', "INSERT INTO $_ SELECT i, i, 'later' FROM generate_series(1, 100) i") for 'n', 'h';
is($standby->safe_psql('postgres', "SELECT spine_absorb('n')"), 100, 'promoted: absorption goes on');
$standby->safe_psql('postgres', "SELECT spine_force_compaction('n')");
ok($standby->poll_query_until('postgres', "SELECT ($merges) > $done"), 'promoted: so do merges');
ok($standby->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)
	AND NOT EXISTS (SELECT FROM spine_merge_requests)'), 'promoted: all are done');
is($standby->safe_psql('postgres', "SELECT digest('n') = digest('h')"), 't', 'promoted: the same rows');
is($standby->safe_psql('postgres', 'SELECT spine_native_check()'), '', 'promoted: spine, runs and files belong together');
unlike(slurp_file($_->logfile), qr/terminated by signal|PANIC/, $_->name . ': nothing has crashed') for $primary, $standby;
$standby->stop;
done_testing();
