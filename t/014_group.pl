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
	ok($node->safe_psql('postgres',
			"SELECT sum(spine_zone_check(rel, first, rows, zone)) FROM groups WHERE rel = '$table'::regclass") ne '',
		"$table: zones");
}

done_testing();
