\set ECHO none
-- The states: eight of them, and one table of the moves between them. Nobody gets around it, not even the owner of the table.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE TABLE test.states (state text, n serial);
INSERT INTO test.states VALUES ('new'), ('ai_processing'), ('finished'), ('handover'), ('pending_human'), ('human_active'), ('resolved'), ('back_to_ai');
-- What comes of a hand-typed UPDATE from one state to another: 'yes' or the SQLSTATE.
CREATE FUNCTION test.move(from_state text, to_state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made uuid := gen_random_uuid();
BEGIN
    INSERT INTO hil.conversations (id, status) VALUES (made, from_state);
    UPDATE hil.conversations SET status = to_state WHERE id = made;
    RETURN 'yes';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
\set ECHO all

-- Every pair of states, as an UPDATE by the owner of the table. On the diagonal nothing changes, which is always allowed.
SELECT f.state AS "from \ to",
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'new') AS new,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'ai_processing') AS ai_processing,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'finished') AS finished,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'handover') AS handover,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'pending_human') AS pending_human,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'human_active') AS human_active,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'resolved') AS resolved,
       max(move(f.state, t.state)) FILTER (WHERE t.state = 'back_to_ai') AS back_to_ai
FROM test.states f, test.states t GROUP BY f.state, f.n ORDER BY f.n;

-- A refusal says where the conversation is and where it can go from there.
SELECT hil_create_conversation(conversation(1));
CALL refused($$UPDATE hil.conversations SET status = 'resolved' WHERE id = conversation(1)$$);
CALL refused($$UPDATE hil.conversations SET status = 'asleep' WHERE id = conversation(1)$$);
CALL refused($$UPDATE hil.conversations SET status = NULL WHERE id = conversation(1)$$);
\set VERBOSITY terse
INSERT INTO hil.conversations (id, status) VALUES (conversation(2), 'asleep');
\set VERBOSITY default
CALL refused($$INSERT INTO hil.conversations (id, status) VALUES (conversation(1), 'resolved') ON CONFLICT (id) DO UPDATE SET status = excluded.status$$);
-- One statement, many rows: all or none.
SELECT hil_create_conversation(conversation(2));
UPDATE hil.conversations SET status = 'ai_processing' WHERE id = conversation(2);
CALL refused($$UPDATE hil.conversations SET status = 'finished' WHERE id IN (conversation(1), conversation(2))$$);
SELECT status(1), status(2);
-- Other columns are the owner's to mend.
UPDATE hil.conversations SET hil_reason = 'by hand', status = status WHERE id = conversation(1);
SELECT hil_reason FROM hil.conversations WHERE id = conversation(1);
DELETE FROM hil.conversations;

-- The functions go along the same table. A whole life, as the table saw it; handover is passed on the way and never rests.
CREATE TABLE test.life (n serial, status text);
CREATE FUNCTION test.note_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO test.life (status) VALUES (NEW.status); RETURN NULL; END $$;
CREATE TRIGGER note_status AFTER INSERT OR UPDATE OF status ON hil.conversations FOR EACH ROW EXECUTE FUNCTION test.note_status();
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', status => 'offline');
SELECT hil_handle_message(conversation(1), 'Hello') ->> 'status' AS status;
SELECT hil_complete_run(run_id, attempt, '{"sink": "FINISH", "config": {"response": "Hi."}}') ->> 'status' AS status FROM hil_claim_runs('worker');
SELECT hil_handle_message(conversation(1), 'Again') ->> 'status' AS status;
SELECT hil_complete_run(run_id, attempt, '{"sink": "HANDOVER"}') ->> 'status' AS status FROM hil_claim_runs('worker');
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'current_load' AS load;
SELECT hil_handle_message(conversation(1), 'Done.', 'agent', agent('Ann')) ->> 'status' AS status;
SELECT hil_back_to_ai(conversation(1), agent_id => agent('Ann')) ->> 'status' AS status;
SELECT hil_handle_message(conversation(1), 'Again') ->> 'status' AS status;
SELECT hil_handover(conversation(1), 'x') ->> 'status' AS status;
SELECT hil_resolve(conversation(1), 'x', agent('Ann')) ->> 'status' AS status;
SELECT string_agg(status, ' → ' ORDER BY n) AS life FROM (SELECT n, status, lag(status) OVER (ORDER BY n) AS before FROM test.life) s WHERE status IS DISTINCT FROM before;

-- A trigger of the administrator's may call hil while hil saves a conversation: here two customers who share one fate.
CREATE FUNCTION test.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = test.conversation(3) AND NEW.status = 'pending_human' THEN
        PERFORM public.hil_handover(test.conversation(4), 'as the other one');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE UPDATE ON hil.conversations FOR EACH ROW EXECUTE FUNCTION test.follow();
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status' AS status;
SELECT hil_create_conversation(conversation(3)), hil_create_conversation(conversation(4));
SELECT hil_handover(conversation(3), 'x') ->> 'status' AS status;
SELECT status(3), status(4);
DROP TRIGGER follow ON hil.conversations;
-- While it saves, another conversation's state is guarded all the same.
CREATE OR REPLACE FUNCTION test.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = test.conversation(3) THEN
        UPDATE hil.conversations SET status = 'finished' WHERE id = test.conversation(4);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE UPDATE ON hil.conversations FOR EACH ROW EXECUTE FUNCTION test.follow();
CALL refused($$SELECT hil_cancel(conversation(3))$$);
DROP TRIGGER follow ON hil.conversations;

-- The guard is made for one trigger only, and says so wherever else it is put.
CALL refused($$SELECT hil.guard_conversation_status()$$);
CREATE TRIGGER misplaced BEFORE INSERT ON hil.conversations FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CALL refused($$SELECT hil_create_conversation(conversation(5))$$);
DROP TRIGGER misplaced ON hil.conversations;
CREATE TRIGGER misplaced BEFORE DELETE ON hil.conversations FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CALL refused($$DELETE FROM hil.conversations$$);
DROP TRIGGER misplaced ON hil.conversations;
CREATE TRIGGER misplaced BEFORE UPDATE ON hil.conversations FOR EACH STATEMENT EXECUTE FUNCTION hil.guard_conversation_status();
CALL refused($$SELECT hil_cancel(conversation(3))$$);
DROP TRIGGER misplaced ON hil.conversations;
CREATE TRIGGER misplaced AFTER UPDATE ON hil.conversations FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CALL refused($$SELECT hil_cancel(conversation(3))$$);
DROP TRIGGER misplaced ON hil.conversations;
-- On tables without an id and a status, with an id of another type, with an id that is NULL.
CREATE TABLE test.without (x integer);
CREATE TABLE test.numbered (id integer, status text);
CREATE TABLE test.stateless (id uuid);
CREATE TABLE test.similar (id uuid, status text);
INSERT INTO test.without VALUES (1);
INSERT INTO test.numbered VALUES (1, 'new');
INSERT INTO test.stateless VALUES (conversation(1));
INSERT INTO test.similar VALUES (NULL, 'new');
CREATE TRIGGER misplaced BEFORE UPDATE ON test.without FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CREATE TRIGGER misplaced BEFORE UPDATE ON test.numbered FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CREATE TRIGGER misplaced BEFORE UPDATE ON test.stateless FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CREATE TRIGGER misplaced BEFORE UPDATE ON test.similar FOR EACH ROW EXECUTE FUNCTION hil.guard_conversation_status();
CALL refused($$UPDATE test.without SET x = 2$$);
CALL refused($$UPDATE test.numbered SET status = 'finished'$$);
CALL refused($$UPDATE test.stateless SET id = conversation(2)$$);
CALL refused($$UPDATE test.similar SET status = 'finished'$$);
SELECT status(3), status(4);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
