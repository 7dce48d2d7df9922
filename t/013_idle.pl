# Spines that nobody pushes to: the worker moves their merges along until each is
# in one batch, and then lets it alone.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('idle');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
spine.naptime = '1s'
spine.exert_delay = -1
spine.exert_effort = 2000
spine.worker_idle_timeout = '1s'
max_prepared_transactions = 10
END
$node->start;

sub set_conf
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET $_") for @_;
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	return;
}

# Spines with batches on several levels, largest first
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE FUNCTION make(r regclass) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(spine_append(r, (9 - n) * (9 - n) * 1000, ARRAY[r::text || n])) FROM generate_series(0, 8) n $$;
-- Half of each merge's updates cancel each other out
CREATE FUNCTION merge(r spine_merge_request) RETURNS spine_merge_output LANGUAGE sql AS $$
	SELECT ROW(r.len / 2, ARRAY['m' || r.id_lo || '-' || r.id_hi || '-' || r.nparts], '{}')::public.spine_merge_output $$;
CREATE TABLE merged ();
CREATE TABLE waits ();
CREATE TABLE off ();
CREATE TABLE held ();
SELECT spine_register(r), make(r) FROM unnest('{merged,waits,off,held}'::regclass[]) r;
SELECT spine_set_merge_function('merged', 'merge(spine_merge_request)');
SELECT spine_set_exertion('off', 0), spine_set_exertion('waits', 5000);
END

sub state_of
{
	my ($spine) = @_;

	return $node->safe_psql('postgres',
		"SELECT spine_batches || ' ' || hollow_batches FROM spine_traces WHERE relation = '$spine'::regclass");
}

sub exertions
{
	return $node->safe_psql('postgres',
		q{SELECT string_agg(relation || ' ' || exertions, ', ' ORDER BY relation::text) FROM spine_stat});
}

sub is_settled
{
	my ($condition, $name) = @_;

	ok($node->poll_query_until('postgres',
			"SELECT bool_and($condition) FROM spine_traces WHERE relation IN ('merged'::regclass, 'waits'::regclass)"), $name);
	return;
}

# Not before it is wanted
my %before = map { $_ => state_of($_) } qw(merged waits off held);
sleep 2;
is(exertions(), 'held 0, merged 0, off 0, waits 0', 'none is exerted while that is off');

# A transaction that holds a spine is at work on it
my $holder = $node->background_psql('postgres', on_error_stop => 0);
$holder->query_safe("BEGIN; SELECT spine_set_effort('held', 2)");

set_conf(q{spine.exert_delay = '100ms'});
is_settled('spine_batches = 1', 'spines come to one batch');
ok($node->poll_query_until('postgres',
		q{SELECT hollow_batches = 1 AND compact = 1 FROM spine_traces WHERE relation = 'merged'::regclass}),
	'which is compact where there is somebody to merge');
is($node->safe_psql('postgres',
		q{SELECT count(*), min(id_lo), max(id_hi) FROM spine_merge_requests WHERE relation = 'waits'::regclass}),
	'1|0|9', 'and where there is not, one request is left');
is(state_of('off'), $before{off}, 'one that is to be let alone, is');
is(state_of('held'), $before{held}, 'nor does the worker wait for one that is held');
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');

# Afterwards there is nothing to come back for
$holder->query_safe('ROLLBACK');
$holder->quit;
ok($node->poll_query_until('postgres',
		q{SELECT spine_batches = 1 FROM spine_traces WHERE relation = 'held'::regclass}),
	'when it is free, its turn comes');
sub is_away
{
	return $node->poll_query_until('postgres',
		q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')});
}
ok(is_away(), 'the worker leaves');
my $exertions = exertions();
my $woken = $node->safe_psql('postgres',
	q{SELECT last_wakeup FROM spine_activity WHERE process = 'worker' AND database = 'postgres'});
sleep 4;
is(exertions(), $exertions, 'nothing more is exerted');
is($node->safe_psql('postgres',
		q{SELECT last_wakeup FROM spine_activity WHERE process = 'worker' AND database = 'postgres'}),
	$woken, 'and nobody has been woken for it');

# A prepared transaction tells of nothing when it is committed
$node->safe_psql('postgres', q{BEGIN; SELECT spine_append('waits', 1); PREPARE TRANSACTION 'push'});
$node->safe_psql('postgres', q{COMMIT PREPARED 'push'});
is_settled('spine_batches = 1', 'what was prepared is seen to');

# Nor does shared memory know of spines after a restart.  One that is damaged is in
# nobody's way.
set_conf('spine.exert_delay = -1');
$node->safe_psql('postgres', q{SELECT make('waits')});
$node->safe_psql('postgres', q{CREATE TABLE damaged (); SELECT spine_register('damaged');
	UPDATE spine_trace SET image = '\x00' WHERE relation = 'damaged'::regclass});
$node->restart;
set_conf(q{spine.exert_delay = '100ms'});
is_settled('spine_batches = 1', 'nor is a spine forgotten that had batches before the server started');
my $ticket = $node->safe_psql('postgres', q{SELECT spine_append_batch('waits', 1)});
is($node->safe_psql('postgres', "SELECT spine_wait_append($ticket) IS NOT NULL"), 't',
	'the inbox is emptied beside a damaged spine');
$node->safe_psql('postgres', 'DROP TABLE damaged');

# The choice of a spine can be taken back
$node->safe_psql('postgres', q{SELECT spine_set_exertion('off', NULL)});
ok($node->poll_query_until('postgres',
		q{SELECT spine_batches = 1 FROM spine_traces WHERE relation = 'off'::regclass}),
	'and who was let alone may want to be exerted after all');
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');

$node->stop;
done_testing();
