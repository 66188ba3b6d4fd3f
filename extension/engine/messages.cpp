#include "engine/messages.hpp"

#include <cstring>

#include "engine/events.hpp"
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
const Statement<Uuid, std::int64_t> customer_after{
    "SELECT EXISTS (SELECT 1 FROM hil.messages WHERE conversation_id = $1 AND id > $2 AND sender_type = "
    "'user')"};
const Statement<Uuid> newest{"SELECT coalesce(max(id), 0) FROM hil.messages WHERE conversation_id = $1"};

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
    const pg::Rows rows = select_answer(conversation, idempotency_key);
    if (rows.empty()) return std::nullopt;
    return Json::parse(rows.front().get<JsonText>(0).text);
}

void keep_answer(const Uuid& conversation, std::int64_t message, const Json& answer) {
    update_answer(conversation, message, JsonText{answer.dump()});
}

bool customer_wrote_after(const Uuid& conversation, std::int64_t message) {
    return customer_after(conversation, message).front().get<bool>(0);
}

std::int64_t newest_message(const Uuid& conversation) {
    return newest(conversation).front().get<std::int64_t>(0);
}

}  // namespace hil::engine
