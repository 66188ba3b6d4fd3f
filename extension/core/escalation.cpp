#include "core/escalation.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/routing.hpp"

namespace hil {

namespace {

// A step and the skill whose rule it comes from; "" for the deadline, which comes from several.
struct RuleStep {
    std::string skill;
    EscalationStep step;
};

bool comes_first(const RuleStep& a, const RuleStep& b) {
    const auto rank = [](const EscalationStep& step) {
        return std::make_pair(step.after_seconds, step.deadline ? 0 : step.back_to_ai ? 2 : 1);
    };
    return rank(a.step) < rank(b.step);
}

std::vector<RuleStep> steps_by_time(const std::vector<RoutingRule>& rules, const SkillSet& skills) {
    std::vector<RuleStep> steps;
    std::optional<int> deadline, plain;  // the shortest wait of all rules, and of those without an escalation
    for (const RoutingRule& rule : rules) {
        if (!std::binary_search(skills.begin(), skills.end(), rule.skill)) continue;
        if (const auto wait = rule.max_wait_seconds) {
            deadline = std::min(*wait, deadline.value_or(*wait));
            if (!rule.escalation) plain = std::min(*wait, plain.value_or(*wait));
        }
        if (!rule.escalation) continue;
        for (const EscalationStep& step : *rule.escalation) steps.push_back({rule.skill, step});
    }
    const auto most_urgent = std::optional(highest_priority);
    if (deadline)
        steps.push_back({"",
                         {.after_seconds = *deadline,
                          .priority = plain == deadline ? most_urgent : std::nullopt,
                          .deadline = true}});
    if (plain && plain != deadline) steps.push_back({"", {.after_seconds = *plain, .priority = most_urgent}});
    std::stable_sort(steps.begin(), steps.end(), comes_first);
    return steps;
}

}  // namespace

std::vector<EscalationStep> escalation_of(const std::vector<RoutingRule>& rules, const SkillSet& skills,
                                          std::string_view general) {
    std::vector<EscalationStep> result;
    std::map<std::string, SkillSet> required;  // what is required now, by the skill that asked for it first
    for (const std::string& skill : skills) required[skill] = {skill};
    for (auto& [skill, step] : steps_by_time(rules, skills)) {
        if (step.skills) {
            required[skill] = *std::move(step.skills);
            std::set<std::string> all;
            for (const auto& [first, instead] : required) all.insert(instead.begin(), instead.end());
            if (all.empty()) all.emplace(general);
            step.skills.emplace(all.begin(), all.end());
        }
        result.push_back(std::move(step));
    }
    return result;
}

Json escalation_json(const std::vector<EscalationStep>& steps) {
    Json list = Json::array();
    for (const EscalationStep& step : steps) {
        Json& item = list.emplace_back(Json{{"after", step.after_seconds}});
        if (step.priority) item["priority"] = *step.priority;
        if (step.skills) item["skills"] = *step.skills;
        if (step.notify) item["notify"] = *step.notify;
        if (step.back_to_ai) item["back_to_ai"] = true;
        if (step.deadline) item["deadline"] = true;
    }
    return list;
}

std::vector<EscalationStep> read_escalation(const Json& stored) {
    std::vector<EscalationStep> steps;
    for (const Json& item : stored) {
        EscalationStep& step = steps.emplace_back();
        step.after_seconds = item.at("after").get<int>();
        if (item.contains("priority")) step.priority = item["priority"].get<int>();
        if (item.contains("skills")) step.skills = item["skills"].get<SkillSet>();
        if (item.contains("notify")) step.notify = item["notify"].get<std::string>();
        step.back_to_ai = item.value("back_to_ai", false);
        step.deadline = item.value("deadline", false);
    }
    return steps;
}

}  // namespace hil
