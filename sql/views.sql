\set ECHO none
-- The views for people: what they show is worked out by hand. Time is moved by changing the timestamps, never by waiting.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE PROCEDURE test.pass(number integer, span interval) LANGUAGE sql AS
'UPDATE hil.agent_queue SET created_at = created_at - span, assigned_at = assigned_at - span, completed_at = completed_at - span,
    deadline = deadline - span, next_step_at = next_step_at - span WHERE conversation_id = test.conversation(number)';
-- The reports go by the days of the session's time zone: where it is noon now, a test that takes hours off stays within a day.
SELECT 12 - extract(hour FROM now() AT TIME ZONE 'UTC')::int AS noon \gset
SET TIME ZONE :noon;
\set ECHO all
-- All of them stand empty.
SELECT * FROM hil.queue_overview;
SELECT * FROM hil.agent_board;
SELECT * FROM hil.sla_report;
SELECT * FROM hil.daily_stats;
SELECT * FROM hil.metrics ORDER BY name, labels;

-- billing: at most 600 s, technical: at most 180 s. Ann can do billing, Bob both; Cleo is away.
SELECT hil_load_workflow(workflow()) AS revision;
CALL add_agent('Ann', '{billing}', 1);
CALL add_agent('Bob', '{billing,technical}', 3);
CALL add_agent('Cleo', '{billing}', 4, status => 'away');
SELECT hand_over(1, '{billing}'), hand_over(2, '{technical}');
SELECT hil_set_agent_capacity(agent('Bob'), 1) ->> 'current_load' AS load;
SELECT hand_over(3, '{technical}'), hand_over(4, '{technical}', 2), hand_over(5, '{technical}'), hand_over(6, '{billing}');
CALL pass(3, '200 s');
CALL pass(4, '10 s');
SELECT required_skills, waiting, assigned, most_urgent, extract(epoch FROM date_trunc('second', longest_wait)) AS longest_wait, overdue,
    round(extract(epoch FROM next_deadline - now()), -1) AS next_deadline, agents_online, free_slots FROM hil.queue_overview ORDER BY 1;
SELECT hil_set_agent_capacity(agent('Bob'), 5) -> 'current_load' AS load;
SELECT required_skills, waiting, assigned, most_urgent, agents_online, free_slots FROM hil.queue_overview ORDER BY 1;

-- Agents: Bob has five, one of whose customers wrote 90 seconds ago and again, and one whose customer has a reply.
SELECT hil_handle_message(conversation(2), 'Hello?') ->> 'status' AS status;
UPDATE hil.messages SET created_at = created_at - interval '90 s' WHERE conversation_id = conversation(2) AND sender_type = 'user';
SELECT hil_handle_message(conversation(2), 'Hello??') ->> 'status' AS status;
SELECT hil_handle_message(conversation(3), 'Hi.') ->> 'status' AS status;
SELECT hil_handle_message(conversation(3), 'Good day.', 'agent', agent('Bob')) ->> 'status' AS status;
CALL pass(4, '1000 s');
SELECT name, email, status, skills, current_load AS load, max_capacity AS capacity, free_slots, awaiting_reply,
    extract(epoch FROM date_trunc('second', longest_unanswered)) AS unanswered, extract(epoch FROM date_trunc('minute', longest_held)) AS held,
    last_assigned_at IS NOT NULL AS assigned_once, last_active IS NOT NULL AS active FROM hil.agent_board ORDER BY name;

-- Waiting: of the technical ones 2, 4 and 5 were taken in time, 3 was not; 7 gave up too late, 8 gave up in time, 9 waits in time, 10 too long.
SELECT hil_set_agent_status(agent('Bob'), 'away') ->> 'status' AS status;
SELECT hand_over(c, '{technical}') FROM generate_series(7, 10) c;
CALL pass(7, '181 s');
CALL pass(10, '300 s');
SELECT hil_cancel(conversation(7)) ->> 'status' AS status, hil_cancel(conversation(8)) ->> 'status' AS status;
SELECT required_skills, queued, taken, left_unserved, waiting, due, breached, kept, extract(epoch FROM date_trunc('second', average_wait)) AS average,
    extract(epoch FROM date_trunc('second', longest_wait)) AS longest FROM hil.sla_report ORDER BY 1;
-- Whether the deadline was noted by a tick or nobody looked yet, the report is the same.
SELECT hil_tick() ->> 'escalated' AS escalated;
SELECT required_skills, due, breached FROM hil.sla_report ORDER BY 1;
-- Time with an agent is no waiting.
CALL pass(5, '1 hour');
SELECT hil_decline(conversation(5), agent('Bob')) ->> 'status' AS declined;
SELECT required_skills, waiting, due, breached, longest_wait < '10 min' AS minutes FROM hil.sla_report ORDER BY 1;
-- Without a longest wait there is nothing to keep.
SELECT hand_over(11, '{gardening}');
SELECT required_skills, due, breached, kept FROM hil.sla_report WHERE waiting > 0 ORDER BY 1;

-- Days: yesterday two began and one of them was closed by the AI; today the rest.
SELECT hil_handle_message(conversation(21), 'Hello') ->> 'status' AS status;
SELECT hil_complete_run(run_id, 1, '{"sink": "FINISH"}') ->> 'status' AS status FROM hil_claim_runs('worker');
UPDATE hil.conversations SET created_at = created_at - interval '1 day' WHERE id IN (conversation(21), conversation(11));
UPDATE hil.conversation_analytics SET created_at = created_at - interval '1 day', ai_cost_usd = 0.25, total_duration_seconds = 60 WHERE conversation_id = conversation(21);
SELECT hil_rate(conversation(21), 4), hil_resolve(conversation(4), 'done', agent('Bob'), 'escalated') ->> 'status' AS status;
UPDATE hil.conversation_analytics SET wait_time_seconds = CASE WHEN conversation_id = conversation(7) THEN 181 ELSE 0 END, total_duration_seconds = 200, human_cost_usd = 1.5
WHERE conversation_id <> conversation(21);
SELECT current_date - day AS days_ago, started, handovers, closed, closed_by_ai, resolved, unresolved, escalated, average_duration,
    average_wait, ai_cost_usd, human_cost_usd, average_satisfaction FROM hil.daily_stats ORDER BY day;

-- For a machine.
SELECT hil_handle_message(conversation(22), 'Hello') ->> 'status' AS status;
SELECT name, labels, CASE WHEN name IN ('hil_outbox_events', 'hil_events_total', 'hil_queue_longest_wait_seconds') THEN NULL ELSE value END AS value
FROM hil.metrics ORDER BY name, labels;

-- Every view is explained; readers may read all of them, and nobody else may.
SELECT relname FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'v' AND obj_description(oid, 'pg_class') IS NULL;
CREATE ROLE regress_hil_views;
SELECT relname, has_table_privilege('regress_hil_views', oid, 'SELECT') AS may_read FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'v' ORDER BY 1;
SELECT hil_grant('regress_hil_views', 'reader');
SELECT relname, has_table_privilege('regress_hil_views', oid, 'SELECT') AS may_read FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'v' ORDER BY 1;
DROP OWNED BY regress_hil_views;
DROP ROLE regress_hil_views;
