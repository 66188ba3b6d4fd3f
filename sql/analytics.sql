\set ECHO none
-- Analytics: one row for each conversation that was closed, with figures that can be checked by hand. Time is moved by changing
-- the timestamps, never by waiting.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
-- The present state of a conversation began this long ago.
CREATE PROCEDURE test.spend(number integer, span interval) LANGUAGE sql AS
'UPDATE hil.conversations SET status_since = clock_timestamp() - span WHERE id = test.conversation(number)';
CREATE FUNCTION test.claimed(number integer) RETURNS bigint LANGUAGE sql
RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = test.conversation(number));
CREATE VIEW test.figures AS SELECT conversation_id AS conversation, total_duration_seconds AS total, ai_duration_seconds AS ai,
    wait_time_seconds AS wait, human_duration_seconds AS human, total_messages AS messages, ai_messages AS by_ai, human_messages AS by_humans,
    handover_count AS handovers, resolution_status AS resolution, test.name_of(resolved_by) AS resolved_by, ai_cost_usd AS ai_cost,
    human_cost_usd AS human_cost, customer_satisfaction AS satisfaction FROM hil.conversation_analytics;
\set ECHO all
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', rate => 36, status => 'offline');
CALL add_agent('Bob', rate => 90, status => 'offline');

-- A conversation that the AI finishes: 30 seconds of it, one question, one answer, two steps at 0.002 and 0.01 dollars.
SELECT hil_handle_message(conversation(1), 'Hello') ->> 'status' AS status;
SELECT claimed(1) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{}', '{"cost_usd": 0.002}') ->> 'action' AS action;
SELECT hil_record_step(:run, 1, 'answer', '{"answer": "Hi."}', '{"cost_usd": 0.01}') ->> 'action' AS action;
CALL spend(1, '30 s');
SELECT hil_complete_run(:run, 1, '{"sink": "FINISH"}') ->> 'status' AS status;
SELECT * FROM test.figures;

-- A day passes before the customer writes again: nobody's time. Then: 20 seconds of the AI, 120 of waiting, 600 with Ann, who hands it
-- back to the AI: 15 seconds, 60 of waiting, 300 with Ann, who passes it on to Bob: 100 seconds, and resolved.
CALL spend(1, '1 day');
SELECT hil_handle_message(conversation(1), 'Hello again') ->> 'status' AS status;
CALL spend(1, '20 s');
SELECT hil_handle_message(conversation(1), 'talk to agent') ->> 'status' AS status;
CALL spend(1, '120 s');
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'current_load' AS load;
SELECT hil_handle_message(conversation(1), 'I am Ann.', 'agent', agent('Ann')) ->> 'status' AS status;
CALL spend(1, '600 s');
SELECT hil_back_to_ai(conversation(1), 'Say it is done.', agent('Ann')) ->> 'status' AS status;
SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status' AS status;
SELECT claimed(1) AS run \gset
CALL spend(1, '15 s');
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.2}', '{"cost_usd": 0.003}') ->> 'action' AS action;
CALL spend(1, '60 s');
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'current_load' AS load;
CALL spend(1, '300 s');
SELECT hil_set_agent_status(agent('Bob'), 'online') ->> 'current_load' AS load;
SELECT hil_transfer(conversation(1), agent('Ann'), 'shift is over') ->> 'agent_name' AS agent;
SELECT hil_handle_message(conversation(1), 'I am Bob.', 'agent', agent('Bob')) ->> 'status' AS status;
CALL spend(1, '100 s');
-- While it is open, the row is the last closing's.
SELECT total, messages, resolution FROM test.figures;
SELECT hil_resolve(conversation(1), 'done', agent('Bob')) ->> 'status' AS status;
-- AI 30 + 20 + 15, waiting 120 + 60, humans 600 + 300 + 100. Ann: 900 s at 36 an hour is 9 dollars, Bob: 100 s at 90 is 2.50.
-- Messages: three of the customer, one of the AI, two of humans; notices to the customer do not count. Two hand-overs by the AI; a transfer is none.
SELECT total, ai, wait, human, messages, by_ai, by_humans, handovers, resolution, resolved_by, ai_cost, round(human_cost, 1) AS human_cost FROM test.figures;
-- The conversation keeps the same accounts, and hil_conversation shows them.
SELECT round(ai_seconds) AS ai, round(wait_seconds) AS wait, round(human_seconds) AS human
FROM jsonb_to_record(hil_conversation(conversation(1))) AS c (ai_seconds numeric, wait_seconds numeric, human_seconds numeric);
-- Later changes of a rate change nothing that is over.
UPDATE hil.human_agents SET hourly_rate_usd = 1000;
SELECT round(human_cost, 1) AS human_cost FROM test.figures;

-- The customer gives up: nobody resolved it, and waiting was all there was. An agent without a rate costs nothing.
CALL add_agent('Cleo', status => 'offline');
SELECT hil_set_agent_status(agent(name), 'offline') ->> 'status' AS status FROM unnest('{Ann,Bob}'::text[]) name;
SELECT hand_over(2);
CALL spend(2, '90 s');
SELECT hil_cancel(conversation(2), 'left') ->> 'status' AS status;
SELECT hand_over(3);
SELECT hil_set_agent_status(agent('Cleo'), 'online') ->> 'current_load' AS load;
CALL spend(3, '1 hour');
SELECT hil_resolve(conversation(3), 'no luck', agent('Cleo'), 'unresolved') ->> 'status' AS status;
SELECT total, ai, wait, human, messages, by_ai, by_humans, handovers, resolution, resolved_by, ai_cost, human_cost FROM test.figures WHERE conversation <> conversation(1) ORDER BY conversation;

-- The sink can say how it ended, as far as that is a way for a conversation to end.
SELECT hil_handle_message(conversation(4), 'Hello') ->> 'status' AS status;
SELECT hil_load_workflow(jsonb_set(workflow(), '{workflow,nodes,2,config,status}', '"unresolved"'));
SELECT hil_handle_message(conversation(5), 'Hello') ->> 'status' AS status;
SELECT hil_complete_run(run_id, 1, jsonb_build_object('sink', 'FINISH', 'config', hil_workflow_definition(workflow, revision) #> '{workflow,nodes,2,config}'))
    ->> 'status' AS status FROM hil_claim_runs('worker', 2);
SELECT resolution FROM test.figures WHERE conversation IN (conversation(4), conversation(5)) ORDER BY conversation;
-- What counts is the config as the worker rendered it, since it may come from a template.
SELECT hil_handle_message(conversation(6), 'Hello') ->> 'status' AS status;
SELECT hil_complete_run(run_id, 1, '{"sink": "FINISH", "config": {"status": "escalated"}}') ->> 'status' AS status FROM hil_claim_runs('worker');
SELECT resolution FROM test.figures WHERE conversation = conversation(6);

-- A satisfaction survives a later closing; the clock set back makes no time negative.
SELECT hil_rate(conversation(3), 2);
SELECT hil_handover(conversation(3), 'again') ->> 'status' AS status;
CALL spend(3, '-1 hour');
SELECT hil_resolve(conversation(3), 'now it is', agent('Cleo')) ->> 'status' AS status;
SELECT human, resolution, resolved_by, satisfaction, handovers FROM test.figures WHERE conversation = conversation(3);
