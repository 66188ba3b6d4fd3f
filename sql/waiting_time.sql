\set ECHO none
-- How long it takes until an agent comes: the mean interval between takes of the same skill set, for each entry before and for itself.
-- Time is moved by changing the timestamps, never by waiting.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
-- So much time passes for everybody who waits, and since the last take.
CREATE PROCEDURE test.pass(span interval) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hil.conversations SET status_since = status_since - span WHERE status = 'pending_human';
    UPDATE hil.queue_count_deltas SET taken_at = taken_at - span;
    UPDATE hil.skill_set_paces SET taken_at = taken_at - span;
END
$$;
-- One slot more for an agent, who takes the next; then the counts are folded.
CREATE PROCEDURE test.take_next(called text) LANGUAGE sql AS $$
    SELECT hil_set_agent_capacity(agent(called), max_capacity + 1) FROM hil.human_agents WHERE name = called;
    SELECT hil_tick();
$$;
CREATE FUNCTION test.wait(number integer) RETURNS interval LANGUAGE sql STABLE RETURN date_trunc('minute', hil_estimated_wait(conversation(number)) + '30 s');
CREATE VIEW test.pace AS SELECT s.skills, p.takes, round((p.seconds / p.weight)::numeric, -1) AS mean_interval FROM hil.skill_set_paces p JOIN hil.skill_sets s ON s.id = p.skill_set_id ORDER BY 1;
\set ECHO all
\pset tuples_only on
CALL add_agent('Ann', '{slow}', 0);
SELECT hand_over(c, '{slow}') FROM generate_series(1, 9) c;
-- Nothing is known before three were taken.
SELECT wait(4);
-- The first had waited 10 minutes; the next two were taken 4 and 7 minutes after: 7 minutes on average, the later ones counting a little more.
CALL pass('10 min'); CALL take_next('Ann');
CALL pass('4 min'); CALL take_next('Ann');
SELECT wait(4);
CALL pass('7 min'); CALL take_next('Ann');
SELECT * FROM pace;
SELECT c, wait(c) FROM generate_series(3, 6) c;
-- Customers are told, in seconds; who does not wait, is not.
SELECT round((hil_handle_message(conversation(5), 'How long?') ->> 'estimated_wait_seconds')::numeric, -2);
CALL refused($$SELECT hil_estimated_wait(conversation(99))$$);
-- More urgent ones with the same skills count, others do not.
SELECT hand_over(11, '{slow}', 1), hand_over(12, '{other}', 1);
SELECT c, wait(c) FROM unnest('{11,4}'::int[]) c;
SELECT wait(12);
-- The same before and after folding, and within the transaction that changed it.
SELECT hil_tick() IS NOT NULL;
SELECT wait(4);
BEGIN; SELECT hil_cancel(conversation(11)) ->> 'status'; SELECT wait(4); ROLLBACK;
-- A night in which nobody waited does not slow the pace: an interval counts only as far as the entry waited.
SELECT hil_cancel(conversation(c)) ->> 'status' FROM unnest('{4,5,6,7,8,9,11}'::int[]) c;
CALL pass('14 hours');
SELECT hand_over(c, '{slow}') FROM generate_series(21, 24) c;
CALL pass('6 min'); CALL take_next('Ann');
SELECT * FROM pace;
-- A night in which they did wait counts for eight times the mean, so that it does not spoil the morning.
CALL pass('10 hours'); CALL take_next('Ann');
SELECT * FROM pace;
-- Who is taken at once (25), or passed on from agent to agent (22), has not waited: no take. The two who wait (23 and 24) are taken.
CALL add_agent('Bea', '{slow}', 9, status => 'away');
SELECT hil_transfer(conversation(22), agent('Ann'), 'shift', agent('Bea')) ->> 'status' FROM hil_set_agent_status(agent('Bea'), 'online');
SELECT status(22), status(23), status(24), hand_over(25, '{slow}');
SELECT hil_tick() IS NOT NULL;
SELECT * FROM pace;
-- In a long queue the place among those with the same skills is told from the place among all: the last three of these five. Two of three
-- need bulk, so their places are 1, 2, 101, 201 and 260; one is taken every minute.
SELECT count(hand_over(1000 + n, CASE WHEN n % 3 = 0 THEN '{rest}' ELSE '{bulk}' END::text[])) FROM generate_series(1, 390) n;
INSERT INTO hil.skill_set_paces SELECT id, 3, 3, 180, now() FROM hil.skill_sets WHERE skills = '{bulk}';
SELECT hil_tick() IS NOT NULL;
SELECT n, round(extract(epoch FROM hil_estimated_wait(conversation(1000 + n))) / 60) AS place FROM unnest('{1,2,151,301,389}'::int[]) n;
-- More urgent ones of theirs come before all of them, those of others do not.
SELECT count(hand_over(2000 + n, '{bulk}', 2)) FROM generate_series(1, 7) n;
SELECT count(hand_over(3000 + n, '{rest}', 2)) FROM generate_series(1, 50) n;
SELECT n, round(extract(epoch FROM hil_estimated_wait(conversation(1000 + n))) / 60) AS place FROM unnest('{1,2,151,301,389}'::int[]) n;
SELECT hil_tick() IS NOT NULL;
SELECT n, round(extract(epoch FROM hil_estimated_wait(conversation(1000 + n))) / 60) AS place FROM unnest('{1,2,151,301,389}'::int[]) n;
