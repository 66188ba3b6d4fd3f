#include "engine/analytics.hpp"

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/messages.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

const Statement<Uuid, std::string, Uuid> upsert{
    "INSERT INTO hil.conversation_analytics (conversation_id, total_duration_seconds, ai_duration_seconds, "
    "human_duration_seconds, wait_time_seconds, total_messages, ai_messages, human_messages, handover_count, "
    "resolution_status, resolved_by, ai_cost_usd, human_cost_usd) "
    "SELECT c.id, extract(epoch FROM c.ai_time + c.wait_time + c.human_time), extract(epoch FROM c.ai_time), "
    "extract(epoch FROM c.human_time), extract(epoch FROM c.wait_time), m.total, m.ai, m.human, "
    "c.handover_count, "
    "$2, $3, r.cost, c.human_cost_usd "
    "FROM hil.conversations c, "
    "LATERAL (SELECT count(*) FILTER (WHERE sender_type <> 'system') AS total, "
    "         count(*) FILTER (WHERE sender_type = 'ai') AS ai, count(*) FILTER (WHERE sender_type = "
    "'agent') AS human "
    "         FROM hil.messages WHERE conversation_id = c.id) m, "
    "LATERAL (SELECT coalesce(sum(cost_usd), 0) AS cost FROM hil.runs WHERE conversation_id = c.id) r "
    "WHERE c.id = $1 "
    "ON CONFLICT (conversation_id) DO UPDATE SET total_duration_seconds = excluded.total_duration_seconds, "
    "ai_duration_seconds = excluded.ai_duration_seconds, human_duration_seconds = "
    "excluded.human_duration_seconds, "
    "wait_time_seconds = excluded.wait_time_seconds, total_messages = excluded.total_messages, "
    "ai_messages = excluded.ai_messages, human_messages = excluded.human_messages, "
    "handover_count = excluded.handover_count, resolution_status = excluded.resolution_status, "
    "resolved_by = excluded.resolved_by, ai_cost_usd = excluded.ai_cost_usd, "
    "human_cost_usd = excluded.human_cost_usd, updated_at = clock_timestamp()"};

const Statement<Uuid, double> update_satisfaction{
    "UPDATE hil.conversation_analytics SET customer_satisfaction = $2, updated_at = clock_timestamp() "
    "WHERE conversation_id = $1 RETURNING 1"};

}  // namespace

void close(Conversation& conversation, const Closing& closing) {
    conversation.consecutive_errors = 0;
    conversation.answered_through = newest_message(conversation.id);
    conversation.ended_episode = {{"at", pg::iso8601(conversation.status_since)},
                                  {"status", closing.resolution_status},
                                  {"agent", closing.agent ? Json(closing.agent->text()) : Json()},
                                  {"notes", closing.notes ? Json(clean_reason(*closing.notes)) : Json()},
                                  {"handovers", conversation.handover_count}};
    conversation.new_notes = closing.notes;
    save(conversation);
    upsert(conversation.id, closing.resolution_status, closing.agent);
}

void rate(const Uuid& conversation, double satisfaction) {
    if (!(satisfaction >= 1 && satisfaction <= 5))
        throw Refusal(Reason::invalid_argument,
                      "satisfaction is " + number_text(satisfaction) + ", 1 to 5 is allowed",
                      "Pass a number from 1 (poor) to 5 (excellent).");
    lock(conversation);
    if (update_satisfaction(conversation, satisfaction).empty())
        throw Refusal(Reason::wrong_state, "conversation " + conversation.text() + " was never closed",
                      "Rate it after it is finished or resolved.");
}

}  // namespace hil::engine
