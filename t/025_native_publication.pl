# Native tables and logical replication: a published one sends all its rows, and those of
# its companion are nobody's business, though FOR ALL TABLES lists it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('publisher');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'spine'
autovacuum = off
spine.absorb_delay = -1
spine.max_mergers = 0
spine.naptime = '1s'
END
$node->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', "shared_preload_libraries = 'spine'\n");
$subscriber->start;

sub sql
{
	return $node->safe_psql('postgres', join ";\n", @_);
}

# Two runs, and a delta
sub make
{
	my ($name) = @_;

	sql("CREATE TABLE $name (a int, b text) USING spine");
	sql("INSERT INTO $name SELECT i, 'row ' || i FROM generate_series($_, $_ + 49) i", "SELECT spine_absorb('$name')") for (1, 51);
	sql("INSERT INTO $name VALUES (101, 'row 101')");
	return;
}

sql('CREATE SCHEMA spine', 'CREATE EXTENSION spine SCHEMA spine', 'ALTER DATABASE postgres SET search_path = public, spine');
make('kept');
make('other');
my $companion = sql("SELECT relname FROM pg_class WHERE oid = (SELECT runs FROM spine_file WHERE relation = 'kept'::regclass)");
like($companion, qr/^spine_runs_/, 'there is a companion');

# ----------------------------------------------------------------------
# What is listed

sub listed
{
	my ($publication) = @_;

	return sql("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables
		WHERE pubname = '$publication' AND (schemaname = 'public' OR tablename ~ '^spine_runs_')");
}

sql('CREATE PUBLICATION tables FOR TABLES IN SCHEMA public');
is(listed('tables'), 'kept other', 'the schema of the tables has no companions');
my ($status, undef, $stderr) = $node->psql('postgres', "SELECT spine_absorb('kept')");
like($stderr, qr/cannot absorb rows of table "kept"\nDETAIL:  It is published/, 'and its tables are not absorbed');

# ----------------------------------------------------------------------
# A subscriber has all rows, whatever they are in

my $connection = $node->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', <<END);
CREATE TABLE kept (a int, b text);
CREATE SCHEMA spine;
CREATE EXTENSION spine SCHEMA spine;
CREATE TABLE other (a int, b text) USING spine;
CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION tables;
END
foreach my $table (qw(kept other))
{
	ok($subscriber->poll_query_until('postgres', "SELECT count(*) = 101 AND sum(a) = 5151 FROM $table"), "rows of $table are copied from runs and delta");
}
sql("INSERT INTO kept VALUES (102, 'new')", "INSERT INTO other VALUES (102, 'new')");
foreach my $table (qw(kept other))
{
	ok($subscriber->poll_query_until('postgres', "SELECT count(*) = 102 AND max(b) = 'row 99' FROM $table"), "and what is inserted into $table follows");
}
# It absorbs what has come, whether the publisher does or not
is($subscriber->safe_psql('postgres', "SELECT spine.spine_absorb('other') > 0 OR bool_or(ctid > '(2147483648,0)') FROM other"), 't', 'the subscriber absorbs');
is($subscriber->safe_psql('postgres', 'SELECT count(*), sum(a) FROM other'), '102|5253', 'and has what it had');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');

# ----------------------------------------------------------------------
# FOR ALL TABLES lists the tables of all extensions

sql('DROP PUBLICATION tables', 'CREATE PUBLICATION everything FOR ALL TABLES');
like(listed('everything'), qr/^kept other $companion /, 'FOR ALL TABLES takes companions in');
($status, undef, $stderr) = $subscriber->psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION everything");
like($stderr, qr/relation "spine\.spine_runs_\w+" does not exist/, 'which a subscriber is asked for in vain');

# Mergers go on; what they do is decoded as deletions of nothing, and not sent
sql(q{SELECT pg_create_logical_replication_slot('text', 'test_decoding')}, q{SELECT pg_create_logical_replication_slot('sent', 'pgoutput')});
sql(q{SELECT spine_force_compaction('kept')}, q{ALTER SYSTEM SET spine.max_mergers = 1}, q{SELECT pg_reload_conf()});
ok($node->poll_query_until('postgres', "SELECT count(DISTINCT run) = 1 FROM spine.$companion"), 'the runs are merged');
sql("INSERT INTO kept VALUES (103, 'newest')");
my $text = sql(q{SELECT data FROM pg_logical_slot_get_changes('text', NULL, NULL)});
like($text, qr/table public\.kept: INSERT: a\[integer\]:103/, 'changes of the table are decoded');
like($text, qr/table spine\.$companion: DELETE: \(no-tuple-data\)/, 'deletions in its companion are, without rows');
unlike($text, qr/table spine\.spine_runs_\w+: (?!DELETE: \(no-tuple-data\))/, 'and nothing else');
unlike($text, qr/pg_toast/, 'nor what it keeps out of line');
my $sent = sql(q{SELECT encode(data, 'escape') FROM pg_logical_slot_get_binary_changes('sent', NULL, NULL, 'proto_version', '1', 'publication_names', 'everything')});
like($sent, qr/newest/, 'a subscriber is sent the changes of the table');
unlike($sent, qr/spine_runs_/, 'but nothing of the companion');
sql(q{SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots});

# Without it they are absorbed again
sql('DROP PUBLICATION everything');
is(sql(q{SELECT spine_absorb('kept')}), '3', 'what is not published any more is absorbed');
is(sql(q{SELECT count(*), sum(a) FROM kept}), '103|5356', 'with all its rows');

$subscriber->stop;
$node->stop;
done_testing();
