-- :conversations conversations that nobody has written to yet.
-- Ids as hil_create_conversation makes them: they begin with the time.
INSERT INTO hil.conversations (id)
    SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n / 100), 12, '0') || '7' || substr(md5(n::text), 1, 3)
            || '8' || substr(md5(random()::text), 1, 15))::uuid
    FROM generate_series(1, :conversations) n;
