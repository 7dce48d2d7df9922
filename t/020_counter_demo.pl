# The second half of make demo, shortened: its own proof is the test, and has to fail
# where a count is wrong.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('counter_demo');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'");
$node->start;
@ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');

my $pairs = 0;
my ($out, $err) = run_command([ 'bash', 'examples/counter/demo.sh', 2 ]);
is($err, '', 'the demo has no errors');
while ($out =~ /^  (\w+: .*?)  +(\d+) +(\d+)$/mg)
{
	is($2, $3, $1);
	$pairs++;
}
is($pairs, 4, 'all counts are compared');

my %counts = (heap => $node->safe_psql('postgres', 'SELECT n FROM visits_heap'),
	spine => $node->safe_psql('postgres', 'SELECT n FROM visits'));
sub proof
{
	my %given = (%counts, before => $counts{spine}, stored => 1, @_);
	my @variables = map { ('-v', "$_=$given{$_}") } sort keys %given;

	my ($stdout, $stderr) = run_command([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @variables,
		'-f', 'examples/counter/proof.sql' ]);
	return "$stdout\n$stderr";
}
unlike(proof(), qr/DIFFERS|ERROR/, 'the proof holds');
like(proof($_ => 5), qr/DIFFERS(?s:.*)ERROR:  the proof fails/, "the proof fails for $_")
	for qw(heap spine before stored);

done_testing();
