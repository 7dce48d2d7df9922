# spine_progress shows absorptions and compactions of native tables, in sessions, in
# the worker and in mergers, with how far they are; and nothing of them once they were
# cancelled, have failed, or their process has ended.  Needs a library built with
# STOP_POINTS=1 in the current folder.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('progress');
$node->init;
$node->append_conf('postgresql.conf', <<END);
dynamic_library_path = '$ENV{TESTDIR}:\$libdir'
shared_preload_libraries = 'spine'
autovacuum = off
spine.absorb_delay = -1
spine.max_mergers = 0
spine.retry_delay = '10ms'
spine.max_attempts = 0
END
$node->start;

sub sql { return $node->safe_psql('postgres', @_); }

sql('CREATE EXTENSION spine');
sql(slurp_file('src/dev/stop_point.sql'));
sql('CREATE TABLE log (i int, t text) USING spine; CREATE ROLE ordinary');

# What is in the delta and in runs, and the runs
my $picture = q{SELECT count(*), sum(i), count(*) FILTER (WHERE l.ctid >= '(2147483648,0)') FROM log l;
	SELECT id_lo, id_hi, len, parts FROM spine_batches WHERE relation = 'log'::regclass ORDER BY id_lo};
my $progress = q{SELECT phase, relation, id_lo, id_hi, len, done, claim IS NULL, since < clock_timestamp(), pid = spine_stopped() FROM spine_progress};

sub arm { return sql("SELECT spine_stop_at('$_[0]', " . ($_[1] // 0) . ', ' . ($_[2] // 'false') . ')'); }

sub wait_until { return $node->poll_query_until('postgres', "SELECT $_[0]") || die "not in time: $_[0]"; }

sub nothing_shown
{
	my ($before, $name) = @_;

	wait_until('NOT EXISTS (SELECT FROM spine_progress)');
	is(sql($picture), $before, "$name: the table is as it was");
	return;
}

# Holds a statement at a stop point, compares what is shown, and ends it
sub held
{
	my ($statement, $point, $passes, $shown, $end) = @_;
	my $before = sql($picture);
	my ($out, $err) = ('', '');

	arm($point, $passes);
	my $session = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $statement ], '>', \$out, '2>', \$err);
	wait_until('spine_stopped() IS NOT NULL');
	is(sql($progress), $shown, "$statement at $point");
	is(sql('SET ROLE ordinary; SELECT count(*) FROM spine_progress'), '0', 'nobody sees it who may not read the table');
	sql("SELECT pg_${end}_backend(spine_stopped())");
	$session->finish;
	like($err, $end eq 'cancel' ? qr/canceling statement/ : qr/terminating connection/, "${end}ed");
	nothing_shown($before, "${end}ed");
	return;
}

# ----------------------------------------------------------------------
# In a session

# A group is full, and written, when its last row comes, of which it was not told yet
sql('INSERT INTO log SELECT i FROM generate_series(1, 20000) i');
for my $end ('cancel', 'terminate')
{
	held("SELECT spine_absorb('log')", 'group_written', 0, 'absorbing|log||||8064|t|t|t', $end);
	held("SELECT spine_absorb('log')", 'run_written', 0, 'absorbing|log||||20000|t|t|t', $end);
	held("SELECT spine_compact('log')", 'run_pushed', 0, 'absorbing|log||||20000|t|t|t', $end);
}
is(sql("SELECT spine_absorb('log')"), '20000', 'it works afterwards');
sql("INSERT INTO log SELECT i FROM generate_series(20001, 30000) i; SELECT spine_absorb('log')");
for my $end ('cancel', 'terminate')
{
	held("SELECT spine_compact('log')", 'group_written', 0, 'compacting|log|0|2|30000|0|t|t|t', $end);
	held("SELECT spine_compact('log')", 'group_written', 1, 'compacting|log|0|2|30000|8192|t|t|t', $end);
	held("SELECT spine_compact('log')", 'runs_deleted', 0, 'compacting|log|0|2|30000|30000|t|t|t', $end);
}

# An error that is caught, in a transaction that goes on
my $before = sql($picture);
is(sql(<<'END'), 'f', 'nothing is shown after an error that is caught');
BEGIN;
SAVEPOINT s;
DO $$ BEGIN
	PERFORM spine_stop_at('runs_deleted', 0, true), spine_compact('log');
EXCEPTION WHEN internal_error THEN
END $$;
SELECT EXISTS (SELECT FROM spine_progress);
ROLLBACK;
END
is(sql($picture), $before, 'and nothing was done');
is(sql("BEGIN; SELECT spine_compact('log'); SELECT count(*) FROM spine_progress; ROLLBACK"), "30000\n0",
	'nor is what is done, in a transaction that has not ended');

# ----------------------------------------------------------------------
# In a merger

arm('runs_deleted');
sql("ALTER SYSTEM SET spine.max_mergers = 1; SELECT pg_reload_conf()");
sql("INSERT INTO log SELECT 0; SELECT spine_absorb('log')") for 1 .. 2;
wait_until('spine_stopped() IS NOT NULL');
is(sql('SELECT phase, relation, id_hi > id_lo, done = len, claim IS NULL, pid = spine_stopped() FROM spine_progress'),
	'merging|log|t|t|f|t', 'a merge of runs');
sql("ALTER SYSTEM SET spine.max_mergers = 0; SELECT pg_reload_conf()");
$before = sql($picture);
sql('SELECT pg_cancel_backend(spine_stopped())');
nothing_shown($before, 'cancelled');

# ----------------------------------------------------------------------
# A compaction waits for a merge that is going on, but not where this may be waiting for
# the lock on the table that somebody else is waiting for

arm('runs_deleted');
sql("ALTER SYSTEM SET spine.max_mergers = 1; SELECT pg_reload_conf()");
wait_until('spine_stopped() IS NOT NULL');
sql("ALTER SYSTEM SET spine.max_mergers = 0; SELECT pg_reload_conf()");
sub statement
{
	my ($statement, $out, $err) = @_;
	my $session = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $statement ], '>', $out, '2>', $err);

	wait_until("EXISTS (SELECT FROM pg_stat_activity WHERE query = \$\$$statement\$\$ AND wait_event_type IN ('Extension', 'Lock'))");
	return $session;
}
my ($out, $err, $lock_out, $lock_err) = ('', '', '', '');
my $session = statement("SELECT spine_compact('log')", \$out, \$err);
my $lock = statement('BEGIN; LOCK TABLE log', \$lock_out, \$lock_err);
$session->finish;
like($err, qr/runs of table "log" are being merged/, 'it does not wait where others may wait for it');
sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'BEGIN; LOCK TABLE log'");
$lock->finish;
my $rows = sql('SELECT count(*) FROM log');
($out, $err) = ('', '');
$session = statement("SELECT spine_compact('log')", \$out, \$err);
sql('SELECT pg_cancel_backend(spine_stopped())');
$session->finish;
is("$out$err", "$rows\n", 'it waits until the merge is over');
is(sql("SELECT count(*), sum(len) FROM spine_batches WHERE relation = 'log'::regclass AND len > 0"), "1|$rows", 'and then there is one run');

# ----------------------------------------------------------------------
# In the worker, which tries again

sql('CREATE TABLE other (i int) USING spine; INSERT INTO other SELECT generate_series(1, 500)');
arm('run_written');
sql("ALTER SYSTEM SET spine.absorb_delay = '10ms'; SELECT pg_reload_conf()");
sql('INSERT INTO other VALUES (0)');
wait_until('spine_stopped() IS NOT NULL');
is(sql("$progress JOIN pg_stat_activity USING (pid) WHERE backend_type = 'spine worker'"),
	'absorbing|other||||501|t|t|t', 'an absorption by the worker');
sql('SELECT pg_cancel_backend(pid) FROM spine_progress');
wait_until("(SELECT sum(len) = 501 FROM spine_batches WHERE relation = 'other'::regclass)");
is(sql('SELECT count(*) FROM spine_progress'), '0', 'and it is done');

$node->stop;
done_testing();
