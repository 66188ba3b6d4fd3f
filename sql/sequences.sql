\set ECHO none
-- Sequences that are behind their tables, as logical replication, a partial restore or ALTER SEQUENCE leave them: the doctor says
-- so, and a run that has the id of another conversation's is not mistaken for it.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
CREATE VIEW test.complaints AS SELECT check_name, detail, hint FROM hil_doctor() WHERE NOT ok;
CREATE FUNCTION test.says(number integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT (hil_handle_message(conversation(number), 'Hello') ->> 'run_id')::bigint
$$;
CREATE VIEW test.all_runs AS SELECT conversation_id, id, status, attempt, steps FROM hil.runs ORDER BY conversation_id, id;
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', '{billing}');

-- A finished run stays as it is when another conversation's has its id; what a worker says is said of the one that runs.
SELECT says(1);
SELECT conversation_id FROM hil_claim_runs('worker');
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"response": "Bye."}}') ->> 'status';
ALTER SEQUENCE hil.runs_id_seq RESTART;
SELECT * FROM complaints;
SELECT says(2);
SELECT conversation_id, run_id, attempt, input ->> 'customer_message' FROM hil_claim_runs('worker', 10);
SELECT hil_record_step(1, 1, 'classify', '{"confidence": 0.9}');
SELECT * FROM all_runs;
SELECT hil_complete_run(1, 1, '{"sink": "REPLY", "config": {"response": "Yes?"}}') ->> 'status';
SELECT c, s.* FROM generate_series(1, 2) c, said(c) s;
-- Of two that are due one is claimed, and then the other; one that is not due is left alone.
ALTER SEQUENCE hil.runs_id_seq RESTART;
SELECT says(3);
ALTER SEQUENCE hil.runs_id_seq RESTART;
SELECT says(4);
ALTER SEQUENCE hil.runs_id_seq RESTART;
SELECT says(5), says(6);
UPDATE hil.runs SET run_after = now() + interval '1 hour' WHERE conversation_id = conversation(5);
SELECT conversation_id, run_id, input IS NOT NULL FROM hil_claim_runs('worker', 10);
SELECT conversation_id, run_id, input IS NOT NULL FROM hil_claim_runs('worker', 10);
SELECT count(*) FROM hil_claim_runs('worker', 10);
SELECT * FROM all_runs;
-- Now the id alone does not say which is meant.
CALL refused($$SELECT hil_record_step(1, 1, 'classify', '{}')$$);
CALL refused($$SELECT hil_complete_run(1, 1, '{"sink": "FINISH"}')$$);
SELECT hil_report_runs(jsonb_build_array(jsonb_build_object('run_id', 1, 'attempt', 1, 'conversation_id', conversation(4),
    'result', '{"sink": "FINISH", "config": {"response": "For 4."}}'::jsonb)));
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"response": "For 3."}}') ->> 'status';
SELECT c, s.* FROM generate_series(3, 4) c, said(c) s;
SELECT * FROM complaints;
SELECT setval('hil.runs_id_seq', 2);
SELECT * FROM complaints;
SELECT says(7);

-- Every sequence is looked at.
SELECT hand_over(11, '{billing}'), hand_over(12, '{technical}');
SELECT tick();
SELECT hand_over(13, '{technical}');
SELECT count(*) FROM complaints;
BEGIN;
DO $$
DECLARE
    sequence regclass;
BEGIN
    FOR sequence IN SELECT oid FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'S' LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', sequence);
    END LOOP;
END
$$;
SELECT check_name, detail LIKE '%; broken by ' || (SELECT count(*) FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind = 'S') || ': %'
FROM complaints;
ROLLBACK;
-- Deltas are gone once they are folded, and their ids are in use all the same. Where nothing is, any number will do.
BEGIN; SELECT tick(); ALTER SEQUENCE hil.queue_count_deltas_id_seq RESTART; SELECT check_name, detail FROM complaints; ROLLBACK;
BEGIN; SELECT tick(); ALTER SEQUENCE hil.outbox_id_seq RESTART; SELECT check_name, detail FROM complaints; ROLLBACK;
