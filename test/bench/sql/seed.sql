-- The tables, indexes and foreign keys that the first sketch of hil had, in the schema :schema, with the same
-- conversations and agents as hil's own. (Its partial unique constraint was no SQL; here it is a unique index.)
CREATE SCHEMA :schema;
SET search_path = :schema;

CREATE TABLE human_agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    status text NOT NULL CHECK (status IN ('online', 'away', 'offline')),
    skills text[] DEFAULT '{}',
    current_load int DEFAULT 0,
    max_capacity int DEFAULT 5,
    last_active timestamptz DEFAULT now(),
    created_at timestamptz DEFAULT now()
);
CREATE INDEX idx_human_agents_status ON human_agents (status);
CREATE INDEX idx_human_agents_skills ON human_agents USING gin (skills);

CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    status text NOT NULL DEFAULT 'new',
    is_hil boolean DEFAULT false,
    hil_reason text,
    assigned_agent_id uuid REFERENCES human_agents (id),
    handover_context jsonb,
    confidence_score float,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    closed_at timestamptz
);

CREATE TABLE handover_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    from_type text NOT NULL CHECK (from_type IN ('ai', 'human')),
    to_type text NOT NULL CHECK (to_type IN ('ai', 'human')),
    reason text NOT NULL,
    context jsonb,
    agent_id uuid REFERENCES human_agents (id),
    created_at timestamptz DEFAULT now()
);
CREATE INDEX idx_handover_conversation ON handover_events (conversation_id);
CREATE INDEX idx_handover_created ON handover_events (created_at DESC);

CREATE TABLE agent_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    priority int DEFAULT 5,
    required_skills text[] DEFAULT '{}',
    context jsonb,
    assigned_to uuid REFERENCES human_agents (id),
    assigned_at timestamptz,
    status text NOT NULL CHECK (status IN ('pending', 'assigned', 'completed', 'cancelled')),
    created_at timestamptz DEFAULT now()
);
CREATE UNIQUE INDEX unique_active_queue ON agent_queue (conversation_id) WHERE status IN ('pending', 'assigned');
CREATE INDEX idx_queue_status ON agent_queue (status, priority, created_at);
CREATE INDEX idx_queue_assigned ON agent_queue (assigned_to) WHERE status = 'assigned';

INSERT INTO human_agents (id, name, email, status, skills, max_capacity)
    SELECT id, name, email, status, skills, max_capacity FROM hil.human_agents;
INSERT INTO conversations (id) SELECT id FROM hil.conversations;
