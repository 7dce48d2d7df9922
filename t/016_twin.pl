# A native table and a heap table are twins: each transaction does the same to both.
# Whoever looks, at whatever time and with whatever snapshot, finds the same rows in
# both, while rows are absorbed, runs merged, tables vacuumed, written anew and
# truncated, and the server crashes; and each tick that is kept shows what the heap
# table had when it was made.  A statement that the native table refuses, because it
# would change rows in runs, is not done to the heap table either.
#
# SPINE_TWIN_SECONDS is how long it goes on (12), SPINE_TWIN_SEED repeats the
# statements of a run; how they meet is left to chance.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seed = $ENV{SPINE_TWIN_SEED} || time;
my $seconds = $ENV{SPINE_TWIN_SECONDS} || 12;
my $writers = 3;
my $transactions = 1500;    # a round and session: more than can be done
my $round_seconds = 2.5;

note "seed $seed";
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('twin');
$node->init;
$node->append_conf('postgresql.conf', <<END);
shared_preload_libraries = 'spine'
max_prepared_transactions = 20
max_worker_processes = 20
deadlock_timeout = '200ms'
autovacuum_naptime = 1
spine.naptime = '1s'
spine.retry_delay = '10ms'
spine.max_attempts = 0
END
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spine');
$node->safe_psql('postgres', slurp_file('src/dev/native_check.sql'));
$node->safe_psql('postgres', <<'END');
CREATE TABLE other ();
CREATE TABLE s (id bigint, w integer, a integer, b text, c numeric) USING spine;
CREATE TABLE h (id bigint, w integer, a integer, b text, c numeric) USING heap;

-- Rows with short and long values, few and many different ones, nulls and NaN
CREATE FUNCTION made(w integer, first bigint, n integer)
RETURNS TABLE (id bigint, w integer, a integer, b text, c numeric) LANGUAGE sql IMMUTABLE AS $$
	SELECT w * 1000000000::bigint + i, w, (i * 7919 % 97)::integer,
		CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN repeat(md5(i::text), (i % 200)::integer) WHEN 2 THEN 'same' WHEN 3 THEN ''
			ELSE md5(i::text) END || CASE WHEN i % 151 = 0 THEN (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 300) j) ELSE '' END,
		CASE i % 13 WHEN 0 THEN 'NaN' WHEN 1 THEN NULL ELSE (i % 1000)::numeric / 8 END
	FROM generate_series(first, first + n - 1) i $$;

CREATE FUNCTION digest(t regclass, condition text DEFAULT 'true') RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	d text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', count(*), sum(hashtextextended(x::text, 0)::numeric)) FROM %s x WHERE %s', t, condition) INTO d;
	RETURN d;
END $$;

-- One row that others may be changing, too.  Who has got it in s has it in h.
CREATE FUNCTION do_twice(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	m bigint;
BEGIN
	BEGIN
		EXECUTE replace(statement, '%t', 's');
		GET DIAGNOSTICS n = ROW_COUNT;
	EXCEPTION WHEN feature_not_supported THEN
		RETURN;
	END;
	IF n > 0 THEN
		EXECUTE replace(statement, '%t', 'h');
		GET DIAGNOSTICS m = ROW_COUNT;
		IF n <> m THEN
			RAISE EXCEPTION 'twins differ: % has got % rows in s, % in h', statement, n, m;
		END IF;
	END IF;
END $$;

-- What h was, by the snapshot that a tick of s was made with
CREATE TABLE remembered (runs oid, tick bigint, digest text, PRIMARY KEY (runs, tick));
CREATE FUNCTION past_digest(past_tick bigint) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws(' ', count(*), sum(hashtextextended(concat_ws(',', id, w, a, b, c), 0)::numeric)) FROM spine_as_of(NULL::s, past_tick) $$;
CREATE FUNCTION remember() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	was text := (SELECT concat_ws(' ', count(*), sum(hashtextextended(concat_ws(',', id, w, a, b, c), 0)::numeric)) FROM h);
	made record;
BEGIN
	PERFORM spine_absorb('s');
	SELECT runs, tick INTO made FROM spine_tick WHERE xmin = pg_current_xact_id_if_assigned()::xid;
	IF FOUND THEN
		INSERT INTO remembered VALUES (made.runs, made.tick, was);
		IF past_digest(made.tick) <> was THEN
			RETURN NEXT format('differ: tick %s, which shows %s, and h: %s', made.tick, past_digest(made.tick), was);
		END IF;
	END IF;
END $$;
-- Any tick that is kept, by a snapshot of its own
CREATE FUNCTION recall() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('differ: tick %s shows %s, was %s', tick, past_digest(tick), digest)
	FROM (SELECT tick, digest FROM remembered JOIN spine_tick USING (runs, tick)
			JOIN spine_file f ON f.runs = spine_tick.runs AND f.relation = 's'::regclass AND f.filenode = pg_relation_filenode('s')
		ORDER BY random() LIMIT 1) x
	WHERE past_digest(tick) <> digest $$;
-- The changes from one tick to another are what makes one of the other
CREATE FUNCTION differences() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	one bigint;
	other bigint;
BEGIN
	SELECT min(tick), max(tick) INTO one, other
	FROM (SELECT tick FROM spine_ticks WHERE relation = 's'::regclass ORDER BY random() LIMIT 2) x;
	IF one IS NOT NULL AND EXISTS (
		SELECT FROM (SELECT id, w, a, b, c, 1 AS n FROM spine_as_of(NULL::s, one)
			UNION ALL SELECT (data).id, (data).w, (data).a, (data).b, (data).c, diff FROM spine_changes(NULL::s, one, other)
			UNION ALL SELECT id, w, a, b, c, -1 FROM spine_as_of(NULL::s, other)) z
		GROUP BY id, w, a, b, c HAVING sum(n) <> 0) THEN
		RETURN NEXT format('differ: changes of ticks %s to %s', one, other);
	END IF;
END $$;

-- To and fro with a cursor: in the same place there is always the same row
CREATE FUNCTION to_and_fro(condition text, absorb boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	one text;
	seen text[];
	place integer := 0;
	forward boolean := true;
BEGIN
	OPEN c SCROLL FOR EXECUTE 'SELECT hashtextextended(x::text, 0) FROM s x WHERE ' || condition;
	FOR leg IN 1 .. 9 LOOP
		FOR step IN 1 .. CASE leg WHEN 7 THEN 1000000 WHEN 8 THEN 1000000 ELSE random() * 300 END::integer LOOP
			IF forward THEN
				FETCH NEXT FROM c INTO one;
				place := place + 1;
			ELSE
				FETCH PRIOR FROM c INTO one;
				place := place - 1;
			END IF;
			EXIT WHEN one IS NULL;
			IF seen[place] <> one THEN
				RETURN NEXT format('differ: cursor at %s', place);
			END IF;
			seen[place] := one;
		END LOOP;
		IF NOT forward AND one IS NULL AND place <> 0 THEN
			RETURN NEXT format('differ: cursor is at the beginning at %s', place);
		END IF;
		forward := leg = 6 OR leg <> 7 AND NOT forward;
		IF absorb AND leg = 2 THEN
			PERFORM spine_absorb('s');
		END IF;
	END LOOP;
	CLOSE c;
	IF (SELECT concat_ws(' ', count(*), sum(r::numeric)) FROM unnest(seen) r) <> digest('s', condition) THEN
		RETURN NEXT 'differ: cursor and scan';
	END IF;
END $$;
END

sub pick { return $_[ rand @_ ]; }

sub twice
{
	my ($statement) = @_;

	return join '', map { (my $one = $statement) =~ s/%t/$_/g; "$one;\n" } 's', 'h';
}

# One statement with one snapshot, of this transaction's own rows as well
sub comparison
{
	my ($condition) = @_;
	my $what = pick('concat_ws(\' \', count(*), sum(hashtextextended(x::text, 0)::numeric))', 'count(*)', 'sum(a)',
		'concat_ws(\' \', min(id), max(b), count(b), avg(c))', 'sum(hashtextextended(b, 0)::numeric)');

	return "SELECT 'differ: ' || concat(\$\$$what, $condition: \$\$, (SELECT $what FROM s x WHERE $condition), ', ', "
	  . "(SELECT $what FROM h x WHERE $condition)) WHERE (SELECT $what FROM s x WHERE $condition) "
	  . "IS DISTINCT FROM (SELECT $what FROM h x WHERE $condition);\n";
}

# Rows of each writer, which nobody else changes, and such as all change
my $shared = $writers;
my @made = (0) x ($writers + 1);

sub any_id
{
	my $w = shift // int rand @made;

	return $w * 1000000000 + $made[$w] - int(rand 100);
}

sub any_condition
{
	my $id = any_id();

	return pick('true', "id = $id", "id > $id", "id BETWEEN $id - 100 AND $id", 'a < ' . int(rand 97), 'w = ' . int(rand @made),
		'b IS NULL', "b = 'same'", "b >= 'f'", "c = 'NaN'", 'c > 60 AND a > 90', 'c IS NULL OR a = 1', 'id % 7 = ' . int(rand 7),
		'a = ANY (ARRAY[' . int(rand 97) . ', 5])', 'NOT w = 1 AND 20 > a');
}

# The twins' statement, undone in both if it is refused in s
sub if_not_refused
{
	my ($statement) = @_;
	my ($in_s, $in_h) = split /(?<=;\n)/, twice($statement);

	return "SAVEPOINT maybe;\n$in_s\\if :ERROR\nROLLBACK TO maybe;\n\\else\n${in_h}RELEASE maybe;\n\\endif\n";
}

sub insertion
{
	my ($w) = @_;
	my $n = pick(1, 1, 3, 10, 100, 1000);
	my $first = $made[$w];
	my $way = int rand 5;

	$made[$w] += $n;
	$way = 0 if $w == $shared;
	return twice("INSERT INTO %t (id, w, a, b, c) SELECT * FROM made($w, $first, $n)") if $way < 2;
	return "WITH x AS (INSERT INTO s (id, w, a, b, c) SELECT * FROM made($w, $first, $n) RETURNING id, w, a, b, c) "
	  . "INSERT INTO h (id, w, a, b, c) SELECT * FROM x;\n" if $way == 2;
	return twice("INSERT INTO %t (id, w, a, b, c) SELECT id + 100000000, w, a + 1, b, c FROM %t WHERE w = $w AND a = " . int(rand 97)
		  . ' AND id > ' . ($w * 1000000000 + $first - 500)) if $way == 3;
	my $lines = join '', map { join("\t", $w * 1000000000 + $first + $_, $w, $_, pick('\N', 'copied', '\\\\'), pick('\N', 'NaN', $_)) . "\n" } 0 .. ($n > 10 ? 10 : $n);
	return join '', map { "COPY $_ (id, w, a, b, c) FROM STDIN;\n$lines\\.\n" } 's', 'h';
}

# Changes rows that no other writer changes
sub change
{
	my ($w) = @_;
	my $where = "w = $w AND id > " . ($w * 1000000000 + $made[$w] - int(rand 300)) . pick('', ' AND a < 30', ' AND b IS NULL', ' AND id % 3 = 0');

	return if_not_refused(pick("UPDATE %t SET a = a + 1 WHERE $where", "UPDATE %t SET b = b || 'x', c = c * 2 WHERE $where",
			"DELETE FROM %t WHERE $where", "SELECT id FROM %t WHERE $where FOR UPDATE", "SELECT id FROM %t WHERE $where FOR KEY SHARE"));
}

sub step
{
	my ($w, $depth) = @_;
	my $kind = rand 10;

	return insertion($w) if $kind < 4;
	return change($w) if $kind < 6.5;
	return comparison(any_condition()) if $kind < 7.5;
	return "SELECT spine_absorb('s');\n" if $kind < 7.7;
	return insertion($w) if $depth > 2;
	return "SAVEPOINT s$depth;\n" . join('', map { step($w, $depth + 1) } 0 .. rand 3)
	  . pick("ROLLBACK TO s$depth;\n", "ROLLBACK TO s$depth;\n" . step($w, $depth + 1), "RELEASE s$depth;\n", '');
}

my $prepared = 0;

sub writer_script
{
	my ($w) = @_;
	my $script = pick('', "SET plan_cache_mode = force_generic_plan;\n");

	for (1 .. $transactions)
	{
		my $kind = rand 10;

		if ($kind < 6)
		{
			$script .= 'BEGIN' . pick('', ' ISOLATION LEVEL REPEATABLE READ') . ";\n" . join('', map { step($w, 0) } 0 .. rand 4)
			  . pick('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK') . ";\n";
		}
		elsif ($kind < 6.5)
		{
			$script .= "BEGIN;\n" . insertion($shared) . "COMMIT;\n";
		}
		elsif ($kind < 8)
		{
			my $id = any_id($shared);
			my $statement = pick("UPDATE %t SET a = a + 1 WHERE id = $id", "DELETE FROM %t WHERE id = $id", "UPDATE %t SET c = $id WHERE id = $id");

			$script .= "BEGIN;\nSELECT do_twice('$statement');\n" . pick('', 'SELECT pg_sleep(0.005);') . pick('COMMIT', 'COMMIT', 'ROLLBACK') . ";\n";
		}
		elsif ($kind < 9)
		{
			# With one snapshot the same rows are found in both, or it fails.  Those
			# with greater ids are shared ones, too.
			my $statement = pick('UPDATE %t SET a = a + 1', 'DELETE FROM %t');

			$script .= "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
			  . if_not_refused("$statement WHERE id > " . any_id($shared) . ' AND (' . any_condition() . ')') . "COMMIT;\n";
		}
		else
		{
			$prepared++;
			$script .= "BEGIN;\n" . insertion($w) . pick('', "SELECT spine_absorb('s');\n") . insertion($w) . "PREPARE TRANSACTION 'p$prepared';\n"
			  . pick('COMMIT', 'ROLLBACK') . " PREPARED 'p$prepared';\n";
		}
	}
	return $script;
}

# What is found stays the same as long as the snapshot is kept
sub reader_script
{
	my $script = '';

	for (1 .. $transactions)
	{
		$script .= pick('', "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;\n",
			"RESET ALL;\n");
		if (rand() < 0.3)
		{
			$script .= comparison(any_condition());
			next;
		}
		$script .= "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM other \\g /dev/null\n";
		$script .= 'SELECT pg_sleep(' . rand(0.3) . ") \\g /dev/null\n" if rand() < 0.5;
		$script .= "SELECT digest('s') AS was \\gset\nSELECT 'differ: s and h: ' || concat(:'was', ', ', digest('h')) WHERE digest('h') <> :'was';\n";
		$script .= comparison(any_condition()) for 0 .. rand 3;
		$script .= "SELECT to_and_fro('" . pick('true', 'id % 5 = 0', 'a < 50') . "', " . pick('true', 'false') . ");\n" if rand() < 0.2;
		$script .= 'SELECT pg_sleep(' . rand(0.3) . ") \\g /dev/null\n";
		$script .= comparison(any_condition()) for 0 .. rand 3;
		$script .= "SELECT 'differ: later, now and then ' || concat(digest('s'), ', ', :'was') WHERE digest('s') <> :'was';\nCOMMIT;\n";
	}
	return $script;
}

# What was stays what it was, for as long as it is kept
sub historian_script
{
	my $script = '';

	for (1 .. $transactions)
	{
		$script .= pick('', '', '', "SELECT spine_set_retention('s', " . pick("'1 hour'", "'1 hour'", "'2 seconds'", "'0'", 'NULL') . ") \\g /dev/null\n");
		$script .= "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE s, h IN ACCESS SHARE MODE;\nSELECT remember();\n" . pick('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK') . ";\n";
		$script .= pick("SELECT recall();\n", "SELECT recall();\n", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT differences(); COMMIT;\n") for 0 .. rand 3;
	}
	return $script;
}

my $column = 0;

sub mover_script
{
	my $script = '';
	my $exclusive = "BEGIN; LOCK TABLE s, h IN ACCESS EXCLUSIVE MODE;\n";

	for (1 .. $transactions)
	{
		my $kind = rand 100;

		$script .= "SELECT spine_absorb('s') \\g /dev/null\n" . pick('', "SELECT spine_force_compaction(relation) FROM spine_traces \\g /dev/null\n");
		$script .= 'SELECT pg_sleep(' . rand(0.05) . ") \\g /dev/null\n";
		if ($kind < 10) { $script .= "BEGIN; SELECT spine_absorb('s') \\g /dev/null\nROLLBACK;\n"; }
		elsif ($kind < 20) { $script .= "BEGIN; SAVEPOINT a; SELECT spine_absorb('s') \\g /dev/null\nROLLBACK TO a; SELECT spine_absorb('s') \\g /dev/null\nCOMMIT;\n"; }
		elsif ($kind < 30) { $script .= pick('VACUUM s', 'VACUUM (FREEZE) s', 'VACUUM', 'ANALYZE s, h', 'VACUUM (ANALYZE) s') . ";\n"; }
		elsif ($kind < 34) { $script .= "VACUUM FULL s;\n"; }
		elsif ($kind < 55) { $script .= "SELECT spine_compact('s') \\g /dev/null\n"; }
		elsif ($kind < 60)
		{
			$script .= "SELECT spine_set_order('s', " . pick('NULL', "'{a}'", "'{b,id}'", "'{c,a}'", "'{x$column}'") . ") \\g /dev/null\n";
		}
		elsif ($kind < 63) { $script .= $exclusive . twice('TRUNCATE %t') . pick('', "SELECT spine_absorb('s') \\g /dev/null\n") . pick('COMMIT', 'ROLLBACK') . ";\n"; }
		elsif ($kind < 66)
		{
			$script .= $exclusive . twice('ALTER TABLE %t ALTER a TYPE ' . pick('integer', 'bigint', 'numeric')) . pick('COMMIT', 'ROLLBACK') . ";\n";
		}
		elsif ($kind < 69)
		{
			my $old = $column++;

			$script .= $exclusive . twice("ALTER TABLE %t ADD x$column " . pick('integer', 'text DEFAULT \'new\'', 'numeric DEFAULT 7'))
			  . twice("ALTER TABLE %t DROP IF EXISTS x$old") . pick('COMMIT', 'ROLLBACK') . ";\n";
		}
		elsif ($kind < 71)
		{
			# Whatever writes one anew has to do so with the other: of that, a snapshot
			# that was taken before sees nothing
			$script .= $exclusive . "ALTER TABLE h SET UNLOGGED; ALTER TABLE h SET LOGGED;\nALTER TABLE s SET ACCESS METHOD heap;\n" . pick('', twice('DELETE FROM %t WHERE a = 7')) . "ALTER TABLE s SET ACCESS METHOD spine;\n"
			  . pick('COMMIT', 'ROLLBACK') . ";\n";
		}
	}
	return $script;
}

sub start_session
{
	my ($name, $script) = @_;
	my $base = "${PostgreSQL::Test::Utils::tmp_check}/twin_$name";
	my %session = (name => $name, out => "$base.out", err => "$base.err");

	unlink @session{ 'out', 'err' };
	open my $file, '>', "$base.sql" or die "$base.sql: $!";
	print $file "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\nSET client_min_messages = warning;\n$script";
	close $file;
	$session{handle} = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$base.sql" ], '>', $session{out}, '2>', $session{err});
	return \%session;
}

# What nobody should have been told
sub complaints
{
	my ($session, $crashed) = @_;
	my $bad = join '', slurp_file($session->{out}) =~ /^(.*differ:.*\n)/mg;

	for (grep { /ERROR|FATAL|PANIC|WARNING|twins differ/ } split /^/, slurp_file($session->{err}))
	{
		next if /0A000: cannot \w+ rows of table "s" that are in its runs/;
		next if /40001|40P01|25P02/;
		next if /55006: runs of table "s" are being merged/;
		next if /55000: table "s" has no past/;    # any more, since it was truncated or written anew
		next if /42804: /;    # a column's type was altered since the query was planned
		next if /42703: column "x\d+" .*does not exist/;    # rolled back
		next if /3B001/;    # of a savepoint in a transaction that has failed before
		next if $crashed && /57P0[123]|server closed|terminating connection/;
		$bad .= $_;
	}
	return $bad;
}

sub set_options
{
	my (%options) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET $_ = '$options{$_}'") for sort keys %options;
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	return;
}

sub check_twins
{
	my ($when) = @_;

	is($node->safe_psql('postgres', <<'END'), '', "$when: both have the same rows");
(SELECT id, w, a, b, c FROM s EXCEPT ALL SELECT id, w, a, b, c FROM h) UNION ALL (SELECT id, w, a, b, c FROM h EXCEPT ALL SELECT id, w, a, b, c FROM s) LIMIT 10;
SELECT 'differ' WHERE digest('s') <> digest('h');
END
	set_options('spine.max_mergers' => 0, 'spine.absorb_delay' => -1);
	ok($node->poll_query_until('postgres', q{
			SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)
				AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine merger')}),
		"$when: what was merged is applied");
	is($node->safe_psql('postgres', q{
			SELECT error FROM spine_merge_results WHERE error !~
			'^the result is for generation \d+ of the relation, which is at|^the relation is not registered as a spine any more'}),
		'', "$when: without an error, but for what came before TRUNCATE or a rewrite");
	is($node->safe_psql('postgres', 'SELECT spine_native_check()'), '', "$when: spine, runs and files belong together");
	return;
}

my $end = time + $seconds;
my ($round, $absorbed, $merged) = (0, 0, 0);

while (time < $end || $round < 3)
{
	my $crash = $round % 3 == 1;
	my @sessions;

	$round++;
	set_options('spine.max_mergers' => 2, 'spine.absorb_delay' => pick(-1, 1, 100), 'spine.absorb_rows' => pick(1, 1000));
	push @sessions, start_session("writer$_", writer_script($_)) for 0 .. $writers - 1;
	push @sessions, start_session("reader$_", reader_script()) for 1 .. 2;
	push @sessions, start_session('mover', mover_script());
	push @sessions, start_session('historian', historian_script());
	sleep $round_seconds;
	if ($crash)
	{
		$node->stop('immediate');
		$_->{handle}->finish for @sessions;
		$node->start;
	}
	else
	{
		$_->{handle}->kill_kill for @sessions;
		$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'");
	}
	is(join('', map { complaints($_, $crash) } @sessions), '', "round $round: nobody complains");
	$node->safe_psql('postgres', pick('COMMIT', 'ROLLBACK') . " PREPARED '$_'")
	  for split /\n/, $node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts');
	check_twins("round $round" . ($crash ? ', after a crash' : ''));
	my ($rows, $runs, $merges) = split /\|/, $node->safe_psql('postgres', q{
		SELECT (SELECT count(*) FROM s), coalesce(sum(updates), 0), (SELECT count(*) FROM spine_merge_results) FROM spine_traces});
	note "round $round: $rows rows, $runs of them in runs; $merges merges";
	$absorbed += $runs;
	$merged += $merges;
	$node->safe_psql('postgres', 'TRUNCATE s, h') if $rows > 50000;
}
cmp_ok($absorbed, '>', 0, 'rows were absorbed');
cmp_ok($merged, '>', 0, 'runs were merged');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM remembered'), '>', 0, 'ticks were remembered');

# Nor do processes without a session, but parallel workers that come when their query is over
my @complaints = grep { !/canceling autovacuum task|claim \d+ is over|could not map dynamic shared memory segment/ } slurp_file($node->logfile) =~ /^\S+ \S+ \S+ \[\d+\] ((?:ERROR|WARNING|FATAL): .*)/mg;
is(join("\n", @complaints), '', 'no background process has complained');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'nothing has crashed by itself');
$node->stop;
done_testing();
