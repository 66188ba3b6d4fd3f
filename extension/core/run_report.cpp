#include "core/run_report.hpp"

#include <utility>

#include "core/definition_reader.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

namespace hil {

namespace {

constexpr int max_duration_ms = 1'000'000'000;

constexpr int seconds_per_day = 86'400;
constexpr std::size_t max_error_bytes = 1 << 20;

constexpr const char* report_hint =
    "A report is {run_id, attempt, conversation_id, calls, steps, and result, handover, failure or "
    "postponed}; what there is nothing to say about may be left out.";
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

StepUsage read_usage(const DefinitionReader& object) {
    const auto usage = object.find("usage");
    return usage ? read_step_usage(usage->value()) : StepUsage{};
}

std::vector<ReportedStep> read_steps(const DefinitionReader& list) {
    std::vector<ReportedStep> steps;
    for (const DefinitionReader& item : list.items()) {
        if (!item.object()) continue;
        item.only_keys({"node", "output", "usage"});
        std::string node = required_text(item, "node");
        const auto output = item.require("output");
        if (!output) continue;
        const auto usage = item.find("usage");
        steps.push_back(read_step(std::move(node), output->value(), output->value().dump(),
                                  usage ? usage->value() : Json::object()));
    }
    return steps;
}

ReportedHandover read_handover(const DefinitionReader& handover) {
    ReportedHandover read;
    read.route = read_sink_route(handover.value(), "handover");
    if (!read.route.reason) handover.problem("lacks a reason");
    read.used = read_usage(handover);
    read.text = Json{{"handover", handover.value()}}.dump();
    return read;
}

ReportedFailure read_failure(const DefinitionReader& failure) {
    ReportedFailure read;
    if (!failure.object()) return read;
    failure.only_keys({"error", "retryable", "retry_after_seconds", "usage"});
    if (const auto error = failure.require("error")) read.error = error->text(max_error_bytes).value_or("");
    if (const auto retryable = failure.require("retryable"))
        read.retryable = retryable->boolean().value_or(true);
    if (const auto after = failure.find("retry_after_seconds"); after && !after->value().is_null())
        read.retry_after_seconds = after->number(0, seconds_per_day);
    read.used = read_usage(failure);
    return read;
}

ReportedPostponement read_postponement(const DefinitionReader& postponed) {
    ReportedPostponement read;
    if (!postponed.object()) return read;
    postponed.only_keys({"reason", "after_seconds", "usage"});
    if (const auto reason = postponed.require("reason"))
        read.reason = reason->text(max_error_bytes).value_or("");
    if (const auto after = postponed.require("after_seconds"))
        read.after_seconds = after->number(0, seconds_per_day).value_or(0);
    read.used = read_usage(postponed);
    return read;
}

void read_ending(RunReport& report, const DefinitionReader& object) {
    const auto result = object.find("result"), handover = object.find("handover"),
               failure = object.find("failure"), postponed = object.find("postponed");
    if (result.has_value() + handover.has_value() + failure.has_value() + postponed.has_value() > 1)
        object.problem("must have one of result, handover, failure and postponed at most");
    if (result)
        report.ending = ReportedResult{read_run_result(result->value()), result->value().dump()};
    else if (handover)
        report.ending = read_handover(*handover);
    else if (failure)
        report.ending = read_failure(*failure);
    else if (postponed)
        report.ending = read_postponement(*postponed);
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

RunReport read_report(const Json& document) {
    std::vector<Problem> problems;
    const DefinitionReader object(document, "", problems);
    RunReport report;
    if (object.object()) {
        object.only_keys({"run_id", "attempt", "conversation_id", "calls", "steps", "result", "handover",
                          "failure", "postponed"});
        if (const auto run = object.require("run_id")) {
            const auto number = whole_number(run->value());
            if (!number) run->problem("must be an integer, got " + shown(run->value()));
            report.run = number.value_or(0);
        }
        if (const auto attempt = object.require("attempt")) report.attempt = attempt->integer(0).value_or(0);
        if (const auto id = object.require("conversation_id")) report.conversation = id->text();
        if (const auto calls = object.find("calls")) report.calls = read_calls(calls->value(), std::nullopt);
        if (const auto steps = object.find("steps")) report.steps = read_steps(*steps);
        read_ending(report, object);
    }
    refuse_any(problems, "report", report_hint);
    return report;
}

ReportedStep read_step(std::string node, Json output, std::string output_text, Json usage) {
    StepUsage used = read_step_usage(usage);
    usage.erase("handover");
    return {std::move(node), std::move(output), std::move(output_text), std::move(usage), std::move(used)};
}

}  // namespace hil
