-- The tables that a customer's message touches, with hil's own columns, checks and indexes but no trigger, for the same
-- rows written by plain SQL.
CREATE SCHEMA plain;
CREATE TABLE plain.conversations (LIKE hil.conversations INCLUDING ALL);
CREATE TABLE plain.messages (LIKE hil.messages INCLUDING ALL);
CREATE TABLE plain.runs (LIKE hil.runs INCLUDING ALL);
CREATE TABLE plain.outbox (LIKE hil.outbox INCLUDING ALL);
INSERT INTO plain.conversations (id) SELECT id FROM hil.conversations;
