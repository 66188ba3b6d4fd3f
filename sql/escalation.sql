\set ECHO none
-- Escalation: what is done about conversations that wait too long. Time is moved by changing the timestamps, never by waiting.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\getenv library HIL_BOUNDARY_LIB
CREATE FUNCTION test.server_start(at timestamptz) RETURNS void LANGUAGE c AS :'library', 'boundary_server_start';
-- A workflow whose only routing rules are these.
CREATE FUNCTION test.with_rules(rules jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_set(workflow(), '{hil_config,routing_rules}', rules);
-- So much time passes for a conversation in the queue.
CREATE PROCEDURE test.pass(number integer, span interval) LANGUAGE sql AS
'UPDATE hil.agent_queue SET created_at = created_at - span, assigned_at = assigned_at - span, deadline = deadline - span,
    next_step_at = next_step_at - span WHERE conversation_id = test.conversation(number)';
-- The events about a waiting conversation, oldest first.
CREATE FUNCTION test.told(number integer) RETURNS SETOF text LANGUAGE sql STABLE AS
$$SELECT type || ' ' || (payload - '{type,timestamp,conversation_id}'::text[])::text
FROM (SELECT conversation_id, type, payload, at FROM hil.outbox UNION ALL SELECT conversation_id, type, payload, at FROM hil.events) AS e
WHERE conversation_id = test.conversation(number) AND type IN ('sla_breached', 'escalated', 'new_assignment', 'back_to_ai') ORDER BY at$$;
CREATE FUNCTION test.entry(number integer) RETURNS TABLE (status text, priority integer, skills text[], step integer, steps_left boolean,
    breached boolean) LANGUAGE sql STABLE AS
$$SELECT status, priority, required_skills, escalation_step, next_step_at IS NOT NULL, sla_breached_at IS NOT NULL
FROM hil.agent_queue WHERE conversation_id = test.conversation(number) ORDER BY ticket DESC LIMIT 1$$;
CREATE FUNCTION test.escalated() RETURNS jsonb LANGUAGE sql RETURN hil_tick() -> 'escalated';
\set ECHO all
\pset tuples_only on

-- max_wait_time alone: when it is over the conversation becomes the most urgent, keeps its ticket, and the queue's subscribers are told.
SELECT hil_load_workflow(with_rules('[{"skill": "billing", "priority": 7, "max_wait_time": 600}]'));
SELECT hand_over(1, '{technical}', 1), hand_over(2, '{billing}'), hand_over(3, '{technical}', 1), hand_over(4, '{technical}');
SELECT escalation, next_step_at = deadline, deadline = created_at + interval '10 min' FROM hil.agent_queue WHERE conversation_id = conversation(2);
CALL pass(2, '599 s');
SELECT escalated();
CALL pass(2, '2 s');
SELECT escalated();
SELECT told(2);
SELECT * FROM entry(2);
SELECT c, hil_queue_position(conversation(c)) FROM generate_series(1, 4) c ORDER BY 2;
-- Once: nothing more is due, however long it waits on.
CALL pass(2, '1 day');
SELECT escalated();
SELECT (SELECT count(*) FROM told(2));
-- What no rule speaks of has no escalation and no deadline.
SELECT escalation, next_step_at, deadline FROM hil.agent_queue WHERE conversation_id = conversation(1);
SELECT hil_cancel(conversation(c)) ->> 'status' FROM generate_series(1, 4) c;

-- Steps: more urgent, fewer skills, somebody told, back to the AI. Each at its time; max_wait_time is then only noted.
SELECT hil_load_workflow(with_rules('[{"skill": "billing", "max_wait_time": 300, "escalation": [
    {"after": 60, "priority": 3, "notify": "team leads"},
    {"after": 120, "skills": ["accounts"]},
    {"after": 600, "back_to_ai": true, "notify": "nobody came"}]}]'));
SELECT hand_over(11, '{billing,german}', 6);
CALL pass(11, '61 s');
SELECT escalated();
SELECT told(11);
SELECT * FROM entry(11);
-- A step never makes less urgent: this one has priority 2 already.
SELECT hand_over(12, '{billing}', 2);
CALL pass(12, '61 s');
SELECT escalated();
SELECT (SELECT priority FROM entry(12));
-- Other skills: the rule's own skill is replaced, those of others stay. An agent who is able now gets it at once.
CALL add_agent('Greta', '{german,accounts}', 1);
SELECT status(11);
CALL pass(11, '60 s');
SELECT escalated();
SELECT status(11);
SELECT * FROM entry(11);
SELECT * FROM hil_doctor() WHERE NOT ok;
-- With an agent nothing is due, however long it takes. Back in the queue it goes on waiting where it stopped: 121 of the 300 seconds.
CALL pass(11, '1 hour');
SELECT escalated();
SELECT (SELECT count(*) FROM told(11));
SELECT hil_decline(conversation(11), agent('Greta')) ->> 'status';
SELECT * FROM entry(11);
SELECT date_trunc('minute', served), round(extract(epoch FROM deadline - clock_timestamp())), round(extract(epoch FROM next_step_at - clock_timestamp()))
FROM hil.agent_queue WHERE conversation_id = conversation(11);
CALL pass(11, '180 s');
SELECT escalated();
SELECT told(11);
-- Back to the AI: the last step. The customer's message is still unanswered, so a run is queued.
SELECT hil_handle_message(conversation(11), 'Is anybody there?') ->> 'status';
CALL pass(11, '301 s');
SELECT escalated();
SELECT status(11);
SELECT * FROM entry(11);
SELECT told(11) OFFSET 4;
SELECT reason, agent_id FROM hil.handover_events WHERE conversation_id = conversation(11) AND to_type = 'ai';
SELECT input ->> 'customer_message' FROM hil_claim_runs('worker');
-- Several steps that became due while nobody looked are taken in one go, in their order; nothing follows the one that ends the wait.
SELECT hand_over(13, '{billing}');
CALL pass(13, '1 day');
SELECT escalated();
SELECT status(13);
SELECT told(13);
SELECT hil_cancel(conversation(12)) ->> 'status';

-- Without a workflow there is no AI: the conversation stays in the queue, and the event says why. Later steps of other rules are still taken.
SELECT hil_load_workflow(with_rules('[{"skill": "billing", "escalation": [{"after": 60, "back_to_ai": true}]}, {"skill": "german", "escalation": [{"after": 90, "priority": 1}]}]'));
SELECT hand_over(14, '{billing,german}');
UPDATE hil.workflows SET active = false;
CALL pass(14, '100 s');
SELECT escalated();
SELECT status(14);
SELECT told(14);
SELECT * FROM entry(14);
UPDATE hil.workflows SET active = true WHERE revision = 3;

-- A transfer to other skills brings the steps of those, from now on; a breach once noted stays noted.
SELECT hil_load_workflow(with_rules('[{"skill": "billing", "max_wait_time": 60}, {"skill": "technical", "max_wait_time": 120, "escalation": [{"after": 30, "notify": "x"}]}]'));
SELECT hand_over(15, '{billing}');
CALL pass(15, '61 s');
SELECT escalated();
CALL add_agent('Bill', '{billing}');
SELECT status(15), hil_transfer(conversation(15), agent('Bill'), 'a technical matter', required_skills => '{technical}') ->> 'status';
SELECT * FROM entry(15);
SELECT round(extract(epoch FROM deadline - clock_timestamp())), round(extract(epoch FROM next_step_at - clock_timestamp())) FROM hil.agent_queue
WHERE conversation_id = conversation(15) AND status = 'pending';
CALL pass(15, '121 s');
SELECT escalated();
SELECT told(15);

-- A step that fails with its transaction is taken again.
SELECT hand_over(16, '{technical}');
CALL pass(16, '31 s');
BEGIN;
SELECT escalated();
SELECT (SELECT count(*) FROM told(16));
ROLLBACK;
SELECT told(16);
SELECT escalated();
SELECT told(16);
SELECT escalated();

-- The doctor sees steps that nobody takes, where the server has been there for a minute, and entries whose next step is not scheduled.
SELECT server_start(now() - interval '61 s');
SELECT hand_over(17, '{technical}');
CALL pass(17, '89 s');
SELECT check_name FROM hil_doctor() WHERE NOT ok;
CALL pass(17, '2 s');
SELECT check_name, detail, hint FROM hil_doctor() WHERE NOT ok;
SELECT escalated();
SELECT check_name FROM hil_doctor() WHERE NOT ok;
BEGIN; UPDATE hil.agent_queue SET next_step_at = NULL WHERE conversation_id = conversation(17); SELECT check_name, detail FROM hil_doctor() WHERE NOT ok; ROLLBACK;
