-- Ten events, relayed and announced, of each of the :closed conversations.
INSERT INTO hil.events (seq, conversation_id, type, payload, announced, at)
    SELECT seen + 10 * (n - 1) + k, id, 'message', payload, true, at
    FROM (SELECT coalesce(max(seq), 0) AS seen FROM hil.events) e, generate_series(1, :closed) n,
         LATERAL (SELECT id, bench.moment(n) AS at,
                         ('{"type": "message", "message_id": 1234567, "sender_type": "user", "conversation_id": "' || id ||
                          '", "timestamp": "2026-01-01T12:00:00.000000Z"}')::jsonb AS payload
                  FROM (SELECT bench.closed(n) AS id OFFSET 0) i OFFSET 0) c,
         generate_series(1, 10) k;
DELETE FROM hil.announced_through;
INSERT INTO hil.announced_through SELECT max(seq) FROM hil.events;
