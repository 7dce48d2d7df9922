# Launcher and workers: they find the databases that have work without being
# told, serve more of them than there are workers, come back when they are
# killed, and keep out of the way of who needs a database for himself.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
restart_after_crash = on
spine.naptime = '60s'
spine.max_workers = 2
spine.exert_delay = -1
END
$node->start;

sub set_conf
{
	$node->append_conf('postgresql.conf', "$_\n") for @_;
	$node->reload;
	return;
}

# Makes the extension, and spine t with a merge to do
sub set_up
{
	my ($database) = @_;

	$node->safe_psql($database, <<'END');
CREATE EXTENSION IF NOT EXISTS spine;
CREATE TABLE t ();
SELECT spine_register('t');
SELECT spine_append('t', 10, ARRAY['p' || i]) FROM generate_series(0, 2) i;
END
	return;
}

sub submit
{
	my ($database) = @_;

	return $node->safe_psql($database, "SELECT spine_submit_merge('t', 0, 2, 0, 20, '{m}')");
}

# Seconds until all that is queued has been applied
sub applied_after
{
	my ($database, $patience) = @_;
	my $start = time;

	while (time < $start + ($patience || 60))
	{
		my ($status, $stdout) = $node->psql($database,
			"SELECT count(*) FILTER (WHERE applied_at IS NULL) = 0 AND count(*) > 0 FROM spine_merge_results");
		return time - $start if $status == 0 && $stdout eq 't';
		sleep 0.05;
	}
	return 1e6;
}

sub workers
{
	return $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spine worker' AND datname " . ($_[0] ? "= '$_[0]'" : 'IS NOT NULL'));
}

# Makes a worker stay in database postgres.  One may just be on its way out, to
# make room for others.
sub get_worker
{
	for (1 .. 20)
	{
		submit('postgres');
		applied_after('postgres');
		return 1 if workers('postgres') == 1;
		sleep 0.5;
	}
	return 0;
}

# Seconds that a command takes; it must succeed
sub seconds
{
	my ($command) = @_;
	my $start = time;

	$node->safe_psql('postgres', $command);
	return time - $start;
}

sub log_count
{
	my ($pattern, $offset) = @_;
	my $log = substr(slurp_file($node->logfile), $offset);

	return scalar(() = $log =~ /$pattern/g);
}

# ----------------------------------------------------------------------
# Nobody waits for spine.naptime

set_up('postgres');
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 10, 'a result is applied long before spine.naptime');
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 10, 'so is the next one');
is($node->safe_psql('postgres', "SELECT spine_describe('t')"), "[0-2][0][2][0] 20 m\n[2-3][2][3][0] 10 p2", 'and it has its effect');

$node->safe_psql('postgres', 'CREATE DATABASE later');
set_up('later');
submit('later');
cmp_ok(applied_after('later'), '<', 10, 'a database that was created later is served as soon');

# A worker that has left for want of work is sent again
set_conf("spine.worker_idle_timeout = '100ms'");
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')"),
	'idle workers leave');
submit('later');
cmp_ok(applied_after('later'), '<', 10, 'and are sent again');

# ----------------------------------------------------------------------
# Databases that nobody tells of: copies, with results in their queues

set_conf('spine.worker = off');
$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')");
$node->safe_psql('postgres', 'CREATE DATABASE original');
set_up('original');
submit('original');
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE original');
$node->safe_psql('postgres', 'CREATE DATABASE closed TEMPLATE original');
$node->safe_psql('postgres', 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
sleep 1;
is($node->safe_psql('original', 'SELECT count(*) FROM spine_merge_results WHERE applied_at IS NULL'), '1',
	'results stay queued while spine.worker is off');
$node->append_conf('postgresql.conf', "spine.naptime = '1s'\nspine.worker = on");
$node->restart;
cmp_ok(applied_after('original'), '<', 20, 'and are applied when it is on again');
cmp_ok(applied_after('copied'), '<', 20, 'also in a copy, where nobody has submitted anything');
$node->safe_psql('postgres', 'CREATE DATABASE copied_again TEMPLATE closed');
cmp_ok(applied_after('copied_again'), '<', 20, 'also in one that comes while it is on');
is($node->safe_psql('copied_again', "SELECT spine_validate('t')"), 'ok', 'the copy is valid');
set_conf("spine.naptime = '60s'", "spine.worker_idle_timeout = '5s'");

# ----------------------------------------------------------------------
# More databases than workers

my @databases = map { "many$_" } 1 .. 6;
my $most = 0;
for (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $_");
	set_up($_);
}
submit($_) for @databases;
my $start = time;
while (time < $start + 60)
{
	my $now = workers();
	$most = $now if $now > $most;
	last unless grep { applied_after($_, 0.01) > 1000 } @databases;
}
cmp_ok(time - $start, '<', 30, 'six databases are served by two workers');
cmp_ok($most, '<=', 2, 'which are no more than two');
is(join(' ', map { $node->safe_psql($_, "SELECT spine_validate('t')") } @databases), 'ok ok ok ok ok ok', 'all are valid');

# ----------------------------------------------------------------------
# Who needs a database for himself

set_conf("spine.worker_idle_timeout = '1h'");
for my $command ('CREATE DATABASE many1_copy TEMPLATE many1', 'ALTER DATABASE many1 RENAME TO many1_renamed', 'DROP DATABASE many2')
{
	my ($database) = $command =~ /(many\d)( |$)(?!_)/;
	$database = 'many1' if $command =~ /TEMPLATE/;

	submit($database);
	cmp_ok(applied_after($database), '<', 20, "a worker comes to $database");
	is(workers($database), '1', 'and stays');
	cmp_ok(seconds($command), '<', 3, $command);
	if ($command =~ /RENAME/)
	{
		submit('many1_renamed');
		cmp_ok(applied_after('many1_renamed'), '<', 20, 'and a worker comes back');
	}
}
cmp_ok(applied_after('many1_copy'), '<', 20, 'the copy has nothing left to do');
cmp_ok(seconds("DROP DATABASE $_"), '<', 3, "DROP DATABASE $_") for qw(many3 many4 many5 many6);
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 10, 'the others are served on');

# ----------------------------------------------------------------------
# Processes that end

my $launcher = "backend_type = 'spine launcher'";
my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE $launcher");
my $offset = -s $node->logfile;
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $launcher");
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 20, 'results are applied though the launcher was terminated');
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE $launcher AND pid <> $pid"),
	'and it comes back');

ok(get_worker(), 'there is a worker');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE backend_type = 'spine worker'");
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 20, 'results are applied though the worker was terminated');
for my $type ('spine worker', 'spine launcher')
{
	# It may leave while it is being looked for
	for (1 .. 20)
	{
		get_worker();
		$pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type = '$type' AND coalesce(datname, 'postgres') = 'postgres' LIMIT 1");
		last if $pid && kill 'KILL', $pid;
	}
	for (1 .. 500)
	{
		last if log_count(qr/all server processes terminated; reinitializing/, $offset) > 0;
		sleep 0.02;
	}
	$node->poll_query_until('postgres', "SELECT pg_postmaster_start_time() IS NOT NULL");
	$offset = -s $node->logfile;
	submit('postgres');
	cmp_ok(applied_after('postgres'), '<', 20, "results are applied though the $type was killed");
}
is($node->safe_psql('postgres', "SELECT spine_validate('t')"), 'ok', 'valid after that');

# A session's cancel is for sessions
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'spine%'");
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 20, 'cancelling does not harm');

# ----------------------------------------------------------------------
# The extension goes and comes

$node->safe_psql('postgres', 'DROP EXTENSION spine CASCADE');
$node->safe_psql('postgres', 'CREATE TABLE other (); TRUNCATE other; DROP TABLE other, t');
set_up('postgres');
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 10, 'an extension that was dropped and created again is served');
is($node->safe_psql('postgres', "SELECT spine_describe('t')"), "[0-2][0][2][0] 20 m\n[2-3][2][3][0] 10 p2", 'as before');

# With something in its queue
$node->psql('postgres', "BEGIN; SELECT spine_append('t', 1); SELECT spine_submit_merge('t', 0, 2, 0, 20, '{n}'); DROP EXTENSION spine CASCADE; COMMIT");
$node->safe_psql('postgres', 'DROP TABLE IF EXISTS t');
$node->safe_psql('postgres', 'CREATE SCHEMA s; CREATE EXTENSION IF NOT EXISTS spine SCHEMA public');
set_up('postgres');
submit('postgres');
cmp_ok(applied_after('postgres'), '<', 10, 'also when it had something to do');

# ----------------------------------------------------------------------
# No background worker to be had

$node->append_conf('postgresql.conf', "max_worker_processes = 2\nspine.worker_idle_timeout = '5s'");
$node->stop;
$offset = -s $node->logfile;
$node->start;
submit('postgres');
sleep 12;
is($node->safe_psql('postgres', 'SELECT count(*) FROM spine_merge_results WHERE applied_at IS NULL'), '1',
	'without a background worker results stay queued');
my $log = substr(slurp_file($node->logfile), $offset);
my @lines = grep { /spine/ && !/statement:|connection|CONTEXT/ } split /\n/, $log;
is(scalar(grep { /LOG: |WARNING: / } @lines), 1, 'the log says so once') or diag($log);
is($node->safe_psql('postgres', "SELECT spine_append('t', 1)"), '[3]', 'and all else goes on');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
cmp_ok(applied_after('postgres'), '<', 10, 'with one they are applied');

# Only the server's own background worker has a place
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->stop;
$node->start;
submit('postgres');
is($node->safe_psql('postgres', "SELECT spine_append('t', 1)"), '[4]', 'without a launcher pushes go on');
cmp_ok(seconds('DROP DATABASE later'), '<', 3, 'and databases can be dropped');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
cmp_ok(applied_after('postgres'), '<', 10, 'with one the rest follows');

# ----------------------------------------------------------------------
# A command that needs an empty database keeps workers out while it runs, and
# one that is refused not even that

$node->safe_psql('postgres', 'CREATE DATABASE named');
set_up('named');
submit('named');
cmp_ok(applied_after('named'), '<', 10, 'a new database is served');
$node->safe_psql('postgres', 'ALTER DATABASE named RENAME TO renamed');
submit('renamed');
cmp_ok(applied_after('renamed'), '<', 5, 'and at once when it has another name');
$node->safe_psql('postgres', 'CREATE ROLE nobody LOGIN');
for my $command ('DROP DATABASE renamed', 'ALTER DATABASE renamed RENAME TO stolen',
	'CREATE DATABASE stolen TEMPLATE renamed', 'BEGIN; DROP DATABASE renamed')
{
	my ($status) = $node->psql('postgres', "SET ROLE nobody;\n$command;", on_error_stop => 1);
	isnt($status, 0, "refused: $command");
}
submit('renamed');
cmp_ok(applied_after('renamed'), '<', 5, 'and when nobody may do so');

# ----------------------------------------------------------------------

cmp_ok(log_count(qr/terminated by signal 9/, 0), '==', 2, 'nothing has crashed but what was killed');
cmp_ok(log_count(qr/terminated by signal (?!9)|PANIC|TRAP/, 0), '==', 0, 'in no other way either');
cmp_ok(log_count(qr/(ERROR|FATAL): .*\n(?!.*STATEMENT)/, 0), '<', 40, 'errors do not flood the log');
$node->stop;
done_testing();
