-- The catalog: the spine of the table "lake", and what the programs of this
-- example keep beside it. The table itself stays empty, its parts are files.
CREATE EXTENSION IF NOT EXISTS spine;
CREATE TABLE lake ();
SELECT spine_register('lake');

-- How far each writer has come in its input. A row moves in the transaction that
-- appends what was read up to there; so nothing is appended twice, or left out.
CREATE TABLE lake_position (
	writer		integer PRIMARY KEY,
	commit_no	bigint NOT NULL DEFAULT 0
);

-- Files that are being written, and that the spine does not know yet (lib/files.js).
CREATE TABLE lake_announced (
	file		text PRIMARY KEY,
	announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	doomed_at	timestamptz
);

-- When the writers begin, and how long the log is to last.
CREATE TABLE lake_pace (
	begins		timestamptz NOT NULL,
	seconds		double precision NOT NULL
);

-- What was appended and merged. The readers check their answers against the one,
-- the report at the end counts both; a lake of yours needs neither.
CREATE TABLE lake_batch (
	ticket		bigint PRIMARY KEY,
	file		text NOT NULL UNIQUE,
	updates		bigint NOT NULL,
	bytes		bigint NOT NULL,
	total		numeric NOT NULL,
	checksum	numeric NOT NULL
);
CREATE TABLE lake_merge (
	claim		bigint PRIMARY KEY,
	inputs		integer NOT NULL,
	updates		bigint NOT NULL,
	bytes		bigint NOT NULL
);
