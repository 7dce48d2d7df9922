# A dump restored with several jobs: pg_restore truncates each table before it
# fills it, perhaps after the spines have been restored.  Spines of temporary
# tables are not dumped, since nothing of them could be restored.  And a dump
# restored where there are spines already, and one over the very same spines.
# What waits in an inbox is dumped, and gets its time in the copy, but not before
# its spine is there, and whole.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 5
END
$node->start;

$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
DO $$
BEGIN
	FOR i IN 1..150 LOOP
		EXECUTE format('CREATE TABLE t%s AS SELECT generate_series(1, 300) x', i);
		PERFORM spine_register(('t' || i)::regclass);
		PERFORM spine_append(('t' || i)::regclass, 1, ARRAY['k' || n]) FROM generate_series(1, i % 7) n;
		PERFORM spine_apply_merge(relation, lower, upper, since, len, ARRAY['m' || i])
			FROM spine_merge_requests WHERE relation = ('t' || i)::regclass;
	END LOOP;
END $$;
END

$node->append_conf('postgresql.conf', 'spine.worker = off');
$node->reload;
$node->safe_psql('postgres', "SELECT spine_submit_merge('t6', 0, 2, 0, 1, '{queued}')");

# Its batches wait for the worker
my $inbox = <<'END';
CREATE TABLE inbox (); SELECT spine_register('inbox');
SELECT spine_append('inbox', 1, ARRAY['before' || i]) FROM generate_series(1, 9) i;
SELECT spine_append_batch('inbox', 1, ARRAY['waits' || i]) FROM generate_series(1, 20) i;
END
$node->safe_psql('postgres', $inbox);
my $waiting = 'SELECT ticket, relation, generation, len, parts, sequenced_at, lower, error FROM spine_inbox ORDER BY ticket';
my $inbox_before = $node->safe_psql('postgres', $waiting);
my $sequenced = <<'END';
SELECT i.lower, b.parts, i.error FROM spine_inbox i JOIN spine_batches b USING (relation, lower) WHERE relation = 'inbox'::regclass ORDER BY ticket;
SELECT lower, parts FROM spine_batches WHERE relation = 'inbox'::regclass ORDER BY lower;
SELECT spine_validate('inbox');
END
my $sequenced_expected = join "\n", (map { "[" . ($_ + 8) . "]|{waits$_}|" } 1 .. 20),
	(map { "[" . ($_ - 1) . "]|{before$_}" } 1 .. 9), (map { "[" . ($_ + 8) . "]|{waits$_}" } 1 .. 20), 'ok';
my $emptied = "SELECT count(*) > 0 AND bool_and(sequenced_at IS NOT NULL) FROM spine_inbox";

my $summary = <<END;
SELECT relation, spine_upper(relation), spine_validate(relation),
	   array_agg(d ORDER BY d) FROM spine_traces LEFT JOIN LATERAL spine_describe(relation) d ON true
WHERE relation::text LIKE 't%' GROUP BY relation ORDER BY relation::text;
SELECT relation, part FROM spine_garbage WHERE relation::text LIKE 't%' ORDER BY relation::text, part;
END
my $before = $node->safe_psql('postgres', $summary);

# A session with a spine on a temporary table, while the dump is made
my ($in, $out, $timer) = ('', '', IPC::Run::timer(60));
my $handle = IPC::Run::start(
	[ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-f', '-' ],
	'<', \$in, '>', \$out, '2>&1', $timer);
$in .= "CREATE TEMP TABLE temporary (); SELECT spine_register('temporary');\n";
$in .= "SELECT spine_append('temporary', 1, '{q}');\n\\echo ready\n";
$handle->pump until $out =~ /ready/;

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');

# PREPARE must refuse a transaction that has written to such a spine
$in .= "BEGIN; SELECT spine_append('temporary', 1); PREPARE TRANSACTION 'p';\n\\echo prepared\n";
$handle->pump until $out =~ /prepared\n/;
like($out, qr/cannot PREPARE a transaction that has operated on temporary objects/,
	'PREPARE refuses the spine of a temporary table');
my ($status, undef, $stderr) = $node->psql('postgres',
	"\\set VERBOSITY verbose\nSELECT spine_append(oid, 1) FROM pg_class WHERE relname = 'temporary'");
like($stderr, qr/ERROR:  0A000: .*temporary table of another session.*^DETAIL:  .*^HINT:  /ms,
	'nobody else can write to it');
$in .= "\\q\n";
$handle->finish;

foreach my $jobs (1, 2, 4)
{
	my $name = "restored_$jobs";

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->command_ok(
		[ 'pg_restore', '-j', $jobs, '-d', $node->connstr($name), $dump ],
		"restore with $jobs jobs");
	is($node->safe_psql($name, $summary), $before, "all spines are there, $jobs jobs");
	is($node->safe_psql($name, 'SELECT count(*) FROM spine_traces'),
		151, 'and no others');
	is($node->safe_psql($name, $waiting), $inbox_before, 'what waits in the inbox, too');
	is($node->safe_psql($name, 'SELECT count(*) FROM spine_merge_results'),
		0, 'results stay where they were submitted');
	is( $node->safe_psql($name, "SELECT spine_push_batch('t1', 0, 1, 1, '{k1}', retry => true); SELECT spine_append('t1', 1), spine_validate('t1')"),
		'[1]|ok', 'which go on, and know what was pushed before');
	$node->safe_psql($name, 'TRUNCATE t1');
	is($node->safe_psql($name, "SELECT spine_upper('t1')"), '[0]', 'and follow TRUNCATE');
}

# ----------------------------------------------------------------------
# Into a database that has spines of its own, further on than those of the dump

my $small_dump = PostgreSQL::Test::Utils::tempdir() . '/small';
$node->safe_psql('postgres', 'CREATE DATABASE small');
$node->safe_psql('small', "CREATE EXTENSION spine; $inbox");
$node->command_ok([ 'pg_dump', '-Fc', '-f', $small_dump, $node->connstr('small') ], 'dump of a small one');

$node->append_conf('postgresql.conf', 'spine.worker = on');
$node->reload;
for my $name ('postgres', 'small', 'restored_1', 'restored_2', 'restored_4')
{
	ok($node->poll_query_until($name, $emptied), "$name: the worker empties the inbox");
	is($node->safe_psql($name, $sequenced), $sequenced_expected, 'in order, and once each');
}

# A restore that comes to the inbox first, while the worker is about
$node->safe_psql('postgres', 'CREATE DATABASE halfway');
$node->safe_psql('halfway', "CREATE EXTENSION spine; CREATE TABLE inbox (); CREATE TABLE other (); SELECT spine_register('other')");
my $other = 0;
for my $table ('spine_inbox_batch', 'spine_trace', 'spine_batch')
{
	is($node->safe_psql('halfway', 'SELECT count(*) FROM spine_inbox WHERE sequenced_at IS NOT NULL OR error IS NOT NULL'),
		$other, "before $table is restored, nothing has got a time or an error");
	$node->command_ok([ 'pg_restore', '-a', '-t', $table, '-d', $node->connstr('halfway'), $small_dump ], "restore of $table");
	last if $table eq 'spine_batch';

	# When the worker has done this, it has seen that
	my $ticket = $node->safe_psql('halfway', "SELECT spine_append_batch('other', 1)");
	is($node->safe_psql('halfway', "SELECT spine_wait_append($ticket)"), '[' . $other++ . ']', 'the worker is about');
}
ok($node->poll_query_until('halfway', $emptied), 'then it empties the inbox');
is($node->safe_psql('halfway', $sequenced), $sequenced_expected, 'in order, and once each');
is($node->safe_psql('halfway', 'SELECT count(*) FROM spine_garbage'), '0', 'nothing has become garbage');

# The restore is not over yet: TRUNCATE may be its own, until somebody writes
$node->safe_psql('halfway', 'TRUNCATE inbox');
is($node->safe_psql('halfway', $sequenced), $sequenced_expected, 'TRUNCATE leaves it alone still');
my $ticket = $node->safe_psql('halfway', "SELECT spine_append_batch('inbox', 1)");
is($node->safe_psql('halfway', "SELECT spine_wait_append($ticket)"), '[29]', 'then it is appended to');
$node->safe_psql('halfway', 'TRUNCATE inbox');
is($node->safe_psql('halfway', "SELECT spine_upper('inbox')"), '[0]', 'and follows TRUNCATE');

# Old tickets in a queue of which the worker has seen that nothing is there any more
for my $time (0 .. 4)
{
	$ticket = $node->safe_psql('halfway', "SELECT spine_append_batch('inbox', 1)");
	is($node->safe_psql('halfway', "SELECT spine_wait_append($ticket)"), "[$time]", 'it is appended to');
}
$node->command_ok([ 'pg_restore', '-a', '-t', 'spine_inbox_batch', '-d', $node->connstr('halfway'), $small_dump ],
	'what waited is restored once more');
ok($node->poll_query_until('halfway', $emptied), 'and found');
is($node->safe_psql('halfway', "SELECT count(*) FROM spine_inbox WHERE error ~ 'the batch is for generation'"), '20',
	'it is for what the spine was before');

$node->safe_psql('postgres', 'CREATE DATABASE mixed');
$node->safe_psql('mixed', <<'END');
CREATE EXTENSION spine;
CREATE TABLE own AS SELECT 1 AS x;
SELECT spine_register('own');
DO $$ BEGIN FOR i IN 1..500 LOOP TRUNCATE own; END LOOP; END $$;
SELECT spine_append('own', 10, ARRAY['o' || i, 'p' || i]) FROM generate_series(1, 2000) i;
SELECT spine_submit_merge(relation, lower, upper, since, len, '{merged}') FROM spine_merge_requests;
END
$node->poll_query_until('mixed', 'SELECT bool_and(applied_at IS NOT NULL) FROM spine_merge_results');
my $own = <<END;
SELECT * FROM spine_traces WHERE relation = 'own'::regclass;
SELECT * FROM spine_batches WHERE relation = 'own'::regclass ORDER BY id_lo;
SELECT * FROM spine_garbage WHERE relation = 'own'::regclass ORDER BY part;
SELECT * FROM spine_merge_results ORDER BY id;
END
my $own_before = $node->safe_psql('mixed', $own);
$node->command_ok([ 'pg_restore', '-e', '-j', 2, '-d', $node->connstr('mixed'), $dump ],
	'restore beside other spines');
is($node->safe_psql('mixed', $summary), $before, 'those of the dump are there');
is($node->safe_psql('mixed', $own), $own_before, 'the others are what they were');
ok($node->poll_query_until('mixed', $emptied), 'the worker empties the inbox');
is($node->safe_psql('mixed', $sequenced), $sequenced_expected, 'in order, and once each');
is($node->safe_psql('mixed', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');

# An answer for what own was before must not hit what it is after
my $own_generation = "SELECT generation FROM spine_traces WHERE relation = 'own'::regclass";
my $generation = $node->safe_psql('mixed', $own_generation);
$node->safe_psql('mixed', "TRUNCATE own; SELECT spine_append('own', 10, ARRAY['q' || i]) FROM generate_series(1, 9) i");
cmp_ok($node->safe_psql('mixed', $own_generation), '>', $generation, 'generations go on');
my $results = $node->safe_psql('mixed', 'SELECT count(*) FROM spine_merge_results');
$node->safe_psql('mixed', 'SELECT spine_submit_merge(relation, lower, upper, since, len, ARRAY[relation || id_lo::text], inputs => parts) FROM spine_merge_requests');
$node->poll_query_until('mixed', 'SELECT bool_and(applied_at IS NOT NULL) FROM spine_merge_results');
is($node->safe_psql('mixed', "SELECT DISTINCT outcome, error FROM spine_merge_results WHERE id > $results"),
	'applied_exact|', 'merges go on, in all of them');
is($node->safe_psql('mixed', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'and leave them valid');

# ----------------------------------------------------------------------
# Over the very same spines

$node->command_ok([ 'pg_restore', '--clean', '--if-exists', '-d', $node->connstr('restored_1'), $dump ],
	'restore over the same spines, cleaned before');
is($node->safe_psql('restored_1', $summary), $before, 'they are there again');

$node->command_fails([ 'pg_restore', '-d', $node->connstr('restored_2'), $dump ],
	'restore over the same spines, not cleaned');
($status, undef, $stderr) = $node->psql('restored_2', "\\set VERBOSITY verbose\nSELECT spine_append('t2', 1)");
like($stderr, qr/ERROR:  XX001: relation "t2" has more than one trace.*^HINT:  Was a dump restored over a spine/ms,
	'is noticed');

$node->stop;
done_testing();
