# A dump restored with several jobs: pg_restore truncates each table before it
# fills it, perhaps after the spines have been restored.  Spines of temporary
# tables are not dumped, since nothing of them could be restored.

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
SELECT relation, part FROM spine_garbage ORDER BY relation::text, part;
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

$node->stop;
done_testing();
