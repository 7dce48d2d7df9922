# What is cancelled leaves nothing half done: at each stop point that can be
# reached by a session, by cancel, by timeout and by an error in a
# subtransaction; at any moment of what takes long; when shared memory runs out;
# and in the worker.  Needs a library built with STOP_POINTS=1 in the current
# folder.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('cancel');
$node->init;
$node->append_conf('postgresql.conf', <<END);
dynamic_library_path = '$ENV{TESTDIR}:\$libdir'
shared_preload_libraries = 'spine'
max_connections = 10
max_locks_per_transaction = 10
max_prepared_transactions = 0
spine.max_spines = 16
END
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spine');
$node->safe_psql('postgres', slurp_file('src/dev/stop_point.sql'));

# A small spine that every statement below can be tried on, made anew each time
my $small = <<'END';
SET client_min_messages = warning;
DROP TABLE IF EXISTS small, plain;
DELETE FROM spine_garbage_part; DELETE FROM spine_inbox_batch; DELETE FROM spine_inbox_answer;
CREATE TABLE small (); CREATE TABLE plain ();
SELECT spine_register('small');
SELECT spine_append('small', 1, ARRAY['p' || i]) FROM generate_series(1, 6) i;
SELECT spine_hold('small', 'kept', 5);
SELECT spine_apply_merge('small', 5, 6, 0, 1, '{replaced}');
DELETE FROM spine_home WHERE database = 1;
INSERT INTO spine_home VALUES (1, 1);
END

# All that can be seen of spines; equal to another one if nothing has happened
my $picture = q{
	SELECT relation, upper, since, updates, hollow_batches FROM spine_traces ORDER BY relation::text;
	SELECT relation, level, state, batches, len, merge_remaining FROM spine_levels ORDER BY relation::text, level;
	SELECT relation, count(*), md5(string_agg(id_lo::text || id_hi || lower || upper || since || len || parts::text || runs::text, ' ' ORDER BY id_lo))
		FROM spine_batches GROUP BY relation ORDER BY relation::text;
	SELECT regexp_replace(relation::text, '^\d+$', 'a dropped one'), part FROM spine_garbage ORDER BY 1, 2;
	SELECT relation, name, since FROM spine_holds ORDER BY relation::text, name;
	SELECT relation, outcome, error FROM spine_merge_results ORDER BY id;
	SELECT count(*) FROM spine_home;
	SELECT parts, lower, error FROM spine_inbox ORDER BY ticket;
	SELECT DISTINCT spine_validate(relation) FROM spine_traces};

# What is in the inbox, the worker is going to take out
sub picture
{
	$node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL)')
		or die 'the inbox stays full';
	return $node->safe_psql('postgres', $picture);
}

# ----------------------------------------------------------------------
# At stop points

# Statement, and a point on its way; and whether that is before commit, where the
# server lets no statement time out any more and no subtransaction fail
my @steps = (
	[ "SELECT spine_append('small', 1, '{x}')", 'push_traced', 1 ],
	[ "SELECT count(*) FROM spine_push_batch('small', 6, 8, 3, '{x,y}')", 'push_traced', 1 ],
	[ "SELECT spine_append_batch('small', 1, '{x}')", 'batch_left', 1 ],
	[ "SELECT spine_append('small', 1, '{x}')", 'rows_flushing', 0 ],
	[ "SELECT spine_append('small', 1, '{x}')", 'rows_flushed', 0 ],
	[ "SELECT spine_append('small', 1, '{x}')", 'trace_writing', 0 ],
	[ "SELECT spine_append('small', 1, '{x}')", 'trace_written', 0 ],
	[ "SELECT spine_append('small', 1, '{x}')", 'ready_to_commit', 0 ],
	[ "SELECT spine_downgrade_since('small', 3)", 'trace_written', 0 ],
	[ "SELECT spine_apply_merge('small', 0, 4, 0, 2, '{m}')", 'result_traced', 1 ],
	[ "SELECT spine_apply_merge('small', 0, 4, 0, 2, '{m}')", 'garbage_added', 1 ],
	[ "SELECT spine_apply_merge('small', 0, 4, 0, 2, '{m}')", 'inputs_deleted', 1 ],
	[ "SELECT spine_hold('small', 'h', 3)", 'hold_written', 1 ],
	[ "SELECT spine_hold('small', 'kept', 6)", 'hold_written', 1 ],
	[ "SELECT spine_release_hold('small', 'kept')", 'hold_deleted', 1 ],
	[ "SELECT spine_register('plain')", 'registered', 1 ],
	[ "SELECT spine_unregister('small')", 'batches_deleted', 1 ],
	[ "SELECT spine_unregister('small')", 'unregistered', 1 ],
	[ "TRUNCATE small", 'batches_deleted', 1 ],
	[ "TRUNCATE small", 'hold_deleted', 1 ],
	[ "DROP TABLE small", 'hold_deleted', 1 ],
	[ "DROP TABLE small", 'unregistered', 1 ],
	[ "SELECT spine_forget_garbage(array_agg(id)) FROM spine_garbage", 'garbage_deleted', 1 ],
	[ "SELECT spine_adopt()", 'home_adopted', 1 ]);

# Runs a statement that comes to a stop point, and cancels it there
sub cancel_at
{
	my ($statement, $point, $settings) = @_;
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', "SELECT spine_stop_at('$point')");
	my $session = start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			'-c', $settings, '-c', $statement ], '>', \$out, '2>', \$err);
	if ($settings !~ /timeout/)
	{
		$node->poll_query_until('postgres', 'SELECT spine_stopped() IS NOT NULL') or die "nobody comes to $point";
		$node->safe_psql('postgres', 'SELECT pg_cancel_backend(spine_stopped())');
	}
	$session->finish;
	return $err;
}

for my $step (@steps)
{
	my ($statement, $point, $early) = @$step;

	$node->safe_psql('postgres', $small);
	my $before = picture();
	like(cancel_at($statement, $point, "SET application_name = 'x'"), qr/57014: canceling statement due to user request/,
		"$statement: cancelled at $point");
	is(picture(), $before, 'nothing has happened');
	if ($early)
	{
		like(cancel_at($statement, $point, "SET statement_timeout = '50ms'"),
			qr/57014: canceling statement due to statement timeout/, "$statement: timed out at $point");
		is(picture(), $before, 'nothing has happened');
	}
	$node->safe_psql('postgres', $statement);
	my $done = picture();
	isnt($done, $before, 'it works afterwards');
	next unless $early;

	# Then the very same within a transaction that goes on
	$node->safe_psql('postgres', $small);
	my ($status, $out, $err) = $node->psql('postgres', <<END, on_error_stop => 0);
BEGIN;
SELECT spine_downgrade_since('small', 0);
SAVEPOINT s;
SELECT spine_stop_at('$point', 0, true);
$statement;
ROLLBACK TO s;
$statement;
COMMIT;
END
	like($err, qr/stop point "$point"/, "$statement: fails at $point in a subtransaction");
	is(picture(), $done, 'and works in the same transaction afterwards');
}

# ----------------------------------------------------------------------
# At any moment of what takes long

$node->safe_psql('postgres', 'DROP TABLE IF EXISTS small; CREATE TABLE big (); CREATE TABLE fresh (); SELECT spine_register($$big$$)');
$node->safe_psql('postgres', q{SET spine.return_requests = off;
	SELECT count(*) FROM generate_series(0, 39999) i, spine_push_batch('big', i, i + 1, 1, ARRAY['p' || i, 'q' || i], runs => '{1}')});

my $all = "(SELECT array_agg(p) FROM spine_batches, unnest(parts) p WHERE relation = 'big'::regclass)";
my @long = (
	"SELECT count(spine_append('big', 1, ARRAY['n' || i])) FROM generate_series(1, 20000) i",
	"SELECT count(*) FROM generate_series(40000, 60000) i, spine_push_batch('big', i, i + 1, i % 3)",
	"SELECT count(*) FROM spine_request_inputs('big', 0, 40000)",
	"SELECT count(*) FROM generate_series(1, 5), spine_snapshot('big')",
	"SELECT count(*) FROM generate_series(1, 5), spine_listen('big', 10)",
	"SELECT count(spine_hold('big', 'h' || i, i)) FROM generate_series(1, 2000) i; SELECT spine_downgrade_since('big', 9)",
	"SELECT spine_wait_upper('big', 1000000, '300 ms')",
	"SELECT spine_validate('big') FROM generate_series(1, 5)",
	"SELECT count(*) FROM generate_series(1, 50), spine_batches",
	"SET spine.max_request_parts = 1000000; SELECT count(parts) FROM generate_series(1, 10), spine_merge_requests",
	"SELECT count(*) FROM generate_series(1, 10), spine_describe('big')",
	"SELECT count(spine_upper('big')), count(spine_since('big')) FROM generate_series(1, 10000)",
	"SELECT spine_apply_merge('big', 0, 32768, 0, 1, '{m}', inputs => $all)",
	"SELECT spine_submit_merge('big', 0, 32768, 0, 1, $all, inputs => $all)",
	"SELECT spine_register('fresh'); SELECT count(spine_append('fresh', 1)) FROM generate_series(1, 20000)",
	"SELECT spine_unregister('big'); DELETE FROM spine_home WHERE database = 1; SELECT spine_collect_garbage('big', '0 s', 100000)",
	"SELECT spine_unregister('big'); SELECT spine_forget_garbage(array_agg(id)) FROM spine_garbage",
	"SELECT spine_unregister('big')",
	"TRUNCATE big");

my $before = picture();
for my $statement (@long)
{
	my $start = time;
	my ($status, $out, $err) = $node->psql('postgres', "BEGIN; $statement; ROLLBACK");
	my $took = time - $start;
	my $cancelled = 0;
	my $bad = $status == 0 ? '' : "$err; ";

	for my $share (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
	{
		my $timeout = 1 + int(1000 * $took * $share);

		($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nBEGIN; SET LOCAL statement_timeout = $timeout; $statement; ROLLBACK");
		$cancelled++ if $err =~ /57014/;
		$bad .= "after $timeout ms: $err; " unless $err =~ /57014/ || $status == 0;
	}
	is($bad, '', "no other error: $statement");
	cmp_ok($cancelled, '>', 0, "cancelled $cancelled times");
	is(picture(), $before, 'nothing has happened');
}

# ----------------------------------------------------------------------
# No room for another lock

my ($status, $out, $err) = $node->psql('postgres', <<'END');
\set VERBOSITY verbose
DO $$
BEGIN
	FOR i IN 1..20000 LOOP
		EXECUTE format('CREATE TABLE many%s ()', i);
		PERFORM spine_register(('many' || i)::regclass), spine_append(('many' || i)::regclass, 1);
	END LOOP;
END $$;
END
like($err, qr/ERROR:  53200: out of shared memory/, 'out of shared memory');
is(picture(), $before, 'nothing has happened');
$node->safe_psql('postgres', $small);
is($node->safe_psql('postgres', "SELECT spine_append('small', 1)"), '[6]', 'and it goes on');

# More spines in use than the registry has room for, in one transaction and over and over
$node->safe_psql('postgres', "CREATE TABLE s$_ (); SELECT spine_register('s$_')") for 1 .. 25;
$node->safe_psql('postgres', 'BEGIN; ' . join('', map { "SELECT spine_append('s$_', 1);" } 1 .. 25) . 'COMMIT;') for 1 .. 3;
is($node->safe_psql('postgres', q{SELECT DISTINCT upper, spine_validate(relation) FROM spine_traces WHERE relation::text ~ '^s\d'}),
	'[3]|ok', 'more spines than room in shared memory');
cmp_ok($node->safe_psql('postgres', 'SELECT max(evictions) FROM spine_stat'), '>', 0, 'some were evicted');

# In this build, some are too large for it: they work, and are read from the table each time
$node->safe_psql('postgres', "CREATE TABLE large (); SELECT spine_register('large');
	SELECT spine_append('large', 1 << (20 - i)) FROM generate_series(0, 20) i");
$node->safe_psql('postgres', "SELECT spine_append('$_', 1); SELECT spine_append('$_', 1)") for 'large', 's1';
is($node->safe_psql('postgres', q{SELECT relation, image_bytes > 128, hits > 0, misses >= 3, upper, spine_validate(relation)
		FROM spine_stat JOIN spine_traces USING (relation) WHERE relation::text = 'large'}),
	'large|t|f|t|[23]|ok', 'a state that is too large for shared memory');
is($node->safe_psql('postgres', "SELECT image_bytes > 128, hits > 0 FROM spine_stat WHERE relation = 's1'::regclass"),
	'f|t', 'and one that is not');

# ----------------------------------------------------------------------
# The worker

for my $point ('result_traced', 'garbage_added', 'inputs_deleted', 'result_applied', 'result_recorded')
{
	$node->safe_psql('postgres', $small);
	$node->safe_psql('postgres', "SELECT spine_stop_at('$point')");
	$node->safe_psql('postgres', "SELECT spine_submit_merge('small', 0, 4, 0, 2, '{m}', inputs => '{p1,p2,p3,p4}')");
	$node->poll_query_until('postgres', 'SELECT spine_stopped() IS NOT NULL');
	is($node->safe_psql('postgres', 'SELECT backend_type FROM pg_stat_activity WHERE pid = spine_stopped()'),
		'spine worker', "the worker at $point");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(spine_stopped())');
	ok($node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)'),
		'cancelled, it tries again');
	is($node->safe_psql('postgres', "SELECT outcome, error FROM spine_merge_results ORDER BY id DESC LIMIT 1"),
		'applied_exact|', 'and succeeds');
}

# and at what comes of a refused one
$node->safe_psql('postgres', $small);
$node->safe_psql('postgres', "SELECT spine_stop_at('output_discarded')");
$node->safe_psql('postgres', "SELECT spine_submit_merge('small', 0, 4, 0, 2, '{refused}', inputs => '{x}')");
$node->poll_query_until('postgres', 'SELECT spine_stopped() IS NOT NULL');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(spine_stopped())');
ok($node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)'),
	'cancelled when it discards an output, the worker tries again');
is($node->safe_psql('postgres', "SELECT count(*) FROM spine_garbage_part WHERE part = 'refused'"), '1', 'which then is garbage once');
for my $point ('push_traced', 'batch_sequenced', 'batch_taken', 'batch_rejected', 'answer_written', 'trace_written', 'ready_to_commit')
{
	$node->safe_psql('postgres', $small);
	$node->safe_psql('postgres', "BEGIN; SELECT spine_append_batch('small', 1, '{late}'); TRUNCATE small;
		SELECT spine_append_batch('small', 1, ARRAY['x' || i]) FROM generate_series(1, 3) i;
		SELECT spine_stop_at('$point', " . ($point =~ /sequenced|taken/ ? 1 : 0) . "); COMMIT")
		if $point !~ /trace_written|ready|traced/;
	# These are passed by whoever commits, too
	$node->safe_psql('postgres', "BEGIN; SELECT spine_append_batch('small', 1, '{late}'); TRUNCATE small; COMMIT;
		SELECT spine_stop_at('$point');
		SELECT spine_append_batch('small', 1, ARRAY['x' || i]) FROM generate_series(1, 3) i")
		if $point =~ /trace_written|ready|traced/;
	$node->poll_query_until('postgres', 'SELECT spine_stopped() IS NOT NULL') or die "nobody comes to $point";
	is($node->safe_psql('postgres', 'SELECT backend_type FROM pg_stat_activity WHERE pid = spine_stopped()'),
		'spine worker', "the worker at $point");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(spine_stopped())');
	ok($node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL)'),
		'cancelled, it tries again');
	is($node->safe_psql('postgres', "SELECT i.lower, b.parts, i.error IS NULL FROM spine_inbox i LEFT JOIN spine_batches b USING (relation, lower) ORDER BY ticket"),
		"||f\n[0]|{x1}|t\n[1]|{x2}|t\n[2]|{x3}|t", 'and succeeds');
	is($node->safe_psql('postgres', "SELECT count(*) FROM spine_garbage WHERE part = 'late'"), '1', 'once');
}
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'nothing has crashed');

$node->stop;
done_testing();
