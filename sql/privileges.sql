\set ECHO none
-- Privileges: nobody may do anything until hil_grant says so; the tables are out of reach; an agent's role acts as that agent
-- only; and what somebody puts into a schema in front of ours never runs with our rights.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
SET client_min_messages = warning;
-- The roles of an earlier, interrupted run.
DO $$
DECLARE
    role name;
BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress\_hil\_%' LOOP
        EXECUTE format('DROP OWNED BY %1$I; DROP ROLE %1$I', role);
    END LOOP;
END
$$;
RESET client_min_messages;
GRANT USAGE ON SCHEMA test TO PUBLIC;
ALTER FUNCTION test.agent SECURITY DEFINER;
-- Runs a statement as a role, which must be refused.
CREATE PROCEDURE test.refused_as(role name, statement text) LANGUAGE plpgsql AS $$
DECLARE
    before text := test.checksum();
    result text;
    hint text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE statement INTO result;
    RESET ROLE;
    RAISE INFO 'NOT REFUSED, returned %', result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    -- What hil refuses itself says what to do; PostgreSQL's own «permission denied» has no hint.
    IF SQLSTATE = '42501' AND SQLERRM NOT LIKE 'permission denied%' THEN
        RAISE INFO USING MESSAGE = SQLSTATE || ' ' || SQLERRM, HINT = coalesce(nullif(hint, ''), 'NO HINT');
    ELSE
        RAISE INFO '% %', SQLSTATE, SQLERRM;
    END IF;
    IF test.checksum() <> before THEN
        RAISE INFO 'SOMETHING CHANGED';
    END IF;
END
$$;
CREATE VIEW test.function AS SELECT p.oid, p.proname AS name, p.proacl, p.prosecdef, p.proconfig FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'hil') AND d.deptype = 'e';
CREATE VIEW test.relation AS SELECT c.oid::regclass AS name, c.relkind, c.relacl FROM pg_class c WHERE relnamespace = 'hil'::regnamespace AND relkind IN ('r', 'v', 'S');
\set ECHO all
CREATE ROLE regress_hil_nobody;
CREATE ROLE regress_hil_app;
CREATE ROLE regress_hil_desk;
CREATE ROLE regress_hil_worker;
CREATE ROLE regress_hil_reader;
CREATE ROLE regress_hil_admin;

-- Everybody is PUBLIC, and PUBLIC has nothing: no function, no table, no view, no sequence, not even the schema.
SELECT count(*) FROM test.function WHERE proacl IS NULL OR proacl::text LIKE '%{=%' OR proacl::text LIKE '%,=%';
SELECT count(*) FROM test.function WHERE has_function_privilege('regress_hil_nobody', oid, 'EXECUTE');
SELECT count(*) FROM test.relation WHERE relkind <> 'S' AND has_any_column_privilege('regress_hil_nobody', name::oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    OR relkind <> 'S' AND has_table_privilege('regress_hil_nobody', name::oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR relkind = 'S' AND has_sequence_privilege('regress_hil_nobody', name::oid, 'USAGE, SELECT, UPDATE');
SELECT has_schema_privilege('regress_hil_nobody', 'hil', 'USAGE, CREATE') AS schema;
CALL refused_as('regress_hil_nobody', $$SELECT hil_handle_message(conversation(1), 'Hello')$$);
CALL refused_as('regress_hil_nobody', $$SELECT * FROM hil.messages$$);

-- Every function that is SECURITY DEFINER has its search_path pinned; the only other one is the trigger, which runs no SQL.
SELECT name, prosecdef, proconfig FROM test.function WHERE NOT prosecdef OR proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}';

-- The profiles, and exactly what each may call.
SELECT hil_grant('regress_hil_app', 'app'), hil_grant('regress_hil_desk', 'agent'), hil_grant('regress_hil_worker', 'worker'),
       hil_grant('regress_hil_reader', 'reader'), hil_grant('regress_hil_admin', 'admin');
-- Twice does no harm.
SELECT hil_grant('regress_hil_app', 'app');
SELECT name, has_function_privilege('regress_hil_app', oid, 'EXECUTE') AS app, has_function_privilege('regress_hil_desk', oid, 'EXECUTE') AS agent,
       has_function_privilege('regress_hil_worker', oid, 'EXECUTE') AS worker, has_function_privilege('regress_hil_reader', oid, 'EXECUTE') AS reader,
       has_function_privilege('regress_hil_admin', oid, 'EXECUTE') AS admin FROM test.function ORDER BY name COLLATE "C";
-- No profile reaches a table; reader and admin see the views.
SELECT name, r.rolname FROM test.relation, pg_roles r WHERE relkind IN ('r', 'v') AND r.rolname LIKE 'regress\_hil\_%' AND
    has_table_privilege(r.rolname, name::oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') ORDER BY 1, 2;
CALL refused_as('regress_hil_admin', $$SELECT * FROM hil.messages$$);
CALL refused_as('regress_hil_admin', $$UPDATE hil.conversations SET status = 'resolved'$$);
CALL refused_as('regress_hil_admin', $$SELECT nextval('hil.messages_id_seq')$$);
CALL refused_as('regress_hil_reader', $$DELETE FROM hil.conversation_overview$$);
CALL refused_as('regress_hil_app', $$SELECT hil_claim_runs('me')$$);
CALL refused_as('regress_hil_worker', $$SELECT hil_handle_message(conversation(1), 'Hello')$$);
CALL refused_as('regress_hil_desk', $$SELECT hil_grant('regress_hil_desk', 'admin')$$);
-- A profile or role that there is not.
CALL refused($$SELECT hil_grant('regress_hil_app', 'superman')$$);
CALL refused($$SELECT hil_grant('regress_hil_app', NULL)$$);
CALL refused($$SELECT hil_grant(NULL, 'app')$$);
CALL refused($$SELECT hil_grant('0', 'app')$$);
CALL refused($$SELECT hil_grant('regress_hil_unheard_of', 'app')$$);
-- A role's name is a name, whatever it contains.
CREATE ROLE "regress_hil_""; DROP TABLE hil.messages; --";
SELECT hil_grant('"regress_hil_""; DROP TABLE hil.messages; --"', 'app');
SELECT has_function_privilege('regress_hil_"; DROP TABLE hil.messages; --', 'public.hil_handover(uuid,text,text[],integer,jsonb)', 'EXECUTE');
-- A function that only looks like one of ours is not granted.
CREATE FUNCTION public.hil_backdoor() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text';
REVOKE ALL ON FUNCTION public.hil_backdoor FROM PUBLIC;
SELECT hil_grant('regress_hil_admin', 'admin');
SELECT has_function_privilege('regress_hil_admin', 'public.hil_backdoor()', 'EXECUTE') AS backdoor;
DROP FUNCTION public.hil_backdoor;

-- Each does its own work with its own rights only, through the whole life of a conversation.
SELECT hil_load_workflow(workflow());
SET ROLE regress_hil_app;
SELECT public.hil_handle_message('c0000000-0000-0000-0000-000000000001', 'Hello') ->> 'status' AS status;
SET ROLE regress_hil_worker;
SELECT public.hil_complete_run(run_id, attempt, '{"sink": "HANDOVER"}') ->> 'status' AS status FROM public.hil_claim_runs('worker');
SET ROLE regress_hil_admin;
SELECT public.hil_add_agent('Ann', 'ann@example.com') IS NOT NULL, public.hil_add_agent('Bob', 'bob@example.com') IS NOT NULL;
RESET ROLE;
UPDATE hil.human_agents SET id = CASE name WHEN 'Ann' THEN 'a0000000-0000-0000-0000-00000000000a'::uuid ELSE 'a0000000-0000-0000-0000-00000000000b' END;
SET ROLE regress_hil_desk;
SELECT public.hil_set_agent_status(agent('Ann'), 'online') ->> 'current_load' AS load;
SET ROLE regress_hil_reader;
SELECT status, agent_name FROM hil.conversation_overview;
SELECT count(*) FROM public.hil_doctor() WHERE NOT ok;
RESET ROLE;

-- An agent's own role can act as that agent only.
CREATE ROLE regress_hil_ann;
SELECT hil_grant('regress_hil_ann', 'agent');
UPDATE hil.human_agents SET db_role = 'regress_hil_ann' WHERE name = 'Ann';
CALL refused($$SELECT hil_add_agent('X', 'x@example.com'); UPDATE hil.human_agents SET db_role = 'regress_hil_ann' WHERE name = 'Bob'$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_set_agent_status(agent('Bob'), 'online')$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_find_agent('bob@example.com')$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_agent_heartbeat(agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT * FROM hil_inbox(agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_handle_message(conversation(1), 'Hi', 'agent', agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_resolve(conversation(1), 'x', agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_transfer(conversation(1), agent('Bob'), 'x')$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_decline(conversation(1), agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_back_to_ai(conversation(1), 'x', agent('Bob'))$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_back_to_ai(conversation(1), 'as the system')$$);
CALL refused_as('regress_hil_ann', $$SELECT hil_set_agent_skills(agent('Ann'), '{billing}')$$);
-- An agent who is unknown is no way around it either, nor is a wrapper that runs with others' rights.
CALL refused_as('regress_hil_ann', $$SELECT * FROM hil_inbox(conversation(1))$$);
CREATE FUNCTION test.wrapper(agent uuid) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $$ SELECT hil_set_agent_status(agent, 'online') $$;
CALL refused_as('regress_hil_ann', $$SELECT test.wrapper(agent('Bob'))$$);
-- Nor is SET ROLE to a group that she is in: who logged in counts too.
CREATE ROLE regress_hil_agents;
SELECT hil_grant('regress_hil_agents', 'agent');
GRANT regress_hil_agents TO regress_hil_ann;
SET SESSION AUTHORIZATION regress_hil_ann;
SET ROLE regress_hil_agents;
SELECT public.hil_set_agent_status(agent('Bob'), 'online');
SELECT public.hil_back_to_ai('c0000000-0000-0000-0000-000000000001', 'as the system');
SELECT count(*) FROM public.hil_inbox(agent('Ann'));
RESET SESSION AUTHORIZATION;
-- A role that is renamed is not the agent's any more; the doctor says so until it is set anew.
ALTER ROLE regress_hil_ann RENAME TO regress_hil_anne;
SELECT check_name, detail, hint FROM hil_doctor() WHERE NOT ok;
UPDATE hil.human_agents SET db_role = 'regress_hil_anne' WHERE name = 'Ann';
CALL refused_as('regress_hil_anne', $$SELECT hil_set_agent_status(agent('Bob'), 'online')$$);
SELECT check_name FROM hil_doctor() WHERE NOT ok;
ALTER ROLE regress_hil_anne RENAME TO regress_hil_ann;
UPDATE hil.human_agents SET db_role = 'regress_hil_ann' WHERE name = 'Ann';
-- As herself she does her work.
SET ROLE regress_hil_ann;
SELECT conversation_id, status FROM public.hil_inbox(agent('Ann'));
SELECT public.hil_handle_message('c0000000-0000-0000-0000-000000000001', 'I am Ann.', 'agent', agent('Ann')) ->> 'agent_name' AS agent;
SELECT public.hil_back_to_ai('c0000000-0000-0000-0000-000000000001', 'Say good-bye.', agent('Ann')) ->> 'status' AS status;
RESET ROLE;

-- Traps in a schema in front: operators and functions that fit better than the real ones, tables and types of the same names.
-- Each reports whoever runs it. Whoever is allowed to use hil may set such a search_path for themselves.
CREATE SCHEMA trap;
CREATE FUNCTION trap.spring() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION trap.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;
CREATE FUNCTION trap.array_remove(text[], text) RETURNS text[] LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;
CREATE FUNCTION trap.make_interval(secs integer) RETURNS interval LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;
CREATE FUNCTION trap.round(numeric, integer) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;
CREATE FUNCTION trap.gen_random_uuid() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NULL; END $$;
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['uuid', 'uuid', '='], ['uuid', 'uuid', '<>'], ['text', 'text', '='], ['integer', 'integer', '<'],
        ['numeric', 'integer', '>='], ['numeric', 'bigint', '*'], ['double precision', 'integer', '>='], ['double precision', 'integer', '<='],
        ['timestamptz', 'interval', '-'], ['timestamptz', 'timestamptz', '<'], ['text[]', 'text[]', '@>'], ['text[]', 'text[]', '<@'], ['jsonb', 'jsonb', '||'],
        ['bigint', 'integer', '+'], ['bigint', 'bigint', '=']]
    LOOP
        EXECUTE format('CREATE FUNCTION trap.%I(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', pair[3], pair[1], pair[2],
            'BEGIN PERFORM trap.spring(); RETURN NULL; END');
        EXECUTE format('CREATE OPERATOR trap.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = trap.%I)', pair[3], pair[1], pair[2], pair[3]);
    END LOOP;
END
$$;
CREATE DOMAIN trap.jsonb AS pg_catalog.text;
CREATE TABLE trap.pg_class (x integer);
CREATE TABLE trap.pg_roles (x integer);
GRANT USAGE ON SCHEMA trap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA trap TO PUBLIC;
-- In a new session, in which nothing is planned yet.
\c -
\set SHOW_CONTEXT never
SET search_path = trap, pg_catalog, public;
CREATE TEMP TABLE conversations (x integer);
CREATE TEMP TABLE pg_proc (x integer);
CREATE DOMAIN pg_temp.uuid AS pg_catalog.text;
SET ROLE regress_hil_app;
-- The trap works for whoever steps into it themselves,
SELECT 'c0000000-0000-0000-0000-000000000001'::pg_catalog.uuid = 'c0000000-0000-0000-0000-000000000001'::pg_catalog.uuid;
-- but nothing of hil does.
SELECT public.hil_handle_message('c0000000-0000-0000-0000-000000000002', 'Hello');
SELECT public.hil_handle_message('c0000000-0000-0000-0000-000000000002', 'escalate, please');
SELECT public.hil_queue_position('c0000000-0000-0000-0000-000000000002'), public.hil_estimated_wait('c0000000-0000-0000-0000-000000000002');
RESET ROLE;
SELECT public.hil_decline('c0000000-0000-0000-0000-000000000002', test.agent('Ann'));
SELECT public.hil_set_agent_status(test.agent('Bob'), 'online');
SELECT public.hil_transfer('c0000000-0000-0000-0000-000000000002', test.agent('Bob'), 'x', priority => 3);
SELECT reason FROM public.hil_explain_assignment('c0000000-0000-0000-0000-000000000002');
SELECT public.hil_cancel('c0000000-0000-0000-0000-000000000002');
SELECT public.hil_rate('c0000000-0000-0000-0000-000000000002', 3);
SELECT public.hil_handle_message('c0000000-0000-0000-0000-000000000002', 'Hello');
SELECT run_id FROM public.hil_claim_runs('worker', 10);
SELECT public.hil_complete_run(4, 1, '{"sink": "FINISH"}');
SELECT pg_catalog.jsonb_typeof(public.hil_tick());
SELECT check_name FROM public.hil_doctor() WHERE NOT ok;
SELECT public.hil_grant('regress_hil_nobody', 'reader');
SELECT public.hil_purge('1 day');

-- The same traps laid in the schema of the extension before the extension: nothing of hil is built on them.
\c -
SET client_min_messages = warning;
DROP EXTENSION hil CASCADE;
CREATE EXTENSION hil SCHEMA trap;
RESET client_min_messages;
SELECT pg_describe_object(classid, objid, objsubid) AS built_on_a_trap FROM pg_depend
WHERE refclassid IN ('pg_operator'::regclass, 'pg_proc'::regclass) AND refobjid IN (
    SELECT oid FROM pg_operator WHERE oprnamespace = 'trap'::regnamespace UNION ALL
    SELECT oid FROM pg_proc WHERE pronamespace = 'trap'::regnamespace AND proname NOT LIKE 'hil\_%')
AND classid NOT IN ('pg_operator'::regclass, 'pg_proc'::regclass);
SELECT trap.hil_add_agent('Ann', 'ann@example.com', hourly_rate_usd => 5) IS NOT NULL AS added;
-- A schema hil that somebody made beforehand, and could drop afterwards, is not taken over.
DROP EXTENSION hil;
CREATE SCHEMA hil;
CREATE EXTENSION hil;
DROP SCHEMA hil;

\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA trap CASCADE;
DO $$
DECLARE
    role name;
BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress\_hil\_%' LOOP
        EXECUTE format('DROP OWNED BY %1$I; DROP ROLE %1$I', role);
    END LOOP;
END
$$;
