\set ECHO none
-- Fencing: a worker that lost its run (handed over, lease lost, newer attempt, completed already) must not be able to do anything.
-- What it reports is refused with {accepted: false} and changes nothing; after a handover the AI can no longer speak.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.claimed(number integer, message text DEFAULT 'Hello') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), message);
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
CREATE FUNCTION test.whole(run bigint, attempt integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('run_id', run, 'attempt', whole.attempt, 'conversation_id', conversation_id, 'steps', '[{"node": "answer", "output": {"needs_human": true}}]'::jsonb,
        'result', '{"sink": "FINISH", "config": {"response": "The AI speaks."}}'::jsonb) FROM hil.runs WHERE id = run
$$;
-- Everything that a worker can send for a run. Says what the database answers, and whether anything changed.
CREATE FUNCTION test.stale(run bigint, attempt integer) RETURNS TABLE (report text, answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    before text := checksum();
BEGIN
    RETURN QUERY VALUES
        ('step', hil_record_step(run, attempt, 'classify', '{"confidence": 0.9}', '{"cost_usd": 1}')),
        ('step that triggers', hil_record_step(run, attempt, 'answer', '{"needs_human": true}')),
        ('call', hil_record_calls(run, attempt, 'answer', '[{"call": 1, "turn": 1, "tool": "x.y", "arguments": {}, "usage": {"cost_usd": 1}}]')),
        ('result of a call', hil_record_calls(run, attempt, 'answer', '[{"call": 1, "result": "x"}]')),
        ('answer', hil_complete_run(run, attempt, '{"sink": "FINISH", "config": {"response": "The AI speaks."}}')),
        ('reply', hil_complete_run(run, attempt, '{"sink": "REPLY", "config": {"response": "The AI speaks."}}')),
        ('handover', hil_complete_run(run, attempt, '{"sink": "HANDOVER"}')),
        ('no sink', hil_complete_run(run, attempt, '{"sink": null}')),
        ('error', hil_fail_run(run, attempt, 'error')),
        ('final error', hil_fail_run(run, attempt, 'error', false)),
        ('report', hil_report_runs(jsonb_build_array(whole(run, attempt)))),
        ('two reports', hil_report_runs(jsonb_build_array(whole(run, attempt), whole(run, attempt)))),
        ('renewal', to_jsonb(hil_renew_runs('worker', ARRAY[run])));
    IF checksum() <> before THEN
        RAISE INFO 'SOMETHING CHANGED';
    END IF;
END
$$;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', status => 'offline');

-- Handed over while the worker was busy.
SELECT claimed(1) AS run \gset
SELECT hil_handover(conversation(1), 'the customer called') ->> 'status';
SELECT * FROM stale(:run, 1);
SELECT status(1);
-- The same with an agent who is active, and after the agent is done: the AI does not speak, whoever has the conversation.
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'status';
SELECT count(*) FROM stale(:run, 1);
SELECT hil_resolve(conversation(1), 'done', agent('Ann')) ->> 'status';
SELECT count(*) FROM stale(:run, 1);
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
SELECT * FROM said(1);

-- The customer asked for a human meanwhile.
SELECT claimed(2) AS run \gset
SELECT hil_handle_message(conversation(2), 'talk to agent') ->> 'status';
SELECT count(*), bool_and(answer ->> 'reason' = 'run ' || :run || ' has been cancelled already') FROM stale(:run, 1) WHERE report <> 'renewal';

-- The lease was lost: first the run waits for its next attempt, then another worker has it, and its work stands.
SELECT claimed(3) AS run \gset
UPDATE hil.runs SET lease_until = now() - interval '1 second' WHERE id = :run;
SELECT hil_tick() ->> 'leases_expired';
SELECT * FROM stale(:run, 1);
UPDATE hil.runs SET run_after = now() WHERE id = :run;
SELECT attempt FROM hil_claim_runs('another worker');
SELECT * FROM stale(:run, 1);
-- A number that no attempt ever had is no better.
SELECT count(*) FROM stale(:run, 3);
SELECT count(*) FROM stale(:run, 0);
SELECT hil_record_step(:run, 2, 'classify', '{"confidence": 0.9}');
SELECT hil_complete_run(:run, 2, '{"sink": "FINISH", "config": {"response": "Done."}}') ->> 'status';
SELECT * FROM said(3);

-- A second result for the same run: refused, the first one stands.
SELECT * FROM stale(:run, 2);
SELECT sink, result FROM hil.runs WHERE id = :run;

-- A trigger fired and handed over in the middle of the run: its later nodes come too late.
SELECT claimed(4) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.1}') ->> 'action';
SELECT count(*), bool_and(answer ->> 'reason' = 'run ' || :run || ' has succeeded already') FROM stale(:run, 1) WHERE report <> 'renewal';

-- The error limit was reached by another attempt.
SELECT claimed(5) AS run \gset
SELECT hil_fail_run(:run, 1, 'error', false) ->> 'status';
SELECT count(*), bool_and(answer ->> 'reason' = 'run ' || :run || ' has failed already') FROM stale(:run, 1) WHERE report <> 'renewal';

-- Handed over, given back, and a new run is under way: the old one does not speak for it.
SELECT claimed(6) AS run \gset
SELECT hil_handover(conversation(6), 'x') ->> 'status';
SELECT hil_back_to_ai(conversation(6), 'Try again.') ->> 'status';
SELECT run_id <> :run AS another_run FROM hil_claim_runs('worker');
SELECT count(*) FROM stale(:run, 1);
SELECT hil_conversation(conversation(6)) -> 'live_run' ->> 'status';

-- A run that never was, and one that was purged with its conversation, are errors of their own.
CALL refused($$SELECT hil_record_step(999999, 1, 'classify', '{}')$$);
CALL refused($$SELECT hil_record_calls(999999, 1, 'classify', '[]')$$);
CALL refused($$SELECT hil_complete_run(999999, 1, '{"sink": null}')$$);
CALL refused($$SELECT hil_fail_run(999999, 1, 'error')$$);
UPDATE hil.conversations SET closed_at = now() - interval '1 day' WHERE closed_at IS NOT NULL;
SELECT hil_purge('1 hour');
CALL refused($$SELECT hil_complete_run(3, 2, '{"sink": "FINISH"}')$$);

-- Reports that make no sense are refused before anything else, also from the worker that has the run; the run goes on.
SELECT claimed(7) AS run \gset
CREATE PROCEDURE test.refused_for(run bigint, statement text) LANGUAGE sql AS $$ CALL test.refused(replace(statement, ':run', run::text)) $$;
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'FINISH', '{}')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'unheard of', '{}')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, NULL, '{}')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'classify', NULL)$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'classify', '{}', '[]')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'classify', '{}', '{"cost_usd": -1}')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, 1, 'classify', '{}', '{"input_tokens": "many"}')$$);
CALL refused_for(:run, $$SELECT hil_record_step(:run, NULL, 'classify', '{}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": "answer"}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": 5}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"priority": 11}}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"required_skills": "returns"}}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"required_skills": [1]}}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, '{"sink": "HANDOVER", "config": {"handover_context": "text"}}')$$);
CALL refused_for(:run, $$SELECT hil_complete_run(:run, 1, NULL)$$);
SELECT hil_complete_run(:run, 1, '{"sink": "FINISH"}') ->> 'status';
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
