\set ECHO none
-- The queue: who is next, who gets it, and why.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.resolve(number integer) RETURNS jsonb LANGUAGE sql
RETURN hil_resolve(conversation(number), 'done', (SELECT assigned_agent_id FROM hil.conversations WHERE id = conversation(number))) -> 'assigned';
\set ECHO all
\pset tuples_only on

-- Order: priority, 1 first, then arrival.
SELECT hand_over(1);
SELECT hand_over(2);
SELECT hand_over(3, priority => 1);
SELECT hand_over(4, priority => 10);
SELECT hand_over(5, priority => 5);
SELECT hil_queue_position(conversation(c)) FROM generate_series(1, 5) c;
-- 0 is: not waiting.
SELECT hil_create_conversation(conversation(6));
SELECT hil_queue_position(conversation(6));
CALL refused($$SELECT hil_queue_position(conversation(99))$$);
-- Whoever leaves moves the others up.
SELECT hil_cancel(conversation(1)) ->> 'status';
SELECT hil_queue_position(conversation(c)) FROM generate_series(1, 5) c;

-- An agent who comes online takes the first ones, up to their capacity.
CALL add_agent('Ann', max_capacity => 2, status => 'offline');
SELECT hil_set_agent_status(agent('Ann'), 'online');
SELECT status(3), status(2), status(5);
-- Who is with an agent does not wait; the others moved up.
SELECT hil_queue_position(conversation(c)) FROM generate_series(2, 5) c;
-- A freed agent takes the next in the same transaction.
SELECT hil_resolve(conversation(3), 'done', agent('Ann'));
SELECT status(5), hil_queue_position(conversation(4));
SELECT resolve(2), resolve(5), resolve(4);

-- Skills: required skills must all be there; the first in the queue that the agent is able to take, however many wait before it.
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
SELECT hand_over(11, '{technical}', 1);
SELECT hand_over(12, '{technical,billing}', 1);
SELECT hand_over(13, '{billing}', 9);
SELECT hand_over(14);
CALL add_agent('Bill', '{billing}', 1);
SELECT c, status(c) FROM generate_series(11, 14) c;
-- 'general' is a skill that everybody has, also together with others, and without being listed.
SELECT resolve(14);
CALL add_agent('Tess', '{technical,billing}', 2);
SELECT c, status(c) FROM generate_series(11, 14) c;
SELECT hand_over(15, '{general,billing}');
SELECT resolve(11);
SELECT hil_set_agent_capacity(agent('Bill'), 2) -> 'assigned';
SELECT resolve(12), resolve(15), resolve(13);
-- The name of that skill is a setting.
SET hil.general_skill = 'anything';
SELECT hand_over(16, '{anything}');
SELECT hand_over(17, '{general}');
SELECT resolve(16), hil_cancel(conversation(17)) ->> 'status';
RESET hil.general_skill;

-- Among able agents: least load first, then the most recently active.
SELECT hil_set_agent_status(agent('Tess'), 'offline') ->> 'status', hil_set_agent_status(agent('Bill'), 'offline') ->> 'status';
CALL add_agent('Cleo', max_capacity => 3);
CALL add_agent('Dora', max_capacity => 3);
SELECT hand_over(21);
SELECT hand_over(22);
UPDATE hil.human_agents SET last_active = last_active - interval '10 minutes';
SELECT hil_agent_heartbeat(agent('Cleo'));
SELECT hand_over(23);
SELECT hand_over(24);
-- Capacity 0: gets nothing. At capacity: gets nothing.
SELECT hil_set_agent_capacity(agent('Cleo'), 0) ->> 'current_load';
SELECT hand_over(25);
SELECT hand_over(26);
SELECT status(26);
-- Away and offline: get nothing, and keep what they have.
SELECT hil_set_agent_status(agent('Dora'), 'away');
SELECT resolve(25), status(26), status(21);
-- Why: every agent with what keeps them from it, whoever would get it first on top.
CALL add_agent('Eve', '{billing}', status => 'away');
SELECT name, eligible, regexp_replace(reason, '\d{4}-\S+ \S+\d', 'TIME', 'g') FROM hil_explain_assignment(conversation(26)) ORDER BY name;
SELECT hil_set_agent_status(agent('Dora'), 'online') -> 'assigned' ->> 0 = conversation(26)::text;
CALL refused($$SELECT * FROM hil_explain_assignment(conversation(26))$$);
CALL refused($$SELECT * FROM hil_explain_assignment(conversation(99))$$);
SELECT resolve(c) FROM generate_series(21, 24) c;
SELECT resolve(26);

-- The agent who had the conversation before comes first, if free and able, although another has less to do.
SELECT hil_set_agent_capacity(agent('Cleo'), 3) ->> 'current_load';
SELECT hand_over(31);
SELECT assigned_agent_id = agent('Dora') AS dora_is_the_most_recently_active FROM hil.conversations WHERE id = conversation(31);
SELECT hil_resolve(conversation(31), 'done', agent('Dora')) ->> 'status';
SELECT hand_over(32), hand_over(33);
UPDATE hil.human_agents SET last_active = last_active - interval '10 minutes';
SELECT hil_agent_heartbeat(agent('Cleo'));
SELECT current_load, name FROM hil.human_agents WHERE name IN ('Cleo', 'Dora') ORDER BY name;
SELECT hand_over(34);
SELECT hil_handover(conversation(31), 'back again') ->> 'agent_name';
-- Not if they have no slot.
SELECT hil_resolve(conversation(31), 'done', agent('Dora')) ->> 'status';
SELECT hil_set_agent_capacity(agent('Dora'), 1) ->> 'current_load';
SELECT hil_handover(conversation(31), 'back again') ->> 'agent_name';

-- A conversation that goes back to the queue keeps its ticket, and so its place before those who came later.
SELECT resolve(c) FROM generate_series(31, 34) c;
SELECT hil_set_agent_status(agent('Dora'), 'offline') ->> 'status', hil_set_agent_capacity(agent('Cleo'), 1) ->> 'status';
SELECT hand_over(41);
SELECT ticket AS ticket FROM hil.agent_queue WHERE conversation_id = conversation(41) \gset
SELECT hand_over(42), hand_over(43);
SELECT hil_decline(conversation(41), agent('Cleo'), 'not mine');
SELECT ticket = :ticket AS same_ticket, declined_by = ARRAY[agent('Cleo')] AS declined_by_cleo FROM hil.agent_queue WHERE conversation_id = conversation(41);
SELECT hil_queue_position(conversation(41)), status(42), hil_queue_position(conversation(43));
-- It is not offered again to who declined it, who gets the one behind it instead.
SELECT resolve(42);
SELECT status(41), status(43);
SELECT name, eligible, regexp_replace(reason, '\d{4}-\S+ \S+\d', 'TIME', 'g') FROM hil_explain_assignment(conversation(41)) ORDER BY name;
-- A change of priority keeps the ticket too.
SELECT hand_over(44, priority => 4), hand_over(45, priority => 6);
SELECT hil_transfer(conversation(43), agent('Cleo'), 'for somebody calmer', priority => 6) ->> 'queue_position';
SELECT c, hil_queue_position(conversation(c)) FROM generate_series(41, 45) c ORDER BY 2;
SELECT status(44);

-- Whoever declines it is not the one who had it before. Fay had it and is away; Gus gets it and declines; Fay is back, and gets
-- it although Hal has less to do.
CALL add_agent('Fay', '{vip}');
SELECT hand_over(61, '{vip}');
SELECT hil_resolve(conversation(61), 'done', agent('Fay')) ->> 'status', hil_set_agent_status(agent('Fay'), 'away') ->> 'status';
CALL add_agent('Gus', '{vip}');
SELECT hil_handover(conversation(61), 'again', '{vip}') ->> 'agent_name';
SELECT hil_set_agent_status(agent('Fay'), 'online') ->> 'status';
SELECT hand_over(62, '{vip}');
CALL add_agent('Hal', '{vip}');
SELECT name, current_load FROM hil.human_agents WHERE name IN ('Fay', 'Gus', 'Hal') ORDER BY name;
SELECT hil_decline(conversation(61), agent('Gus')) ->> 'agent_name';
-- The same when Gus transfers it back to the queue.
SELECT hil_set_agent_status(agent('Fay'), 'away') ->> 'status', hil_set_agent_status(agent('Hal'), 'away') ->> 'status';
SELECT hil_resolve(conversation(61), 'done', agent('Fay')) ->> 'status';
SELECT hil_handover(conversation(61), 'again', '{vip}') ->> 'agent_name';
SELECT hil_set_agent_status(agent('Fay'), 'online') ->> 'status', hil_set_agent_status(agent('Hal'), 'online') ->> 'status';
SELECT hil_transfer(conversation(61), agent('Gus'), 'not for me') ->> 'agent_name';
-- Nor does the next handover prefer who declined the last one: Gus had 63 and declined, and nobody else had it.
SELECT hil_set_agent_status(agent('Fay'), 'away') ->> 'status', hil_set_agent_status(agent('Hal'), 'away') ->> 'status';
SELECT hand_over(63, '{vip}');
SELECT hil_decline(conversation(63), agent('Gus')) ->> 'status';
SELECT hil_cancel(conversation(63)) ->> 'status';
SELECT hand_over(64, '{vip}');
SELECT hil_set_agent_status(agent('Hal'), 'online') ->> 'status';
SELECT name, current_load FROM hil.human_agents WHERE name IN ('Gus', 'Hal') ORDER BY name;
SELECT hil_handover(conversation(63), 'again', '{vip}') ->> 'agent_name';
-- Who gives a conversation up twice is noted once.
SELECT hil_transfer(conversation(63), agent('Hal'), 'for Gus', agent('Gus')) ->> 'agent_name';
SELECT hil_transfer(conversation(63), agent('Gus'), 'for Hal', agent('Hal')) ->> 'agent_name';
SELECT hil_transfer(conversation(63), agent('Hal'), 'for Gus', agent('Gus')) ->> 'agent_name';
SELECT array_agg(name_of(agent)) FROM hil.agent_queue, unnest(declined_by) AS agent WHERE conversation_id = conversation(63) AND status = 'assigned';
