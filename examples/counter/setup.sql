-- The same counter twice. The worker absorbs after 10,000 rows already, and VACUUM
-- comes often, so that the demo shows something of both. Commits wait for the disk, as
-- on any server but a throwaway one.
CREATE EXTENSION IF NOT EXISTS spine;
CREATE TABLE visits_heap (page text PRIMARY KEY, n bigint) USING heap;
INSERT INTO visits_heap VALUES ('/', 0);
CREATE TABLE visits (page text, n bigint) USING spine;
SELECT spine_set_diff('visits', '{n}') \g /dev/null
ALTER SYSTEM SET fsync = on;
ALTER SYSTEM SET spine.absorb_rows = 10000;
ALTER SYSTEM SET autovacuum_naptime = '1s';
SELECT pg_reload_conf() \g /dev/null
