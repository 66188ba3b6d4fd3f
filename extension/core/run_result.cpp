#include "core/run_result.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/definition_reader.hpp"
#include "core/refusal.hpp"
#include "core/routing.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"

namespace hil {

namespace {

// Far above what any step can cost, and low enough that the sums of a conversation fit into a bigint.
constexpr long long max_count = 1'000'000'000'000;
constexpr double max_cost_usd = 1'000'000;

constexpr const char* result_hint =
    R"(A result is {"sink": id or null, "config": {...}}, with the sink's rendered config.)";
constexpr const char* route_hint =
    "A handover sink's config has required_skills (a list of texts), priority (an integer between 1 and 10), "
    "handover_context (an object) and reason (a text); each may be left out.";
constexpr const char* usage_hint =
    "A usage has input_tokens, output_tokens, cost_usd and duration_ms; each may be left out.";

std::string path(std::string_view argument, std::string_view key) {
    std::string result(argument);
    result += '.';
    result += key;
    return result;
}

[[noreturn]] void refuse(const std::string& path, const std::string& expected, const Json& got,
                         const char* hint) {
    throw Refusal(Reason::invalid_argument, path + " must be " + expected + ", got " + shown(got), hint);
}

// Returns the value of a key, or nullptr if there is no such key or it is null.
const Json* present(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Returns the value of a key, or nullptr where nothing is said: not present, or a blank text, which is what a
// template leaves that had nothing to write.
const Json* given(const Json& object, const char* key) {
    const Json* value = present(object, key);
    const bool blank = value && value->is_string() && is_blank(value->get_ref<const std::string&>());
    return blank ? nullptr : value;
}

// Returns a text. A template that rendered to 42 or true was read as such, and is a text all the same.
std::optional<std::string> read_text(const Json& object, const char* key, std::string_view argument) {
    const Json* value = given(object, key);
    if (!value) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    if (value->is_structured()) refuse(path(argument, key), "a text", *value, route_hint);
    return value->dump();
}

std::optional<SkillSet> read_skills(const Json& config, std::string_view argument) {
    const Json* list = given(config, "required_skills");
    if (!list) return std::nullopt;
    const std::string where = path(argument, "required_skills");
    if (!list->is_array()) refuse(where, "a list of texts", *list, route_hint);

    std::vector<std::string> skills;
    for (const Json& item : *list) {
        if (!item.is_string()) refuse(where, "a list of texts", item, route_hint);
        const std::string_view skill = trimmed(item.get_ref<const std::string&>());
        if (!skill.empty()) skills.emplace_back(skill);
    }
    std::sort(skills.begin(), skills.end());
    skills.erase(std::unique(skills.begin(), skills.end()), skills.end());
    return skill_set({skills.begin(), skills.end()}, where);
}

std::optional<int> read_priority(const Json& config, std::string_view argument) {
    const Json* priority = given(config, "priority");
    if (!priority) return std::nullopt;
    const std::string where = path(argument, "priority");
    const auto number = whole_number(*priority);
    if (!number) refuse(where, "an integer between 1 and 10", *priority, route_hint);
    return checked_priority(*number, where);
}

long long read_count(const Json& usage, const char* key) {
    const Json* count = present(usage, key);
    if (!count) return 0;
    const auto number = whole_number(*count);
    if (!number || *number < 0 || *number > max_count) {
        const std::string expected = "an integer between 0 and " + std::to_string(max_count);
        refuse(path("usage", key), expected, *count, usage_hint);
    }
    return *number;
}

double read_cost(const Json& usage) {
    const Json* cost = present(usage, "cost_usd");
    if (!cost) return 0;
    const double amount = cost->is_number() ? cost->get<double>() : -1;
    if (!(amount >= 0 && amount <= max_cost_usd)) {
        refuse("usage.cost_usd", "a number between 0 and " + number_text(max_cost_usd), *cost, usage_hint);
    }
    return amount;
}

}  // namespace

SinkRoute read_sink_route(const Json& config, std::string_view argument) {
    if (!config.is_object()) refuse(std::string(argument), "an object", config, route_hint);
    SinkRoute route;
    route.skills = read_skills(config, argument);
    route.priority = read_priority(config, argument);
    if (const Json* context = given(config, "handover_context")) {
        if (!context->is_object())
            refuse(path(argument, "handover_context"), "an object", *context, route_hint);
        route.context = *context;
    }
    route.reason = read_text(config, "reason", argument);
    const Json* reason = given(route.context, "reason");
    if (!route.reason && reason && reason->is_string()) route.reason = reason->get<std::string>();
    if (route.reason) route.reason = clean_reason(*route.reason);
    return route;
}

bool is_resolution_status(std::string_view status) {
    return status == "resolved" || status == "unresolved" || status == "escalated";
}

RunResult read_run_result(const Json& result) {
    if (!result.is_object()) refuse("result", "an object", result, result_hint);
    if (!result.contains("sink")) {
        throw Refusal(Reason::invalid_argument, "result lacks the key \"sink\"", result_hint);
    }
    RunResult read;
    if (const Json* sink = present(result, "sink")) {
        if (!sink->is_string() || is_blank(sink->get_ref<const std::string&>())) {
            refuse("result.sink", "the id of a sink or null", *sink, result_hint);
        }
        read.sink = sink->get<std::string>();
    }
    const Json* config = present(result, "config");
    if (!config) return read;

    SinkRoute route = read_sink_route(*config, "result.config");
    read.response = read_text(*config, "response", "result.config");
    read.resolution_status = read_text(*config, "status", "result.config");
    if (read.resolution_status) {
        read.resolution_status = std::string(trimmed(*read.resolution_status));
        if (!is_resolution_status(*read.resolution_status)) {
            refuse("result.config.status", "resolved, unresolved or escalated", *read.resolution_status,
                   result_hint);
        }
    }
    read.skills = std::move(route.skills);
    read.priority = route.priority;
    read.context = std::move(route.context);
    read.reason = std::move(route.reason);
    return read;
}

StepUsage read_step_usage(const Json& usage) {
    if (!usage.is_object()) refuse("usage", "an object", usage, usage_hint);
    StepUsage read;
    read.input_tokens = read_count(usage, "input_tokens");
    read.output_tokens = read_count(usage, "output_tokens");
    read.cost_usd = read_cost(usage);
    read.duration_ms = read_count(usage, "duration_ms");
    if (const Json* handover = present(usage, "handover")) {
        read.handover = read_sink_route(*handover, "usage.handover");
    }
    return read;
}

}  // namespace hil
