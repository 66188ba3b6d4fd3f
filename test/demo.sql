-- What test/demo asks the database with: what these functions return is what hil has stored or answered.
-- A line of the story is (who, line); who is printed on the left. Customers and human agents are called by their names.
CREATE EXTENSION hil;
CREATE SCHEMA demo;

CREATE FUNCTION demo.chat(customer text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT id FROM hil.conversations WHERE metadata ->> 'customer' = customer
$$;

CREATE FUNCTION demo.agent(agent_name text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT id FROM hil.human_agents WHERE name = agent_name
$$;

CREATE FUNCTION demo.status(customer text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT status FROM hil.conversation_overview WHERE conversation_id = demo.chat(customer)
$$;

-- Puts the names of customers and human agents where their ids are.
CREATE FUNCTION demo.named(line text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    known record;
BEGIN
    FOR known IN SELECT id::text, metadata ->> 'customer' AS name FROM hil.conversations
                 UNION ALL SELECT id::text, name FROM hil.human_agents LOOP
        line := replace(line, known.id, known.name);
    END LOOP;
    RETURN line;
END
$$;

-- Writes an object as "status pending_human, queue_position 1, message “…”", without what is NULL or empty.
CREATE FUNCTION demo.fields(object json) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT demo.named(string_agg(key || ' ' ||
               CASE json_typeof(value)
                   WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '\s' THEN '“' || (value #>> '{}') || '”' ELSE value #>> '{}' END
                   WHEN 'array' THEN (SELECT string_agg(item, ' + ') FROM json_array_elements_text(value) AS item)
                   WHEN 'object' THEN '(' || demo.fields(value) || ')'
                   ELSE value::text
               END, ', ' ORDER BY key <> 'status', place))
    FROM json_each(object) WITH ORDINALITY AS field(key, value, place)
    WHERE value::text NOT IN ('null', '[]', '{}', '""')
$$;

-- What a call of one of hil's functions returned: an object, a plain value, or nothing. Ids of the conversation and the
-- agent at hand say nothing to the reader.
CREATE FUNCTION demo.returned(call text, answer jsonb) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', concat_ws(' → ', call, CASE
        WHEN jsonb_typeof(answer) <> 'object' THEN nullif(answer #>> '{}', '')
        ELSE demo.fields((answer - '{conversation_id,message_id,agent_id}'::text[])::json)
    END)
$$;

-- The messages of a conversation that the story has not told yet, or one of them; each is told once.
CREATE TABLE demo.told (message bigint PRIMARY KEY);
CREATE FUNCTION demo.news(customer text, only_this bigint DEFAULT NULL) RETURNS TABLE (who text, line text) LANGUAGE sql AS $$
    WITH news AS (
        SELECT id, sender_type, agent_id, content
        FROM jsonb_to_recordset(hil_conversation(demo.chat(customer)) -> 'messages')
             AS message(id bigint, sender_type text, agent_id uuid, content text)
        WHERE id = coalesce(only_this, id) AND id NOT IN (SELECT message FROM demo.told)
    ), now_told AS (
        INSERT INTO demo.told SELECT id FROM news
    )
    SELECT CASE sender_type
               WHEN 'user' THEN customer || ', customer'
               WHEN 'ai' THEN 'AI'
               WHEN 'agent' THEN (SELECT name FROM hil.human_agents WHERE id = agent_id) || ', human agent'
               ELSE 'hil, to ' || customer
           END, '“' || content || '”'
    FROM news ORDER BY id
$$;

-- What the AI did last: the nodes that it ran, with what they put out (the answer itself is a message), and the end of the run.
CREATE FUNCTION demo.last_run(customer text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    WITH run AS (SELECT * FROM hil.runs WHERE conversation_id = demo.chat(customer) ORDER BY id DESC LIMIT 1),
    lines AS (
        SELECT step_number, 'AI, step ' || step_number AS who, node || ' → ' || demo.fields((output - 'answer')::json) AS line
        FROM hil.run_steps JOIN run ON run_steps.run_id = run.id AND run_steps.conversation_id = run.conversation_id
        UNION ALL
        SELECT 1000, 'hil', 'hil.runs: ' || demo.fields(json_build_object('run', id, 'status', status, 'workflow', workflow,
               'sink', sink, 'instructions', instructions, 'error', error))
        FROM run
    )
    SELECT lines.who, lines.line FROM lines ORDER BY step_number
$$;

CREATE FUNCTION demo.overview(customer text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', 'hil.conversation_overview: ' || customer || ' → ' || demo.fields(json_build_object('status', status,
           'queue_position', nullif(hil_queue_position(conversation_id), 0), 'priority', priority, 'required_skills', required_skills,
           'agent_name', agent_name, 'hil_reason', CASE WHEN is_hil THEN hil_reason END, 'handover_count', handover_count))
    FROM hil.conversation_overview WHERE conversation_id = demo.chat(customer)
$$;

CREATE FUNCTION demo.inbox(agent_name text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', format('hil_inbox(''%s'') → ', agent_name) || demo.fields(json_build_object('customer', demo.named(conversation_id::text),
           'status', status, 'priority', priority, 'last_message', last_message, 'handover_context', handover_context))
    FROM hil_inbox(demo.agent(agent_name))
$$;

CREATE FUNCTION demo.handovers(customer text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', format('hil.handover_events: %s, from %s to %s → ', customer, from_type, to_type) ||
           demo.fields(json_build_object('agent', agent_id, 'reason', reason))
    FROM hil.handover_events WHERE conversation_id = demo.chat(customer) ORDER BY id
$$;

-- A notification as a desk received it, if it is the one that the story waits for.
CREATE FUNCTION demo.received(channel text, payload text, type text, customer text) RETURNS TABLE (who text, line text)
LANGUAGE sql STABLE AS $$
    SELECT name || '''s desk', format('NOTIFY %s, %s', channel, payload)
    FROM hil.human_agents
    WHERE channel = 'hil_agent_' || id
      AND payload::jsonb @> jsonb_build_object('type', type, 'conversation_id', demo.chat(customer))
$$;

CREATE FUNCTION demo.analytics(customer text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', 'hil.conversation_analytics: ' || customer || ' → ' || demo.fields(
               (SELECT json_object_agg(key, value ORDER BY place)
                FROM json_each(row_to_json(a)) WITH ORDINALITY AS field(key, value, place)
                WHERE key NOT IN ('conversation_id', 'created_at', 'updated_at')))
    FROM hil.conversation_analytics a WHERE conversation_id = demo.chat(customer)
$$;

CREATE FUNCTION demo.workflows() RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', 'hil.workflows: ' || demo.fields(json_build_object('name', name, 'revision', revision, 'active', active,
           'nodes', (SELECT json_agg(node -> 'id') FROM jsonb_array_elements(definition #> '{workflow,nodes}') AS node)))
    FROM hil.workflows ORDER BY name, revision
$$;

CREATE FUNCTION demo.workers() RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', 'pg_stat_activity: ' || application_name || ' is connected'
    FROM pg_stat_activity WHERE application_name = 'hil-worker' AND datname = current_database() GROUP BY application_name
$$;

CREATE FUNCTION demo.runs(customer text) RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', format('hil.runs: %s → %s runs', customer, count(*)) FROM hil.runs WHERE conversation_id = demo.chat(customer)
$$;

CREATE FUNCTION demo.at_rest() RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', format('pg_stat_activity, hil.runs: %s workers connected, %s runs in all, %s of them queued or running',
           (SELECT count(*) FROM demo.workers()), count(*), count(*) FILTER (WHERE status IN ('queued', 'running')))
    FROM hil.runs
$$;

CREATE FUNCTION demo.doctor() RETURNS TABLE (who text, line text) LANGUAGE sql STABLE AS $$
    SELECT 'hil', 'hil_doctor() → ok, detail'
    UNION ALL
    SELECT CASE WHEN ok THEN 'true' ELSE 'FALSE' END, detail FROM hil_doctor()
$$;
