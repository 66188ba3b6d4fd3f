-- A database of hil's in which :entries entries wait, of 200 required skill sets: a topic of t0 to t19 and a language of l0 to
-- l9. The first nine tenths of the queue need t2 to t19, the last tenth t0 or t1. 20 agents cover the latter, 20 sets
-- each; they are online and have no slot.
CREATE EXTENSION hil;
CREATE SCHEMA bench;
SELECT hil_set_agent_status(
    hil_add_agent('Taker ' || n, 'taker' || n || '@example.com', '{t0,t1,l0,l1,l2,l3,l4,l5,l6,l7,l8,l9}', 0), 'online')
    FROM generate_series(1, 20) n;

-- One of each set comes in by the front door, so that hil knows the set, and leaves again.
CREATE TABLE bench.sets AS
    SELECT gen_random_uuid() AS conversation_id, topic, ARRAY['l' || language, 't' || topic] AS skills
    FROM generate_series(0, 19) topic, generate_series(0, 9) language;
SELECT hil_create_conversation(conversation_id) FROM bench.sets;
SELECT hil_handover(conversation_id, 'asked for a human', skills) FROM bench.sets;
ALTER TABLE bench.sets ADD skill_set_id integer, ADD place integer;
UPDATE bench.sets s SET skill_set_id = q.skill_set_id, place = topic * 10 + substr(skills[1], 2)::integer
    FROM hil.agent_queue q WHERE q.conversation_id = s.conversation_id;
SELECT hil_cancel(conversation_id) FROM bench.sets;

-- The rows that :entries calls of hil_handover would have written, many at once; the ids rise, which fills the indexes
-- faster, and lie everywhere between the random ones that come later.
CREATE FUNCTION bench.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex(n * (4294967295 / :entries)), 8, '0') || substr(md5(n::text), 9))::uuid;
INSERT INTO hil.conversations (id, status, is_hil, hil_reason, handover_count)
    SELECT bench.id(n), 'pending_human', true, 'asked for a human', 1 FROM generate_series(1, :entries) n;
INSERT INTO hil.handover_events (conversation_id, from_type, to_type, reason)
    SELECT bench.id(n), 'ai', 'human', 'asked for a human' FROM generate_series(1, :entries) n;
WITH queued AS (
    INSERT INTO hil.agent_queue (conversation_id, priority, required_skills, skill_set_id, status)
        SELECT bench.id(n), CASE WHEN late THEN 6 ELSE 3 + n % 3 END, skills, skill_set_id, 'pending'
        FROM (SELECT n, n > :entries * 0.9 AS late FROM generate_series(1, :entries) n) e
        JOIN bench.sets ON place = CASE WHEN late THEN n % 20 ELSE 20 + n % 180 END
        RETURNING priority, ticket, skill_set_id)
INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta)
    SELECT priority, ticket, skill_set_id, 1 FROM queued;

-- What a DBA would write by hand for an agent who has become free: probes one index entry for each set that the agent
-- covers, takes the first, and writes the rows that hil writes.
CREATE FUNCTION bench.take(agent uuid, capacity integer, sets integer[]) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    best integer;
    entry hil.agent_queue;
    moment timestamptz := clock_timestamp();
    what jsonb;
BEGIN
    UPDATE hil.human_agents SET max_capacity = capacity, capacity_set_at = moment WHERE id = agent;
    SELECT s INTO best FROM unnest(sets) s CROSS JOIN LATERAL (
        SELECT priority, ticket FROM hil.agent_queue WHERE skill_set_id = s AND status = 'pending'
        ORDER BY priority, ticket LIMIT 1) q ORDER BY priority, ticket LIMIT 1;
    SELECT q.* INTO entry FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id
        WHERE q.skill_set_id = best AND q.status = 'pending'
        ORDER BY q.priority, q.ticket LIMIT 1 FOR NO KEY UPDATE OF c, q SKIP LOCKED;
    UPDATE hil.agent_queue SET status = 'assigned', assigned_to = agent, assigned_at = moment
        WHERE conversation_id = entry.conversation_id AND ticket = entry.ticket;
    INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta)
        VALUES (entry.priority, entry.ticket, entry.skill_set_id, -1);
    UPDATE hil.human_agents SET current_load = current_load + 1, last_assigned_at = moment WHERE id = agent;
    UPDATE hil.handover_events SET agent_id = agent WHERE conversation_id = entry.conversation_id AND agent_id IS NULL
        AND id = (SELECT max(id) FROM hil.handover_events WHERE conversation_id = entry.conversation_id
                  AND to_type = 'human');
    UPDATE hil.conversations SET status = 'human_active', assigned_agent_id = agent, status_since = moment,
        wait_time = wait_time + (moment - status_since), updated_at = moment WHERE id = entry.conversation_id;
    what := jsonb_build_object('type', 'new_assignment', 'conversation_id', entry.conversation_id, 'timestamp', moment);
    INSERT INTO hil.outbox (conversation_id, agent_id, type, payload)
        VALUES (entry.conversation_id, agent, 'new_assignment', what);
    RETURN entry.conversation_id;
END
$$;
