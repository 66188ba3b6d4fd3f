\set ECHO none
-- Runs: the protocol between the database and its workers. A worker claims a run, reports each step and obeys the verdict, and
-- completes the run with the sink that it reached.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
-- The customer writes, a worker claims the run.
CREATE FUNCTION test.claimed(number integer, message text DEFAULT 'Hello') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), message);
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());

-- What a worker gets: the run and its attempt, the workflow's revision, and the input.
SELECT hil_create_conversation(conversation(1), metadata => '{"plan": "gold"}');
SELECT hil_handle_message(conversation(1), 'Where is my parcel?') ->> 'run_id';
SELECT hil_handle_message(conversation(1), 'Number 17.') ->> 'run_id';
SELECT run_id, attempt, conversation_id, workflow, revision FROM hil_claim_runs('worker one');
SELECT status, attempt, worker, lease_until - started_at BETWEEN '59 s' AND '61 s' FROM hil.runs;
-- Nobody else gets it meanwhile.
SELECT count(*) FROM hil_claim_runs('worker two', 10);
-- The input, field by field. A first episode has no memory and a first attempt no steps.
UPDATE hil.messages SET created_at = '2026-01-01 12:00Z';
UPDATE hil.conversations SET created_at = '2026-01-01 11:00Z';
UPDATE hil.runs SET status = 'queued', lease_until = NULL, attempt = 0;
SELECT key, value FROM hil_claim_runs('worker one'), jsonb_each(input) ORDER BY key;

-- Steps. Nothing is triggered: go on. What was reported is a checkpoint, with what it cost.
SELECT hil_record_step(1, 1, 'classify', '{"intent": "tracking", "confidence": 0.9}',
    '{"input_tokens": 120, "output_tokens": 15, "cost_usd": 0.0021, "duration_ms": 340, "model": "fast-1"}');
SELECT node, step_number, attempt, output, usage, cost_usd, duration_ms FROM hil.run_steps;
SELECT confidence_score FROM hil.conversations;
-- A step that is reported twice (the answer got lost on its way) counts once.
SELECT hil_record_step(1, 1, 'classify', '{"intent": "tracking", "confidence": 0.9}', '{"cost_usd": 0.0021}');
SELECT hil_record_step(1, 1, 'answer', '{"answer": "It comes tomorrow."}', '{"cost_usd": 0.01, "input_tokens": 200, "output_tokens": 90}');
SELECT node, step_number FROM hil.run_steps ORDER BY step_number;
-- What it says the second time is neither stored nor judged, though it would have handed over.
SELECT hil_record_step(1, 1, 'classify', '{"intent": "other", "confidence": 0.1, "needs_human": true}', '{"cost_usd": 7}');
SELECT node, output, cost_usd FROM hil.run_steps ORDER BY step_number;
SELECT status(1), confidence_score FROM hil.conversations;

-- Completion with a finishing sink: the answer is sent, and the conversation is over. The sink says nothing else, so the last
-- answer of a node is what the customer gets.
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"status": "resolved"}}');
SELECT * FROM said(1);
SELECT status, sink, result, error, input_tokens, output_tokens, cost_usd, finished_at IS NOT NULL, lease_until FROM hil.runs;
SELECT resolution_status, resolved_by, ai_cost_usd, total_messages, ai_messages FROM hil.conversation_analytics;
SELECT status(1), closed_at IS NOT NULL FROM hil.conversations;

-- The sink's own response goes before the nodes' answers.
SELECT claimed(1, 'And now?') AS run \gset
SELECT hil_record_step(:run, 1, 'answer', '{"answer": "From the node."}') ->> 'action';
SELECT hil_complete_run(:run, 1, '{"sink": "FINISH", "config": {"response": "From the sink."}}') ->> 'status';
SELECT content FROM said(1) WHERE sender = 'ai';
-- In a second episode the worker learns how the first ended, and what the run before said is no step of this one.
SELECT hil_handle_message(conversation(1), 'Hello again') ->> 'status';
SELECT regexp_replace(input ->> 'memory_context', '\d{4}-\d\d-\d\d', 'DATE', 'g'), input -> 'steps', input ->> 'customer_message' FROM hil_claim_runs('worker');

-- reply_to_customer: answers and waits for the customer. The state stays ai_processing, and no run is live.
SELECT hil_complete_run(3, 1, '{"sink": "REPLY", "config": {"response": "What is your number?"}}');
SELECT status(1), hil_conversation(conversation(1)) -> 'live_run', closed_at FROM hil.conversations;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
-- What is unanswered is customer_message, and stands in messages too, marked: also where the customer wrote before the AI had
-- answered what came before it.
SELECT hil_handle_message(conversation(1), 'Number 18.') ->> 'status';
SELECT run_id AS run FROM hil_claim_runs('worker') \gset
SELECT hil_handle_message(conversation(1), 'No, 19!') ->> 'status';
SELECT hil_complete_run(:run, 1, '{"sink": "REPLY", "config": {"response": "18 is on its way."}}') ->> 'status';
SELECT input ->> 'customer_message' AS message, input -> 'messages' AS messages FROM hil_claim_runs('worker') \gset last_
SELECT m ->> 'sender_type', m ->> 'content', m ->> 'unanswered' FROM jsonb_array_elements(:'last_messages'::jsonb) m OFFSET 5;
SELECT :'last_message';
SELECT hil_complete_run(:run + 1, 1, '{"sink": "REPLY", "config": {"response": "19 is lost."}}') ->> 'status';

-- handover_to_human: routed as its config says; the customer is told.
SELECT claimed(2) AS run \gset
SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"required_skills": ["returns", "order_management", "returns", " "], "priority": 2,
    "handover_context": {"original_intent": "return_request", "reason": "The parcel\n  is damaged"}}}');
SELECT hil_reason, handover_context FROM hil.conversations WHERE id = conversation(2);
SELECT priority, required_skills, deadline - created_at BETWEEN '299 s' AND '301 s' FROM hil.agent_queue WHERE conversation_id = conversation(2);
SELECT * FROM said(2);
SELECT status, sink FROM hil.runs WHERE id = :run;
-- Where it says nothing, the routing rules and the general skill decide, and the reason is a general one.
SELECT claimed(3) AS run \gset
SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER"}') ->> 'status';
SELECT hil_reason, priority, required_skills, deadline FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id WHERE c.id = conversation(3);
-- An agent is free: assigned in the same call.
CALL add_agent('Ann', '{technical}');
SELECT claimed(4) AS run \gset
SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"required_skills": ["technical"]}}') ->> 'status';
SELECT status(4);
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';

-- No sink was reached: people take over.
SELECT claimed(5) AS run \gset
SELECT hil_complete_run(:run, 1, '{"sink": null}') ->> 'status';
SELECT hil_reason FROM hil.conversations WHERE id = conversation(5);
SELECT * FROM said(5);

-- The triggers. Each hands over at once, in the call that reports the step: no later node is paid for.
-- confidence_threshold
SELECT claimed(10) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.69}');
SELECT status(10), hil_reason, confidence_score, consecutive_errors FROM hil.conversations WHERE id = conversation(10);
SELECT status, sink FROM hil.runs WHERE id = :run;
SELECT * FROM said(10);
-- exactly at the threshold is not below it; without a number there is nothing to judge
SELECT claimed(11) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.7}');
SELECT hil_record_step(:run, 1, 'answer', '{"confidence": "low"}');
-- complexity
SELECT claimed(12) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"complexity": "high", "confidence": 0.9}');
-- agent_decision: in each of its forms
SELECT claimed(13) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"needs_human": true}');
SELECT claimed(14) AS run \gset
SELECT hil_record_step(:run, 1, 'answer', '{"sink": "HANDOVER", "reason": "cannot refund"}');
SELECT claimed(15) AS run \gset
SELECT hil_record_step(:run, 1, 'answer', '{"handover_to_human": {"reason": "asked for a lawyer"}}');
-- prose is no decision
SELECT claimed(16) AS run \gset
SELECT hil_record_step(:run, 1, 'answer', '{"answer": "HANDOVER! needs_human: true", "needs_human": false}');
SELECT hil_record_step(:run, 1, 'classify', '"needs_human"');

-- A trigger routes by the handover sink's config, which the worker sends along; what was used for that is not kept with the step.
SELECT claimed(17) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.1, "intent": "technical_issue"}',
    '{"cost_usd": 0.5, "handover": {"required_skills": ["technical"], "priority": 1, "handover_context": {"original_intent": "technical_issue"}}}');
SELECT q.priority, q.required_skills, c.handover_context, c.hil_reason FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id WHERE c.id = conversation(17);
SELECT usage FROM hil.run_steps WHERE run_id = :run;
SELECT cost_usd FROM hil.runs WHERE id = :run;

-- enabled: false: no trigger fires; a sink still hands over.
SELECT hil_load_workflow(jsonb_set(workflow(), '{hil_config,enabled}', 'false'));
SELECT claimed(18) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"needs_human": true, "confidence": 0.1, "complexity": "high"}');
SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"reason": "by the sink"}}') ->> 'status';
SELECT hil_reason FROM hil.conversations WHERE id = conversation(18);
SELECT hil_load_workflow(workflow());

-- Claims: the oldest due run first, as many as asked for; later ones are not due yet.
SELECT hil_handle_message(conversation(c), 'Hello') ->> 'run_id' FROM generate_series(21, 24) c;
UPDATE hil.runs SET run_after = now() + interval '1 minute' WHERE conversation_id = conversation(22);
SELECT conversation_id, attempt FROM hil_claim_runs('worker', 2);
SELECT conversation_id, attempt FROM hil_claim_runs('worker', 10);
CALL refused($$SELECT * FROM hil_claim_runs('worker', 0)$$);
CALL refused($$SELECT * FROM hil_claim_runs('worker', 1001)$$);
CALL refused($$SELECT * FROM hil_claim_runs('worker', 1, '0.5 s')$$);
CALL refused($$SELECT * FROM hil_claim_runs('worker', 1, '25 hours')$$);
CALL refused($$SELECT * FROM hil_claim_runs('')$$);
CALL refused($$SELECT * FROM hil_claim_runs(NULL)$$);

-- Leases are renewed together; what comes back is what the worker still has.
SELECT run_id AS mine FROM (SELECT id AS run_id FROM hil.runs WHERE conversation_id = conversation(21)) r \gset
SELECT hil_renew_runs('worker', ARRAY[:mine, 1, 999999], '10 min') = ARRAY[:mine]::bigint[];
SELECT lease_until - now() > '9 minutes' FROM hil.runs WHERE id = :mine;
SELECT hil_renew_runs('another worker', ARRAY[:mine]::bigint[]);
SELECT hil_renew_runs('worker', '{}');
CALL refused($$SELECT hil_renew_runs('worker', NULL)$$);
CALL refused($$SELECT hil_renew_runs('worker', ARRAY[1, NULL]::bigint[])$$);
CALL refused($$SELECT hil_renew_runs('worker', '{1}', '-1 s')$$);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- The memory of earlier episodes: how the last ten ended, with the notes, in order; what agents were told at a handover is not in it.
CALL add_agent('Cleo', max_capacity => 100);
DO $$
BEGIN
    PERFORM hil_create_conversation(conversation(30));
    FOR n IN 1 .. 12 LOOP
        PERFORM hil_handover(conversation(30), 'secret reason', context => '{"secret": "context"}');
        PERFORM hil_resolve(conversation(30), E'note\n  ' || n, agent('Cleo'), CASE WHEN n = 12 THEN 'escalated' ELSE 'resolved' END);
    END LOOP;
END
$$;
SELECT claimed(30, 'Me again') AS run \gset
UPDATE hil.runs SET status = 'queued', lease_until = NULL WHERE id = :run;
SELECT regexp_replace(line, '\d{4}-\d\d-\d\d', 'DATE') FROM hil_claim_runs('worker', 100) AS c, regexp_split_to_table(c.input ->> 'memory_context', E'\n') line
WHERE c.run_id = :run;

-- The input is bounded: customers may write any amount while nobody answers, and the run gets the newest 256 kB of it, in order, and
-- how many messages were left out.
SELECT hil_create_conversation(conversation(31));
SELECT hil_handover(conversation(31), 'x', '{nobody has this}') ->> 'status';
DO $$
BEGIN
    FOR n IN 1 .. 7 LOOP
        PERFORM hil_handle_message(conversation(31), repeat(n::text, 60000));
    END LOOP;
END
$$;
SELECT hil_handle_message(conversation(31), 'Is anybody there?') ->> 'status';
SELECT hil_back_to_ai(conversation(31)) ->> 'status';
SELECT run_id AS run, input FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(31) \gset long_
SELECT left(line, 20), length(line) FROM regexp_split_to_table(:'long_input'::jsonb ->> 'customer_message', E'\n') line;
SELECT left(m ->> 'content', 20), length(m ->> 'content') FROM jsonb_array_elements(:'long_input'::jsonb -> 'messages') m;
SELECT :'long_input'::jsonb -> 'omitted_messages';
-- An answer answers all of them.
SELECT hil_complete_run(:long_run, 1, '{"sink": "FINISH", "config": {"response": "Sorry!"}}') ->> 'status';
SELECT hil_handle_message(conversation(31), 'Fine.') ->> 'status';
SELECT input -> 'customer_message', input -> 'omitted_messages' FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(31);

-- A worker's session lasts, and the plans that it made when the tables were small with it: they find rows by indexes all the same.
VACUUM ANALYZE hil.runs, hil.run_steps, hil.conversations, hil.messages;
\connect -
SET search_path = test, public;
SELECT hil_handle_message(conversation(32), 'Hello') ->> 'status';
BEGIN;
SELECT run_id AS run FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(32) \gset
SELECT hil_renew_runs('worker', ARRAY[:run]) = ARRAY[:run]::bigint[];
SELECT hil_report_runs(jsonb_build_array(jsonb_build_object('run_id', :run, 'attempt', 1, 'conversation_id', conversation(32),
    'steps', '[{"node": "answer", "output": {"answer": "Hi."}, "usage": {}}]'::jsonb, 'result', '{"sink": "FINISH"}'::jsonb)));
SELECT hil_tick() ->> 'leases_expired';
SELECT relname, pg_stat_get_xact_numscans(oid) AS read_from_end_to_end FROM pg_class
WHERE oid IN ('hil.runs'::regclass, 'hil.run_steps'::regclass, 'hil.conversations'::regclass, 'hil.messages'::regclass) ORDER BY relname;
COMMIT;
