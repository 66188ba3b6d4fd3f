#include "step/offer.hpp"

#include "core/text.hpp"
#include "llm/model_api.hpp"
#include "step/call_record.hpp"
#include "tools/tool_name.hpp"

namespace hil::worker {
namespace {

std::string too_long() { return "arguments: more than " + std::to_string(max_arguments_bytes) + " bytes"; }

}  // namespace

Offer::Offer(const Workflow& workflow, const std::vector<std::shared_ptr<Tool>>& tools) {
    for (const std::shared_ptr<Tool>& tool : tools) {
        const std::string wire = wire_name(tool->name());
        // No API takes two tools of one name.
        if (by_wire_name_.emplace(wire, tool).second)
            specs_.push_back({wire, tool->description(), tool->parameters().json_schema()});
    }
    handover_.emplace(workflow);
    specs_.push_back(handover_->spec());
}

std::string Offer::refusal(const ToolCall& call, bool alone, Json& arguments) const {
    const auto tool = by_wire_name_.find(call.wire_name);
    const bool hands_over = handover_ && call.wire_name == handover_tool_name;
    if (call.wire_name == final_answer && !alone)
        return "Give the final answer alone, after you have seen the results.";
    if (tool == by_wire_name_.end() && !hands_over) {
        std::string known;
        for (const ToolSpec& spec : specs_) known += (known.empty() ? "" : ", ") + spec.wire_name;
        return "no tool named " + in_quotes(call.wire_name) + "; there are " + known;
    }
    if (call.arguments.size() > max_arguments_bytes) return too_long();
    try {
        arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments, "arguments");
        // Another attempt would make another call of it.
        if (!hands_over) {
            require_recordable(arguments, "arguments");
            if (arguments.dump().size() > max_arguments_bytes)
                return too_long();  // 1E9 is 1000000000.0 there
        }
    } catch (const std::exception& error) {
        return error.what();
    }
    std::string problems;
    for (const std::string& problem :
         hands_over ? handover_->problems(arguments) : tool->second->parameters().problems(arguments))
        problems += (problems.empty() ? "arguments: " : "; ") + problem;
    return problems;
}

std::string Offer::name(const std::string& wire_name) const {
    const auto tool = by_wire_name_.find(wire_name);
    return tool == by_wire_name_.end() ? wire_name : tool->second->name();
}

std::string Offer::label(const std::string& wire_name) const {
    if (wire_name == handover_tool_name) return handover_tool_name;
    return by_wire_name_.contains(wire_name) ? name(wire_name) : "unknown";
}

Json Offer::handed_over(const ToolCall& call) const {
    // In a later attempt they may be an excerpt: what could not be written down whole.
    Json arguments = Json::parse(call.arguments, nullptr, /*allow_exceptions=*/false);
    if (arguments.is_discarded() || !handover_->problems(arguments).empty()) arguments = {{"reason", ""}};
    return handover_->output(arguments);
}

}  // namespace hil::worker
