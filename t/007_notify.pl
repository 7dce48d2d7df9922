# Notifications: who listens hears of what happens to a spine, from the worker and
# after the fact, and only while spine.notify is on.  And waiting on a standby,
# where nobody tells anything.

use strict;
use warnings;

use IPC::Run qw(start timeout);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('notify');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 10
spine.max_spines = 16
spine.notify = on
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE TABLE t (); CREATE TABLE u ();
SELECT spine_register('t'), spine_register('u');
SELECT spine_append('t', 1, '{p0}');
END
my %channel = map { $_ => 'spine_' . $node->safe_psql('postgres', "SELECT '$_'::regclass::oid") } qw(t u);

my ($in, $out, $err) = ('', '', '');

sub session
{
	my ($server, $stdin, $stdout) = @_;

	return start([ 'psql', '-XAtq', '-d', $server->connstr('postgres') ], '<', $stdin, '>', $stdout, '2>', \$err,
		timeout($PostgreSQL::Test::Utils::timeout_default));
}

# A session that listens.  psql says what it has heard after each command.
my $listener = session($node, \$in, \$out);
my $turns = 0;

# One more command; what was heard until it was done
sub turn
{
	my ($command) = @_;
	my $heard;

	$turns++;
	$in .= "$command\n\\echo turn $turns\n";
	$listener->pump until $out =~ /^turn $turns$/m;
	($heard, $out) = ($out, '');
	return map { [$1, $2, $3] if /Asynchronous notification "(\w+)" with payload "([\w,]*)" received from server process with PID (\d+)/ }
	  grep { /Asynchronous/ } split /\n/, $heard;
}

# Listens until all the words have been heard on a channel; returns those heard
# there, sorted, and which processes sent them
my %senders;
sub hear
{
	my ($channel, @words) = @_;
	my %heard;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $end)
	{
		for (turn('SELECT 1 WHERE false;'))
		{
			my ($on, $payload, $pid) = @$_;

			$senders{$pid} = 1;
			next if $on ne $channel;
			$heard{$_} = 1 for split /,/, $payload;
		}
		last unless grep { !$heard{$_} } @words;
		sleep 0.02;
	}
	return join ',', sort keys %heard;
}

turn(qq(LISTEN "$channel{t}"; LISTEN "$channel{u}";));

# What came before the LISTEN may still be on its way, in one piece
hear($channel{t}, 'upper') if $node->safe_psql('postgres', "SELECT spine_append('t', 1, '{p1}')");
$node->safe_psql('postgres', "SELECT spine_append('u', 1, '{q0}')");
is(hear($channel{u}, 'upper'), 'upper', 'a push is told of as "upper"');

$node->safe_psql('postgres', "SELECT spine_append('u', 1, ARRAY['q' || i]) FROM generate_series(1, 2) i");
is(hear($channel{u}, 'upper', 'request'), 'request,upper', 'one that makes a merge request also as "request"');
$node->safe_psql('postgres', "SET spine.return_requests = off; SELECT spine_push_batch('u', i, i + 1, 1, ARRAY['q' || i]) FROM generate_series(3, 6) i");
is(hear($channel{u}, 'upper', 'request'), 'request,upper', 'even if the push does not return it');

$node->safe_psql('postgres', "SELECT spine_submit_merge('u', 0, 2, 0, 2, '{m}')");
is(hear($channel{u}, 'result'), 'result', 'a result as "result"');
$node->safe_psql('postgres', "SELECT spine_submit_merge('u', 3, 2, 0, 2, '{m}')");
is(hear($channel{u}, 'result'), 'result', 'and one that is in error');
$node->safe_psql('postgres', "SELECT spine_apply_merge('u', 100, 200, 0, 2, '{m}')");
is(hear($channel{u}, 'result'), 'result', 'and one that is applied at once, to no effect');

# What was rolled back is no news; what is told afterwards comes in order
$node->safe_psql('postgres', "BEGIN; SELECT spine_append('u', 1); ROLLBACK");
$node->safe_psql('postgres', "BEGIN; SAVEPOINT s; SELECT spine_append('u', 1); ROLLBACK TO s; COMMIT");
$node->safe_psql('postgres', "SELECT spine_downgrade_since('u', 1)");
$node->safe_psql('postgres', "SELECT spine_append('t', 1, '{p2}')");
my @order;
my $end = time + $PostgreSQL::Test::Utils::timeout_default;
while (time < $end && !grep { $_ eq $channel{t} } @order)
{
	push @order, map { $_->[0] } turn('SELECT 1 WHERE false;');
	sleep 0.02;
}
is("@order", $channel{t}, 'what was rolled back is not told, nor is what changes nothing for others');

# Many commits come in few notifications
$node->safe_psql('postgres', join '', map { "SELECT spine_append('t', 1, '{c$_}');" } 1 .. 300);
my @many;
$end = time + $PostgreSQL::Test::Utils::timeout_default;
my $upper = $node->safe_psql('postgres', "SELECT spine_append('u', 1)");
while (time < $end && !grep { $_->[0] eq $channel{u} } @many)
{
	push @many, turn('SELECT 1 WHERE false;');
	sleep 0.02;
}
my $count = grep { $_->[0] eq $channel{t} } @many;
cmp_ok($count, '>', 0, '300 commits are told of');
cmp_ok($count, '<', 300, 'in fewer notifications');

# More spines than there is room for
$node->safe_psql('postgres', "CREATE TABLE x$_ (); SELECT spine_register('x$_'); SELECT spine_append('x$_', 1)") for 1 .. 20;
$node->safe_psql('postgres', "SELECT spine_append('t', 1, '{e}')");
is(hear($channel{t}, 'upper'), 'upper', 'with more spines than room in shared memory');

# Only the worker sends any
cmp_ok(scalar(keys %senders), '>', 0, 'somebody sent them');
is(join(' ', grep { slurp_file($node->logfile) =~ /\[$_\] .*spine_append/ } keys %senders), '', 'not those who push');

# A spine that is gone is told of no more, and in nobody's way
$node->safe_psql('postgres', "SELECT spine_append('x$_', 1) FROM generate_series(1, 3); DROP TABLE x$_") for 1 .. 20;
$node->safe_psql('postgres', "SELECT spine_append('u', 1)");
like(hear($channel{u}, 'upper'), qr/upper/, 'after spines that were dropped');
$node->safe_psql('postgres', 'TRUNCATE u');
is(hear($channel{u}, 'upper'), 'upper', 'TRUNCATE moves upper, too');

# Off, nothing is told; on again, it is
$node->append_conf('postgresql.conf', 'spine.notify = off');
$node->reload;
$node->poll_query_until('postgres', q(SELECT current_setting('spine.notify') = 'off')) or die;
$node->safe_psql('postgres', "SELECT spine_append('u', 1)");
$node->safe_psql('postgres', "SELECT spine_submit_merge('u', 0, 1, 0, 1, '{z}')");
$node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)') or die;
$node->append_conf('postgresql.conf', 'spine.notify = on');
$node->reload;
$node->poll_query_until('postgres', q(SELECT current_setting('spine.notify') = 'on')) or die;
$node->safe_psql('postgres', "SELECT spine_append('t', 1, '{o}')");
@order = ();
$end = time + $PostgreSQL::Test::Utils::timeout_default;
while (time < $end && !grep { $_ eq $channel{t} } @order)
{
	push @order, map { $_->[0] } turn('SELECT 1 WHERE false;');
	sleep 0.02;
}
is("@order", $channel{t}, 'nothing is told while spine.notify is off');

# ----------------------------------------------------------------------
# Waiting where nobody tells: for a prepared transaction, and on a standby

my $next = $node->safe_psql('postgres', "SELECT spine_upper('u')::bigint");
$node->safe_psql('postgres', "BEGIN; SELECT spine_append('u', 1); PREPARE TRANSACTION 'p'");
is($node->safe_psql('postgres', "SELECT spine_wait_upper('u', $next, '0')"), 'f', 'what is only prepared is not waited for');
my ($win, $wout) = ('', '');
my $waiter = session($node, \$win, \$wout);
$win = "SELECT 'waited ' || spine_wait_upper('u', $next);\n";
$waiter->pump_nb;
$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%waited%spine_wait_upper%' AND state = 'active' AND wait_event_type = 'Extension')) or die;
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
$waiter->pump until $wout =~ /waited/;
like($wout, qr/waited t/, 'COMMIT PREPARED is seen by who waits');
$win .= "\\q\n";
$waiter->finish;

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = -1');
$standby->start;
($win, $wout) = ('', '');
$waiter = session($standby, \$win, \$wout);
$next++;
$win = "SELECT 'waited ' || spine_wait_upper('u', $next);\n";
$waiter->pump_nb;
$standby->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%waited%spine_wait_upper%' AND state = 'active' AND wait_event_type = 'Extension')) or die;
$node->safe_psql('postgres', "SELECT spine_append('u', 1)");
$waiter->pump until $wout =~ /waited/;
like($wout, qr/waited t/, 'a standby sees what is replayed');
is($standby->safe_psql('postgres', "SELECT count(*) FROM spine_listen('u', $next)"), '1', 'and listens');
my ($status, $stdout, $stderr) = $standby->psql('postgres', "SELECT spine_hold('u', 'h', 5)");
like($stderr, qr/cannot write to a spine during recovery/, 'but holds nothing');
$win .= "\\q\n";
$waiter->finish;
$standby->stop;

$in .= "\\q\n";
$listener->finish;
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'nothing has crashed');
$node->stop;
done_testing();
