#include "core/run_report.hpp"

#include <utility>

#include "core/definition_reader.hpp"
#include "core/refusal.hpp"

namespace hil {

namespace {

constexpr int max_duration_ms = 1'000'000'000;

constexpr const char* calls_hint =
    "A call is {call, turn, tool, arguments, message, usage} before it is made, and {call, result, is_error, "
    "duration_ms} once it is answered; message, usage, is_error and duration_ms may be left out.";

// Throws the first of the problems.
void refuse_any(const std::vector<Problem>& problems, const std::string& argument, const char* hint) {
    if (problems.empty()) return;
    throw Refusal(Reason::invalid_argument,
                  argument + problems.front().pointer + " " + problems.front().message, hint);
}

// Returns what is asked of the value of a key, or nothing where there is no such key.
template <class Ask>
auto optional_value(const DefinitionReader& object, const char* key, Ask ask) -> decltype(ask(object)) {
    const auto value = object.find(key);
    if (!value) return std::nullopt;
    return ask(*value);
}

int required_integer(const DefinitionReader& object, const char* key) {
    const auto value = object.require(key);
    return value ? value->integer(1, max_call_number).value_or(0) : 0;
}

std::string required_text(const DefinitionReader& object, const char* key) {
    const auto value = object.require(key);
    return value ? value->text(max_reported_name_bytes).value_or("") : "";
}

CallNote::Made read_made(const DefinitionReader& item) {
    CallNote::Made made;
    made.turn = required_integer(item, "turn");
    made.tool = required_text(item, "tool");
    if (const auto arguments = item.require("arguments")) made.arguments = arguments->value();
    if (const auto message = item.find("message")) made.message = message->value();
    if (const auto usage = item.find("usage")) {
        made.usage = usage->value();
        made.used = read_step_usage(*made.usage);
    }
    return made;
}

CallNote::Answered read_answered(const DefinitionReader& item, const DefinitionReader& result) {
    CallNote::Answered answered;
    if (result.value().is_string())
        answered.result = result.value().get<std::string>();
    else
        result.problem("must be a text, be it empty");
    answered.is_error =
        optional_value(item, "is_error", [](const auto& value) { return value.boolean(); }).value_or(false);
    answered.duration_ms = optional_value(item, "duration_ms", [](const auto& value) {
                               return value.integer(0, max_duration_ms);
                           }).value_or(0);
    return answered;
}

CallNote read_call(const DefinitionReader& item, const std::optional<std::string>& node) {
    CallNote note;
    if (!item.object()) return note;
    if (node) {
        item.only_keys(
            {"call", "turn", "tool", "arguments", "message", "usage", "result", "is_error", "duration_ms"});
        note.node = *node;
    } else {
        item.only_keys({"node", "call", "turn", "tool", "arguments", "message", "usage", "result", "is_error",
                        "duration_ms"});
        note.node = required_text(item, "node");
    }
    note.call = required_integer(item, "call");
    const auto result = item.find("result");
    // What is not answered yet must say what it is.
    if (!result || item.has("tool")) note.made = read_made(item);
    if (result) note.answered = read_answered(item, *result);
    return note;
}

}  // namespace

std::vector<CallNote> read_calls(const Json& calls, const std::optional<std::string>& node) {
    std::vector<Problem> problems;
    std::vector<CallNote> notes;
    for (const DefinitionReader& item : DefinitionReader(calls, "", problems).items(max_call_number)) {
        notes.push_back(read_call(item, node));
        refuse_any(problems, "calls", calls_hint);
    }
    refuse_any(problems, "calls", calls_hint);
    return notes;
}

ReportedStep read_step(std::string node, Json output, std::string output_text, Json usage) {
    StepUsage used = read_step_usage(usage);
    usage.erase("handover");
    return {std::move(node), std::move(output), std::move(output_text), std::move(usage), std::move(used)};
}

}  // namespace hil
