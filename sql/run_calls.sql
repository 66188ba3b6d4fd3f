\set ECHO none
-- Calls of tools: written down before they are made and after they were answered, so that a retried run goes on from them and
-- repeats none. What they cost counts at once.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.claimed(number integer, message text DEFAULT 'Hello') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), message);
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
-- What the next attempt is told, once this one is lost.
CREATE FUNCTION test.next_attempt(run bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hil.runs SET lease_until = now() - interval '1 second' WHERE id = run;
    PERFORM hil_tick();
    UPDATE hil.runs SET run_after = now() WHERE id = run;
    RETURN (SELECT input FROM hil_claim_runs('worker', 100) WHERE run_id = run);
END
$$;
CREATE VIEW test.call AS SELECT node, call, turn, attempt, tool, arguments, message, usage, result, is_error, duration_ms, finished_at IS NOT NULL AS finished
FROM hil.run_calls ORDER BY conversation_id, run_id, started_at;
CREATE VIEW test.total AS SELECT steps, calls, input_tokens, output_tokens, cost_usd FROM hil.runs ORDER BY id;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());

-- The model asks for two tools in one turn. Both calls are written down before the first is made, the model's own message and what the
-- turn cost with the first.
SELECT claimed(1, 'Where is my parcel?') AS run \gset
SELECT hil_record_calls(:run, 1, 'answer', '[
    {"call": 1, "turn": 1, "tool": "shop.order", "arguments": {"id": 17}, "message": {"role": "assistant", "calls": 2},
     "usage": {"input_tokens": 100, "output_tokens": 10, "cost_usd": 0.001}},
    {"call": 2, "turn": 1, "tool": "shop.parcel", "arguments": {"id": 17}}]');
SELECT * FROM test.call;
SELECT * FROM test.total;
-- The first is answered.
SELECT hil_record_calls(:run, 1, 'answer', '[{"call": 1, "result": "two socks", "duration_ms": 40}]');
SELECT call, result, is_error, duration_ms, finished FROM test.call;
-- Said again, with other words, nothing changes and nothing is paid twice.
SELECT hil_record_calls(:run, 1, 'answer', '[
    {"call": 1, "turn": 9, "tool": "other", "arguments": null, "usage": {"cost_usd": 7}, "result": "a hat", "is_error": true},
    {"call": 2, "turn": 1, "tool": "shop.parcel", "arguments": {"id": 17}}]');
SELECT call, turn, tool, result, finished FROM test.call;
SELECT * FROM test.total;

-- The worker dies before the second is answered. The next one gets both, and what the run has cost.
SELECT jsonb_pretty(input -> 'calls'), input -> 'spent', input -> 'steps' FROM next_attempt(:run) AS input;
-- It makes the call that was not answered, and one more that the model asks for; what failed is an answer, too. Calls and answers may come
-- together.
SELECT hil_record_calls(:run, 2, 'answer', '[
    {"call": 2, "result": "the server is down", "is_error": true, "duration_ms": 1000},
    {"call": 3, "turn": 2, "tool": "shop.parcel", "arguments": "no JSON", "usage": {"input_tokens": 200, "output_tokens": 20, "cost_usd": 0.002, "model": "fast-1"},
     "message": ["any", "thing"], "result": ""}]');
SELECT * FROM test.call WHERE call > 1;
-- The node's own usage is what its calls did not count: the last turn.
SELECT hil_record_step(:run, 2, 'answer', '{"answer": "Tomorrow."}', '{"input_tokens": 300, "output_tokens": 30, "cost_usd": 0.003}');
SELECT * FROM test.total;
-- A node that is done needs its calls no more.
SELECT input -> 'calls', input -> 'steps', input -> 'spent' FROM next_attempt(:run) AS input;
SELECT hil_complete_run(:run, 3, '{"sink": "FINISH"}') ->> 'status';
-- Whoever watches the conversation sees the steps with their calls, and asks again for what comes later.
\x on
SELECT run_id, node, step_number, attempt, output, usage, verdict, jsonb_pretty(calls) AS calls FROM hil_run_steps(conversation(1));
\x off
SELECT count(*) FROM hil_run_steps(conversation(1)) s, hil_run_steps(conversation(1), s.at);
SELECT count(*) FROM hil_run_steps(conversation(1), now() - interval '1 minute');
CALL refused($$SELECT * FROM hil_run_steps(NULL)$$);
CALL refused($$SELECT * FROM hil_run_steps(conversation(99))$$);
SELECT ai_cost_usd FROM hil.conversation_analytics;
SELECT * FROM test.total;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- Calls were made for what the customer had said then: what came later is another run's, as with steps.
SELECT claimed(2) AS run \gset
SELECT hil_record_calls(:run, 1, 'classify', '[{"call": 1, "turn": 1, "tool": "shop.order", "arguments": {}}]') ->> 'action';
SELECT hil_handle_message(conversation(2), 'And another thing') ->> 'status';
SELECT input ->> 'customer_message', input #>> '{calls,classify,0,tool}' FROM next_attempt(:run) AS input;
SELECT hil_complete_run(:run, 2, '{"sink": "REPLY", "config": {"response": "Yes?"}}') ? 'run_id' AS another_run;

-- The results of all calls together are bounded in what a claim hands out, so that no conversation keeps a claim from succeeding.
SELECT claimed(3) AS run \gset
DO $$
BEGIN
    FOR n IN 1 .. 10 LOOP
        PERFORM hil_record_calls(id, 1, 'classify', jsonb_build_array(jsonb_build_object('call', n, 'turn', n, 'tool', 'x', 'arguments', NULL,
            'result', repeat('r', 1000000)))) FROM hil.runs WHERE conversation_id = conversation(3);
    END LOOP;
END
$$;
SELECT call -> 'call', length(call ->> 'result'), right(call ->> 'result', 70) FROM next_attempt(:run) AS input, jsonb_array_elements(input #> '{calls,classify}') call;

-- What makes no sense is refused, and nothing of it is written.
SELECT claimed(4) AS run \gset
CREATE PROCEDURE test.refused_call(run bigint, calls text, node text DEFAULT 'answer') LANGUAGE sql AS $$
    CALL test.refused(format('SELECT hil_record_calls(%s, 1, %L, %L)', run, node, calls))
$$;
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}}, {"call": 2, "result": "an answer to nothing"}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}}]', 'FINISH');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}}]', 'unheard of');
CALL refused_call(:run, '[{"call": 0, "turn": 1, "tool": "x", "arguments": {}}]');
CALL refused_call(:run, '[{"call": 10001, "turn": 1, "tool": "x", "arguments": {}}]');
CALL refused_call(:run, '[{"turn": 1, "tool": "x", "arguments": {}}]');
CALL refused_call(:run, '[{"call": 1, "tool": "x", "arguments": {}}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "arguments": {}}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": " ", "arguments": {}}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x"}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}, "usage": {"cost_usd": -1}}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}, "result": 5}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}, "result": "y", "is_error": "no"}]');
CALL refused_call(:run, '[{"call": 1, "turn": 1, "tool": "x", "arguments": {}, "rezult": "y"}]');
CALL refused_call(:run, '["x"]');
CALL refused_call(:run, '{}');
CALL refused($$SELECT hil_record_calls(1, NULL, 'answer', '[]')$$);
CALL refused($$SELECT hil_record_calls(1, 1, 'answer', NULL)$$);
-- Nothing to write down is no mistake.
SELECT hil_record_calls(:run, 1, 'answer', '[]');

-- A purge takes them along.
SELECT hil_fail_run(:run, 1, 'error', false) ->> 'status', count(*) > 0 FROM hil.run_calls;
UPDATE hil.conversations SET closed_at = now() - interval '1 day' WHERE id = conversation(1);
SELECT hil_purge('1 hour');
SELECT DISTINCT conversation_id FROM hil.run_calls ORDER BY 1;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
