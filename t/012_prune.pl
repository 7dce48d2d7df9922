# What the worker prunes of claims, and what it keeps: a completed one until its
# result has been applied, an open one until nobody can answer it, or needs to.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('prune');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 5
spine.naptime = '1h'
spine.worker_idle_timeout = '100ms'
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE TABLE claims (name text, id bigint);
CREATE TABLE nudge (); SELECT spine_register('nudge');
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY '{queued,released,truncated,dropped,unregistered,answered,leased,standing,grown}'::text[] LOOP
		EXECUTE format('CREATE TABLE %I ()', t);
		PERFORM spine_register(t::regclass);
		PERFORM spine_append(t::regclass, 10, ARRAY[t || i]) FROM generate_series(0, 2) i;
	END LOOP;
END $$;
END

sub claim
{
	my ($table, $lease) = @_;

	$node->safe_psql('postgres', "INSERT INTO claims SELECT '$table', claim FROM spine_claim_merge('$table', '$lease')");
	return;
}

my $id = '(SELECT id FROM claims WHERE name = ';

sub no_worker
{
	return ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')"),
		'no worker is there');
}

sub state_of
{
	my ($table) = @_;

	return $node->safe_psql('postgres', "SELECT state FROM spine_merge_requests WHERE relation = '$table'::regclass");
}

# ----------------------------------------------------------------------
# A worker prunes when it comes.  All that has ended is old enough at once.

my $ticket = $node->safe_psql('postgres', "SELECT spine_append_batch('nudge', 1)");
is($node->safe_psql('postgres', "SELECT spine_wait_append($ticket)"), '[0]', 'a ticket is answered');
$node->safe_psql('postgres', q{ALTER SYSTEM SET spine.result_retention = 0; SELECT pg_reload_conf()});
no_worker();
claim('released', '1 hour');
$node->safe_psql('postgres', "SELECT spine_release_claim($id 'released'))");
claim('queued', '1 microsecond');
# While it is prepared, the result stays queued
$node->safe_psql('postgres', "BEGIN; SELECT spine_append('queued', 1); PREPARE TRANSACTION 'holds the spine'");
is($node->safe_psql('postgres', "SELECT status FROM spine_complete_merge($id 'queued'), 20, '{merged}')"), 'queued',
	'a claim is completed after its lease');
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM spine_merge_claim WHERE id = $id 'released'))"),
	'a claim that was released is pruned');
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM spine_inbox WHERE ticket = $ticket)"), 'and an old ticket');
is(state_of('queued'), 'completed', 'one whose result is queued is not, though its lease is over');
is($node->safe_psql('postgres', "SELECT status FROM spine_complete_merge($id 'queued'), 20, '{merged}')"), 'repeated',
	'and who repeats himself is told so');
$node->safe_psql('postgres', "COMMIT PREPARED 'holds the spine'");
ok($node->poll_query_until('postgres', "SELECT 'merged' = ANY (parts) FROM spine_batches WHERE relation = 'queued'::regclass AND id_lo = 0"),
	'the result is applied');
is($node->safe_psql('postgres', "SELECT failures, merge_seconds > 0 FROM spine_stat WHERE relation = 'queued'::regclass"), '0|t',
	'and its claim is told');

# ----------------------------------------------------------------------
# Open claims are ended when they are moot, and not forgotten

$node->safe_psql('postgres', q{ALTER SYSTEM SET spine.result_retention = '1d'; SELECT pg_reload_conf()});
no_worker();
claim($_, '1 hour') for qw(truncated dropped unregistered leased);
claim($_, '1 microsecond') for qw(answered standing grown);
$node->safe_psql('postgres', <<'END');
TRUNCATE truncated;
DROP TABLE dropped;
SELECT spine_unregister('unregistered');
SELECT spine_append('grown', 10) FROM generate_series(1, 5);
SELECT spine_apply_merge(relation, lower, upper, since, len, '{otherwise}') FROM spine_merge_requests
WHERE relation IN ('answered'::regclass, 'leased'::regclass);
END
my $open = "SELECT string_agg(name, ' ' ORDER BY name) FROM claims JOIN spine_merge_claim USING (id) WHERE ended_at IS NULL";
my $offered = "SELECT string_agg(part, ' ' ORDER BY part) FROM spine_collect_garbage('answered', '0')";
is($node->safe_psql('postgres', $open), 'answered dropped grown leased standing truncated unregistered', 'all are open');
is($node->safe_psql('postgres', $offered), '', 'and keep their inputs from being deleted');
$node->safe_psql('postgres', "SELECT spine_append_batch('nudge', 1)");
ok($node->poll_query_until('postgres', $open, 'grown leased standing'),
	'those are ended that nobody can answer, and those whose lease is over and that were answered otherwise')
	or diag($node->safe_psql('postgres', $open));
is($node->safe_psql('postgres', "SELECT count(*), count(error) FROM claims JOIN spine_merge_claim USING (id) WHERE ended_at IS NOT NULL AND name <> 'queued'"),
	'4|0', 'they are remembered, and have not failed');
ok($node->poll_query_until('postgres', $offered, 'answered0 answered1'), 'inputs are handed out');
is($node->safe_psql('postgres', "SELECT status FROM spine_complete_merge($id 'truncated'), 20, '{late}')"), 'lapsed',
	'who comes late is told so');
is(state_of('standing'), 'open', 'a request with a lease that is over stands');
is($node->safe_psql('postgres', "SELECT status FROM spine_complete_merge($id 'standing'), 20, '{in time}')"), 'queued',
	'and so does the claim on it');
is($node->safe_psql('postgres', "SELECT count(*) FROM spine_merge_requests WHERE relation = 'grown'::regclass AND id_lo = 0 AND id_hi > 2"), '1',
	'a request has grown');
is($node->safe_psql('postgres', "SELECT status FROM spine_complete_merge($id 'grown'), 20, '{part of it}')"), 'queued',
	'which is no end of the claim');

# A lease that was over after all
$node->safe_psql('postgres', "UPDATE spine_merge_claim SET lease_expires = now() WHERE id = $id 'leased')");
no_worker();
$node->safe_psql('postgres', "SELECT spine_append_batch('nudge', 1)");
ok($node->poll_query_until('postgres', "SELECT ended_at IS NOT NULL FROM spine_merge_claim WHERE id = $id 'leased')"),
	'a claim that was answered otherwise is ended when its lease is over');

$node->stop;
done_testing();
