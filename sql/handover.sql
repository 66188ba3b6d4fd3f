\set ECHO none
-- Handover: from the AI to people, whatever the reason. The steps belong together: the state, the queue entry, the agent's
-- load, the record of the hand-over and the end of the AI's run are committed at once.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());

-- Nobody is free: it waits, and the caller learns its place.
SELECT hil_handle_message(conversation(1), 'Hello') ->> 'status';
SELECT hil_handover(conversation(1), 'customer is a VIP');
SELECT status, is_hil, hil_reason, handover_count, assigned_agent_id IS NULL AS nobody FROM hil.conversations WHERE id = conversation(1);
-- The run that would have answered is cancelled; no worker gets it.
SELECT status FROM hil.runs WHERE conversation_id = conversation(1);
SELECT count(*) FROM hil_claim_runs('worker');
-- The customer is told, by a message, since no call of theirs waits for an answer.
SELECT * FROM said(1);
-- Somebody who listens for it learns that no agent was free.
SELECT type, payload - 'timestamp' FROM happened WHERE type IN ('handover', 'no_agents') ORDER BY number;
-- The record of it: nobody took it yet, which is what agent_id says.
SELECT from_type, to_type, reason, context, agent_id FROM hil.handover_events WHERE conversation_id = conversation(1);

-- An agent takes it later: the same record now says who.
CALL add_agent('Ann', '{billing,returns}');
SELECT status(1);
SELECT from_type, to_type, reason, name_of(agent_id) FROM hil.handover_events WHERE conversation_id = conversation(1);

-- An agent is free: assigned at once.
SELECT hil_handle_message(conversation(2), 'Hello') ->> 'status';
SELECT hil_handover(conversation(2), 'billing', '{billing}');
SELECT name_of(agent_id) FROM hil.handover_events WHERE conversation_id = conversation(2);
SELECT current_load FROM hil.human_agents;

-- People have it already: a second handover is refused, and says where the conversation stands.
CALL refused($$SELECT hil_handover(conversation(2), 'again')$$);
CALL refused($$SELECT hil_handover(conversation(99), 'who?')$$);

-- It can be called for a conversation that nobody has written in, and for one that is over.
SELECT hil_create_conversation(conversation(3));
SELECT hil_handover(conversation(3), 'call the customer') ->> 'status';
SELECT hil_resolve(conversation(3), 'called', agent('Ann')) ->> 'status';
SELECT hil_handover(conversation(3), 'they called back') ->> 'status';
SELECT status(3), closed_at, handover_count FROM hil.conversations WHERE id = conversation(3);

-- What the agent is told.
SELECT hil_create_conversation(conversation(4));
SELECT hil_handover(conversation(4), 'refund', '{returns}', 2, '{"order": 17, "mood": "angry"}') ->> 'agent_name';
SELECT handover_context FROM hil.conversations WHERE id = conversation(4);
SELECT handover_context FROM hil_inbox(agent('Ann')) WHERE conversation_id = conversation(4);
-- A later handover's context replaces it; the records keep each.
SELECT hil_back_to_ai(conversation(4), agent_id => agent('Ann')) ->> 'status';
SELECT hil_handover(conversation(4), 'refund, again') ->> 'status';
SELECT handover_context FROM hil.conversations WHERE id = conversation(4);
SELECT from_type, to_type, reason, context FROM hil.handover_events WHERE conversation_id = conversation(4) ORDER BY id;

-- A reason is stored short and clean, on one line.
SELECT hil_create_conversation(conversation(5));
SELECT hil_handover(conversation(5), E'  line one\n\tline two  ') ->> 'reason';
SELECT hil_create_conversation(conversation(6));
SELECT length(hil_handover(conversation(6), repeat('long ', 100)) ->> 'reason');

-- Priority: the call's; else the smallest of the required skills' rules; else 5. The deadline is the shortest wait that the
-- required skills' rules allow. Without required skills anybody can take it: that is the skill 'general'.
CREATE FUNCTION test.routed(number integer, skills text[], priority integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    entry hil.agent_queue;
BEGIN
    PERFORM hil_create_conversation(conversation(number));
    PERFORM hil_handover(conversation(number), 'route', skills, priority);
    SELECT * INTO entry FROM hil.agent_queue WHERE conversation_id = conversation(number);
    RETURN format('%s, priority %s, deadline %s', entry.required_skills, entry.priority,
        coalesce(date_trunc('second', entry.deadline - entry.created_at + '0.5 s')::text, 'none'));
END
$$;
SELECT hil_set_agent_status(agent('Ann'), 'offline') ->> 'status';
SELECT routed(20, NULL, NULL);
SELECT routed(21, '{}', NULL);
SELECT routed(22, '{returns}', NULL);
SELECT routed(23, '{technical,billing}', NULL);
SELECT routed(24, '{billing}', NULL);
SELECT routed(25, '{billing}', 1);
SELECT routed(26, '{unheard of}', NULL);
SELECT routed(27, '{ returns , billing}', 10);
-- The places follow from it.
SELECT c, hil_queue_position(conversation(c)) FROM (SELECT 6 UNION SELECT generate_series(20, 27)) AS s (c) ORDER BY 2;

-- Any number of handovers with the same skills share one skill set.
SELECT id, skills FROM hil.skill_sets ORDER BY id;
-- All's well.
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
