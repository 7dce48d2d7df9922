# What spine_flatten() has returned, damaged at random, is refused with an ordinary
# error or makes a valid spine.  A few rounds of scripts/fuzz-flat, always the same.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('flat_fuzz');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'");
$node->start;

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my ($out, $err) = run_command([ 'scripts/fuzz-flat', '-s', '7', '-r', '6' ]);
like($out, qr/^1200 inputs in 6 rounds, all answered$/m, 'each input is answered');
is($err, '', 'without a complaint');
my %answers = reverse $out =~ /^(\d+)\|(\w+)$/mg;
cmp_ok($answers{accepted}, '>', 100, 'some are accepted');
cmp_ok($answers{22023}, '>', 100, 'some are refused');

# It notices what is wrong, and says how to see it again
$node->safe_psql('postgres', q{ALTER FUNCTION spine_validate(regclass) RENAME TO validate;
	CREATE FUNCTION spine_validate(regclass) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN RAISE 'wrong' USING ERRCODE = 'data_corrupted'; END $$});
($out, $err) = run_command([ 'scripts/fuzz-flat', '-s', '7', '-r', '6' ]);
like($out, qr/XX001: wrong.*^the line: CALL try\(.*^again: scripts\/fuzz-flat -s 7 -r 1$/ms, 'what is wrong is told');
unlike($out, qr/all answered/, 'and ends it');

$node->stop;
done_testing();
