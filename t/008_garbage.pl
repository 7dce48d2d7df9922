# Garbage and the world outside: a standby that still reads, an asynchronous
# commit that a crash takes back, crashes of a sweeper, copies of a database, and
# very many parts.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('garbage');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
autovacuum = off
wal_receiver_status_interval = 1
END
$node->start;
$node->safe_psql('postgres', <<END);
CREATE EXTENSION spine;
CREATE TABLE t ();
SELECT spine_register('t');
SELECT spine_append('t', 10, ARRAY['k' || i]) FROM generate_series(0, 8) i;
END

my $collect = "SELECT string_agg(part, ' ' ORDER BY id) FROM spine_collect_garbage('t', '0 s', 100000)";

sub collected { return $node->safe_psql($_[0] || 'postgres', $collect); }

# Until exactly this is offered: a worker's or a standby's snapshot may be older
sub comes
{
	my ($expected, $what, $database) = @_;

	return ok($node->poll_query_until($database || 'postgres', $collect, $expected), $what);
}

# ----------------------------------------------------------------------
# A standby whose slot holds the horizon

$node->backup('copy');
$node->safe_psql('postgres', "SELECT pg_create_physical_replication_slot('standby')");
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', <<END);
primary_slot_name = 'standby'
hot_standby_feedback = on
wal_receiver_status_interval = 1
END
$standby->start;
$node->wait_for_catchup($standby);

my ($in, $out, $timer) = ('', '', IPC::Run::timer(180));
my $reader = IPC::Run::start(
	[ 'psql', '-XqAt', '-d', $standby->connstr('postgres'), '-f', '-' ], '<', \$in, '>', \$out, '2>&1', $timer);
$in .= "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT spine_describe('t');\n\\echo read\n";
$reader->pump until $out =~ /read/;
ok($node->poll_query_until('postgres', "SELECT xmin IS NOT NULL FROM pg_replication_slots WHERE slot_name = 'standby'"),
	'standby: its snapshot holds the slot');
$node->safe_psql('postgres', "SELECT spine_apply_merge('t', 0, 2, 0, 20, '{m}')");
is(collected(), '', 'standby: what it reads is not offered');

# Also when it has gone away and the slot alone remembers
$out = '';
$in .= "SELECT array_agg(p) FROM spine_batches, unnest(parts) p;\n\\echo again\n";
$reader->pump until $out =~ /again/;
like($out, qr/k0,k1/, 'standby: it still reads the old rows');
$standby->stop('immediate');
is(collected(), '', 'standby: nor when only its slot is left');
$standby->start;
$in .= "\\q\n";
$reader->finish;
comes('k0 k1', 'standby: offered when it reads no more');
$standby->stop;
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('standby')");

# ----------------------------------------------------------------------
# Crashes

# A sweeper that has deleted, and dies before it can say so
$node->stop('immediate');
$node->start;
comes('k0 k1', 'crash: offered again');
my $forget = "SELECT spine_forget_garbage(array_agg(id)) FROM spine_collect_garbage('t', '0 s')";
is($node->safe_psql('postgres', $forget), '2', 'crash: forgotten');
$node->stop('immediate');
$node->start;
is(collected(), '', 'crash: forgotten for good');

# A removal that is not on disk is not to be relied on
$node->append_conf('postgresql.conf', "synchronous_commit = off\nwal_writer_delay = 10s\nwal_writer_flush_after = 0");
$node->restart;
my $bad = '';
for my $i (1 .. 5)
{
	$node->safe_psql('postgres', "SELECT spine_append('t', 1, '{async$i}')");
	$node->safe_psql('postgres', "SELECT spine_apply_merge('t', u - 1, u, 0, 1, '{new$i}') FROM (SELECT spine_upper('t')::bigint AS u) x");
	$node->poll_query_until('postgres', $collect, "async$i") or die "async$i is not offered";
	$node->stop('immediate');
	$node->start;
	$bad .= "async$i is back; "
	  if $node->safe_psql('postgres', "SELECT count(*) FROM spine_batches WHERE parts = '{async$i}'") ne '0';
	$bad .= "async$i is lost; " if collected() ne "async$i";
	$node->safe_psql('postgres', "SET synchronous_commit = on; $forget");
}
is($bad, '', 'crash: what was offered stays out, though its removal was committed asynchronously');
$node->append_conf('postgresql.conf', "synchronous_commit = on");
$node->restart;

# ----------------------------------------------------------------------
# Copies

$node->safe_psql('postgres', "SELECT spine_apply_merge('t', 2, 4, 0, 20, '{n}')");
comes('k2 k3', 'copies: the original offers');

my $dump = "${PostgreSQL::Test::Utils::tmp_check}/garbage.dump";
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');
$node->safe_psql('template1', 'CREATE DATABASE template_copy TEMPLATE postgres');
$node->safe_psql('postgres', 'CREATE DATABASE dump_copy');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('dump_copy'), $dump ], 'restore');
# A copy of the copy, and one of an empty database that has only the extension
$node->safe_psql('postgres', 'CREATE DATABASE second_copy TEMPLATE template_copy');

sub refuses
{
	my ($server, $database) = @_;
	my ($status, $stdout, $stderr) = $server->psql($database, "\\set VERBOSITY verbose\n$collect");

	return like($stderr, qr/ERROR:  55000: cannot collect garbage in a copy of another database.*^HINT:  .*spine_adopt\(\)/ms,
		"$database: offers nothing");
}

for my $copy ('template_copy', 'dump_copy', 'second_copy')
{
	refuses($node, $copy);
	is($node->safe_psql($copy, 'SELECT part FROM spine_garbage ORDER BY part'), "k2\nk3", "$copy: but lists it");
	$node->safe_psql($copy, 'TRUNCATE t');
	isnt($node->safe_psql($copy, "SELECT spine_upper('t')"), '[0]', "$copy: TRUNCATE does not mean its spine");
	$node->safe_psql($copy, 'SELECT spine_adopt()');
	is($node->safe_psql($copy, "SELECT count(*), bool_and(datname = '$copy') FROM spine_home h JOIN pg_database d ON d.oid = h.database"),
		'1|t', "$copy: adopted");
	comes('k2 k3', "$copy: then it offers", $copy);
	is($node->safe_psql($copy, "TRUNCATE t; SELECT spine_upper('t'), spine_validate('t')"), '[0]|ok', "$copy: and TRUNCATE is followed");
	is($node->safe_psql($copy, "SELECT spine_append('t', 1, '{own}')"), '[0]', "$copy: it goes on");
}
is(collected(), 'k2 k3', 'copies: the original does as before');
is($node->safe_psql('postgres', "SELECT count(*) FROM spine_home"), '1', 'copies: and is nobody else');

# A server whose transactions have higher numbers
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'\nautovacuum = off");
command_ok([ 'pg_resetwal', '-e', '7', '-D', $node->data_dir ], 'later transaction ids')
  if $node->stop;
$node->start;
$node->safe_psql('postgres', "SELECT spine_apply_merge('t', 4, 6, 0, 20, '{o}')");
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump of these');
$other->start;
$other->command_ok([ 'pg_restore', '-e', '-d', $other->connstr('postgres'), $dump ], 'restore elsewhere');
refuses($other, 'postgres');
$other->safe_psql('postgres', 'SELECT spine_adopt()');
ok($other->poll_query_until('postgres', $collect, 'k2 k3 k4 k5'), 'elsewhere: offered, whatever transactions removed it');
is($other->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'elsewhere: valid');
$other->stop;

# ----------------------------------------------------------------------
# Very many

$node->safe_psql('postgres', <<'END');
CREATE TABLE many ();
SELECT spine_register('many');
SELECT count(spine_append('many', 1, ARRAY['many' || i, 'more' || i])) FROM generate_series(1, 50000) i;
SELECT spine_append('t', 1, '{last}');
TRUNCATE many;
SELECT count(spine_append('many', 1, ARRAY['many' || i])) FROM generate_series(1, 10) i;
END
my $count = "SELECT count(*), count(DISTINCT id), count(DISTINCT part) FROM spine_collect_garbage('many', '0 s', 100000)";
ok($node->poll_query_until('postgres', $count, '99990|99990|99990'), '100,000 parts at once, but for ten');
is($node->safe_psql('postgres', "SELECT count(*) FROM spine_garbage WHERE relation = 'many'::regclass"), '99990', 'and in the view');
$node->safe_psql('postgres', <<'END');
CREATE TABLE deleted (part text);
CREATE PROCEDURE sweep() LANGUAGE plpgsql AS $$
DECLARE
	these bigint[];
BEGIN
	LOOP
		WITH c AS MATERIALIZED (SELECT * FROM spine_collect_garbage('many', '0 s', 10000)),
			d AS (INSERT INTO deleted SELECT part FROM c)
		SELECT array_agg(id) INTO these FROM c;
		EXIT WHEN these IS NULL;
		COMMIT;
		PERFORM spine_forget_garbage(these);
		COMMIT;
	END LOOP;
END $$;
CALL sweep();
END
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT part) FROM deleted'), '99990|99990', 'each was handed out once');
is($node->safe_psql('postgres', "SELECT count(*) FROM spine_garbage_part WHERE relation = 'many'::regclass"), '0', 'and nothing is left');
is($node->safe_psql('postgres', "SELECT count(*) FROM deleted JOIN (SELECT unnest(parts) AS part FROM spine_batches WHERE relation = 'many'::regclass) b USING (part)"),
	'0', 'nor anything in use deleted');

$node->stop;
done_testing();
