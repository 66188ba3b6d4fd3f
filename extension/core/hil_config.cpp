#include "core/hil_config.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "core/routing.hpp"
#include "core/skills.hpp"
#include "core/spelling.hpp"
#include "core/text.hpp"

namespace hil {

namespace {

// What the customer is told where hil_config.messages says nothing else.
const std::map<std::string, std::string, std::less<>>& default_messages() {
    static const std::map<std::string, std::string, std::less<>> texts = {
        {"handover", "Your request has been escalated to a human agent. You'll be connected shortly."},
        {"no_sink", "Let me connect you with a human agent."},
        {"error", "I'm having trouble processing your request. Let me connect you with a human agent."},
        {"queued", "You're in the queue. A human agent will be with you shortly."},
        {"sent_to_agent", "Message sent to agent"},
    };
    return texts;
}

constexpr std::array<std::string_view, 5> trigger_types = {"confidence_threshold", "explicit_request",
                                                           "agent_decision", "error_threshold", "complexity"};

void read_confidence_threshold(const DefinitionReader& at, const Workflow& workflow, HilConfig& hil) {
    at.only_keys({"type", "threshold", "node"});
    if (auto threshold = at.require("threshold")) hil.confidence_threshold = threshold->number(0, 1);
    if (auto node = at.find("node")) {
        hil.confidence_node = node->text();
        if (!hil.confidence_node || workflow.nodes.empty()) return;
        const Node* named = workflow.node(*hil.confidence_node);
        if (named && !named->sink) return;
        std::vector<std::string_view> agents;
        for (const Node& known : workflow.nodes)
            if (!known.sink) agents.push_back(known.id);
        node->problem("there is no agent node " + in_quotes(*hil.confidence_node) +
                      did_you_mean(*hil.confidence_node, agents));
    }
}

void read_explicit_request(const DefinitionReader& at, HilConfig& hil) {
    at.only_keys({"type", "patterns"});
    const auto patterns = at.require("patterns");
    if (!patterns) return;
    if (patterns->value() == Json::array()) patterns->problem("must have at least one pattern");
    hil.explicit_patterns = patterns->texts(max_patterns, max_pattern_bytes);
}

void read_error_threshold(const DefinitionReader& at, HilConfig& hil) {
    at.only_keys({"type", "consecutive_errors"});
    if (auto errors = at.require("consecutive_errors")) hil.error_threshold = errors->integer(1);
}

void read_complexity(const DefinitionReader& at, HilConfig& hil) {
    at.only_keys({"type", "levels"});
    hil.complexity_levels = {"high"};
    const auto levels = at.find("levels");
    if (!levels) return;
    if (levels->value() == Json::array()) levels->problem("must have at least one level");
    hil.complexity_levels = levels->texts();
}

void read_trigger(const DefinitionReader& at, const Workflow& workflow, HilConfig& hil,
                  std::set<std::string>& seen) {
    if (!at.object()) return;
    const auto type_at = at.require("type");
    const auto type = type_at ? type_at->text() : std::nullopt;
    if (!type) return;

    if (*type == "confidence_threshold") {
        read_confidence_threshold(at, workflow, hil);
    } else if (*type == "explicit_request") {
        read_explicit_request(at, hil);
    } else if (*type == "agent_decision") {
        at.only_keys({"type"});
        hil.agent_decision = true;
    } else if (*type == "error_threshold") {
        read_error_threshold(at, hil);
    } else if (*type == "complexity") {
        read_complexity(at, hil);
    } else {
        type_at->problem("unknown trigger " + in_quotes(*type) +
                         "; known are confidence_threshold, explicit_request, agent_decision, "
                         "error_threshold, complexity" +
                         did_you_mean(*type, trigger_types));
        return;
    }
    if (!seen.insert(*type).second) type_at->problem("the trigger " + *type + " is given twice");
}

std::vector<std::string> read_step_skills(const DefinitionReader& at) {
    std::vector<std::string> skills;
    for (const std::string& skill : at.texts(max_skills, max_skill_bytes))
        skills.emplace_back(trimmed(skill));
    std::sort(skills.begin(), skills.end());
    const auto twice = std::adjacent_find(skills.begin(), skills.end());
    if (twice != skills.end()) at.problem("the skill " + in_quotes(*twice) + " is given twice");
    return skills;
}

EscalationStep read_escalation_step(const DefinitionReader& at) {
    EscalationStep step;
    if (!at.object()) return step;
    at.only_keys({"after", "priority", "skills", "notify", "back_to_ai"});
    if (auto after = at.require("after")) step.after_seconds = after->integer(1).value_or(0);
    if (auto priority = at.find("priority"))
        step.priority = priority->integer(highest_priority, lowest_priority);
    if (auto skills = at.find("skills")) step.skills = read_step_skills(*skills);
    if (auto notify = at.find("notify")) step.notify = notify->text(max_notify_bytes);
    const auto back_to_ai = at.find("back_to_ai");
    if (back_to_ai) step.back_to_ai = back_to_ai->boolean().value_or(false);
    if (step.back_to_ai && (at.has("priority") || at.has("skills")))
        back_to_ai->problem("ends the wait, so the step can have no priority and no skills");
    if (!at.has("priority") && !at.has("skills") && !at.has("notify") && !at.has("back_to_ai"))
        at.problem("does nothing; give it priority, skills, notify or back_to_ai");
    return step;
}

std::vector<EscalationStep> read_escalation(const DefinitionReader& at) {
    std::vector<EscalationStep> steps;
    for (const DefinitionReader& item : at.items(max_escalation_steps)) {
        const EscalationStep step = read_escalation_step(item);
        if (!steps.empty() && steps.back().back_to_ai)
            item.problem("comes after a step that gives the conversation back to the AI");
        if (!steps.empty() && step.after_seconds != 0 && step.after_seconds <= steps.back().after_seconds)
            item.problem("must come later than the step before it, which is after " +
                         std::to_string(steps.back().after_seconds));
        steps.push_back(step);
    }
    return steps;
}

RoutingRule read_routing_rule(const DefinitionReader& at, std::set<std::string>& seen) {
    RoutingRule rule;
    if (!at.object()) return rule;
    at.only_keys({"skill", "priority", "max_wait_time", "escalation"});
    if (auto skill = at.require("skill")) {
        rule.skill = trimmed(skill->text(max_skill_bytes).value_or(""));
        if (!rule.skill.empty() && !seen.insert(rule.skill).second) {
            skill->problem("the skill " + in_quotes(rule.skill) + " has a rule already");
        }
    }
    if (auto priority = at.find("priority"))
        rule.priority = priority->integer(highest_priority, lowest_priority);
    if (auto max_wait = at.find("max_wait_time")) rule.max_wait_seconds = max_wait->integer(1);
    if (auto escalation = at.find("escalation")) rule.escalation = read_escalation(*escalation);
    return rule;
}

std::map<std::string, std::string> read_messages(const DefinitionReader& at) {
    std::map<std::string, std::string> messages;
    if (!at.object()) return messages;
    at.only_keys({"handover", "no_sink", "error", "queued", "sent_to_agent"});
    for (const auto& [key, text] : default_messages()) {
        if (auto message = at.find(key)) messages[key] = message->text().value_or("");
    }
    return messages;
}

}  // namespace

HilConfig read_hil_config(const DefinitionReader& at, const Workflow& workflow) {
    HilConfig hil;
    if (!at.object()) return hil;
    at.only_keys({"enabled", "handover_triggers", "routing_rules", "messages"});
    if (auto enabled = at.find("enabled")) hil.enabled = enabled->boolean().value_or(true);
    if (auto triggers = at.find("handover_triggers")) {
        std::set<std::string> seen;
        for (const DefinitionReader& trigger : triggers->items()) read_trigger(trigger, workflow, hil, seen);
    }
    if (auto rules = at.find("routing_rules")) {
        std::set<std::string> seen;
        for (const DefinitionReader& rule : rules->items())
            hil.routing_rules.push_back(read_routing_rule(rule, seen));
    }
    if (auto messages = at.find("messages")) hil.messages = read_messages(*messages);
    return hil;
}

const std::string& message_text(const HilConfig& hil, std::string_view key) {
    const auto standard = default_messages().find(key);
    if (standard == default_messages().end())
        throw std::invalid_argument("no such message: " + std::string(key));
    const auto own = hil.messages.find(standard->first);
    return own == hil.messages.end() ? standard->second : own->second;
}

}  // namespace hil
