#include "llm/rules.hpp"

#include <tuple>

#include "core/text.hpp"

namespace hil::worker::llm {
namespace {

constexpr std::size_t max_remembered_failures = 10'000;

Rules read_or_throw(const std::string& yaml) {
    RulesResult result = read_rules(yaml);
    if (result.rules) return std::move(*result.rules);
    std::string message = "the rules have mistakes";
    for (const Mistake& mistake : result.errors)
        message += "\n" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " +
                   mistake.message;
    throw std::runtime_error(message);
}

std::string text_of(const Json& variables, const char* key) {
    const auto found = variables.find(key);
    return found != variables.end() && found->is_string() ? found->get<std::string>() : "";
}

bool occurs(const std::string& phrase, const std::string& message) {
    HilConfig config;
    config.explicit_patterns = {phrase};
    return explicit_request(config, message).has_value();
}

// How well a rule fits a message: longest phrase, number of phrases.
std::pair<std::size_t, std::size_t> fit(const Rule& rule, const std::string& message) {
    std::size_t longest = 0, count = 0;
    for (const std::string& phrase : rule.phrases) {
        if (!occurs(phrase, message)) continue;
        longest = std::max(longest, phrase.size());
        ++count;
    }
    return {longest, count};
}

Json output_of(const Rule& rule, const std::string& node, const Json& output_schema) {
    if (const auto own = rule.by_node.find(node); own != rule.by_node.end()) return own->second;
    Json output = Json::object();
    const auto fields = output_schema.find("properties");
    if (fields == output_schema.end()) {
        for (const char* key : {"can_handle", "resolved", "satisfaction_likely", "needs_handover", "reason"})
            output[key] = rule.facts.at(key);
        return output;
    }
    for (const auto& [field, type] : fields->items())
        if (rule.facts.contains(field)) output[field] = rule.facts.at(field);
    return output;
}

}  // namespace

RulesProvider::RulesProvider() : RulesProvider(std::string(builtin_rules())) {}

RulesProvider::RulesProvider(const std::string& yaml) : rules_(read_or_throw(yaml)) {}

Task<Reply> RulesProvider::ask(const Question& question) {
    Reply reply;
    reply.answer = answer(question.node, *question.output_schema, *question.variables).dump();
    reply.turn.text = *reply.answer;
    co_return reply;
}

Json RulesProvider::answer(const std::string& node, const Json& output_schema, const Json& variables) {
    const Rule& rule = rule_for(variables);
    fail_if_told(rule, node, variables);
    return output_of(rule, node, output_schema);
}

const Rule& RulesProvider::rule_for(const Json& variables) const {
    if (rules_.handed_back && !is_blank(text_of(variables, "instructions"))) return *rules_.handed_back;
    const std::string message = text_of(variables, "customer_message");
    const Rule* best = &rules_.otherwise;
    std::pair<std::size_t, std::size_t> best_fit;
    for (const Rule& rule : rules_.intents)
        if (const auto fits = fit(rule, message); fits > best_fit)
            std::tie(best, best_fit) = std::pair(&rule, fits);
    return *best;
}

void RulesProvider::fail_if_told(const Rule& rule, const std::string& node, const Json& variables) {
    if (!rule.error || (rule.error->node && *rule.error->node != node)) return;
    if (rule.error->times) {
        const auto conversation = variables.find("conversation");
        const std::string id =
            conversation != variables.end() && conversation->is_object() ? text_of(*conversation, "id") : "";
        const std::lock_guard lock(mutex_);
        if (failures_.size() >= max_remembered_failures) failures_.clear();
        if (failures_[{id, &rule}]++ >= *rule.error->times) return;
    }
    throw ProviderError(ProviderError::Kind::overloaded, rule.error->text, rule.error->retryable);
}

}  // namespace hil::worker::llm
