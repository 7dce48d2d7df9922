# A log of changes as a summing table that keeps its past: paths are the key, the
# change of their number of lines is what adds up.  In the end there is a row a file
# with the lines it has, and each tick shows the files as they were.
#
# The log is that of a real source tree where it can be had, else one like it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $log = '../shared/data/history-a.csv.gz';
my @commits;    # each a list of [path, lines]

sub read_log
{
	open my $csv, '-|', 'gzip', '-dc', $log or die "gzip: $!";
	<$csv>;
	while (<$csv>)
	{
		my ($number, $rest) = /^(\d+),[^,]*,(.*)$/ or die "line $. is not of the log";
		my ($path, $lines) = $rest =~ /^(.*),(-?\d+)$/ or die "line $. is not of the log";

		$path =~ s/^"(.*)"$/$1/s && $path =~ s/""/"/g;
		push @commits, [] if !@commits || $commits[-1][0] != $number;
		push @{ $commits[-1] }, $number if !@{ $commits[-1] };
		push @{ $commits[-1] }, [ $path, $lines ];
	}
	close $csv or die "gzip: $!";
	shift @$_ for @commits;
	return;
}

# Files come, grow, shrink and go
sub make_log
{
	my %lines;

	srand(1);
	for my $commit (1 .. 2000)
	{
		my %changes;

		for (0 .. rand 8)
		{
			my $path = 'src/' . int(rand 20) . '/' . int(rand 40) . '.c';
			my $lines = $lines{$path} // 0;

			$changes{$path} //= rand() < 0.2 ? -$lines : $lines == 0 ? 1 + int rand 300 : int(rand 30) - int(rand($lines < 20 ? $lines : 20));
		}
		delete @changes{ grep { $changes{$_} == 0 } keys %changes };
		next if !%changes;
		$lines{$_} += $changes{$_} for keys %changes;
		push @commits, [ map { [ $_, $changes{$_} ] } sort keys %changes ];
	}
	return;
}

-e $log ? read_log() : make_log();
note scalar(@commits), ' commits', -e $log ? ' of a real log' : '';

my $node = PostgreSQL::Test::Cluster->new('history');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'spine'
spine.absorb_delay = -1
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE TABLE tree (path text, lines int) USING spine;
SELECT spine_set_diff('tree', '{lines}'), spine_set_retention('tree', '1 day');
CREATE TABLE committed (commit int, tick bigint);
END

# One transaction a commit; now and then it is absorbed, and twenty times it is
# written down which commits that was
my $every = int(@commits / 20);
my $script = '';

for my $i (0 .. $#commits)
{
	my $rows = join ', ', map { my ($path, $lines) = @$_; (my $quoted = $path) =~ s/'/''/g; "('$quoted', $lines)" } @{ $commits[$i] };

	$script .= "INSERT INTO tree VALUES $rows;\n";
	$script .= "SELECT spine_absorb('tree');\n" if $i % 37 == 0;
	$script .= "SELECT spine_absorb('tree');\nINSERT INTO committed SELECT $i, max(tick) FROM spine_ticks;\n" if $i % $every == $every - 1;
}
$node->safe_psql('postgres', $script);
$node->safe_psql('postgres', "SELECT spine_absorb('tree')");

# The tree after each commit that was written down
sub tree_of
{
	my ($last) = @_;
	my %lines;

	for my $commit (@commits[ 0 .. $last ])
	{
		$lines{ $_->[0] } += $_->[1] for @$commit;
	}
	delete @lines{ grep { $lines{$_} == 0 } keys %lines };
	return join "\n", map { "$_|$lines{$_}" } sort keys %lines;
}

my $all = tree_of($#commits);
my $order = 'ORDER BY path COLLATE "C"';
is($node->safe_psql('postgres', "SELECT * FROM tree $order"), $all, 'a row a file, with its lines');
is(scalar(split /\n/, $all), 2103, 'of which there are as many as there should be') if -e $log;

sub check_past
{
	my ($when) = @_;

	for (split /\n/, $node->safe_psql('postgres', 'SELECT commit, tick FROM committed ORDER BY commit'))
	{
		my ($commit, $tick) = split /\|/;
		my $is = $node->safe_psql('postgres', "SELECT * FROM spine_as_of(NULL::tree, $tick) $order");

		ok($is eq tree_of($commit), "$when: tick $tick shows the tree of commit $commit");
	}
	is($node->safe_psql('postgres', "SELECT (data).path, sum((data).lines * diff) AS lines FROM spine_changes(NULL::tree, NULL::bigint, NULL)
			GROUP BY (data).path HAVING sum((data).lines * diff) <> 0 ORDER BY (data).path COLLATE \"C\""), $all, "$when: the changes add up to the tree");
	is($node->safe_psql('postgres', <<'END'), '', "$when: from each tick to the next as well");
SELECT a.tick FROM (SELECT tick, lead(tick) OVER (ORDER BY tick) AS next FROM committed) a
WHERE next IS NOT NULL AND EXISTS (
	SELECT FROM (SELECT path, lines FROM spine_as_of(NULL::tree, a.tick)
		UNION ALL SELECT (data).path, (data).lines * diff FROM spine_changes(NULL::tree, a.tick, a.next)
		UNION ALL SELECT path, -lines FROM spine_as_of(NULL::tree, a.next)) x
	GROUP BY path HAVING sum(lines) <> 0);
END
	return;
}

check_past('in many runs');
is($node->safe_psql('postgres', 'SELECT count(*) FROM committed'), 20, 'twenty times');
$node->safe_psql('postgres', "SELECT spine_compact('tree')");
check_past('in one run');
is($node->safe_psql('postgres', "SELECT * FROM tree $order"), $all, 'and the tree is what it was');

# Without a past there is a row a file, and nothing else
$node->safe_psql('postgres', "SELECT spine_set_retention('tree', NULL)");
is($node->safe_psql('postgres', "SELECT spine_compact('tree')"), scalar(split /\n/, $all), 'nothing of the past is left');
is($node->safe_psql('postgres', "SELECT * FROM tree $order"), $all, 'which changes nothing');

$node->stop;
done_testing();
