# What becomes of the runs of native tables: in dumps, in copies of a database, for
# logical decoding, after a crash, and where the library is not preloaded, which
# leaves something to be swept up.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
wal_level = logical
autovacuum = off
max_prepared_transactions = 5
spine.absorb_delay = -1
spine.naptime = '1h'
spine.worker_idle_timeout = '100ms'
END
$node->start;

# 1 to 100 in runs, 101 to 110 in the delta
my $fill = <<'END';
INSERT INTO NAME SELECT i, 'row ' || i FROM generate_series(1, 50) i; SELECT spine_absorb('NAME');
INSERT INTO NAME SELECT i, 'row ' || i FROM generate_series(51, 100) i; SELECT spine_absorb('NAME');
INSERT INTO NAME SELECT i, 'row ' || i FROM generate_series(101, 110) i;
END

sub make
{
	my ($name, $kind) = @_;

	$node->safe_psql('postgres', "CREATE $kind TABLE $name (a int, b text) USING spine; SELECT spine_set_retention('$name', '1 day');" . $fill =~ s/NAME/$name/gr);
	return;
}

sub rows
{
	my ($name, $database) = @_;

	return $node->safe_psql($database // 'postgres',
		"SELECT count(*), count(*) FILTER (WHERE t.ctid >= '(2147483648,0)'), sum(a), max(b) FROM $name t");
}

# How many rows each tick shows
sub past
{
	my ($database, $server) = @_;

	return ($server // $node)->safe_psql($database,
		q{SELECT string_agg(format('%s: %s', tick - first, (SELECT count(*) FROM spine_as_of(NULL::kept, tick))), ', ' ORDER BY tick)
		FROM (SELECT relation, tick, min(tick) OVER (PARTITION BY relation) AS first FROM spine_ticks) t WHERE relation = 'kept'::regclass});
}

my $all = '110|100|6105|row 99';
my $left = "SELECT (SELECT count(*) FROM spine_file), (SELECT count(*) FROM pg_class WHERE relname ~ '^spine_runs_' AND relkind = 'r'),
	(SELECT count(*) FROM spine_trace), (SELECT count(*) FROM spine_batch)";

$node->safe_psql('postgres', 'CREATE EXTENSION spine');
make($_, '') foreach qw(kept dropped other);
$node->safe_psql('postgres', 'CREATE MATERIALIZED VIEW viewed USING spine AS SELECT 1 AS a');
is(rows('kept'), $all, 'runs and delta together');
is(past('postgres'), '0: 50, 1: 100', 'and the past');

# ----------------------------------------------------------------------
# A dump has the rows, and nothing else of it

my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'postgres' ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-j', '2', '-d', 'restored', $dump ], 'pg_restore');
is(rows('kept', 'restored'), $all =~ s/\|100\|/|0|/r, 'all rows are restored, into the delta');
is($node->safe_psql('restored', $left), '0|0|0|0', 'and nothing of the runs');
is($node->safe_psql('restored', "SELECT spine_absorb('kept')"), '110', 'they are absorbed again');
is(rows('kept', 'restored'), $all =~ s/\|100\|/|110|/r, 'as rows of this database');
is(past('restored'), '0: 110', 'the past is another, but is kept as long');

# A copy file by file has the runs
$node->safe_psql('postgres', "ALTER SYSTEM SET spine.worker = off");
$node->reload;
ok($node->poll_query_until('template1', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'postgres')"), 'nobody is there');
$node->safe_psql('template1', 'CREATE DATABASE copied TEMPLATE postgres');
is(rows('kept', 'copied'), $all, 'a copied database has the runs');
is(past('copied'), '0: 50, 1: 100', 'and the past');
$node->safe_psql('copied', 'TRUNCATE dropped; DROP TABLE other');
is($node->safe_psql('copied', $left), '1|1|1|2', 'and they go with their tables');
is(rows('other'), $all, 'but only there');
is($node->safe_psql('copied', "SELECT spine_absorb('kept'), spine_validate('kept')"), '10|ok', 'it goes on');
is(rows('kept', 'copied'), $all =~ s/\|100\|/|110|/r, 'with what it has');
$node->safe_psql('postgres', 'DROP DATABASE copied');

# ----------------------------------------------------------------------
# Companions say nothing to subscribers

$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('slot', 'test_decoding')");
make('decoded', '');
my $changes = $node->safe_psql('postgres', "SELECT data FROM pg_logical_slot_get_changes('slot', NULL, NULL)");
like($changes, qr/table public.decoded: INSERT/, 'the table is decoded');
unlike($changes, qr/table public.spine_runs_/, 'its companion is not');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('slot'); DROP TABLE decoded");

# ----------------------------------------------------------------------
# A crash empties unlogged tables, runs and all

make('unlogged', 'UNLOGGED');
$node->stop('immediate');
$node->start;
is(rows('kept'), $all, 'a crash loses nothing of a logged table');
is(rows('unlogged'), '0|0||', 'and all of an unlogged one');
$node->safe_psql('postgres', $fill =~ s/NAME/unlogged/gr);
is(rows('unlogged'), $all, 'which can be filled again');
is($node->safe_psql('postgres', "SELECT updates, spine_validate(relation) FROM spine_traces WHERE relation = 'unlogged'::regclass"),
	'100|ok', 'with a spine that knows of that only');
$node->safe_psql('postgres', 'DROP TABLE unlogged');

# ----------------------------------------------------------------------
# Without the library nothing can be read or written, but dropped

my $before = $node->safe_psql('postgres', $left);
is($before, '3|3|3|6', 'three tables have runs');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
foreach my $command (
	'SELECT count(*) FROM kept', 'TABLE kept LIMIT 1', "SELECT * FROM kept WHERE ctid = '(0,1)'",
	"INSERT INTO kept VALUES (1, 'a')", "COPY kept (a) FROM PROGRAM 'echo 1'", 'UPDATE kept SET a = 1', 'DELETE FROM kept',
	'TRUNCATE kept', 'ANALYZE kept', 'VACUUM FULL kept', 'ALTER TABLE kept ALTER COLUMN a TYPE bigint',
	'ALTER TABLE kept SET ACCESS METHOD heap', 'CREATE TABLE new (a int) USING spine', 'CREATE TABLE new USING spine AS SELECT 1 AS a',
	'SELECT count(*) FROM kept TABLESAMPLE SYSTEM (100)', 'REFRESH MATERIALIZED VIEW viewed')
{
	my ($status, undef, $stderr) = $node->psql('postgres', $command);

	like($stderr, qr/library "spine" is not preloaded.*HINT:  Add spine to shared_preload_libraries/s, "refused without the library: $command");
}
$node->safe_psql('postgres', 'VACUUM kept');
$node->safe_psql('postgres', 'DROP TABLE dropped');
is($node->safe_psql('postgres', $left), $before, 'a dropped table leaves its runs behind');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'");
$node->restart;
is(rows('kept'), $all, 'what was not dropped is all there');

# Somebody has a file that nobody else sees, and takes another away
$node->safe_psql('postgres', <<'END');
CREATE TABLE prepared (a int) USING spine;
CREATE TABLE nudge (); SELECT spine_register('nudge');
BEGIN;
INSERT INTO prepared SELECT generate_series(1, 10);
SELECT spine_absorb('prepared');
TRUNCATE other;
PREPARE TRANSACTION 'files';
END

# The worker's, though it is not asked to absorb anything
sub visit
{
	my ($n) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM RESET spine.worker");
	$node->reload;
	$node->safe_psql('postgres', "SELECT spine_append_batch('nudge', 1)");
	ok($node->poll_query_until('postgres', "SELECT count(*) >= $n AND bool_and(sequenced_at IS NOT NULL) FROM spine_inbox"), "visit $n");
	ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')"), 'it has left');
	return;
}

my $stray = 'SELECT count(*) FROM spine_file WHERE relation NOT IN (SELECT oid FROM pg_class)';
is($node->safe_psql('postgres', $stray), '1', 'there is something to sweep');
visit(1);
is($node->safe_psql('postgres', $stray), '0', 'the worker has swept what a session without the library has left');
$node->safe_psql('postgres', "COMMIT PREPARED 'files'");
visit(2);
is(rows('kept'), $all, 'and nothing else');
is($node->safe_psql('postgres', "SELECT count(*), sum(a) FROM prepared"), '10|55', 'new files are as they were made');
is($node->safe_psql('postgres', "SELECT count(*) FROM other"), '0', 'and others gone');
is($node->safe_psql('postgres', $left), '2|2|3|5', 'nothing is left of the dropped table');
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'all are valid');

# ----------------------------------------------------------------------
# pg_upgrade brings the runs along

$node->safe_psql('postgres', "ALTER SYSTEM SET spine.worker = off; DROP DATABASE restored; VACUUM FULL kept");
$node->stop;
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'\nspine.worker = off\nmax_prepared_transactions = 5\n");
my $bindir = $node->config_data('--bindir');
chdir ${PostgreSQL::Test::Utils::tmp_check} or die;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
is($new->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE t.ctid >= '(2147483648,0)'), sum(a), max(b) FROM kept t"),
	$all, 'the rows come along');
is($new->safe_psql('postgres', "SELECT spine_absorb('kept'), spine_validate('kept')"), '10|ok', 'and it goes on');
is($new->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE t.ctid >= '(2147483648,0)'), sum(a), max(b) FROM kept t"),
	$all =~ s/\|100\|/|110|/r, 'with all of them');
is(past('postgres', $new), '0: 50, 1: 100, 2: 110', 'and with the past');
$new->safe_psql('postgres', 'DROP TABLE kept, prepared, other');
is($new->safe_psql('postgres', $left), '0|0|1|2', 'runs go with their tables');
$new->safe_psql('postgres', 'DROP EXTENSION spine CASCADE');
is($new->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname ~ 'spine'"), '0', 'nothing is left');

$new->stop;
done_testing();
