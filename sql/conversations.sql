\set ECHO none
-- Conversations: made, looked at, rated.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all

-- A caller brings the id of a conversation, or has one made up.
SELECT hil_create_conversation(conversation(1));
SELECT hil_create_conversation() IS DISTINCT FROM hil_create_conversation() AS made_up;
-- What hil makes up begins with the time, so that what is new lies together: version 7, variant 10.
SELECT substr(made::text, 15, 1) AS version, substr(made::text, 20, 1) IN ('8', '9', 'a', 'b') AS variant,
    abs(('x' || translate(substr(made::text, 1, 13), '-', ''))::bit(48)::bigint / 1000 - extract(epoch FROM now())) < 60 AS now
FROM hil_create_conversation() made;
-- It begins in state new, with nobody, and costs nothing.
SELECT status, is_hil, assigned_agent_id, workflow, handover_count, ai_time, wait_time, human_time, closed_at
FROM hil.conversations WHERE id = conversation(1);
-- An id is taken once.
CALL refused($$SELECT hil_create_conversation(conversation(1))$$);

-- The metadata is the caller's own: it comes back as it was written, long numbers included.
SELECT hil_create_conversation(conversation(2), metadata => '{"order": 123456789012345678901234567890, "price": 1.10}');
SELECT hil_conversation(conversation(2)) -> 'metadata' AS metadata;
CALL refused($$SELECT hil_create_conversation(conversation(3), metadata => '[1, 2]')$$);
CALL refused($$SELECT hil_create_conversation(conversation(3), metadata => NULL)$$);

-- A workflow is named by a name that was loaded.
CALL refused($$SELECT hil_create_conversation(conversation(3), 'support')$$);
SELECT hil_load_workflow(workflow());
SELECT hil_create_conversation(conversation(3), 'support');
SELECT hil_conversation(conversation(3)) -> 'workflow' AS workflow;

-- hil_conversation tells everything about a conversation in one document. At the beginning that is:
SELECT key, value FROM jsonb_each(hil_conversation(conversation(3)))
WHERE key NOT IN ('created_at', 'updated_at', 'status_since') ORDER BY key;

-- A conversation in the middle of its life: answered by the AI first, then with an agent.
CALL add_agent('Ann', '{billing}', rate => 36);
SELECT hil_handle_message(conversation(3), 'Where is my invoice?', metadata => '{"channel": "web"}') ->> 'status' AS status;
SELECT hil_conversation(conversation(3)) -> 'live_run' AS live_run;
SELECT hil_handover(conversation(3), 'needs billing', '{billing}', 2, '{"invoice": 17}') ->> 'agent_name' AS agent;
SELECT hil_handle_message(conversation(3), 'It is on its way.', 'agent', agent('Ann')) ->> 'agent_name' AS agent;
SELECT key, value FROM jsonb_each(hil_conversation(conversation(3)))
WHERE key IN ('status', 'is_hil', 'hil_reason', 'agent', 'handover_context', 'handover_count', 'live_run') ORDER BY key;
SELECT q ->> 'status' AS status, q ->> 'priority' AS priority, q ->> 'required_skills' AS required_skills,
       (q ->> 'assigned_at')::timestamptz >= (q ->> 'queued_at')::timestamptz AS assigned_after_queued,
       (q ->> 'deadline')::timestamptz - (q ->> 'queued_at')::timestamptz BETWEEN '599 s' AND '601 s' AS deadline_by_the_billing_rule
FROM (SELECT hil_conversation(conversation(3)) -> 'queue') AS s (q);
SELECT h ->> 'from' AS "from", h ->> 'to' AS "to", h ->> 'reason' AS reason, name_of((h ->> 'agent_id')::uuid) AS agent
FROM jsonb_array_elements(hil_conversation(conversation(3)) -> 'handovers') h;
SELECT m ->> 'id' AS id, m ->> 'sender_type' AS sender, m ->> 'content' AS content, m -> 'metadata' AS metadata
FROM jsonb_array_elements(hil_conversation(conversation(3)) -> 'messages') m;
-- The last messages only, in order; 0 to 1000 of them.
SELECT m ->> 'content' AS content FROM jsonb_array_elements(hil_conversation(conversation(3), 2) -> 'messages') m;
SELECT hil_conversation(conversation(3), 0) -> 'messages' AS none;
CALL refused($$SELECT hil_conversation(conversation(3), 1001)$$);
CALL refused($$SELECT hil_conversation(conversation(3), -1)$$);
CALL refused($$SELECT hil_conversation(conversation(99))$$);

-- hil_customer_view is for the customer's own eyes: what was said to them and where they stand, and none of what people and the
-- AI say to each other. All that is theirs alone has «secret» in it.
SELECT hil_customer_view(conversation(3)) - '{created_at,messages}'::text[] AS view;
SELECT m - 'at' AS message FROM jsonb_array_elements(hil_customer_view(conversation(3)) -> 'messages') m;
SELECT hil_create_conversation(conversation(4), metadata => '{"crm": "secret"}') IS NOT NULL AS created;
SELECT hil_handover(conversation(4), 'secret: wants a refund', '{billing}', context => '{"mood": "secret"}') ->> 'agent_name' AS agent;
SELECT hil_handle_message(conversation(4), 'Hello, this is Ann.', 'agent', agent('Ann'), metadata => '{"draft": "secret"}') ->> 'status' AS status;
SELECT hil_transfer(conversation(4), agent('Ann'), 'secret: rude') ->> 'status' AS status;
SELECT hil_customer_view(conversation(4), 0) - '{created_at}'::text[] AS waiting;
SELECT hil_back_to_ai(conversation(4), 'secret: be brief') ->> 'status' AS status;
SELECT v ->> 'status' AS status, v #- '{live_run,run_id}' -> 'live_run' AS run, v -> 'agent_name' AS agent FROM hil_customer_view(conversation(4)) v;
SELECT hil_handover(conversation(4), 'secret: again', '{billing}') ->> 'status' AS status;
SELECT hil_resolve(conversation(4), 'secret: rude', agent('Ann')) ->> 'status' AS status;
SELECT string_agg(m ->> 'content', ' / ' ORDER BY m -> 'id') AS said, string_agg(m ->> 'agent_name', ', ') AS agents
FROM jsonb_array_elements(hil_customer_view(conversation(4)) -> 'messages') m;
SELECT hil_conversation(conversation(4))::text ~ 'secret' AS among_people, hil_customer_view(conversation(4))::text ~ 'secret' AS to_the_customer;
SELECT hil_customer_view(conversation(4), 0) ->> 'closed_at' IS NOT NULL AS closed;
CALL refused($$SELECT hil_customer_view(conversation(4), 1001)$$);
CALL refused($$SELECT hil_customer_view(conversation(99))$$);

-- A supervisor's list: each conversation with its agent and its place in the queue.
SELECT conversation_id, status, is_hil, hil_reason, agent_name, agent_email, priority, required_skills, handover_count, workflow
FROM hil.conversation_overview WHERE conversation_id IN (conversation(1), conversation(3)) ORDER BY 1;

-- The customer rates a conversation that was closed, from 1 to 5, and may change their mind.
CALL refused($$SELECT hil_rate(conversation(3), 4)$$);
SELECT hil_resolve(conversation(3), 'Sent the invoice again.', agent('Ann')) ->> 'status' AS status;
SELECT hil_rate(conversation(3), 4.5);
SELECT hil_rate(conversation(3), 5);
SELECT customer_satisfaction FROM hil.conversation_analytics WHERE conversation_id = conversation(3);
CALL refused($$SELECT hil_rate(conversation(3), 0.9)$$);
CALL refused($$SELECT hil_rate(conversation(3), 5.1)$$);
CALL refused($$SELECT hil_rate(conversation(3), 'NaN')$$);
CALL refused($$SELECT hil_rate(conversation(99), 3)$$);
-- What was resolved shows how and when.
SELECT c ->> 'status' AS status, c ->> 'resolution_notes' AS notes, c ->> 'closed_at' IS NOT NULL AS closed, c -> 'queue' AS queue,
       c -> 'agent' AS agent
FROM hil_conversation(conversation(3)) c;
