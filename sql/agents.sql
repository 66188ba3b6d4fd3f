\set ECHO none
-- Human agents: added, coming and going, their skills and capacity, their inbox.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on

-- An agent starts offline, without skills of their own and with room for five conversations.
SELECT hil_add_agent('Ann', 'ann@example.com') IS NOT NULL;
SELECT name, email, status, skills, current_load, max_capacity, hourly_rate_usd, db_role, last_assigned_at FROM hil.human_agents;
-- Skills are stored sorted, without the blanks around them.
SELECT hil_add_agent('Bob', 'bob@example.com', '{returns, "order management" , billing}', 2, 31.50) IS NOT NULL;
SELECT skills, max_capacity, hourly_rate_usd FROM hil.human_agents WHERE name = 'Bob';
-- Found by their email, as it was given.
SELECT hil_find_agent('bob@example.com') = agent('Bob');
CALL refused($$SELECT hil_find_agent('BOB@example.com')$$);
CALL refused($$SELECT hil_find_agent(NULL)$$);
-- Emails are unique; names need not be.
CALL refused($$SELECT hil_add_agent('Another Ann', 'ann@example.com')$$);
SELECT hil_add_agent('Ann', 'ann.two@example.com', max_capacity => 0) IS NOT NULL;
CALL refused($$SELECT hil_add_agent('', 'x@example.com')$$);
CALL refused($$SELECT hil_add_agent('X', ' ')$$);
CALL refused($$SELECT hil_add_agent(NULL, 'x@example.com')$$);
CALL refused($$SELECT hil_add_agent(repeat('x', 201), 'x@example.com')$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', NULL)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', '{billing,billing}')$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', '{billing,NULL}')$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', max_capacity => -1)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', max_capacity => 1001)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', hourly_rate_usd => -1)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', hourly_rate_usd => 'NaN')$$);
DELETE FROM hil.human_agents;

-- Coming online takes what waits, up to the capacity; the answer says what.
CALL add_agent('Cleo', '{billing}', 2, status => 'offline');
SELECT hand_over(1, '{technical}'), hand_over(2, '{billing}'), hand_over(3, '{billing}'), hand_over(4, '{billing}');
SELECT hil_set_agent_status(agent('Cleo'), 'online');
SELECT c, status(c) FROM generate_series(1, 4) c;
-- Going away or offline keeps what one has, and gets nothing new.
SELECT hil_set_agent_status(agent('Cleo'), 'away');
SELECT hil_resolve(conversation(2), 'done', agent('Cleo')) -> 'assigned';
SELECT hil_set_agent_status(agent('Cleo'), 'offline');
SELECT c, status(c) FROM generate_series(1, 4) c;
CALL refused($$SELECT hil_set_agent_status(agent('Cleo'), 'busy')$$);
CALL refused($$SELECT hil_set_agent_status(agent('Cleo'), NULL)$$);
CALL refused($$SELECT hil_set_agent_status(conversation(1), 'online')$$);
CALL refused($$SELECT hil_set_agent_status(NULL, 'online')$$);
SELECT hil_set_agent_status(agent('Cleo'), 'online');

-- More skills: takes what they now match. Fewer: keeps what they have.
SELECT hil_set_agent_capacity(agent('Cleo'), 3);
SELECT hil_set_agent_skills(agent('Cleo'), '{technical,billing}');
SELECT status(1);
SELECT hil_set_agent_skills(agent('Cleo'), '{}');
SELECT skills, current_load FROM hil.human_agents;
CALL refused($$SELECT hil_set_agent_skills(agent('Cleo'), NULL)$$);
CALL refused($$SELECT hil_set_agent_skills(agent('Cleo'), '{"", billing}')$$);
CALL refused($$SELECT hil_set_agent_skills(conversation(1), '{}')$$);

-- Less room than work: nothing is taken away, nothing new comes, and that is no fault.
SELECT hil_set_agent_capacity(agent('Cleo'), 1);
SELECT hand_over(5);
SELECT hil_resolve(conversation(1), 'done', agent('Cleo')) -> 'assigned';
SELECT hil_resolve(conversation(3), 'done', agent('Cleo')) -> 'assigned';
SELECT hil_resolve(conversation(4), 'done', agent('Cleo')) -> 'assigned';
SELECT current_load, max_capacity FROM hil.human_agents;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
CALL refused($$SELECT hil_set_agent_capacity(agent('Cleo'), -1)$$);
CALL refused($$SELECT hil_set_agent_capacity(agent('Cleo'), 1001)$$);
CALL refused($$SELECT hil_set_agent_capacity(agent('Cleo'), NULL)$$);
CALL refused($$SELECT hil_set_agent_capacity(conversation(1), 1)$$);

-- A sign of life.
UPDATE hil.human_agents SET last_active = now() - interval '1 hour';
SELECT hil_agent_heartbeat(agent('Cleo'));
SELECT now() - last_active < interval '1 minute' FROM hil.human_agents;
CALL refused($$SELECT hil_agent_heartbeat(conversation(1))$$);
CALL refused($$SELECT hil_agent_heartbeat(NULL)$$);

-- The inbox: what the agent has, the most urgent first, with what was said last and since when the customer waits for a reply.
SELECT hil_set_agent_capacity(agent('Cleo'), 5) ->> 'max_capacity';
SELECT hil_handle_message(conversation(6), 'First question') ->> 'status';
SELECT hil_create_conversation(conversation(7));
SELECT hil_handover(conversation(7), 'urgent', priority => 1, context => '{"why": "VIP"}') ->> 'status';
SELECT hil_handle_message(conversation(6), 'Second question') ->> 'status';
UPDATE hil.messages SET created_at = timestamptz '2026-01-01 12:00Z' + id * interval '1 second' WHERE conversation_id = conversation(6);
SELECT conversation_id, status, priority, assigned_at <= clock_timestamp(), waiting_since - timestamptz '2026-01-01 12:00Z', last_message, handover_context
FROM hil_inbox(agent('Cleo'));
-- After a reply nobody waits.
SELECT hil_handle_message(conversation(6), 'Here is the answer', 'agent', agent('Cleo')) ->> 'status';
SELECT waiting_since, last_message FROM hil_inbox(agent('Cleo')) WHERE conversation_id = conversation(6);
-- Others' conversations are not in it.
CALL add_agent('Dora');
SELECT count(*) FROM hil_inbox(agent('Dora'));
CALL refused($$SELECT * FROM hil_inbox(conversation(1))$$);
CALL refused($$SELECT * FROM hil_inbox(NULL)$$);

-- An agent who has conversations is not to be deleted. Where the owner did it all the same, what needs the agent fails cleanly.
SELECT hil_load_workflow(workflow());
SELECT hand_over(8);
SELECT status(8);
BEGIN;
DELETE FROM hil.human_agents;
CALL refused($$SELECT hil_back_to_ai(conversation(8))$$);
CALL refused($$SELECT hil_handle_message(conversation(8), 'Hello?')$$);
CALL refused($$SELECT hil_resolve(conversation(8), 'done', 'a0000000-0000-0000-0000-000000000002')$$);
SELECT check_name FROM hil_doctor() WHERE NOT ok;
ROLLBACK;
-- With the row back everything goes on.
SELECT hil_handle_message(conversation(8), 'Hello?') ->> 'status';
SELECT check_name FROM hil_doctor() WHERE NOT ok;
