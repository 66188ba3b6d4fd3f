\set ECHO none
-- The busiest paths read and write single rows below the executor. What a DBA does to the tables counts all the same:
-- triggers, constraints, columns, indexes, read-only transactions, another extension of the same name.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
SET client_min_messages = notice;
\set VERBOSITY terse
\set ECHO all
SELECT hil_add_agent('Ann', 'ann@example.com', '{billing}') IS NOT NULL AS ann;
SELECT hil_set_agent_status(id, 'online') ->> 'status' AS ann FROM hil.human_agents;

-- A trigger sees the rows, and may refuse them: nothing of the call stays then.
CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% on %', TG_OP, TG_TABLE_NAME;
    IF TG_TABLE_NAME = 'agent_queue' AND current_setting('test.refuse', true) = 'on' THEN
        RAISE EXCEPTION 'refused by a trigger';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER note_row BEFORE INSERT OR UPDATE ON hil.messages FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note_row AFTER INSERT OR UPDATE ON hil.conversations FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note_row AFTER INSERT OR UPDATE ON hil.agent_queue FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note_row BEFORE INSERT ON hil.outbox FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note_row BEFORE INSERT ON hil.handover_events FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note_row BEFORE UPDATE ON hil.human_agents FOR EACH ROW EXECUTE FUNCTION note_row();
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Hello') ->> 'agent_name' AS agent;
SET test.refuse = on;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000002', 'Hello') ->> 'agent_name' AS agent;
RESET test.refuse;
SELECT count(*) AS conversations FROM hil.conversations;
SELECT current_load FROM hil.human_agents;
DROP FUNCTION note_row CASCADE;

-- A constraint that was added binds at once, in a session that has written before.
ALTER TABLE hil.messages ADD CONSTRAINT no_swearing CHECK (content <> 'Damn');
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Damn');
ALTER TABLE hil.messages DROP CONSTRAINT no_swearing;
-- So does one that says something else from now on.
CREATE FUNCTION is_allowed(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT $1 <> 'Damn' $$;
ALTER TABLE hil.messages ADD CONSTRAINT no_swearing CHECK (is_allowed(content));
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Darn') ->> 'status' AS status;
CREATE OR REPLACE FUNCTION is_allowed(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT $1 <> ALL ('{Damn,Darn}') $$;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Darn') ->> 'status' AS status;
ALTER TABLE hil.messages DROP CONSTRAINT no_swearing;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Damn') ->> 'status' AS status;

-- Columns, with defaults and without, and indexes, unique ones too.
ALTER TABLE hil.messages ADD COLUMN sentiment double precision DEFAULT 0.5, ADD COLUMN channel text;
CREATE UNIQUE INDEX one_channel ON hil.messages (conversation_id, content) WHERE content = 'Once';
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Once') ->> 'status' AS status;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Once') ->> 'status' AS status;
SELECT content, sentiment, channel FROM hil.messages ORDER BY id;
SET enable_seqscan = off;
SELECT count(*) AS by_new_index FROM hil.messages WHERE conversation_id = 'c0000000-0000-0000-0000-000000000001' AND content = 'Once';
RESET enable_seqscan;
ALTER TABLE hil.messages DROP COLUMN sentiment, DROP COLUMN channel;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Again') ->> 'status' AS status;

-- An index that is gone is done without.
ALTER TABLE hil.agent_queue DROP CONSTRAINT agent_queue_pkey;
DROP INDEX hil.human_agents_free, hil.human_agents_free_by_profile;
SELECT hil_resolve('c0000000-0000-0000-0000-000000000001', 'done', id) ->> 'status' AS status FROM hil.human_agents;
SELECT hil_handover('c0000000-0000-0000-0000-000000000001', 'again', '{billing}') ->> 'status' AS status;

-- Read-only transactions.
BEGIN READ ONLY;
SELECT hil_queue_position('c0000000-0000-0000-0000-000000000001');
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Hello');
ROLLBACK;

-- What a savepoint takes back is gone, and what follows sees it gone.
BEGIN;
SAVEPOINT before;
SELECT hil_handover(hil_create_conversation('c0000000-0000-0000-0000-000000000003'), 'x', '{plumbing}') ->> 'status' AS status;
ROLLBACK TO before;
SELECT hil_handover(hil_create_conversation('c0000000-0000-0000-0000-000000000003'), 'x', '{plumbing}') ->> 'status' AS status;
COMMIT;
SELECT hil_queue_position('c0000000-0000-0000-0000-000000000003');
SELECT count(*) AS sets FROM hil.skill_sets WHERE skills = '{plumbing}';

-- Row security.
ALTER TABLE hil.messages ENABLE ROW LEVEL SECURITY;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000003', 'Hello?') ->> 'status' AS status;
ALTER TABLE hil.messages DISABLE ROW LEVEL SECURITY;

-- A whole episode with the AI, in one report and among several, on tables as they are and on tables that only the executor may read and
-- write, as those of an extension that keeps the rows elsewhere: what is there afterwards is the same.
SELECT hil_load_workflow(workflow());
CREATE PROCEDURE episode(conversation uuid) LANGUAGE plpgsql AS $$
DECLARE
    claimed record;
    report jsonb;
BEGIN
    PERFORM hil_handle_message(conversation, 'Where is my parcel?');
    SELECT * INTO claimed FROM hil_claim_runs('worker', 100) c WHERE c.conversation_id = conversation;
    report := jsonb_build_object('run_id', claimed.run_id, 'attempt', claimed.attempt, 'conversation_id', conversation);
    PERFORM hil_report_runs(jsonb_build_array(report || '{"calls": [{"node": "answer", "call": 1, "turn": 1, "tool": "x.y", "arguments": {}, "usage": {"cost_usd": 0.5}}]}', '{}'));
    PERFORM hil_report_runs(jsonb_build_array(report || '{"calls": [{"node": "answer", "call": 1, "result": "z"}],
        "steps": [{"node": "answer", "output": {"answer": "Here."}, "usage": {"cost_usd": 0.25, "input_tokens": 7}}], "result": {"sink": "FINISH"}}'));
END $$;
CREATE FUNCTION picture(conversation uuid) RETURNS TABLE (line text) LANGUAGE sql AS $$
    SELECT c.status || ' ' || jsonb_array_length(episodes) || ' ' || consecutive_errors FROM hil.conversations c WHERE id = conversation UNION ALL
    SELECT a.total_messages || ' ' || ai_messages || ' ' || ai_cost_usd || ' ' || resolution_status FROM hil.conversation_analytics a WHERE conversation_id = conversation UNION ALL
    SELECT r.status || ' ' || sink || ' ' || steps || ' ' || calls || ' ' || input_tokens || ' ' || cost_usd FROM hil.runs r WHERE conversation_id = conversation UNION ALL
    SELECT s.node || ' ' || step_number || ' ' || output || ' ' || cost_usd FROM hil.run_steps s WHERE conversation_id = conversation UNION ALL
    SELECT k.tool || ' ' || result || ' ' || (finished_at IS NOT NULL) FROM hil.run_calls k WHERE conversation_id = conversation UNION ALL
    SELECT m.sender_type || ' ' || content FROM hil.messages m WHERE conversation_id = conversation
$$;
CALL episode('c0000000-0000-0000-0000-000000000011');
CALL episode('c0000000-0000-0000-0000-000000000011');
SELECT * FROM picture('c0000000-0000-0000-0000-000000000011');
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CREATE TRIGGER keep BEFORE TRUNCATE ON %s EXECUTE FUNCTION keep()', name);
    END LOOP;
END $$;
CALL episode('c0000000-0000-0000-0000-000000000012');
CALL episode('c0000000-0000-0000-0000-000000000012');
SELECT * FROM picture('c0000000-0000-0000-0000-000000000012') EXCEPT ALL SELECT * FROM picture('c0000000-0000-0000-0000-000000000011');
SELECT count(*) FROM picture('c0000000-0000-0000-0000-000000000012');
DROP FUNCTION keep CASCADE;

-- Indexes of other kinds, which remember something from row to row.
CREATE INDEX by_time ON hil.messages USING brin (created_at) WITH (pages_per_range = 1);
CREATE INDEX by_metadata ON hil.messages USING gin (metadata);
DO $$
BEGIN
    FOR n IN 1 .. 60 LOOP
        PERFORM hil_handle_message('c0000000-0000-0000-0000-000000000013', repeat(n::text, 300));
    END LOOP;
END $$;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000013', 'Hello') ->> 'status';
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000013', 'Hello?') ->> 'status';
DROP INDEX hil.by_time;
DROP INDEX hil.by_metadata;

-- The extension made anew, in a session that knows the old one's tables.
SET client_min_messages = warning;
DROP EXTENSION hil CASCADE;
CREATE EXTENSION hil SCHEMA public;
SELECT hil_add_agent('Bea', 'bea@example.com') IS NOT NULL AS bea;
SELECT hil_set_agent_status(id, 'online') ->> 'status' AS bea FROM hil.human_agents;
SELECT hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Hello') ->> 'agent_name' AS agent;
SELECT hil_tick() IS NOT NULL AS ticked;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok AND check_name <> 'time_driven_work';
