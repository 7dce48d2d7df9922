-- stop_point.sql: arms stop points, in a server whose library was built with
-- STOP_POINTS=1.  Not part of the extension, and never installed.

-- The next process that comes to this point, after so many that pass, waits
-- there until it is killed or cancelled, or raises an error.
CREATE FUNCTION spine_stop_at(point text, passes integer DEFAULT 0, error boolean DEFAULT false)
RETURNS void LANGUAGE c STRICT AS 'spine', 'spine_stop_at';

-- The process that waits; null while nobody has come.
CREATE FUNCTION spine_stopped() RETURNS integer LANGUAGE c AS 'spine', 'spine_stopped';

REVOKE ALL ON FUNCTION spine_stop_at, spine_stopped FROM PUBLIC;
