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
