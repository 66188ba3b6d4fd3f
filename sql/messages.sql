\set ECHO none
-- Messages: what hil_handle_message does with each, by who sends it and where the conversation stands. Its answers are part
-- of the interface.
\getenv srcdir PG_ABS_SRCDIR
\set helpers :srcdir '/sql/include/helpers.sql'
\i :helpers
\set ECHO all
\pset tuples_only on

-- Without any workflow hil is a plain human queue: a conversation begins with its first message, and people get it at once.
SELECT hil_handle_message(conversation(1), 'Hello?');
SELECT * FROM said(1);
-- The customer writes again while waiting: stored, and told where they stand. Nobody was taken yet, so no wait can be estimated.
SELECT hil_handle_message(conversation(1), 'Anybody there?');
SELECT * FROM said(1);

-- The AI's turn: a run is queued; the answer will come as a message of its own.
SELECT hil_load_workflow(workflow());
SELECT hil_handle_message(conversation(2), 'Where is my parcel?');
SELECT status(2), workflow FROM hil.conversations WHERE id = conversation(2);
-- What the customer adds before a worker takes the run joins it.
SELECT hil_handle_message(conversation(2), 'Number 17.');
SELECT run_id, input ->> 'customer_message' AS customer_message FROM hil_claim_runs('worker');
-- What they add while a worker has it is not lost: another run follows the answer, and the conversation is not finished.
SELECT hil_handle_message(conversation(2), 'It was sent on Monday.');
SELECT hil_complete_run(1, 1, '{"sink": "FINISH", "config": {"response": "It is with the carrier."}}');
SELECT run_id, input ->> 'customer_message' AS customer_message FROM hil_claim_runs('worker');
SELECT hil_complete_run(2, 1, '{"sink": "FINISH", "config": {"response": "It comes tomorrow."}}');
SELECT * FROM said(2);
-- Finished, and the customer writes again: the AI's turn again.
SELECT hil_handle_message(conversation(2), 'It did not come.');
SELECT status(2), closed_at FROM hil.conversations WHERE id = conversation(2);

-- The customer asks for a human: handed over at once, no model is called, the run that was under way is cancelled.
SELECT hil_handle_message(conversation(2), 'I want to SPEAK  TO' || chr(10) || 'human, please!');
SELECT id, status FROM hil.runs WHERE conversation_id = conversation(2) ORDER BY id;
-- The same where an agent is free.
CALL add_agent('Ann');
SELECT status(1), status(2);
CALL add_agent('Bob', max_capacity => 1);
SELECT hil_handle_message(conversation(3), 'Please escalate this.');
SELECT count(*) AS runs FROM hil.runs WHERE conversation_id = conversation(3);
-- A word that only contains the phrase is no request.
SELECT hil_handle_message(conversation(4), 'De-escalated? No: unescalated.');

-- A human is active: the agent gets the customer's message.
SELECT hil_handle_message(conversation(1), 'Are you there?');
-- The assigned agent answers; nobody else can, and nobody can pretend to be somebody else.
SELECT hil_handle_message(conversation(1), 'Yes. How can I help?', 'agent', agent('Ann'));
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'agent', agent('Bob'))$$);
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'agent', conversation(1))$$);
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'agent')$$);
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'user', agent('Ann'))$$);
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'system')$$);
CALL refused($$SELECT hil_handle_message(conversation(1), 'Hi', 'ai')$$);
SELECT * FROM said(1);
-- A human agent can write only while they have it.
CALL refused($$SELECT hil_handle_message(conversation(4), 'Hi', 'agent', agent('Ann'))$$);
CALL refused($$SELECT hil_handle_message(conversation(99), 'Hi', 'agent', agent('Ann'))$$);

-- Resolved, and the customer writes again: a new episode; and where they ask for a human, a new handover.
SELECT hil_resolve(conversation(1), 'done', agent('Ann')) ->> 'status';
SELECT hil_handle_message(conversation(1), 'One more thing.') ->> 'status';
SELECT hil_complete_run(id, 1, '{"sink": "REPLY", "config": {"response": "Yes?"}}') ->> 'status'
FROM (SELECT run_id FROM hil_claim_runs('worker', 10) WHERE conversation_id = conversation(1)) AS run (id);
SELECT hil_handle_message(conversation(1), 'Thanks, talk to agent') - 'message_id';

-- An idempotency key makes a repeated call harmless: the first answer again, and nothing is stored.
SELECT hil_handle_message(conversation(5), 'Hello', idempotency_key => 'k1');
SELECT checksum() AS before \gset
SELECT hil_handle_message(conversation(5), 'Hello', idempotency_key => 'k1');
SELECT hil_handle_message(conversation(5), 'escalate', idempotency_key => 'k1');
SELECT checksum() = :'before' AS nothing_stored;
-- The answer is the first one also when the conversation has gone on since.
SELECT hil_handover(conversation(5), 'test') ->> 'status';
SELECT hil_handle_message(conversation(5), 'Hello', idempotency_key => 'k1') ->> 'status';
-- The key belongs to its conversation; another conversation may use the same.
SELECT hil_handle_message(conversation(6), 'Hello', idempotency_key => 'k1') ->> 'status';
SELECT hil_handle_message(conversation(5), 'Hello', idempotency_key => 'k2') ->> 'status';
-- Also a human agent's answer can be sent twice.
SELECT hil_handle_message(conversation(3), 'On it.', 'agent', agent('Bob'), 'k1') ->> 'response';
SELECT hil_handle_message(conversation(3), 'On it.', 'agent', agent('Bob'), 'k1') ->> 'response';
SELECT count(*) FROM hil.messages WHERE conversation_id = conversation(3) AND sender_type = 'agent';

-- Which workflow answers: the conversation's own, else hil.default_workflow, else the only one there is.
SELECT hil_load_workflow(workflow('returns'));
CALL refused($$SELECT hil_handle_message(conversation(7), 'Hello')$$);
SET hil.default_workflow = 'returns';
SELECT hil_handle_message(conversation(7), 'Hello') ->> 'status';
SELECT workflow FROM hil.conversations WHERE id = conversation(7);
SET hil.default_workflow = 'unknown';
CALL refused($$SELECT hil_handle_message(conversation(8), 'Hello')$$);
RESET hil.default_workflow;
SELECT hil_create_conversation(conversation(8), 'support');
SELECT hil_handle_message(conversation(8), 'Hello') ->> 'status';
-- Where nothing says which, people can have it all the same.
SELECT hil_create_conversation(conversation(9));
SELECT hil_handover(conversation(9), 'by hand') ->> 'status';

-- The texts for customers are the workflow's, where it has its own.
SELECT hil_load_workflow(jsonb_set(workflow(), '{hil_config,messages}',
    '{"handover": "A person comes.", "queued": "Wait, please.", "sent_to_agent": "Passed on."}'));
SELECT hil_set_agent_status(agent('Bob'), 'away') ->> 'status', hil_set_agent_status(agent('Ann'), 'away') ->> 'status';
SELECT hil_handle_message(conversation(8), 'escalate') ->> 'message';
SELECT hil_handle_message(conversation(8), 'Hello') ->> 'message';
SELECT hil_set_agent_capacity(agent('Bob'), 10) ->> 'max_capacity', hil_set_agent_status(agent('Bob'), 'online') ->> 'status';
SELECT hil_handle_message(conversation(8), 'Hello') ->> 'message';

-- hil_config.enabled: false switches the triggers off: the words are just words.
SELECT hil_load_workflow(jsonb_set(workflow(), '{hil_config,enabled}', 'false'));
SELECT hil_create_conversation(conversation(10), 'support');
SELECT hil_handle_message(conversation(10), 'speak to human') ->> 'status';

-- A message is at most hil.max_message_bytes long, counted in bytes, and not blank. It is stored as it came, blanks around it included.
SET hil.max_message_bytes = 10;
CALL refused($$SELECT hil_handle_message(conversation(11), 'eleven char')$$);
CALL refused($$SELECT hil_handle_message(conversation(11), 'éééééé')$$);
CALL refused($$SELECT hil_handle_message(conversation(11), '')$$);
CALL refused($$SELECT hil_handle_message(conversation(11), E' \t\r\n')$$);
SELECT hil_create_conversation(conversation(11), 'support');
SELECT hil_handle_message(conversation(11), ' ééé ') ->> 'status';
SELECT '[' || content || ']' FROM said(11);
RESET hil.max_message_bytes;
