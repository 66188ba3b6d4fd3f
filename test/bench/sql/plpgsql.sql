-- What a good DBA would write over those tables: one function, one transaction, locks where a choice is made, and an
-- index in the order of the choice.
SET search_path = plpgsql;
CREATE INDEX human_agents_free ON human_agents (current_load, last_active DESC)
    WHERE status = 'online' AND current_load < max_capacity;

CREATE FUNCTION plpgsql.handover(conversation uuid, why text, skills_needed text[], urgency int DEFAULT 5) RETURNS jsonb
LANGUAGE plpgsql SET search_path = plpgsql AS $$
DECLARE
    state text;
    agent human_agents;
BEGIN
    SELECT status INTO state FROM conversations WHERE id = conversation FOR NO KEY UPDATE;
    IF state IS NULL THEN
        RAISE EXCEPTION 'no conversation %', conversation;
    ELSIF state IN ('pending_human', 'human_active') THEN
        RAISE EXCEPTION 'conversation % is with people already', conversation;
    END IF;
    SELECT * INTO agent FROM human_agents
        WHERE status = 'online' AND current_load < max_capacity AND skills @> skills_needed
        ORDER BY current_load, last_active DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    INSERT INTO handover_events (conversation_id, from_type, to_type, reason, context, agent_id)
        VALUES (conversation, 'ai', 'human', why, '{}', agent.id);
    IF agent.id IS NULL THEN
        INSERT INTO agent_queue (conversation_id, priority, required_skills, context, status)
            VALUES (conversation, urgency, skills_needed, '{}', 'pending');
        UPDATE conversations SET status = 'pending_human', is_hil = true, hil_reason = why, handover_context = '{}',
            updated_at = now() WHERE id = conversation;
        RETURN jsonb_build_object('status', 'handover');
    END IF;
    INSERT INTO agent_queue (conversation_id, priority, required_skills, context, assigned_to, assigned_at, status)
        VALUES (conversation, urgency, skills_needed, '{}', agent.id, now(), 'assigned');
    UPDATE conversations SET status = 'human_active', is_hil = true, hil_reason = why, assigned_agent_id = agent.id,
        handover_context = '{}', updated_at = now() WHERE id = conversation;
    UPDATE human_agents SET current_load = current_load + 1 WHERE id = agent.id;
    RETURN jsonb_build_object('status', 'human_active', 'agent_id', agent.id, 'agent_name', agent.name);
END
$$;
