\set ECHO none
-- hil plans its statements by settings of its own, which nothing else sees: neither what a trigger does meanwhile nor the
-- session afterwards.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
CALL add_agent('Ann', '{billing}');
SELECT hand_over(1, '{billing}');

-- A trigger runs under the session's settings; so the plans that it makes and keeps are made by them.
CREATE TABLE test.seen (seqscan text, jit text);
CREATE FUNCTION test.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test.seen SELECT current_setting('enable_seqscan'), current_setting('jit');
    RETURN NULL;
END $$;
CREATE TRIGGER look AFTER INSERT OR UPDATE ON hil.agent_queue FOR EACH ROW EXECUTE FUNCTION look();
SET jit = on;
SELECT hil_resolve(conversation(1), 'done', agent('Ann')) ->> 'status';
SELECT DISTINCT seqscan, jit FROM test.seen;

-- What it sets for its transaction ends with that.
CREATE FUNCTION test.set_locally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('enable_seqscan', 'on', true), set_config('jit', 'on', true);
    RETURN NULL;
END $$;
CREATE TRIGGER set_locally AFTER INSERT OR UPDATE ON hil.agent_queue FOR EACH ROW EXECUTE FUNCTION set_locally();
SELECT hand_over(2, '{billing}');
SELECT hil_resolve(conversation(2), 'done', agent('Ann')) ->> 'status';
SHOW enable_seqscan;
SHOW jit;
SET enable_seqscan = off;
SET jit = off;
SELECT hand_over(3, '{billing}');
SHOW enable_seqscan;
SHOW jit;
RESET enable_seqscan;
RESET jit;

-- hil's own statements find rows by an index in tables that are small now.
SELECT hil_load_workflow(workflow());
SELECT hil_handle_message(conversation(4), 'Hello') ->> 'status';
VACUUM ANALYZE hil.runs;
BEGIN;
SELECT seq_scan AS before FROM pg_stat_xact_user_tables WHERE relid = 'hil.runs'::regclass \gset
SELECT count(*) FROM hil_claim_runs('worker');
SELECT seq_scan - :before FROM pg_stat_xact_user_tables WHERE relid = 'hil.runs'::regclass;
COMMIT;
