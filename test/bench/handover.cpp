// Q1: a hand-over that finds its agent at once.
#include <memory>

#include "figures.hpp"
#include "ours.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

struct Stage {
    std::vector<std::string> agents;
    std::vector<std::string> skills;
};

const Value why = "asked for a human";

void by_plpgsql(Client& client, Dice& dice, const Stage& stage, const std::string& conversation) {
    client.run("SELECT plpgsql.handover($1, $2, $3)", {conversation, why, dice.one_of(stage.skills)});
}

// The same row writes and nothing else: no lock, no choice, no check.
void bare(Client& client, Dice& dice, const Stage& stage, const std::string& conversation) {
    const Value agent = dice.one_of(stage.agents);
    client.pipeline(
        {{"UPDATE bare.conversations SET status = 'human_active', is_hil = true, hil_reason = $2, "
          "assigned_agent_id = $3, handover_context = '{}', updated_at = now() WHERE id = $1",
          {conversation, why, agent}},
         {"INSERT INTO bare.handover_events (conversation_id, from_type, to_type, reason, context, agent_id) "
          "VALUES ($1, 'ai', 'human', $2, '{}', $3)",
          {conversation, why, agent}},
         {"INSERT INTO bare.agent_queue (conversation_id, priority, required_skills, context, assigned_to, "
          "assigned_at, status) VALUES ($1, 5, $2, '{}', $3, now(), 'assigned')",
          {conversation, dice.one_of(stage.skills), agent}},
         {"UPDATE bare.human_agents SET current_load = current_load + 1 WHERE id = $1", {agent}}});
}

// All rows that hil writes (a notice to the customer and three events beside those four), in one statement
// over hil's own tables; again without lock, choice or check, and nothing is relayed.
void floor(Client& client, Dice& dice, const Stage& stage, const std::string& conversation) {
    client.run(
        "WITH c AS (UPDATE plain.conversations SET status = 'human_active', is_hil = true, hil_reason = $2, "
        "  assigned_agent_id = $3, last_agent_id = $3, handover_count = 1, status_since = now(), updated_at "
        "= now() "
        "  WHERE id = $1), "
        "a AS (UPDATE plain.human_agents SET current_load = current_load + 1, rank = current_load + 1, "
        "  last_assigned_at = now() WHERE id = $3), "
        "h AS (INSERT INTO plain.handover_events (conversation_id, from_type, to_type, reason, agent_id) "
        "  VALUES ($1, 'ai', 'human', $2, $3)), "
        "q AS (INSERT INTO plain.agent_queue (conversation_id, priority, required_skills, skill_set_id, "
        "status, "
        "  assigned_to, assigned_at) VALUES ($1, 5, $4, 1, 'assigned', $3, now())), "
        "m AS (INSERT INTO plain.messages (conversation_id, sender_type, content) VALUES ($1, 'system', "
        "  'Your request has been escalated to a human agent. You''ll be connected shortly.')) "
        "INSERT INTO plain.outbox (conversation_id, agent_id, type, payload) SELECT $1, $3, type, "
        "  jsonb_build_object('type', type, 'conversation_id', $1::uuid, 'timestamp', now()) "
        "  FROM unnest('{new_assignment,handover,message}'::text[]) type",
        {conversation, why, dice.one_of(stage.agents), dice.one_of(stage.skills)});
}

// Statement by statement, as the first sketch of hil sends them: each its own transaction, up to the
// assignment.
void by_seed(Client& client, Dice& dice, const Stage& stage, const std::string& conversation) {
    const Value skills = dice.one_of(stage.skills);
    client.run(
        "UPDATE seed.conversations SET is_hil = true, status = $1, hil_reason = $2, handover_context = $3, "
        "updated_at = NOW() WHERE id = $4",
        {"pending_human", why, "{}", conversation});
    client.run(
        "INSERT INTO seed.handover_events (conversation_id, from_type, to_type, reason, context) "
        "VALUES ($1, 'ai', 'human', $2, $3)",
        {conversation, why, "{}"});
    // Its Python makes up the entry's id.
    const std::string entry = client.one("SELECT gen_random_uuid()");
    client.run(
        "INSERT INTO seed.agent_queue (id, conversation_id, priority, required_skills, context, status) "
        "VALUES ($1, $2, $3, $4, $5, 'pending')",
        {entry, conversation, "5", skills, "{}"});
    client.run("SELECT * FROM seed.agent_queue WHERE id = $1", {entry});
    const Rows agents = client.run(
        "SELECT * FROM seed.human_agents WHERE status = 'online' AND current_load < max_capacity "
        "AND $1::text[] <@ skills ORDER BY current_load ASC, last_active DESC LIMIT 1",
        {skills});
    const Value agent = agents.at(0).at(0);
    client.run("BEGIN");
    client.run(
        "UPDATE seed.agent_queue SET assigned_to = $1, assigned_at = NOW(), status = 'assigned' WHERE id = "
        "$2",
        {agent, entry});
    client.run(
        "UPDATE seed.conversations SET assigned_agent_id = $1, status = 'human_active', updated_at = NOW() "
        "WHERE id = $2",
        {agent, conversation});
    client.run("UPDATE seed.human_agents SET current_load = current_load + 1 WHERE id = $1", {agent});
    client.run("COMMIT");
}

using Way = void (*)(Client&, Dice&, const Stage&, const std::string&);

Contestant contestant(const std::string& name, Way way, const std::shared_ptr<const Stage>& stage,
                      const std::vector<std::string>& conversations) {
    const auto supply = std::make_shared<Supply>(conversations);
    return {name, flow_database,
            [way, stage, supply](Client& client, Dice& dice) { way(client, dice, *stage, supply->next()); }};
}

}  // namespace

void handover(Report& report) {
    create_flow(1000, 250'000);
    for (const char* schema : {"bare", "plpgsql", "seed"})
        run_file(flow_database, "seed.sql", {{"schema", schema}});
    run_file(flow_database, "plpgsql.sql");
    run_file(flow_database, "plain.sql");
    run_file(flow_database, "rest.sql");

    Client client(flow_database);
    const auto stage = std::make_shared<Stage>();
    stage->agents = list(client, "SELECT id FROM hil.human_agents");
    stage->skills = list(client, "SELECT DISTINCT skills FROM hil.human_agents");
    const std::vector<std::string> conversations = list(client, "SELECT id FROM hil.conversations");
    const std::vector<Contestant> contestants = {
        our_handover(flow_database), contestant("bare", bare, stage, conversations),
        contestant("plpgsql", by_plpgsql, stage, conversations),
        contestant("seed", by_seed, stage, conversations), contestant("floor", floor, stage, conversations)};
    for (const int clients : {1, 8, 32}) {
        // One client does the same all the time.
        const std::chrono::milliseconds length(clients == 1 ? 300 : 500);
        const std::vector<Outcome> all = take_turns(contestants, {.clients = clients, .length = length});
        const std::string figure = "Q1 hand-over, " + std::to_string(clients) + " clients";
        report.rates(figure, all[0], "bare", all[1], at_least(1.0));
        report.rates(figure, all[0], "plpgsql", all[2], at_least(1.6));
        report.rates(figure, all[0], "seed", all[3], at_least(4));
        report.rates(figure, all[0], "all rows in one statement", all[4],
                     clients == 8 ? at_least(0.85) : Goal{});
        report.afterwork(all[0]);
    }
    require_all_well(client);
}

}  // namespace hil::bench
