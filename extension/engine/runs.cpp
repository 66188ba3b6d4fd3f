#include "engine/runs.hpp"

#include "engine/events.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

const pg::Insertion<Uuid, std::string, std::int32_t, std::string> insert_run{
    "runs", "conversation_id, workflow, revision, instructions", "id"};

}  // namespace

std::int64_t queue_run(Conversation& conversation, const Revision& workflow,
                       const std::optional<std::string>& instructions) {
    conversation.workflow = workflow.name;
    if (conversation.state != State::ai_processing) conversation.move(State::ai_processing);
    const std::int64_t run = insert_run(conversation.id, workflow.name, workflow.number, instructions)
                                 .front()
                                 .get<std::int64_t>(0);
    emit("run_queued", conversation.id, std::nullopt, {{"run_id", run}});
    return run;
}

}  // namespace hil::engine
