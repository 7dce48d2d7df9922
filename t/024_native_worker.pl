# When the worker absorbs: it is told of what is committed and of nothing else, keeps
# the delay, also for tables that it does not know, and hands over what it leaves.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('native_worker');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'spine'
autovacuum = off
max_prepared_transactions = 1
spine.naptime = '1h'
spine.max_mergers = 0
spine.exert_delay = -1
spine.worker_idle_timeout = '100ms'
spine.absorb_delay = '100ms'
END
$node->start;

sub sql
{
	return $node->safe_psql('postgres', join ";\n", @_);
}

sub set_conf
{
	sql((map { "ALTER SYSTEM SET $_" } @_), 'SELECT pg_reload_conf()');
	return;
}

# Waits until so many rows of a table are in runs
sub absorbed
{
	my ($table, $rows, $what) = @_;

	return ok($node->poll_query_until('postgres', "SELECT count(*) = $rows FROM $table t WHERE t.ctid >= '(2147483648,0)'"), $what);
}

# No worker is there, nor comes back to see whether there is something left
sub quiet
{
	for (my $seen = 3; $seen > 0; --$seen)
	{
		$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'spine worker'")
			or die 'the worker stays';
		sleep 1;
	}
	return;
}

# A worker comes and has a look
my $nudges = 0;
sub nudge
{
	sql("SELECT spine_append_batch('nudge', 1)");
	++$nudges;
	return ok($node->poll_query_until('postgres', "SELECT count(*) = $nudges AND bool_and(sequenced_at IS NOT NULL) FROM spine_inbox"),
		"the worker has had look $nudges");
}

sql('CREATE EXTENSION spine', 'CREATE TABLE t (a int) USING spine', 'CREATE TABLE nudge ()', "SELECT spine_register('nudge')",
	'INSERT INTO t VALUES (1)');
absorbed('t', 1, 'the first row');

# ----------------------------------------------------------------------
# Nothing is told of what is rolled back, so that it hides nothing

quiet();
sql('BEGIN', 'INSERT INTO t VALUES (-1)', 'ROLLBACK', 'INSERT INTO t VALUES (2)');
absorbed('t', 2, 'a row after one that was rolled back');
quiet();
sql('BEGIN', 'INSERT INTO t VALUES (-1)', "PREPARE TRANSACTION 't'", 'INSERT INTO t VALUES (3)');
absorbed('t', 3, 'a row after one that was prepared');
quiet();
sql("COMMIT PREPARED 't'");
absorbed('t', 4, 'and that one');
quiet();
sql('BEGIN', 'INSERT INTO t VALUES (4)', 'SAVEPOINT s', 'INSERT INTO t VALUES (-2)', 'ROLLBACK TO s', 'COMMIT');
absorbed('t', 5, 'a row before a savepoint');

# ----------------------------------------------------------------------
# It makes ticks of a table that keeps its past

sql("SELECT spine_set_retention('t', '1 hour')", 'INSERT INTO t VALUES (5)');
absorbed('t', 6, 'a row of a table with a past');
is(sql('SELECT count(*) FROM spine_as_of(NULL::t, now())'), '6', 'which is in a tick');
sql('INSERT INTO t VALUES (6)');
absorbed('t', 7, 'another row');
is(sql('SELECT (data).a, diff, tick = (SELECT max(tick) FROM spine_ticks) FROM spine_changes(NULL::t, (SELECT min(tick) FROM spine_ticks), NULL)'), '6|1|t', 'and in the next one');

# ----------------------------------------------------------------------
# A worker that knows nothing of a table waits as it would otherwise

set_conf(q(spine.absorb_delay = '1h'));
quiet();
sql('CREATE TABLE later (a int) USING spine', 'INSERT INTO later SELECT generate_series(1, 10)');
nudge();
quiet();
nudge();
quiet();
absorbed('later', 0, 'it is not time yet');
# None of them stays for so long, but they know since when rows are waiting
set_conf(q(spine.absorb_delay = '4s'));
nudge();
absorbed('later', 10, 'what one has left for later another one does');

# Many rows do not wait
set_conf(q(spine.absorb_delay = '1h'), 'spine.absorb_rows = 1000', q(spine.worker_idle_timeout = '1h'));
sql('CREATE TABLE many (a int) USING spine');
nudge();
sql('INSERT INTO many SELECT generate_series(1, 999)');
nudge();
absorbed('many', 0, 'one row less than is enough');
sql('INSERT INTO many VALUES (1000)');
absorbed('many', 1000, 'so many rows do not wait');

# A published table is left alone, until there is a reason to look again
sql('CREATE TABLE published (a int) USING spine', 'CREATE PUBLICATION p FOR TABLE published');
nudge();
sql('INSERT INTO published SELECT generate_series(1, 1000)', 'INSERT INTO many SELECT generate_series(1, 1000)');
absorbed('many', 2000, 'the others are absorbed');
sql('DROP PUBLICATION p', 'INSERT INTO published SELECT generate_series(1, 1000)');
absorbed('published', 2000, 'and so is it when it is not published any more');

$node->stop;
done_testing();
