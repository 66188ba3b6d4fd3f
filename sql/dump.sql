\set ECHO none
-- pg_dump and restore: into another database everything comes along, and goes on where it was.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
-- A database with rows in every table that has any in this version.
SELECT hil_load_workflow(workflow(), 'name: support');
CALL add_agent('Ann', '{billing}', 2, 31.5);
CALL add_agent('Bob', '{}', 1);
SELECT hil_handle_message(conversation(1), 'Hello', idempotency_key => 'k1', metadata => '{"number": 123456789012345678901234567890}') ->> 'status';
SELECT hil_record_step(run_id, attempt, 'classify', '{"confidence": 0.9}', '{"cost_usd": 0.0015}') ->> 'action' FROM hil_claim_runs('worker');
SELECT hil_record_calls(1, 1, 'answer', '[{"call": 1, "turn": 1, "tool": "shop.find", "arguments": {"order": 17}, "usage": {"cost_usd": 0.25}, "message": {"role": "assistant"}, "result": "none"}]');
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"response": "Bye. “Tschüß”, he said;\\ \t\n"}}') ->> 'status';
SELECT hil_rate(conversation(1), 4.5);
SELECT (hil_tick() ->> 'relayed')::int > 0;
SELECT hand_over(2, '{billing}'), hand_over(3, '{technical}', 2);
SELECT tick();
SELECT hand_over(6, '{technical}', 2);
INSERT INTO hil.skill_set_paces VALUES (1, 3, 2.9, 180, now());
SELECT hil_handle_message(conversation(4), 'Where is it?') ->> 'status';
SELECT run_id FROM hil_claim_runs('worker');
CREATE ROLE regress_hil_dump_app;
SELECT hil_grant('regress_hil_dump_app', 'app');

-- What a table holds, as one number, and each sequence. The same query runs on both sides.
CREATE FUNCTION test.contents() RETURNS TABLE (relation text, rows bigint, checksum text) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE "C" LOOP
        RETURN QUERY EXECUTE format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C"), '''')) FROM hil.%I t', name, name);
    END LOOP;
    RETURN QUERY SELECT sequencename::text, last_value, NULL FROM pg_sequences WHERE schemaname = 'hil' ORDER BY sequencename COLLATE "C";
END
$$;
CREATE TABLE test.before AS SELECT * FROM contents();
SELECT relation, rows FROM test.before;

\set ECHO none
SELECT set_config('hil_dump.database', current_database() || '_restored', false) \g /dev/null
SELECT current_setting('hil_dump.database') AS restored, current_database() AS original \gset
SET client_min_messages = warning;
DROP DATABASE IF EXISTS :"restored";
CREATE DATABASE :"restored" ENCODING 'UTF8' TEMPLATE template0;
RESET client_min_messages;
\setenv PGDATABASE :original
\setenv HIL_RESTORED :restored
\set ECHO all
\! pg_dump -Fc | pg_restore --exit-on-error -d "$HIL_RESTORED"
\c :restored -
SET search_path = test, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
-- Nothing is lost and nothing is added,
SELECT relation FROM (SELECT * FROM contents() EXCEPT ALL SELECT * FROM test.before) AS added;
SELECT relation FROM (SELECT * FROM test.before EXCEPT ALL SELECT * FROM contents()) AS lost;
SELECT count(*) FROM test.before;
-- the grants are there,
SELECT has_function_privilege('regress_hil_dump_app', 'hil_handle_message(uuid, text, text, uuid, text, jsonb)', 'EXECUTE'),
       has_function_privilege('regress_hil_dump_app', 'hil_claim_runs(text, integer, interval)', 'EXECUTE');
SELECT count(*) FROM pg_proc WHERE proname LIKE 'hil\_%' AND (proacl IS NULL OR aclcontains(proacl, makeaclitem(0, proowner, 'EXECUTE', false)));
-- all's well,
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
-- and the work goes on: numbers continue where they were, the worker that had the run completes it, the queue moves.
SELECT hil_complete_run(2, 1, '{"sink": "REPLY", "config": {"response": "On its way."}}') ->> 'status';
SELECT hil_handle_message(conversation(1), 'Hello', idempotency_key => 'k1') ->> 'message_id';
SELECT (hil_handle_message(conversation(4), 'Thanks.') ->> 'message_id')::bigint > max(rows) FROM test.before WHERE relation = 'messages_id_seq';
SELECT run_id FROM hil_claim_runs('worker');
SELECT hil_set_agent_skills(agent('Bob'), '{technical}') -> 'assigned';
SELECT status(3);
SELECT hil_resolve(conversation(3), 'done', agent('Bob')) ->> 'status';
SELECT hand_over(5, '{technical,billing}');
SELECT id FROM hil.skill_sets ORDER BY id;
SELECT ticket FROM hil.agent_queue ORDER BY ticket;
SELECT hil_queue_position(conversation(5));
SELECT tick();
SELECT hil_queue_position(conversation(5));
SELECT hil_load_workflow(workflow());
-- Events that were not relayed before are now, and are numbered on.
SELECT tick() IS NOT NULL;
SELECT count(*) = max(seq) AND max(seq) > min(rows) FROM hil.events, test.before WHERE relation = 'events';
-- the guard of the states is there too.
UPDATE hil.conversations SET status = 'finished' WHERE id = conversation(5);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- The same as plain SQL with INSERTs, which spell out what the database generates.
\c :original -
SET client_min_messages = warning;
DROP DATABASE :"restored";
CREATE DATABASE :"restored" ENCODING 'UTF8' TEMPLATE template0;
\! pg_dump --inserts | psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$HIL_RESTORED"
\c :restored -
SET search_path = test, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SELECT relation FROM (SELECT * FROM contents() EXCEPT ALL SELECT * FROM test.before) AS added;
SELECT relation FROM (SELECT * FROM test.before EXCEPT ALL SELECT * FROM contents()) AS lost;

\set ECHO none
\c :original -
SET client_min_messages = warning;
DROP DATABASE :"restored";
DROP OWNED BY regress_hil_dump_app;
DROP ROLE regress_hil_dump_app;
