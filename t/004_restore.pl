# A dump restored with several jobs: pg_restore truncates each table before it
# fills it, perhaps after the spines have been restored.  Spines of temporary
# tables are not dumped, since nothing of them could be restored.  And a dump
# restored where there are spines already, and one over the very same spines.

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
		150, 'and no others');
	is($node->safe_psql($name, 'SELECT count(*) FROM spine_merge_results'),
		0, 'results stay where they were submitted');
	is( $node->safe_psql($name, "SELECT spine_append('t1', 1), spine_validate('t1')"),
		'[1]|ok', 'which go on');
	$node->safe_psql($name, 'TRUNCATE t1');
	is($node->safe_psql($name, "SELECT spine_upper('t1')"), '[0]', 'and follow TRUNCATE');
}

# ----------------------------------------------------------------------
# Into a database that has spines of its own, further on than those of the dump

$node->append_conf('postgresql.conf', 'spine.worker = on');
$node->reload;
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
