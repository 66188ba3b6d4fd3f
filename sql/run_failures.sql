\set ECHO none
-- When a run goes wrong: errors, lost workers, an AI that is silent. A conversation is never lost and never waits for ever.
-- Time is moved by changing the timestamps, never by waiting.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE FUNCTION test.claimed(number integer, message text DEFAULT 'Hello') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hil_handle_message(conversation(number), message);
    RETURN (SELECT run_id FROM hil_claim_runs('worker', 100) WHERE conversation_id = conversation(number));
END
$$;
-- A run's time to wait is over.
CREATE FUNCTION test.be_due(run bigint) RETURNS void LANGUAGE sql AS 'UPDATE hil.runs SET run_after = now() - interval ''1 second'' WHERE id = run';
CREATE FUNCTION test.lose_lease(run bigint) RETURNS void LANGUAGE sql AS 'UPDATE hil.runs SET lease_until = now() - interval ''1 second'' WHERE id = run';
CREATE ROLE regress_hil_operator;
DO $$ BEGIN PERFORM hil_grant('regress_hil_operator', 'reader'); END $$;
-- What whoever operates hil sees of it, with the profile reader.
CREATE VIEW test.seen_by_operator AS SELECT v.run_id, v.status, v.attempt, left(v.error, 30) AS error,
    round(extract(epoch FROM v.next_attempt_at - now()), -1) AS next_in, v.finished_at IS NOT NULL AS ended, v.conversation_status, v.hil_reason
    FROM hil.run_failures v;
ALTER VIEW test.seen_by_operator OWNER TO regress_hil_operator;
\set ECHO all
\pset tuples_only on
-- The workflow's error_threshold is 3.
SELECT hil_load_workflow(workflow());

-- An error below the limit: the run is queued again, after a pause, and the customer notices nothing.
SELECT claimed(1) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.9}', '{"cost_usd": 1}') ->> 'action';
SELECT hil_fail_run(:run, 1, 'HTTP 503 from the model');
SELECT status, attempt, error, lease_until, run_after - now() BETWEEN '0.4 s' AND '1 s' AS paused FROM hil.runs WHERE id = :run;
SELECT status(1), consecutive_errors FROM hil.conversations;
SELECT count(*) FROM hil_claim_runs('worker');
-- The next attempt goes on where the first one stopped: its finished steps are in the input and are not paid for again.
SELECT be_due(:run);
SELECT attempt, input -> 'steps', input ->> 'customer_message' FROM hil_claim_runs('worker');
-- What the customer wrote in between is not part of those steps, and is not lost either.
SELECT hil_handle_message(conversation(1), 'Are you still there?') ->> 'run_id';
SELECT hil_fail_run(:run, 2, 'HTTP 503 from the model', retry_after => '30 s') ->> 'status';
-- Whoever operates hil sees why it is tried again, and when.
SELECT * FROM seen_by_operator;
-- The pause is no shorter than the provider asked for.
SELECT run_after - now() BETWEEN '29 s' AND '30 s' FROM hil.runs WHERE id = :run;
SELECT be_due(:run);
SELECT attempt, input -> 'steps', input ->> 'customer_message' FROM hil_claim_runs('worker');
-- At the limit people take over. The customer reads a kind sentence, the agent a short reason; the error stays in the run.
SELECT hil_fail_run(:run, 3, E'HTTP 503 from the model\n' || repeat('Traceback ', 1000));
SELECT hil_reason, consecutive_errors, handover_count, status FROM hil.conversations;
SELECT * FROM said(1);
SELECT status, attempt, length(error), cost_usd, lease_until FROM hil.runs WHERE id = :run;
SELECT reason FROM hil.handover_events;
SELECT * FROM seen_by_operator;

-- An answer in between makes the count begin anew.
SELECT claimed(2) AS run \gset
SELECT hil_fail_run(:run, 1, 'error') ->> 'status', be_due(:run);
SELECT attempt FROM hil_claim_runs('worker');
SELECT hil_fail_run(:run, 2, 'error') ->> 'status';
-- The pause doubles with each error.
SELECT run_after - now() BETWEEN '0.9 s' AND '2 s' FROM hil.runs WHERE id = :run;
SELECT be_due(:run);
SELECT attempt FROM hil_claim_runs('worker');
SELECT hil_complete_run(:run, 3, '{"sink": "REPLY", "config": {"response": "At last."}}') ->> 'status';
SELECT consecutive_errors FROM hil.conversations WHERE id = conversation(2);
-- A run that answered at last is no failure, and one that its customer did not wait for says how far it had come.
SELECT claimed(20) AS run \gset
SELECT hil_fail_run(:run, 1, 'the model says nothing') ->> 'status', hil_handover(conversation(20), 'impatient') ->> 'status';
SELECT * FROM seen_by_operator ORDER BY run_id;
-- An error that no retry can mend hands over at once.
SELECT claimed(3) AS run \gset
SELECT hil_fail_run(:run, 1, 'the API key is wrong', retryable => false) ->> 'status';
SELECT hil_reason FROM hil.conversations WHERE id = conversation(3);
CALL refused($$SELECT hil_fail_run(1, 1, 'x', retry_after => '-1 s')$$);
CALL refused($$SELECT hil_fail_run(1, 1, 'x', retry_after => '25 hours')$$);
CALL refused($$SELECT hil_fail_run(1, 1, NULL)$$);
CALL refused($$SELECT hil_fail_run(1, 1, '')$$);
CALL refused($$SELECT hil_fail_run(1, 1, 'x', NULL)$$);

-- A worker that dies: its lease ends, and the attempt counts as failed.
SELECT claimed(4) AS run \gset
SELECT hil_record_step(:run, 1, 'classify', '{"confidence": 0.9}') ->> 'action';
SELECT tick();
SELECT lose_lease(:run);
SELECT tick();
SELECT status, attempt, error FROM hil.runs WHERE id = :run;
SELECT be_due(:run);
SELECT attempt, input -> 'steps' FROM hil_claim_runs('another worker');
-- A worker that comes back in time renews, and nothing is lost.
SELECT lose_lease(:run);
SELECT hil_renew_runs('another worker', ARRAY[:run]::bigint[]) = ARRAY[:run]::bigint[], tick();
SELECT lose_lease(:run);
SELECT tick(), be_due(:run);
SELECT attempt FROM hil_claim_runs('another worker');
SELECT lose_lease(:run);
SELECT tick();
SELECT hil_reason, status FROM hil.conversations WHERE id = conversation(4);

-- Without an error_threshold the first error hands over.
SELECT hil_load_workflow(workflow('strict') #- '{hil_config,handover_triggers,3}');
SELECT hil_create_conversation(conversation(5), 'strict');
SELECT claimed(5) AS run \gset
SELECT hil_fail_run(:run, 1, 'boom') ->> 'status';
SELECT hil_reason FROM hil.conversations WHERE id = conversation(5);
-- The same where hil_config is switched off.
SELECT hil_load_workflow(jsonb_set(workflow('off'), '{hil_config,enabled}', 'false'));
SELECT hil_create_conversation(conversation(6), 'off');
SELECT claimed(6) AS run \gset
SELECT hil_fail_run(:run, 1, 'boom') ->> 'status';

-- hil.ai_timeout: without an answer people take over, also where no worker is alive to claim the run.
SELECT hil_create_conversation(conversation(c), 'support') FROM generate_series(7, 8) c;
SELECT claimed(8) AS run \gset
SELECT hil_handle_message(conversation(7), 'Hello?') ->> 'status';
UPDATE hil.runs SET created_at = now() - interval '9 minutes' WHERE status IN ('queued', 'running');
SELECT tick();
UPDATE hil.runs SET created_at = now() - interval '11 minutes', lease_until = lease_until + interval '1 hour' WHERE status IN ('queued', 'running');
SELECT tick();
SELECT status(7), status(8);
SELECT hil_reason FROM hil.conversations WHERE id = conversation(7);
SELECT * FROM said(7);
SET hil.ai_timeout = '5 s';
SELECT hil_create_conversation(conversation(9), 'support');
SELECT claimed(9, 'Hello?') AS run \gset
SELECT hil_fail_run(:run, 1, 'HTTP 503 from the model') ->> 'status';
UPDATE hil.runs SET created_at = now() - interval '6 s' WHERE conversation_id = conversation(9);
SELECT tick();
RESET hil.ai_timeout;
-- Whoever operates hil sees how far each had come, and what kept it from coming further.
SELECT status, conversation_status, error FROM hil.run_failures WHERE conversation_id IN (conversation(7), conversation(8), conversation(9)) ORDER BY run_id;
-- A conversation that waits for its customer is not one whose AI is silent.
SELECT status(2), tick();
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- One broken conversation does not stop the tick for the others. The owner types a state while the AI is at work: the run has
-- lost its conversation and is cancelled, at the end of its lease or when the AI is silent for too long.
SELECT hil_create_conversation(conversation(c), 'support') FROM generate_series(10, 13) c;
SELECT claimed(10) AS typed \gset
SELECT claimed(11) AS other \gset
SELECT claimed(12) AS silent \gset
BEGIN;
UPDATE hil.conversations SET status = 'handover' WHERE id = conversation(10);
UPDATE hil.conversations SET status = 'handover' WHERE id = conversation(12);
UPDATE hil.conversations SET status = 'pending_human' WHERE id = conversation(12);
SELECT check_name FROM hil_doctor() WHERE NOT ok;
SELECT lose_lease(:typed), lose_lease(:other);
UPDATE hil.runs SET created_at = now() - interval '11 minutes' WHERE id = :silent;
SELECT tick();
SELECT tick();
SELECT id - :typed AS n, status FROM hil.runs WHERE id IN (:typed, :other, :silent) ORDER BY id;
SELECT status(10), status(11), status(12);
ROLLBACK;
-- The worker that had it learns that it lost the run.
BEGIN;
UPDATE hil.conversations SET status = 'handover' WHERE id = conversation(10);
SELECT lose_lease(:typed);
SELECT hil_tick() ->> 'leases_expired';
SELECT hil_complete_run(:typed, 1, '{"sink": "FINISH"}') ->> 'accepted';
ROLLBACK;

-- The owner changes a stored definition so that it cannot be read any more (or a newer hil checks it more strictly): errors, lost
-- leases and silence still lead to people, at the first of them. The new id is that of another definition for every session.
UPDATE hil.workflows SET id = gen_random_uuid(), definition = '{"name": "support"}' WHERE name = 'support';
SELECT hil_fail_run(:typed, 1, 'error') ->> 'status';
SELECT lose_lease(:other);
UPDATE hil.runs SET created_at = now() - interval '11 minutes' WHERE id = :silent;
SELECT tick();
SELECT status(10), status(11), status(12);
SELECT hil_reason FROM hil.conversations WHERE id IN (conversation(10), conversation(11), conversation(12)) ORDER BY id;
SELECT hil_handover(conversation(13), 'by hand') ->> 'status';
-- So does a customer who writes.
SELECT a ->> 'status', a ->> 'reason' FROM hil_handle_message(hil_create_conversation(conversation(14), 'support'), 'Hello?') a;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- Who looks at the failures does not read the runs that went well, however many they are.
INSERT INTO hil.runs (conversation_id, workflow, revision, status) SELECT conversation(1000 + n), 'support', 1, 'succeeded' FROM generate_series(1, 5000) n;
ANALYZE hil.runs;
CREATE FUNCTION test.plan(query text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE p json; BEGIN EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO p; RETURN p; END $$;
SELECT plan('SELECT * FROM hil.run_failures') ~ 'runs_failed', plan('SELECT * FROM hil.run_failures WHERE created_at > now() - interval ''1 day''') ~ 'runs_failed';

\set ECHO none
SET client_min_messages = warning;
DROP OWNED BY regress_hil_operator;
DROP ROLE regress_hil_operator;
