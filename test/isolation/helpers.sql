-- What the specs begin with: names for things, and one picture of where everything stands. Nothing here depends on the
-- extension, which each permutation makes anew.
CREATE OR REPLACE FUNCTION conversation(number integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('c0000000-0000-0000-0000-' || lpad(number::text, 12, '0'))::uuid;

CREATE OR REPLACE FUNCTION agent(name text) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN overlay(md5(name) PLACING 'a0000000' FROM 1 FOR 8)::uuid;

-- An empty hil, as in a database of its own, after a first hand-over for no skill and for each of these: the next ones find
-- the skill sets and do not wait for each other to make them.
CREATE OR REPLACE PROCEDURE fresh(VARIADIC skills text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
    skill text;
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP EXTENSION IF EXISTS hil;
    DROP SCHEMA IF EXISTS hil CASCADE;
    CREATE EXTENSION hil;
    FOREACH skill IN ARRAY '{general}' || skills LOOP
        PERFORM hil_handover(hil_create_conversation(), 'the first', ARRAY[skill]);
    END LOOP;
    PERFORM hil_cancel(id) FROM hil.conversations;
    PERFORM hil_purge('0');
END
$$;

CREATE OR REPLACE PROCEDURE add_agent(name text, max_capacity integer DEFAULT 1, skills text[] DEFAULT '{}',
    status text DEFAULT 'online') LANGUAGE plpgsql AS $$
DECLARE
    made_up uuid := hil_add_agent(name, name, skills, max_capacity);
BEGIN
    UPDATE hil.human_agents SET id = agent(add_agent.name) WHERE id = made_up;
    PERFORM hil_set_agent_status(agent(add_agent.name), add_agent.status);
END
$$;

-- Conversations that the AI has, or that wait for people where nobody is free.
CREATE OR REPLACE PROCEDURE add_conversation(number integer) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_create_conversation(conversation(number));
END
$$;
CREATE OR REPLACE PROCEDURE hand_over(number integer, required_skills text[] DEFAULT NULL, priority integer DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_create_conversation(conversation(number));
    PERFORM hil_handover(conversation(number), 'asked for', required_skills, priority);
END
$$;

-- A workflow whose runs may fail once; the second failure in a row hands over. After a minute, who waits for billing becomes
-- urgent, and who waits for French is content with English.
CREATE OR REPLACE PROCEDURE load_workflow() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_load_workflow('{"name": "plain",
        "hil_config": {
            "handover_triggers": [{"type": "error_threshold", "consecutive_errors": 2}],
            "routing_rules": [
                {"skill": "billing", "priority": 5, "max_wait_time": 60},
                {"skill": "french", "priority": 5, "escalation": [{"after": 60, "skills": ["english"]}]}]},
        "workflow": {
            "nodes": [{"id": "answer", "agent": "answer"}, {"id": "FINISH", "type": "sink", "action": "finish_conversation"}],
            "edges": [{"from": "answer", "to": "FINISH"}]}}');
END
$$;

-- Lets a conversation wait for one more minute.
CREATE OR REPLACE PROCEDURE pass_a_minute(number integer) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hil.agent_queue SET created_at = created_at - interval '1 minute', deadline = deadline - interval '1 minute',
        next_step_at = next_step_at - interval '1 minute' WHERE conversation_id = conversation(number);
END
$$;

-- How often something was said of a conversation.
CREATE OR REPLACE FUNCTION told(number integer, event text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM (SELECT conversation_id, type FROM hil.outbox
            UNION ALL SELECT conversation_id, type FROM hil.events) e
        WHERE e.conversation_id = conversation(number) AND e.type = event);
END
$$;

-- Each conversation, each agent, and what hil_doctor() finds wrong. What only a worker or a scheduler would see to is
-- not wrong here.
CREATE OR REPLACE FUNCTION picture() RETURNS TABLE (picture text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT ltrim(right(c.id::text, 12), '0') || ' ' || c.status || coalesce(' with ' || a.name, '')
        || coalesce(' priority ' || q.priority, '')
        FROM hil.conversations c LEFT JOIN hil.human_agents a ON a.id = c.assigned_agent_id
        LEFT JOIN hil.agent_queue q ON q.conversation_id = c.id AND q.status = 'pending' ORDER BY c.id;
    RETURN QUERY SELECT format('%s %s, %s of %s', a.name, a.status, a.current_load, a.max_capacity)
        FROM hil.human_agents a ORDER BY a.name;
    RETURN QUERY SELECT 'wrong: ' || d.check_name FROM hil_doctor() d
        WHERE NOT d.ok AND d.check_name NOT IN ('runs_are_claimed', 'time_driven_work');
END
$$;

-- The customer writes and a worker claims the run.
CREATE OR REPLACE PROCEDURE claim_turn(number integer) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), 'Hello');
    PERFORM hil_claim_runs('worker', 100, '1 day');
END
$$;
CREATE OR REPLACE FUNCTION run_of(number integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT id FROM hil.runs WHERE conversation_id = conversation(number) ORDER BY id LIMIT 1);
END
$$;

-- One call that reports the first run of each, and what is answered. In the second form the last of them hands over for a skill that
-- nobody has asked for yet.
CREATE OR REPLACE FUNCTION reported(VARIADIC numbers integer[]) RETURNS TABLE (number integer, answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    answers jsonb := hil_report_runs(jsonb_agg(jsonb_build_object('run_id', run_of(n), 'attempt', 1, 'conversation_id', conversation(n),
        'steps', '[{"node": "answer", "output": {"answer": "Here."}}]'::jsonb, 'result', '{"sink": "FINISH"}'::jsonb) ORDER BY n)) FROM unnest(numbers) n;
BEGIN
    RETURN QUERY SELECT numbers[place], answers -> place - 1 FROM generate_subscripts(numbers, 1) place;
END
$$;
CREATE OR REPLACE FUNCTION reported_with_handover(VARIADIC numbers integer[]) RETURNS TABLE (number integer, answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    answers jsonb := hil_report_runs(jsonb_agg(jsonb_build_object('run_id', run_of(n), 'attempt', 1, 'conversation_id', conversation(n))
        || CASE WHEN n = numbers[cardinality(numbers)] THEN '{"handover": {"reason": "asked for", "required_skills": ["rowing"]}}'
           ELSE '{"result": {"sink": "FINISH"}}' END::jsonb ORDER BY n)) FROM unnest(numbers) n;
BEGIN
    RETURN QUERY SELECT numbers[place], answers -> place - 1 FROM generate_subscripts(numbers, 1) place;
END
$$;
