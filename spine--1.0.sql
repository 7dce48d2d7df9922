/* spine--1.0.sql: what CREATE EXTENSION spine makes. */

\echo Use "CREATE EXTENSION spine" to load this file. \quit

-- Frontiers ------------------------------------------------------------------

CREATE TYPE spine_frontier;

CREATE FUNCTION spine_frontier_in(cstring) RETURNS spine_frontier
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spine_frontier_out(spine_frontier) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spine_frontier_recv(internal) RETURNS spine_frontier
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spine_frontier_send(spine_frontier) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier_in(cstring) IS 'I/O';
COMMENT ON FUNCTION spine_frontier_out(spine_frontier) IS 'I/O';
COMMENT ON FUNCTION spine_frontier_recv(internal) IS 'I/O';
COMMENT ON FUNCTION spine_frontier_send(spine_frontier) IS 'I/O';

CREATE TYPE spine_frontier (
	INPUT = spine_frontier_in,
	OUTPUT = spine_frontier_out,
	RECEIVE = spine_frontier_recv,
	SEND = spine_frontier_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE spine_frontier IS
	'antichain of times: [5], or [] for the end of time';

CREATE FUNCTION spine_frontier(integer) RETURNS spine_frontier
	AS 'MODULE_PATHNAME', 'spine_frontier_from_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spine_frontier(bigint) RETURNS spine_frontier
	AS 'MODULE_PATHNAME', 'spine_frontier_from_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spine_frontier_int8(spine_frontier) RETURNS bigint
	AS 'MODULE_PATHNAME', 'spine_frontier_to_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier(integer) IS 'the frontier with this one time';
COMMENT ON FUNCTION spine_frontier(bigint) IS 'the frontier with this one time';
COMMENT ON FUNCTION spine_frontier_int8(spine_frontier) IS 'the time of a frontier that has only one';

CREATE CAST (integer AS spine_frontier) WITH FUNCTION spine_frontier(integer) AS IMPLICIT;
CREATE CAST (bigint AS spine_frontier) WITH FUNCTION spine_frontier(bigint) AS IMPLICIT;
CREATE CAST (spine_frontier AS bigint) WITH FUNCTION spine_frontier_int8(spine_frontier);

-- The partial order.
CREATE FUNCTION spine_frontier_eq(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_ne(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_lt(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_le(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_gt(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_ge(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier_eq(spine_frontier, spine_frontier) IS 'implementation of = operator';
COMMENT ON FUNCTION spine_frontier_ne(spine_frontier, spine_frontier) IS 'implementation of <> operator';
COMMENT ON FUNCTION spine_frontier_lt(spine_frontier, spine_frontier) IS 'implementation of < operator';
COMMENT ON FUNCTION spine_frontier_le(spine_frontier, spine_frontier) IS 'implementation of <= operator';
COMMENT ON FUNCTION spine_frontier_gt(spine_frontier, spine_frontier) IS 'implementation of > operator';
COMMENT ON FUNCTION spine_frontier_ge(spine_frontier, spine_frontier) IS 'implementation of >= operator';

-- A total order that extends it.
CREATE FUNCTION spine_frontier_total_lt(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_total_le(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_total_gt(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_total_ge(spine_frontier, spine_frontier) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_cmp(spine_frontier, spine_frontier) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_hash(spine_frontier) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION spine_frontier_hash_extended(spine_frontier, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier_total_lt(spine_frontier, spine_frontier) IS 'implementation of ~<~ operator';
COMMENT ON FUNCTION spine_frontier_total_le(spine_frontier, spine_frontier) IS 'implementation of ~<=~ operator';
COMMENT ON FUNCTION spine_frontier_total_gt(spine_frontier, spine_frontier) IS 'implementation of ~>~ operator';
COMMENT ON FUNCTION spine_frontier_total_ge(spine_frontier, spine_frontier) IS 'implementation of ~>=~ operator';
COMMENT ON FUNCTION spine_frontier_cmp(spine_frontier, spine_frontier) IS 'internal: for btree indexes and sorting';
COMMENT ON FUNCTION spine_frontier_hash(spine_frontier) IS 'internal: for hashing';
COMMENT ON FUNCTION spine_frontier_hash_extended(spine_frontier, bigint) IS 'internal: for hashing';

CREATE OPERATOR = (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_eq, COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_ne, COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel);
-- No negators: neither a < b nor a >= b holds where a and b are incomparable.
CREATE OPERATOR < (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_lt, COMMUTATOR = >,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_le, COMMUTATOR = >=,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_gt, COMMUTATOR = <,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_ge, COMMUTATOR = <=,
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR ~<~ (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_total_lt, COMMUTATOR = ~>~, NEGATOR = ~>=~,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR ~<=~ (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_total_le, COMMUTATOR = ~>=~, NEGATOR = ~>~,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR ~>~ (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_total_gt, COMMUTATOR = ~<~, NEGATOR = ~<=~,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR ~>=~ (LEFTARG = spine_frontier, RIGHTARG = spine_frontier,
	FUNCTION = spine_frontier_total_ge, COMMUTATOR = ~<=~, NEGATOR = ~<~,
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (spine_frontier, spine_frontier) IS 'the same times';
COMMENT ON OPERATOR <> (spine_frontier, spine_frontier) IS 'not the same times';
COMMENT ON OPERATOR < (spine_frontier, spine_frontier) IS 'before';
COMMENT ON OPERATOR <= (spine_frontier, spine_frontier) IS 'before, or the same times';
COMMENT ON OPERATOR > (spine_frontier, spine_frontier) IS 'after';
COMMENT ON OPERATOR >= (spine_frontier, spine_frontier) IS 'after, or the same times';
COMMENT ON OPERATOR ~<~ (spine_frontier, spine_frontier) IS 'before in the order of sorting';
COMMENT ON OPERATOR ~<=~ (spine_frontier, spine_frontier) IS 'before in the order of sorting, or the same';
COMMENT ON OPERATOR ~>~ (spine_frontier, spine_frontier) IS 'after in the order of sorting';
COMMENT ON OPERATOR ~>=~ (spine_frontier, spine_frontier) IS 'after in the order of sorting, or the same';

CREATE OPERATOR CLASS spine_frontier_ops DEFAULT FOR TYPE spine_frontier USING btree AS
	OPERATOR 1 ~<~, OPERATOR 2 ~<=~, OPERATOR 3 =, OPERATOR 4 ~>=~, OPERATOR 5 ~>~,
	FUNCTION 1 spine_frontier_cmp(spine_frontier, spine_frontier);
CREATE OPERATOR CLASS spine_frontier_hash_ops DEFAULT FOR TYPE spine_frontier USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 spine_frontier_hash(spine_frontier),
	FUNCTION 2 spine_frontier_hash_extended(spine_frontier, bigint);

CREATE FUNCTION spine_frontier_join(spine_frontier, spine_frontier) RETURNS spine_frontier
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier_join(spine_frontier, spine_frontier) IS
	'least frontier that is not before either';
CREATE FUNCTION spine_frontier_meet(spine_frontier, spine_frontier) RETURNS spine_frontier
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spine_frontier_meet(spine_frontier, spine_frontier) IS
	'greatest frontier that is not after either';

-- Where a trace lives --------------------------------------------------------
--
-- Written by the library only, behind the privileges of the relation.  Order of
-- columns and indexes are known to src/state/tables.c.

-- Counts the lives of relations as spines, so that none is ever mistaken for a
-- later one of the same relation.
CREATE SEQUENCE spine_generation;
COMMENT ON SEQUENCE spine_generation IS 'internal: numbers of generations';

-- One row a spine; image is the levels, written once a transaction.  system and
-- database say who wrote the row: another one, if it was restored from a dump.
CREATE TABLE spine_trace (
	relation	regclass NOT NULL,
	generation	bigint NOT NULL,
	dims		integer NOT NULL,
	effort		integer NOT NULL,
	since		spine_frontier NOT NULL,
	system		bigint NOT NULL,
	database	oid NOT NULL,
	physical	spine_frontier,
	image		bytea NOT NULL
) USING heap WITH (fillfactor = 50);
COMMENT ON TABLE spine_trace IS 'internal: a row a spine';
ALTER TABLE spine_trace ALTER COLUMN image SET STORAGE EXTERNAL;

-- Not unique, though there is one row a relation (the spine's lock sees to that):
-- a unique index would look at every version of the row whenever one is added,
-- and an old snapshot can keep any number of them.
CREATE INDEX spine_trace_relation ON spine_trace (relation);

-- One row a hollow batch.
CREATE TABLE spine_batch (
	relation	regclass NOT NULL,
	id_lo		bigint NOT NULL,
	id_hi		bigint NOT NULL,
	lower		spine_frontier NOT NULL,
	upper		spine_frontier NOT NULL,
	since		spine_frontier NOT NULL,
	len			bigint NOT NULL,
	parts		text[] NOT NULL,
	runs		integer[] NOT NULL,
	PRIMARY KEY (relation, id_lo)
) USING heap;
COMMENT ON TABLE spine_batch IS 'internal: a row a hollow batch';

-- Outcomes are labelled in the order of MergeOutcome in src/core/trace.h.
CREATE TYPE spine_merge_outcome AS ENUM (
	'applied_exact',
	'applied_subset',
	'not_applied_no_match',
	'not_applied_invalid_since',
	'not_applied_too_many_updates'
);
COMMENT ON TYPE spine_merge_outcome IS 'what became of a merge result';

-- One row a merge result: queued while applied_at is null.
CREATE SEQUENCE spine_merge_result_id;
COMMENT ON SEQUENCE spine_merge_result_id IS 'internal: ids of merge results';
CREATE TABLE spine_merge_result (
	id			bigint PRIMARY KEY,
	relation	regclass NOT NULL,
	generation	bigint NOT NULL,
	claim		bigint,
	lower		spine_frontier NOT NULL,
	upper		spine_frontier NOT NULL,
	since		spine_frontier NOT NULL,
	len			bigint NOT NULL,
	parts		text[] NOT NULL,
	runs		integer[] NOT NULL,
	inputs		text[],
	submitted_by name NOT NULL,
	submitted_at timestamptz NOT NULL,
	applied_at	timestamptz,
	outcome		spine_merge_outcome,
	error		text
) USING heap;
COMMENT ON TABLE spine_merge_result IS 'internal: a row a merge result';
CREATE INDEX spine_merge_result_queue ON spine_merge_result (applied_at, relation, id);

-- Ids of garbage, claims and tickets are given out by the library (see
-- src/state/registry.h): no other database, and no restored copy of this one,
-- gives out the same.

-- One row a part that has left its spine, with the transaction that took it out,
-- or of a merge result that was not applied.  A part may have several, if it was
-- in a batch again in between: the last one counts.
CREATE TABLE spine_garbage_part (
	id			bigint PRIMARY KEY,
	relation	regclass NOT NULL,
	generation	bigint NOT NULL,
	part		text NOT NULL,
	removed_by	xid8 NOT NULL,
	removed_at	timestamptz NOT NULL
) USING heap;
COMMENT ON TABLE spine_garbage_part IS 'internal: a row a part that has left its spine';
CREATE INDEX spine_garbage_part_relation ON spine_garbage_part (relation, id);

-- One row a claim: the merge request that it answers, and the stretch of it that
-- is claimed.  It ends when its result has been applied or refused, when it is
-- released, or when its lease is over and somebody else claims any of that.
CREATE TABLE spine_merge_claim (
	id			bigint PRIMARY KEY,
	relation	regclass NOT NULL,
	generation	bigint NOT NULL,
	request_lo	bigint NOT NULL,
	request_hi	bigint NOT NULL,
	id_lo		bigint NOT NULL,
	id_hi		bigint NOT NULL,
	lower		spine_frontier NOT NULL,
	upper		spine_frontier NOT NULL,
	since		spine_frontier NOT NULL,
	len			bigint NOT NULL,
	inputs		text[] NOT NULL,
	claimed_by	name NOT NULL,
	claimed_at	timestamptz NOT NULL,
	lease_expires timestamptz NOT NULL,
	ended_at	timestamptz,
	result		bigint,
	error		text
) USING heap;
COMMENT ON TABLE spine_merge_claim IS 'internal: a row a claim';
CREATE INDEX spine_merge_claim_ended ON spine_merge_claim (ended_at, relation, id_hi);

-- One row a merge request that could not be answered so far.
CREATE TABLE spine_merge_attempt (
	relation	regclass NOT NULL,
	request_lo	bigint NOT NULL,
	request_hi	bigint NOT NULL,
	generation	bigint NOT NULL,
	attempts	integer NOT NULL,
	last_error	text NOT NULL,
	retry_at	timestamptz NOT NULL,
	last_error_at timestamptz NOT NULL,
	PRIMARY KEY (relation, request_lo, request_hi)
) USING heap;
COMMENT ON TABLE spine_merge_attempt IS 'internal: a row a merge request that could not be answered so far';

-- One row a batch that waits for its time; the key is the order of the queue.
-- system and database say who wrote it, as above.
CREATE TABLE spine_inbox_batch (
	relation	regclass NOT NULL,
	ticket		bigint NOT NULL,
	generation	bigint NOT NULL,
	len			bigint NOT NULL,
	parts		text[] NOT NULL,
	runs		integer[] NOT NULL,
	appended_by	name NOT NULL,
	appended_at	timestamptz NOT NULL,
	system		bigint NOT NULL,
	database	oid NOT NULL,
	PRIMARY KEY (relation, ticket)
) USING heap;
COMMENT ON TABLE spine_inbox_batch IS 'internal: a row an appended batch that waits for its time';

-- One row for those that got their times one after the other, from lower on, or
-- the same error.  tickets ascend up to last_ticket.
CREATE TABLE spine_inbox_answer (
	last_ticket	bigint NOT NULL,
	relation	regclass NOT NULL,
	generation	bigint NOT NULL,
	appended_by	name NOT NULL,
	sequenced_at timestamptz NOT NULL,
	lower		bigint,
	error		text,
	tickets		bigint[] NOT NULL,
	appended_at	timestamptz[] NOT NULL
) USING heap;
COMMENT ON TABLE spine_inbox_answer IS 'internal: a row for appended batches that got their times together';
CREATE INDEX spine_inbox_answer_ticket ON spine_inbox_answer (last_ticket);
CREATE INDEX spine_inbox_answer_sequenced ON spine_inbox_answer (sequenced_at);

-- One row a reader that needs times from since on to be told apart.
CREATE TABLE spine_reader_hold (
	relation	regclass NOT NULL,
	name		text NOT NULL,
	since		spine_frontier NOT NULL,
	held_by		name NOT NULL,
	held_at		timestamptz NOT NULL,
	expires_at	timestamptz,
	PRIMARY KEY (relation, name)
) USING heap;
COMMENT ON TABLE spine_reader_hold IS 'internal: a row a hold';

-- One row a spine that has settings of its own.  A function is kept by its
-- signature, since a regprocedure would not survive pg_upgrade.
CREATE TABLE spine_option (
	relation	regclass PRIMARY KEY,
	merge_function text,
	exert_effort integer
) USING heap;
COMMENT ON TABLE spine_option IS 'internal: a row a spine with settings of its own';

-- Groups of rows in native tables, and runs of them, get their numbers here.
CREATE SEQUENCE spine_group;
COMMENT ON SEQUENCE spine_group IS 'internal: numbers of runs and of their groups';

-- One row a file of a native table that has runs: which companion they are in.
-- The file is what pg_class calls so: tablespace is 0 for the database's own.
CREATE TABLE spine_file (
	tablespace	oid NOT NULL,
	filenode	oid NOT NULL,
	relation	regclass NOT NULL,
	runs		regclass NOT NULL,
	PRIMARY KEY (tablespace, filenode)
) USING heap;
COMMENT ON TABLE spine_file IS 'internal: a row a file of a native table that has runs';

-- One row a native table of which the owner has set something.  By name: in a
-- restored table columns have other numbers.
CREATE TABLE spine_table_setting (
	relation	regclass PRIMARY KEY,
	order_columns name[],
	diff_columns name[],
	retention	interval
) USING heap;
COMMENT ON TABLE spine_table_setting IS 'internal: a row a native table with settings of its own';

-- One row a moment of a native table's past that can be read: of the file whose
-- runs these are.
CREATE TABLE spine_tick (
	runs		regclass NOT NULL,
	tick		bigint NOT NULL,
	at			timestamptz NOT NULL,
	held		bigint NOT NULL,
	PRIMARY KEY (runs, tick)
) USING heap;
COMMENT ON TABLE spine_tick IS 'internal: a row a tick of a native table';
CREATE INDEX spine_tick_at ON spine_tick (runs, at, tick);

-- Who this database is: one row, and another for each that its data came from
-- and that has not been adopted.
CREATE TABLE spine_home (
	system		bigint NOT NULL,
	database	oid NOT NULL
) USING heap;
COMMENT ON TABLE spine_home IS 'internal: which database this is';
INSERT INTO spine_home
	SELECT c.system_identifier, d.oid
	FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
	WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

REVOKE ALL ON spine_trace, spine_batch, spine_merge_result, spine_garbage_part,
	spine_merge_claim, spine_merge_attempt, spine_inbox_batch, spine_inbox_answer, spine_reader_hold,
	spine_option, spine_file, spine_table_setting, spine_tick, spine_home
	FROM PUBLIC;
REVOKE ALL ON SEQUENCE spine_generation, spine_merge_result_id, spine_group FROM PUBLIC;

-- A dump has no temporary tables, and could not be restored with their spines.
-- Of native tables it has the rows, which make new runs where they are restored.
-- Claims and merge results are not for a copy: the requests that they answer are
-- in it.  Nor are answers from the inbox, whose tickets nobody there has drawn; nor
-- the sequences, which would fall back where there are spines already.
DO $$
DECLARE
	dumped CONSTANT text := 'WHERE relation NOT IN (SELECT c.oid FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON a.oid OPERATOR(pg_catalog.=) c.relam WHERE c.relpersistence OPERATOR(pg_catalog.=) ''t'' OR a.amname OPERATOR(pg_catalog.=) ''spine'')';
BEGIN
	PERFORM pg_catalog.pg_extension_config_dump('spine_trace', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_batch', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_garbage_part', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_inbox_batch', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_reader_hold', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_option', dumped);
	PERFORM pg_catalog.pg_extension_config_dump('spine_table_setting',
		'WHERE relation NOT IN (SELECT oid FROM pg_catalog.pg_class WHERE relpersistence OPERATOR(pg_catalog.=) ''t'')');
	PERFORM pg_catalog.pg_extension_config_dump('spine_home', '');
END $$;

-- Native tables ---------------------------------------------------------------

CREATE FUNCTION spine_absorb(relation regclass) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_absorb(regclass) IS
	'moves the committed rows of a native table into a run; how many';
CREATE FUNCTION spine_compact(relation regclass) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_compact(regclass) IS
	'absorbs the rows of a native table and merges all its runs into one; its rows';
CREATE FUNCTION spine_relation_size(relation regclass) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_relation_size(regclass) IS
	'bytes on disk of a table, with its runs if it uses spine';
CREATE FUNCTION spine_set_order(relation regclass, columns name[]) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_set_order(regclass, name[]) IS
	'sorts what a native table has in its runs; null for no order';
CREATE FUNCTION spine_set_diff(relation regclass, columns name[]) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_set_diff(regclass, name[]) IS
	'has rows of an empty native table that are equal in all other columns add up';

CREATE FUNCTION spine_set_retention(relation regclass, retention interval) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_set_retention(regclass, interval) IS
	'keeps the past of a native table for so long; null for none';
CREATE FUNCTION spine_as_of(relation anyelement, tick bigint) RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION spine_as_of(anyelement, bigint) IS
	'the rows of a native table as of a tick, or the last before it';
CREATE FUNCTION spine_as_of(relation anyelement, at timestamptz) RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'spine_as_of_moment' LANGUAGE C STABLE;
COMMENT ON FUNCTION spine_as_of(anyelement, timestamptz) IS
	'the rows of a native table as of the last tick not after a moment';
CREATE FUNCTION spine_changes(relation anyelement, from_tick bigint, to_tick bigint)
	RETURNS TABLE (data anyelement, tick bigint, diff bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION spine_changes(anyelement, bigint, bigint) IS
	'rows that ticks after one, up to another, have more (1) or less (-1) than those before them';
CREATE FUNCTION spine_changes(relation anyelement, from_at timestamptz, to_at timestamptz)
	RETURNS TABLE (data anyelement, tick bigint, diff bigint)
	AS 'MODULE_PATHNAME', 'spine_changes_moment' LANGUAGE C STABLE;
COMMENT ON FUNCTION spine_changes(anyelement, timestamptz, timestamptz) IS
	'the same for the last ticks not after two moments';

-- Composite types ------------------------------------------------------------

CREATE TYPE spine_merge_request AS (
	relation	regclass,
	id_lo		bigint,
	id_hi		bigint,
	lower		spine_frontier,
	upper		spine_frontier,
	since		spine_frontier,
	len			bigint,
	nparts		integer,
	parts		text[],
	runs		integer[]
);
COMMENT ON TYPE spine_merge_request IS 'hollow batches that are worth merging into one';

CREATE TYPE spine_claim AS (
	claim		bigint,
	lease_expires timestamptz,
	relation	regclass,
	generation	bigint,
	id_lo		bigint,
	id_hi		bigint,
	lower		spine_frontier,
	upper		spine_frontier,
	since		spine_frontier,
	len			bigint,
	nparts		integer,
	parts		text[],
	runs		integer[]
);
COMMENT ON TYPE spine_claim IS 'a claim, with the merge request or stretch of one that it is for';

CREATE TYPE spine_merge_output AS (
	len			bigint,
	parts		text[],
	runs		integer[]
);
COMMENT ON TYPE spine_merge_output IS 'what a merge function returns';

-- The merge function of native tables.  Everybody owns some, so all may call it;
-- it does nothing outside of a merger.
CREATE FUNCTION spine_merge_runs(request spine_merge_request) RETURNS spine_merge_output
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION spine_merge_runs(spine_merge_request) IS
	'internal: the merge function of native tables';

-- Writing --------------------------------------------------------------------
--
-- None is strict: a null where a value is needed is an error, not silence.

CREATE FUNCTION spine_register(relation regclass, dims integer DEFAULT 1,
							   effort integer DEFAULT 1)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_register(regclass, integer, integer) IS
	'make a relation a spine';

CREATE FUNCTION spine_unregister(relation regclass)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_unregister(regclass) IS
	'throw the spine of a relation away; its parts become garbage';

CREATE FUNCTION spine_push_batch(relation regclass, lower spine_frontier,
								 upper spine_frontier, len bigint,
								 parts text[] DEFAULT '{}',
								 since spine_frontier DEFAULT NULL,
								 runs integer[] DEFAULT '{}',
								 retry boolean DEFAULT false)
	RETURNS SETOF spine_merge_request AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION spine_push_batch(regclass, spine_frontier, spine_frontier, bigint, text[], spine_frontier, integer[], boolean) IS
	'append a batch; returns the merge requests that it produced';

CREATE FUNCTION spine_append(relation regclass, len bigint, parts text[] DEFAULT '{}',
							 runs integer[] DEFAULT '{}')
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_append(regclass, bigint, text[], integer[]) IS
	'append a batch at the next time; returns its lower';

CREATE FUNCTION spine_downgrade_since(relation regclass, since spine_frontier)
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_downgrade_since(regclass, spine_frontier) IS
	'advance the logical compaction frontier as far as holds allow; returns it';

CREATE FUNCTION spine_hold(relation regclass, name text, since spine_frontier,
						   ttl interval DEFAULT NULL)
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_hold(regclass, text, spine_frontier, interval) IS
	'keep since from passing a frontier, under a name; move such a hold forward';

CREATE FUNCTION spine_release_hold(relation regclass, name text)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_release_hold(regclass, text) IS
	'end a hold; false if there was none';

CREATE FUNCTION spine_apply_merge(relation regclass, lower spine_frontier,
								  upper spine_frontier, since spine_frontier,
								  len bigint, parts text[] DEFAULT '{}',
								  runs integer[] DEFAULT '{}',
								  inputs text[] DEFAULT NULL)
	RETURNS spine_merge_outcome AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_apply_merge(regclass, spine_frontier, spine_frontier, spine_frontier, bigint, text[], integer[], text[]) IS
	'apply a merge result in this transaction';

CREATE FUNCTION spine_submit_merge(relation regclass, lower spine_frontier,
								   upper spine_frontier, since spine_frontier,
								   len bigint, parts text[] DEFAULT '{}',
								   runs integer[] DEFAULT '{}',
								   inputs text[] DEFAULT NULL)
	RETURNS bigint AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_submit_merge(regclass, spine_frontier, spine_frontier, spine_frontier, bigint, text[], integer[], text[]) IS
	'queue a merge result for the background worker; returns its id in spine_merge_results';

CREATE FUNCTION spine_append_batch(relation regclass, len bigint,
								   parts text[] DEFAULT '{}', runs integer[] DEFAULT '{}')
	RETURNS bigint AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_append_batch(regclass, bigint, text[], integer[]) IS
	'leave a batch to the background worker, which gives it a time; returns a ticket';

-- Parallel unsafe, for it looks at more than one snapshot.
CREATE FUNCTION spine_wait_append(ticket bigint, timeout interval DEFAULT '1 minute')
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_wait_append(bigint, interval) IS
	'wait until the batch with a ticket has its time; returns its lower, or null';

-- Driving merges ---------------------------------------------------------------

CREATE FUNCTION spine_exert(relation regclass, effort bigint)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_exert(regclass, bigint) IS
	'move merges along as if so many updates had come, if there are any to do; false if not';

CREATE FUNCTION spine_apply_fuel(relation regclass, fuel bigint)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_apply_fuel(regclass, bigint) IS
	'give each merge under way so much fuel; false if there are none';

CREATE FUNCTION spine_introduce_empty(relation regclass, level integer)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_introduce_empty(regclass, integer) IS
	'put an empty batch that covers nothing on a level, as if 2^level updates had come';

CREATE FUNCTION spine_force_compaction(relation regclass)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_force_compaction(regclass) IS
	'make one merge request of all that is not pending; false if that is one spine batch';

CREATE FUNCTION spine_set_effort(relation regclass, effort integer)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_set_effort(regclass, integer) IS
	'set how many times the fuel merges get from pushes; false if it was that';

CREATE FUNCTION spine_set_physical_compaction(relation regclass, frontier spine_frontier)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_set_physical_compaction(regclass, spine_frontier) IS
	'batches that end after it are not merged; null: all are';

CREATE FUNCTION spine_close(relation regclass)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_close(regclass) IS
	'push the empty batch that ends time; false if it has ended';

CREATE FUNCTION spine_set_exertion(relation regclass, effort integer)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_set_exertion(regclass, integer) IS
	'how hard the worker drives merges when it is idle; 0: not at all, null: as spine.exert_effort says';

-- A trace as jsonb -----------------------------------------------------------

CREATE FUNCTION spine_flatten(relation regclass)
	RETURNS jsonb AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_flatten(regclass) IS
	'a spine, all of it, in a form to read and to keep';

CREATE FUNCTION spine_unflatten(relation regclass, flat jsonb)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_unflatten(regclass, jsonb) IS
	'make an empty spine what spine_flatten() has returned';

CREATE FUNCTION spine_rebuild(relation regclass)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_rebuild(regclass) IS
	'make a spine anew from nothing but its hollow batches';

-- Merges that the server runs -------------------------------------------------

CREATE FUNCTION spine_set_merge_function(relation regclass, f regprocedure)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_set_merge_function(regclass, regprocedure) IS
	'have merge requests answered by a function in the server; null: no longer';

CREATE FUNCTION spine_merge_progress(done bigint)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_merge_progress(bigint) IS
	'for a merge function: so many updates of the request are done';

-- Native tables ---------------------------------------------------------------

CREATE FUNCTION spine_am_handler(internal)
	RETURNS table_am_handler AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION spine_am_handler(internal) IS 'internal: the access method''s callbacks';
CREATE ACCESS METHOD spine TYPE TABLE HANDLER spine_am_handler;
COMMENT ON ACCESS METHOD spine IS
	'tables whose settled rows are kept compressed, in runs that a spine merges';

-- Claims ---------------------------------------------------------------------

CREATE FUNCTION spine_claim_merge(relation regclass DEFAULT NULL,
								  lease interval DEFAULT '5 minutes',
								  max integer DEFAULT 1,
								  max_parts integer DEFAULT NULL)
	RETURNS SETOF spine_claim AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION spine_claim_merge(regclass, interval, integer, integer) IS
	'lease merge requests that nobody else is at work on, of one spine or of all';

CREATE FUNCTION spine_extend_claim(claim bigint, lease interval DEFAULT '5 minutes')
	RETURNS timestamptz AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_extend_claim(bigint, interval) IS
	'lease a claim for longer; returns until when, or null if it has lapsed';

CREATE FUNCTION spine_release_claim(claim bigint, error text DEFAULT NULL)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_release_claim(bigint, text) IS
	'give a claim back; with an error, that counts as a failed attempt';

CREATE FUNCTION spine_complete_merge(claim bigint, len bigint, parts text[] DEFAULT '{}',
									 runs integer[] DEFAULT '{}',
									 OUT status text, OUT result bigint)
	RETURNS record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_complete_merge(bigint, bigint, text[], integer[]) IS
	'answer a claim: queues the result for the background worker';

CREATE FUNCTION spine_retry_merge(relation regclass, id_lo bigint, id_hi bigint)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_retry_merge(regclass, bigint, bigint) IS
	'forget the failed attempts at a merge request; true if there were any';

-- Garbage --------------------------------------------------------------------

CREATE FUNCTION spine_collect_garbage(relation regclass, grace interval DEFAULT '1 hour',
									  max integer DEFAULT 1000,
									  OUT id bigint, OUT part text)
	RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_collect_garbage(regclass, interval, integer) IS
	'parts that nobody can name any more, to be deleted and then forgotten';

CREATE FUNCTION spine_forget_garbage(ids bigint[])
	RETURNS bigint AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_forget_garbage(bigint[]) IS
	'the data of these parts has been deleted; returns how many were still listed';

CREATE FUNCTION spine_adopt()
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_adopt() IS
	'what this copy of a database names is its own from now on';

-- Reading --------------------------------------------------------------------
--
-- Under the caller's snapshot, with what its own transaction has pushed, hence
-- volatile and parallel restricted.

CREATE FUNCTION spine_upper(relation regclass)
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_upper(regclass) IS 'up to where time has been covered';

CREATE FUNCTION spine_since(relation regclass)
	RETURNS spine_frontier AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_since(regclass) IS 'from where on times can be told apart';

CREATE FUNCTION spine_request_inputs(relation regclass, id_lo bigint, id_hi bigint,
		OUT id_lo bigint, OUT id_hi bigint, OUT lower spine_frontier,
		OUT upper spine_frontier, OUT since spine_frontier, OUT len bigint,
		OUT parts text[], OUT runs integer[])
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION spine_request_inputs(regclass, bigint, bigint) IS
	'the hollow batches that a merge request covers';

CREATE FUNCTION spine_snapshot(relation regclass, as_of spine_frontier DEFAULT NULL,
		OUT id_lo bigint, OUT id_hi bigint, OUT lower spine_frontier,
		OUT upper spine_frontier, OUT since spine_frontier, OUT len bigint,
		OUT parts text[], OUT runs integer[])
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_snapshot(regclass, spine_frontier) IS
	'the hollow batches with times up to as_of; all of them without';

CREATE FUNCTION spine_listen(relation regclass, frontier spine_frontier,
		OUT id_lo bigint, OUT id_hi bigint, OUT lower spine_frontier,
		OUT upper spine_frontier, OUT since spine_frontier, OUT len bigint,
		OUT parts text[], OUT runs integer[])
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION spine_listen(regclass, spine_frontier) IS
	'the hollow batches that are not wholly before a frontier';

CREATE FUNCTION spine_cursor_through(relation regclass, upper spine_frontier,
		OUT id_lo bigint, OUT id_hi bigint, OUT lower spine_frontier,
		OUT upper spine_frontier, OUT since spine_frontier, OUT len bigint,
		OUT parts text[], OUT runs integer[])
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_cursor_through(regclass, spine_frontier) IS
	'the hollow batches with updates up to a frontier, which must not cut one in two';

-- These look at what was committed last, whatever the caller's snapshot sees.

CREATE FUNCTION spine_wait_upper(relation regclass, frontier spine_frontier,
								 timeout interval DEFAULT '1 minute')
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_wait_upper(regclass, spine_frontier, interval) IS
	'wait until upper is beyond a frontier; false when that takes too long';

CREATE FUNCTION spine_wait_request(relation regclass, timeout interval DEFAULT '1 minute')
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION spine_wait_request(regclass, interval) IS
	'wait until a merge request can be claimed; false when that takes too long';

CREATE FUNCTION spine_validate(relation regclass)
	RETURNS text AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_validate(regclass) IS
	'''ok'', or an error that names the broken invariant';

CREATE FUNCTION spine_describe(relation regclass)
	RETURNS SETOF text AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION spine_describe(regclass) IS 'one line a spine batch, oldest first';

-- Rows of the views below, for one relation; none without SELECT on it.

CREATE FUNCTION spine_trace_rows(relation regclass,
		OUT generation bigint, OUT since spine_frontier, OUT upper spine_frontier,
		OUT physical spine_frontier, OUT dims integer, OUT effort integer,
		OUT levels integer, OUT spine_batches bigint, OUT hollow_batches bigint,
		OUT pending bigint, OUT updates bigint, OUT compact bigint,
		OUT compacting bigint, OUT noncompact bigint,
		OUT merge_function text, OUT exert_effort integer)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION spine_trace_rows(regclass) IS 'internal: rows of the view spine_traces';

CREATE FUNCTION spine_batch_rows(relation regclass,
		OUT id_lo bigint, OUT id_hi bigint, OUT level integer,
		OUT lower spine_frontier, OUT upper spine_frontier, OUT since spine_frontier,
		OUT len bigint, OUT parts text[], OUT runs integer[])
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_batch_rows(regclass) IS 'internal: rows of the view spine_batches';

CREATE FUNCTION spine_level_rows(relation regclass,
		OUT level integer, OUT state text, OUT batches integer, OUT len bigint,
		OUT merge_lo bigint, OUT merge_hi bigint, OUT merge_since spine_frontier,
		OUT merge_remaining bigint)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION spine_level_rows(regclass) IS 'internal: rows of the view spine_levels';

CREATE FUNCTION spine_request_rows(relation regclass,
		OUT id_lo bigint, OUT id_hi bigint, OUT lower spine_frontier,
		OUT upper spine_frontier, OUT since spine_frontier, OUT len bigint,
		OUT nparts integer, OUT parts text[], OUT runs integer[], OUT level integer,
		OUT state text, OUT claimed_by name, OUT lease_expires timestamptz,
		OUT attempts integer, OUT last_error text, OUT last_error_at timestamptz)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5;
COMMENT ON FUNCTION spine_request_rows(regclass) IS 'internal: rows of the view spine_merge_requests';

-- What has left a spine, and is in no batch of it again; the last time only.
CREATE FUNCTION spine_garbage_rows(relation regclass,
		OUT id bigint, OUT generation bigint, OUT part text, OUT removed_by xid8,
		OUT removed_at timestamptz)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_garbage_rows(regclass) IS 'internal: rows of the view spine_garbage';

CREATE FUNCTION spine_stat_rows(relation regclass,
		OUT pushes bigint, OUT updates bigint, OUT requests bigint,
		OUT applied_exact bigint, OUT applied_subset bigint, OUT no_match bigint,
		OUT invalid_since bigint, OUT too_many_updates bigint, OUT errors bigint,
		OUT hits bigint, OUT misses bigint, OUT evictions bigint,
		OUT last_push timestamptz, OUT last_result timestamptz,
		OUT stats_reset timestamptz,
		OUT claims bigint, OUT expirations bigint, OUT failures bigint, OUT retries bigint,
		OUT merge_seconds double precision, OUT image_bytes integer,
		OUT exertions bigint, OUT merges_begun bigint, OUT merges_done bigint,
		OUT drops bigint)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION spine_stat_rows(regclass) IS 'internal: rows of the view spine_stat';

-- From shared memory: also of a relation that is gone, for superusers.
CREATE FUNCTION spine_events(relation regclass,
		OUT at timestamptz, OUT generation bigint, OUT event text, OUT level integer,
		OUT len1 bigint, OUT len2 bigint, OUT len bigint)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 50;
COMMENT ON FUNCTION spine_events(regclass) IS
	'what was last pushed, merged and dropped, since the server started';

CREATE FUNCTION spine_stat_reset(relation regclass)
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION spine_stat_reset(regclass) IS 'set the counters of a spine to zero';

CREATE FUNCTION spine_progress_rows(
		OUT relation regclass, OUT id_lo bigint, OUT id_hi bigint, OUT len bigint,
		OUT done bigint, OUT since timestamptz, OUT pid integer, OUT claim bigint,
		OUT phase text)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 2;
COMMENT ON FUNCTION spine_progress_rows() IS 'internal: rows of the view spine_progress';

CREATE VIEW spine_progress WITH (security_barrier) AS
	SELECT * FROM spine_progress_rows();
COMMENT ON VIEW spine_progress IS 'merges and absorptions under way in this database';

CREATE FUNCTION spine_activity_rows(
		OUT process text, OUT database name, OUT pid integer, OUT state text,
		OUT last_wakeup timestamptz, OUT last_error text, OUT last_error_at timestamptz)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 4;
COMMENT ON FUNCTION spine_activity_rows() IS 'internal: rows of the view spine_activity';

CREATE VIEW spine_activity WITH (security_barrier) AS
	SELECT * FROM spine_activity_rows();
COMMENT ON VIEW spine_activity IS 'processes of spine: launcher, workers, mergers';

CREATE VIEW spine_traces WITH (security_barrier) AS
	SELECT t.relation, r.*
	FROM spine_trace t CROSS JOIN LATERAL spine_trace_rows(t.relation) r;
COMMENT ON VIEW spine_traces IS 'spines, with since, upper and sizes';

CREATE VIEW spine_batches WITH (security_barrier) AS
	SELECT t.relation, r.*
	FROM spine_trace t CROSS JOIN LATERAL spine_batch_rows(t.relation) r;
COMMENT ON VIEW spine_batches IS 'hollow batches of spines, with the level that they are on';

CREATE VIEW spine_levels WITH (security_barrier) AS
	SELECT t.relation, r.*
	FROM spine_trace t CROSS JOIN LATERAL spine_level_rows(t.relation) r;
COMMENT ON VIEW spine_levels IS 'levels of spines, and the merges under way there';

CREATE VIEW spine_merge_requests WITH (security_barrier) AS
	SELECT t.relation, r.*
	FROM spine_trace t CROSS JOIN LATERAL spine_request_rows(t.relation) r;
COMMENT ON VIEW spine_merge_requests IS 'outstanding merge requests, and who is at work on them';

CREATE VIEW spine_stat WITH (security_barrier) AS
	SELECT t.relation, r.*
	FROM spine_trace t CROSS JOIN LATERAL spine_stat_rows(t.relation) r;
COMMENT ON VIEW spine_stat IS 'counters of spines';

-- A result outlives its relation (which then has no privileges: null); after
-- that, who submitted it can see it, and superusers.
CREATE VIEW spine_merge_results WITH (security_barrier) AS
	SELECT id, relation, lower, upper, since, len, parts, runs, inputs,
		   submitted_at, applied_at, outcome, error, submitted_by, generation, claim
	FROM spine_merge_result
	WHERE coalesce(pg_catalog.has_table_privilege(relation, 'SELECT'),
				   submitted_by OPERATOR(pg_catalog.=) CURRENT_USER
				   OR (SELECT rolsuper FROM pg_catalog.pg_roles
					   WHERE rolname OPERATOR(pg_catalog.=) CURRENT_USER));
COMMENT ON VIEW spine_merge_results IS 'submitted merge results, and what became of them';

CREATE VIEW spine_claims WITH (security_barrier) AS
	SELECT id AS claim, relation, generation, request_lo, request_hi, id_lo, id_hi, len,
		   claimed_by, claimed_at, lease_expires, result
	FROM spine_merge_claim
	WHERE ended_at IS NULL AND pg_catalog.has_table_privilege(relation, 'SELECT');
COMMENT ON VIEW spine_claims IS 'claims that have not ended';

CREATE VIEW spine_inbox WITH (security_barrier) AS
	SELECT ticket, relation, generation, len, parts, runs, appended_by, appended_at,
		   sequenced_at, lower, error
	FROM (SELECT ticket, relation, generation, len, parts, runs, appended_by, appended_at,
				 NULL::timestamptz AS sequenced_at, NULL::spine_frontier AS lower, NULL::text AS error
		  FROM spine_inbox_batch
		  UNION ALL
		  SELECT t.ticket, a.relation, a.generation, NULL, NULL, NULL, a.appended_by, t.appended_at,
				 a.sequenced_at, spine_frontier(a.lower OPERATOR(pg_catalog.+) t.n OPERATOR(pg_catalog.-) 1),
				 a.error
		  FROM spine_inbox_answer a CROSS JOIN LATERAL
			   ROWS FROM (pg_catalog.unnest(a.tickets), pg_catalog.unnest(a.appended_at))
			   WITH ORDINALITY t (ticket, appended_at, n)) i
	WHERE coalesce(pg_catalog.has_table_privilege(relation, 'SELECT'),
				   appended_by OPERATOR(pg_catalog.=) CURRENT_USER
				   OR (SELECT rolsuper FROM pg_catalog.pg_roles
					   WHERE rolname OPERATOR(pg_catalog.=) CURRENT_USER));
COMMENT ON VIEW spine_inbox IS 'appended batches, and the times they got';

CREATE VIEW spine_garbage WITH (security_barrier) AS
	SELECT r.id, g.relation, r.generation, r.part, r.removed_by, r.removed_at
	FROM (SELECT DISTINCT relation FROM spine_garbage_part) g
		 CROSS JOIN LATERAL spine_garbage_rows(g.relation) r;
COMMENT ON VIEW spine_garbage IS 'parts that have left their spines, not all to be deleted yet';

-- With the statements that make them again, for pg_dump -t does not have them.
CREATE VIEW spine_settings WITH (security_barrier) AS
	SELECT relation, order_columns, diff_columns, retention,
		   pg_catalog.concat_ws(' ',
			   CASE WHEN order_columns IS NOT NULL
					THEN pg_catalog.format('SELECT spine_set_order(%L, %L);', relation, order_columns) END,
			   CASE WHEN diff_columns IS NOT NULL
					THEN pg_catalog.format('SELECT spine_set_diff(%L, %L);', relation, diff_columns) END,
			   CASE WHEN retention IS NOT NULL
					THEN pg_catalog.format('SELECT spine_set_retention(%L, %L);', relation, retention) END)
		   AS statements
	FROM spine_table_setting
	WHERE pg_catalog.has_table_privilege(relation, 'SELECT');
COMMENT ON VIEW spine_settings IS 'what the owners of native tables have set';

CREATE VIEW spine_ticks WITH (security_barrier) AS
	SELECT f.relation, t.tick, t.at, t.held
	FROM spine_tick t JOIN spine_file f ON f.runs OPERATOR(pg_catalog.=) t.runs
	WHERE pg_catalog.has_table_privilege(f.relation, 'SELECT');
COMMENT ON VIEW spine_ticks IS 'moments of native tables'' past that can be read';

-- Expired ones no longer hold anything, though they may still be there.
CREATE VIEW spine_holds WITH (security_barrier) AS
	SELECT relation, name, since, held_by, held_at, expires_at
	FROM spine_reader_hold
	WHERE pg_catalog.has_table_privilege(relation, 'SELECT')
	  AND (expires_at IS NULL
		   OR expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp());
COMMENT ON VIEW spine_holds IS 'holds that keep since back';

GRANT SELECT ON spine_traces, spine_batches, spine_levels, spine_merge_requests,
	spine_merge_results, spine_inbox, spine_garbage, spine_stat, spine_holds,
	spine_progress, spine_activity, spine_claims, spine_settings, spine_ticks TO PUBLIC;
