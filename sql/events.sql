--
-- What has happened to a spine lately, and the counters of that
--

CREATE TABLE events (i integer);
SELECT spine_register('events');
CREATE VIEW events_seen AS
	SELECT event, level, len1, len2, len, dense_rank() OVER (ORDER BY generation) AS life
	FROM spine_events('events') WITH ORDINALITY e (at, generation, event, level, len1, len2, len, n) ORDER BY n;
SELECT count(*) FROM events_seen;
SELECT spine_append('events', 3), spine_append('events', 4);
SELECT * FROM events_seen;
SELECT spine_append('events', 100);
SELECT * FROM events_seen OFFSET 3;
SELECT spine_exert('events', 1000);
SELECT * FROM events_seen OFFSET 7;
SELECT merges_begun, merges_done, drops, exertions FROM spine_stat WHERE relation = 'events'::regclass;

-- Those of a transaction come when it commits, in their order, without what it has
-- rolled back; a prepared one tells of none
BEGIN;
SELECT spine_append('events', 11);
SAVEPOINT a;
SELECT spine_append('events', 12);
SAVEPOINT b;
SELECT spine_append('events', 13);
ROLLBACK TO b;
SELECT spine_append('events', 14);
RELEASE a;
SELECT spine_append('events', 15);
SELECT count(*) FROM events_seen WHERE len BETWEEN 11 AND 15;
COMMIT;
SELECT event, len FROM events_seen WHERE event = 'batch' OFFSET 3;
BEGIN;
SELECT spine_append('events', 16);
ROLLBACK;
BEGIN;
SELECT spine_append('events', 17);
PREPARE TRANSACTION 'events';
COMMIT PREPARED 'events';
SELECT count(*) FROM events_seen WHERE len IN (16, 17);

-- All that is thrown away
SELECT spine_set_physical_compaction('events', 8), spine_append('events', 99);
SELECT count(*) FROM spine_describe('events');
TRUNCATE events;
SELECT event, len, life FROM events_seen WHERE event = 'drop';
SELECT merges_begun - merges_done >= 0 AS begun_first, drops FROM spine_stat WHERE relation = 'events'::regclass;
SELECT spine_append('events', 1), spine_append('events', 1), spine_append('events', 4);
SELECT spine_rebuild('events');
SELECT * FROM events_seen WHERE life > 1;
SELECT spine_unregister('events');
SELECT * FROM events_seen WHERE life > 2 AND event = 'drop';
SELECT spine_register('events'), spine_append('events', 5);
SELECT 'events'::regclass::oid AS gone \gset
DROP VIEW events_seen;
DROP TABLE events;
SELECT event, len FROM (SELECT * FROM spine_events(:gone) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 2) e ORDER BY ordinality;

-- Ended and made anew by one transaction
CREATE TABLE events (i integer);
SELECT spine_register('events'), spine_append('events', 6);
BEGIN;
SELECT spine_append('events', 7);
SAVEPOINT a;
SELECT spine_unregister('events');
SELECT spine_register('events'), spine_append('events', 8);
RELEASE a;
SAVEPOINT b;
SELECT spine_unregister('events');
SELECT spine_register('events'), spine_append('events', 9);
ROLLBACK TO b;
COMMIT;
SELECT event, len FROM spine_events('events') WHERE event IN ('batch', 'drop');
SELECT spine_describe('events'), spine_validate('events');
DROP TABLE events;

-- Only so many are kept, of which a large transaction leaves its last
CREATE TABLE events (i integer);
SELECT spine_register('events');
SELECT count(spine_append('events', n)) FROM generate_series(1, 10000) n;
SELECT count(*) BETWEEN 50 AND 128 AS some, max(len) FILTER (WHERE event = 'batch') AS last FROM spine_events('events');
SELECT merges_begun > 9000 AS begun, merges_begun - merges_done = (SELECT count(*) FROM spine_levels WHERE relation = 'events'::regclass AND state = 'merging') AS under_way
FROM spine_stat WHERE relation = 'events'::regclass;

CREATE ROLE regress_events_nobody;
SET ROLE regress_events_nobody;
SELECT * FROM spine_events('events');
SELECT set_config('events.gone', :'gone', false) > '' AS set;
DO $$
BEGIN
	PERFORM spine_events(current_setting('events.gone')::oid);
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE 'refused';
END $$;
RESET ROLE;
DROP ROLE regress_events_nobody;
DROP TABLE events;
