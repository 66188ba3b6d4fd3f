// What a workflow may refer to by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace hil::worker {

// A kind of agent node: what its model is told to be, and what it has to answer.
struct AgentPreset {
    std::string system_prompt;
    Json output_schema;  // JSON Schema or shorthand (see schema.hpp); empty: any object
};

// How a model is made to answer with JSON that fits: by the API's own way to say a schema, or by a function
// `final_answer` whose arguments are the answer.
enum class StructuredOutput { by_provider, json_schema, tool };

// In USD per million tokens. What is read from or written to the provider's cache costs as any other input
// where it has no price of its own.
struct Prices {
    double input = 0;
    double output = 0;
    std::optional<double> cached_input;
    std::optional<double> cache_write;
};

// Which model a node uses, under a name that says what it is for.
struct ModelProfile {
    std::string provider = "rules";
    std::string model;                  // may be empty where the provider knows only one
    std::optional<double> temperature;  // not sent where it is left out: some models take none
    int max_tokens = 4096;              // of one reply
    StructuredOutput structured_output = StructuredOutput::by_provider;
    int repair_attempts = 2;  // how often the model is told what is wrong with its answer
    std::optional<Prices> prices;
    Json options = Json::object();  // further members of the request
};

// The model profile of a node that names none.
inline constexpr const char* default_model_profile = "balanced";

struct Catalogue {
    std::map<std::string, AgentPreset> agents;
    std::map<std::string, ModelProfile> model_profiles;
    std::vector<std::string> tools;  // names, and "SERVER.*" where a server says what it has

    // Whether a tool that the pattern matches is there, or may be.
    bool may_have_tool(const std::string& pattern) const;

    // The presets simple_intent_classifier, simple_evaluator and reasoning_support_agent; the profiles fast
    // and balanced. A configuration changes them or adds to them.
    static Catalogue builtin();
};

}  // namespace hil::worker
