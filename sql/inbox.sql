--
-- Batches that writers leave to the background worker to give them a time
--

CREATE PROCEDURE inbox_fails(command text) LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RAISE WARNING 'no error: %', command;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RAISE NOTICE E'%: %\n  DETAIL: %\n  HINT: %', state,
		regexp_replace(message, 'ticket \d+', 'ticket N'),
		regexp_replace(regexp_replace(detail, 'Ticket \d+', 'Ticket N'), 'generation \d+', 'generation N', 'g'), hint;
END $$;

-- Which batch has which ticket: of one that has been answered spine_inbox does not say
CREATE TABLE inbox_left (ticket bigint PRIMARY KEY, relation oid, parts text[]);
CREATE FUNCTION inbox_leave(relation regclass, len bigint, parts text[]) RETURNS bigint
	LANGUAGE sql AS 'INSERT INTO inbox_left VALUES (spine_append_batch($1, $2, $3), $1, $3) RETURNING ticket';
CREATE VIEW inbox_seen AS
	SELECT i.ticket, i.relation, l.parts, sequenced_at, lower, error
	FROM spine_inbox i JOIN inbox_left l ON l.ticket = i.ticket AND l.relation = i.relation;

-- Waits until nothing of a relation is in the inbox any more, for half a minute at most
CREATE FUNCTION inbox_wait(which oid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..3000 LOOP
		IF NOT EXISTS (SELECT FROM spine_inbox
					   WHERE relation = which AND sequenced_at IS NULL) THEN
			RETURN 'empty';
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN 'not empty';
END $$;

-- One batch

CREATE TABLE inbox_one ();
SELECT spine_register('inbox_one');
SELECT spine_append_batch('inbox_one', 15, '{a,b}', '{1}') AS ticket \gset
SELECT spine_wait_append(:ticket);
SELECT ticket = :ticket AS that, relation, len, parts, runs, appended_by = CURRENT_USER AS by,
	   appended_at <= sequenced_at AS in_order, lower, error,
	   generation = (SELECT generation FROM spine_traces WHERE relation = 'inbox_one'::regclass) AS this_life
FROM spine_inbox WHERE relation = 'inbox_one'::regclass;
SELECT spine_describe('inbox_one'), spine_validate('inbox_one');
SELECT id_lo, id_hi, len, parts, runs FROM spine_batches WHERE relation = 'inbox_one'::regclass;
-- Asked again it is the same
SELECT spine_wait_append(:ticket), spine_wait_append(:ticket, '0');
-- It goes on where others have pushed, and the other way round
SELECT spine_push_batch('inbox_one', 1, 10, 10, '{c}');
SELECT spine_append_batch('inbox_one', 0) AS ticket \gset
SELECT spine_wait_append(:ticket, '30 s');
SELECT spine_append('inbox_one', 1, '{d}');
SELECT spine_describe('inbox_one'), spine_validate('inbox_one');
-- Pushes are counted
SELECT pushes, updates FROM spine_stat WHERE relation = 'inbox_one'::regclass;
DROP TABLE inbox_one;

-- Many, in the order in which they were appended

CREATE TABLE inbox_many ();
SELECT spine_register('inbox_many');
SELECT count(DISTINCT ticket), bool_and(ticket > before) AS ascending
FROM (SELECT ticket, lag(ticket, 1, 0::bigint) OVER (ORDER BY i) AS before
	  FROM (SELECT i, inbox_leave('inbox_many', i % 5, ARRAY['m' || i]) AS ticket
			FROM generate_series(1, 3000) i OFFSET 0) t) t;
SELECT spine_append_batch('inbox_many', 1, '{last}') AS ticket \gset
SELECT spine_wait_append(:ticket);
SELECT count(*), count(DISTINCT lower), bool_and(parts[1] = 'm' || lower::bigint + 1) AS in_order
FROM inbox_seen WHERE relation = 'inbox_many'::regclass AND lower < 3000;
SELECT count(*), bool_and(spine_wait_append(ticket, '0') = lower) AS found FROM inbox_seen WHERE relation = 'inbox_many'::regclass;
-- Answers share rows
SELECT sum(cardinality(tickets)), max(cardinality(tickets)) BETWEEN 2 AND 100 AS shared,
	   bool_and(last_ticket = tickets[cardinality(tickets)] AND cardinality(appended_at) = cardinality(tickets)) AS fit
FROM spine_inbox_answer WHERE relation = 'inbox_many'::regclass;
SELECT count(*) FROM spine_inbox_batch WHERE relation = 'inbox_many'::regclass;
SELECT spine_upper('inbox_many'), spine_validate('inbox_many');
SELECT hollow_batches, updates FROM spine_traces WHERE relation = 'inbox_many'::regclass;
SELECT parts FROM spine_batches WHERE relation = 'inbox_many'::regclass AND lower IN (0, 1699, 3000) ORDER BY lower;
-- Empty batches without parts are fused on the way
SELECT count(spine_append_batch('inbox_many', 0)) FROM generate_series(1, 300);
SELECT inbox_wait('inbox_many'::regclass);
SELECT spine_upper('inbox_many'), spine_validate('inbox_many');
SELECT hollow_batches < 3100 AS fused, updates FROM spine_traces WHERE relation = 'inbox_many'::regclass;
DROP TABLE inbox_many;

-- Of several roles and two relations, across each other, and with a time between

CREATE ROLE regress_inbox_one;
CREATE ROLE regress_inbox_two;
CREATE TABLE inbox_mixed1 ();
CREATE TABLE inbox_mixed2 ();
GRANT INSERT ON inbox_mixed1, inbox_mixed2 TO regress_inbox_one, regress_inbox_two;
GRANT INSERT, SELECT ON inbox_left TO regress_inbox_one, regress_inbox_two;
SELECT spine_register('inbox_mixed1'), spine_register('inbox_mixed2');
BEGIN;
SET LOCAL ROLE regress_inbox_one;
SELECT count(inbox_leave(t, 1, ARRAY['one' || i])) FROM generate_series(1, 3) i, unnest('{inbox_mixed1,inbox_mixed2}'::regclass[]) t;
SET LOCAL ROLE regress_inbox_two;
SELECT count(inbox_leave(t, 1, ARRAY['two' || i])) FROM generate_series(1, 2) i, unnest('{inbox_mixed1,inbox_mixed2}'::regclass[]) t;
SELECT pg_sleep(0.1);
SELECT count(inbox_leave(t, 1, ARRAY['later'])) FROM unnest('{inbox_mixed1,inbox_mixed2}'::regclass[]) t;
SET LOCAL ROLE regress_inbox_one;
SELECT count(inbox_leave(t, 1, ARRAY['last'])) FROM unnest('{inbox_mixed1,inbox_mixed2}'::regclass[]) t;
COMMIT;
SELECT inbox_wait(t) FROM unnest('{inbox_mixed1,inbox_mixed2}'::regclass[]) t;
SELECT s.relation::regclass, s.parts, s.lower, spine_wait_append(ticket, '0') AS found, appended_by
FROM inbox_seen s JOIN spine_inbox USING (ticket) WHERE s.relation::regclass::text ~ 'inbox_mixed' ORDER BY s.relation::regclass::text, ticket;
SELECT relation, appended_by, sum(cardinality(tickets)), count(*) >= 2 AS apart
FROM spine_inbox_answer WHERE relation::text ~ 'inbox_mixed' GROUP BY relation, appended_by ORDER BY relation::text, appended_by;
DROP TABLE inbox_mixed1, inbox_mixed2;
REVOKE ALL ON inbox_left FROM regress_inbox_one, regress_inbox_two;
DROP ROLE regress_inbox_one, regress_inbox_two;

-- Nothing is given a time before it is there for everybody, or when it is rolled back

CREATE TABLE inbox_rolled ();
SELECT spine_register('inbox_rolled');
BEGIN;
SELECT inbox_leave('inbox_rolled', 1, '{rolled}') > 0 AS appended;
ROLLBACK;
BEGIN;
SELECT inbox_leave('inbox_rolled', 1, '{first}') > 0 AS appended;
SAVEPOINT one;
SELECT inbox_leave('inbox_rolled', 1, '{rolled}') > 0 AS appended;
ROLLBACK TO one;
SELECT inbox_leave('inbox_rolled', 1, '{second}') > 0 AS appended;
SELECT parts, sequenced_at, lower FROM spine_inbox WHERE relation = 'inbox_rolled'::regclass ORDER BY ticket;
SELECT spine_upper('inbox_rolled');
-- What this transaction pushes itself comes before
SELECT spine_append('inbox_rolled', 1, '{pushed}');
COMMIT;
SELECT inbox_wait('inbox_rolled'::regclass);
SELECT parts, lower, error FROM inbox_seen WHERE relation = 'inbox_rolled'::regclass ORDER BY ticket;
SELECT spine_describe('inbox_rolled'), spine_validate('inbox_rolled');
BEGIN;
SELECT spine_append_batch('inbox_rolled', 1, '{prepared}') > 0 AS appended;
PREPARE TRANSACTION 'inbox_prepared';
BEGIN;
SELECT spine_append_batch('inbox_rolled', 1, '{undone}') > 0 AS appended;
PREPARE TRANSACTION 'inbox_undone';
SELECT spine_append_batch('inbox_rolled', 1, '{after}') AS ticket \gset
SELECT spine_wait_append(:ticket);
ROLLBACK PREPARED 'inbox_undone';
COMMIT PREPARED 'inbox_prepared';
SELECT inbox_wait('inbox_rolled'::regclass);
SELECT lower, parts FROM spine_batches WHERE relation = 'inbox_rolled'::regclass ORDER BY lower;
SELECT count(*), bool_and(spine_wait_append(ticket, '0') = lower) AS found FROM spine_inbox WHERE relation = 'inbox_rolled'::regclass;
DROP TABLE inbox_rolled;

-- What can never be right is refused at once

CREATE TABLE inbox_refused ();
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1)$$);
SELECT spine_register('inbox_refused');
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', -1)$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', NULL)$$);
CALL inbox_fails($$SELECT spine_append_batch(NULL, 1)$$);
CALL inbox_fails($$SELECT spine_append_batch(0::regclass, 1)$$);
CALL inbox_fails($$SELECT spine_append_batch('spine_inbox', 1)$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, NULL)$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, ARRAY['a', NULL])$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, ARRAY['a', ''])$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, '{{a},{b}}')$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, '{a,b}', '{2}')$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, '{a,b}', '{NULL}')$$);
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1, '{a,b}', NULL)$$);
START TRANSACTION READ ONLY;
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1)$$);
ROLLBACK;
SELECT spine_unregister('inbox_refused');
CALL inbox_fails($$SELECT spine_append_batch('inbox_refused', 1)$$);
SELECT count(*) FROM spine_inbox WHERE relation = 'inbox_refused'::regclass;
DROP TABLE inbox_refused;

-- A million parts
CREATE TABLE inbox_parts ();
SELECT spine_register('inbox_parts');
SELECT spine_append_batch('inbox_parts', 9223372036854775807, array_agg('p' || i))
	AS ticket FROM generate_series(1, 1000000) i \gset
SELECT spine_wait_append(:ticket);
SELECT len, cardinality(parts) FROM spine_batches WHERE relation = 'inbox_parts'::regclass;
DROP TABLE inbox_parts;

-- Waiting for what does not come

CREATE TABLE inbox_waiting ();
SELECT spine_register('inbox_waiting');
CALL inbox_fails($$SELECT spine_wait_append(NULL)$$);
CALL inbox_fails($$SELECT spine_wait_append(1)$$);
CALL inbox_fails($$SELECT spine_wait_append(-1, '0')$$);
CALL inbox_fails($$SELECT spine_wait_append(1, NULL)$$);
CALL inbox_fails($$SELECT spine_wait_append(1, '-1 s')$$);
CALL inbox_fails($$SELECT spine_wait_append(1, '60.001 s')$$);
CALL inbox_fails($$SELECT spine_wait_append(1, '1 day')$$);
CALL inbox_fails($$SELECT spine_wait_append(1, '1 month -30 days')$$);
-- In the transaction that appended: in the same command, in a later one, with a savepoint
CALL inbox_fails($$SELECT spine_wait_append(spine_append_batch('inbox_waiting', 1), '0')$$);
BEGIN;
SELECT spine_append_batch('inbox_waiting', 1) AS ticket \gset
SAVEPOINT one;
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :ticket));
ROLLBACK;
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :ticket));
-- Another holds the spine
BEGIN;
SELECT spine_append('inbox_waiting', 1, '{first}');
PREPARE TRANSACTION 'inbox_holder';
SELECT spine_append_batch('inbox_waiting', 1, '{second}') AS ticket \gset
SELECT spine_wait_append(:ticket, '0'), spine_wait_append(:ticket, '200 ms');
-- It ends with a cancel, long before its time
SET statement_timeout = '100ms';
SELECT spine_wait_append(:ticket);
RESET statement_timeout;
COMMIT PREPARED 'inbox_holder';
-- A snapshot that was taken before does not matter
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT spine_upper('inbox_waiting') >= 1 AS first;
SELECT spine_wait_append(:ticket);
SELECT spine_append_batch('inbox_waiting', 1, '{third}') AS ticket \gset
COMMIT;
SELECT spine_wait_append(:ticket);
DROP TABLE inbox_waiting;

-- A batch belongs to one life of the relation

CREATE TABLE inbox_truncated ();
SELECT spine_register('inbox_truncated');
BEGIN;
SELECT inbox_leave('inbox_truncated', 1, '{late}') AS late \gset
TRUNCATE inbox_truncated;
SELECT inbox_leave('inbox_truncated', 1, '{right}') AS right \gset
COMMIT;
SELECT spine_wait_append(:right);
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :late));
SELECT parts, lower, regexp_replace(error, '\d+', 'N', 'g') AS error, sequenced_at IS NULL AS waits
FROM inbox_seen WHERE relation = 'inbox_truncated'::regclass ORDER BY ticket;
SELECT spine_describe('inbox_truncated'), spine_validate('inbox_truncated');
-- Registered anew, it is another spine as well
BEGIN;
SELECT inbox_leave('inbox_truncated', 1, '{later}') > 0 AS appended;
SELECT spine_unregister('inbox_truncated');
CALL inbox_fails($$SELECT spine_append_batch('inbox_truncated', 1)$$);
SELECT spine_register('inbox_truncated');
SELECT inbox_leave('inbox_truncated', 1, '{new}') > 0 AS appended;
COMMIT;
SELECT inbox_wait('inbox_truncated'::regclass);
SELECT spine_describe('inbox_truncated'), spine_validate('inbox_truncated');
-- Or none
BEGIN;
SELECT inbox_leave('inbox_truncated', 1, '{latest,latest2,latest}') > 0 AS appended;
SELECT spine_unregister('inbox_truncated');
COMMIT;
SELECT inbox_wait('inbox_truncated'::regclass);
SELECT parts, lower, regexp_replace(error, '\d+', 'N', 'g') AS error
FROM inbox_seen WHERE relation = 'inbox_truncated'::regclass ORDER BY ticket;
SELECT part FROM spine_garbage WHERE relation = 'inbox_truncated'::regclass ORDER BY part;
SELECT 'inbox_truncated'::regclass::oid AS oid \gset
SELECT spine_register('inbox_truncated');
BEGIN;
SELECT inbox_leave('inbox_truncated', 1, '{for-dropped}') > 0 AS appended;
DROP TABLE inbox_truncated;
COMMIT;
SELECT inbox_wait(:oid);
SELECT parts, lower, error FROM inbox_seen WHERE relation = :oid AND parts = '{for-dropped}';
SELECT count(*) FROM spine_garbage WHERE relation = :oid AND part = 'for-dropped';

-- A spine that can take nothing more, between two that can

CREATE TABLE inbox_open1 ();
CREATE TABLE inbox_closed ();
CREATE TABLE inbox_open2 ();
SELECT spine_register('inbox_open1'), spine_register('inbox_closed'), spine_register('inbox_open2');
BEGIN;
SELECT count(inbox_leave(t, 1, ARRAY[t::text || i]))
FROM generate_series(1, 2) i, unnest('{inbox_open1,inbox_closed,inbox_open2}'::regclass[]) t;
SELECT spine_push_batch('inbox_closed', 0, '[]', 1, '{end}');
-- From now on it is refused at once
SAVEPOINT a;
CALL inbox_fails($$SELECT spine_append_batch('inbox_closed', 1)$$);
ROLLBACK TO a;
COMMIT;
CALL inbox_fails($$SELECT spine_append_batch('inbox_closed', 1)$$);
SELECT inbox_wait(t) FROM unnest('{inbox_open1,inbox_closed,inbox_open2}'::regclass[]) t;
SELECT relation, parts, lower, error FROM inbox_seen WHERE relation::text ~ 'inbox_(open|closed)' ORDER BY relation::text, ticket;
SELECT part FROM spine_garbage WHERE relation = 'inbox_closed'::regclass ORDER BY part;
SELECT min(ticket) AS ticket FROM spine_inbox WHERE relation = 'inbox_closed'::regclass \gset
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :ticket));
-- The last time there is
SELECT spine_push_batch('inbox_open1', 2, 9223372036854775806, 1);
BEGIN;
SELECT count(inbox_leave('inbox_open1', 1, ARRAY['end' || i])) FROM generate_series(1, 2) i;
COMMIT;
SELECT inbox_wait('inbox_open1'::regclass);
SELECT parts, lower, error FROM inbox_seen WHERE relation = 'inbox_open1'::regclass AND parts::text ~ 'end' ORDER BY ticket;
SELECT spine_validate(relation) FROM spine_traces WHERE relation::text ~ 'inbox_(open|closed)';
DROP TABLE inbox_open1, inbox_closed, inbox_open2;

-- A damaged row gets its error, and those beside it their times

CREATE TABLE inbox_damaged ();
SELECT spine_register('inbox_damaged');
BEGIN;
SELECT count(inbox_leave('inbox_damaged', i, ARRAY['d' || i])) FROM generate_series(1, 5) i;
UPDATE spine_inbox_batch SET len = -7 WHERE relation = 'inbox_damaged'::regclass AND len = 2;
UPDATE spine_inbox_batch SET runs = '{8}' WHERE relation = 'inbox_damaged'::regclass AND len = 4;
COMMIT;
SELECT inbox_wait('inbox_damaged'::regclass);
SELECT parts, lower, error FROM inbox_seen WHERE relation = 'inbox_damaged'::regclass ORDER BY ticket;
SELECT spine_describe('inbox_damaged'), spine_validate('inbox_damaged');
SELECT part FROM spine_garbage WHERE relation = 'inbox_damaged'::regclass ORDER BY part;
DROP TABLE inbox_damaged;

-- A temporary table

CREATE TEMP TABLE inbox_temporary ();
SELECT spine_register('inbox_temporary');
SELECT spine_append_batch('inbox_temporary', 1, '{t}') AS ticket \gset
SELECT spine_wait_append(:ticket);
DROP TABLE inbox_temporary;

-- Who may do what

CREATE TABLE inbox_private ();
SELECT spine_register('inbox_private');
CREATE ROLE regress_inbox_writer;
CREATE ROLE regress_inbox_reader;
CREATE ROLE regress_inbox_nobody;
GRANT INSERT ON inbox_private TO regress_inbox_writer;
GRANT SELECT ON inbox_private TO regress_inbox_reader;
SET ROLE regress_inbox_writer;
SELECT spine_append_batch('inbox_private', 1, '{secret}') AS ticket \gset
SELECT spine_wait_append(:ticket);
SELECT count(*) FROM spine_inbox;
SET ROLE regress_inbox_reader;
CALL inbox_fails($$SELECT spine_append_batch('inbox_private', 1)$$);
SELECT spine_wait_append(:ticket);
SELECT lower FROM spine_inbox;
SET ROLE regress_inbox_nobody;
CALL inbox_fails($$SELECT spine_append_batch('inbox_private', 1)$$);
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :ticket));
SELECT count(*) FROM spine_inbox;
CALL inbox_fails('TABLE spine_inbox_batch');
CALL inbox_fails('TABLE spine_inbox_answer');
RESET ROLE;
SELECT spine_wait_append(:ticket);
DROP TABLE inbox_private;
-- It outlives its relation for who appended it
SET ROLE regress_inbox_reader;
SELECT count(*) FROM spine_inbox;
CALL inbox_fails(format('SELECT spine_wait_append(%s)', :ticket));
SET ROLE regress_inbox_writer;
SELECT lower FROM spine_inbox;
SELECT spine_wait_append(:ticket);
RESET ROLE;
DROP ROLE regress_inbox_writer, regress_inbox_reader, regress_inbox_nobody;

DROP FUNCTION inbox_wait;
DROP VIEW inbox_seen;
DROP FUNCTION inbox_leave;
DROP TABLE inbox_left;
DROP PROCEDURE inbox_fails;
