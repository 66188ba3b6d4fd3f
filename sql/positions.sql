\set ECHO none
-- Places in the queue, and the counts behind them.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
CREATE FUNCTION test.place(number integer) RETURNS bigint LANGUAGE sql STABLE RETURN hil_queue_position(conversation(number));
CREATE VIEW test.complaints AS SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
-- Folds all there is. Where a scheduler runs, folds are a second apart, and it may be the one that folds.
CREATE PROCEDURE test.fold() LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        UPDATE hil.queue_counts SET folded_at = now() - interval '1 minute';
        PERFORM hil_tick();
        COMMIT;
        EXIT WHEN NOT EXISTS (SELECT FROM hil.queue_count_deltas);
    END LOOP;
END
$$;

-- 1 is next: by priority, then by arrival. 0 does not wait.
SELECT hand_over(1, priority => 5), hand_over(2, priority => 5), hand_over(3, priority => 1), hand_over(4, priority => 10);
SELECT c, place(c) FROM generate_series(1, 4) c;
SELECT hil_create_conversation(conversation(5)) = conversation(5);
SELECT place(5);
-- A statement sees what was there when it began.
SELECT hil_cancel(conversation(3)) ->> 'status', place(3);
SELECT c, place(c) FROM generate_series(1, 4) c;
CALL refused($$SELECT hil_queue_position(NULL)$$);
CALL refused($$SELECT hil_queue_position(conversation(99))$$);

-- What is not folded yet counts, and what is folded counts the same; also inside a transaction that changes it.
CALL fold();
SELECT c, place(c) FROM generate_series(1, 4) c;
BEGIN;
SELECT hand_over(6, priority => 2);
SELECT c, place(c) FROM generate_series(1, 6) c;
SAVEPOINT before;
SELECT hil_cancel(conversation(1)) ->> 'status';
SELECT c, place(c) FROM generate_series(1, 6) c;
ROLLBACK TO before;
SELECT c, place(c) FROM generate_series(1, 6) c;
ROLLBACK;
SELECT c, place(c) FROM generate_series(1, 6) c WHERE c <> 6;

-- Across many blocks and pages of tickets.
ALTER SEQUENCE hil.agent_queue_ticket_seq INCREMENT BY 13;
CREATE VIEW test.wrong AS
    SELECT conversation_id, place, hil_queue_position(conversation_id) FROM (
        SELECT conversation_id, row_number() OVER (ORDER BY priority, ticket) AS place FROM hil.agent_queue WHERE status = 'pending') w
    WHERE hil_queue_position(conversation_id) <> place;
SELECT count(hand_over(100 + n, priority => 1 + n % 3)) FROM generate_series(1, 100) n;
ALTER SEQUENCE hil.agent_queue_ticket_seq INCREMENT BY 997;
SELECT count(hand_over(200 + n, priority => 1 + n % 3)) FROM generate_series(1, 100) n;
SELECT * FROM wrong;
CALL fold();
SELECT * FROM wrong;
VACUUM hil.agent_queue;
SELECT * FROM wrong;
SELECT count(hil_cancel(conversation(100 + n))) FROM generate_series(1, 200, 7) n;
SELECT * FROM wrong;
CALL fold();
SELECT * FROM wrong;
SELECT place(300);
SELECT * FROM complaints;

-- Where an administrator has given a table what only the executor serves, the answers are the same.
ALTER TABLE hil.agent_queue ENABLE ROW LEVEL SECURITY;
SELECT place(300), (SELECT count(*) FROM wrong);
ALTER TABLE hil.agent_queue DISABLE ROW LEVEL SECURITY;
ALTER TABLE hil.queue_count_pages ENABLE ROW LEVEL SECURITY;
SELECT place(300), place(1), (SELECT count(*) FROM wrong);
ALTER TABLE hil.queue_count_pages DISABLE ROW LEVEL SECURITY;

-- Nor does an index matter that has the name of ours, and other columns.
DROP INDEX hil.agent_queue_waiting;
CREATE INDEX agent_queue_waiting ON hil.agent_queue (conversation_id, ticket) WHERE status = 'pending';
SELECT place(300), (SELECT count(*) FROM wrong);
DROP INDEX hil.agent_queue_waiting;
CREATE INDEX agent_queue_waiting ON hil.agent_queue (priority) WHERE status = 'pending';
SELECT place(300), (SELECT count(*) FROM wrong);
DROP INDEX hil.agent_queue_waiting;
CREATE INDEX agent_queue_waiting ON hil.agent_queue (priority, ticket) WHERE status = 'pending';

-- Nothing of the counts is left when nobody waits.
SELECT count(hil_cancel(conversation_id)) FROM hil.agent_queue WHERE status = 'pending';
CALL fold();
SELECT waiting, directory_ids, (SELECT count(*) FROM hil.queue_count_directories), (SELECT count(*) FROM hil.queue_count_pages) FROM hil.queue_counts;

-- A round with nothing to fold writes nothing.
SELECT id FROM hil.queue_counts \gset
SELECT tick() IS NOT NULL;
SELECT id = :id FROM hil.queue_counts;

-- The doctor sees every fault of the counts.
SELECT hand_over(400), hand_over(401);
CALL fold();
SELECT * FROM complaints;
BEGIN; UPDATE hil.queue_counts SET waiting[5] = 7; SELECT check_name, detail FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.queue_count_directories SET waiting[1] = 7; SELECT check_name, regexp_replace(detail, 'page \d+', 'page N') FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.queue_count_pages SET waiting[1] = 7; SELECT check_name, regexp_replace(detail, '(page|from) \d+', '\1 N', 'g') FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.queue_count_pages (waiting) VALUES ('{}'); SELECT check_name, regexp_replace(detail, 'page \d+', 'page N') FROM complaints; ROLLBACK;
BEGIN; INSERT INTO hil.queue_count_directories (pages, waiting, page_ids) VALUES ('{}', '{}', '{}'); SELECT check_name, regexp_replace(detail, 'directory \d+', 'directory N') FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.queue_counts SET low_water = low_water + 2; SELECT hand_over(402, priority => 9); SELECT check_name, regexp_replace(detail, 'delta \d+', 'delta N') FROM complaints; ROLLBACK;
BEGIN; UPDATE hil.skill_set_counts SET waiting = waiting + 1; SELECT check_name, regexp_replace(detail, 'by \d+:.*', '') FROM complaints; ROLLBACK;
