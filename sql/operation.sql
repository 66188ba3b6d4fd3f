\set ECHO none
-- Operation: the doctor finds what is wrong, the tick does what time brings, purging removes what is old.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\getenv library HIL_BOUNDARY_LIB
CREATE FUNCTION test.server_start(at timestamptz) RETURNS void LANGUAGE c AS :'library', 'boundary_server_start';
-- What the doctor says is wrong.
CREATE VIEW test.complaints AS SELECT check_name, detail, hint FROM hil_doctor() WHERE NOT ok;
\set ECHO all
\pset tuples_only on

-- At rest everything is well: first an empty database, then one in the middle of its work.
\pset format unaligned
SELECT check_name, ok, detail, hint FROM hil_doctor() WHERE check_name <> 'time_driven_work';
\pset format aligned
-- Who does what time brings depends on the server.
SELECT ok, hint FROM hil_doctor() WHERE check_name = 'time_driven_work';
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', '{billing}', 2);
CALL add_agent('Bob', '{}', 1);
SELECT hand_over(1, '{billing}'), hand_over(2), hand_over(3, '{technical}'), hand_over(4, '{technical}');
SELECT hil_handle_message(conversation(5), 'Hello') ->> 'status';
SELECT hil_handle_message(conversation(6), 'Hello') ->> 'status';
SELECT run_id FROM hil_claim_runs('worker', 1);
SELECT hil_handle_message(conversation(7), 'Hello') ->> 'status';
SELECT hil_cancel(conversation(4)) ->> 'status';
SELECT c, status(c) FROM generate_series(1, 7) c;
SELECT * FROM complaints;

-- Each invariant is broken once, by hand. The doctor names the check, what breaks it, and what to do.
-- load_is_assigned
BEGIN; UPDATE hil.human_agents SET current_load = 0 WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
-- no_overload: given to an agent after the capacity was set. Lowering the capacity below the load is no fault.
BEGIN; SELECT hil_set_agent_capacity(agent('Ann'), 0) ->> 'current_load'; SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.human_agents SET max_capacity = 0, status = 'away' WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
-- one_agent: the conversation says somebody else; no entry; an entry but no conversation that is active.
BEGIN; UPDATE hil.conversations SET assigned_agent_id = agent('Bob') WHERE id = conversation(1); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.agent_queue SET status = 'completed' WHERE conversation_id = conversation(1);
UPDATE hil.human_agents SET current_load = 0, status = 'away' WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.conversations SET assigned_agent_id = NULL WHERE id = conversation(1); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.conversations SET status = 'back_to_ai', is_hil = false, assigned_agent_id = NULL WHERE id = conversation(1); SELECT * FROM complaints; ROLLBACK;
-- waiting_is_queued
BEGIN; UPDATE hil.agent_queue SET status = 'cancelled' WHERE conversation_id = conversation(3); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.agent_queue SET status = 'pending' WHERE conversation_id = conversation(4); SELECT * FROM complaints; ROLLBACK;
-- state_is_coherent
BEGIN; UPDATE hil.conversations SET is_hil = false WHERE id = conversation(3); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.conversations SET closed_at = NULL WHERE id = conversation(4); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.conversations SET closed_at = now() WHERE id = conversation(5); SELECT check_name, detail FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.conversations (id, status) VALUES (conversation(9), 'handover'); SELECT * FROM complaints; ROLLBACK;
-- live_run_is_the_ais
BEGIN; UPDATE hil.runs SET conversation_id = conversation(3) WHERE conversation_id = conversation(5);
DELETE FROM hil.messages WHERE conversation_id = conversation(5); SELECT * FROM complaints; ROLLBACK;
-- runs_add_up: a step that is not counted, a call of no run, a cost that is missing
BEGIN; UPDATE hil.runs SET steps = steps + 1 WHERE conversation_id = conversation(5); SELECT check_name, detail FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.runs SET calls = 1 WHERE conversation_id = conversation(5); SELECT check_name FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.run_steps SELECT conversation_id, id, 'a', 1, 1, '{}', '{}', 0.5, 0 FROM hil.runs WHERE conversation_id = conversation(5);
UPDATE hil.runs SET steps = 1, cost_usd = 0.4 WHERE conversation_id = conversation(5); SELECT check_name FROM complaints;
UPDATE hil.runs SET cost_usd = 0.6 WHERE conversation_id = conversation(5); SELECT check_name FROM complaints; ROLLBACK;
-- nobody_is_forgotten
BEGIN; UPDATE hil.runs SET status = 'cancelled' WHERE conversation_id = conversation(7); SELECT * FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.messages (conversation_id, sender_type, content) VALUES (conversation(4), 'user', 'x'); SELECT check_name, detail FROM complaints; ROLLBACK;
-- handovers_are_recorded
BEGIN; DELETE FROM hil.handover_events WHERE conversation_id = conversation(3); SELECT * FROM complaints; ROLLBACK;
-- closings_are_recorded
BEGIN; DELETE FROM hil.conversation_analytics; SELECT * FROM complaints; ROLLBACK;
-- no_orphans: rows of a conversation that is not there, an agent who is not there
BEGIN; INSERT INTO hil.messages (conversation_id, sender_type, content) VALUES (conversation(9), 'user', 'x'); SELECT * FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.run_steps VALUES (conversation(9), 1, 'a', 1, 1, '{}', '{}', 0, 0); SELECT check_name FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.run_calls VALUES (conversation(9), 1, 'a', 1, 1, 1, 'x.y', '{}'); SELECT check_name FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.handover_events (conversation_id, from_type, to_type, reason) VALUES (conversation(9), 'human', 'ai', 'x'); SELECT check_name FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.conversation_analytics SET conversation_id = conversation(9); SELECT check_name FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.human_agents SET id = conversation(9), current_load = 0, status = 'away' WHERE name = 'Bob'; SELECT check_name, detail FROM complaints; ROLLBACK;
-- skill_sets_are_interned
BEGIN; UPDATE hil.agent_queue SET required_skills = '{other}' WHERE conversation_id = conversation(3); SELECT * FROM complaints; ROLLBACK;
-- profiles_are_interned, covers_are_complete (one is missing, one is too many), agents_are_ranked
BEGIN; UPDATE hil.human_agents SET skills = '{technical}' WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
BEGIN; DELETE FROM hil.skill_covers WHERE profile_id = 1 AND skill_set_id = 0; SELECT * FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.skill_covers (profile_id, skill_set_id) VALUES (2, 1); SELECT check_name, detail FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.human_agents SET rank = 7 WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
-- positions_are_exact, skill_sets_are_counted
BEGIN; INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta) VALUES (2, 70, 1, -1); SELECT * FROM complaints; ROLLBACK;
-- ids_are_drawn_in_order
BEGIN; ALTER SEQUENCE hil.outbox_id_seq CACHE 20; SELECT * FROM complaints; ROLLBACK;
-- agent_roles_exist: the role was renamed or dropped
BEGIN; UPDATE hil.human_agents SET db_role = 'regress_hil_renamed' WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
-- nobody_waits_beside_a_free_agent
BEGIN; SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status', hil_set_agent_skills(agent('Ann'), '{technical}') ->> 'assigned';
UPDATE hil.human_agents SET status = 'online' WHERE name = 'Ann'; SELECT * FROM complaints; ROLLBACK;
-- What is late is complained of where the server has been there for a minute.
SELECT server_start(now() - interval '61 s');
-- events_are_numbered: a gap, an announcement of what is not there, a second row; events_are_relayed: more than a minute late
BEGIN; SELECT tick(); DELETE FROM hil.events WHERE seq = 3; SELECT * FROM complaints; ROLLBACK;
BEGIN; SELECT tick(); INSERT INTO hil.announced_through VALUES (1000); SELECT * FROM complaints; ROLLBACK;
BEGIN; SELECT tick(); INSERT INTO hil.announced_through VALUES (1); SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.outbox SET at = now() - interval '59 s'; SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.outbox SET at = now() - interval '61 s' WHERE id = 1; SELECT * FROM complaints; ROLLBACK;
BEGIN; SELECT tick(); DELETE FROM hil.announced_through; UPDATE hil.events SET announced = false, at = now() - interval '61 s' WHERE seq = 3;
SELECT * FROM complaints; SELECT tick(); SELECT * FROM complaints; ROLLBACK;
-- leases_are_kept, runs_are_claimed: more than a minute late
BEGIN; UPDATE hil.runs SET lease_until = now() - interval '50 s' WHERE status = 'running'; SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.runs SET lease_until = now() - interval '61 s' WHERE status = 'running'; SELECT * FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.runs SET run_after = now() - interval '61 s' WHERE status = 'queued'; SELECT check_name, hint FROM complaints; ROLLBACK;
-- After an outage there is a minute to make up for it.
BEGIN; UPDATE hil.runs SET run_after = now() - interval '10 min', lease_until = CASE WHEN status = 'running' THEN now() - interval '10 min' END;
UPDATE hil.outbox SET at = now() - interval '10 min'; UPDATE hil.agent_queue SET next_step_at = now() - interval '10 min' WHERE conversation_id = conversation(3);
SELECT check_name FROM complaints;
SELECT server_start(now() - interval '20 s'); SELECT check_name FROM complaints;
SELECT server_start(now() - interval '61 s'); SELECT check_name FROM complaints; ROLLBACK;
-- Each is broken above or in the tests of what it checks; the last line is a note on who does the work that time brings.
SELECT count(*) FROM hil_doctor();
-- A detail shows some of many.
BEGIN; INSERT INTO hil.messages (conversation_id, sender_type, content) SELECT conversation(100 + n), 'user', 'x' FROM generate_series(1, 7) n;
SELECT check_name, regexp_replace(detail, '[0-9a-f-]{36}', 'ID', 'g') FROM complaints; ROLLBACK;

-- The tick mends what a missed meeting leaves: an entry that waits beside an agent who is free.
SELECT hil_set_agent_status(agent('Ann'), 'away') ->> 'status', hil_set_agent_skills(agent('Ann'), '{technical}') ->> 'assigned';
UPDATE hil.human_agents SET status = 'online' WHERE name = 'Ann';
SELECT check_name FROM complaints;
SELECT tick();
SELECT status(3);
SELECT check_name FROM complaints;
SELECT tick();
-- It gives out by priority and arrival, as far as there is room.
UPDATE hil.human_agents SET status = 'offline' WHERE name = 'Bob';
SELECT hand_over(11), hand_over(12, priority => 9), hand_over(13, priority => 1), hand_over(14);
UPDATE hil.human_agents SET max_capacity = 3, status = 'online' WHERE name = 'Bob';
SELECT tick();
SELECT c, status(c) FROM generate_series(11, 14) c;

-- What fails undoes what it began, says so, and holds up nothing else: here the assigning of 14, while 15, which comes after
-- it, is assigned, and a run times out.
CREATE FUNCTION test.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today' USING HINT = 'Come back tomorrow.'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON hil.agent_queue FOR EACH ROW WHEN (NEW.conversation_id = conversation(14)) EXECUTE FUNCTION test.refuse();
SELECT hand_over(15);
UPDATE hil.human_agents SET max_capacity = 5 WHERE name = 'Bob';
UPDATE hil.runs SET created_at = now() - interval '11 minutes' WHERE conversation_id = conversation(7);
SELECT tick();
SELECT c, status(c) FROM unnest('{7,14,15}'::int[]) c;
SELECT current_load FROM hil.human_agents WHERE name = 'Bob';
DROP TRIGGER refuse ON hil.agent_queue;
UPDATE hil.human_agents SET max_capacity = 6 WHERE name = 'Bob';
SELECT tick();
UPDATE hil.human_agents SET max_capacity = 5 WHERE name = 'Bob';
SELECT hil_resolve(conversation(15), 'done', agent('Bob')) ->> 'assigned';
SELECT check_name FROM complaints;

-- Purging removes conversations that were closed long enough ago, with everything of theirs, and nothing else.
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"response": "Bye."}}') ->> 'status';
SELECT status(5);
UPDATE hil.conversations SET closed_at = now() - interval '31 days' WHERE id = conversation(5);
-- The newest event is never purged, so that one is of nobody.
INSERT INTO hil.outbox (type, payload, announced) VALUES ('test', '{}', true);
SELECT tick();
UPDATE hil.events SET at = now() - interval '31 days' WHERE seq <= (SELECT max(seq) FROM hil.events WHERE conversation_id = conversation(5));
UPDATE hil.conversations SET closed_at = now() - interval '29 days' WHERE id = conversation(4);
UPDATE hil.conversations SET created_at = now() - interval '1 year', updated_at = now() - interval '1 year' WHERE id = conversation(1);
SELECT hil_purge('30 days');
SELECT hil_purge('30 days');
CREATE FUNCTION test.rows_of(conversation uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
    n bigint;
    total bigint := 0;
BEGIN
    FOR relation IN SELECT attrelid FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'hil'::regnamespace AND relkind = 'r' AND attname = 'conversation_id' LOOP
        EXECUTE format('SELECT count(*) FROM %s WHERE conversation_id = $1', relation) INTO n USING conversation;
        total := total + n;
    END LOOP;
    RETURN total;
END
$$;
SELECT rows_of(conversation(5)), rows_of(conversation(4)) > 0, rows_of(conversation(1)) > 0;
SELECT hil_purge('0'), hil_purge('0');
SELECT rows_of(conversation(4));
-- Any number of them in one call.
INSERT INTO hil.conversations (id, status, closed_at) SELECT conversation(1000 + n), 'resolved', now() - interval '1 day' FROM generate_series(1, 2500) n;
INSERT INTO hil.messages (conversation_id, sender_type, content) SELECT conversation(1000 + n), 'user', 'x' FROM generate_series(1, 2500) n;
SELECT hil_purge('1 hour');
SELECT count(*) FROM hil.messages WHERE conversation_id >= conversation(1000);
SELECT * FROM complaints;
-- A conversation that cannot be deleted is named: hil_purge fails with it, what hil.retention does goes on without it.
CREATE TABLE test.tickets (conversation uuid REFERENCES hil.conversations);
CREATE TRIGGER refuse BEFORE DELETE ON hil.messages FOR EACH ROW WHEN (OLD.conversation_id = conversation(52)) EXECUTE FUNCTION test.refuse();
INSERT INTO hil.conversations (id, status, closed_at) SELECT conversation(n), 'resolved', now() - (100 - n) * interval '1 day' FROM generate_series(50, 54) n;
INSERT INTO hil.messages (conversation_id, sender_type, content) SELECT conversation(n), 'user', 'x' FROM generate_series(50, 54) n;
INSERT INTO test.tickets VALUES (conversation(50));
CALL refused($$SELECT hil_purge('1 hour')$$);
SET hil.retention = '1 h';
SELECT hil_tick() ->> 'conversations_purged';
SELECT id FROM hil.conversations WHERE id BETWEEN conversation(50) AND conversation(54) ORDER BY id;
DELETE FROM test.tickets;
SELECT hil_tick() ->> 'conversations_purged';
RESET hil.retention;
CALL refused($$SELECT hil_purge('1 hour')$$);
DROP TRIGGER refuse ON hil.messages;
SELECT hil_purge('1 hour');
DROP TABLE test.tickets;
CALL refused($$SELECT hil_purge(NULL)$$);
CALL refused($$SELECT hil_purge('-1 day')$$);
CALL refused($$SELECT hil_purge('290000 years')$$);

-- The settings are the administrator's, and misspelled ones are refused.
SELECT name, setting, unit, context, boot_val FROM pg_settings WHERE name LIKE 'hil.%' ORDER BY name;
SET hil.general_skill = '';
SET hil.general_skill = ' ';
\set VERBOSITY sqlstate
SET hil.max_message_bytes = 0;  -- servers word it differently
SET hil.ai_timeout = 0;
\set VERBOSITY default
SET hil.no_such_setting = 1;

-- Who only reads can read where nothing can be written, as on a standby; who writes is told.
INSERT INTO hil.skill_set_paces VALUES (0, 3, 2.9, 180, now());
BEGIN READ ONLY;
SELECT hil_conversation(conversation(12)) ->> 'status', hil_queue_position(conversation(12)), hil_estimated_wait(conversation(12)) > '0',
    (SELECT count(*) FROM hil_explain_assignment(conversation(12))), (SELECT count(*) FROM hil_inbox(agent('Bob'))),
    (SELECT count(*) FROM hil_doctor() WHERE NOT ok), hil_workflow_definition('support', 1) ->> 'name';
SELECT hil_handle_message(conversation(12), 'Hello');
ROLLBACK;

-- A session that used hil outlives DROP EXTENSION, and uses what is created anew.
SELECT hil_queue_position(conversation(12)) > 0;
SET client_min_messages = warning;
DROP EXTENSION hil CASCADE;
RESET client_min_messages;
SELECT hil_queue_position(conversation(12));
SELECT count(*) FROM pg_namespace WHERE nspname = 'hil';
CREATE EXTENSION hil SCHEMA public;
SELECT hil_load_workflow(workflow());
SELECT hil_handle_message(conversation(12), 'Hello') ->> 'run_id';
SELECT run_id, workflow, revision FROM hil_claim_runs('worker');
SELECT tick();
SELECT check_name FROM hil_doctor() WHERE NOT ok;
