// What a workflow may refer to by name.
#pragma once

#include <map>
#include <string>

#include "core/json.hpp"

namespace hil::worker {

// A kind of agent node: what its model is told to be, and what it has to answer.
struct AgentPreset {
    std::string system_prompt;
    Json output_schema;  // JSON Schema or shorthand (see schema.hpp); empty: any object
};

// Which model a node uses, under a name that says what it is for.
struct ModelProfile {
    std::string provider = "rules";
    std::string model;
    Json options = Json::object();  // passed to the provider
};

// The model profile of a node that names none.
inline constexpr const char* default_model_profile = "balanced";

struct Catalogue {
    std::map<std::string, AgentPreset> agents;
    std::map<std::string, ModelProfile> model_profiles;

    // The presets simple_intent_classifier, simple_evaluator and reasoning_support_agent; the profiles fast
    // and balanced. A configuration changes them or adds to them.
    static Catalogue builtin();
};

}  // namespace hil::worker
