-- What the demo needs beside pgbench's own tables: the table "ledger", which
-- owns the spine, and a schema that holds nothing but part tables. A part's key
-- in the spine is the name of its table there.
CREATE EXTENSION IF NOT EXISTS spine;
CREATE SCHEMA parts;
CREATE TABLE ledger (aid int NOT NULL, delta bigint NOT NULL);
SELECT spine_register('ledger') \g /dev/null
