\set ECHO none
-- Matching: which agent an entry finds, which entry an agent takes, and that neither reads what does not matter.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
-- What statements of this transaction have read so far of the tables that matching goes by: rows and index entries.
CREATE FUNCTION test.rows_read() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
    WHERE schemaname = 'hil' AND relname IN ('human_agents', 'agent_queue', 'skill_covers', 'skill_profiles', 'skill_sets', 'conversations')
$$;
CREATE FUNCTION test.reason(number integer) RETURNS TABLE (name text, eligible boolean, reason text) LANGUAGE sql AS $$
    SELECT name, eligible, regexp_replace(reason, '\d{4}-\S+ \S+\d', 'TIME', 'g') FROM hil_explain_assignment(conversation(number))
$$;
CREATE FUNCTION test.agent_of(number integer) RETURNS text LANGUAGE sql AS $$
    SELECT name_of(assigned_agent_id) FROM hil.conversations WHERE id = conversation(number)
$$;
-- Lets the time since an agent's last sign of life and assignment be so long.
CREATE PROCEDURE test.idle(called text, active interval, assigned interval DEFAULT NULL) LANGUAGE sql AS $$
    UPDATE hil.human_agents SET last_active = now() - active, last_assigned_at = now() - assigned,
        rank = CASE ranked_by WHEN 2 THEN coalesce(extract(epoch FROM now() - assigned), 0)::double precision ELSE rank END
    WHERE name = called
$$;
\set ECHO all
\pset tuples_only on

-- Required sets and agents' profiles are numbers, and which covers which is known beforehand, whichever came first.
SELECT hand_over(1, '{b,a,general}'), hand_over(2, '{a}'), hand_over(3, '{general}'), hand_over(4);
CALL add_agent('Ann', '{a,b,general}', 0);
CALL add_agent('Bob', '{a}', 0);
CALL add_agent('Bea', '{a}', 0);
SELECT hand_over(5, '{c}'), hand_over(6, '{a,b}');
CALL add_agent('Cleo', '{c,b,a}', 0);
SELECT p.skills, array_agg(s.skills::text ORDER BY s.id) FROM hil.skill_covers c JOIN hil.skill_profiles p ON p.id = c.profile_id
    JOIN hil.skill_sets s ON s.id = c.skill_set_id GROUP BY p.id ORDER BY p.id;
-- Which skill everybody has is no part of it, and can be changed while nobody waits for it.
SELECT hil_cancel(conversation(c)) ->> 'status' FROM generate_series(1, 6) c;
SET hil.general_skill = 'a';
SELECT hand_over(7, '{a}');
SELECT skill_set_id FROM hil.agent_queue WHERE conversation_id = conversation(7);
CALL add_agent('Dan', '{}');
SELECT status(7);
RESET hil.general_skill;
SELECT check_name FROM hil_doctor() WHERE NOT ok;
DELETE FROM hil.human_agents WHERE name <> 'Dan';

-- hil.assignment_order: the fewest conversations,
UPDATE hil.human_agents SET status = 'away';
CALL add_agent('Eve', max_capacity => 2);
CALL add_agent('Fay', max_capacity => 10);
CALL add_agent('Gus', max_capacity => 10);
CALL idle('Eve', '3 minutes');
CALL idle('Fay', '2 minutes');
CALL idle('Gus', '1 minute');
SELECT hand_over(10 + c), agent_of(10 + c) FROM generate_series(1, 6) c;
SELECT name, current_load, rank, ranked_by FROM hil.human_agents WHERE status = 'online' ORDER BY name;
-- the smallest share of the capacity: whoever was ranked before is ranked anew by the next round,
SET hil.assignment_order = least_utilized;
SELECT hil_tick() -> 'ranked';
SELECT name, current_load, rank, ranked_by FROM hil.human_agents WHERE status = 'online' ORDER BY name;
SELECT hil_set_agent_capacity(agent('Eve'), 4) ->> 'current_load', hil_set_agent_capacity(agent('Gus'), 20) ->> 'current_load';
SELECT hand_over(20 + c), agent_of(20 + c) FROM generate_series(1, 4) c;
SELECT name, current_load, rank, ranked_by FROM hil.human_agents WHERE status = 'online' ORDER BY name;
-- the longest time without a new one, those first who never got any.
SET hil.assignment_order = longest_idle;
SELECT hil_tick() -> 'ranked';
CALL add_agent('Hal');
CALL idle('Eve', '1 minute', '3 minutes');
CALL idle('Fay', '2 minutes', '1 hour');
CALL idle('Gus', '3 minutes', '20 minutes');
SELECT hand_over(30 + c), agent_of(30 + c) FROM generate_series(1, 4) c;
SELECT name, rank = extract(epoch FROM last_assigned_at)::double precision, ranked_by FROM hil.human_agents WHERE status = 'online' ORDER BY name;
-- Giving one back changes nothing in this order, and everything in the first.
SELECT hil_resolve(conversation(31), 'done', agent('Hal')) ->> 'status';
SELECT rank = extract(epoch FROM last_assigned_at)::double precision FROM hil.human_agents WHERE name = 'Hal';
RESET hil.assignment_order;
SELECT hil_tick() -> 'ranked';
SELECT hil_tick() -> 'ranked';
SELECT name, current_load, rank FROM hil.human_agents WHERE status = 'online' ORDER BY name;
SELECT check_name FROM hil_doctor() WHERE NOT ok;
SET hil.assignment_order = whoever;

-- Of many agents, one who can do it is found wherever they stand: here behind 500 who have nothing to do.
UPDATE hil.human_agents SET status = 'away';
CALL add_agent('Ira', '{rare,common}');
CALL idle('Ira', '1 hour');
SELECT hand_over(41, '{rare}');
SELECT hil_add_agent('Agent ' || n, n || '@example.com', ARRAY['common', 's' || n % 50]) IS NULL FROM generate_series(1, 500) n \g /dev/null
UPDATE hil.human_agents SET status = 'online' WHERE name LIKE 'Agent %';
ANALYZE hil.human_agents, hil.skill_covers, hil.skill_sets, hil.skill_profiles;
SELECT hand_over(42, '{rare}'), hand_over(43, '{rare,common}');
-- The best of those who can: the least load, whatever else they are able to do.
CALL add_agent('Jo', '{rare,x}');
CALL add_agent('Kim', '{rare,y}');
CALL idle('Jo', '2 hours');
CALL idle('Kim', '1 hour');
SELECT hand_over(43 + c, '{rare}'), agent_of(43 + c) FROM generate_series(1, 4) c;
-- Not those who declined, nor those without a free slot; then nobody.
SELECT hil_decline(conversation(44), agent(agent_of(44))) ->> 'agent_name', hil_decline(conversation(44), agent(agent_of(44))) ->> 'agent_name',
       hil_decline(conversation(44), agent(agent_of(44))) ->> 'status';
SELECT * FROM reason(44) WHERE name IN ('Ira', 'Jo', 'Kim') ORDER BY name;
-- A skill that nobody has.
SELECT hand_over(48, '{unheard of}');
SELECT count(*) FILTER (WHERE eligible), count(*) FROM reason(48);

-- Finding one costs the same for all of them, common and rare, and does not read the agents who cannot.
SELECT hand_over(51, '{common}'), hand_over(52, '{rare}');
BEGIN; SELECT rows_read() AS before \gset
SELECT hand_over(53, '{common}') LIKE 'Agent %';
SELECT rows_read() - :before < 100 AS few; COMMIT;
BEGIN; SELECT rows_read() AS before \gset
SELECT hand_over(54, '{rare}');
SELECT rows_read() - :before < 100 AS few; COMMIT;

-- A freed agent takes the first entry, by priority and ticket, among the sets that they cover, however many others wait before it,
UPDATE hil.human_agents SET status = 'away';
SELECT hand_over(100 + n, ARRAY['other', 'o' || n % 20], 1) IS NULL FROM generate_series(1, 2000) n \g /dev/null
SELECT hand_over(61, '{common}', 6), hand_over(62, '{rare}', 5), hand_over(63, '{common,rare}', 5), hand_over(64, NULL, 4), hand_over(65, '{rare}', 4);
ANALYZE hil.agent_queue, hil.conversations, hil.skill_covers;
SELECT hil_set_agent_capacity(agent('Ira'), 0) ->> 'status', hil_set_agent_status(agent('Ira'), 'online') ->> 'assigned';
SELECT id AS ira, current_load + 1 AS capacity FROM hil.human_agents WHERE name = 'Ira' \gset
BEGIN; SELECT rows_read() AS before \gset
SELECT hil_set_agent_capacity(:'ira', :capacity) ->> 'assigned';
SELECT rows_read() - :before < 100 AS few; COMMIT;
SELECT hil_set_agent_capacity(agent('Ira'), current_load + 3) ->> 'assigned' FROM hil.human_agents WHERE name = 'Ira';
-- leaving out what they declined.
SELECT hil_decline(conversation(62), agent('Ira')) -> 'assigned';
SELECT status(62), status(61), status(44);

-- What two transactions missed is found set by set, so that nobody waits behind thousands for whom nobody is free, or who were
-- declined by those who are. By hand, since one transaction misses nothing.
SELECT count(*) FROM hil.agent_queue WHERE status = 'pending' AND priority = 1;
CALL add_agent('Lea', '{rare}', status => 'offline');
UPDATE hil.agent_queue SET declined_by = ARRAY[agent('Lea')] WHERE conversation_id IN (conversation(62), conversation(44));
SELECT hand_over(71, '{rare}', 9), hand_over(72, '{rare}', 7);
UPDATE hil.human_agents SET status = 'online', max_capacity = 2 WHERE name = 'Lea';
SELECT check_name FROM hil_doctor() WHERE NOT ok;
SELECT tick();
SELECT status(71), status(72), status(62), status(44);
SELECT check_name FROM hil_doctor() WHERE NOT ok;
-- With nothing to do a round reads next to nothing, although 2,000 wait and others are free.
SELECT hil_set_agent_capacity(agent('Kim'), 20) ->> 'status', hil_set_agent_status(agent('Kim'), 'online') - 'agent_id' - 'current_load';
SELECT tick();
BEGIN; SELECT rows_read() AS before \gset
SELECT tick();
SELECT rows_read() - :before < 100 AS few; COMMIT;

-- Why: all that keeps an agent from it, in one sentence; first those who could have it, in the order in which they would get it.
UPDATE hil.human_agents SET status = 'away' WHERE status = 'online';
DELETE FROM hil.human_agents WHERE name LIKE 'Agent %' AND current_load = 0;
SELECT hand_over(81, '{rare,x}'), hil_set_agent_status(agent('Kim'), 'offline') ->> 'status';
CALL add_agent('Moe', '{rare,x}', 3, status => 'offline');
CALL add_agent('Ned', '{x,rare}', 1, status => 'offline');
CALL add_agent('Oda', '{rare,x}', 2, status => 'offline');
CALL add_agent('Pat', '{x}', 0, status => 'offline');
UPDATE hil.human_agents SET status = 'online', last_active = now() - CASE name WHEN 'Moe' THEN interval '1 minute' ELSE '2 minutes' END WHERE name IN ('Moe', 'Ned', 'Oda');
UPDATE hil.agent_queue SET previous_agent_id = agent('Oda'), declined_by = ARRAY[agent('Pat')] WHERE conversation_id = conversation(81);
SELECT * FROM reason(81) WHERE name IN ('Kim', 'Jo', 'Moe', 'Ned', 'Oda', 'Pat');
SELECT tick();
SELECT status(81);
SET hil.assignment_order = longest_idle;
SELECT hand_over(82, '{rare,x}');
SELECT * FROM reason(48) WHERE name IN ('Kim', 'Moe', 'Ned');
RESET hil.assignment_order;
SELECT check_name, detail FROM hil_doctor() WHERE NOT ok;
