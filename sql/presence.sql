\set ECHO none
-- Presence: agents who fall silent are marked offline, and who stays offline loses the conversations to those who are there.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
-- Lets time pass for an agent: the last sign of life and the last change of status are that much older.
CREATE PROCEDURE test.wait(called text, span interval) LANGUAGE sql AS $$
    UPDATE hil.human_agents SET last_active = last_active - span, status_since = status_since - span WHERE name = called
$$;
CREATE FUNCTION test.agents() RETURNS TABLE (name text, status text, current_load integer) LANGUAGE sql AS $$
    SELECT name, status, current_load FROM hil.human_agents ORDER BY name
$$;
-- What the duties of a round that look after agents did.
CREATE FUNCTION test.look_after() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(hil_tick()) WHERE key IN ('agents_timed_out', 'requeued', 'assigned') AND value <> '0'
$$;
CREATE FUNCTION test.just_active(called text) RETURNS boolean LANGUAGE sql AS $$
    SELECT clock_timestamp() - last_active < interval '1 minute' FROM hil.human_agents WHERE name = called
$$;
\set ECHO all
\pset tuples_only on

CALL add_agent('Ann', max_capacity => 2);
CALL add_agent('Bob', max_capacity => 2, status => 'away');
SELECT hand_over(1), hand_over(2);
-- hil.agent_timeout is 15 minutes. A sign of life in between counts from anew; whoever is away must give one too.
CALL wait('Ann', '14 minutes');
CALL wait('Bob', '16 minutes');
SELECT hil_agent_heartbeat(agent('Ann'));
CALL wait('Ann', '14 minutes');
SELECT look_after();
SELECT * FROM agents();
SELECT type, name_of(agent_id), payload - 'timestamp' - 'silent_since', payload ? 'silent_since' FROM hil.events WHERE type = 'agent_offline';
-- Whatever the agent does with a conversation is a sign of life; what others do with it is none.
SELECT hand_over(c) FROM generate_series(3, 6) c;
SELECT just_active('Ann');
SELECT hil_handle_message(conversation(1), 'One moment.', 'agent', agent('Ann')) ->> 'status', just_active('Ann');
CALL wait('Ann', '14 minutes');
SELECT hil_handle_message(conversation(1), 'Thank you.') ->> 'status', just_active('Ann');
SELECT hil_resolve(conversation(1), 'done', agent('Ann')) ->> 'status', just_active('Ann');
CALL wait('Ann', '14 minutes');
SELECT hil_decline(conversation(2), agent('Ann')) ->> 'status', just_active('Ann');
CALL wait('Ann', '14 minutes');
SELECT hil_transfer(conversation(3), agent('Ann'), 'not mine') ->> 'status', just_active('Ann');
CALL wait('Ann', '14 minutes');
SELECT hil_load_workflow(workflow());
SELECT hil_back_to_ai(conversation(4)) ->> 'status', just_active('Ann');
SELECT hil_back_to_ai(conversation(5), NULL, agent('Ann')) ->> 'status', just_active('Ann');
SELECT hil_cancel(conversation(2)) ->> 'status', hil_cancel(conversation(3)) ->> 'status';
-- It is written down again only when a quarter of the time has passed, so that busy agents cost no more than silent ones.
UPDATE hil.human_agents SET last_active = last_active - interval '3 minutes' WHERE name = 'Ann';
SELECT hil_agent_heartbeat(agent('Ann')), just_active('Ann');
UPDATE hil.human_agents SET last_active = last_active - interval '1 minute' WHERE name = 'Ann';
SELECT hil_agent_heartbeat(agent('Ann')), just_active('Ann');
SELECT * FROM agents();

-- Offline: gets nothing, and keeps the conversations for hil.requeue_after, which is 2 minutes. Coming back before, the agent has them still.
SELECT hand_over(11), hand_over(12), status(6);
CALL wait('Ann', '16 minutes');
SELECT look_after();
SELECT * FROM agents();
CALL wait('Ann', '119 s');
SELECT look_after();
SELECT hil_set_agent_status(agent('Ann'), 'online') - 'agent_id';
SELECT look_after();
SELECT c, status(c) FROM unnest('{6,11,12}'::int[]) c;
-- A sign of life does not bring an agent back online; they say so themselves.
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
SELECT hil_agent_heartbeat(agent('Ann'));
-- Once more offline does not start the time anew. Then they return to the queue, with their tickets and as hand-overs between humans.
CALL wait('Ann', '121 s');
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
SELECT ticket AS ticket, priority AS priority FROM hil.agent_queue WHERE conversation_id = conversation(6) \gset
SELECT look_after();
SELECT * FROM agents();
SELECT c, status(c), hil_queue_position(conversation(c)) FROM unnest('{6,11,12}'::int[]) c;
SELECT ticket = :ticket AS same_ticket, priority = :priority AS same_priority, previous_agent_id = agent('Ann') AS was_with_ann, declined_by FROM hil.agent_queue WHERE conversation_id = conversation(6) AND status = 'pending';
SELECT from_type, to_type, reason, context - 'from_agent', name_of((context ->> 'from_agent')::uuid), agent_id FROM hil.handover_events WHERE conversation_id = conversation(6) ORDER BY id DESC LIMIT 1;
SELECT type, name_of(agent_id) FROM hil.events WHERE conversation_id = conversation(6) ORDER BY seq DESC LIMIT 2;
SELECT look_after();
-- Who comes back later begins with none, but comes first for what still waits, although Cleo is free and was active after them.
CALL add_agent('Cleo', status => 'offline');
BEGIN;
UPDATE hil.human_agents SET status = 'online', last_active = now() - CASE name WHEN 'Ann' THEN interval '1 minute' ELSE '0' END WHERE name IN ('Ann', 'Cleo');
SELECT look_after();
SELECT c, status(c) FROM unnest('{6,11,12}'::int[]) c;
ROLLBACK;
SELECT hil_set_agent_status(agent('Ann'), 'online') - 'agent_id';
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
CALL wait('Ann', '3 minutes');
-- Whoever is free gets them at once.
SELECT hil_set_agent_status(agent('Bob'), 'online') ->> 'current_load';
SELECT look_after();
SELECT c, status(c) FROM unnest('{6,11,12}'::int[]) c;
SELECT * FROM agents();
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- 0 switches each off.
SET hil.agent_timeout = 0;
SET hil.requeue_after = 0;
SELECT hil_set_agent_status(agent('Cleo'), 'online') ->> 'current_load';
SELECT hil_set_agent_status(agent('Bob'), 'offline') ->> 'status';
UPDATE hil.human_agents SET last_active = now() - interval '1 year', status_since = now() - interval '1 year';
SELECT look_after();
SELECT * FROM agents();
RESET hil.agent_timeout;
RESET hil.requeue_after;
SELECT look_after();
SELECT * FROM agents();
