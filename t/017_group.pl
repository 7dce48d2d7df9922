# Row groups, without the tables that are made of them: what is written is read
# again, whatever the types; what was changed on disk is found out.  Needs a
# library built with STOP_POINTS=1 in the current folder.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('group');
$node->init;
$node->append_conf('postgresql.conf', <<END);
dynamic_library_path = '$ENV{TESTDIR}:\$libdir'
shared_preload_libraries = 'spine'
END
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spine');
$node->safe_psql('postgres', slurp_file('src/dev/group_test.sql'));

# Tables of all kinds of values: random ones, and such as each encoding is for
$node->safe_psql('postgres', <<'END');
SELECT setseed(0.5);
CREATE TYPE color AS ENUM ('red', 'green', 'blue');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN even AS bigint CHECK (VALUE % 2 = 0);
-- A random number of so many bits, with a sign
CREATE FUNCTION bits(n integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT (random() * 2 ^ (random() * n))::bigint * (CASE WHEN random() < 0.5 THEN 1 ELSE -1 END) $$;
CREATE FUNCTION word(n integer) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT left(repeat(md5(random()::text), n / 32 + 1), (random() * n)::integer) $$;
-- One of a few
CREATE FUNCTION few(n integer) RETURNS integer LANGUAGE sql VOLATILE AS $$
	SELECT (random() * n)::integer $$;

CREATE TABLE numbers AS SELECT
	i::smallint AS rising2, i AS rising4, i::bigint * 1000000 AS rising8,
	bits(14)::smallint AS random2, bits(30)::integer AS random4, bits(62) AS random8,
	CASE few(6) WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity'
		ELSE random() - 0.5 END::float8 AS float8,
	CASE few(6) WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' WHEN 2 THEN '-Infinity' ELSE random() * 1e10 END::float4 AS float4,
	(few(100) * 0.25)::float8 AS quarters,
	few(1) = 1 AS boolean, chr(1 + few(126))::"char" AS "char", (bits(31)::bigint & 4294967295)::oid AS oid,
	'red'::color AS color, few(20) * 10000000000000::bigint AS sparse, 7 AS same,
	CASE i % 3 WHEN 0 THEN 32767 WHEN 1 THEN -32768 ELSE 0 END::smallint AS extreme2,
	CASE i % 3 WHEN 0 THEN 2147483647 WHEN 1 THEN -2147483648 ELSE 0 END AS extreme4,
	CASE i % 3 WHEN 0 THEN 9223372036854775807 WHEN 1 THEN -9223372036854775808 ELSE 0 END AS extreme8,
	(few(1000) * 2)::even AS domain, few(10000)::numeric / 100 AS money_like
	FROM generate_series(1, 20000) i;
CREATE TABLE times AS SELECT
	date '2020-01-01' + few(1000) AS date, time '00:00' + few(86399) * interval '1 s' AS time,
	timetz '00:00+01' + few(86399) * interval '1 s' AS timetz,
	timestamp '2020-01-01' + i * interval '1 ms' AS timestamp,
	timestamptz '2020-01-01' + (i / 7) * interval '1 day' AS timestamptz,
	CASE few(9) WHEN 0 THEN 'infinity' ELSE timestamp '2020-01-01' + random() * interval '1 year' END AS infinite,
	make_interval(months => few(30), days => few(30), secs => random() * 1000) AS interval,
	'0/0'::pg_lsn + few(1000000) AS lsn, few(1000)::money AS money
	FROM generate_series(1, 12000) i;
CREATE TABLE texts AS SELECT
	word(20) AS short, word(300) AS middle, few(40) || ' of a few' AS few, repeat('x', few(200)) AS same,
	(few(100) || 'name')::name AS name, word(5)::char(10) AS char, word(100)::varchar AS varchar,
	decode(md5(i::text), 'hex') AS bytea, gen_random_uuid() AS uuid, few(100000)::bit(17) AS bit,
	few(100000)::bit(20)::varbit AS varbit, ('10.0.' || few(255) || '.' || few(255))::inet AS inet,
	'' AS empty, CASE few(1) WHEN 0 THEN '' ELSE 'a' END AS nearly
	FROM generate_series(1, 10000) i;
CREATE TABLE compounds AS SELECT
	ARRAY[i, few(10), NULL] AS ints, ARRAY[word(10), NULL, word(200)] AS texts, ARRAY[random(), i] AS floats,
	'{}'::bigint[] AS none, ROW(i, word(10))::pair AS pair, ARRAY[ROW(i, NULL)::pair] AS pairs,
	int4range(i, i + few(100)) AS int4range, tsrange(timestamp '2020-01-01', timestamp '2020-01-01' + i * interval '1 h') AS tsrange,
	int8multirange(int8range(i, i + 2), int8range(i + 5, i + 9)) AS multirange,
	jsonb_build_object('a', i, 'b', word(50)) AS jsonb, ('{"a": ' || i || '}')::json AS json,
	point(random(), i) AS point, box(point(0, 0), point(i, i)) AS box, circle(point(i, 0), random()) AS circle,
	path(polygon(box(point(0, 0), point(i, i)))) AS path, to_tsvector('simple', word(40)) AS tsvector,
	few(1000)::text::xid8 AS xid8, '08:00:2b:01:02:03'::macaddr AS macaddr, '(0,1)'::tid AS tid,
	'1 2 3'::int2vector AS int2vector, (random() * 10 ^ few(30))::numeric(1000, 5) AS numeric
	FROM generate_series(1, 6000) i;
CREATE TABLE large AS SELECT i, CASE i % 5 WHEN 0 THEN word(1000000) WHEN 1 THEN repeat('y', few(1000000)) ELSE word(5000) END AS text,
	decode(repeat(md5(i::text), few(3000)), 'hex') AS bytea FROM generate_series(1, 60) i;
ALTER TABLE texts ALTER short SET STORAGE PLAIN;
UPDATE texts SET short = short || 'p';
ALTER TABLE texts ALTER char SET STORAGE EXTERNAL;
CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 100);
END

my @tables = qw(numbers times texts compounds large nothing);

# The same with nulls: some, nearly all, and all in a row
$node->safe_psql('postgres', <<'END');
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{numbers,times,texts,compounds,large}'::text[] LOOP
		EXECUTE (SELECT format('CREATE TABLE %s AS SELECT %s FROM (SELECT row_number() OVER () AS n_, * FROM %s) t',
				name || '_nulls',
				string_agg(format('CASE WHEN %s THEN %I END AS %I',
						CASE attnum % 4 WHEN 0 THEN 'random() < 0.5' WHEN 1 THEN 'random() < 0.01'
							WHEN 2 THEN 'random() < 0.999' ELSE 'n_ > 1000' END, attname, attname), ', ' ORDER BY attnum),
				name)
			FROM pg_attribute WHERE attrelid = name::regclass AND attnum > 0);
	END LOOP;
END $$;
CREATE TABLE groups (rel regclass, first bigint, rows integer, data bytea, zone bytea);
ALTER TABLE groups ALTER data SET STORAGE EXTERNAL;
END
push @tables, map { "${_}_nulls" } qw(numbers times texts compounds large);

# The groups of a table in the form that it has just now
sub write_groups
{
	my ($table, $sizes) = @_;

	$node->safe_psql('postgres', "DELETE FROM groups WHERE rel = '$table'::regclass;
		INSERT INTO groups SELECT '$table', g.* FROM spine_group_write('$table', '{$sizes}') g");
	return;
}

# How many values of these columns are as they should be
sub check
{
	my ($table, $columns) = @_;

	return $node->safe_psql('postgres',
		"SELECT sum(spine_group_check(rel, first, data, $columns)) FROM groups WHERE rel = '$table'::regclass");
}

foreach my $table (@tables)
{
	my $columns = $node->safe_psql('postgres', "SELECT relnatts FROM pg_class WHERE oid = '$table'::regclass");
	my $rows = $node->safe_psql('postgres', "SELECT count(*) FROM $table");
	my $subset = join ',', grep { $_ % 5 == 2 } 1 .. $columns;

	write_groups($table, $rows > 1000 ? '8192,1,2,3,1000,8191,7,64,4096' : '1,2,17,8192');
	is(check($table, 'NULL'), $columns * $rows, "$table: all columns");
	foreach my $wanted ('1', "$columns", $subset, join(',', 1 .. $columns))
	{
		my $count = () = $wanted =~ /\d+/g;

		next if $columns == 0 || $count == 0;
		is(check($table, "'{$wanted}'"), $count * $rows, "$table: columns $wanted");
	}
}

# Digits have no repetitions to find, but few different bytes
$node->safe_psql('postgres', <<'END');
CREATE TABLE digits AS SELECT md5(i::text) AS text FROM generate_series(1, 8192) i;
END
push @tables, 'digits';
write_groups('digits', '8192');
is(check('digits', 'NULL'), 8192, 'digits');
is($node->safe_psql('postgres', q{SELECT sum(length(data)) < 8192 * 32 * 0.6 FROM groups WHERE rel = 'digits'::regclass}),
	check_pg_config('#define USE_ZSTD 1') ? 't' : 'f', 'they take half their room where the server has zstd');

# ----------------------------------------------------------------------
# Zones: all are compared; and how many columns have one in the first group

sub zones
{
	my ($table) = @_;

	return $node->safe_psql('postgres', "SELECT (array_agg(known ORDER BY first))[1] FROM
		(SELECT first, spine_zone_check(rel, first, rows, zone) AS known FROM groups WHERE rel = '$table'::regclass) z");
}

is(zones('numbers'), 20, 'zones of numbers');
is(zones('numbers_nulls'), 20, 'zones of numbers and nulls');
is(zones('times'), 9, 'zones of times');
is(zones('texts'), 11, 'zones of texts');
is(zones('texts_nulls'), 11, 'zones of texts and nulls');
is(zones('compounds'), 5, 'zones of what has an order and is short among the others');
is(zones('large'), 1, 'zones of large values');

# An order that has become another one, without a rewrite
$node->safe_psql('postgres', q{ALTER TABLE texts ALTER short TYPE text COLLATE "C", ALTER char TYPE char(10) COLLATE "C"});
is(check('texts', 'NULL'), 140000, 'values of another collation');
is(zones('texts'), 9, 'zones of another collation');

# ----------------------------------------------------------------------
# Columns that come and go

$node->safe_psql('postgres', <<'END');
ALTER TABLE numbers ADD added integer DEFAULT 5, ADD text text DEFAULT repeat('added ', 100),
	ADD nothing text, ADD uuid uuid DEFAULT 'c0ffee00-0000-0000-0000-000000000000', DROP rising4;
END
is(check('numbers', 'NULL'), 24 * 20000, 'columns that were added and dropped');
is(check('numbers', "'{2,21,22,23,24}'"), 5 * 20000, 'only these');
is(check('numbers', "'{20,21}'"), 2 * 20000, 'one of these');
is(zones('numbers'), 19, 'zones of columns that were there');
write_groups('numbers', '8192,100');
is(check('numbers', 'NULL'), 24 * 20000, 'written again');
is(zones('numbers'), 21, 'and so are their zones');

# ----------------------------------------------------------------------
# Corruption

foreach my $table (@tables)
{
	my ($sizes, $least) = $table =~ /^large/ ? ('1', 0.9) : ('60', 0.8);

	write_groups($table, $sizes);
	my $one = "FROM (SELECT * FROM groups WHERE rel = '$table'::regclass AND length(data) < 50000 AND rows > 0 ORDER BY first LIMIT 1) g";
	my $flips = $node->safe_psql('postgres', "SELECT spine_group_flip(rel, first, data, false)::numeric / length(data) $one");

	cmp_ok($flips, '>', $least, "$table: each byte");
	cmp_ok($node->safe_psql('postgres', "SELECT spine_group_flip(rel, first, data, true) $one"), '>', 10,
		"$table: each byte, with right checksums");
	is($node->safe_psql('postgres', "SELECT spine_chunk_fuzz('$table', 300, 300) > 0"),
		$table eq 'nothing' ? 'f' : 't', "$table: chunks of anything");
}

# What is none of ours, or of a later version
sub refusal
{
	my ($data) = @_;
	my ($result, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose
		SELECT spine_group_check(rel, first, $data, NULL) FROM groups WHERE rel = 'numbers'::regclass AND first = 0");

	return $err =~ /ERROR:  XX001: row group is corrupted\nDETAIL:  (.*)/ ? $1 : $err;
}
is(refusal(q{''}), 'It is shorter than its header.', 'nothing');
is(refusal(q{'hello, world; how are you?'}), 'It is none of ours.', 'anything');
is(refusal('set_byte(data, 4, 2)'), 'It has format 2; 1 was expected.', 'of a later version');
is(refusal('substr(data, 1, length(data) - 8)'), 'It is of another size.', 'without its end');
is(refusal(q{data || '\x00'}), 'It is of another size.', 'and more');

# ----------------------------------------------------------------------
# What is very large

$node->safe_psql('postgres', <<'END');
CREATE TABLE huge (i integer, noise bytea, same text, after integer);
ALTER TABLE huge ALTER noise SET STORAGE EXTERNAL;
INSERT INTO huge SELECT 1, (SELECT decode(repeat(encode(string_agg(sha512(n::text::bytea), ''), 'hex'), 100), 'hex') FROM generate_series(1, 16000) n), repeat('z', 100000000), 2;
INSERT INTO huge SELECT 2, NULL, repeat('a', 100000000), 3;
CREATE TABLE too_large AS SELECT same AS a, same AS b, same AS c, same AS d, same AS e,
	same AS f, same AS g, same AS h, same AS i, same AS j FROM huge WHERE i = 2;
END
write_groups('huge', '8192');
is($node->safe_psql('postgres', q{SELECT count(*) FROM groups WHERE rel = 'huge'::regclass AND rows = 1}), 2,
	'a group is closed behind a large row');
is(check('huge', 'NULL'), 8, 'values of 100 MB');
is(check('huge', "'{1,4}'"), 4, 'what is beside them');
my ($result, $out, $err) = $node->psql('postgres', q{SELECT count(*) FROM spine_group_write('too_large', '{1}')});
like($err, qr/ERROR:  row is too big for a row group\nDETAIL:  Its values take 1000000120 bytes uncompressed; 943718400 are possible\./,
	'a row that is too large');

done_testing();
