-- group_test.sql: row groups without the tables that are made of them, in a
-- server whose library was built with STOP_POINTS=1.  Not part of the extension,
-- and never installed.

-- The rows of a table in groups, which have as many rows as sizes says, again and
-- again, or fewer where a group is full before.
CREATE FUNCTION spine_group_write(rel regclass, sizes integer[])
RETURNS TABLE (first bigint, rows integer, data bytea, zone bytea)
LANGUAGE c STRICT AS 'spine', 'spine_group_write';

-- Compares the columns of a group (null: all) with the table's rows from first on.
-- Returns how many values; any difference is an error.
CREATE FUNCTION spine_group_check(rel regclass, first bigint, data bytea, columns integer[])
RETURNS bigint LANGUAGE c AS 'spine', 'spine_group_check';

-- Compares the zone of so many rows with these, by the types' own comparison.
-- Returns for how many columns least and greatest are known.
CREATE FUNCTION spine_zone_check(rel regclass, first bigint, rows integer, zone bytea)
RETURNS integer LANGUAGE c STRICT AS 'spine', 'spine_zone_check';

-- Changes one bit in each of the bytes, one after the other, and reads the group.
-- Returns how often it was found to be corrupted; read without an error and
-- different from the table's rows is an error.  Sealed: the checksums are made to
-- fit each time, and whatever is read will do.
CREATE FUNCTION spine_group_flip(rel regclass, first bigint, data bytea, sealed boolean)
RETURNS integer LANGUAGE c STRICT AS 'spine', 'spine_group_flip';

-- Writes the columns of the first rows of a table as chunks, and reads them with
-- some bytes changed at random, which no checksum tells then.  What is
-- read may be wrong, but has to be within the chunk.  Returns how often it was
-- found to be corrupted.
CREATE FUNCTION spine_chunk_fuzz(rel regclass, rows integer, rounds integer)
RETURNS integer LANGUAGE c STRICT AS 'spine', 'spine_chunk_fuzz';

-- What the rows of a table take in groups, and how long it takes to write them and
-- to read the columns (null: all).
CREATE FUNCTION spine_group_time(rel regclass, rounds integer, columns integer[],
	OUT rows bigint, OUT bytes bigint, OUT write_ns float8, OUT read_ns float8)
LANGUAGE c AS 'spine', 'spine_group_time';
