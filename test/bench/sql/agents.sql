-- A database of hil's with :agents agents online, all free: each has the skill common and one of 200 pairs of a topic and a
-- language, and 10 of them, spread evenly, have the skill rare. :conversations conversations are there to be handed over.
CREATE EXTENSION hil;
SELECT hil_set_agent_status(
    hil_add_agent('Agent ' || n, n || '@example.com',
                  ARRAY['common', 't' || n % 20, 'l' || n / 20 % 10] ||
                  CASE WHEN n % (:agents / 10) = 0 THEN ARRAY['rare'] ELSE '{}' END, 1000), 'online')
    FROM generate_series(1, :agents) n;
INSERT INTO hil.conversations (id) SELECT gen_random_uuid() FROM generate_series(1, :conversations);
