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
