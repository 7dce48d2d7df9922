# Crashes under load.  Several sessions append to spines and to their inboxes,
# merge, prepare, roll back, create and drop; when one of them comes to a stop point, it is killed
# there, or everything is.  A referee outside knows which commits were
# acknowledged: after each restart all of these are there, nothing else is but
# what was on its way, and the worker goes on where it was.  A sweeper says which
# parts it has deleted: of these, none is ever in a spine again.
#
# Needs a library built with STOP_POINTS=1 in the current folder.  The rounds go
# through all stop points in the sources; SPINE_CRASH_ROUNDS sets their number
# (default: one for each, but 20 at least), SPINE_CRASH_SEED repeats a run's choices.

use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $seed = $ENV{SPINE_CRASH_SEED} || time;
my $writers = 4;
my $rounds_a_server = 4;
my $transactions = 20000;    # a round and writer: more than can be done
my @spines = ('s1', 's2', 's3');

note "seed $seed";
srand($seed);

# One of which the sources speak twice would be covered only once
my @points = sort map { slurp_file($_) =~ /\bstop_point\("(\w+)"\)/g } glob 'src/*/*.c';
cmp_ok(scalar(@points), '>', 0, 'there are stop points');
my %names = map { $_ => 1 } @points;
is(scalar(keys %names), scalar(@points), 'each has a name of its own');
my $rounds = $ENV{SPINE_CRASH_ROUNDS} || (@points > 20 ? @points : 20);

# What the referee knows.  A part's name is writer-transaction-length.
my %acknowledged;            # part => 1
my %where;                   # part => spines that it was to go to
my @order;                   # of each writer: parts, in order
my ($since, $churn);
my ($natives, $native_rows);    # numbers of rows in the native table: given out, acknowledged
my %offered;                 # spine and part => 1: its file is deleted
my $deleted = 0;             # on servers before this one
my $node;

# A new server, of which nothing is known: what the referee has to look through
# grows from round to round
sub start_over
{
	my ($name) = @_;

	if ($node)
	{
		$node->stop;
		$node->clean_node;
	}
	$deleted += keys %offered;
	%acknowledged = %where = %offered = ();
	@order = map { [] } 1 .. $writers;
	$since = $churn = $natives = $native_rows = 0;
	$node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', <<END);
dynamic_library_path = '$ENV{TESTDIR}:\$libdir'
restart_after_crash = on
shared_preload_libraries = 'spine'
max_prepared_transactions = 10
spine.max_request_parts = 1000000
spine.retry_delay = '10ms'
spine.max_attempts = 0
spine.merge_timeout = '2s'
spine.exert_delay = '100ms'
spine.naptime = '1s'
log_statement = none
END
	$node->start;
	$node->safe_psql('postgres', <<END);
CREATE EXTENSION spine;
CREATE SEQUENCE merge_name;
CREATE TABLE merged (name text, parts text[]);
CREATE TABLE appended (ticket bigint PRIMARY KEY, relation regclass, part text);
CREATE FUNCTION append(to_relation regclass, len bigint, part text) RETURNS void LANGUAGE sql SET search_path = public AS
	'INSERT INTO appended VALUES (spine_append_batch(\$1, \$2, ARRAY[\$3]), \$1, \$3)';
END
	$node->safe_psql('postgres', slurp_file('src/dev/stop_point.sql'));
	$node->safe_psql('postgres', q{SET allow_in_place_tablespaces = on; CREATE TABLESPACE elsewhere LOCATION ''});
	$node->safe_psql('postgres', 'CREATE TABLE native (i int, t text) USING spine');
	$node->safe_psql('postgres', q{SELECT spine_set_retention('native', '30 seconds')});
	$node->safe_psql('postgres', 'CREATE TABLE paired (i int, t text) USING spine; CREATE TABLE twin (i int, t text) USING heap');
	$node->safe_psql('postgres', slurp_file('src/dev/native_check.sql'));
	$node->safe_psql('postgres', "CREATE TABLE $_ (); SELECT spine_register('$_')")
	  for @spines;

	# s3 is merged by the server, as far as others are not faster; one time in three
	# that goes wrong, and what was written is gone again
	$node->safe_psql('postgres', <<'END');
CREATE FUNCTION merge_parts(r spine_merge_request) RETURNS spine_merge_output LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
	name text := 'f' || nextval('merge_name');
BEGIN
	INSERT INTO merged VALUES (name, r.parts);
	IF random() < 0.3 THEN
		RAISE EXCEPTION 'bad luck';
	END IF;
	RETURN (r.len, ARRAY[name], '{}'::int[]);
END $$;
SELECT spine_set_merge_function('s3', 'merge_parts(spine_merge_request)');
END
	return;
}

# One writer's script for one round
sub writer_script
{
	my ($writer) = @_;
	my $first = @{ $order[$writer] };
	my $script = '';

	for my $i ($first .. $first + $transactions - 1)
	{
		my $len = 1 + $i % 7;
		my $part = "w$writer-$i-$len";
		my ($a, $b) = sort((@spines[ rand @spines ], @spines[ rand @spines ]));
		my $kind = $i % 10;

		push @{ $order[$writer] }, $part;
		$where{$part} = [$a];
		if ($kind == 0)
		{
			# Nothing of it may ever be seen
			delete $where{$part};
			$script .= "BEGIN; SELECT spine_append('$a', $len, '{$part-rolled}'); ROLLBACK;\n";
		}
		elsif ($kind == 1 && $a ne $b)
		{
			# Two spines, both or none; with something undone in between
			$where{$part} = [ $a, $b ];
			$script .= "BEGIN; SELECT spine_append('$a', $len, '{$part}');\n"
			  . "SAVEPOINT x; SELECT spine_append('$a', $len, '{$part-rolled}'); ROLLBACK TO x;\n"
			  . "SELECT spine_append('$b', $len, '{$part}'); COMMIT;\n\\echo ack $part\n";
		}
		elsif ($kind == 2)
		{
			# Once prepared, it will be committed
			$script .= "BEGIN; SELECT spine_append('$a', $len, '{$part}');\n"
			  . "PREPARE TRANSACTION '$part';\n\\echo ack $part\nCOMMIT PREPARED '$part';\n";
		}
		elsif ($kind == 3 || $kind == 4)
		{
			# The worker is to give it a time
			$script .= "SELECT append('$a', $len, '$part');\n\\echo ack $part\n";
		}
		elsif ($kind == 5 && $a ne $b)
		{
			$where{$part} = [ $a, $b ];
			$script .= "BEGIN; SELECT append('$a', $len, '$part');\n"
			  . "SAVEPOINT x; SELECT append('$b', $len, '$part-rolled'); ROLLBACK TO x;\n"
			  . "SELECT append('$b', $len, '$part'); COMMIT;\n\\echo ack $part\n";
		}
		elsif ($kind == 6)
		{
			$script .= "BEGIN; SELECT append('$a', $len, '$part');\n"
			  . "PREPARE TRANSACTION '$part';\n\\echo ack $part\nCOMMIT PREPARED '$part';\n";
		}
		else
		{
			$script .= "SELECT spine_append('$a', $len, '{$part}');\n\\echo ack $part\n";
		}
	}
	return $script;
}

# Answers every request, claimed or not; advances since, and a hold before it.  A
# spine that goes might be gone before its unclaimed request is answered, which
# would end the session.
sub merger_script
{
	my $script = '';

	$script .= <<END for 1 .. $transactions / 20;
WITH c AS MATERIALIZED (SELECT 'm' || nextval('merge_name') AS name, * FROM spine_claim_merge('s1', max => 2, max_parts => 50)),
kept AS (INSERT INTO merged SELECT name, parts FROM c)
SELECT count(spine_complete_merge(claim, len, ARRAY[name])) FROM c;
SELECT 'm' || nextval('merge_name') AS name, coalesce(max(claim), 0) AS claim, coalesce(max(len), 0) AS len,
	coalesce(max(parts), '{}') AS parts FROM spine_claim_merge() \\gset
BEGIN;
INSERT INTO merged SELECT :'name', :'parts' WHERE :claim > 0;
SELECT spine_complete_merge(:claim, :len, ARRAY[:'name']) WHERE :claim > 0;
COMMIT;
WITH r AS MATERIALIZED (
	SELECT 'm' || nextval('merge_name') AS name, * FROM spine_merge_requests q
	WHERE state = 'open' AND q.relation IN ('s1'::regclass, 's2'::regclass) AND NOT EXISTS (SELECT FROM spine_merge_results p WHERE p.relation = q.relation
		AND p.applied_at IS NULL AND p.lower = q.lower AND p.upper = q.upper)),
kept AS (INSERT INTO merged SELECT name, parts FROM r)
SELECT count(spine_submit_merge(relation, lower, upper, since, len, ARRAY[name], inputs => parts)) FROM r;
SELECT spine_hold('s1', 'reader', spine_since('s1')::bigint + 1), spine_hold('s2', 'passing', 0);
SELECT spine_submit_merge('s2', 0, 1, 0, 1, ARRAY['refused' || nextval('merge_name')], inputs => '{none}');
SELECT spine_downgrade_since('s1', spine_since('s1')::bigint + 1);
SELECT spine_exert('s1', 50), spine_introduce_empty('s2', 1);
SELECT spine_set_physical_compaction('s3', spine_upper('s3'));
\\echo since
SELECT spine_release_hold('s2', 'passing');
SELECT pg_sleep(0.01);
END
	return $script;
}

# Deletes what is offered, and then says so
sub sweeper_script
{
	my $script = '';

	for (1 .. $transactions / 20)
	{
		for my $spine (@spines)
		{
			$script .= <<END;
SELECT coalesce(array_agg(id), '{}') AS ids, coalesce(string_agg(part, ' '), '') AS parts
FROM spine_collect_garbage('$spine', '0 s', 100) \\gset
\\echo offered $spine :parts
SELECT spine_forget_garbage(:'ids');
END
		}
	}
	return $script;
}

# Spines that come, are truncated, and go; and something to adopt
sub churn_script
{
	my $script = '';

	for (1 .. $transactions / 20)
	{
		my $old = $churn++;
		$script .= <<END;
BEGIN; CREATE TABLE churn_$churn (); SELECT spine_register('churn_$churn');
SELECT spine_set_merge_function('churn_$churn', 'merge_parts(spine_merge_request)');
SELECT spine_append('churn_$churn', 1, ARRAY['c' || i]) FROM generate_series(1, 5) i;
SELECT spine_hold('churn_$churn', 'a', 0); COMMIT;
BEGIN; SELECT spine_append_batch('churn_$churn', 1, '{late}'); TRUNCATE churn_$churn; COMMIT;
SELECT spine_hold('churn_$churn', 'b', 0);
SELECT spine_append('churn_$churn', 1, ARRAY['d' || i]) FROM generate_series(1, 3) i;
BEGIN; CREATE TABLE churn_copy_$churn (); SELECT spine_register('churn_copy_$churn');
SELECT spine_unflatten('churn_copy_$churn', spine_flatten('churn_$churn')); COMMIT;
SELECT spine_rebuild('churn_$churn');
DROP TABLE IF EXISTS churn_copy_$old;
DROP TABLE IF EXISTS churn_$old;
BEGIN; INSERT INTO spine_home VALUES (1, 1); SELECT spine_adopt(); COMMIT;
END
	}
	return $script;
}

# Rows that go into runs, while these are merged, and tables with runs that are
# written anew, emptied, moved and dropped, and some of which nobody was told
sub native_script
{
	my $script = "DROP TABLE IF EXISTS native_churn;\n";

	for (1 .. $transactions / 20)
	{
		$natives++;

		# These two get the same rows, or neither gets them
		my $both = join ' ', map { "INSERT INTO $_ SELECT $natives, md5(i::text) FROM generate_series(1, 50) i;" } 'paired', 'twin';
		$script .= <<END;
INSERT INTO native SELECT $natives, repeat('x', i) FROM generate_series(1, 100) i;
\\echo row $natives
SELECT spine_absorb('native');
BEGIN; $both SAVEPOINT x; $both SELECT spine_absorb('paired'); ROLLBACK TO x; COMMIT;
BEGIN; $both SELECT spine_absorb('paired'); PREPARE TRANSACTION 'paired$natives';
COMMIT PREPARED 'paired$natives';
SELECT spine_force_compaction('paired');
BEGIN; CREATE TABLE native_churn (i int) USING spine;
INSERT INTO native_churn VALUES (1); SELECT spine_absorb('native_churn'); COMMIT;
ALTER TABLE native_churn ADD later int DEFAULT 1;
VACUUM native_churn;
VACUUM FULL native_churn;
ALTER TABLE native_churn SET TABLESPACE elsewhere;
TRUNCATE native_churn;
SELECT spine_set_order('native_churn', '{i}');
SELECT spine_set_retention('native_churn', '0');
INSERT INTO native_churn VALUES (2); SELECT spine_absorb('native_churn');
INSERT INTO native_churn VALUES (3); SELECT spine_compact('native_churn');
ALTER TABLE native_churn ALTER COLUMN i TYPE bigint;
SELECT spine_absorb('native_churn');
INSERT INTO spine_file SELECT 0, n, n, 1 FROM generate_series(1, 9) n ON CONFLICT DO NOTHING;
DROP TABLE native_churn;
END
	}
	return $script;
}

sub start_session
{
	my ($name, $script) = @_;
	my $base = "${PostgreSQL::Test::Utils::tmp_check}/crash_$name";
	my %session = (out => "$base.out");

	unlink $session{out};
	append_to_file("$base.sql", '');
	open my $file, '>', "$base.sql" or die "$base.sql: $!";
	print $file $script;
	close $file;
	$session{handle} = start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$base.sql" ],
		'>', $session{out}, '2>', "$base.err");
	return \%session;
}

# Kills the server and all its children at once, as a crash would
sub crash
{
	my $pid = $node->{_pid};
	my @children;

	for my $stat (glob '/proc/[0-9]*/stat')
	{
		open my $file, '<', $stat or next;
		my $line = <$file>;
		push @children, $1 if defined $line && $line =~ /^(\d+) \(.*\) \S $pid /;
	}
	$node->kill9;
	kill 'KILL', @children;
	for (1 .. 1000)
	{
		last unless grep { -e "/proc/$_" } @children;
		sleep 0.01;
	}
	return;
}

# Reads what was acknowledged, and what was deleted; returns what each writer was about to do
sub read_logs
{
	my (@sessions) = @_;
	my %on_its_way;

	for (slurp_file($sessions[-1]{out}) =~ /^offered (.*)$/mg)
	{
		my ($spine, @parts) = split / /;

		$offered{"$spine $_"} = 1 for @parts;
	}
	for my $writer (0 .. $writers - 1)
	{
		my @done = slurp_file($sessions[$writer]{out}) =~ /^ack (\S+)$/mg;
		my $next = 0;

		$acknowledged{$_} = 1 for @done;
		my %place = map { $order[$writer][$_] => $_ } 0 .. $#{ $order[$writer] };
		$next = $place{ $done[-1] } + 1 if @done;
		$next = $sessions[$writer]{first} unless @done;

		# The rest were never begun, but for the next one that commits
		$next++ while $next < @{ $order[$writer] } && !$where{ $order[$writer][$next] };
		$on_its_way{ $order[$writer][$next] } = 1;
		$#{ $order[$writer] } = $next;
		note "writer $writer: " . @done . " commits";
	}
	return %on_its_way;
}

# What each writer has left in the inbox, and noted there beside it, must be
# answered once, with ascending times in each spine, and the time that the spine
# has it at
sub inbox_order
{
	my (%last, $bad);

	$bad = $node->safe_psql('postgres', q{
		SELECT ticket, relation, error FROM spine_inbox
		WHERE relation IN ('s1'::regclass, 's2'::regclass, 's3'::regclass) AND (error IS NOT NULL OR lower IS NULL)
		UNION ALL SELECT ticket, relation, 'is answered twice, or without having been asked for' FROM spine_inbox FULL JOIN appended a USING (ticket, relation)
			WHERE relation IN ('s1'::regclass, 's2'::regclass, 's3'::regclass) GROUP BY ticket, relation HAVING count(a.part) <> 1
		UNION ALL SELECT ticket, relation, 'is not answered' FROM appended WHERE ticket NOT IN (SELECT ticket FROM spine_inbox)
		UNION ALL SELECT ticket, relation, 'is not found' FROM appended JOIN spine_inbox i USING (ticket, relation)
			WHERE spine_wait_append(ticket, '0') IS DISTINCT FROM i.lower
		UNION ALL SELECT a.ticket, a.relation, 'is not where it should be' FROM spine_inbox i JOIN appended a USING (ticket, relation)
			JOIN spine_batch b ON b.relation = i.relation AND b.lower = i.lower AND b.upper::bigint = i.lower::bigint + 1
			WHERE b.parts <> ARRAY[a.part] AND b.parts[1] !~ '^m'});
	for (split /\n/, $node->safe_psql('postgres', q{
		SELECT relation, part, lower::bigint FROM spine_inbox JOIN appended USING (ticket, relation)
		ORDER BY split_part(part, '-', 2)::int}))
	{
		my ($spine, $part, $lower) = split /\|/;
		my ($writer) = $part =~ /^(w\d+)-/;

		$bad .= "$part is too early in $spine; " if $lower <= ($last{"$writer $spine"} // -1);
		$last{"$writer $spine"} = $lower;
	}
	return $bad;
}

# Mergers go on by themselves, and nothing may move while it is looked at
sub let_merge
{
	my ($mergers) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET spine.max_mergers = $mergers");
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	return if $mergers > 0;
	$node->poll_query_until('postgres',
		"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'spine merger')")
	  or die 'a merger stays';
	return;
}

sub check_round
{
	my ($round, $on_its_way) = @_;
	my (%seen, %merged, $bad);

	$node->safe_psql('postgres', "COMMIT PREPARED '$_'")
	  for split /\n/, $node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts');

	ok($node->poll_query_until('postgres',
			'SELECT NOT EXISTS (SELECT FROM spine_merge_results WHERE applied_at IS NULL)'),
		"round $round: the worker applies what was queued");
	is($node->safe_psql('postgres', q{
			SELECT count(*) FILTER (WHERE outcome IS NULL),
				count(*) FILTER (WHERE outcome = 'applied_exact') > 0 FROM spine_merge_results
			WHERE relation IN ('s1'::regclass, 's2'::regclass, 's3'::regclass)}),
		'0|t', "round $round: results were applied, none with an error");

	ok($node->poll_query_until('postgres',
			'SELECT NOT EXISTS (SELECT FROM spine_inbox WHERE sequenced_at IS NULL)'),
		"round $round: the worker empties the inbox");
	is(inbox_order(), '', "round $round: each writer's batches are in its order");

	# Some of these compare tables with each other without spine's functions
	is($node->safe_psql('postgres', 'SELECT DISTINCT spine_validate(relation) FROM spine_traces'),
		'ok', "round $round: every spine is valid");
	is($node->safe_psql('postgres', q{
			SELECT relation, id_lo, lower, upper FROM (
				SELECT relation, id_lo, lower, upper,
					lag(upper, 1, 0::spine_frontier) OVER w AS lower_expected,
					lag(id_hi, 1, 0::bigint) OVER w AS id_expected
				FROM spine_batch WINDOW w AS (PARTITION BY relation ORDER BY id_lo)) b
			WHERE lower <> lower_expected OR id_lo <> id_expected}),
		'', "round $round: bounds and ids line up");
	is($node->safe_psql('postgres', q{
			SELECT relation FROM spine_traces t WHERE (SELECT upper FROM spine_batch b
				WHERE b.relation = t.relation ORDER BY id_lo DESC LIMIT 1) <> upper
			UNION SELECT relation FROM spine_trace WHERE relation NOT IN (SELECT oid FROM pg_class)
			UNION SELECT relation FROM spine_batch WHERE relation NOT IN (SELECT relation FROM spine_trace)}),
		'', "round $round: traces, batches and relations belong together");

	is($node->safe_psql('postgres', q{
			SELECT count(*) FILTER (WHERE t.since <= h.since) > 0, count(*) FILTER (WHERE t.since <= h.since) - count(*)
			FROM spine_reader_hold h LEFT JOIN spine_traces t USING (relation)}),
		't|0', "round $round: each hold is on a spine that has not passed it");

	# Follow the merged parts back to what was pushed
	for (split /\n/, $node->safe_psql('postgres', q{SELECT name, array_to_string(parts, ' ') FROM merged}))
	{
		my ($name, $parts) = split /\|/;
		$merged{$name} = [ split / /, $parts ];
	}
	$bad = '';
	for my $spine (@spines)
	{
		my @parts = split /\n/,
		  $node->safe_psql('postgres', "SELECT unnest(parts) FROM spine_batches WHERE relation = '$spine'::regclass");
		my %all = map { $_ => 1 } @parts;
		my ($sum, $count) = (0, 0);

		for (split /\n/, $node->safe_psql('postgres', "SELECT part FROM spine_garbage WHERE relation = '$spine'::regclass"))
		{
			$bad .= "$_ is garbage twice, or while in $spine; " if $all{$_}++;
		}
		for (@parts)
		{
			$bad .= "$_ is in $spine, but its file is deleted; " if $offered{"$spine $_"};
		}
		$all{$_} = 1 for map { /^$spine (.*)/ } keys %offered;
		while (defined(my $part = shift @parts))
		{
			$bad .= "$part was never in $spine; " unless $all{$part};
			if ($merged{$part})
			{
				push @parts, @{ $merged{$part} };
				next;
			}
			$bad .= "$part is twice in $spine; " if $seen{"$spine $part"}++;
			$sum += $1 if $part =~ /-(\d+)$/;
			$count++;
		}
		is($node->safe_psql('postgres', "SELECT upper::bigint, updates FROM spine_traces WHERE relation = '$spine'::regclass"),
			"$count|$sum", "round $round: $spine has a time for each batch, and no update too many");
	}

	for my $part (keys %acknowledged)
	{
		$bad .= "$part is not in $_ though committed; " for grep { !$seen{"$_ $part"} } @{ $where{$part} };
	}
	for (keys %seen)
	{
		my ($spine, $part) = split / /;
		my $expected = $where{$part} && grep { $_ eq $spine } @{ $where{$part} };

		$bad .= "$part is in $spine though not committed; "
		  unless $expected && ($acknowledged{$part} || $on_its_way->{$part});

		# If it was committed after all, in all its spines; from now on it counts
		next unless $expected;
		$bad .= "$part is not in all its spines; " if grep { !$seen{"$_ $part"} } @{ $where{$part} };
		$acknowledged{$part} = 1;
	}
	is($bad, '', "round $round: what was committed is there, and nothing else");

	# A native table's rows, in runs or not; numbers of what was not done are used again
	my $native = $node->safe_psql('postgres', 'SELECT count(DISTINCT i) FROM native');
	is($node->safe_psql('postgres', q{
			SELECT i, count(*), sum(length(t)) FROM native GROUP BY i HAVING count(*) <> 100 OR sum(length(t)) <> 5050}),
		'', "round $round: what was inserted into a native table is there once");
	is($node->safe_psql('postgres', '(TABLE paired EXCEPT ALL TABLE twin) UNION ALL (TABLE twin EXCEPT ALL TABLE paired)'),
		'', "round $round: a native table and a heap table, written by the same transactions, have the same rows");
	is($node->safe_psql('postgres', 'SELECT spine_native_check()'), '', "round $round: spines, runs and files belong together");
	is($node->safe_psql('postgres', q{
			SELECT tick, i, count(*) FROM (SELECT tick FROM spine_ticks WHERE relation = 'native'::regclass ORDER BY random() LIMIT 3) x,
				LATERAL spine_as_of(NULL::native, tick) GROUP BY tick, i HAVING count(*) <> 100}),
		'', "round $round: no tick shows half of what was inserted together");
	cmp_ok($native, '>=', $native_rows, "round $round: no row that was committed is lost");
	cmp_ok($native, '<=', $native_rows + 1, "round $round: and there is none that was not");
	is($node->safe_psql('postgres', q{
			SELECT relation, runs FROM spine_file f WHERE filenode > 9 AND
				(NOT EXISTS (SELECT FROM pg_class WHERE oid = f.relation AND reltablespace = f.tablespace AND relfilenode = f.filenode)
				OR NOT EXISTS (SELECT FROM pg_class WHERE oid = f.runs))
			UNION ALL SELECT oid, NULL FROM pg_class WHERE relname ~ '^spine_runs_' AND relkind = 'r'
				AND oid NOT IN (SELECT runs FROM spine_file)}),
		'', "round $round: files, tables and companions belong together");
	$native_rows = $natives = $native;

	my $now = $node->safe_psql('postgres', "SELECT spine_since('s1')::bigint");
	cmp_ok($now, '>=', $since, "round $round: since did not fall back");
	cmp_ok($now, '<=', $since + 1, "round $round: since did not run ahead");
	$since = $now;
	return;
}

# Arms a stop point; returns the process that has come to it
sub wait_at
{
	my ($point) = @_;
	my $pid;

	$node->safe_psql('postgres', "SELECT spine_stop_at('$point', " . int(rand 5) . ')');
	for (1 .. 3600)
	{
		$pid = $node->safe_psql('postgres', 'SELECT spine_stopped()');
		last if $pid;
		sleep 0.05;
	}
	return $pid;
}

my @ways = ('it is killed', 'all processes are killed', 'immediate shutdown');

for my $round (1 .. $rounds)
{
	# Over the rounds each point meets each way
	start_over("crash$round") if $round % $rounds_a_server == 1;

	my $point = $points[ ($round - 1) % @points ];
	my $way = $ways[ ($round + int(($round - 1) / @points)) % @ways ];
	my @sessions;

	for my $writer (0 .. $writers - 1)
	{
		my $first = @{ $order[$writer] };

		push @sessions, start_session("writer$writer", writer_script($writer));
		$sessions[-1]{first} = $first;
	}
	push @sessions, start_session('merger', merger_script()), start_session('churn', churn_script()),
	  start_session('native', native_script()),
	  start_session('sweeper', sweeper_script());
	sleep(0.5 + rand 1);

	my $pid = wait_at($point);
	ok($pid, "round $round: a process at $point; $way");
	if ($way eq 'it is killed')
	{
		# The server then ends all others and starts again by itself
		kill 'KILL', $pid if $pid;
	}
	elsif ($way eq 'all processes are killed')
	{
		crash();
	}
	else
	{
		$node->stop('immediate');
	}
	$_->{handle}->finish for @sessions;
	my %on_its_way = read_logs(@sessions);
	my @since = slurp_file($sessions[$writers]{out}) =~ /^since$/mg;
	$since += @since;
	cmp_ok(scalar(@since), '>', 0, "round $round: there was something going on");
	my @rows = slurp_file($sessions[ $writers + 2 ]{out}) =~ /^row (\d+)$/mg;
	$native_rows += @rows;
	note scalar(keys %offered) . ' parts were deleted';

	$node->start if $way ne 'it is killed';
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server is not back';
	let_merge(0);
	check_round($round, \%on_its_way);
	let_merge(2);
}

cmp_ok($deleted + keys %offered, '>', 0, 'parts were deleted');

$node->stop;
done_testing();
