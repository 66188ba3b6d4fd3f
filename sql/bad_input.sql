\set ECHO none
-- Bad input. Whatever comes, the caller gets one SQLSTATE, a message that says what came and what was expected, and a hint; and
-- nothing has changed. 22023: a bad argument. P0002: there is no such thing. 55000: not in this state. 42501: not for you.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.claimed(number integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), 'Hello');
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
\set ECHO all
\pset tuples_only on
-- A conversation in each state, and a run in each.
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', max_capacity => 1);
CALL add_agent('Bob', max_capacity => 1, status => 'offline');
SELECT hil_create_conversation(conversation(1));                              -- new
SELECT claimed(2) AS running \gset
SELECT claimed(3) AS finished \gset
SELECT hil_complete_run(:finished, 1, '{"sink": "FINISH"}') ->> 'status';
SELECT claimed(4) AS cancelled \gset
SELECT hil_handover(conversation(4), 'x') ->> 'status';
SELECT hand_over(5);
SELECT hand_over(6), hil_back_to_ai(conversation(6)) ->> 'status';
SELECT hand_over(7), hil_cancel(conversation(7)) ->> 'status';
SELECT c, status(c) FROM generate_series(1, 7) c;
SELECT checksum() AS before \gset

-- Unknown conversation
CALL refused($$SELECT hil_handover(conversation(99), 'x')$$);
CALL refused($$SELECT hil_handle_message(conversation(99), 'x', 'agent', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(99), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(99))$$);
CALL refused($$SELECT hil_transfer(conversation(99), agent('Ann'), 'x')$$);
CALL refused($$SELECT hil_decline(conversation(99), agent('Ann'))$$);
CALL refused($$SELECT hil_cancel(conversation(99))$$);
CALL refused($$SELECT hil_rate(conversation(99), 3)$$);
CALL refused($$SELECT hil_conversation(conversation(99))$$);
CALL refused($$SELECT hil_queue_position(conversation(99))$$);
CALL refused($$SELECT hil_estimated_wait(conversation(99))$$);
CALL refused($$SELECT hil_explain_assignment(conversation(99))$$);
-- Unknown agent
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'agent', conversation(99))$$);
CALL refused($$SELECT hil_resolve(conversation(4), 'x', conversation(99))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(4), 'x', conversation(99))$$);
CALL refused($$SELECT hil_transfer(conversation(4), conversation(99), 'x')$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), 'x', conversation(99))$$);
CALL refused($$SELECT hil_decline(conversation(4), conversation(99))$$);
CALL refused($$SELECT hil_set_agent_status(conversation(99), 'online')$$);
CALL refused($$SELECT hil_set_agent_skills(conversation(99), '{}')$$);
CALL refused($$SELECT hil_set_agent_capacity(conversation(99), 1)$$);
CALL refused($$SELECT hil_agent_heartbeat(conversation(99))$$);
CALL refused($$SELECT hil_inbox(conversation(99))$$);
-- Unknown run, unknown workflow
CALL refused($$SELECT hil_record_step(99, 1, 'classify', '{}')$$);
CALL refused($$SELECT hil_complete_run(-1, 1, '{"sink": null}')$$);
CALL refused($$SELECT hil_fail_run(9223372036854775807, 1, 'x')$$);
CALL refused($$SELECT hil_create_conversation(conversation(99), 'unheard of')$$);
CALL refused($$SELECT hil_activate_workflow('unheard of', 1)$$);
CALL refused($$SELECT hil_activate_workflow('support', 99)$$);
CALL refused($$SELECT hil_workflow_definition('support', -1)$$);

-- Wrong state: everything that needs an active human, where there is none; and the other way round.
CALL refused($$SELECT hil_resolve(conversation(1), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(2), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(3), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(5), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(6), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(7), 'x', agent('Ann'))$$);
CALL refused($$SELECT hil_transfer(conversation(5), agent('Ann'), 'x')$$);
CALL refused($$SELECT hil_decline(conversation(5), agent('Ann'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(1))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(3))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(6))$$);
CALL refused($$SELECT hil_handle_message(conversation(5), 'x', 'agent', agent('Ann'))$$);
CALL refused($$SELECT hil_handle_message(conversation(7), 'x', 'agent', agent('Ann'))$$);
CALL refused($$SELECT hil_cancel(conversation(4))$$);
CALL refused($$SELECT hil_cancel(conversation(2))$$);
CALL refused($$SELECT hil_handover(conversation(4), 'x')$$);
CALL refused($$SELECT hil_handover(conversation(5), 'x')$$);
CALL refused($$SELECT hil_rate(conversation(2), 3)$$);
CALL refused($$SELECT hil_explain_assignment(conversation(2))$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), 'x', agent('Bob'))$$);

-- Wrong sender
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'agent', agent('Bob'))$$);
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'customer')$$);
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', '')$$);
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'USER')$$);
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'agent')$$);
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', 'user', agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(4), 'x', agent('Bob'))$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Bob'), 'x')$$);
CALL refused($$SELECT hil_decline(conversation(4), agent('Bob'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(4), 'x', agent('Bob'))$$);

-- An empty message; one of 1 MB; one byte above the limit of 64 kB; and a key that is too long. A conversation that would have been
-- created by the message is not.
CALL refused($$SELECT hil_handle_message(conversation(98), '')$$);
CALL refused($$SELECT hil_handle_message(conversation(98), E'\n')$$);
CALL refused($$SELECT hil_handle_message(conversation(98), repeat('x', 1024 * 1024))$$);
CALL refused($$SELECT hil_handle_message(conversation(98), repeat('x', 65537))$$);
CALL refused($$SELECT hil_handle_message(conversation(98), 'x', idempotency_key => repeat('k', 201))$$);
CALL refused($$SELECT hil_handle_message(conversation(98), 'x', idempotency_key => ' ')$$);
-- Other texts have limits too.
CALL refused($$SELECT hil_handover(conversation(1), repeat('x', 10001))$$);
CALL refused($$SELECT hil_handover(conversation(1), ' ')$$);
CALL refused($$SELECT hil_resolve(conversation(4), repeat('x', 65537), agent('Ann'))$$);
CALL refused($$SELECT hil_back_to_ai(conversation(4), repeat('x', 65537), agent('Ann'))$$);
CALL refused($$SELECT hil_cancel(conversation(5), repeat('x', 10001))$$);
CALL refused($$SELECT hil_load_workflow(workflow(), repeat('x', 1048577))$$);
CALL refused($$SELECT hil_claim_runs(repeat('w', 201))$$);
CALL refused($$SELECT hil_fail_run(2, 1, repeat('x', 1048577))$$);
-- An excerpt in a message ends where a character ends.
CALL refused($$SELECT hil_handle_message(conversation(4), 'x', repeat('é', 1000))$$);
CALL refused($$SELECT hil_resolve(conversation(4), 'x', agent('Ann'), repeat('x', 39) || repeat('é', 1000))$$);
CALL refused($$SELECT hil_set_agent_status(agent('Ann'), repeat('x', 39) || repeat('é', 1000))$$);

-- NULLs: where an argument has to be there, the message names it. First, all of them at once, for every function.
CREATE FUNCTION test.call_with_nulls(function regprocedure) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT %s(%s)', function::oid::regproc, (SELECT string_agg('NULL', ', ') FROM pg_proc, unnest(proargtypes) WHERE oid = function));
    RETURN 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
    -- Which of several bad arguments is told first is not part of the interface.
    RETURN SQLSTATE || regexp_replace(SQLERRM, '^\w+', ' …');
END
$$;
SELECT proname, call_with_nulls(oid) FROM pg_proc WHERE proname LIKE 'hil\_%' AND pronamespace = 'public'::regnamespace AND pronargs > 0 ORDER BY proname COLLATE "C";
-- Then one by one, those that have a default too.
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => NULL)$$);
CALL refused($$SELECT hil_handle_message(conversation(2), NULL)$$);
CALL refused($$SELECT hil_handle_message(conversation(2), 'x', NULL)$$);
CALL refused($$SELECT hil_handle_message(conversation(2), 'x', metadata => NULL)$$);
CALL refused($$SELECT hil_handover(conversation(2), NULL)$$);
CALL refused($$SELECT hil_resolve(conversation(4), NULL, agent('Ann'))$$);
CALL refused($$SELECT hil_resolve(conversation(4), 'x', NULL)$$);
CALL refused($$SELECT hil_resolve(conversation(4), 'x', agent('Ann'), NULL)$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), NULL)$$);
CALL refused($$SELECT hil_transfer(conversation(4), NULL, 'x')$$);
CALL refused($$SELECT hil_decline(conversation(4), NULL)$$);
CALL refused($$SELECT hil_rate(conversation(3), NULL)$$);
CALL refused($$SELECT hil_conversation(conversation(3), NULL)$$);
CALL refused($$SELECT hil_add_agent('X', NULL)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', NULL)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', '{}', NULL)$$);
CALL refused($$SELECT hil_claim_runs('w', NULL)$$);
CALL refused($$SELECT hil_claim_runs('w', 1, NULL)$$);
CALL refused($$SELECT hil_renew_runs('w', NULL)$$);
CALL refused($$SELECT hil_renew_runs('w', '{1,NULL}')$$);
CALL refused($$SELECT hil_record_step(2, NULL, 'classify', '{}')$$);
CALL refused($$SELECT hil_record_step(2, 1, 'classify', '{}', NULL)$$);
CALL refused($$SELECT hil_complete_run(2, 1, NULL)$$);
CALL refused($$SELECT hil_fail_run(2, 1, 'x', NULL)$$);

-- Priority 0 and 11
CALL refused($$SELECT hil_handover(conversation(1), 'x', priority => 0)$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', priority => 11)$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', priority => -2147483648)$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), 'x', priority => 11)$$);

-- Skills with NULL, with duplicates, blank, too long, in two dimensions, 10,000 of them
CALL refused($$SELECT hil_handover(conversation(1), 'x', '{billing,NULL}')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', '{billing,returns,billing}')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', '{billing," billing "}')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', '{billing," "}')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', ARRAY[repeat('x', 101)])$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', '{{a,b},{c,d}}')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', (SELECT array_agg(n::text) FROM generate_series(1, 10000) n))$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', (SELECT array_agg(n::text) FROM generate_series(1, 10000) n))$$);
CALL refused($$SELECT hil_set_agent_skills(agent('Ann'), (SELECT array_agg(n::text) FROM generate_series(1, 101) n))$$);
CALL refused($$SELECT hil_transfer(conversation(4), agent('Ann'), 'x', required_skills => '{a,NULL}')$$);

-- jsonb of the wrong shape, nested 10,000 deep, and larger than 1 MB
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => '"text"')$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => 'null')$$);
CALL refused($$SELECT hil_handle_message(conversation(97), 'x', metadata => '[]')$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', context => '5')$$);
CALL refused($$SELECT hil_load_workflow('true')$$);
CALL refused($$SELECT hil_record_step(1, 1, 'classify', '{}', '[{}]')$$);
CALL refused($$SELECT hil_record_calls(1, 1, 'classify', '{}')$$);
CALL refused($$SELECT hil_complete_run(1, 1, '[]')$$);
CALL refused($$SELECT hil_complete_run(1, 1, '{"sink": {}}')$$);
CALL refused($$SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": []}')$$);
CREATE FUNCTION test.deep(levels integer) RETURNS jsonb LANGUAGE sql AS $$ SELECT ('{"a": ' || repeat('[', levels - 1) || repeat(']', levels - 1) || '}')::jsonb $$;
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => deep(5000))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => deep(65))$$);
CALL refused($$SELECT hil_handle_message(conversation(97), 'x', metadata => deep(5000))$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', context => deep(5000))$$);
CALL refused($$SELECT hil_load_workflow(deep(5000))$$);
CALL refused($$SELECT hil_record_step(1, 1, 'classify', deep(5000))$$);
CALL refused($$SELECT hil_record_step(1, 1, 'classify', '{}', deep(5000))$$);
CALL refused($$SELECT hil_record_calls(1, 1, 'classify', deep(5000))$$);
CALL refused($$SELECT hil_report_runs(deep(5000))$$);
CALL refused($$SELECT hil_complete_run(1, 1, deep(5000))$$);
CALL refused($$SELECT hil_complete_run(1, 1, deep(10000))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => jsonb_build_object('a', repeat('x', 1048576)))$$);
CALL refused($$SELECT hil_load_workflow(jsonb_build_object('a', repeat('x', 1048576)))$$);
CALL refused($$SELECT hil_record_step(1, 1, 'classify', jsonb_build_object('a', repeat('x', 1048576)))$$);
CALL refused($$SELECT hil_complete_run(1, 1, jsonb_build_object('sink', NULL, 'a', 1e400))$$);

-- What is small as it comes and huge as text: refused before it is unpacked. 4,000 numbers of 131,000 digits each take 40 kB.
CREATE FUNCTION test.many(number text, times integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT ('{"a": [' || repeat(number || ',', times - 1) || number || ']}')::jsonb
$$;
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => many('1e131000', 4000))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => many('1e131000', 20000))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => many('-1e131000', 1))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => many('1e-16000', 20000))$$);
CALL refused($$SELECT hil_handle_message(conversation(97), 'x', metadata => many('1e300', 1000000))$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', context => many('1e131000', 20000))$$);
CALL refused($$SELECT hil_load_workflow(many('1e131000', 20000))$$);
CALL refused($$SELECT hil_record_step(2, 1, 'classify', many('1e131000', 20000))$$);
CALL refused($$SELECT hil_record_step(2, 1, 'classify', '{}', many('1e131000', 20000))$$);
CALL refused($$SELECT hil_record_calls(2, 1, 'classify', many('1e131000', 20000))$$);
CALL refused($$SELECT hil_report_runs(many('1e131000', 20000))$$);
CALL refused($$SELECT hil_complete_run(2, 1, many('1e131000', 20000))$$);
CALL refused($$SELECT hil_create_conversation(conversation(97), metadata => jsonb_build_object('a', repeat('x', 20000000)))$$);
-- Arrays that nobody takes
CALL refused($$SELECT hil_handover(conversation(1), 'x', array_fill('x'::text, ARRAY[200000]))$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', array_fill('x'::text, ARRAY[200000]))$$);
CALL refused($$SELECT hil_renew_runs('w', array_fill(1::bigint, ARRAY[200000]))$$);
CALL refused($$SELECT hil_handover(conversation(1), 'x', array_fill(NULL::text, ARRAY[1000, 1000]))$$);

-- A workflow without sinks
CALL refused($$SELECT hil_load_workflow(workflow() #- '{workflow,nodes,4}' #- '{workflow,nodes,3}' #- '{workflow,nodes,2}' #- '{workflow,edges,3}' #- '{workflow,edges,2}' #- '{workflow,edges,1}')$$);

-- Numbers beyond their bounds
CALL refused($$SELECT hil_rate(conversation(3), 'Infinity')$$);
CALL refused($$SELECT hil_conversation(conversation(3), -1)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', hourly_rate_usd => 1e131000)$$);
CALL refused($$SELECT hil_add_agent('X', 'x@example.com', hourly_rate_usd => -1e131000)$$);
CALL refused($$SELECT hil_claim_runs('w', 2147483647)$$);
CALL refused($$SELECT hil_claim_runs('w', 1, '300000 years')$$);
CALL refused($$SELECT hil_renew_runs('w', '{1}', '0')$$);
CALL refused($$SELECT hil_fail_run(1, 1, 'x', true, '290000 years')$$);
CALL refused($$SELECT hil_purge('290000 years')$$);
CALL refused($$SELECT hil_purge('-1 s')$$);

-- Taken already: an id, an email
CALL refused($$SELECT hil_create_conversation(conversation(1))$$);
CALL refused($$SELECT hil_add_agent('X', 'ann@example.com')$$);

-- After all this everything is as it was.
SELECT checksum() = :'before' AS nothing_changed;

-- What a worker reports for a run that it lost is an answer, not an error, so that it does not try again; it changes nothing either.
-- A result for a cancelled run
SELECT hil_complete_run(:cancelled, 1, '{"sink": "FINISH", "config": {"response": "x"}}');
SELECT hil_record_step(:cancelled, 1, 'classify', '{}');
SELECT hil_fail_run(:cancelled, 1, 'x');
-- A second result for the same run
SELECT hil_complete_run(:finished, 1, '{"sink": "HANDOVER"}');
SELECT checksum() = :'before' AS nothing_changed;

-- What lies exactly on a limit is taken,
SELECT hil_renew_runs('w', array_fill(999999::bigint, ARRAY[100000]));
SELECT hil_create_conversation(conversation(96), metadata => many('1e300', 3000)) IS NOT NULL;
SELECT hil_create_conversation(conversation(97), metadata => deep(64));
SELECT hil_handle_message(conversation(97), repeat('x', 65536), idempotency_key => repeat('k', 200)) ->> 'status';
SELECT hil_handover(conversation(97), repeat('x', 10000), 
    (SELECT array_agg(md5(n::text) || md5((n * 7)::text) || md5((n * 13)::text) || '1234') FROM generate_series(1, 100) n), 10) ->> 'status';
SELECT hil_add_agent(repeat('n', 200), repeat('e', 200), max_capacity => 1000, hourly_rate_usd => 99999) IS NOT NULL;
-- and the session still works.
SELECT hil_complete_run(:running, 1, '{"sink": "FINISH"}') ->> 'status';
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
