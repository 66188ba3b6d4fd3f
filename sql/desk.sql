\set ECHO none
-- The desk: what a human agent does with a conversation (resolve, give back to the AI, transfer, decline), and the customer
-- who gives up waiting. Only the agent who has a conversation may touch it.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', '{billing}', 2);
CALL add_agent('Bob', '{billing}', 2, status => 'offline');

-- Resolving closes it, frees the agent, who takes the next one, and keeps the notes.
SELECT hand_over(1), hand_over(2), hand_over(3);
SELECT hil_resolve(conversation(1), 'Refunded 20 dollars.', agent('Ann'));
SELECT status, is_hil, assigned_agent_id, resolution_notes, closed_at IS NOT NULL FROM hil.conversations WHERE id = conversation(1);
SELECT status, completed_at IS NOT NULL FROM hil.agent_queue WHERE conversation_id = conversation(1);
SELECT resolution_status, name_of(resolved_by), handover_count FROM hil.conversation_analytics WHERE conversation_id = conversation(1);
SELECT status(3);
-- How it ended: resolved, unresolved or escalated. Notes may be empty.
SELECT hil_resolve(conversation(2), '', agent('Ann'), 'escalated') - 'assigned';
SELECT resolution_status FROM hil.conversation_analytics WHERE conversation_id = conversation(2);
CALL refused($$SELECT hil_resolve(conversation(3), 'x', agent('Ann'), 'perhaps')$$);
CALL refused($$SELECT hil_resolve(conversation(3), NULL, agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(3), 'x', NULL)$$);
-- Once.
CALL refused($$SELECT hil_resolve(conversation(1), 'again', agent('Ann'))$$);

-- Another agent, an unknown one, an unknown conversation, a conversation of the AI: refused, each for its own reason.
CALL refused($$SELECT hil_resolve(conversation(3), 'x', agent('Bob'))$$);
CALL refused($$SELECT hil_transfer(conversation(3), agent('Bob'), 'x')$$);
CALL refused($$SELECT hil_decline(conversation(3), agent('Bob'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(3), 'x', agent('Bob'))$$);
CALL refused($$SELECT hil_handle_message(conversation(3), 'x', 'agent', agent('Bob'))$$);
CALL refused($$SELECT hil_resolve(conversation(3), 'x', conversation(3))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(3), 'x', conversation(3))$$);
CALL refused($$SELECT hil_resolve(conversation(99), 'x', agent('Ann'))$$);
SELECT hil_create_conversation(conversation(4));
CALL refused($$SELECT hil_resolve(conversation(4), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), 'x')$$);
CALL refused($$SELECT hil_decline(conversation(4), agent('Ann'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(4))$$);
CALL refused($$SELECT hil_cancel(conversation(4))$$);

-- Declining: back to the queue, not to be offered to the same agent again; another one who is free gets it at once.
SELECT hil_decline(conversation(3), agent('Ann'), 'my cousin');
SELECT from_type, to_type, reason, context, agent_id FROM hil.handover_events WHERE conversation_id = conversation(3) ORDER BY id;
SELECT hil_set_agent_status(agent('Bob'), 'online') ->> 'current_load';
SELECT status(3);
SELECT from_type, to_type, reason, name_of(agent_id) FROM hil.handover_events WHERE conversation_id = conversation(3) ORDER BY id;
SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status';
SELECT hil_decline(conversation(3), agent('Bob'));
SELECT hil_set_agent_status(agent('Ann'), 'online') -> 'assigned', status(3);
-- Everybody declined: a third agent is needed.
CALL add_agent('Cleo', '{billing}', 2);
SELECT status(3);

-- Transfer to a named agent, who must be online and have a free slot, whatever their skills are.
CALL add_agent('Dora', '{}', 1);
SELECT hil_transfer(conversation(3), agent('Cleo'), 'Dora knows this customer', agent('Dora'));
SELECT status(3);
SELECT current_load, name FROM hil.human_agents ORDER BY name;
SELECT from_type, to_type, reason, context, name_of(agent_id) FROM hil.handover_events WHERE conversation_id = conversation(3) ORDER BY id DESC LIMIT 1;
SELECT hand_over(5, '{billing}');
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', agent('Dora'))$$);
SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status';
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', agent('Cleo'))$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', conversation(1))$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), NULL)$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), ' ')$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', priority => 0)$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Cleo'), 'x', required_skills => '{a,a}')$$);
-- A refused transfer changed nothing: Cleo still has it.
SELECT status(5);

-- Transfer back to the queue, with other skills and another priority; whoever is able and free gets it, but not the one who gave it away.
SELECT hil_transfer(conversation(5), agent('Cleo'), 'needs a technician', required_skills => '{technical}', priority => 2);
SELECT priority, required_skills, status, declined_by = ARRAY[agent('Cleo')] FROM hil.agent_queue WHERE conversation_id = conversation(5);
SELECT s.skills FROM hil.agent_queue q JOIN hil.skill_sets s ON s.id = q.skill_set_id WHERE q.conversation_id = conversation(5);
CALL add_agent('Tess', '{technical}');
SELECT status(5);
-- No skills at all means everybody, as in a handover.
SELECT hil_transfer(conversation(5), agent('Tess'), 'anybody', required_skills => '{}') ->> 'agent_name';
SELECT required_skills FROM hil.agent_queue WHERE conversation_id = conversation(5);

-- A transfer to other skills follows their routing rules, as a handover does: their priority, unless the call names one, and their
-- deadline, counted from now. Without skills everything stays.
CREATE FUNCTION test.transferred(skills text[], priority integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    entry hil.agent_queue;
    answer jsonb;
BEGIN
    PERFORM hil_create_conversation(conversation(20));
    PERFORM hil_handover(conversation(20), 'x', '{}', 8);
    UPDATE hil.agent_queue SET deadline = created_at + interval '1 day' WHERE conversation_id = conversation(20);
    answer := hil_transfer(conversation(20), agent('Ann'), 'x', required_skills => skills, priority => transferred.priority);
    SELECT * INTO entry FROM hil.agent_queue WHERE conversation_id = conversation(20);
    RAISE EXCEPTION '%, priority %, deadline %', entry.required_skills, entry.priority,
        coalesce(date_trunc('second', entry.deadline - entry.created_at + '0.5 s')::text, 'none');
EXCEPTION WHEN raise_exception THEN
    RETURN SQLERRM;
END
$$;
SELECT hil_set_agent_status(agent('Ann'), 'online') ->> 'status';
UPDATE hil.human_agents SET status = 'away' WHERE name <> 'Ann';
SELECT transferred(NULL, NULL);
SELECT transferred('{billing}', NULL);
SELECT transferred('{technical,billing}', NULL);
SELECT transferred('{billing}', 2);
SELECT transferred('{unheard of}', NULL);
SELECT transferred('{}', NULL);
SELECT transferred(NULL, 2);
SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status';
UPDATE hil.human_agents SET status = 'online' WHERE name <> 'Ann';

-- Giving back to the AI. With instructions the AI goes on at once, and reads them.
SELECT hand_over(6, '{technical}');
SELECT hil_back_to_ai(conversation(6), 'Offer a voucher.', agent('Tess'));
SELECT status, is_hil, assigned_agent_id FROM hil.conversations WHERE id = conversation(6);
SELECT input ->> 'instructions', input ->> 'customer_message' FROM hil_claim_runs('worker');
SELECT from_type, to_type, reason, context, name_of(agent_id) FROM hil.handover_events WHERE conversation_id = conversation(6) ORDER BY id;
SELECT status FROM hil.agent_queue WHERE conversation_id = conversation(6);
-- Without, it waits for the customer,
SELECT hand_over(7, '{technical}');
SELECT hil_back_to_ai(conversation(7), agent_id => agent('Tess'));
SELECT count(*) FROM hil.runs WHERE conversation_id = conversation(7);
SELECT hil_handle_message(conversation(7), 'Now what?') ->> 'status';
-- unless the customer wrote something that no human answered.
SELECT hand_over(8, '{technical}');
SELECT hil_handle_message(conversation(8), 'Are you there?') ->> 'status';
SELECT hil_back_to_ai(conversation(8), agent_id => agent('Tess')) - 'run_id';
SELECT input ->> 'customer_message' FROM hil_claim_runs('worker', 10) WHERE conversation_id = conversation(8);
SELECT hand_over(9, '{technical}');
SELECT hil_handle_message(conversation(9), 'Are you there?') ->> 'status';
SELECT hil_handle_message(conversation(9), 'Yes, and done.', 'agent', agent('Tess')) ->> 'status';
SELECT hil_back_to_ai(conversation(9), agent_id => agent('Tess')) ->> 'status';
-- The system may do it too, also for a conversation that still waits in the queue.
SELECT hand_over(10, '{nobody has this}');
SELECT hil_back_to_ai(conversation(10));
SELECT status FROM hil.agent_queue WHERE conversation_id = conversation(10);
SELECT hand_over(11, '{technical}');
SELECT hil_back_to_ai(conversation(11), 'Taken over.') ->> 'status';
CALL refused($$SELECT hil_back_to_ai(conversation(11))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(99))$$);
SELECT hand_over(12, '{technical}');
CALL refused($$SELECT hil_back_to_ai(conversation(12), '', agent('Tess'))$$);
-- The freed agent takes waiting work.
SELECT hil_set_agent_capacity(agent('Tess'), 1) ->> 'current_load';
SELECT hand_over(13, '{technical}');
SELECT hil_back_to_ai(conversation(12), agent_id => agent('Tess')) -> 'assigned';

-- The customer gave up waiting.
SELECT hand_over(14, '{technical}');
SELECT hil_cancel(conversation(14), 'bought it elsewhere');
SELECT status, is_hil, resolution_notes, closed_at IS NOT NULL FROM hil.conversations WHERE id = conversation(14);
SELECT status FROM hil.agent_queue WHERE conversation_id = conversation(14);
SELECT resolution_status, resolved_by FROM hil.conversation_analytics WHERE conversation_id = conversation(14);
CALL refused($$SELECT hil_cancel(conversation(14))$$);
CALL refused($$SELECT hil_cancel(conversation(13))$$);
CALL refused($$SELECT hil_cancel(conversation(99))$$);

-- Sessions last, and the plans that they made when the tables were small with them: they find rows by indexes all the same.
SELECT hand_over(15, '{technical}');
VACUUM ANALYZE hil.conversations, hil.messages, hil.agent_queue, hil.handover_events, hil.runs, hil.skill_sets, hil.skill_profiles,
    hil.conversation_analytics;
\connect -
SET search_path = test, public;
BEGIN;
SELECT conversation_id, status FROM hil_inbox(agent('Tess'));
SELECT hil_conversation(conversation(15)) ->> 'status';
SELECT hil_set_agent_capacity(agent('Tess'), 2) -> 'assigned' = jsonb_build_array(conversation(15)) AS taken;
SELECT hil_transfer(conversation(15), agent('Tess'), 'somebody else', required_skills => '{technical}') ->> 'status';
SELECT hand_over(16, '{technical}');
SELECT hil_handle_message(conversation(16), 'Hello?', idempotency_key => 'once') = hil_handle_message(conversation(16), 'Hello?', idempotency_key => 'once') AS once;
SELECT hil_set_agent_skills(agent('Tess'), '{technical}') ->> 'status';
SELECT hil_cancel(conversation(15)) ->> 'status';
SELECT hil_rate(conversation(15), 2);
SELECT relname, pg_stat_get_xact_numscans(oid) AS read_from_end_to_end FROM pg_class
WHERE relnamespace = 'hil'::regnamespace AND relname IN ('conversations', 'messages', 'agent_queue', 'handover_events', 'runs', 'skill_sets', 'skill_profiles',
    'conversation_analytics') ORDER BY relname;
COMMIT;

-- No AI, nothing to give back to.
DELETE FROM hil.workflows;
UPDATE hil.conversations SET workflow = NULL WHERE id = conversation(13);
CALL refused($$SELECT hil_back_to_ai(conversation(13), 'Go on.', agent('Tess'))$$);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
