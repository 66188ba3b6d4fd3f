-- What every test begins with: a fresh extension, and names for things. Included with \i; nothing of it is echoed.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS hil CASCADE;
DROP SCHEMA IF EXISTS hil CASCADE;
DROP SCHEMA IF EXISTS test CASCADE;
CREATE EXTENSION hil SCHEMA public;
CREATE SCHEMA test;
SET search_path = test, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';

-- Conversations have fixed ids, so that an output can name them.
CREATE FUNCTION test.conversation(number integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('c0000000-0000-0000-0000-' || lpad(number::text, 12, '0'))::uuid;

-- Adds a human agent, online unless said otherwise, whose id is fixed too.
CREATE SEQUENCE test.agent_number;
CREATE PROCEDURE test.add_agent(name text, skills text[] DEFAULT '{}', max_capacity integer DEFAULT 5,
    rate numeric DEFAULT NULL, status text DEFAULT 'online') LANGUAGE plpgsql AS $$
DECLARE
    fixed uuid := 'a0000000-0000-0000-0000-' || lpad(nextval('test.agent_number')::text, 12, '0');
    made_up uuid := hil_add_agent(name, lower(name) || '@example.com', skills, max_capacity, rate);
BEGIN
    UPDATE hil.human_agents SET id = fixed WHERE id = made_up;
    IF add_agent.status <> 'offline' THEN
        PERFORM hil_set_agent_status(fixed, add_agent.status);
    END IF;
END
$$;
CREATE FUNCTION test.agent(called text) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT id FROM hil.human_agents WHERE name = called);
CREATE FUNCTION test.name_of(agent uuid) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT name FROM hil.human_agents WHERE id = agent);

-- Where a conversation stands, in one line.
CREATE FUNCTION test.status(number integer) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT status || coalesce(' with ' || test.name_of(assigned_agent_id), '') FROM hil.conversations
        WHERE id = test.conversation(number));

-- One round, and what it did for runs and the queue. What else a round does has tests of its own.
CREATE FUNCTION test.tick() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(hil_tick()) WHERE key IN ('assigned', 'ai_timeouts', 'leases_expired')
$$;

-- What happened, in order, whether it is relayed or not.
CREATE VIEW test.happened AS
    SELECT row_number() OVER (ORDER BY waiting, place) AS number, type, conversation_id, agent_id, payload FROM (
        SELECT false AS waiting, seq AS place, type, conversation_id, agent_id, payload FROM hil.events UNION ALL
        SELECT true, id, type, conversation_id, agent_id, payload FROM hil.outbox) e;

-- What was said, in order.
CREATE FUNCTION test.said(number integer) RETURNS TABLE (sender text, content text) LANGUAGE sql STABLE AS $$
    SELECT sender_type || coalesce(' ' || test.name_of(agent_id), ''), content FROM hil.messages
    WHERE conversation_id = test.conversation(number) ORDER BY id
$$;

-- Hands a new conversation over and says what came of it: an agent, or a place in the queue.
CREATE FUNCTION test.hand_over(number integer, skills text[] DEFAULT NULL, priority integer DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    PERFORM hil_create_conversation(conversation(number));
    answer := hil_handover(conversation(number), 'test', skills, priority);
    RETURN coalesce(answer ->> 'agent_name', 'place ' || (answer ->> 'queue_position'));
END
$$;

-- Everything that the tables hold, as one number.
CREATE FUNCTION test.checksum() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
    one text;
    every text;
BEGIN
    -- Events may be on their way from one table to the other, which changes nothing.
    SELECT (SELECT count(*) FROM hil.outbox) + (SELECT coalesce(max(seq), 0) FROM hil.events) INTO every;
    FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('outbox', 'events', 'announced_through') ORDER BY relname
    LOOP
        EXECUTE format('SELECT coalesce(md5(string_agg(t::text, E''\n'' ORDER BY t::text)), ''-'') FROM %s t', relation)
        INTO one;
        every := every || one;
    END LOOP;
    RETURN md5(every);
END
$$;

-- Runs a statement that must be refused and prints how; complains where it is not, or where something changed.
CREATE PROCEDURE test.refused(statement text) LANGUAGE plpgsql AS $$
DECLARE
    before text := test.checksum();
    state text;
    message text;
    detail text;
    hint text;
    result text;
BEGIN
    BEGIN
        EXECUTE statement INTO result;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
            hint = PG_EXCEPTION_HINT;
        -- %: what an error says is no format.
        message := state || ' ' || message;
    END;
    IF state IS NULL THEN
        RAISE INFO 'NOT REFUSED, returned %', result;
        RETURN;
    END IF;
    IF test.checksum() <> before THEN
        RAISE INFO 'SOMETHING CHANGED';
    END IF;
    IF detail = '' THEN
        RAISE INFO USING MESSAGE = message, HINT = coalesce(nullif(hint, ''), 'NO HINT');
    ELSE
        RAISE INFO USING MESSAGE = message, DETAIL = detail, HINT = coalesce(nullif(hint, ''), 'NO HINT');
    END IF;
END
$$;

-- A workflow with every trigger, routing rules and every kind of sink.
CREATE FUNCTION test.workflow(name text DEFAULT 'support') RETURNS jsonb LANGUAGE sql IMMUTABLE RETURN jsonb_build_object(
    'name', name, 'version', '1.0',
    'hil_config', '{"enabled": true,
        "handover_triggers": [
            {"type": "confidence_threshold", "threshold": 0.7},
            {"type": "explicit_request", "patterns": ["speak to human", "talk to agent", "escalate"]},
            {"type": "agent_decision"},
            {"type": "error_threshold", "consecutive_errors": 3},
            {"type": "complexity"}],
        "routing_rules": [
            {"skill": "returns", "priority": 5, "max_wait_time": 300},
            {"skill": "technical", "priority": 3, "max_wait_time": 180},
            {"skill": "billing", "priority": 7, "max_wait_time": 600}]}'::jsonb,
    'workflow', '{
        "nodes": [
            {"id": "classify", "agent": "simple_intent_classifier"},
            {"id": "answer", "agent": "reasoning_support_agent"},
            {"id": "FINISH", "type": "sink", "action": "finish_conversation", "config": {"status": "resolved"}},
            {"id": "REPLY", "type": "sink", "action": "reply_to_customer"},
            {"id": "HANDOVER", "type": "sink", "action": "handover_to_human"}],
        "edges": [
            {"from": "classify", "to": "answer"},
            {"from": "answer", "to": "FINISH"},
            {"from": "answer", "to": "REPLY"},
            {"from": "answer", "to": "HANDOVER"}]}'::jsonb);

RESET client_min_messages;
\set SHOW_CONTEXT never
\pset null NULL
