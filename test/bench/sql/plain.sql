-- Tables with hil's own columns, checks and indexes but no trigger, and the same conversations and agents, for the same rows
-- written by plain SQL.
CREATE SCHEMA plain;
CREATE TABLE plain.conversations (LIKE hil.conversations INCLUDING ALL);
CREATE TABLE plain.messages (LIKE hil.messages INCLUDING ALL);
CREATE TABLE plain.runs (LIKE hil.runs INCLUDING ALL);
CREATE TABLE plain.outbox (LIKE hil.outbox INCLUDING ALL);
CREATE TABLE plain.human_agents (LIKE hil.human_agents INCLUDING ALL);
CREATE TABLE plain.handover_events (LIKE hil.handover_events INCLUDING ALL);
CREATE TABLE plain.agent_queue (LIKE hil.agent_queue INCLUDING ALL);
INSERT INTO plain.conversations (id) SELECT id FROM hil.conversations;
INSERT INTO plain.human_agents SELECT * FROM hil.human_agents;
