#include "engine/conversations.hpp"

#include "core/refusal.hpp"
#include "engine/workflows.hpp"
#include "pg/session.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Row;
using pg::Statement;

const pg::Lookup<Uuid> by_id{
    "conversations",
    {.index = "conversations_pkey", .keys = "id"},
    "id, status, hil_reason, assigned_agent_id, last_agent_id, workflow, confidence_score, "
    "consecutive_errors, "
    "handover_count, answered_through, status_since, ai_time, wait_time, human_time, closed_at"};

const Statement<Uuid, std::string, JsonText> insert_row{
    "INSERT INTO hil.conversations (id, workflow, metadata) VALUES ($1, $2, $3) "
    "ON CONFLICT (id) DO NOTHING RETURNING id"};

// What every change of a conversation writes, and what only some do.
#define HIL_HOT_COLUMNS                                                                                    \
    "status, is_hil, hil_reason, assigned_agent_id, last_agent_id, workflow, confidence_score, "           \
    "consecutive_errors, handover_count, answered_through, status_since, ai_time, wait_time, human_time, " \
    "closed_at, updated_at"
constexpr const char* guard = "guard_conversation_status";

const pg::Update<Uuid, std::string, bool, std::string, Uuid, Uuid, std::string, double, std::int32_t,
                 std::int32_t, std::int64_t, Timestamp, Duration, Duration, Duration, Timestamp, Timestamp>
    update_row{"conversations", {.index = "conversations_pkey", .keys = "id"}, HIL_HOT_COLUMNS, guard};
const pg::Update<Uuid, std::string, bool, std::string, Uuid, Uuid, std::string, double, std::int32_t,
                 std::int32_t, std::int64_t, Timestamp, Duration, Duration, Duration, Timestamp, Timestamp,
                 JsonText>
    update_row_and_context{"conversations",
                           {.index = "conversations_pkey", .keys = "id"},
                           HIL_HOT_COLUMNS ", handover_context",
                           guard};
const pg::Update<Uuid, std::string, bool, std::string, Uuid, Uuid, std::string, double, std::int32_t,
                 std::int32_t, std::int64_t, Timestamp, Duration, Duration, Duration, Timestamp, Timestamp,
                 JsonText, std::string, std::string>
    update_row_and_accounts{"conversations",
                            {.index = "conversations_pkey", .keys = "id"},
                            HIL_HOT_COLUMNS ", episodes, resolution_notes, human_cost_usd",
                            guard};

#undef HIL_HOT_COLUMNS

// What the end of an episode, or of an agent's work, adds to.
const pg::Lookup<Uuid> find_accounts{"conversations",
                                     {.index = "conversations_pkey", .keys = "id"},
                                     "episodes, resolution_notes, human_cost_usd"};

const Statement<Uuid, std::int32_t> describe_row{
    "SELECT jsonb_build_object('conversation_id', c.id, 'status', c.status, 'is_hil', c.is_hil, "
    "'hil_reason', c.hil_reason, 'workflow', c.workflow, 'metadata', c.metadata, "
    "'agent', (SELECT jsonb_build_object('id', a.id, 'name', a.name) FROM hil.human_agents a "
    "          WHERE a.id = c.assigned_agent_id), "
    "'queue', (SELECT jsonb_build_object('status', q.status, 'priority', q.priority, 'ticket', q.ticket, "
    "              'required_skills', q.required_skills, 'queued_at', q.created_at, 'assigned_at', "
    "q.assigned_at, "
    "              'deadline', q.deadline) "
    "          FROM hil.agent_queue q WHERE q.conversation_id = c.id AND q.status IN ('pending', "
    "'assigned')), "
    "'handover_context', c.handover_context, 'handover_count', c.handover_count, "
    "'confidence_score', c.confidence_score, 'consecutive_errors', c.consecutive_errors, "
    "'live_run', (SELECT jsonb_build_object('run_id', r.id, 'status', r.status, 'attempt', r.attempt) "
    "             FROM hil.runs r WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running')), "
    "'ai_seconds', extract(epoch FROM c.ai_time), 'wait_seconds', extract(epoch FROM c.wait_time), "
    "'human_seconds', extract(epoch FROM c.human_time), 'status_since', c.status_since, "
    "'resolution_notes', c.resolution_notes, 'created_at', c.created_at, 'updated_at', c.updated_at, "
    "'closed_at', c.closed_at, "
    "'handovers', (SELECT coalesce(jsonb_agg(jsonb_build_object('from', h.from_type, 'to', h.to_type, "
    "                  'reason', h.reason, 'agent_id', h.agent_id, 'at', h.created_at) ORDER BY h.id), '[]') "
    "              FROM hil.handover_events h WHERE h.conversation_id = c.id), "
    "'messages', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'sender_type', m.sender_type, "
    "                 'agent_id', m.agent_id, 'content', m.content, 'metadata', m.metadata, 'at', "
    "m.created_at) "
    "                 ORDER BY m.id), '[]') "
    "             FROM (SELECT * FROM hil.messages WHERE conversation_id = c.id ORDER BY id DESC LIMIT $2) "
    "m)) "
    "FROM hil.conversations c WHERE c.id = $1"};

// Set while save() runs, for the guard trigger.
const StatusChange* saving = nullptr;

class Saving {
  public:
    explicit Saving(const StatusChange& change) : before_(saving) { saving = &change; }
    ~Saving() { saving = before_; }
    Saving(const Saving&) = delete;
    Saving& operator=(const Saving&) = delete;

  private:
    const StatusChange* before_;  // a trigger of the DBA's may call hil while a save is under way
};

State state_of(const std::string& status) {
    const std::optional<State> state = state_named(status);
    if (!state) throw std::logic_error("conversation with unknown status " + status);
    return *state;
}

Conversation read(const Row& row) {
    Conversation c;
    std::string status;
    std::tie(c.id, status, c.reason, c.agent, c.last_agent, c.workflow, c.confidence, c.consecutive_errors,
             c.handover_count, c.answered_through, c.status_since, c.ai_time, c.wait_time, c.human_time,
             c.closed_at) =
        row.as<Uuid, std::string, std::optional<std::string>, std::optional<Uuid>, std::optional<Uuid>,
               std::optional<std::string>, std::optional<double>, std::int32_t, std::int32_t, std::int64_t,
               Timestamp, Duration, Duration, Duration, std::optional<Timestamp>>();
    c.state = c.stored_state = state_of(status);
    return c;
}

[[noreturn]] void refuse_unknown(const Uuid& id) {
    throw Refusal(Reason::not_found, "there is no conversation " + id.text(),
                  "Check the id, or create it with hil_create_conversation or a customer's first message.");
}

struct Accounts {
    JsonText episodes;
    std::optional<std::string> notes;
    std::string human_cost_usd;
};

// The row's accounts with what the conversation adds to them; of the episodes the last ten are kept.
Accounts accounts_with(const Conversation& c) {
    constexpr std::size_t max_episodes = 10;
    auto [episodes, notes, cost] =
        find_accounts.find(c.id).value().as<JsonText, std::optional<std::string>, std::string>();
    if (c.ended_episode) {
        Json list = Json::parse(episodes.text);
        if (list.size() >= max_episodes) list.erase(list.begin());
        list.push_back(*c.ended_episode);
        episodes.text = list.dump();
    }
    return {episodes, c.new_notes ? c.new_notes : notes,
            c.added_human_cost_usd == "0" ? cost : pg::sum(cost, c.added_human_cost_usd)};
}

}  // namespace

void Conversation::move(State to) {
    require_move(state, to);
    const Timestamp now = pg::clock_now();
    // The wall clock may be set back; an account never shrinks.
    const Duration spent{std::max<std::int64_t>(0, (now - status_since).microseconds)};
    switch (clock_of(state)) {
        case Clock::ai:
            ai_time = ai_time + spent;
            break;
        case Clock::waiting:
            wait_time = wait_time + spent;
            break;
        case Clock::human:
            human_time = human_time + spent;
            break;
        case Clock::none:
            break;
    }
    state = to;
    status_since = now;
    if (to != State::finished && to != State::resolved)
        closed_at.reset();
    else if (!closed_at)
        closed_at = now;
}

Conversation lock(const Uuid& id) {
    const std::optional<Row> row = by_id.lock(id);
    if (!row) refuse_unknown(id);
    return read(*row);
}

std::optional<Conversation> try_lock(const Uuid& id) {
    const std::optional<Row> row = by_id.try_lock(id);
    if (!row) return std::nullopt;
    return read(*row);
}

Conversation lock_or_create(const Uuid& id) {
    if (const std::optional<Row> row = by_id.lock(id)) return read(*row);
    // Where another session creates it at this moment, DO NOTHING waits for that session, and the lock finds
    // its row.
    insert_row(id, std::nullopt, JsonText{"{}"});
    return lock(id);
}

void save(Conversation& c) {
    const StatusChange change{c.id, c.stored_state, c.state};
    const Saving permit(change);
    const auto write = [&](const auto& update, const auto&... more) {
        update(c.id, std::string(name(c.state)), c.with_people(), c.reason, c.agent, c.last_agent, c.workflow,
               c.confidence, c.consecutive_errors, c.handover_count, c.answered_through, c.status_since,
               c.ai_time, c.wait_time, c.human_time, c.closed_at, pg::clock_now(), more...);
    };
    const bool accounts_change = c.ended_episode || c.new_notes || c.added_human_cost_usd != "0";
    if (accounts_change) {
        const Accounts accounts = accounts_with(c);
        write(update_row_and_accounts, accounts.episodes, accounts.notes, accounts.human_cost_usd);
    }
    if (c.new_context)
        write(update_row_and_context, c.new_context);
    else if (!accounts_change)
        write(update_row);
    c.stored_state = c.state;
    c.new_context.reset();
    c.ended_episode.reset();
    c.new_notes.reset();
    c.added_human_cost_usd = "0";
}

void require_conversation(const Uuid& id) {
    if (!by_id.find(id)) refuse_unknown(id);
}

const StatusChange* change_being_saved() { return saving; }

Uuid create_conversation(const std::optional<Uuid>& id, const std::optional<std::string>& workflow,
                         const JsonText& metadata) {
    if (workflow) require_workflow(*workflow);
    const pg::Rows rows = insert_row(id.value_or(pg::new_uuid()), workflow, metadata);
    if (rows.empty())
        throw Refusal(Reason::invalid_argument, "there is a conversation " + id->text() + " already",
                      "Pass another conversation_id, or NULL to have one made up.");
    return rows.front().get<Uuid>(0);
}

void require_message_count(std::int32_t last_messages) {
    if (last_messages < 0 || last_messages > 1000)
        throw Refusal(Reason::invalid_argument,
                      "last_messages is " + std::to_string(last_messages) + ", 0 to 1000 is allowed",
                      "Ask for at most 1000 messages.");
}

JsonText describe(const Uuid& id, std::int32_t last_messages) {
    require_message_count(last_messages);
    const pg::PlansByIndex by_index;
    const pg::Rows rows = describe_row(id, last_messages);
    if (rows.empty()) refuse_unknown(id);
    return rows.front().get<JsonText>(0);
}

}  // namespace hil::engine
