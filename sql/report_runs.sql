\set ECHO none
-- Reports of many runs in one call: what hil_record_calls, hil_record_step, hil_complete_run and hil_fail_run do, together. A single
-- report does everything; several leave alone what would wait or would touch the queue, and say so.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.claimed(number integer, message text DEFAULT 'Hello') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), message);
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
-- A report of the live run of a conversation.
CREATE FUNCTION test.report(number integer, said jsonb, attempt integer DEFAULT 1) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('run_id', max(id), 'attempt', report.attempt, 'conversation_id', conversation(number)) || said
    FROM hil.runs WHERE conversation_id = conversation(number)
$$;
CREATE FUNCTION test.alone(number integer, said jsonb, attempt integer DEFAULT 1) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT hil_report_runs(jsonb_build_array(report(number, said, attempt))) -> 0
$$;
-- Several in one call, one answer a row.
CREATE FUNCTION test.together(VARIADIC reports jsonb[]) RETURNS TABLE (number bigint, answer jsonb) LANGUAGE sql VOLATILE AS $$
    SELECT number, answer FROM jsonb_array_elements(hil_report_runs(to_jsonb(reports))) WITH ORDINALITY a (answer, number)
$$;
CREATE VIEW test.run AS SELECT ltrim(right(conversation_id::text, 12), '0') AS of, status, attempt, sink, result, error, steps, calls, input_tokens, cost_usd
FROM hil.runs ORDER BY id;
CREATE PROCEDURE test.refused_alone(number integer, said jsonb) LANGUAGE sql AS $$
    CALL test.refused(format('SELECT alone(%s, %L)', number, said))
$$;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());

-- One turn in one report: the calls of a tool, the steps, and the result.
SELECT count(claimed(1, 'Where is my parcel?'));
SELECT alone(1, '{"calls": [{"node": "classify", "call": 1, "turn": 1, "tool": "shop.order", "arguments": {}, "usage": {"cost_usd": 0.5}, "result": "socks"}],
    "steps": [{"node": "classify", "output": {"confidence": 0.9}, "usage": {"input_tokens": 100, "cost_usd": 0.25}}, {"node": "answer", "output": {"answer": "Tomorrow."}}],
    "result": {"sink": "FINISH"}}');
SELECT * FROM test.run;
SELECT * FROM said(1);
SELECT node, step_number, output, usage, cost_usd, verdict FROM hil.run_steps;
SELECT node, call, result FROM hil.run_calls;
SELECT confidence_score, status, closed_at IS NOT NULL FROM hil.conversations;
SELECT ai_cost_usd, total_messages FROM hil.conversation_analytics;
-- The report is sent again, since its answer got lost: the run is over, and nothing happens twice.
SELECT alone(1, '{"steps": [{"node": "answer", "output": {"needs_human": true}}], "result": {"sink": "HANDOVER"}}');

-- Without an ending the run goes on.
SELECT count(claimed(2));
SELECT alone(2, '{"steps": [{"node": "classify", "output": {"confidence": 0.8}}]}');
SELECT alone(2, '{}');
-- A step that is there already is neither stored nor judged again, what comes with it is.
SELECT alone(2, '{"steps": [{"node": "classify", "output": {"confidence": 0.1}}, {"node": "answer", "output": {"answer": "Yes?"}}]}');
SELECT alone(2, '{"result": {"sink": "REPLY"}}');
SELECT * FROM said(2);
-- The customer wrote meanwhile: another run follows.
SELECT count(claimed(2, 'This.')), hil_handle_message(conversation(2), 'And that.') ->> 'status';
SELECT hil_report_runs(jsonb_build_array(jsonb_build_object('run_id', id, 'attempt', 1, 'conversation_id', conversation(2), 'result', '{"sink": "FINISH", "config": {"response": "Fine."}}'::jsonb)))
FROM hil.runs WHERE status = 'running';
SELECT of, status FROM test.run WHERE of = '2';

-- A trigger ends the report where it fires: what is said after it does not count.
SELECT count(claimed(3));
SELECT alone(3, '{"steps": [{"node": "classify", "output": {"confidence": 0.1}, "usage": {"handover": {"required_skills": ["returns"], "handover_context": {"order": 17}}}},
    {"node": "answer", "output": {"answer": "Never sent."}}], "result": {"sink": "FINISH"}}');
SELECT node, verdict FROM hil.run_steps WHERE conversation_id = conversation(3);
SELECT * FROM said(3);
SELECT c.status, c.hil_reason, c.handover_context, q.required_skills FROM hil.conversations c JOIN hil.agent_queue q ON q.conversation_id = c.id WHERE c.id = conversation(3);
-- A sink hands over, and so does a worker that reached a limit: with what it spent, the reason, and the way.
SELECT count(claimed(4));
SELECT alone(4, '{"result": {"sink": "HANDOVER", "config": {"reason": "by the sink"}}}');
SELECT count(claimed(5));
SELECT alone(5, '{"handover": {"reason": "The AI''s cost limit was reached", "priority": 2, "required_skills": ["billing"], "handover_context": {"limit": 1}, "usage": {"cost_usd": 1.5, "input_tokens": 9000}}}');
SELECT c.hil_reason, c.handover_context, c.consecutive_errors, q.priority, q.required_skills FROM hil.conversations c JOIN hil.agent_queue q ON q.conversation_id = c.id WHERE c.id = conversation(5);
SELECT * FROM test.run WHERE of = '5';
-- Errors: tried again, not before the time that was asked for, and at the limit handed over.
SELECT count(claimed(6));
SELECT alone(6, '{"steps": [{"node": "classify", "output": {}}], "failure": {"error": "529 overloaded", "retryable": true, "retry_after_seconds": 90, "usage": {"cost_usd": 0.5}}}');
SELECT * FROM test.run WHERE of = '6';
SELECT run_after - now() BETWEEN '85 s' AND '90 s' FROM hil.runs WHERE conversation_id = conversation(6);
UPDATE hil.runs SET run_after = now() WHERE conversation_id = conversation(6);
SELECT attempt, input -> 'steps', input -> 'spent' FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(6);
SELECT alone(6, '{"failure": {"error": "401", "retryable": false}}', 2);
SELECT status(6), hil_reason FROM hil.conversations WHERE id = conversation(6);
-- A run that is put back comes again after the time, with what it has and what it spent; that is no error.
SELECT count(claimed(7));
SELECT alone(7, '{"steps": [{"node": "classify", "output": {"confidence": 0.8}}], "postponed": {"reason": "openai is cut off", "after_seconds": 30, "usage": {"cost_usd": 0.5, "input_tokens": 70}}}');
SELECT * FROM test.run WHERE of = '7';
SELECT r.run_after - now() BETWEEN '25 s' AND '30 s' AS later, r.error, c.consecutive_errors, c.confidence_score FROM hil.runs r JOIN hil.conversations c ON c.id = r.conversation_id WHERE c.id = conversation(7);
UPDATE hil.runs SET run_after = now() WHERE conversation_id = conversation(7);
SELECT attempt, input -> 'steps', input -> 'spent' FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(7);
SELECT answer FROM together(report(7, '{"postponed": {"reason": "again", "after_seconds": 0}}', 2), report(7, '{"postponed": {"reason": "stale", "after_seconds": 0}}'));
SELECT status(7);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- Several. Whatever goes by itself is done, in order; what would touch the queue is left undone, whatever it also says; what is wrong is
-- wrong by itself; what comes from a worker that lost the run is refused by itself.
SELECT count(claimed(n)) FROM generate_series(10, 20) n;
SELECT hil_handover(conversation(19), 'asked for') ->> 'status';
SELECT * FROM together(
    report(10, '{"steps": [{"node": "answer", "output": {"answer": "Ten."}, "usage": {"cost_usd": 0.125}}], "result": {"sink": "FINISH"}}'),
    report(11, '{"steps": [{"node": "classify", "output": {"confidence": 0.9}}]}'),
    report(12, '{"steps": [{"node": "classify", "output": {"confidence": 0.9}}, {"node": "answer", "output": {"needs_human": true}}]}'),
    report(13, '{"steps": [{"node": "classify", "output": {"confidence": 0.9}}], "result": {"sink": "HANDOVER"}}'),
    report(14, '{"result": {"sink": null}}'),
    report(15, '{"handover": {"reason": "The AI''s token limit was reached"}}'),
    report(16, '{"failure": {"error": "503", "retryable": true}}'),
    report(17, '{"failure": {"error": "401", "retryable": false}}'),
    report(18, '{"steps": [{"node": "FINISH", "output": {}}]}'),
    report(19, '{"result": {"sink": "FINISH"}}'),
    report(20, '{"result": {"sink": "FINISH"}}', 2),
    report(11, '{"steps": [{"node": "answer", "output": {"answer": "Eleven."}}], "result": {"sink": "REPLY"}}'));
SELECT * FROM test.run WHERE length(of) = 2;
SELECT ltrim(right(conversation_id::text, 12), '0') AS of, node, step_number FROM hil.run_steps WHERE conversation_id BETWEEN conversation(10) AND conversation(20) ORDER BY 1, 3;
SELECT content FROM hil.messages WHERE sender_type = 'ai' AND conversation_id BETWEEN conversation(10) AND conversation(20) ORDER BY id;
-- By themselves they are done.
SELECT alone(12, '{"steps": [{"node": "classify", "output": {"confidence": 0.9}}, {"node": "answer", "output": {"needs_human": true}}]}');
SELECT alone(13, '{"result": {"sink": "HANDOVER"}}'), alone(14, '{"result": {"sink": null}}'), alone(15, '{"handover": {"reason": "The AI''s token limit was reached"}}');
SELECT alone(17, '{"failure": {"error": "401", "retryable": false}}');
-- At the error limit a failure is no business of several either; below it, as above, it is.
UPDATE hil.conversations SET consecutive_errors = 2 WHERE id = conversation(18);
SELECT answer FROM together(report(18, '{"failure": {"error": "503", "retryable": true}}'), report(20, '{}'));
-- What is said of a conversation after something of it was left undone waits with it.
SELECT answer FROM together(report(18, '{"result": {"sink": "HANDOVER"}}'), report(18, '{"result": {"sink": "FINISH"}}'), report(20, '{"result": {"sink": "FINISH"}}'));
SELECT status(18), status(20);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- What is wrong with one of several is its answer.
SELECT count(claimed(30)), count(claimed(31));
SELECT number, answer ->> 'action', answer ->> 'sqlstate', answer ->> 'message' FROM together(
    report(30, '{"run_id": 999999}'), report(30, '{"run_id": "one"}'), report(30, '{"attempt": null}'), report(30, '{"conversation_id": "x"}'),
    report(30, '{"conversation_id": "c0000000-0000-0000-0000-00000000099X"}'), jsonb_set(report(30, '{}'), '{conversation_id}', to_jsonb(conversation(31))),
    report(99, '{"run_id": 1}'), report(30, '{}') - 'conversation_id', report(30, '{"step": []}'), report(30, '{"steps": {}}'), report(30, '{"steps": [5]}'),
    report(30, '{"steps": [{"node": "unheard of", "output": {}}]}'), report(30, '{"steps": [{"node": "answer"}]}'),
    report(30, '{"steps": [{"node": "answer", "output": {}, "usage": {"cost_usd": -1}}]}'), report(30, '{"calls": [{"node": "answer", "call": 1, "result": "x"}]}'),
    report(30, '{"calls": [{"call": 1, "turn": 1, "tool": "x", "arguments": {}}]}'), report(30, '{"result": {}}'), report(30, '{"result": {"sink": "answer"}}'),
    report(30, '{"result": {"sink": "FINISH"}, "failure": {"error": "x", "retryable": true}}'), report(30, '{"handover": {}}'), report(30, '{"handover": []}'),
    report(30, '{"failure": {"error": " ", "retryable": true}}'), report(30, '{"failure": {"error": "x"}}'),
    report(30, '{"failure": {"error": "x", "retryable": true, "retry_after_seconds": -1}}'), report(30, '{"postponed": {"reason": "x"}}'),
    report(30, '{"postponed": {"reason": "x", "after_seconds": 90000}}'), to_jsonb(5), report(31, '{"result": {"sink": "FINISH"}}'));
SELECT status(30), status(31);
-- By itself it is an error.
CALL refused_alone(30, '{"run_id": 999999}');
CALL refused_alone(99, '{"run_id": 1}');
CALL refused_alone(30, '{"result": {"sink": "FINISH"}, "handover": {"reason": "x"}}');
CALL refused_alone(30, '{"steps": [{"node": "answer", "output": {}}], "result": {"sink": "answer"}}');
CALL refused($$SELECT hil_report_runs('[]')$$);
CALL refused($$SELECT hil_report_runs('{}')$$);
CALL refused($$SELECT hil_report_runs(NULL)$$);
CALL refused($$SELECT hil_report_runs((SELECT jsonb_agg(report(30, '{}')) FROM generate_series(1, 101)))$$);
-- An error that is no report's fault is the whole call's, and nothing of it was done.
CREATE FUNCTION test.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more messages'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON hil.messages FOR EACH ROW WHEN (NEW.content = 'Never') EXECUTE FUNCTION test.refuse();
SELECT count(claimed(32));
CALL refused($$SELECT * FROM together(report(30, '{"result": {"sink": "FINISH"}}'), report(32, '{"result": {"sink": "FINISH", "config": {"response": "Never"}}}'))$$);
DROP TRIGGER refuse ON hil.messages;
-- Somebody typed the state: people have that conversation, whatever its run says, and the report beside it counts.
SELECT count(claimed(33)), count(claimed(34));
BEGIN;
UPDATE hil.conversations SET status = 'handover' WHERE id = conversation(33);
SELECT * FROM together(report(33, '{"result": {"sink": "FINISH", "config": {"response": "Bye."}}}'), report(34, '{"result": {"sink": "FINISH"}}'));
SELECT alone(33, '{"result": {"sink": "FINISH", "config": {"response": "Bye."}}}');
SELECT status(33), status(34);
SELECT * FROM said(33);
ROLLBACK;
-- As many as fit.
DO $$ BEGIN FOR n IN 101 .. 200 LOOP PERFORM hil_handle_message(conversation(n), 'Hello'); END LOOP; END $$;
-- A run that failed above may be due again.
SELECT count(*) FROM hil_claim_runs('worker', 1000) WHERE conversation_id BETWEEN conversation(101) AND conversation(200);
SELECT answer, count(*) FROM together(VARIADIC (SELECT array_agg(report(n, '{"steps": [{"node": "answer", "output": {"answer": "Hi."}}], "result": {"sink": "FINISH"}}')) FROM generate_series(101, 200) n)) GROUP BY 1;
SELECT count(*) FROM hil.messages WHERE content = 'Hi.';
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
