-- hil 0.1. Tables live in the schema hil and are private; the functions hil_* are the interface and are created in the
-- schema that CREATE EXTENSION names.
\echo Use "CREATE EXTENSION hil" to load this file. \quit

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'hil needs a database in UTF8, this one is in %', pg_catalog.getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;

-- A plain CREATE SCHEMA refuses a schema that somebody made beforehand and would go on owning.
CREATE SCHEMA hil;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables. Only the functions write them, each under the lock of the conversation that it changes. There are no foreign
-- keys between them: the functions never delete an agent, hil_purge removes a conversation with all its rows, hil_doctor
-- looks for orphans, and checks of keys are, beside indexes, what small writes like a handover's cost most.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE hil.conversations (
    id uuid PRIMARY KEY,
    status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'ai_processing', 'finished', 'handover',
        'pending_human', 'human_active', 'resolved', 'back_to_ai')),
    is_hil boolean NOT NULL DEFAULT false,
    hil_reason text,
    assigned_agent_id uuid,
    last_agent_id uuid,
    handover_context jsonb,
    confidence_score double precision,
    workflow text,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    consecutive_errors integer NOT NULL DEFAULT 0 CHECK (consecutive_errors >= 0),
    handover_count integer NOT NULL DEFAULT 0 CHECK (handover_count >= 0),
    answered_through bigint NOT NULL DEFAULT 0,
    status_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    ai_time interval NOT NULL DEFAULT '0',
    wait_time interval NOT NULL DEFAULT '0',
    human_time interval NOT NULL DEFAULT '0',
    human_cost_usd numeric NOT NULL DEFAULT 0,
    episodes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(episodes) = 'array'),
    resolution_notes text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz
);
CREATE INDEX conversations_closed ON hil.conversations (closed_at) WHERE closed_at IS NOT NULL;
COMMENT ON TABLE hil.conversations IS 'One row per conversation. Its row lock is taken first by whatever changes the conversation.';
COMMENT ON COLUMN hil.conversations.status IS 'State of the conversation; changes only along the edges of the state machine (SQLSTATE 55000 otherwise, also for its owner).';
COMMENT ON COLUMN hil.conversations.is_hil IS 'True while people have the conversation: pending_human and human_active.';
COMMENT ON COLUMN hil.conversations.hil_reason IS 'Why it was last handed over, short and clean.';
COMMENT ON COLUMN hil.conversations.assigned_agent_id IS 'The human agent who has it now, NULL unless human_active.';
COMMENT ON COLUMN hil.conversations.last_agent_id IS 'The human agent who had it last; preferred at the next handover.';
COMMENT ON COLUMN hil.conversations.handover_context IS 'What the last handover told the human agent.';
COMMENT ON COLUMN hil.conversations.confidence_score IS 'The last confidence that a step of the workflow reported, usually 0 to 1.';
COMMENT ON COLUMN hil.conversations.workflow IS 'Name of the workflow that answers; NULL until the first run needs one.';
COMMENT ON COLUMN hil.conversations.metadata IS 'The caller''s own data; hil stores it and hands it to the workflow.';
COMMENT ON COLUMN hil.conversations.consecutive_errors IS 'Failed attempts of runs since the last one that succeeded.';
COMMENT ON COLUMN hil.conversations.handover_count IS 'How often the AI handed over to people.';
COMMENT ON COLUMN hil.conversations.answered_through IS 'Id of the last message that has been answered; later customer messages are the next run''s customer_message.';
COMMENT ON COLUMN hil.conversations.status_since IS 'When the present state began.';
COMMENT ON COLUMN hil.conversations.ai_time IS 'Time spent in ai_processing, without the present state.';
COMMENT ON COLUMN hil.conversations.wait_time IS 'Time spent waiting for a human agent, without the present state.';
COMMENT ON COLUMN hil.conversations.human_time IS 'Time spent with human agents, without the present state.';
COMMENT ON COLUMN hil.conversations.human_cost_usd IS 'Time with human agents at their hourly rates, in US dollars.';
COMMENT ON COLUMN hil.conversations.episodes IS 'How the last ten episodes ended (at, status, agent, notes, handovers); what memory_context is made of.';
COMMENT ON COLUMN hil.conversations.resolution_notes IS 'What the agent wrote when resolving it last.';
COMMENT ON COLUMN hil.conversations.created_at IS 'When the conversation began.';
COMMENT ON COLUMN hil.conversations.updated_at IS 'When the row changed last.';
COMMENT ON COLUMN hil.conversations.closed_at IS 'When it was finished or resolved; NULL while open, also after it was reopened.';

CREATE TABLE hil.messages (
    conversation_id uuid NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    sender_type text NOT NULL CHECK (sender_type IN ('user', 'ai', 'agent', 'system')),
    agent_id uuid,
    run_id bigint,
    content text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    idempotency_key text,
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, id)
);
CREATE UNIQUE INDEX messages_idempotency_key ON hil.messages (conversation_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
COMMENT ON TABLE hil.messages IS 'What was said. Texts never change.';
COMMENT ON COLUMN hil.messages.id IS 'Rises within a conversation in the order in which its messages were stored.';
COMMENT ON COLUMN hil.messages.sender_type IS 'user: the customer; ai: the workflow; agent: a human agent; system: a notice of hil to the customer.';
COMMENT ON COLUMN hil.messages.agent_id IS 'The human agent who wrote it, for sender_type agent.';
COMMENT ON COLUMN hil.messages.run_id IS 'The run that wrote it, for sender_type ai.';
COMMENT ON COLUMN hil.messages.content IS 'The text. Of customers and human agents at most hil.max_message_bytes bytes, of the AI at most 1 MB.';
COMMENT ON COLUMN hil.messages.metadata IS 'The caller''s own data.';
COMMENT ON COLUMN hil.messages.idempotency_key IS 'The caller''s key; a second call with it stores nothing and returns answer.';
COMMENT ON COLUMN hil.messages.answer IS 'What hil_handle_message returned, kept where an idempotency_key came along.';
COMMENT ON COLUMN hil.messages.created_at IS 'When it was stored.';

CREATE TABLE hil.human_agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    status text NOT NULL DEFAULT 'offline' CHECK (status IN ('online', 'away', 'offline')),
    status_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    skills text[] NOT NULL DEFAULT '{}',
    profile_id integer NOT NULL,
    current_load integer NOT NULL DEFAULT 0 CHECK (current_load >= 0),
    max_capacity integer NOT NULL DEFAULT 5 CHECK (max_capacity >= 0),
    hourly_rate_usd numeric CHECK (hourly_rate_usd >= 0::numeric),
    db_role name,
    last_active timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_assigned_at timestamptz,
    rank double precision NOT NULL DEFAULT 0,
    ranked_by integer NOT NULL DEFAULT 0,
    capacity_set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX human_agents_free ON hil.human_agents (rank, last_active DESC)
    WHERE status = 'online' AND current_load < max_capacity;
CREATE INDEX human_agents_free_by_profile ON hil.human_agents (profile_id, rank, last_active DESC)
    WHERE status = 'online' AND current_load < max_capacity;
CREATE INDEX human_agents_present ON hil.human_agents (last_active) WHERE status <> 'offline';
CREATE INDEX human_agents_gone ON hil.human_agents (status_since) WHERE status = 'offline' AND current_load > 0;
CREATE UNIQUE INDEX human_agents_db_role ON hil.human_agents (db_role) WHERE db_role IS NOT NULL;
COMMENT ON TABLE hil.human_agents IS 'The people who take over.';
COMMENT ON COLUMN hil.human_agents.status IS 'online: gets new conversations; away and offline: does not.';
COMMENT ON COLUMN hil.human_agents.status_since IS 'When the status changed last. Later than last_active where a silent agent was marked offline.';
COMMENT ON COLUMN hil.human_agents.skills IS 'What the agent can do, sorted, without duplicates; hil.general_skill is implied.';
COMMENT ON COLUMN hil.human_agents.profile_id IS 'The same set in hil.skill_profiles.';
COMMENT ON COLUMN hil.human_agents.current_load IS 'Conversations assigned to the agent now; equals its assigned queue entries.';
COMMENT ON COLUMN hil.human_agents.max_capacity IS 'Conversations the agent takes at once; lowered below the load, it keeps what it has and gets nothing new.';
COMMENT ON COLUMN hil.human_agents.hourly_rate_usd IS 'US dollars an hour, for the cost in the analytics; NULL counts as 0.';
COMMENT ON COLUMN hil.human_agents.db_role IS 'Database role of the agent; that role can act only as this agent.';
COMMENT ON COLUMN hil.human_agents.last_active IS 'Last sign of life: heartbeat, change of status, or anything that the agent did with a conversation. Written again only where a quarter of hil.agent_timeout has passed.';
COMMENT ON COLUMN hil.human_agents.last_assigned_at IS 'When the agent got a conversation last.';
COMMENT ON COLUMN hil.human_agents.rank IS 'Place among the agents who are free, by hil.assignment_order: the smallest gets the next conversation, of equals the most recently active.';
COMMENT ON COLUMN hil.human_agents.ranked_by IS 'The hil.assignment_order by which rank was made: 0 least_loaded, 1 least_utilized, 2 longest_idle.';
COMMENT ON COLUMN hil.human_agents.capacity_set_at IS 'When max_capacity was set last; an assignment above capacity after it is a fault.';

CREATE TABLE hil.handover_events (
    conversation_id uuid NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    from_type text NOT NULL CHECK (from_type IN ('ai', 'human')),
    to_type text NOT NULL CHECK (to_type IN ('ai', 'human')),
    reason text NOT NULL,
    context jsonb,
    agent_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, id)
);
COMMENT ON TABLE hil.handover_events IS 'Every hand-over: ai to human, human to ai (hand-back), human to human (transfer, decline).';
COMMENT ON COLUMN hil.handover_events.from_type IS 'Who had the conversation: ai or human.';
COMMENT ON COLUMN hil.handover_events.to_type IS 'Who gets it: ai or human.';
COMMENT ON COLUMN hil.handover_events.reason IS 'Why, short and clean.';
COMMENT ON COLUMN hil.handover_events.context IS 'What the next one is told.';
COMMENT ON COLUMN hil.handover_events.agent_id IS 'To human: the agent who took it, NULL until somebody did. To ai: the agent who gave it back, NULL for the system.';

CREATE TABLE hil.skill_sets (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    skills text[] NOT NULL,
    digest bytea NOT NULL UNIQUE
);
CREATE TABLE hil.skill_profiles (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    skills text[] NOT NULL,
    digest bytea NOT NULL UNIQUE
);
CREATE TABLE hil.skill_covers (
    profile_id integer NOT NULL,
    skill_set_id integer NOT NULL,
    PRIMARY KEY (profile_id, skill_set_id)
);
CREATE UNIQUE INDEX skill_covers_by_set ON hil.skill_covers (skill_set_id, profile_id);
-- The set of those who need nothing special, which every profile covers. Whoever adds a set or a profile updates this row
-- first, so that they do it one after the other and each sees what the other added.
INSERT INTO hil.skill_sets (id, skills, digest) OVERRIDING SYSTEM VALUE
    VALUES (0, '{}', pg_catalog.sha256(pg_catalog.convert_to('{}', 'UTF8')));
COMMENT ON TABLE hil.skill_sets IS 'Each distinct sorted set of required skills, once, without hil.general_skill. Append-only; 0 is the empty set.';
COMMENT ON COLUMN hil.skill_sets.digest IS 'SHA-256 of skills, since a set of many long skills is too large for an index.';
COMMENT ON TABLE hil.skill_profiles IS 'Each distinct sorted set of skills that an agent has or had, once. Append-only.';
COMMENT ON COLUMN hil.skill_profiles.digest IS 'SHA-256 of skills, as in hil.skill_sets.';
COMMENT ON TABLE hil.skill_covers IS 'Which profiles can do what which set requires. Complete at any time, so that matching an agent with an entry compares two numbers.';

CREATE TABLE hil.agent_queue (
    conversation_id uuid NOT NULL,
    ticket bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    priority integer NOT NULL CHECK (priority BETWEEN 1 AND 10),
    required_skills text[] NOT NULL,
    skill_set_id integer NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'assigned', 'completed', 'cancelled')),
    assigned_to uuid,
    assigned_at timestamptz,
    previous_agent_id uuid,
    declined_by uuid[] NOT NULL DEFAULT '{}',
    deadline timestamptz,
    escalation jsonb,
    escalation_step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    sla_breached_at timestamptz,
    served interval NOT NULL DEFAULT '0',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    PRIMARY KEY (conversation_id, ticket),
    CHECK (status <> 'pending' OR assigned_to IS NULL),
    CHECK (status <> 'assigned' OR (assigned_to IS NOT NULL AND assigned_at IS NOT NULL))
);
CREATE UNIQUE INDEX agent_queue_active ON hil.agent_queue (conversation_id) WHERE status IN ('pending', 'assigned');
CREATE INDEX agent_queue_waiting ON hil.agent_queue (priority, ticket) WHERE status = 'pending';
CREATE INDEX agent_queue_waiting_by_set ON hil.agent_queue (skill_set_id, priority, ticket) WHERE status = 'pending';
CREATE INDEX agent_queue_assigned ON hil.agent_queue (assigned_to) WHERE status = 'assigned';
CREATE INDEX agent_queue_escalation ON hil.agent_queue (next_step_at) WHERE status = 'pending' AND next_step_at IS NOT NULL;
COMMENT ON TABLE hil.agent_queue IS 'Conversations that wait for a human agent or are with one, and those that were. Order: priority, then ticket.';
COMMENT ON COLUMN hil.agent_queue.ticket IS 'Arrival order; kept when the entry changes its priority or returns to the queue.';
COMMENT ON COLUMN hil.agent_queue.priority IS '1 (highest) to 10.';
COMMENT ON COLUMN hil.agent_queue.required_skills IS 'Skills that an agent must all have, sorted, without duplicates.';
COMMENT ON COLUMN hil.agent_queue.skill_set_id IS 'The same set in hil.skill_sets, without hil.general_skill.';
COMMENT ON COLUMN hil.agent_queue.status IS 'pending: waits; assigned: with an agent; completed: the agent is done; cancelled: left the queue unserved.';
COMMENT ON COLUMN hil.agent_queue.assigned_to IS 'The agent who has it, or had it last; NULL while it waits.';
COMMENT ON COLUMN hil.agent_queue.assigned_at IS 'When that agent got it.';
COMMENT ON COLUMN hil.agent_queue.completed_at IS 'When it left the queue for good.';
COMMENT ON COLUMN hil.agent_queue.previous_agent_id IS 'The agent who had the conversation before; comes first if free.';
COMMENT ON COLUMN hil.agent_queue.declined_by IS 'Agents who declined or gave it away; not offered to them again.';
COMMENT ON COLUMN hil.agent_queue.deadline IS 'When the longest allowed wait (max_wait_time) is over.';
COMMENT ON COLUMN hil.agent_queue.escalation IS 'Its steps by time, as its routing rules said when it was queued: {after: seconds of waiting, priority, skills (all that are required then), notify, back_to_ai, deadline}. NULL where there are none.';
COMMENT ON COLUMN hil.agent_queue.escalation_step IS 'Escalation steps taken so far.';
COMMENT ON COLUMN hil.agent_queue.next_step_at IS 'When the next one is due; NULL where none is left.';
COMMENT ON COLUMN hil.agent_queue.sla_breached_at IS 'When the deadline was found to be missed, for the first time.';
COMMENT ON COLUMN hil.agent_queue.served IS 'Time that agents had it before it returned to the queue; it does not count as waiting.';

-- What is pending, counted, so that a position need not count it. Transactions write deltas; now and then these are folded
-- into the counts: a small tree of rows that are never changed, only replaced. So a reader finds the newest version at
-- once, however many old ones an old snapshot keeps alive.
CREATE TABLE hil.queue_count_deltas (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    priority integer NOT NULL,
    ticket bigint NOT NULL,
    skill_set_id integer NOT NULL,
    delta integer NOT NULL,
    taken_at timestamptz,
    waited interval
);
CREATE TABLE hil.queue_counts (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    waiting bigint[] NOT NULL,
    directory_ids bigint[] NOT NULL,
    low_water bigint NOT NULL,
    drawn bigint NOT NULL,
    mark bigint NOT NULL,
    mark_writers text[] NOT NULL,
    folded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE hil.queue_count_directories (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    pages bigint[] NOT NULL,
    waiting bigint[] NOT NULL,
    page_ids bigint[] NOT NULL
) WITH (toast_tuple_target = 8160);
CREATE TABLE hil.queue_count_pages (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    waiting bigint[] NOT NULL
) WITH (toast_tuple_target = 8160);
CREATE TABLE hil.skill_set_counts (
    skill_set_id integer NOT NULL,
    priority integer NOT NULL,
    waiting bigint NOT NULL,
    PRIMARY KEY (skill_set_id, priority)
) WITH (fillfactor = 50);
CREATE TABLE hil.skill_set_paces (
    skill_set_id integer PRIMARY KEY,
    takes bigint NOT NULL,
    weight double precision NOT NULL,
    seconds double precision NOT NULL,
    taken_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE hil.queue_count_deltas IS 'Changes of what is pending in hil.agent_queue, written by the transactions that made them, until they are folded into the counts.';
COMMENT ON COLUMN hil.queue_count_deltas.id IS 'Drawn by a transaction that holds a lock on this table until it ends; not in the order of commits.';
COMMENT ON COLUMN hil.queue_count_deltas.delta IS '+1: an entry with this priority, ticket and skill set waits; -1: it does no more.';
COMMENT ON COLUMN hil.queue_count_deltas.taken_at IS 'When an agent took the entry, where it had waited; NULL otherwise.';
COMMENT ON COLUMN hil.queue_count_deltas.waited IS 'How long it had waited then.';
COMMENT ON TABLE hil.queue_counts IS 'The folded counts: one row, the root of the tree; no row before the first fold.';
COMMENT ON COLUMN hil.queue_counts.waiting IS 'How many wait, by priority 1 to 10.';
COMMENT ON COLUMN hil.queue_counts.directory_ids IS 'Rows of hil.queue_count_directories, by priority; 0 where nobody waits.';
COMMENT ON COLUMN hil.queue_counts.low_water IS 'Every delta up to this id was folded or will never be seen.';
COMMENT ON COLUMN hil.queue_counts.drawn IS 'The last id of a delta that was drawn when this row was written.';
COMMENT ON COLUMN hil.queue_counts.mark IS 'The next low_water, once every transaction of mark_writers has ended.';
COMMENT ON COLUMN hil.queue_counts.mark_writers IS 'Virtual transactions that may have drawn an id up to mark and were not at their end.';
COMMENT ON COLUMN hil.queue_counts.folded_at IS 'When this row was written.';
COMMENT ON TABLE hil.queue_count_directories IS 'The pages of one priority.';
COMMENT ON COLUMN hil.queue_count_directories.pages IS 'Numbers of the pages in which somebody waits, rising: ticket / 16,384.';
COMMENT ON COLUMN hil.queue_count_directories.waiting IS 'How many wait in each of them.';
COMMENT ON COLUMN hil.queue_count_directories.page_ids IS 'Their rows in hil.queue_count_pages.';
COMMENT ON TABLE hil.queue_count_pages IS 'The counts of 16,384 tickets of one priority.';
COMMENT ON COLUMN hil.queue_count_pages.waiting IS 'How many wait in each block of 64 tickets; 256 of them.';
COMMENT ON TABLE hil.skill_set_counts IS 'How many wait by skill set and priority, without the deltas that are not folded yet.';
COMMENT ON TABLE hil.skill_set_paces IS 'How fast agents take entries of a skill set that had waited: seconds / weight is the mean interval between two takes, as far as the later entry waited in it.';
COMMENT ON COLUMN hil.skill_set_paces.takes IS 'Takes observed so far.';
COMMENT ON COLUMN hil.skill_set_paces.weight IS 'Their number, where each weighs a thirtieth less than the one after it.';
COMMENT ON COLUMN hil.skill_set_paces.seconds IS 'Their intervals, weighed alike.';
COMMENT ON COLUMN hil.skill_set_paces.taken_at IS 'The last of them.';

CREATE TABLE hil.conversation_analytics (
    conversation_id uuid PRIMARY KEY,
    total_duration_seconds integer NOT NULL,
    ai_duration_seconds integer NOT NULL,
    human_duration_seconds integer NOT NULL,
    wait_time_seconds integer NOT NULL,
    total_messages integer NOT NULL,
    ai_messages integer NOT NULL,
    human_messages integer NOT NULL,
    handover_count integer NOT NULL,
    customer_satisfaction double precision CHECK (customer_satisfaction BETWEEN 1::double precision AND 5::double precision),
    resolution_status text NOT NULL CHECK (resolution_status IN ('resolved', 'unresolved', 'escalated')),
    resolved_by uuid,
    ai_cost_usd numeric NOT NULL,
    human_cost_usd numeric NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX conversation_analytics_created ON hil.conversation_analytics (created_at DESC);
COMMENT ON TABLE hil.conversation_analytics IS 'One row per conversation that was closed, updated at each closing.';
COMMENT ON COLUMN hil.conversation_analytics.total_duration_seconds IS 'Time with the AI, waiting and with people together; time after the end does not count.';
COMMENT ON COLUMN hil.conversation_analytics.ai_duration_seconds IS 'Seconds with the AI.';
COMMENT ON COLUMN hil.conversation_analytics.human_duration_seconds IS 'Seconds with human agents.';
COMMENT ON COLUMN hil.conversation_analytics.wait_time_seconds IS 'Seconds waiting for a human agent.';
COMMENT ON COLUMN hil.conversation_analytics.total_messages IS 'Messages of customer, AI and human agents; notices of hil do not count.';
COMMENT ON COLUMN hil.conversation_analytics.ai_messages IS 'Messages of the AI.';
COMMENT ON COLUMN hil.conversation_analytics.human_messages IS 'Messages of human agents.';
COMMENT ON COLUMN hil.conversation_analytics.handover_count IS 'How often the AI handed over to people.';
COMMENT ON COLUMN hil.conversation_analytics.customer_satisfaction IS '1 to 5, by hil_rate; NULL until rated.';
COMMENT ON COLUMN hil.conversation_analytics.resolution_status IS 'How the last closing went.';
COMMENT ON COLUMN hil.conversation_analytics.resolved_by IS 'The human agent of the last closing; NULL where the AI finished it or the customer gave up.';
COMMENT ON COLUMN hil.conversation_analytics.ai_cost_usd IS 'Cost of all runs'' steps, in US dollars.';
COMMENT ON COLUMN hil.conversation_analytics.human_cost_usd IS 'Human agents'' time at their hourly rates, in US dollars.';

CREATE TABLE hil.workflows (
    name text NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    definition jsonb NOT NULL,
    source text,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, revision)
);
CREATE UNIQUE INDEX workflows_active ON hil.workflows (name) WHERE active;
COMMENT ON TABLE hil.workflows IS 'Workflows, every revision as it was loaded. Revisions never change; one of a name is active.';
COMMENT ON COLUMN hil.workflows.id IS 'Identity of this revision for caches in the server; never used twice.';
COMMENT ON COLUMN hil.workflows.definition IS 'The workflow as JSON.';
COMMENT ON COLUMN hil.workflows.source IS 'The file as its author wrote it, where the loader passed it on.';
COMMENT ON COLUMN hil.workflows.active IS 'New runs take this revision.';

CREATE TABLE hil.runs (
    conversation_id uuid NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    workflow text NOT NULL,
    revision integer NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    worker text,
    lease_until timestamptz,
    run_after timestamptz NOT NULL DEFAULT clock_timestamp(),
    input_through bigint NOT NULL DEFAULT 0,
    instructions text,
    sink text,
    result jsonb,
    error text,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cost_usd numeric NOT NULL DEFAULT 0,
    steps integer NOT NULL DEFAULT 0,
    calls integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (conversation_id, id),
    CHECK ((status = 'running') = (lease_until IS NOT NULL))
);
CREATE INDEX runs_id ON hil.runs (id);
CREATE UNIQUE INDEX runs_live ON hil.runs (conversation_id) WHERE status IN ('queued', 'running');
CREATE INDEX runs_due ON hil.runs (run_after, id) WHERE status = 'queued';
CREATE INDEX runs_leased ON hil.runs (lease_until) WHERE status = 'running';
CREATE INDEX runs_age ON hil.runs (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX runs_failed ON hil.runs (created_at) WHERE error IS NOT NULL AND status <> 'succeeded';
COMMENT ON TABLE hil.runs IS 'One execution of a workflow for a conversation; at most one is queued or running per conversation.';
COMMENT ON COLUMN hil.runs.status IS 'queued, running, succeeded, failed (handed over after errors, or without a result in time), cancelled (the conversation went another way).';
COMMENT ON COLUMN hil.runs.attempt IS 'Counts the claims; with the id it fences off a worker that lost the run.';
COMMENT ON COLUMN hil.runs.worker IS 'Who claimed it last.';
COMMENT ON COLUMN hil.runs.lease_until IS 'The worker must renew before; after it the attempt counts as failed.';
COMMENT ON COLUMN hil.runs.run_after IS 'Not claimed before this time.';
COMMENT ON COLUMN hil.runs.input_through IS 'Id of the last message that the run saw; later ones get a run of their own.';
COMMENT ON COLUMN hil.runs.instructions IS 'What the human agent told the AI when handing back.';
COMMENT ON COLUMN hil.runs.sink IS 'The sink that it reached.';
COMMENT ON COLUMN hil.runs.result IS 'What the worker reported.';
COMMENT ON COLUMN hil.runs.error IS 'The last error in full.';
COMMENT ON COLUMN hil.runs.input_tokens IS 'Tokens that it sent to models, in all attempts.';
COMMENT ON COLUMN hil.runs.output_tokens IS 'Tokens that models sent back.';
COMMENT ON COLUMN hil.runs.cost_usd IS 'What they cost, in US dollars.';
COMMENT ON COLUMN hil.runs.steps IS 'How many rows it has in hil.run_steps.';
COMMENT ON COLUMN hil.runs.calls IS 'How many it has in hil.run_calls.';

CREATE TABLE hil.run_steps (
    conversation_id uuid NOT NULL,
    run_id bigint NOT NULL,
    node text NOT NULL,
    step_number integer NOT NULL,
    attempt integer NOT NULL,
    output jsonb NOT NULL,
    usage jsonb NOT NULL,
    cost_usd numeric NOT NULL,
    duration_ms bigint NOT NULL,
    verdict text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, run_id, node)
);
COMMENT ON TABLE hil.run_steps IS 'What each node of a run put out: the checkpoints from which a retried run goes on.';
COMMENT ON COLUMN hil.run_steps.step_number IS 'Order within the run, from 1.';
COMMENT ON COLUMN hil.run_steps.usage IS 'Tokens, cost, duration and model, as the worker reported them; without the turns that are in hil.run_calls.';
COMMENT ON COLUMN hil.run_steps.cost_usd IS 'US dollars.';
COMMENT ON COLUMN hil.run_steps.duration_ms IS 'Milliseconds that the node took.';
COMMENT ON COLUMN hil.run_steps.verdict IS 'The trigger that handed the conversation over at this step; NULL: none did.';

CREATE TABLE hil.run_calls (
    conversation_id uuid NOT NULL,
    run_id bigint NOT NULL,
    node text NOT NULL,
    call integer NOT NULL CHECK (call >= 1),
    turn integer NOT NULL CHECK (turn >= 1),
    attempt integer NOT NULL,
    tool text NOT NULL,
    arguments jsonb NOT NULL,
    message jsonb,
    usage jsonb,
    result text,
    is_error boolean,
    duration_ms bigint,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (conversation_id, run_id, node, call),
    CHECK ((result IS NULL) = (finished_at IS NULL))
);
COMMENT ON TABLE hil.run_calls IS 'The calls of tools that a run''s nodes made, each written down before it is made and again when it is answered: a retried run goes on from them and repeats none that was answered.';
COMMENT ON COLUMN hil.run_calls.call IS 'Order within the node, from 1, over all attempts; part of the call''s idempotency key.';
COMMENT ON COLUMN hil.run_calls.turn IS 'Which message of the model asked for it, from 1.';
COMMENT ON COLUMN hil.run_calls.attempt IS 'The attempt in which it was written down.';
COMMENT ON COLUMN hil.run_calls.message IS 'The model''s message itself, with the first call of its turn.';
COMMENT ON COLUMN hil.run_calls.usage IS 'Tokens and cost of that turn.';
COMMENT ON COLUMN hil.run_calls.result IS 'What the model was told; NULL until the call is answered.';
COMMENT ON COLUMN hil.run_calls.is_error IS 'The call failed, and the result says how.';
COMMENT ON COLUMN hil.run_calls.duration_ms IS 'Milliseconds that the call took.';

CREATE TABLE hil.outbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid,
    agent_id uuid,
    type text NOT NULL,
    payload jsonb NOT NULL,
    announced boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE hil.events (
    seq bigint PRIMARY KEY,
    conversation_id uuid,
    agent_id uuid,
    type text NOT NULL,
    payload jsonb NOT NULL,
    announced boolean NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE hil.announced_through (
    seq bigint PRIMARY KEY
);
COMMENT ON TABLE hil.outbox IS 'What happened and is not relayed yet, written by the transaction in which it happened.';
COMMENT ON COLUMN hil.outbox.payload IS 'What the NOTIFY says: ids, never the text of a message.';
COMMENT ON COLUMN hil.outbox.announced IS 'Its transaction sent the NOTIFY itself, because no scheduler ran.';
COMMENT ON TABLE hil.events IS 'What happened, relayed: what commits later has a later seq. The newest is never purged.';
COMMENT ON COLUMN hil.events.seq IS 'Without a gap, from the oldest that is kept to the newest.';
COMMENT ON COLUMN hil.events.payload IS 'What the NOTIFY says, there together with seq.';
COMMENT ON COLUMN hil.events.announced IS 'Its transaction sent the NOTIFY itself, because no scheduler ran.';
COMMENT ON COLUMN hil.events.at IS 'When it happened.';
COMMENT ON TABLE hil.announced_through IS 'The seq up to which events are announced, in its one row. Each step inserts a row and deletes the one before: the newest is found at once, however many dead ones a long transaction keeps.';

-- A dump without these lines would leave the rows out.
SELECT pg_catalog.pg_extension_config_dump('hil.conversations', '');
SELECT pg_catalog.pg_extension_config_dump('hil.messages', '');
SELECT pg_catalog.pg_extension_config_dump('hil.messages_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.human_agents', '');
SELECT pg_catalog.pg_extension_config_dump('hil.handover_events', '');
SELECT pg_catalog.pg_extension_config_dump('hil.handover_events_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_sets', 'WHERE id <> 0');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_sets_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_profiles', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_profiles_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_covers', '');
SELECT pg_catalog.pg_extension_config_dump('hil.agent_queue', '');
SELECT pg_catalog.pg_extension_config_dump('hil.agent_queue_ticket_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_deltas', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_deltas_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_counts', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_counts_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_directories', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_directories_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_pages', '');
SELECT pg_catalog.pg_extension_config_dump('hil.queue_count_pages_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_set_counts', '');
SELECT pg_catalog.pg_extension_config_dump('hil.skill_set_paces', '');
SELECT pg_catalog.pg_extension_config_dump('hil.conversation_analytics', '');
SELECT pg_catalog.pg_extension_config_dump('hil.workflows', '');
SELECT pg_catalog.pg_extension_config_dump('hil.runs', '');
SELECT pg_catalog.pg_extension_config_dump('hil.runs_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.run_steps', '');
SELECT pg_catalog.pg_extension_config_dump('hil.run_calls', '');
SELECT pg_catalog.pg_extension_config_dump('hil.outbox', '');
SELECT pg_catalog.pg_extension_config_dump('hil.outbox_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('hil.events', '');
SELECT pg_catalog.pg_extension_config_dump('hil.announced_through', '');

CREATE FUNCTION hil.guard_conversation_status() RETURNS trigger
    AS 'MODULE_PATHNAME', 'hil_guard_conversation_status' LANGUAGE C;
COMMENT ON FUNCTION hil.guard_conversation_status() IS 'Refuses a change of status that is no edge of the state machine (55000).';
CREATE TRIGGER guard_conversation_status BEFORE UPDATE OF status ON hil.conversations
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION hil.guard_conversation_status();

CREATE VIEW hil.conversation_overview AS
    SELECT c.id AS conversation_id, c.status, c.is_hil, c.hil_reason, a.name AS agent_name, a.email AS agent_email,
           q.priority, q.required_skills, q.created_at AS queued_at, c.handover_count, c.workflow, c.status_since,
           c.created_at, c.closed_at
    FROM hil.conversations c
    LEFT JOIN hil.human_agents a ON a.id = c.assigned_agent_id
    LEFT JOIN hil.agent_queue q ON q.conversation_id = c.id AND q.status IN ('pending', 'assigned');
COMMENT ON VIEW hil.conversation_overview IS 'Every conversation with its state, its agent and its entry in the queue.';
COMMENT ON COLUMN hil.conversation_overview.agent_name IS 'The human agent who has it now.';
COMMENT ON COLUMN hil.conversation_overview.priority IS '1 (highest) to 10, while it waits for an agent or is with one.';
COMMENT ON COLUMN hil.conversation_overview.queued_at IS 'When it was queued for an agent, while it waits for one or is with one.';

-- As CREATE EXTENSION may run with any search_path, what takes more than exactly its own types is named with its schema.
CREATE VIEW hil.queue_overview AS
    SELECT s.skills AS required_skills, q.waiting, q.assigned, q.most_urgent, q.longest_wait, q.overdue, q.next_deadline,
           coalesce(a.online, 0) AS agents_online, coalesce(a.free, 0) AS free_slots
    FROM (SELECT skill_set_id, count(*) FILTER (WHERE status = 'pending') AS waiting, count(*) FILTER (WHERE status = 'assigned') AS assigned,
                 min(priority) FILTER (WHERE status = 'pending') AS most_urgent,
                 max(now() - created_at - served) FILTER (WHERE status = 'pending') AS longest_wait,
                 count(*) FILTER (WHERE status = 'pending' AND deadline <= now()) AS overdue,
                 min(deadline) FILTER (WHERE status = 'pending' AND deadline > now()) AS next_deadline
          FROM hil.agent_queue WHERE status IN ('pending', 'assigned') GROUP BY skill_set_id) q
    JOIN hil.skill_sets s ON s.id = q.skill_set_id
    LEFT JOIN (SELECT v.skill_set_id, sum(p.online) AS online, sum(p.free) AS free
               FROM (SELECT profile_id, count(*) AS online, sum(greatest(max_capacity - current_load, 0)) AS free
                     FROM hil.human_agents WHERE status = 'online' GROUP BY profile_id) p
               JOIN hil.skill_covers v ON v.profile_id = p.profile_id GROUP BY v.skill_set_id) a ON a.skill_set_id = s.id;
COMMENT ON VIEW hil.queue_overview IS 'What people have to do now: one row per set of required skills with conversations that wait for an agent or are with one.';
COMMENT ON COLUMN hil.queue_overview.required_skills IS 'The skills that an agent must all have, without hil.general_skill.';
COMMENT ON COLUMN hil.queue_overview.waiting IS 'Conversations that wait.';
COMMENT ON COLUMN hil.queue_overview.assigned IS 'Conversations that are with agents.';
COMMENT ON COLUMN hil.queue_overview.most_urgent IS 'The highest priority that waits, 1 (highest) to 10; NULL where nobody waits.';
COMMENT ON COLUMN hil.queue_overview.longest_wait IS 'Of those who wait; time with an agent before they returned to the queue does not count.';
COMMENT ON COLUMN hil.queue_overview.overdue IS 'Those who wait and whose longest allowed wait (max_wait_time) is over.';
COMMENT ON COLUMN hil.queue_overview.next_deadline IS 'When the next one becomes overdue.';
COMMENT ON COLUMN hil.queue_overview.agents_online IS 'Agents online with these skills.';
COMMENT ON COLUMN hil.queue_overview.free_slots IS 'Conversations that they could take now.';

CREATE VIEW hil.agent_board AS
    SELECT a.id AS agent_id, a.name, a.email, a.status, a.status_since, a.skills, a.current_load, a.max_capacity,
           CASE WHEN a.status = 'online' THEN greatest(a.max_capacity - a.current_load, 0) ELSE 0 END AS free_slots,
           w.awaiting_reply, w.longest_unanswered, w.longest_held, a.last_assigned_at, a.last_active
    FROM hil.human_agents a
    CROSS JOIN LATERAL (SELECT pg_catalog.count(m.since) AS awaiting_reply, max(now() - m.since) AS longest_unanswered, max(now() - q.assigned_at) AS longest_held
                        FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id
                        CROSS JOIN LATERAL (SELECT min(created_at) AS since FROM hil.messages m
                                            WHERE m.conversation_id = c.id AND m.id > c.answered_through AND m.sender_type = 'user') m
                        WHERE q.assigned_to = a.id AND q.status = 'assigned') w;
COMMENT ON VIEW hil.agent_board IS 'Every human agent and what they have in hand now.';
COMMENT ON COLUMN hil.agent_board.status_since IS 'When the status changed last.';
COMMENT ON COLUMN hil.agent_board.free_slots IS 'Conversations they could take now; 0 unless online.';
COMMENT ON COLUMN hil.agent_board.awaiting_reply IS 'Conversations in hand whose customer wrote and has no reply yet.';
COMMENT ON COLUMN hil.agent_board.longest_unanswered IS 'Since the oldest of those messages.';
COMMENT ON COLUMN hil.agent_board.longest_held IS 'Since the oldest assignment in hand.';
COMMENT ON COLUMN hil.agent_board.last_assigned_at IS 'When they got a conversation last.';
COMMENT ON COLUMN hil.agent_board.last_active IS 'Last sign of life.';

CREATE VIEW hil.run_failures AS
    SELECT r.conversation_id, r.id AS run_id, r.workflow, r.revision, r.status, r.attempt, r.error, r.worker,
           CASE WHEN r.status = 'queued' THEN r.run_after END AS next_attempt_at, r.created_at, r.finished_at,
           c.status AS conversation_status, c.hil_reason
    FROM hil.runs r JOIN hil.conversations c ON c.id = r.conversation_id
    WHERE r.error IS NOT NULL AND r.status <> 'succeeded';
COMMENT ON VIEW hil.run_failures IS 'Why the AI did not answer: every run whose last attempt ended in an error or was put back, or that had no result within hil.ai_timeout, unless a later attempt answered.';
COMMENT ON COLUMN hil.run_failures.status IS 'queued, running: it is tried again; failed: it was handed over to people; cancelled: the conversation went another way before the next attempt came to its end.';
COMMENT ON COLUMN hil.run_failures.attempt IS 'The last attempt, which is the one under way where the status is running.';
COMMENT ON COLUMN hil.run_failures.error IS 'The last error in full, or why the run was put back; where the time was over, how far the run had come, and the error before. hil-worker begins it with the node, takes its secrets out, and may quote what a model or a tool said.';
COMMENT ON COLUMN hil.run_failures.worker IS 'Who claimed it last.';
COMMENT ON COLUMN hil.run_failures.next_attempt_at IS 'Not tried again before this time; NULL unless it waits for it.';
COMMENT ON COLUMN hil.run_failures.finished_at IS 'When it failed for good or was cancelled; NULL while it goes on.';
COMMENT ON COLUMN hil.run_failures.conversation_status IS 'Where the conversation is now.';
COMMENT ON COLUMN hil.run_failures.hil_reason IS 'Why the conversation was last handed over, as its agent reads it.';

CREATE VIEW hil.sla_report AS
    SELECT day, required_skills, count(*) AS queued, count(*) FILTER (WHERE status IN ('assigned', 'completed')) AS taken,
           count(*) FILTER (WHERE status = 'cancelled') AS left_unserved, count(*) FILTER (WHERE status = 'pending') AS waiting,
           count(*) FILTER (WHERE decided) AS due, count(*) FILTER (WHERE breached) AS breached,
           round(1::numeric - count(*) FILTER (WHERE breached)::numeric / nullif(count(*) FILTER (WHERE decided), 0)::numeric, 4) AS kept,
           avg(wait) AS average_wait, max(wait) AS longest_wait
    FROM (SELECT q.created_at::date AS day, s.skills AS required_skills, q.status, b.breached,
                 q.deadline IS NOT NULL AND (b.breached OR q.status <> 'pending') AS decided,
                 coalesce(q.assigned_at, q.completed_at, now()) - q.created_at - q.served AS wait
          FROM hil.agent_queue q JOIN hil.skill_sets s ON s.id = q.skill_set_id
          CROSS JOIN LATERAL (SELECT q.sla_breached_at IS NOT NULL
                                  OR coalesce(coalesce(q.assigned_at, q.completed_at, now()) > q.deadline, false) AS breached) b) e
    GROUP BY day, required_skills;
COMMENT ON VIEW hil.sla_report IS 'How long people were waited for: one row per day (in the session''s time zone) and set of required skills, of the conversations queued on that day.';
COMMENT ON COLUMN hil.sla_report.required_skills IS 'As last required; escalation and transfer may change them.';
COMMENT ON COLUMN hil.sla_report.queued IS 'Entries into the queue, those that were assigned at once included.';
COMMENT ON COLUMN hil.sla_report.taken IS 'Those that an agent has or had to the end.';
COMMENT ON COLUMN hil.sla_report.left_unserved IS 'Those that left the queue without an agent: the customer gave up, or the AI got it back.';
COMMENT ON COLUMN hil.sla_report.waiting IS 'Those that wait still.';
COMMENT ON COLUMN hil.sla_report.due IS 'Those with a longest allowed wait (max_wait_time) for which is known whether it was kept.';
COMMENT ON COLUMN hil.sla_report.breached IS 'Those of them for which it was not.';
COMMENT ON COLUMN hil.sla_report.kept IS 'Share of those for which it was kept, 0 to 1; NULL where none is due.';
COMMENT ON COLUMN hil.sla_report.average_wait IS 'Of all of them: until the agent who has or had it took it, or it left, or now; time with earlier agents does not count.';
COMMENT ON COLUMN hil.sla_report.longest_wait IS 'The longest of these.';

CREATE VIEW hil.daily_stats AS
    SELECT day, coalesce(started, 0) AS started, coalesce(handovers, 0) AS handovers, coalesce(closed, 0) AS closed,
           coalesce(closed_by_ai, 0) AS closed_by_ai, coalesce(resolved, 0) AS resolved, coalesce(unresolved, 0) AS unresolved,
           coalesce(escalated, 0) AS escalated, average_duration, average_wait, ai_cost_usd, human_cost_usd, average_satisfaction
    FROM (SELECT created_at::date AS day, count(*) AS started FROM hil.conversations GROUP BY 1) c
    FULL JOIN (SELECT created_at::date AS day, count(*) AS handovers FROM hil.handover_events
               WHERE from_type = 'ai' AND to_type = 'human' GROUP BY 1) h USING (day)
    FULL JOIN (SELECT created_at::date AS day, count(*) AS closed, count(*) FILTER (WHERE handover_count = 0) AS closed_by_ai,
                      count(*) FILTER (WHERE resolution_status = 'resolved') AS resolved,
                      count(*) FILTER (WHERE resolution_status = 'unresolved') AS unresolved,
                      count(*) FILTER (WHERE resolution_status = 'escalated') AS escalated,
                      pg_catalog.make_interval(secs => avg(total_duration_seconds)::float8) AS average_duration,
                      pg_catalog.make_interval(secs => avg(wait_time_seconds) FILTER (WHERE handover_count > 0)::float8) AS average_wait,
                      sum(ai_cost_usd) AS ai_cost_usd, sum(human_cost_usd) AS human_cost_usd,
                      avg(customer_satisfaction) AS average_satisfaction
               FROM hil.conversation_analytics GROUP BY 1) a USING (day);
COMMENT ON VIEW hil.daily_stats IS 'One row per day (in the session''s time zone) on which something began, was handed over or was closed for the first time.';
COMMENT ON COLUMN hil.daily_stats.started IS 'Conversations begun on that day.';
COMMENT ON COLUMN hil.daily_stats.handovers IS 'Hand-overs of the AI to people on that day.';
COMMENT ON COLUMN hil.daily_stats.closed IS 'Conversations closed for the first time on that day. The columns that follow are about these, as they stood at their last closing.';
COMMENT ON COLUMN hil.daily_stats.closed_by_ai IS 'Those never handed over to people.';
COMMENT ON COLUMN hil.daily_stats.average_duration IS 'With the AI, waiting and with people together.';
COMMENT ON COLUMN hil.daily_stats.average_wait IS 'Waiting for people, of those handed over.';
COMMENT ON COLUMN hil.daily_stats.ai_cost_usd IS 'Cost of their runs, in US dollars.';
COMMENT ON COLUMN hil.daily_stats.human_cost_usd IS 'Agents'' time at their hourly rates, in US dollars.';
COMMENT ON COLUMN hil.daily_stats.average_satisfaction IS 'Of those rated, 1 to 5.';

CREATE VIEW hil.metrics AS
    SELECT 'hil_queue_waiting' AS name, pg_catalog.jsonb_build_object('priority', p::text) AS labels,
           (coalesce(root.waiting[p], 0) + coalesce(d.waiting, 0))::float8 AS value
    FROM generate_series(1, 10) p
    LEFT JOIN (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1) root ON true
    LEFT JOIN (SELECT priority, sum(delta) AS waiting FROM hil.queue_count_deltas
               WHERE id > coalesce((SELECT max(low_water) FROM hil.queue_counts), 0::bigint) GROUP BY priority) d ON d.priority = p
    UNION ALL
    SELECT 'hil_queue_longest_wait_seconds', '{}', coalesce(max(extract(epoch FROM now() - w.created_at - w.served)), 0)
    FROM generate_series(1, 10) p
    CROSS JOIN LATERAL (SELECT created_at, served FROM hil.agent_queue WHERE status = 'pending' AND priority = p ORDER BY ticket LIMIT 1) w
    UNION ALL
    SELECT 'hil_escalation_steps_due', '{}', count(*) FROM hil.agent_queue WHERE status = 'pending' AND next_step_at <= now()
    UNION ALL
    SELECT 'hil_agents', pg_catalog.jsonb_build_object('status', s), pg_catalog.count(a.id) FROM pg_catalog.unnest('{online,away,offline}'::text[]) s
    LEFT JOIN hil.human_agents a ON a.status = s GROUP BY s
    UNION ALL
    SELECT 'hil_agent_slots', pg_catalog.jsonb_build_object('state', v.state), v.slots
    FROM (SELECT coalesce(sum(current_load), 0) AS used,
                 coalesce(sum(greatest(max_capacity - current_load, 0)) FILTER (WHERE status = 'online'), 0) AS free FROM hil.human_agents) a,
    LATERAL (VALUES ('used', a.used), ('free', a.free)) v (state, slots)
    UNION ALL
    SELECT 'hil_runs', pg_catalog.jsonb_build_object('status', s), pg_catalog.count(r.id) FROM pg_catalog.unnest('{queued,running}'::text[]) s
    LEFT JOIN hil.runs r ON r.status = s AND r.status IN ('queued', 'running') GROUP BY s
    UNION ALL
    SELECT 'hil_outbox_events', '{}', count(*) FROM hil.outbox
    UNION ALL
    SELECT 'hil_events_total', '{}', coalesce(max(seq), 0) FROM hil.events;
COMMENT ON VIEW hil.metrics IS 'How hil is doing now, as name, labels and value: for a Prometheus exporter that reads SQL.';
COMMENT ON COLUMN hil.metrics.name IS 'hil_queue_waiting (by priority), hil_queue_longest_wait_seconds (of the first in each priority), hil_escalation_steps_due, hil_agents (by status), hil_agent_slots (used; free: of agents online), hil_runs (queued, running), hil_outbox_events (not relayed yet), hil_events_total.';
COMMENT ON COLUMN hil.metrics.labels IS 'The labels of this value; {} where there are none.';
COMMENT ON COLUMN hil.metrics.value IS 'A count, or seconds where the name says so.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Functions. SECURITY DEFINER because nobody else reaches the tables; CALLED ON NULL INPUT so that a missing argument gets
-- an error that names it.
-- ---------------------------------------------------------------------------------------------------------------------

-- Conversations
CREATE FUNCTION hil_create_conversation(conversation_id uuid DEFAULT NULL, workflow text DEFAULT NULL, metadata jsonb DEFAULT '{}')
    RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_create_conversation IS 'Creates a conversation in state new and returns its id (where NULL is given a new one of version 7, which begins with the time). workflow: the workflow that will answer; NULL: hil.default_workflow, or the only one loaded, at the first run. Errors: 22023 the id is taken, metadata is no object; P0002 no such workflow.';

CREATE FUNCTION hil_handle_message(conversation_id uuid, message text, sender_type text DEFAULT 'user', agent_id uuid DEFAULT NULL,
    idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT '{}')
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_handle_message IS 'Takes in a message. sender_type user: the customer (creates the conversation where there is none); agent: the assigned human agent, named by agent_id. Returns {status, ...}: ai_processing with run_id, handover or pending_human with queue_position, human_active with agent_name. The same idempotency_key again returns the first answer and stores nothing. Errors: 22023 bad argument (message empty or above hil.max_message_bytes), P0002 no such conversation or agent, 55000 no human is active, 42501 another agent has it.';

CREATE FUNCTION hil_handover(conversation_id uuid, reason text, required_skills text[] DEFAULT NULL, priority integer DEFAULT NULL,
    context jsonb DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_handover IS 'Hands a conversation of the AI over to people: cancels its run, queues it and assigns it at once where an able agent is free. required_skills NULL: hil.general_skill; priority (1 highest to 10) NULL: by the routing rules. Returns {status: handover with queue_position, or human_active with agent_id and agent_name}. Errors: 22023, P0002, 55000 people have it already.';

CREATE FUNCTION hil_resolve(conversation_id uuid, resolution_notes text, agent_id uuid, resolution_status text DEFAULT 'resolved')
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_resolve IS 'The assigned agent closes the conversation; its analytics row is written and the agent takes waiting work. resolution_status: resolved, unresolved or escalated. Errors: 22023, P0002, 55000 no human is active, 42501 another agent has it.';

CREATE FUNCTION hil_back_to_ai(conversation_id uuid, instructions text DEFAULT NULL, agent_id uuid DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_back_to_ai IS 'Gives a conversation back to the AI. With instructions, or with customer messages nobody answered, a run is queued at once. agent_id: the assigned agent; NULL: the system, which may also take it out of the queue. Errors: 22023, P0002, 55000 people do not have it or no workflow is loaded, 42501 another agent has it.';

CREATE FUNCTION hil_transfer(conversation_id uuid, agent_id uuid, reason text, to_agent uuid DEFAULT NULL, required_skills text[] DEFAULT NULL,
    priority integer DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_transfer IS 'The assigned agent passes the conversation on: to to_agent, who must be online with a free slot and whose skills are not checked, or back to the queue with its old ticket. Other required_skills bring what the routing rules say of them; priority goes before the rules. Errors: 22023, P0002, 55000 no human is active or to_agent cannot take it, 42501 another agent has it.';

CREATE FUNCTION hil_decline(conversation_id uuid, agent_id uuid, reason text DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_decline IS 'The assigned agent turns the conversation down; it returns to the queue with its old ticket and is not offered to that agent again. Errors: 22023, P0002, 55000 no human is active, 42501 another agent has it.';

CREATE FUNCTION hil_cancel(conversation_id uuid, reason text DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_cancel IS 'The customer gave up waiting: leaves the queue and resolves the conversation as unresolved. Errors: 22023, P0002, 55000 it is not waiting.';

CREATE FUNCTION hil_rate(conversation_id uuid, satisfaction double precision)
    RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_rate IS 'Stores the customer''s satisfaction, 1 to 5, of a conversation that was closed. Errors: 22023, P0002, 55000 it was never closed.';

CREATE FUNCTION hil_conversation(conversation_id uuid, last_messages integer DEFAULT 50)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_conversation IS 'Everything about a conversation: state, agent, place in the queue, times in seconds, hand-overs, and its last messages (0 to 1000) in order. For applications and people at work: what is said about the customer is in it, too; hil_customer_view leaves it out. Errors: 22023, P0002.';

CREATE FUNCTION hil_customer_view(conversation_id uuid, last_messages integer DEFAULT 50)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_customer_view IS 'What the customer may see of a conversation: {conversation_id, status, agent_name (of the human agent who has it), queue_position (0: not waiting), estimated_wait_seconds, live_run (of the AI: run_id, status, attempt), created_at, closed_at, messages}, the last messages (0 to 1000) in order, each {id, sender_type, agent_name, content, at}. No reasons, notes, instructions, contexts and metadata. Errors: 22023, P0002.';

-- Queue
CREATE FUNCTION hil_queue_position(conversation_id uuid)
    RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_queue_position IS 'Place in the queue, by priority and arrival: 1 is next, 0 is not waiting. Exact on the caller''s snapshot, also on a standby, at a cost that does not grow with the queue. Errors: 22023, P0002.';

CREATE FUNCTION hil_estimated_wait(conversation_id uuid)
    RETURNS interval
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_estimated_wait IS 'How long until an agent takes the conversation: the mean interval at which waiting conversations with the same required skills were taken lately, for each of them that comes before it and for itself. NULL where it cannot be told (not waiting, or fewer than three were taken so far). Errors: 22023, P0002.';

CREATE FUNCTION hil_explain_assignment(conversation_id uuid)
    RETURNS TABLE (agent_id uuid, name text, eligible boolean, reason text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_explain_assignment IS 'For a conversation in the queue: every agent, whether they could get it now, and all that keeps them from it. Those who could stand first, in the order in which they would get it; then those whom least keeps from it. Errors: 22023, P0002, 55000 it is not waiting.';

-- Human agents
CREATE FUNCTION hil_add_agent(name text, email text, skills text[] DEFAULT '{}', max_capacity integer DEFAULT 5, hourly_rate_usd numeric DEFAULT NULL)
    RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_add_agent IS 'Adds a human agent, offline, and returns their id. skills: at most 100, without NULL and duplicates; max_capacity: conversations at once, 0 to 1000; hourly_rate_usd: US dollars, 0 to below 100,000. Errors: 22023, also where the email is taken.';

CREATE FUNCTION hil_find_agent(email text)
    RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_find_agent IS 'The id of the human agent with that email, as it was given to hil_add_agent. Errors: 22023, P0002, 42501 the role belongs to another agent.';

CREATE FUNCTION hil_set_agent_status(agent_id uuid, status text)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_set_agent_status IS 'Sets an agent online, away or offline. Online takes waiting work at once, up to the capacity; away and offline keep what they have. Returns {agent_id, status, current_load, max_capacity, assigned: [conversation ids]}. Errors: 22023, P0002, 42501 the role belongs to another agent.';

CREATE FUNCTION hil_set_agent_skills(agent_id uuid, skills text[])
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_set_agent_skills IS 'Replaces an agent''s skills; an online agent takes waiting work they now match. Returns as hil_set_agent_status. Errors: 22023, P0002, 42501 the role belongs to another agent.';

CREATE FUNCTION hil_set_agent_capacity(agent_id uuid, max_capacity integer)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_set_agent_capacity IS 'Sets how many conversations an agent takes at once, 0 to 1000. Below the present load nothing is taken away. Returns as hil_set_agent_status. Errors: 22023, P0002, 42501 the role belongs to another agent.';

CREATE FUNCTION hil_agent_heartbeat(agent_id uuid)
    RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_agent_heartbeat IS 'Says that the agent is there. Errors: 22023, P0002, 42501 the role belongs to another agent.';

CREATE FUNCTION hil_inbox(agent_id uuid)
    RETURNS TABLE (conversation_id uuid, status text, priority integer, assigned_at timestamptz,
    waiting_since timestamptz, last_message text, handover_context jsonb)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_inbox IS 'The conversations that an agent has now, most urgent first. waiting_since: when the customer''s oldest unanswered message came, NULL where all are answered. Errors: 22023, P0002, 42501 the role belongs to another agent.';

-- Workflows and the worker's protocol
CREATE FUNCTION hil_load_workflow(definition jsonb, source text DEFAULT NULL)
    RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_load_workflow IS 'Checks a workflow, stores it as a new revision, makes it active and returns the revision. source: the file as written, at most 1 MB. Errors: 22023 with every problem in the detail.';

CREATE FUNCTION hil_activate_workflow(name text, revision integer)
    RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_activate_workflow IS 'Makes an earlier revision the active one; runs in progress keep theirs. Errors: 22023, P0002.';

CREATE FUNCTION hil_workflow_definition(name text, revision integer)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_workflow_definition IS 'The definition of a workflow''s revision, for the worker that claimed a run of it. Errors: 22023, P0002.';

CREATE FUNCTION hil_claim_runs(worker text, max_runs integer DEFAULT 1, lease interval DEFAULT '60 s')
    RETURNS TABLE (run_id bigint, attempt integer, conversation_id uuid, workflow text, revision integer, input jsonb)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_claim_runs IS 'Gives the worker up to max_runs (1 to 1000) due runs, oldest first, and holds them for it until the lease (1 second to 1 day) ends. Commit before reporting on them: claiming locks runs before conversations. Errors: 22023.';

CREATE FUNCTION hil_renew_runs(worker text, run_ids bigint[], lease interval DEFAULT '60 s')
    RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_renew_runs IS 'Renews the leases of runs that the worker holds; returns those it still holds. The others are lost: stop working on them. Errors: 22023.';

CREATE FUNCTION hil_record_step(run_id bigint, attempt integer, node text, output jsonb, usage jsonb DEFAULT '{}')
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_record_step IS 'Stores what a node put out and judges it by the triggers: {action: continue}, {action: handover, trigger, reason} (the conversation is handed over already), or {action: stop, reason} (the run is not the worker''s any more). usage: input_tokens, output_tokens and cost_usd of what hil_record_calls did not count, duration_ms, model, and handover: the handover sink''s rendered config, by which a trigger routes. Errors: 22023, P0002.';

CREATE FUNCTION hil_record_calls(run_id bigint, attempt integer, node text, calls jsonb)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_record_calls IS 'Writes down calls of tools that a node makes: {call, turn, tool, arguments} before the call, with the model''s message and that turn''s usage at the first call of a turn; {call, result, is_error, duration_ms} when it is answered. What is written down already stays as it is. Returns {action: continue}, or {action: stop, reason} where the run is not the worker''s any more. Errors: 22023, P0002.';

CREATE FUNCTION hil_complete_run(run_id bigint, attempt integer, result jsonb)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_complete_run IS 'Ends a run with {sink, config}: answers and finishes, answers and waits, or hands over; sink null hands over. Returns {accepted: true, status} or, from a worker that lost the run, {accepted: false, reason, sqlstate, hint} and changes nothing. Errors: 22023, P0002.';

CREATE FUNCTION hil_fail_run(run_id bigint, attempt integer, error text, retryable boolean DEFAULT true, retry_after interval DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_fail_run IS 'Ends an attempt with an error: queues the run again after a jittered backoff (not before retry_after) or, at the error limit or where retryable is false, hands over. Returns as hil_complete_run. Errors: 22023, P0002.';

CREATE FUNCTION hil_report_runs(reports jsonb)
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_report_runs IS 'What the functions before it do, for 1 to 100 reports in one go: a list of {run_id, attempt, conversation_id, calls, steps, and result, handover, failure or postponed}, each but the first three where there is something to say. calls: as of hil_record_calls, each with its node; steps: [{node, output, usage}]; result: as of hil_complete_run; handover: {reason, required_skills, priority, handover_context, usage}; failure: {error, retryable, retry_after_seconds, usage}; postponed: {reason, after_seconds, usage} puts the run back without counting an error. Returns the answers in order: {action: continue}, {action: handover, trigger, reason}, {action: stop, reason} or {action: done, status}. A single report waits for locks and does everything. Of several none waits and none touches the queue: {action: alone, why: held or queue} says that nothing was done and the report is to be sent by itself, {action: refused, sqlstate, message, hint} that it is wrong. Errors: 22023, and for a single report P0002.';

CREATE FUNCTION hil_run_steps(conversation_id uuid, after timestamptz DEFAULT NULL)
    RETURNS TABLE (run_id bigint, node text, step_number integer, attempt integer, output jsonb, usage jsonb, verdict text,
    calls jsonb, at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_run_steps IS 'What the nodes of a conversation''s runs put out, in order, of those that came later than after (NULL: all). verdict: the trigger that handed over at this step, NULL where none did. calls: the calls of tools, each {call, turn, tool, arguments, usage, result, is_error, duration_ms}; usage, there and of the step, adds up to what the node cost. Errors: 22023, P0002.';

-- Operation
CREATE FUNCTION hil_tick()
    RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_tick IS 'One round of the time-driven work: takes the escalation steps that are due, ends attempts whose lease is over, hands over what the AI did not answer within hil.ai_timeout, assigns waiting entries to free agents, adds up who waits, and relays events. Safe from any session, any number at once, in a transaction of its own: it holds agents and conversations until the commit, so that other calls after it could meet a deadlock, also after a ROLLBACK TO SAVEPOINT; commit soon, since nobody else relays or adds up until then. Returns how much it did of each: {workers_woken, escalated, leases_expired, ai_timeouts, agents_timed_out, requeued, ranked, conversations_purged, events_purged, assigned, counts_folded, relayed, announced}; a duty that fails with one conversation warns and is done without it; one that failed otherwise is missing, and so are workers_woken and announced where a scheduler runs, which does them.';

CREATE FUNCTION hil_events_since(after bigint, max_events integer DEFAULT 1000)
    RETURNS TABLE (seq bigint, conversation_id uuid, agent_id uuid, type text, payload jsonb, at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_events_since IS 'The events after seq after, in order, at most max_events (1 to 10000). after 0: from the oldest that is kept; NULL: the newest alone, for whoever begins now. Seqs have no gap, and what commits late gets a later one: whoever asks with the last seq they have misses nothing. A first seq above after + 1 says that what lay between was purged. Errors: 22023.';

CREATE FUNCTION hil_doctor()
    RETURNS TABLE (check_name text, ok boolean, detail text, hint text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_doctor IS 'Checks every invariant of the tables and whether somebody does the work. All true at rest. Work counts as late from a minute after the server''s return, where it was away.';

CREATE FUNCTION hil_purge(older_than interval)
    RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_purge IS 'Deletes conversations closed longer ago than older_than, with all their rows, and returns how many. Events that old go too, save the newest of all. Errors: 22023, and whatever keeps a conversation from being deleted, which the message names.';

CREATE FUNCTION hil_grant(role_name regrole, profile text)
    RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION hil_grant IS 'Grants a role what one profile may do: app, agent, worker, reader or admin. Errors: 22023.';

-- Functions are executable by everybody unless this is said.
REVOKE ALL ON FUNCTION hil_create_conversation, hil_handle_message, hil_handover, hil_resolve, hil_back_to_ai,
    hil_transfer, hil_decline, hil_cancel, hil_rate, hil_conversation, hil_customer_view,
    hil_queue_position, hil_estimated_wait, hil_explain_assignment, hil_add_agent, hil_find_agent, hil_set_agent_status,
    hil_set_agent_skills, hil_set_agent_capacity, hil_agent_heartbeat, hil_inbox, hil_load_workflow,
    hil_activate_workflow, hil_workflow_definition, hil_claim_runs, hil_renew_runs, hil_record_step,
    hil_record_calls, hil_complete_run, hil_fail_run, hil_report_runs, hil_run_steps, hil_tick, hil_events_since, hil_doctor, hil_purge,
    hil_grant
    FROM PUBLIC;
REVOKE ALL ON FUNCTION hil.guard_conversation_status FROM PUBLIC;
