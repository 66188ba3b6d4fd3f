#include "step/handover_call.hpp"

#include <algorithm>
#include <set>

#include "core/triggers.hpp"
#include "tools/tool_name.hpp"
#include "watch/log.hpp"

namespace hil::worker {
namespace {

constexpr const char* description =
    "Gives the conversation to a human colleague. Use it where a person has to decide or act, or where the "
    "customer "
    "asks for one.";

Json known_skills(const Workflow& workflow) {
    std::set<std::string> skills = {"general"};
    for (const RoutingRule& rule : workflow.hil.routing_rules) skills.insert(rule.skill);
    for (const Node& node : workflow.nodes) {
        const auto written = node.config.find("required_skills");
        if (!node.sink || written == node.config.end() || !written->is_array()) continue;
        for (const Json& skill : *written)
            if (skill.is_string() && skill.get_ref<const std::string&>().find("{{") == std::string::npos)
                skills.insert(skill.get<std::string>());
    }
    return skills;
}

Json schema(const Json& skills) {
    return {{"type", "object"},
            {"properties",
             {{"reason", {{"type", "string"}, {"description", "Why, in one sentence for the colleague."}}},
              {"skills",
               {{"type", "array"},
                {"description", "What the colleague has to know about."},
                {"items", {{"type", "string"}, {"enum", skills}}}}},
              {"priority", {{"type", "integer"}, {"description", "From 1, the most urgent, to 10."}}}}},
            {"required", {"reason"}}};
}

// As the model is told, but what can be dropped is not refused.
Json lenient_schema() {
    return {{"type", "object"},
            {"properties", {{"reason", {{"type", "string"}}}, {"skills", {{"type", "array"}}}}},
            {"required", {"reason"}}};
}

}  // namespace

HandoverCall::HandoverCall(const Workflow& workflow)
    : skills_(known_skills(workflow)), schema_(lenient_schema()) {}

ToolSpec HandoverCall::spec() const { return {handover_tool_name, description, schema(skills_)}; }

Json HandoverCall::output(const Json& arguments) const {
    // The model has decided; the database takes no run back for want of a reason.
    Json call = {{"reason", clean_reason(arguments.at("reason").get_ref<const std::string&>())}};
    for (const Json& skill : arguments.value("skills", Json::array())) {
        if (std::find(skills_.begin(), skills_.end(), skill) != skills_.end()) {
            call["required_skills"].push_back(skill);
        } else {
            note(spdlog::level::info, "unknown_skill",
                 "a model asked for a skill that does not exist; it is left out");
        }
    }
    const Json priority = arguments.value("priority", Json());
    if (priority.is_number_integer() && priority >= 1 && priority <= 10) call["priority"] = priority;
    return {{"handover_to_human", std::move(call)}};
}

}  // namespace hil::worker
