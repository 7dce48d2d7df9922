# The compactor in doc/compactors.md does what it should: several of them, one killed,
# a part that cannot be read, and a server that is away for a while.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($program) = slurp_file('doc/compactors.md') =~ /^```bash\n(.*?)^```/ms;
ok($program, 'there is a program');
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/compactor", $program);
my $parts = "$folder/parts";
mkdir $parts or die $!;

my $node = PostgreSQL::Test::Cluster->new('compactor');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
spine.retry_delay = '100ms'
spine.max_attempts = 0
END
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION spine; CREATE TABLE t (); SELECT spine_register('t')});
@ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');

# A batch of three lines; what is left of each key in the end
my ($pushed, %sums) = (0);

sub push_batch
{
	my ($file) = @_;
	my @lines = map { [ int(rand 10), int(rand 5) - 2 ] } 1 .. 3;

	$sums{"k$_->[0]"} += $_->[1] for @lines;
	append_to_file($parts . '/' . ($file || "p$pushed"), join '', map { "$pushed k$_->[0] $_->[1]\n" } @lines);
	$node->safe_psql('postgres', "SELECT spine_push_batch('t', $pushed, $pushed + 1, 3, '{p$pushed}')");
	$pushed++;
	return;
}

sub compactor
{
	return start([ 'bash', "$folder/compactor", $parts, 't' ], '>', "$folder/out", '2>', "$folder/errors");
}

sub all_merged
{
	my ($name) = @_;

	ok($node->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM spine_merge_requests)'), "$name: all is merged");
	my (%is, $before);
	for my $part (split /\n/, $node->safe_psql('postgres', q{SELECT unnest(parts) FROM spine_batches}))
	{
		for (split /\n/, slurp_file("$parts/$part"))
		{
			my ($time, $key, $diff) = split / /;

			$is{$key} += $diff;
		}
	}
	is_deeply([ map { $is{$_} || 0 } sort keys %sums ], [ map { $sums{$_} } sort keys %sums ], "$name: the sums are right");
	is($node->safe_psql('postgres', "SELECT spine_validate('t')"), 'ok', "$name: the spine is valid");
	return;
}

srand 3;
my @compactors = (compactor(), compactor());
push_batch() for 1 .. 40;
all_merged('two compactors');

# What is before since need not be told apart: one line a key is enough
$node->safe_psql('postgres', "SELECT spine_downgrade_since('t', $pushed)");
push_batch() for 1 .. 20;
$node->safe_psql('postgres', "SELECT spine_force_compaction('t')");
all_merged('since has moved');
cmp_ok($node->safe_psql('postgres', 'SELECT updates FROM spine_traces'), '<=', 10 * 21, 'sums are added up');

# A part that is not there for a while
my $late = $pushed;
push_batch('late');
push_batch() for 1 .. 3;
ok($node->poll_query_until('postgres', q{SELECT bool_or(attempts > 0 AND last_error ~ 'cannot open' AND last_error_at <= now()) FROM spine_merge_requests}),
	'a merge that fails is given back, with the error');
rename "$parts/late", "$parts/p$late" or die $!;
all_merged('the part is back');

# A server that is away, and a compactor that is killed
$node->stop('immediate');
$node->start;
push_batch() for 1 .. 10;
all_merged('the server was away');
$compactors[0]->signal('KILL');
push_batch() for 1 .. 10;
all_merged('one was killed');

$_->kill_kill for @compactors;
$node->stop;
done_testing();
