# What a database goes through: a hot standby and its promotion, dump and
# restore, a server without the library, a database without the extension, and
# library and extension of different versions.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

# What a reader may call, on any server, about relation t
my @reads = (
	(map { "SELECT * FROM $_" } qw(spine_traces spine_batches spine_levels spine_merge_requests
		spine_merge_results spine_inbox spine_garbage spine_stat)),
	"SELECT spine_upper('t'), spine_since('t')",
	"SELECT spine_describe('t')",
	"SELECT spine_request_inputs(relation, id_lo, id_hi) FROM spine_batches",
	"SELECT spine_validate('t')");

my @writes = (
	"SELECT spine_register('plain')",
	"SELECT spine_unregister('t')",
	"SELECT * FROM spine_push_batch('t', 0, 1, 1)",
	"SELECT spine_append('t', 1)",
	"SELECT spine_append_batch('t', 1)",
	"SELECT spine_downgrade_since('t', 1)",
	"SELECT spine_apply_merge('t', 0, 2, 0, 2)",
	"SELECT spine_submit_merge('t', 0, 2, 0, 2)",
	"SELECT spine_collect_garbage('t', '0 s')",
	"SELECT spine_forget_garbage('{1}')",
	"SELECT spine_adopt()");

# The message of an error, with its SQLSTATE, detail and hint
sub error_of
{
	my ($node, $database, $query) = @_;
	my ($status, $stdout, $stderr) = $node->psql($database, "\\set VERBOSITY verbose\n$query");

	return $status == 0 ? 'no error' : $stderr;
}

# Everything that a spine is, for comparing
sub picture
{
	my ($node, $database) = @_;

	return join "\n", map { $node->safe_psql($database, $_) } (
		'SELECT * FROM spine_traces ORDER BY relation::text',
		'SELECT * FROM spine_batches ORDER BY relation::text, id_lo',
		'SELECT * FROM spine_levels ORDER BY relation::text, level',
		'SELECT * FROM spine_merge_requests ORDER BY relation::text, id_lo',
		'SELECT * FROM spine_garbage ORDER BY id',
		'SELECT * FROM spine_merge_results ORDER BY id',
		'SELECT * FROM spine_inbox ORDER BY ticket',
		'SELECT relation, spine_validate(relation), spine_describe(relation) FROM spine_traces ORDER BY relation::text');
}

sub wait_for_results
{
	my ($node, $database) = @_;

	return $node->poll_query_until($database,
		'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)');
}

# ----------------------------------------------------------------------
# A hot standby

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 10
END
$primary->start;
$primary->safe_psql('postgres', <<END);
CREATE EXTENSION spine;
CREATE TABLE t (); CREATE TABLE u (); CREATE TABLE plain ();
SELECT spine_register('t'), spine_register('u', effort => 2);
SELECT spine_append('t', 10, ARRAY['p' || i]) FROM generate_series(0, 20) i;
SELECT spine_push_batch('u', 0, 5, 7, '{a,b}', runs => '{1}');
END
$primary->backup('copy');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', <<END);
hot_standby_feedback = on
max_standby_streaming_delay = -1
END
$standby->start;
$primary->wait_for_catchup($standby);

is(picture($standby, 'postgres'), picture($primary, 'postgres'), 'standby: reads what the primary has');

# While the primary works.  Nothing is called that locks u: to the server, a
# reader that waits for a replayed lock while replay waits for the reader's
# snapshot is no deadlock, and would last.
my $script = "${PostgreSQL::Test::Utils::tmp_check}/lifecycle_load.sql";
append_to_file($script, <<'END') for 1 .. 20000;
SELECT spine_append('t', 1, '{x}');
SELECT count(spine_submit_merge(relation, lower, upper, since, len, ARRAY['m'])) FROM spine_merge_requests;
TRUNCATE u;
END
my ($out, $err) = ('', '');
my $load = start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres'), '-f', $script ], '>', \$out, '2>', \$err);
my $bad = '';
for (1 .. 20)
{
	for my $query (@reads)
	{
		my ($status, $stdout, $stderr) = $standby->psql('postgres', $query);
		$bad .= "$query: $stderr\n" if $status != 0;
	}
}
is($bad, '', 'standby: every view can be read while the primary works');
my @pictures = split /--\n/, $standby->safe_psql('postgres', q{
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT spine_upper('t'), spine_describe('t'), spine_validate('t');
	SELECT * FROM spine_batches; SELECT * FROM spine_levels;
	SELECT pg_sleep(1);
	SELECT '--';
	SELECT spine_upper('t'), spine_describe('t'), spine_validate('t');
	SELECT * FROM spine_batches; SELECT * FROM spine_levels;
	SELECT pg_sleep(0);
	COMMIT});
s/\s+$// for @pictures;
is($pictures[1], $pictures[0], 'standby: a snapshot stays what it is');
like(error_of($standby, 'postgres', $_), qr/ERROR:  25006: .*^HINT:  /ms, "standby: $_") for @writes;
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'spine%'"),
	'0', 'standby: neither launcher nor workers');
$load->kill_kill;

# Something is queued, and something prepared, when the primary goes
$primary->append_conf('postgresql.conf', 'spine.worker = off');
$primary->reload;
$primary->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine worker')");
$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'");
$primary->safe_psql('postgres', <<'END');
BEGIN; SELECT spine_append('t', 1, '{prepared}'); PREPARE TRANSACTION 'p';
END
$primary->safe_psql('postgres', <<'END');
CREATE TABLE queued (); SELECT spine_register('queued');
SELECT spine_append('queued', 10, ARRAY['q' || i]) FROM generate_series(0, 2) i;
SELECT spine_submit_merge('queued', 0, 2, 0, 20, '{merged}');
SELECT spine_append_batch('queued', 5, ARRAY['left' || i]) FROM generate_series(1, 2) i;
END
my $ticket = $primary->safe_psql('postgres', 'SELECT max(ticket) FROM spine_inbox');
$primary->wait_for_catchup($standby);
my $picture = picture($primary, 'postgres');
is(picture($standby, 'postgres'), $picture, 'standby: caught up');
is($standby->safe_psql('postgres', "SELECT spine_wait_append($ticket, '0')"), '', 'standby: it can be asked about a ticket');
$primary->stop('immediate');

$standby->promote;
# What was still queued for t waits for the prepared transaction
ok($standby->poll_query_until('postgres',
		"SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE relation = 'queued'::regclass AND applied_at IS NULL)"),
	'promoted: the worker goes on');
is($standby->safe_psql('postgres', "SELECT spine_wait_append($ticket)"), '[4]', 'promoted: so it does with the inbox');
is($standby->safe_psql('postgres', "SELECT id_lo, id_hi, len, parts FROM spine_batches WHERE relation = 'queued'::regclass ORDER BY id_lo"),
	"0|2|20|{merged}\n2|3|10|{q2}\n3|4|5|{left1}\n4|5|5|{left2}", 'promoted: what was queued is applied');
my $upper = $standby->safe_psql('postgres', "SELECT spine_upper('t')");
like(error_of($standby, 'postgres', "SET lock_timeout = '100ms'; SELECT spine_append('t', 1)"),
	qr/55P03/, 'promoted: the prepared transaction holds its spine');
$standby->safe_psql('postgres', "COMMIT PREPARED 'p'");
is($standby->safe_psql('postgres', "SELECT spine_upper('t')::bigint - '$upper'::spine_frontier::bigint"),
	'1', 'promoted: the prepared transaction is committed');
is($standby->safe_psql('postgres', "SELECT spine_append('t', 1)::bigint - '$upper'::spine_frontier::bigint"),
	'1', 'promoted: pushes go on');
is($standby->safe_psql('postgres', "SELECT spine_push_batch('u', spine_upper('u'), '[]', 0); SELECT spine_upper('u')"),
	'[]', 'promoted: a spine can be closed');
is($standby->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'promoted: valid');

# ----------------------------------------------------------------------
# Dump and restore

my $node = $standby;
my $dump = "${PostgreSQL::Test::Utils::tmp_check}/lifecycle.dump";

$node->safe_psql('postgres', 'CREATE DATABASE origin');
$node->safe_psql('origin', <<'END');
CREATE SCHEMA elsewhere;
CREATE SCHEMA ext;
CREATE EXTENSION spine SCHEMA ext;
ALTER DATABASE origin SET search_path = public, ext;
SET search_path = public, ext;
CREATE TABLE t (); CREATE TABLE elsewhere."Odd name" (a int) PARTITION BY RANGE (a); CREATE TABLE fresh ();
SELECT spine_register('t'), spine_register('elsewhere."Odd name"', effort => 3), spine_register('fresh');
SELECT spine_append('t', 10, ARRAY['p' || i, 'r' || i], '{1}') FROM generate_series(0, 40) i;
SELECT spine_apply_merge('t', 0, 2, 0, 20, '{m}');
TRUNCATE fresh;
SELECT spine_downgrade_since('t', 3);
SELECT spine_push_batch('elsewhere."Odd name"', 0, '[]', 0);
END
$picture = picture($node, 'origin');
for my $format ('plain', 'custom')
{
	my $copy = "copy_$format";

	$node->command_ok([ 'pg_dump', '-d', $node->connstr('origin'), '-f', $dump, '-F', $format ], "dump, $format");
	$node->safe_psql('postgres', "CREATE DATABASE $copy");
	$node->safe_psql('postgres', "ALTER DATABASE $copy SET search_path = public, ext");
	$node->command_ok($format eq 'plain' ?
		[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($copy), '-f', $dump ] :
		[ 'pg_restore', '-e', '-d', $node->connstr($copy), $dump ], "restore, $format");
	is(picture($node, $copy), $picture, "$format: the copy is the same, generations included");
	is($node->safe_psql($copy, 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', "$format: valid");
	is($node->safe_psql($copy, "SELECT spine_append('t', 10)"), '[41]', "$format: pushes go on");
	is($node->safe_psql($copy, <<'END'), "t", "$format: generations and ids do, too");
SELECT spine_apply_merge('t', 2, 4, 0, 20, '{n}') \g /dev/null
SELECT generation AS before FROM spine_traces WHERE relation = 'fresh'::regclass \gset
SELECT spine_unregister('fresh'), spine_register('fresh') \g /dev/null
SELECT generation > :before FROM spine_traces WHERE relation = 'fresh'::regclass;
END
	$node->safe_psql($copy, "SELECT spine_submit_merge('t', 2, 4, 0, 20, '{o}')");
	ok(wait_for_results($node, $copy), "$format: results are applied");
	is($node->safe_psql($copy, 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', "$format: valid still");
}
is(picture($node, 'origin'), $picture, 'dump: nothing happened to the original');

# ----------------------------------------------------------------------
# The library is not preloaded

# A call of each function that is the library's, with values for all arguments
my $calls = q{
	SELECT format('SELECT * FROM %s(%s)', p.oid::regproc, (
		SELECT string_agg(CASE format_type(t, NULL) WHEN 'regclass' THEN '''t''' WHEN 'boolean' THEN 'true'
			WHEN 'text[]' THEN '''{}''' WHEN 'integer[]' THEN '''{}''' WHEN 'bigint[]' THEN '''{}''' WHEN 'interval' THEN '''1 s'''
			WHEN 'text' THEN '''x''' WHEN 'timestamp with time zone' THEN '''now''' WHEN 'name' THEN '''x''' WHEN 'jsonb' THEN '''{}''' WHEN 'name[]' THEN '''{}'''
			WHEN 'spine_merge_request' THEN '''(t,0,1,[0],[1],[0],1,1,{},{})''' ELSE '1' END
			|| '::' || format_type(t, NULL), ', ' ORDER BY n)
		FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n)))
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'spine'
		JOIN pg_language l ON p.prolang = l.oid AND l.lanname = 'c'
	WHERE p.proname NOT LIKE 'spine\_frontier%' AND p.proname <> 'spine_am_handler'};

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
my @calls = split /\n/, $node->safe_psql('postgres', $calls);
cmp_ok(scalar(@calls), '>=', 15, 'not preloaded: there are functions to try');
for my $call (@calls, "SELECT * FROM spine_traces", "SELECT * FROM spine_levels")
{
	my $error = error_of($node, 'postgres', $call);

	like($error, qr/ERROR:  55000: library "spine" is not preloaded.*^HINT:  Add spine to shared_preload_libraries/ms,
		"not preloaded: $call");
}
is($node->safe_psql('postgres', "LOAD 'spine'; SELECT spine_frontier_join('[3]', ' [ 4 ]'), 5::spine_frontier < '[]', '[5]'::spine_frontier::bigint"),
	'[4]|t|5', 'not preloaded: frontiers work');
is($node->safe_psql('postgres', "CREATE TABLE gone (); CREATE TABLE kept (); TRUNCATE kept; DROP TABLE kept; SELECT count(*) FROM spine_merge_results WHERE false"),
	'0', 'not preloaded: relations can be created, truncated and dropped');
like(slurp_file($node->logfile), qr/library "spine" is not preloaded/, 'not preloaded: the log says so');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'not preloaded: nothing crashes');

# A spine that was dropped meanwhile
$node->safe_psql('postgres', 'DROP TABLE queued');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'");
$node->restart;
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok',
	'preloaded again: a spine dropped meanwhile is in nobody\'s way');
is($node->safe_psql('postgres', "CREATE TABLE queued (); SELECT spine_register('queued'); SELECT spine_append('queued', 1)"),
	"\n[0]", 'preloaded again: its name can be used');

# ----------------------------------------------------------------------
# No extension in the database

$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->safe_psql('bare', 'CREATE TABLE t (); TRUNCATE t');
for my $symbol (qw(spine_upper spine_since spine_validate spine_describe spine_register spine_unregister
	spine_append spine_push_batch spine_apply_merge spine_submit_merge spine_trace_rows spine_stat_reset))
{
	my $set = $symbol =~ /describe|push_batch|rows/ ? 'SETOF' : '';

	$node->safe_psql('bare', "CREATE FUNCTION $symbol(regclass) RETURNS $set text AS 'spine', '$symbol' LANGUAGE c");
	like(error_of($node, 'bare', "SELECT $symbol('t')"),
		qr/ERROR:  55000: extension "spine" does not exist in this database.*^HINT:  Run CREATE EXTENSION spine/ms,
		"no extension: $symbol");
}
is($node->safe_psql('bare', 'TRUNCATE t; DROP TABLE t; SELECT 1'), '1', 'no extension: relations can be dropped');

# ----------------------------------------------------------------------
# Library and extension of different versions

$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'spine'");
@calls = split /\n/, $node->safe_psql('postgres', $calls);
for my $call (@calls, "SELECT * FROM spine_traces")
{
	like(error_of($node, 'postgres', $call),
		qr/ERROR:  55000: extension "spine" and its library are of different versions.*0\.9.*^HINT:  Run ALTER EXTENSION spine UPDATE/ms,
		"other version: $call");
}
is($node->safe_psql('postgres', "SELECT spine_frontier_join(1, 2)"), '[2]', 'other version: frontiers work');
$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'spine'");
is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'), 'ok', 'same version again');
$node->safe_psql('postgres', "SELECT spine_append('queued', 1, ARRAY[i::text]) FROM generate_series(1, 5) i; SELECT spine_submit_merge('queued', 0, 2, 0, 2)");
ok(wait_for_results($node, 'postgres'), 'same version again: the worker works');

unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'nothing has crashed');
$node->stop;
done_testing();
