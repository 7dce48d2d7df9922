# Mergers, the processes that run merge functions: killed in the middle of one,
# cancelled, timed out, told to leave the database, short of places, and one that
# will not be stopped.  Needs a library built with STOP_POINTS=1 in the current
# folder.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('merger');
$node->init;
$node->append_conf('postgresql.conf', <<END);
dynamic_library_path = '$ENV{TESTDIR}:\$libdir'
shared_preload_libraries = 'spine'
restart_after_crash = on
max_worker_processes = 20
spine.naptime = '1s'
spine.worker_idle_timeout = '500ms'
spine.retry_delay = '10ms'
spine.max_attempts = 0
END
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE other');

sub sql { return $node->safe_psql(@_); }

# Spine t with a merge function: it waits while a row of table hold says so, and
# logs that it has run
for my $database ('postgres', 'other')
{
	sql($database, <<'END');
CREATE EXTENSION spine;
CREATE TABLE t ();
CREATE TABLE runs (id_lo bigint, id_hi bigint);
CREATE TABLE hold (stubborn boolean);
SELECT spine_register('t');
CREATE FUNCTION f(r spine_merge_request) RETURNS spine_merge_output LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
	INSERT INTO runs VALUES (r.id_lo, r.id_hi);
	PERFORM spine_merge_progress(r.len / 2);
	LOOP
		BEGIN
			EXIT WHEN NOT EXISTS (SELECT FROM hold);
			PERFORM pg_sleep(0.1);
		EXCEPTION WHEN query_canceled THEN
			IF NOT (SELECT stubborn FROM hold) THEN
				RAISE;
			END IF;
		END;
	END LOOP;
	RETURN (r.len, ARRAY['m' || r.id_lo || '-' || r.id_hi], '{}'::int[]);
END $$;
SELECT spine_set_merge_function('t', 'f(spine_merge_request)');
END
}
sql('postgres', slurp_file('src/dev/stop_point.sql'));

sub set_conf
{
	$node->append_conf('postgresql.conf', "$_\n") for @_;
	$node->reload;
	return;
}

# Pushes what makes one request more
sub push_some
{
	my ($database) = @_;

	return sql($database, "SELECT count(spine_append('t', 1, ARRAY['p' || clock_timestamp()])) FROM generate_series(1, 4)");
}

sub all_merged
{
	my ($database, $name) = @_;

	ok($node->poll_query_until($database, 'SELECT NOT EXISTS (SELECT FROM spine_merge_requests)'), "$name: all is merged");
	is(sql($database, "SELECT spine_validate('t')"), 'ok', 'the spine is valid');
	is(sql($database, q{SELECT count(*) FROM runs r WHERE NOT EXISTS
		(SELECT FROM spine_merge_results WHERE parts = ARRAY['m' || id_lo || '-' || id_hi] AND error IS NULL)}),
		'0', 'what the function wrote is there with its result only');
	sql($database, 'TRUNCATE runs');
	return;
}

sub hold { return sql($_[0], 'INSERT INTO hold VALUES (' . ($_[1] || 'false') . ')'); }
sub let_go { return sql($_[0], 'DELETE FROM hold'); }

# The merger at work in a database
sub at_work
{
	my ($database) = @_;

	$node->poll_query_until($database, 'SELECT count(*) > 0 FROM spine_progress WHERE done IS NOT NULL')
	  or die 'no merger at work';
	return sql($database, 'SELECT min(pid) FROM spine_progress');
}

sub last_error
{
	my ($database, $pattern) = @_;

	ok($node->poll_query_until($database, "SELECT bool_or(attempts > 0 AND last_error ~ '$pattern') FROM spine_merge_requests"),
		"a failed attempt: $pattern");
	return;
}

# ----------------------------------------------------------------------
# The usual

push_some('postgres');
all_merged('postgres', 'one request');
push_some('postgres') for 1 .. 10;
all_merged('postgres', 'ten requests');
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type IN ('spine merger', 'spine worker'))"),
	'mergers and workers leave for want of work');
push_some('postgres');
all_merged('postgres', 'a push afterwards');

# ----------------------------------------------------------------------
# What it is at, and an end to it

hold('postgres');
push_some('postgres');
my $pid = at_work('postgres');
is(sql('postgres', 'SELECT relation, len > 1, done = len / 2, since < clock_timestamp(), claim IS NOT NULL FROM spine_progress WHERE pid = ' . $pid),
	't|t|t|t|t', 'spine_progress shows it');
is(sql('postgres', "SELECT process, database, state, last_wakeup <= clock_timestamp(), last_error FROM spine_activity WHERE pid = $pid"),
	'merger|postgres|at work|t|', 'spine_activity does, too');
sql('postgres', "SELECT pg_cancel_backend($pid)");
last_error('postgres', 'canceling statement due to user request');
$pid = at_work('postgres');
sql('postgres', "SELECT pg_terminate_backend($pid)");
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), 'a merger is terminated');
isnt(at_work('postgres'), $pid, 'another one takes over, before the lease is over');
$pid = at_work('postgres');
set_conf("spine.merge_timeout = '200ms'");
sleep 0.2;
sql('postgres', "SELECT pg_cancel_backend($pid)");
last_error('postgres', 'the merge function took longer than spine.merge_timeout');
set_conf("spine.merge_timeout = '10min'");
let_go('postgres');
all_merged('postgres', 'after all that');

# One that catches its cancellation keeps nobody from ending it
hold('postgres', 'true');
push_some('postgres');
$pid = at_work('postgres');
sql('postgres', "SELECT pg_cancel_backend($pid)");
sleep 0.5;
is(at_work('postgres'), $pid, 'it goes on');
sql('postgres', "SELECT pg_terminate_backend($pid)");
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), 'it is ended');
let_go('postgres');
all_merged('postgres', 'then');

# An error that somebody causes elsewhere: the function is gone while at work
hold('postgres');
push_some('postgres');
at_work('postgres');
sql('postgres', 'TRUNCATE t');
let_go('postgres');
push_some('postgres');
all_merged('postgres', 'truncated in the middle of a merge');

# ----------------------------------------------------------------------
# Killed

set_conf("spine.merge_timeout = '1s'");
for my $point ('merging', 'merged', 'merge_queued', 'claim_inserted')
{
	sql('postgres', "SELECT spine_stop_at('$point')");
	push_some('postgres');
	$node->poll_query_until('postgres', 'SELECT spine_stopped() IS NOT NULL') or die "nobody comes to $point";
	$pid = sql('postgres', 'SELECT spine_stopped()');
	kill 'KILL', $pid;
	for (1 .. 1000)
	{
		last unless kill 0, $pid;
		sleep 0.01;
	}
	$node->poll_query_until('postgres', 'SELECT true');
	# Its lease is as long as it could have taken; no need to wait for that here
	sql('postgres', 'SELECT count(spine_release_claim(id)) FROM spine_merge_claim WHERE ended_at IS NULL AND result IS NULL');
	all_merged('postgres', "killed at $point");
}
set_conf("spine.merge_timeout = '10min'");

# A restart in the middle
hold('postgres');
push_some('postgres');
at_work('postgres');
$node->restart;
let_go('postgres');
all_merged('postgres', 'a restart in the middle of a merge');
hold('postgres');
push_some('postgres');
at_work('postgres');
sql('postgres', 'DELETE FROM hold');
$node->stop;
$node->start;
all_merged('postgres', 'requests that are found after a restart');

# ----------------------------------------------------------------------
# A worker's error, for those who administer the server or own the database

sql('postgres', "SELECT spine_stop_at('trace_writing', 0, true)");
sql('postgres', "SELECT spine_append_batch('t', 1, '{inbox}')");
my $errors = "SELECT process, database, last_error ~ 'trace_writing' FROM spine_activity WHERE last_error_at <= now()";
ok($node->poll_query_until('postgres', $errors, 'worker|postgres|t'), 'spine_activity has the error');
sql('postgres', 'CREATE ROLE ordinary LOGIN');
is(sql('postgres', "SET ROLE ordinary; $errors"), '', 'which others do not see');
is(sql('postgres', "SET ROLE ordinary; SELECT process, database, state, last_wakeup <= clock_timestamp() FROM spine_activity WHERE process <> 'merger' AND database IS DISTINCT FROM 'other' ORDER BY process"),
	"launcher||there|t\nworker|postgres|there|t", 'but the processes');
push_some('postgres');
all_merged('postgres', 'after the error');

# ----------------------------------------------------------------------
# No more than spine.max_mergers, over all databases, and a turn for each

set_conf('spine.max_mergers = 1');
hold('postgres');
push_some('postgres') for 1 .. 5;
$pid = at_work('postgres');
push_some('other');
for (1 .. 10)
{
	is(sql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spine merger'"), '1', 'there is one merger') or last;
	sleep 0.1;
}
let_go('postgres');
all_merged('other', 'the other database');
all_merged('postgres', 'and this one');
set_conf('spine.max_mergers = 0');
push_some('postgres');
sleep 1;
is(sql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spine merger'"), '0', 'none, when they are turned off');
is(sql('postgres', 'SELECT count(*) > 0 FROM spine_merge_requests'), 't', 'the request stays');
set_conf('spine.max_mergers = 2');
all_merged('postgres', 'turned on again');

# ----------------------------------------------------------------------
# Out of the way of who needs the database

hold('other');
push_some('other');
$pid = at_work('other');
my $start = time;
sql('postgres', 'CREATE DATABASE copied TEMPLATE other');
cmp_ok(time - $start, '<', 10, 'a database with a merger at work is copied');
sleep 1;
is(sql('copied', 'SELECT count(*) FROM spine_progress'), '0', 'mergers let the copy alone');
is(sql('other', 'SELECT max(attempts) FROM spine_merge_requests'), '0', 'being told to leave is no failed attempt');
at_work('other');
sql('postgres', 'DROP DATABASE other');
pass('a database with a merger at work is dropped');
sql('copied', 'DELETE FROM hold');
push_some('copied');
all_merged('copied', 'the copy, once it has been written to');
hold('copied', 'true');
push_some('copied');
at_work('copied');
sql('postgres', 'DROP DATABASE copied');
pass('even with one that will not be cancelled');

# ----------------------------------------------------------------------
# A delayed request is taken up again by itself, by whoever is sent

set_conf("spine.retry_delay = '1500ms'", "spine.worker_idle_timeout = '0'");
sql('postgres', 'ALTER TABLE runs RENAME TO gone');
push_some('postgres');
last_error('postgres', 'does not exist');
sql('postgres', 'ALTER TABLE gone RENAME TO runs');
all_merged('postgres', 'later');

$node->stop;
done_testing();
