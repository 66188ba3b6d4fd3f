-- The conversations of history.sql and history_events.sql, which run side by side: their ids, which lie between all others,
-- and when they were closed.
CREATE FUNCTION bench.closed(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex(n * (4294967295 / :closed)), 8, '0') || substr(md5('closed ' || n), 9))::uuid;
CREATE FUNCTION bench.moment(n integer) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN now() - interval '1 hour' * (1 - n::float / :closed);
