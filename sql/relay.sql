\set ECHO none
-- The relay: from the outbox into one sequence without a gap, which replays. What more than one session at a time makes of it is in
-- the integration tests.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on
SELECT hil_load_workflow(workflow());
CALL add_agent('Ann', max_capacity => 100);
SELECT hil_handle_message(conversation(1), 'Hello') ->> 'status';
SELECT hand_over(2);

-- Relayed, each has its number, from 1 without a gap, in the order in which it happened.
SELECT tick() IS NOT NULL;
SELECT count(*) FROM hil.outbox;
SELECT count(*) = max(seq), count(*) FROM hil.events;
SELECT seq, type, conversation_id, name_of(agent_id), payload - 'timestamp' FROM hil_events_since(0, 2);
SELECT payload = (SELECT payload FROM hil.events e WHERE e.seq = s.seq), at BETWEEN now() - interval '1 hour' AND now() FROM hil_events_since(0, 1) s;
-- Who asks with the last number they have gets what comes after it, and in the end nothing; who begins now, the newest alone.
SELECT count(*), min(seq), max(seq) FROM hil_events_since(3, 4);
SELECT count(*) = max(seq) - 3 FROM hil_events_since(3);
SELECT max(seq) AS newest FROM hil.events \gset
SELECT count(*) FROM hil_events_since(:newest);
SELECT seq = :newest FROM hil_events_since(NULL);
SELECT hand_over(3);
SELECT count(*) FROM hil_events_since(:newest);
SELECT tick() IS NOT NULL;
SELECT seq - :newest, type FROM hil_events_since(:newest);
-- No transaction that began before others committed sees what they commit: it relays nothing, and what it does itself waits.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT hand_over(4);
SELECT hil_tick() -> 'relayed';
COMMIT;
SELECT hil_tick() -> 'relayed';
-- What a rolled back tick relayed is relayed again, under the same numbers.
SELECT hand_over(5);
BEGIN;
SELECT hil_tick() -> 'relayed' FROM generate_series(1, 3);
SELECT max(seq) AS newest FROM hil.events \gset
ROLLBACK;
SELECT :newest - max(seq) FROM hil.events;
SELECT hil_tick() -> 'relayed';
SELECT :newest - max(seq) FROM hil.events;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;

-- Purging takes the oldest, up to the first that is not old enough, and never the newest.
UPDATE hil.events SET at = now() - interval '2 days' WHERE seq <= 10 AND seq <> 8;
SELECT hil_purge('1 day');
SELECT min(seq) FROM hil_events_since(0);
SELECT seq FROM hil_events_since(5, 2);
SELECT hil_purge('0');
SELECT count(*), max(seq) = :newest FROM hil_events_since(0);
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
SELECT hand_over(6);
SELECT tick() IS NOT NULL;
SELECT min(seq) - :newest FROM hil_events_since(:newest);
-- More than are deleted, moved or told at once
INSERT INTO hil.outbox (type, payload, announced) SELECT 'test', '{}', true FROM generate_series(1, 3500);
SELECT hil_tick() -> 'relayed';
INSERT INTO hil.outbox (type, payload, announced) SELECT 'test', '{}', false FROM generate_series(1, 10000);
INSERT INTO hil.outbox (type, payload, announced) SELECT 'test', '{}', false FROM generate_series(1, 500);
SELECT hil_tick() ->> 'relayed' FROM generate_series(1, 2);
SELECT hil_tick() ->> 'announced' FROM generate_series(1, 12);
SELECT (SELECT max(seq) FROM hil.announced_through) = max(seq) FROM hil.events;
SELECT hil_purge('0');
SELECT count(*) FROM hil_events_since(0);

-- What makes no sense is refused.
CALL refused($$SELECT hil_events_since(-1)$$);
CALL refused($$SELECT hil_events_since(0, 0)$$);
CALL refused($$SELECT hil_events_since(0, 10001)$$);
CALL refused($$SELECT hil_events_since(0, NULL)$$);
\set ECHO none
