-- What :closed conversations leave behind that were answered, by the AI or, each fifth, by an agent, and closed within the
-- last hour: two messages, a run and its step, and the analytics of each.
INSERT INTO hil.conversations (id, status, workflow, handover_count, answered_through, created_at, updated_at, status_since,
                               closed_at)
    SELECT bench.closed(n), CASE n % 5 WHEN 0 THEN 'resolved' ELSE 'finished' END, 'support', (n % 5 = 0)::integer,
           9223372036854775807, bench.moment(n), bench.moment(n), bench.moment(n), bench.moment(n)
    FROM generate_series(1, :closed) n;
INSERT INTO hil.messages (conversation_id, sender_type, content, created_at)
    SELECT bench.closed(n), who, 'Where is my order? It was due on Monday.', bench.moment(n)
    FROM generate_series(1, :closed) n, unnest('{user,ai}'::text[]) who;
WITH run AS (
    INSERT INTO hil.runs (conversation_id, workflow, revision, status, attempt, worker, sink, result, input_tokens, cost_usd,
                          steps, created_at, started_at, finished_at)
        SELECT bench.closed(n), 'support', 1, 'succeeded', 1, 'worker 1', 'REPLY', '{"sink": "REPLY"}', 100, 0.001, 1,
               bench.moment(n), bench.moment(n), bench.moment(n)
        FROM generate_series(1, :closed) n
        RETURNING conversation_id, id)
INSERT INTO hil.run_steps (conversation_id, run_id, node, step_number, attempt, output, usage, cost_usd, duration_ms)
    SELECT conversation_id, id, 'answer', 1, 1, '{"answer": "It comes tomorrow."}', '{"input_tokens": 100}', 0.001, 900
    FROM run;
INSERT INTO hil.conversation_analytics (conversation_id, total_duration_seconds, ai_duration_seconds, human_duration_seconds,
        wait_time_seconds, total_messages, ai_messages, human_messages, handover_count, resolution_status, ai_cost_usd,
        human_cost_usd, created_at, updated_at)
    SELECT bench.closed(n), 60, 60, 0, 0, 2, 1, 0, (n % 5 = 0)::integer, 'resolved', 0.001, 0, bench.moment(n),
           bench.moment(n)
    FROM generate_series(1, :closed) n;
INSERT INTO hil.handover_events (conversation_id, from_type, to_type, reason, created_at)
    SELECT bench.closed(n), 'ai', 'human', 'asked for a human', bench.moment(n) FROM generate_series(5, :closed, 5) n;
INSERT INTO hil.agent_queue (conversation_id, priority, required_skills, skill_set_id, status, assigned_to, assigned_at,
                             created_at, completed_at)
    SELECT bench.closed(n), 5, skills, skill_set_id, 'completed', agent, bench.moment(n), bench.moment(n), bench.moment(n)
    FROM generate_series(5, :closed, 5) n JOIN bench.sets ON place = n % 200,
         (SELECT id AS agent FROM hil.human_agents LIMIT 1) a;
