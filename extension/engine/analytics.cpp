#include "engine/analytics.hpp"

#include <cmath>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/messages.hpp"
#include "engine/run_rows.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

#define HIL_ANALYTICS                                                                               \
    "total_duration_seconds, ai_duration_seconds, human_duration_seconds, wait_time_seconds, "      \
    "total_messages, ai_messages, human_messages, handover_count, resolution_status, resolved_by, " \
    "ai_cost_usd, human_cost_usd"
const pg::By by_key{.index = "conversation_analytics_pkey", .keys = "conversation_id"};
const pg::Insertion<Uuid, std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t,
                    std::int32_t, std::int32_t, std::string, Uuid, std::string, std::string>
    insert_row{"conversation_analytics", "conversation_id, " HIL_ANALYTICS};
const pg::Update<Uuid, std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t,
                 std::int32_t, std::int32_t, std::string, Uuid, std::string, std::string, Timestamp>
    update_row{"conversation_analytics", by_key, HIL_ANALYTICS ", updated_at"};
#undef HIL_ANALYTICS
const pg::Lookup<Uuid> find_human_cost{
    "conversations", {.index = "conversations_pkey", .keys = "id"}, "human_cost_usd"};
const pg::Lookup<Uuid> find_row{"conversation_analytics", by_key, "conversation_id"};

const Statement<Uuid, double> update_satisfaction{
    "UPDATE hil.conversation_analytics SET customer_satisfaction = $2, updated_at = clock_timestamp() "
    "WHERE conversation_id = $1 RETURNING 1"};

std::int32_t whole_seconds(Duration span) { return static_cast<std::int32_t>(std::llround(span.seconds())); }

void record(const Conversation& c, const MessageCounts& messages, const Closing& closing) {
    const auto write = [&](const auto& statement, const auto&... more) {
        statement(c.id, whole_seconds(c.ai_time + c.wait_time + c.human_time), whole_seconds(c.ai_time),
                  whole_seconds(c.human_time), whole_seconds(c.wait_time), messages.total, messages.ai,
                  messages.human, c.handover_count, closing.resolution_status, closing.agent,
                  cost_of_runs(c.id), find_human_cost.find(c.id).value().get<std::string>(0), more...);
    };
    if (find_row.find(c.id))
        write(update_row, pg::clock_now());
    else
        write(insert_row);
}

}  // namespace

void close(Conversation& conversation, const Closing& closing) {
    conversation.consecutive_errors = 0;
    const MessageCounts messages = count_messages(conversation.id);
    conversation.answered_through = messages.newest;
    conversation.ended_episode = {{"at", pg::iso8601(conversation.status_since)},
                                  {"status", closing.resolution_status},
                                  {"agent", closing.agent ? Json(closing.agent->text()) : Json()},
                                  {"notes", closing.notes ? Json(clean_reason(*closing.notes)) : Json()},
                                  {"handovers", conversation.handover_count}};
    conversation.new_notes = closing.notes;
    save(conversation);
    record(conversation, messages, closing);
}

void rate(const Uuid& conversation, double satisfaction) {
    if (!(satisfaction >= 1 && satisfaction <= 5))
        throw Refusal(Reason::invalid_argument,
                      "satisfaction is " + number_text(satisfaction) + ", 1 to 5 is allowed",
                      "Pass a number from 1 (poor) to 5 (excellent).");
    lock(conversation);
    const pg::PlansByIndex by_index;
    if (update_satisfaction(conversation, satisfaction).empty())
        throw Refusal(Reason::wrong_state, "conversation " + conversation.text() + " was never closed",
                      "Rate it after it is finished or resolved.");
}

}  // namespace hil::engine
