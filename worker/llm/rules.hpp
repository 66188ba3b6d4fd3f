// The provider `rules`: answers out of a file of intents. It is no language model.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "core/triggers.hpp"
#include "llm/model.hpp"
#include "llm/rules_file.hpp"

namespace hil::worker::llm {

// Deterministic, offline and without cost: the same request gets the same reply, whatever the number of
// threads. The one thing that it remembers is how often a rule with `error.times` has failed in a
// conversation.
//
// The rule with the longest phrase that occurs in customer_message wins (then the one with more such phrases,
// then the first); phrases match as those of the explicit_request trigger do. A run with instructions gets
// `handed_back`. A node gets its output from the rule's `nodes`, else the facts that its output_schema names,
// else (any object) what an evaluator says: can_handle, resolved, satisfaction_likely, needs_handover and
// reason.
class RulesProvider : public Provider {
  public:
    // The built-in rules, worker/workflows/rules.yaml.
    RulesProvider();
    // Throws std::runtime_error that names every mistake with its line and column.
    explicit RulesProvider(const std::string& yaml);

    // Answers at once.
    Task<Reply> ask(const Question& question) override;

    // What it answers to a node. Thread-safe. Throws ProviderError where a rule says so.
    Json answer(const std::string& node, const Json& output_schema, const Json& variables);

  private:
    const Rule& rule_for(const Json& variables) const;
    void fail_if_told(const Rule& rule, const std::string& node, const Json& variables);

    Rules rules_;
    std::mutex mutex_;
    std::map<std::pair<std::string, const Rule*>, int> failures_;  // by conversation
};

}  // namespace hil::worker::llm
