\set ECHO none
-- Events: what somebody who listens is told, and what is written down in the same transaction. A payload holds ids, never what was
-- said; it is a hint to look at the tables.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
-- What was written down since the last look.
CREATE TABLE test.seen (number bigint);
CREATE FUNCTION test.events() RETURNS TABLE (type text, conversation uuid, agent text, payload jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT h.type, h.conversation_id, name_of(h.agent_id), h.payload - 'timestamp' - 'type' - 'conversation_id'
        FROM test.happened h WHERE h.number > (SELECT coalesce(max(s.number), 0) FROM test.seen s) ORDER BY h.number;
    INSERT INTO test.seen SELECT max(h.number) FROM test.happened h;
END
$$;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', status => 'offline');

-- The AI's turn: workers are woken.
SELECT hil_handle_message(conversation(1), 'My secret is 42.') ->> 'status';
SELECT * FROM events();
-- Nobody is free: the queue's listeners learn that.
SELECT hil_handover(conversation(1), 'x') ->> 'status';
SELECT * FROM events();
-- An agent comes: the agent is told, in the words of the first design, and the conversation's listeners are too.
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'current_load';
SELECT type, payload - 'timestamp', payload ->> 'timestamp' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?$' AS iso_8601 FROM happened ORDER BY number DESC LIMIT 1;
SELECT type, agent FROM events();
-- The customer writes: the agent is told. The agent writes: the conversation's listeners are.
SELECT hil_handle_message(conversation(1), 'Another secret.') ->> 'status';
SELECT hil_handle_message(conversation(1), 'I see.', 'agent', agent('Ann')) ->> 'status';
SELECT * FROM events();
-- Taken away and given on
CALL add_agent('Bob');
SELECT hil_transfer(conversation(1), agent('Ann'), 'x') ->> 'agent_name';
SELECT * FROM events();
SELECT hil_back_to_ai(conversation(1), 'Go on.', agent('Bob')) ->> 'status';
SELECT type, agent FROM events();
SELECT hil_complete_run(run_id, attempt, '{"sink": "FINISH", "config": {"response": "Done."}}') ->> 'status' FROM hil_claim_runs('worker');
SELECT type, agent FROM events();
SELECT hil_handover(conversation(1), 'x') ->> 'agent_name';
SELECT hil_resolve(conversation(1), 'x', agent('Bob')) ->> 'status';
SELECT type, agent FROM events();
SELECT hand_over(2), hil_set_agent_status(agent('Ann'), 'away') ->> 'status', hil_set_agent_status(agent('Bob'), 'away') ->> 'status';
SELECT hand_over(3), hil_cancel(conversation(3)) ->> 'status';
SELECT type, agent FROM events();
-- No payload says what was said, and none is too long for a NOTIFY.
SELECT count(*) FROM happened WHERE payload::text LIKE '%secret%' OR length(payload::text) > 1000;
-- What is refused is not announced.
CALL refused($$SELECT hil_handover(conversation(2), 'x')$$);
SELECT * FROM events();

-- The same as somebody hears it who LISTENs, channel by channel. The process and the time differ from run to run.
\! psql -Xqt -c 'LISTEN hil_runs' -c 'LISTEN "hil_conversation_c0000000-0000-0000-0000-000000000009"' -c "SELECT hil_handle_message('c0000000-0000-0000-0000-000000000009', 'Hello') ->> 'status'" | sed -E 's/PID [0-9]+/PID n/; s/"timestamp": ?"[^"]*"/"timestamp":…/'
\! psql -Xqt -c 'LISTEN hil_queue' -c "SELECT hil_handover('c0000000-0000-0000-0000-000000000009', 'x') ->> 'status'" | sed -E 's/PID [0-9]+/PID n/; s/"timestamp": ?"[^"]*"/"timestamp":…/'
\! psql -Xqt -c 'LISTEN "hil_agent_a0000000-0000-0000-0000-000000000001"' -c "SELECT hil_set_agent_status('a0000000-0000-0000-0000-000000000001', 'online') ->> 'current_load'" | sed -E 's/PID [0-9]+/PID n/; s/"timestamp": ?"[^"]*"/"timestamp":…/'
-- What is rolled back was never heard.
\! psql -Xqt -c 'LISTEN hil_queue' -c BEGIN -c "SELECT hil_handover(hil_create_conversation(), 'x', '{unheard of}') ->> 'status'" -c ROLLBACK -c "SELECT 'nothing came'"
