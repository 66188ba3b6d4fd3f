#include "engine/messages.hpp"

#include <cstring>

#include "engine/events.hpp"
#include "pg/range.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;

const pg::Insertion<Uuid, std::string, Uuid, std::int64_t, std::string, JsonText, std::string> insert{
    "messages", "conversation_id, sender_type, agent_id, run_id, content, metadata, idempotency_key", "id"};
const Statement<Uuid, std::string> select_answer{
    "SELECT answer FROM hil.messages WHERE conversation_id = $1 AND idempotency_key = $2"};
const Statement<Uuid, std::int64_t, JsonText> update_answer{
    "UPDATE hil.messages SET answer = $3 WHERE conversation_id = $1 AND id = $2"};
const Statement<Uuid, std::int64_t> select_newest{
    "SELECT id, sender_type FROM hil.messages WHERE conversation_id = $1 AND id > $2 ORDER BY id DESC"};

// Visits a conversation's messages after an id, the newest first, until visitor(id, sender_type) returns
// false.
template <class Visitor>
void visit_newest(const Uuid& conversation, std::int64_t after, Visitor visitor) {
    const pg::Range range{
        .table = "messages",
        .index = "messages_pkey",
        .bounds = {{1, pg::Bound::Is::equal, conversation}, {2, pg::Bound::Is::above, after}},
        .columns = {"id", "sender_type"},
        .backwards = true};
    const bool read = pg::on_one_snapshot([&] {
        return pg::visit(
            range, [&](const pg::Cell* message) { return visitor(message[0].integer, message[1].text); });
    });
    if (read) return;
    const pg::PlansByIndex by_index;
    for (const pg::Row& row : select_newest(conversation, after)) {
        const auto [id, sender_type] = row.as<std::int64_t, std::string>();
        if (!visitor(id, sender_type)) return;
    }
}

}  // namespace

std::int64_t add_message(const Conversation& conversation, const NewMessage& message) {
    const std::int64_t id = insert(conversation.id, message.sender_type, message.agent, message.run,
                                   message.content, message.metadata, message.idempotency_key)
                                .front()
                                .get<std::int64_t>(0);
    const bool from_customer = std::strcmp(message.sender_type, "user") == 0;
    emit("message", conversation.id, from_customer ? conversation.agent : std::nullopt,
         {{"message_id", id}, {"sender_type", message.sender_type}});
    return id;
}

std::optional<Json> answer_given(const Uuid& conversation, const std::string& idempotency_key) {
    const pg::PlansByIndex by_index;
    const pg::Rows rows = select_answer(conversation, idempotency_key);
    if (rows.empty()) return std::nullopt;
    return Json::parse(rows.front().get<JsonText>(0).text);
}

void keep_answer(const Uuid& conversation, std::int64_t message, const Json& answer) {
    const pg::PlansByIndex by_index;
    update_answer(conversation, message, JsonText{answer.dump()});
}

bool customer_wrote_after(const Uuid& conversation, std::int64_t message) {
    bool wrote = false;
    visit_newest(conversation, message, [&](std::int64_t, std::string_view sender_type) {
        wrote = sender_type == "user";
        return !wrote;
    });
    return wrote;
}

MessageCounts count_messages(const Uuid& conversation) {
    MessageCounts counts;
    visit_newest(conversation, 0, [&](std::int64_t id, std::string_view sender_type) {
        if (counts.newest == 0) counts.newest = id;
        if (sender_type != "system") ++counts.total;
        if (sender_type == "ai") ++counts.ai;
        if (sender_type == "agent") ++counts.human;
        return true;
    });
    return counts;
}

}  // namespace hil::engine
