#include "engine/checkpoints.hpp"

#include <set>
#include <utility>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;

const pg::Lookup<Uuid, std::int64_t, std::string> find_step{
    "run_steps", {.index = "run_steps_pkey", .keys = "conversation_id, run_id, node"}, "step_number"};
const pg::Insertion<Uuid, std::int64_t, std::string, std::int32_t, std::int32_t, JsonText, JsonText,
                    std::string, std::int64_t, std::string>
    insert_step{"run_steps",
                "conversation_id, run_id, node, step_number, attempt, output, usage, cost_usd, duration_ms, "
                "verdict"};

const pg::By call_key{.index = "run_calls_pkey", .keys = "conversation_id, run_id, node, call"};
const pg::Lookup<Uuid, std::int64_t, std::string, std::int32_t> find_call{"run_calls", call_key,
                                                                          "finished_at"};
const pg::Insertion<Uuid, std::int64_t, std::string, std::int32_t, std::int32_t, std::int32_t, std::string,
                    JsonText, JsonText, JsonText, std::string, bool, std::int64_t, Timestamp>
    insert_call{
        "run_calls",
        "conversation_id, run_id, node, call, turn, attempt, tool, arguments, message, usage, result, "
        "is_error, duration_ms, finished_at"};
const pg::Update<Uuid, std::int64_t, std::string, std::int32_t, std::string, bool, std::int64_t, Timestamp>
    answer_call{"run_calls", call_key, "result, is_error, duration_ms, finished_at"};

const Statement<Uuid, std::int64_t> select_last_answer{
    "SELECT output ->> 'answer' FROM hil.run_steps WHERE conversation_id = $1 AND run_id = $2 "
    "AND jsonb_typeof(output -> 'answer') = 'string' AND btrim(output ->> 'answer', E' \\t\\n\\v\\f\\r') <> "
    "'' "
    "ORDER BY step_number DESC LIMIT 1"};

const Statement<Uuid, Timestamp> select_steps{
    "SELECT s.run_id, s.node, s.step_number, s.attempt, s.output, s.usage, s.verdict, "
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('call', k.call, 'turn', k.turn, 'tool', k.tool, "
    "     'arguments', k.arguments, 'usage', k.usage, 'result', k.result, 'is_error', k.is_error, "
    "     'duration_ms', k.duration_ms) ORDER BY k.call), '[]') FROM hil.run_calls k "
    " WHERE k.conversation_id = s.conversation_id AND k.run_id = s.run_id AND k.node = s.node), s.created_at "
    "FROM hil.run_steps s WHERE s.conversation_id = $1 AND ($2 IS NULL OR s.created_at > $2) "
    "ORDER BY s.run_id, s.step_number"};

std::optional<JsonText> text_of(const std::optional<Json>& document) {
    if (!document) return std::nullopt;
    return JsonText{document->dump()};
}

void insert(Run& run, const CallNote& note) {
    const CallNote::Made& made = note.made.value();
    const auto& answered = note.answered;
    const auto if_answered = [&](auto value) { return answered ? std::optional(value) : std::nullopt; };
    insert_call(run.conversation, run.id, note.node, note.call, made.turn, run.attempt, made.tool,
                JsonText{made.arguments.dump()}, text_of(made.message), text_of(made.usage),
                if_answered(answered ? answered->result : ""), if_answered(answered && answered->is_error),
                if_answered(std::int64_t{answered ? answered->duration_ms : 0}),
                if_answered(pg::clock_now()));
    ++run.calls;
    run.add(made.used);
}

}  // namespace

bool has_step(const Run& run, const std::string& node) {
    return run.steps > 0 && find_step.find(run.conversation, run.id, node);
}

void add_step(Run& run, const ReportedStep& step, const std::optional<TriggerHit>& hit) {
    insert_step(run.conversation, run.id, step.node, run.steps + 1, run.attempt, JsonText{step.output_text},
                JsonText{step.usage.dump()}, pg::decimal(step.used.cost_usd), step.used.duration_ms,
                hit ? std::optional(hit->trigger) : std::nullopt);
    ++run.steps;
    run.add(step.used);
}

void require_made(const Run& run, const std::vector<CallNote>& notes) {
    std::set<std::pair<std::string_view, int>> made;
    for (const CallNote& note : notes) {
        if (note.made)
            made.emplace(note.node, note.call);
        else if (!made.contains({note.node, note.call}) &&
                 !find_call.find(run.conversation, run.id, note.node, note.call))
            throw Refusal(Reason::invalid_argument,
                          "call " + std::to_string(note.call) + " of node " + in_quotes(note.node) +
                              " has a result and was never written down",
                          "Write a call down with turn, tool and arguments before it is made.");
    }
}

void add_calls(Run& run, const std::vector<CallNote>& notes) {
    for (const CallNote& note : notes) {
        const std::optional<pg::Row> before = find_call.find(run.conversation, run.id, note.node, note.call);
        if (!before)
            insert(run, note);
        else if (note.answered && !before->get<std::optional<Timestamp>>(0))
            answer_call(run.conversation, run.id, note.node, note.call, note.answered->result,
                        note.answered->is_error, note.answered->duration_ms, pg::clock_now());
    }
}

std::optional<std::string> last_answer(const Run& run) {
    const pg::PlansByIndex by_index;
    const pg::Rows rows = select_last_answer(run.conversation, run.id);
    if (rows.empty()) return std::nullopt;
    return rows.front().get<std::string>(0);
}

pg::Rows steps_of(const Uuid& conversation, const std::optional<Timestamp>& after) {
    require_conversation(conversation);
    return select_steps(conversation, after);
}

}  // namespace hil::engine
