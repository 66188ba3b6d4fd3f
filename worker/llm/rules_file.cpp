#include "llm/rules_file.hpp"

#include <algorithm>
#include <utility>

#include "core/definition_reader.hpp"
#include "workflow/located.hpp"

namespace hil::worker::llm {
namespace {

constexpr std::size_t max_intents = 1000;
constexpr std::size_t max_phrases = 1000;
constexpr double sure_enough = 0.7;  // below this confidence the evaluators do not trust the AI

std::string default_reason(const Json& facts) {
    if (facts["needs_human"] == true) return "the customer needs a person";
    if (facts["complexity"] == "high") return "the request is complex";
    if (facts["confidence"] < sure_enough) return "the request is not clear";
    return facts["resolved"] == true ? "the request is a standard one" : "the request could not be resolved";
}

// Says about a rule what its author left out.
void complete(Json& facts) {
    const auto set_default = [&](const char* key, const Json& value) {
        if (!facts.contains(key)) facts[key] = value;
    };
    set_default("complexity", "low");
    set_default("confidence", 0.9);
    set_default("needs_human", false);
    set_default("can_handle", facts["complexity"] != "high" && facts["confidence"] >= sure_enough &&
                                  facts["needs_human"] == false);
    set_default("resolved", facts["can_handle"]);
    set_default("satisfaction_likely", facts["resolved"]);
    set_default("needs_handover", facts["resolved"] == false);
    set_default("success", facts["resolved"]);
    set_default("reason", default_reason(facts));
}

void read_facts(const DefinitionReader& at, Json& facts) {
    if (auto intent = at.require("intent")) facts["intent"] = intent->text().value_or("");
    if (auto reply = at.require("reply")) facts["answer"] = reply->text().value_or("");
    if (auto reason = at.find("reason")) facts["reason"] = reason->text().value_or("");
    if (auto confidence = at.find("confidence")) facts["confidence"] = confidence->number(0, 1).value_or(0);
    if (auto complexity = at.find("complexity")) {
        const std::string level = complexity->text().value_or("low");
        if (level != "low" && level != "medium" && level != "high")
            complexity->problem("must be low, medium or high, got \"" + level + "\"");
        facts["complexity"] = level;
    }
    for (const char* key : {"needs_human", "can_handle", "resolved", "satisfaction_likely", "needs_handover"})
        if (auto flag = at.find(key)) facts[key] = flag->boolean().value_or(false);
}

RuleError read_error(const DefinitionReader& at) {
    RuleError error;
    if (!at.object()) return error;
    at.only_keys({"text", "retryable", "times", "node"});
    if (auto text = at.require("text")) error.text = text->text().value_or("");
    if (auto retryable = at.find("retryable")) error.retryable = retryable->boolean().value_or(true);
    if (auto times = at.find("times")) error.times = times->integer(1);
    if (auto node = at.find("node")) error.node = node->text();
    return error;
}

Rule read_rule(const DefinitionReader& at, bool with_phrases) {
    Rule rule;
    if (!at.object()) return rule;
    at.only_keys({"intent", "phrases", "complexity", "confidence", "needs_human", "reply", "can_handle",
                  "resolved", "satisfaction_likely", "needs_handover", "reason", "nodes", "error"});
    if (with_phrases) {
        if (auto phrases = at.require("phrases")) {
            rule.phrases = phrases->texts(max_phrases);
            if (phrases->value() == Json::array()) phrases->problem("must have at least one phrase");
        }
    } else if (auto phrases = at.find("phrases")) {
        phrases->problem("this rule is used without phrases");
    }
    read_facts(at, rule.facts);
    complete(rule.facts);
    if (auto nodes = at.find("nodes"); nodes && nodes->object())
        for (const auto& [id, output] : nodes->value().items()) rule.by_node[id] = output;
    if (auto error = at.find("error")) rule.error = read_error(*error);
    return rule;
}

Rules read_all(const DefinitionReader& at) {
    Rules rules;
    if (!at.object()) return rules;
    at.only_keys({"intents", "default", "handed_back"});
    if (auto intents = at.require("intents"))
        for (const DefinitionReader& intent : intents->items(max_intents))
            rules.intents.push_back(read_rule(intent, /*with_phrases=*/true));
    if (auto otherwise = at.require("default"))
        rules.otherwise = read_rule(*otherwise, /*with_phrases=*/false);
    if (auto back = at.find("handed_back")) rules.handed_back = read_rule(*back, /*with_phrases=*/false);
    return rules;
}

}  // namespace

RulesResult read_rules(const std::string& yaml) {
    RulesResult result;
    const YamlResult read = read_yaml(yaml);
    result.errors = read.errors;
    if (!read.value) return result;
    std::vector<Problem> problems;
    Rules rules = read_all(DefinitionReader(*read.value, "", problems));
    for (const Problem& problem : problems)
        result.errors.push_back(located(problem, *read.value, read.places));
    std::stable_sort(result.errors.begin(), result.errors.end());
    if (result.errors.empty()) result.rules = std::move(rules);
    return result;
}

}  // namespace hil::worker::llm
