\set ECHO none
-- Workflows: loaded as revisions, checked as a whole, one revision active.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on

-- Loading returns the revision, which is active at once. Nothing is ever overwritten.
SELECT hil_load_workflow(workflow(), '# the file as its author wrote it');
SELECT hil_load_workflow(jsonb_set(workflow(), '{version}', '2'));
SELECT hil_load_workflow(workflow('other'));
SELECT name, revision, active, definition ->> 'version', source FROM hil.workflows ORDER BY name, revision;
-- A definition is kept as it was given.
SELECT hil_workflow_definition('support', 1) = workflow(), hil_workflow_definition('support', 2) -> 'version';
CALL refused($$SELECT hil_workflow_definition('support', 3)$$);
CALL refused($$SELECT hil_workflow_definition('unheard of', 1)$$);
CALL refused($$SELECT hil_workflow_definition(NULL, 1)$$);

-- A run keeps the revision with which it was queued; the next one takes the one that is active then.
SELECT hil_create_conversation(conversation(1), 'support');
SELECT hil_handle_message(conversation(1), 'Hello') ->> 'run_id';
SELECT hil_activate_workflow('support', 1);
SELECT name, revision FROM hil.workflows WHERE active ORDER BY name;
SELECT workflow, revision FROM hil_claim_runs('worker');
SELECT hil_complete_run(1, 1, '{"sink": "REPLY", "config": {"response": "Hi"}}') ->> 'status';
SELECT hil_handle_message(conversation(1), 'Hello again') ->> 'run_id';
SELECT workflow, revision FROM hil_claim_runs('worker');
-- Activating what is active is no mistake.
SELECT hil_activate_workflow('support', 1);
CALL refused($$SELECT hil_activate_workflow('support', 3)$$);
CALL refused($$SELECT hil_activate_workflow('unheard of', 1)$$);
CALL refused($$SELECT hil_activate_workflow('support', NULL)$$);
SELECT name, revision FROM hil.workflows WHERE active ORDER BY name;

-- A run that hands over does so by its own revision, though another one is active by then: its triggers, its rules, its texts.
SELECT hil_load_workflow(workflow('routed'));
CREATE FUNCTION test.started(number integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_create_conversation(conversation(number), 'routed');
    PERFORM hil_handle_message(conversation(number), 'Hello');
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
SELECT started(11) AS by_sink, started(12) AS by_trigger, started(13) AS by_error, started(14) AS by_silence, started(15) AS by_hand \gset
SELECT hil_load_workflow(jsonb_set(jsonb_set(workflow('routed'), '{hil_config,messages}', '{"handover": "New text.", "error": "New text of errors."}'),
    '{hil_config,routing_rules}', '[{"skill": "returns", "priority": 1, "max_wait_time": 60}]') #- '{hil_config,handover_triggers,3}');
SELECT hil_complete_run(:by_sink, 1, '{"sink": "HANDOVER", "config": {"required_skills": ["returns"]}}') ->> 'status';
SELECT hil_record_step(:by_trigger, 1, 'classify', '{"confidence": 0}', '{"handover": {"required_skills": ["returns"]}}') ->> 'action';
-- Its error limit is 3, the new one's 1.
SELECT hil_fail_run(:by_error, 1, 'error') ->> 'status';
SELECT hil_fail_run(:by_error, 1, 'error', retryable => false) ->> 'accepted';
UPDATE hil.runs SET run_after = now() - interval '1 s' WHERE id = :by_error;
SELECT attempt FROM hil_claim_runs('worker');
SELECT hil_fail_run(:by_error, 2, 'error', retryable => false) ->> 'status';
UPDATE hil.runs SET created_at = now() - interval '1 hour' WHERE id = :by_silence;
SELECT hil_tick() ->> 'ai_timeouts';
-- Where people hand over by hand, the rules of today are theirs.
SELECT hil_handover(conversation(15), 'x', '{returns}') ->> 'status';
SELECT c, (SELECT priority FROM hil.agent_queue WHERE conversation_id = conversation(c)),
    (SELECT (deadline - created_at)::text FROM hil.agent_queue WHERE conversation_id = conversation(c)),
    (SELECT content FROM said(c) WHERE sender = 'system') FROM generate_series(11, 15) c;

-- What must be there: a name, and a workflow with nodes and edges. hil_config may be left out: no triggers.
SELECT hil_load_workflow('{"name": "small", "workflow": {
    "nodes": [{"id": "think", "agent": "reasoning_support_agent"}, {"id": "DONE", "type": "sink", "action": "finish_conversation"}],
    "edges": [{"from": "think", "to": "DONE"}]}}');
CALL refused($$SELECT hil_load_workflow('{}')$$);
CALL refused($$SELECT hil_load_workflow('{"name": "x", "workflow": {"nodes": [], "edges": []}}')$$);
CALL refused($$SELECT hil_load_workflow('[]')$$);
CALL refused($$SELECT hil_load_workflow(NULL)$$);
CALL refused($$SELECT hil_load_workflow(workflow(), repeat('x', 1024 * 1024 + 1))$$);
CALL refused($$SELECT hil_load_workflow(workflow(), ' ')$$);

-- Without a sink a conversation could never end: refused.
CALL refused($$SELECT hil_load_workflow('{"name": "x", "workflow": {"nodes": [{"id": "think", "agent": "a"}], "edges": []}}')$$);
-- Every problem is told at once, each with a pointer to its place.
CALL refused($$SELECT hil_load_workflow('{
    "name": "  ",
    "color": "blue",
    "hil_config": {
        "enabled": "yes",
        "handover_triggers": [
            {"type": "confidence_threshold", "threshold": 70},
            {"type": "explicit_request", "patterns": []},
            {"type": "explicit_request", "patterns": ["talk to agent", 5]},
            {"type": "telepathy"},
            {"type": "error_threshold", "consecutive_errors": 0},
            {"type": "complexity", "levels": "high"},
            "agent_decision"],
        "routing_rules": [
            {"skill": "returns", "priority": 11},
            {"skill": "returns", "max_wait_time": 0},
            {"priority": 1}],
        "messages": {"handover": 5, "goodbye": "Bye"}},
    "workflow": {
        "nodes": [
            {"id": "a", "agent": "x", "config": {"output_schema": [], "tools": "all", "max_iterations": 0, "model_profile": 1}},
            {"id": "a", "agent": "y"},
            {"id": "2b", "agent": "z"},
            {"id": "c"},
            {"id": "d", "type": "sink", "action": "explode"},
            {"id": "e", "type": "sink", "action": "finish_conversation"},
            {"id": "f", "agent": "x", "condition": {"type": "regex", "expression": "x"}},
            {"id": "g", "agent": "x", "condition": {"type": "jmespath", "expression": " "}}],
        "edges": [
            {"from": "a", "to": "nowhere"},
            {"from": "f", "to": "g"}, {"from": "g", "to": "f"},
            {"from": "a", "to": "f"}, {"from": "a", "to": "f"},
            {"from": "d", "to": "a"}]}}')$$);
SELECT count(*) FROM hil.workflows;

-- However many there are, the detail stays readable.
DO $$
DECLARE
    detail text;
BEGIN
    PERFORM hil_load_workflow((SELECT jsonb_object_agg(repeat('long ', 10) || n, 0) FROM generate_series(1, 10000) n));
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE INFO '% lines, the last is: %; less than 20 kB: %', array_length(string_to_array(detail, E'\n'), 1), substring(detail FROM '[^\n]*$'),
        length(detail) < 20000;
END
$$;
DO $$
DECLARE
    detail text;
BEGIN
    PERFORM hil_load_workflow(jsonb_build_object(repeat('long ', 100000), 0));
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE INFO 'less than 2 kB: %', length(detail) < 2000;
END
$$;
