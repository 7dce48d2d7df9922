# What doc/native.md prints can be run as printed, and gives what it says.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $text = slurp_file('doc/native.md');
my @blocks = $text =~ /^```sql\n(.*?)^```/msg;
my @statements = $text =~ /`(SELECT [^`]*\))`/g;
my ($plan) = $text =~ /^```\n( Custom Scan .*?)^```/ms;
is(@blocks, 4, 'there are blocks of SQL');
is(@statements, 2, 'there are statements in the text');
ok($plan, 'there is a plan');

my $node = PostgreSQL::Test::Cluster->new('native_doc');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'spine'
spine.absorb_delay = -1
spine.max_mergers = 0
END
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spine');

sub sql
{
	return $node->safe_psql('postgres', join "\n", @_);
}

sql($blocks[0]);
sql($blocks[1]);
is(sql('SELECT relation, order_columns FROM spine_settings'), 'log|{host,at}', 'the order is set');

# spine_absorb() says what it has moved, spine_compact() what there is
for my $i (0 .. $#statements)
{
	sql(q{INSERT INTO log (host, message) SELECT 'db' || i % 100, 'message ' || i FROM generate_series(1, 20000) i});
	is(sql($statements[$i]), 20000 * ($i + 1), "$statements[$i] as printed");
}
sql(q{INSERT INTO log (host, message) VALUES ('db7', 'in the delta')});

# The plan has the lines that are printed, with whatever numbers
sub shape
{
	my ($shape) = @_;

	$shape =~ s/\d+/N/g;
	return $shape;
}
my $query = q{EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM log WHERE host = 'db7'};
my $found = sql($query);
is(shape("$found\n"), shape($plan =~ s/^ //mgr), 'the plan as printed');
my ($skipped) = $found =~ /Row Groups Skipped: (\d+)/;
cmp_ok($skipped, '>', 0, 'row groups are passed over');
is(sql(q{SELECT count(*) FROM log WHERE host = 'db7'}), 401, 'and its rows are found');

# Sums: the last statement of the block gives one row
is(sql($blocks[2], q{SELECT spine_absorb('hits');}, q{INSERT INTO hits VALUES ('/', 41);}, 'SELECT * FROM hits'),
	"\n/|1\n1\n/|42", 'sums as printed');

sql(q{ALTER TABLE log SET ACCESS METHOD heap});
is(sql(q{SELECT count(*) FROM log}), 40001, 'a heap is made of it');

# The past: the statements after the settings, with twenty ticks, some of which are old
my @past = split /(?<=;)[^\n]*\n+/, $blocks[3];
is(@past, 7, 'there are statements about the past');
sql(@past[0 .. 2]);
sql("INSERT INTO stock VALUES ('nail', 1);", "SELECT spine_absorb('stock');") for 0 .. 19;
my $first = sql("SELECT min(tick) FROM spine_ticks WHERE relation = 'stock'::regclass");
sql("UPDATE spine_tick SET at = at - interval '2 days' WHERE tick < $first + 10");
is(join("\n", sort split /\n/, sql($past[3])), join("\n", map { my $at = sql("SELECT at FROM spine_ticks WHERE relation = 'stock'::regclass AND tick = $_"); "stock|$_|$at|0" } $first .. $first + 19), 'ticks');
is(sql($past[4]), 'nail|10', 'as of a day ago');
my $tick = $first + 17;
s/\b\d{12}\b/$tick/ or fail('a tick is printed') for @past[ 5, 6 ];
is(sql($past[5]), 'nail|18', 'as of the tick');
is(sql($past[6]), join("\n", map { '(nail,1)|' . ($tick + $_) . '|1' } 1, 2), 'changes since');

done_testing();
