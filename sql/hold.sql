--
-- Holds: named read capabilities that keep since back
--

\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/sql/fails.psql

CREATE TABLE hold_spine ();
SELECT spine_register('hold_spine');
SELECT spine_append('hold_spine', 10, ARRAY['p' || n]) FROM generate_series(0, 9) n;
CREATE VIEW hold_rows AS
	SELECT name, since, held_by = current_user AS mine, held_at <= clock_timestamp() AS held,
		   expires_at > clock_timestamp() AS expires
	FROM spine_holds WHERE relation = 'hold_spine'::regclass ORDER BY name;

-- since gets as far as the least of them

SELECT spine_hold('hold_spine', 'a', 3), spine_hold('hold_spine', 'b', 5, '1 hour');
SELECT * FROM hold_rows;
SELECT spine_downgrade_since('hold_spine', 2);
SELECT spine_downgrade_since('hold_spine', 4);
SELECT spine_downgrade_since('hold_spine', '[]'), spine_since('hold_spine');
-- Not back, though
CALL fails($$SELECT spine_downgrade_since('hold_spine', 1)$$);
-- Moved on, since can follow; moved within one command, too
SELECT spine_hold('hold_spine', 'a', 4);
SELECT spine_downgrade_since('hold_spine', 9);
SELECT spine_hold('hold_spine', 'a', n) FROM generate_series(5, 8) n;
SELECT spine_downgrade_since('hold_spine', 9);
SELECT spine_release_hold('hold_spine', 'b'), spine_release_hold('hold_spine', 'b');
SELECT spine_downgrade_since('hold_spine', 9);
-- Moved to where it is, with a ttl, without again
SELECT spine_hold('hold_spine', 'a', 8, '1 day');
SELECT * FROM hold_rows;
SELECT spine_hold('hold_spine', 'a', 8);
SELECT * FROM hold_rows;
-- Beyond the spine's upper, and at the end of time, which keeps nothing back
SELECT spine_hold('hold_spine', 'a', 1000), spine_hold('hold_spine', 'b', '[]');
SELECT spine_downgrade_since('hold_spine', 9);
SELECT * FROM hold_rows;

-- What is refused, and changes nothing

CALL fails($$SELECT spine_hold('hold_spine', 'c', 8)$$);
CALL fails($$SELECT spine_hold('hold_spine', 'a', 999)$$);
CALL fails($$SELECT spine_hold('hold_spine', 'b', 1000)$$);
CALL fails($$SELECT spine_hold('hold_spine', '', 10)$$);
CALL fails($$SELECT spine_hold('hold_spine', repeat('x', 256), 10)$$);
CALL fails($$SELECT spine_hold('hold_spine', 'c', 10, '0')$$);
CALL fails($$SELECT spine_hold('hold_spine', 'c', 10, '1 day -24:00:01')$$);
CALL fails($$SELECT spine_hold('hold_spine', 'c', 10, '178000000 years')$$);
CALL fails($$SELECT spine_hold('hold_spine', NULL, 10)$$);
CALL fails($$SELECT spine_hold('hold_spine', 'c', NULL)$$);
CALL fails($$SELECT spine_hold(NULL, 'c', 10)$$);
CALL fails($$SELECT spine_release_hold('hold_spine', NULL)$$);
CALL fails($$SELECT spine_release_hold('hold_spine', '')$$);
CREATE TABLE hold_plain ();
CALL fails($$SELECT spine_hold('hold_plain', 'c', 10)$$);
CALL fails($$SELECT spine_release_hold('hold_plain', 'c')$$);
BEGIN READ ONLY;
CALL fails($$SELECT spine_hold('hold_spine', 'a', 1000)$$);
CALL fails($$SELECT spine_release_hold('hold_spine', 'a')$$);
COMMIT;
SELECT * FROM hold_rows;
SELECT spine_hold('hold_spine', repeat('x', 255), 10) = 10 AS held,
	   spine_release_hold('hold_spine', repeat('x', 255)) AS released;

-- Expired ones hold nothing, and are not there; whoever finds one deletes it (as
-- the worker would, but for the lock)

BEGIN;
SELECT spine_release_hold('hold_spine', 'a'), spine_release_hold('hold_spine', 'b');
SELECT spine_hold('hold_spine', n, 10, '1 us') FROM unnest('{a,b,c}'::text[]) n;
SELECT * FROM hold_rows;
SELECT name FROM spine_reader_hold WHERE relation = 'hold_spine'::regclass ORDER BY name;
SELECT spine_release_hold('hold_spine', 'a');
SELECT name FROM spine_reader_hold WHERE relation = 'hold_spine'::regclass ORDER BY name;
SELECT spine_downgrade_since('hold_spine', 12);
SELECT name FROM spine_reader_hold WHERE relation = 'hold_spine'::regclass ORDER BY name;
-- One that has expired may be anybody's again, and further back
SELECT spine_hold('hold_spine', 'a', 20, '1 us');
SELECT spine_hold('hold_spine', 'a', 15);
SELECT * FROM hold_rows;
COMMIT;

-- As transactional as anything

BEGIN;
SELECT spine_hold('hold_spine', 'a', 16);
SAVEPOINT s;
SELECT spine_hold('hold_spine', 'a', 17), spine_hold('hold_spine', 'b', 13);
SELECT spine_downgrade_since('hold_spine', 20);
ROLLBACK TO s;
SELECT spine_downgrade_since('hold_spine', 20);
SELECT * FROM hold_rows;
ROLLBACK;
SELECT spine_since('hold_spine');
SELECT * FROM hold_rows;

-- They end with the spine, and with each of its lives

SELECT spine_hold('hold_spine', 'b', 12);
TRUNCATE hold_spine;
SELECT * FROM hold_rows;
SELECT spine_hold('hold_spine', 'a', 0);
SELECT spine_downgrade_since('hold_spine', 1);
SELECT * FROM hold_rows;
BEGIN;
SELECT spine_hold('hold_spine', 'b', 1);
TRUNCATE hold_spine;
SELECT * FROM hold_rows;
ROLLBACK;
SELECT * FROM hold_rows;
SELECT spine_unregister('hold_spine');
SELECT * FROM hold_rows;
SELECT spine_register('hold_spine');
SELECT * FROM hold_rows;
SELECT spine_hold('hold_spine', 'a', 0);
-- One that was left behind when nobody was looking
CREATE TABLE hold_left ();
INSERT INTO spine_reader_hold VALUES ('hold_left'::regclass, 'left', 0, current_user, now(), NULL);
SELECT spine_register('hold_left');
SELECT spine_downgrade_since('hold_left', 7);
DROP TABLE hold_left;
CREATE TABLE hold_dropped ();
SELECT spine_register('hold_dropped');
SELECT spine_hold('hold_dropped', 'a', 0);
DROP TABLE hold_dropped;
SELECT count(*) FROM spine_reader_hold
WHERE relation NOT IN (SELECT relation FROM spine_trace);

-- Who may do what

CREATE ROLE regress_hold_owner;
CREATE ROLE regress_hold_one;
CREATE ROLE regress_hold_two;
CREATE ROLE regress_hold_member IN ROLE regress_hold_one;
CREATE ROLE regress_hold_reader;
CREATE TABLE hold_roles ();
ALTER TABLE hold_roles OWNER TO regress_hold_owner;
GRANT UPDATE ON hold_roles TO regress_hold_one, regress_hold_two;
GRANT SELECT ON hold_roles TO regress_hold_reader;
SELECT spine_register('hold_roles');
SET ROLE regress_hold_reader;
CALL fails($$SELECT spine_hold('hold_roles', 'r', 1)$$);
CALL fails($$SELECT spine_release_hold('hold_roles', 'r')$$);
SET ROLE regress_hold_one;
SELECT spine_hold('hold_roles', 'one', 1), spine_hold('hold_roles', 'brief', 1, '1 us');
-- Not without SELECT
SELECT count(*) FROM spine_holds WHERE relation = 'hold_roles'::regclass;
SET ROLE regress_hold_two;
CALL fails($$SELECT spine_hold('hold_roles', 'one', 2)$$);
CALL fails($$SELECT spine_release_hold('hold_roles', 'one')$$);
SELECT spine_hold('hold_roles', 'brief', 1);
SET ROLE regress_hold_member;
SELECT spine_hold('hold_roles', 'one', 2);
SET ROLE regress_hold_owner;
SELECT spine_hold('hold_roles', 'one', 3), spine_release_hold('hold_roles', 'brief');
SET ROLE regress_hold_reader;
SELECT name, since, held_by FROM spine_holds WHERE relation = 'hold_roles'::regclass;
RESET ROLE;
SELECT spine_release_hold('hold_roles', 'one');

DROP TABLE hold_spine, hold_plain, hold_roles CASCADE;
DROP ROLE regress_hold_owner, regress_hold_member, regress_hold_one, regress_hold_two, regress_hold_reader;
