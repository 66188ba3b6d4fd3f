-- A database of hil's in which work flows: a workflow, :agents agents online, whose skills are s0 to s19, one each, and
-- :conversations conversations that nobody has written to yet.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS hil;
SELECT hil_load_workflow('{
    "name": "support",
    "version": "1.0.0",
    "hil_config": {
        "enabled": true,
        "handover_triggers": [
            {"type": "confidence_threshold", "threshold": 0.7},
            {"type": "explicit_request", "patterns": ["speak to human", "talk to agent", "escalate"]},
            {"type": "error_threshold", "consecutive_errors": 3}
        ],
        "routing_rules": [{"skill": "s1", "priority": 5}, {"skill": "s2", "priority": 3}]
    },
    "workflow": {
        "nodes": [
            {"id": "answer", "agent": "simple_evaluator"},
            {"id": "REPLY", "type": "sink", "action": "reply_to_customer"}
        ],
        "edges": [{"from": "answer", "to": "REPLY"}]
    }
}');
SELECT hil_set_agent_status(hil_add_agent('Agent ' || n, n || '@example.com', ARRAY['s' || n % 20], 1000), 'online')
    FROM generate_series(1, :agents) n;
-- Ids as hil_create_conversation makes them: they begin with the time.
INSERT INTO hil.conversations (id)
    SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n / 100), 12, '0') || '7' || substr(md5(n::text), 1, 3)
            || '8' || substr(md5(random()::text), 1, 15))::uuid
    FROM generate_series(1, :conversations) n;
