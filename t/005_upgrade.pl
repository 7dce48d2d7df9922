# pg_upgrade to a new cluster of the same version: spines, their garbage and what
# is queued come along, and everything goes on.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub new_node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
spine.worker = off
END
	return $node;
}

my $old = new_node('old');
$old->start;
$old->safe_psql('postgres', <<'END');
CREATE EXTENSION spine;
CREATE TABLE t (x int); CREATE TABLE closed (); CREATE TABLE parted (a int) PARTITION BY RANGE (a);
INSERT INTO t VALUES (1);
SELECT spine_register('t'), spine_register('closed'), spine_register('parted', effort => 3);
SELECT spine_append('t', i % 7, ARRAY['p' || i, 'q' || i], '{1}') FROM generate_series(1, 1000) i;
SELECT spine_append('parted', 1, ARRAY[repeat('long', 1000) || i]) FROM generate_series(1, 10) i;
SELECT spine_apply_merge(relation, lower, upper, since, len, ARRAY['m' || id_lo], inputs => parts)
	FROM spine_merge_requests WHERE relation = 't'::regclass LIMIT 2;
SELECT spine_push_batch('closed', 0, '[]', 0);
SELECT spine_downgrade_since('t', 5);
TRUNCATE closed;
SELECT spine_append('t', 1, ARRAY['last' || i]) FROM generate_series(1, 3) i;
SELECT spine_submit_merge(relation, lower, upper, since, len, ARRAY['s' || id_lo], inputs => parts)
	FROM spine_merge_requests WHERE relation = 't'::regclass;
CREATE TABLE inbox (); SELECT spine_register('inbox'), spine_append('inbox', 1, '{before}');
SELECT spine_append_batch('inbox', 1, ARRAY['left' || i]) FROM generate_series(1, 3) i;
END

# Everything that a spine is
my $picture = join ';', (
	'SELECT * FROM spine_traces ORDER BY relation::text',
	'SELECT * FROM spine_batches ORDER BY relation::text, id_lo',
	'SELECT * FROM spine_levels ORDER BY relation::text, level',
	'SELECT * FROM spine_merge_requests ORDER BY relation::text, id_lo',
	'SELECT * FROM spine_merge_results ORDER BY id',
	'SELECT * FROM spine_inbox ORDER BY ticket',
	'SELECT relation, generation, part FROM spine_garbage ORDER BY id',
	'SELECT relation, spine_validate(relation), spine_describe(relation) FROM spine_traces ORDER BY relation::text');
my $before = $old->safe_psql('postgres', $picture);
$old->stop;

my $new = new_node('new');
my $bindir = $old->config_data('--bindir');
chdir ${PostgreSQL::Test::Utils::tmp_check} or die;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
is($new->safe_psql('postgres', $picture), $before, 'all spines are what they were');

$new->append_conf('postgresql.conf', 'spine.worker = on');
$new->reload;
ok($new->poll_query_until('postgres', 'SELECT bool_and(applied_at IS NOT NULL) FROM spine_merge_results'),
	'what was queued is applied');
is($new->safe_psql('postgres', 'SELECT DISTINCT outcome, error FROM spine_merge_results'), 'applied_exact|', 'as it should be');
ok($new->poll_query_until('postgres', 'SELECT bool_and(sequenced_at IS NOT NULL) FROM spine_inbox'), 'what was left in the inbox gets a time');
is($new->safe_psql('postgres', "SELECT lower, parts FROM spine_batches WHERE relation = 'inbox'::regclass ORDER BY lower"),
	"[0]|{before}\n[1]|{left1}\n[2]|{left2}\n[3]|{left3}", 'in its order');
is($new->safe_psql('postgres', "SELECT spine_append('t', 1), spine_append('closed', 1), spine_append('parted', 1)"),
	'[1003]|[0]|[10]', 'pushes go on');
is($new->safe_psql('postgres', "TRUNCATE t; SELECT spine_upper('t')"), '[0]', 'TRUNCATE is followed');
$new->safe_psql('postgres', "SELECT spine_append('t', 1, ARRAY['n' || i]) FROM generate_series(1, 9) i;
	SELECT spine_submit_merge(relation, lower, upper, since, len, '{o}', inputs => parts)
		FROM spine_merge_requests WHERE relation = 't'::regclass AND id_lo = 0");
ok($new->poll_query_until('postgres', 'SELECT bool_and(applied_at IS NOT NULL) FROM spine_merge_results'), 'merges go on');
is($new->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');

# A new system identifier: what it deletes is not its own until somebody says so
my $collect = "SELECT count(*) > 0 FROM spine_collect_garbage('t', '0 s')";
my ($status, undef, $stderr) = $new->psql('postgres', $collect);
like($stderr, qr/cannot collect garbage in a copy of another database/, 'garbage is not offered at once');
$new->safe_psql('postgres', 'SELECT spine_adopt()');
ok($new->poll_query_until('postgres', $collect), 'but when the files are adopted');

$new->stop;
done_testing();
