// The file of intents that drives the provider `rules`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/workflow.hpp"
#include "workflow/mistake.hpp"

namespace hil::worker::llm {

// Makes a rule fail instead of answering.
struct RuleError {
    std::string text;
    bool retryable = true;
    std::optional<int> times;         // fail so often in each conversation, then answer; nothing: always
    std::optional<std::string> node;  // fail only at this node
};

// A kind of message, and everything that is said about it.
struct Rule {
    std::vector<std::string> phrases;
    Json facts = Json::object();  // what nodes ask for, by field: intent, confidence, answer, can_handle, …
    std::map<std::string, Json> by_node;  // whole outputs of certain nodes
    std::optional<RuleError> error;
};

struct Rules {
    std::vector<Rule> intents;
    Rule otherwise;
    std::optional<Rule> handed_back;  // for runs with instructions of a human agent
};

// `rules` is set if and only if there are no errors.
struct RulesResult {
    std::optional<Rules> rules;
    std::vector<Mistake> errors;  // all of them, in the order of the file
};

RulesResult read_rules(const std::string& yaml);

// The text of worker/workflows/rules.yaml, which is part of the program.
std::string_view builtin_rules();

}  // namespace hil::worker::llm
