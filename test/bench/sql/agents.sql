-- A database of hil's with :agents agents online, all free: each has the skill common and one of 200 pairs of a topic and a
-- language, and 10 of them, each of another
-- pair, have the skill rare. :conversations conversations are there to be handed
-- over.
CREATE EXTENSION hil;
SELECT hil_set_agent_status(
    hil_add_agent('Agent ' || n, n || '@example.com',
                  ARRAY['common', 't' || n % 20, 'l' || n / 20 % 10] ||
                  CASE WHEN n % tenth = n / tenth * 21 % tenth THEN ARRAY['rare'] ELSE '{}' END, 1000), 'online')
    FROM generate_series(0, :agents - 1) n, (SELECT :agents / 10 AS tenth) t;
-- Ids as hil_create_conversation makes them: they begin with the time.
INSERT INTO hil.conversations (id)
    SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n / 100), 12, '0') || '7' || substr(md5(n::text), 1, 3)
            || '8' || substr(md5(random()::text), 1, 15))::uuid
    FROM generate_series(1, :conversations) n;
