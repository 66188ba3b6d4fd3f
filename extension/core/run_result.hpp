// What a worker reports of a run: the result of the whole, and the usage of one step. Both are partly written
// by a model, so the shape is checked strictly and the wording is read kindly: null stands for absent, and so
// does a blank text where a text or a template's outcome is due; duplicates and blanks in a list of skills
// are folded away.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "core/skills.hpp"

namespace hil {

// The part of a handover sink's rendered config that routes: required_skills, priority, handover_context,
// reason.
struct SinkRoute {
    std::optional<SkillSet> skills;
    std::optional<int> priority;  // 1 (highest) to 10
    Json context = Json::object();
    std::optional<std::string> reason;  // config.reason, else handover_context.reason; cleaned
};

// Reads `required_skills` (list of strings), `priority` (integer, 1 to 10), `handover_context` (object) and
// `reason` (text) of a rendered config; other keys are the sink's own. `argument` is the path by which errors
// call the config. Throws Refusal(invalid_argument) on the wrong shape, and for more than max_skills skills.
SinkRoute read_sink_route(const Json& config, std::string_view argument);

// Tells whether `status` is resolved, unresolved or escalated: how a conversation can end.
bool is_resolution_status(std::string_view status);

// The result of a run, from {"sink": "FINISH" or null, "config": {the sink's rendered config}}.
struct RunResult {
    std::optional<std::string> sink;               // the node id; nothing where no sink was reached
    std::optional<std::string> response;           // config.response, never blank
    std::optional<std::string> resolution_status;  // config.status: is_resolution_status
    std::optional<SkillSet> skills;
    std::optional<int> priority;
    Json context = Json::object();
    std::optional<std::string> reason;
};

// Reads a run's result, for hil_complete_run. The key `sink` must be there, be it null: a missing key must
// not be taken for an answer. `config` may be left out. A response or reason that is a number or a boolean (a
// template that rendered to 42) is read as its text; a status must be one that is_resolution_status knows.
// Throws Refusal(invalid_argument) on the wrong shape.
RunResult read_run_result(const Json& result);

// What one step cost, and where its conversation would go if a trigger fired now.
struct StepUsage {
    long long input_tokens = 0;
    long long output_tokens = 0;
    double cost_usd = 0;
    long long duration_ms = 0;
    std::optional<SinkRoute> handover;
};

// Reads a step's usage, for hil_record_step. Unknown keys are ignored, numbers left out are 0.
// Throws Refusal(invalid_argument) for what is no object, for numbers that are negative, no numbers or
// absurdly large, and for a `handover` that read_sink_route refuses.
StepUsage read_step_usage(const Json& usage);

}  // namespace hil
