-- :conversations conversations that nobody has written to yet.
INSERT INTO hil.conversations (id) SELECT gen_random_uuid() FROM generate_series(1, :conversations);
