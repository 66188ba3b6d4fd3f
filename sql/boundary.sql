\set ECHO none
-- The boundary between C++ and Postgres: whatever goes wrong on either side, the caller sees a clean error that says what
-- happened, everything C++ held is destroyed, and the session goes on. The functions that go wrong are in test/boundary.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\getenv library HIL_BOUNDARY_LIB
CREATE FUNCTION boundary_fail(frames integer, how text) RETURNS void LANGUAGE c AS :'library', 'boundary_fail';
CREATE FUNCTION boundary_run(frames integer, sql text) RETURNS void LANGUAGE c AS :'library', 'boundary_run';
CREATE FUNCTION boundary_divide(by integer) RETURNS integer LANGUAGE c AS :'library', 'boundary_divide';
CREATE FUNCTION boundary_divide_stable(by integer) RETURNS integer STABLE LANGUAGE c AS :'library', 'boundary_divide';
CREATE FUNCTION boundary_nap() RETURNS void LANGUAGE c AS :'library', 'boundary_nap';
CREATE FUNCTION boundary_loop() RETURNS void LANGUAGE c AS :'library', 'boundary_loop';
CREATE FUNCTION boundary_end_session() RETURNS void LANGUAGE c AS :'library', 'boundary_end_session';
CREATE FUNCTION boundary_seen(how text) RETURNS jsonb LANGUAGE c AS :'library', 'boundary_seen';
CREATE FUNCTION boundary_try(sql text, how text) RETURNS jsonb LANGUAGE c AS :'library', 'boundary_try';
CREATE FUNCTION boundary_bad_result(how text) RETURNS jsonb LANGUAGE c AS :'library', 'boundary_bad_result';
CREATE FUNCTION boundary_rows(good integer) RETURNS TABLE (one integer, two integer) LANGUAGE c AS :'library', 'boundary_rows';
CREATE FUNCTION boundary_witnesses() RETURNS jsonb LANGUAGE c AS :'library', 'boundary_witnesses';
CREATE FUNCTION boundary_heap() RETURNS bigint LANGUAGE c AS :'library', 'boundary_heap';

-- Everything that an error says about itself.
CREATE PROCEDURE test.fields(statement text) LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text; context text;
    s text; t text; c text; d text; n text;
BEGIN
    EXECUTE statement;
    RAISE INFO 'NO ERROR';
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT, s = SCHEMA_NAME, t = TABLE_NAME,
        c = COLUMN_NAME, d = PG_DATATYPE_NAME, n = CONSTRAINT_NAME;
    RAISE INFO '% "%" detail "%" hint "%"', state, message, detail, hint;
    IF s || t || c || d || n <> '' THEN
        RAISE INFO 'schema "%" table "%" column "%" type "%" constraint "%"', s, t, c, d, n;
    END IF;
    IF context LIKE '%SQL statement "SELECT 100 / $1"%' THEN
        RAISE INFO 'the context names the statement % time(s)',
            array_length(string_to_array(context, 'SQL statement "SELECT 100 / $1"'), 1) - 1;
    END IF;
END
$$;
SELECT boundary_witnesses() \g /dev/null
\set ECHO all

-- An ERROR of Postgres, raised below five frames of C++, arrives as it was raised, in all its fields.
CALL test.fields($$SELECT boundary_fail(5, 'postgres error')$$);
-- The five frames were left in good order: what they held was destroyed.
SELECT boundary_witnesses();

-- The same at the top level, where the transaction is aborted, not a subtransaction.
SELECT boundary_fail(3, 'postgres error');
SELECT boundary_witnesses();
-- The session goes on, also with calls of hil.
SELECT 1 AS one;
SELECT hil_create_conversation(conversation(1));

-- What C++ throws, from whatever library, becomes an error. A format character in a message is a character.
CALL test.fields($$SELECT boundary_fail(5, 'throw 42')$$);
CALL test.fields($$SELECT boundary_fail(5, 'throw text')$$);
CALL test.fields($$SELECT boundary_fail(5, 'runtime_error')$$);
CALL test.fields($$SELECT boundary_fail(5, 'bad_alloc')$$);
CALL test.fields($$SELECT boundary_fail(5, 'out of memory')$$);
CALL test.fields($$SELECT boundary_fail(5, 'palloc')$$);
SELECT boundary_witnesses();

-- A refusal has the SQLSTATE of its reason.
CALL test.fields($$SELECT boundary_fail(1, 'invalid_argument')$$);
CALL test.fields($$SELECT boundary_fail(1, 'not_found')$$);
CALL test.fields($$SELECT boundary_fail(1, 'wrong_state')$$);
CALL test.fields($$SELECT boundary_fail(1, 'not_allowed')$$);
-- Nothing of an earlier error remains in a later one.
CALL test.fields($$SELECT boundary_fail(1, 'no detail')$$);
SELECT boundary_fail(1, 'no detail');

-- An error inside a statement that C++ runs says which one, once.
CALL test.fields($$SELECT boundary_fail(4, 'statement')$$);
\set SHOW_CONTEXT always
SELECT boundary_fail(4, 'statement');
\set SHOW_CONTEXT never
-- The kept plan is good for the next call.
SELECT boundary_divide(0);
SELECT boundary_divide(5);
CALL test.fields($$SELECT boundary_divide(0)$$);
SELECT boundary_divide(4);
-- C++ itself can read the error.
CALL test.fields($$SELECT boundary_seen('statement')$$);
CALL test.fields($$SELECT boundary_seen('postgres error')$$);
SELECT boundary_witnesses() -> 'living' AS living;

-- Nested entry: C++ runs SQL that calls C++ that goes wrong, over a plpgsql function that catches nothing.
CREATE FUNCTION test.between(statement text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; END $$;
CALL test.fields($$SELECT boundary_run(2, 'SELECT boundary_fail(3, ''postgres error'')')$$);
CALL test.fields($$SELECT boundary_run(2, 'SELECT boundary_fail(3, ''throw 42'')')$$);
CALL test.fields($$SELECT boundary_run(2, 'SELECT boundary_fail(3, ''wrong_state'')')$$);
CALL test.fields($$SELECT boundary_run(2, 'SELECT boundary_fail(3, ''statement'')')$$);
CALL test.fields($$SELECT boundary_run(2, 'SELECT test.between(''SELECT boundary_run(2, ''''SELECT boundary_fail(3, ''''''''statement'''''''')'''')'')')$$);
SELECT boundary_witnesses();
-- Where the SQL between catches it, the C++ above never learns of it and goes on.
CREATE FUNCTION test.survive(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    RAISE INFO 'caught %', SQLERRM;
END
$$;
SELECT boundary_run(2, 'SELECT test.survive(''SELECT boundary_run(2, ''''SELECT boundary_fail(3, ''''''''statement'''''''')'''')'')') IS NULL AS went_on;
SELECT boundary_witnesses();

-- A STABLE function reads only; when it goes wrong within a VOLATILE one, that one can still write afterwards.
CREATE TABLE test.note (text text);
SELECT boundary_run(1, $$DO 'BEGIN PERFORM test.survive(''SELECT boundary_divide_stable(0)''); END'; INSERT INTO test.note VALUES ('written')$$) IS NULL AS ran;
SELECT * FROM test.note;

-- The result is made after the body; what goes wrong there is no different.
CALL test.fields($$SELECT boundary_bad_result('no json')$$);
CALL test.fields($$SELECT boundary_bad_result('no UTF-8')$$);
CALL test.fields($$SELECT boundary_rows(3)$$);

-- A statement is cancelled inside C++'s SPI, and inside C++ itself.
SET statement_timeout = '50ms';
SELECT boundary_nap();
SELECT boundary_loop();
CALL test.fields($$SELECT boundary_run(3, 'SELECT boundary_nap()')$$);
RESET statement_timeout;
SELECT boundary_witnesses() -> 'living' AS living, boundary_divide(4);

-- The administrator ends a session that is inside C++: only that session ends.
SELECT pg_postmaster_start_time() AS started \gset
\setenv PGDATABASE :DBNAME
\! psql -Xqc 'SELECT test.boundary_end_session()' 2>&1 | head -n 1
SELECT pg_postmaster_start_time() = :'started' AS the_server_goes_on;

-- hil's own functions, in one transaction that catches their errors and goes on.
BEGIN;
CALL test.refused($$SELECT hil_resolve(conversation(1), 'notes', conversation(9))$$);
CALL test.fields($$SELECT boundary_run(3, 'SELECT hil_rate(conversation(1), 3)')$$);
SELECT hil_handover(conversation(1), 'after two errors') ->> 'status' AS status;
CALL test.refused($$SELECT hil_handover(conversation(1), 'again')$$);
SELECT hil_queue_position(conversation(1));
COMMIT;
SELECT test.status(1);

-- A thousand errors of every kind leave nothing behind: no memory of Postgres's or C++'s, no connection to SPI, no witness.
CREATE PROCEDURE test.many(times integer) LANGUAGE plpgsql AS $$
DECLARE
    hows text[] := '{postgres error,statement,throw 42,runtime_error,bad_alloc,wrong_state}';
    caught integer := 0;
    connections bigint;
BEGIN
    FOR i IN 1 .. times LOOP
        BEGIN
            CASE i % 3
            WHEN 0 THEN PERFORM boundary_fail(4, hows[1 + i % 6]);
            WHEN 1 THEN PERFORM boundary_run(2, format('SELECT boundary_fail(3, %L)', hows[1 + i / 3 % 6]));
            ELSE PERFORM hil_rate(conversation(1), i);
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            caught := caught + 1;
        END;
    END LOOP;
    SELECT count(*) INTO connections FROM pg_backend_memory_contexts WHERE name = 'SPI Proc';
    IF caught <> times OR connections > 5 THEN
        RAISE INFO '% errors of %, % connections to SPI', caught, times, connections;
    END IF;
END
$$;
CREATE FUNCTION test.memory() RETURNS bigint LANGUAGE sql AS 'SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts';
-- Twice before measuring, so that every plan and cache there will be is there.
CALL test.many(300);
SELECT test.memory() > 0, boundary_heap() > 0 \g /dev/null
CALL test.many(300);
SELECT test.memory() AS memory, boundary_heap() AS heap \gset
CALL test.many(1000);
SELECT test.memory() AS memory_after, boundary_heap() AS heap_after \gset
SELECT greatest(:memory_after - :memory, 0) / 32768 AS "grown by (32 kB)", greatest(:heap_after - :heap, 0) / 32768 AS "heap grown by (32 kB)";
SELECT boundary_witnesses() -> 'living' AS living;
SELECT hil_queue_position(conversation(1));

-- Work in a subtransaction fails alone: what it did is undone, whatever went wrong, and its caller goes on.
CREATE TABLE tried (what text);
SELECT boundary_try('INSERT INTO tried VALUES (''kept'')', 'not at all');
SELECT how, boundary_try(format('INSERT INTO tried VALUES (%L)', how), how) FROM
    unnest('{postgres error,statement,throw 42,runtime_error,out of memory,wrong_state}'::text[]) how;
SELECT boundary_try('SELECT boundary_try(''INSERT INTO tried VALUES (''''inner'''')'', ''not at all'')', 'throw 42');
SELECT boundary_try('SELECT boundary_try(''INSERT INTO tried VALUES (''''inner'''')'', ''throw 42'')', 'not at all');
SELECT * FROM tried;
-- It leaves nothing behind in memory either.
SELECT count(boundary_try('SELECT 1', 'throw 42')), count(boundary_try('SELECT 1', 'statement')) FROM generate_series(1, 300);
SELECT boundary_heap() AS heap \gset
SELECT count(boundary_try('SELECT 1', 'throw 42')), count(boundary_try('SELECT 1', 'statement')) FROM generate_series(1, 3000);
SELECT greatest(boundary_heap() - :heap, 0) / 32768 AS "heap grown by (32 kB)";

-- A cancel is not caught: it is for all of the statement.
SET statement_timeout = '50ms';
SELECT boundary_try('INSERT INTO tried VALUES (''cancelled'')', 'not at all'), boundary_try('SELECT pg_sleep(600)', 'not at all');
RESET statement_timeout;
SELECT * FROM tried;
SELECT boundary_witnesses() -> 'living' AS living;

-- The same a thousand times in one transaction, which then commits what it did.
BEGIN;
CALL test.many(1000);
SELECT hil_cancel(conversation(1)) ->> 'status' AS status;
COMMIT;
SELECT test.status(1);
