#include "terminal/story.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_output = 160;  // characters of an output on its line

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string decimal(double number, int digits) {
    std::string text(64, '\0');
    const int written = std::snprintf(text.data(), text.size(), "%.*f", digits, number);
    text.resize(static_cast<std::size_t>(std::clamp(written, 0, 63)));
    return text;
}

std::string in_json(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// What the step and the turns before its calls cost.
std::string spent(const StepRow& step) {
    double tokens = 0, cost = 0;
    const auto add = [&](const Json& usage) {
        tokens += number_at(usage, "input_tokens") + number_at(usage, "output_tokens");
        cost += number_at(usage, "cost_usd");
    };
    add(step.usage);
    if (step.calls.is_array())
        for (const Json& call : step.calls) add(call.value("usage", Json()));
    std::string text = decimal(number_at(step.usage, "duration_ms") / 1000, 1) + " s";
    if (tokens > 0) text += ", " + decimal(tokens, 0) + " tokens";
    if (cost > 0) text += ", $" + decimal(cost, cost < 0.01 ? 5 : 3);
    return text;
}

}  // namespace

std::vector<Line> lines_of(const StepRow& step) {
    std::vector<Line> lines;
    if (step.calls.is_array())
        for (const Json& call : step.calls) {
            const std::string result = text_at(call, "result");
            const bool is_error = call.value("is_error", Json(false)) == true;
            lines.push_back({Voice::system, step.node,
                             text_at(call, "tool") + " " +
                                 one_line(in_json(call.value("arguments", Json::object())), max_output) +
                                 " → " + (is_error ? "error: " : "") + one_line(result, max_output)});
        }
    std::string text = one_line(in_json(step.output), max_output) + "  (" + spent(step) + ")";
    if (!step.verdict.empty()) text += "  → handover: " + step.verdict;
    lines.push_back({Voice::system, step.node, text});
    return lines;
}

void Story::typed(const Json& message_id) {
    if (message_id.is_number_integer()) typed_.push_back(message_id.get<long long>());
}

std::string Story::name_of(const Json& agent_id) const {
    const auto known = names_.find(agent_id.is_string() ? agent_id.get<std::string>() : "");
    return known == names_.end() ? "agent" : known->second;
}

std::vector<Line> Story::news(const Json& conversation, long long position) {
    std::vector<Line> lines;
    const auto agent = conversation.find("agent");
    if (agent != conversation.end() && agent->is_object())
        names_[text_at(*agent, "id")] = text_at(*agent, "name");
    tell_messages(conversation, lines);
    tell_handovers(conversation, position, lines);
    tell_state(conversation, lines);
    return lines;
}

void Story::tell_messages(const Json& conversation, std::vector<Line>& lines) {
    for (const Json& message : conversation.at("messages")) {
        const long long id = message.at("id").get<long long>();
        if (id <= last_message_) continue;
        last_message_ = id;
        if (std::find(typed_.begin(), typed_.end(), id) != typed_.end()) continue;
        const std::string sender = text_at(message, "sender_type");
        const std::string content = text_at(message, "content");
        if (sender == "user")
            lines.push_back({Voice::customer, reader_ == Reader::customer ? "you" : "customer", content});
        else if (sender == "ai")
            lines.push_back({Voice::ai, "AI", content});
        else if (sender == "agent")
            lines.push_back({Voice::agent, name_of(message.value("agent_id", Json())), content});
        else
            lines.push_back({Voice::system, "hil", content});
    }
}

void Story::tell_handovers(const Json& conversation, long long position, std::vector<Line>& lines) {
    const Json& handovers = conversation.at("handovers");
    for (; handovers_ < handovers.size(); ++handovers_) {
        const Json& handover = handovers[handovers_];
        const std::string reason = text_at(handover, "reason");
        const std::string because = reason.empty() ? "" : ": " + reason;
        if (text_at(handover, "to") != "human") {
            lines.push_back({Voice::system, "hil", "given back to the AI" + because});
        } else if (text_at(handover, "from") == "human") {
            lines.push_back({Voice::system, "hil", "passed on to another agent" + because});
        } else {
            lines.push_back({Voice::system, "hil", "handed over to a human" + because});
        }
        if (handovers_ + 1 == handovers.size() && position > 0)
            lines.push_back({Voice::system, "hil",
                             "waiting for an agent, place " + std::to_string(position) + " in the queue"});
    }
}

void Story::tell_state(const Json& conversation, std::vector<Line>& lines) {
    const std::string status = text_at(conversation, "status");
    const Json agent = conversation.value("agent", Json());
    const std::string name = agent.is_object() ? text_at(agent, "name") : "";
    if (reader_ == Reader::customer && !name.empty() && name != agent_)
        lines.push_back({Voice::system, "hil", name + " has the conversation now"});
    if (status != status_ && status == "finished") lines.push_back({Voice::system, "hil", "finished"});
    if (status != status_ && status == "resolved") {
        // What the agent noted is for colleagues.
        const std::string notes = reader_ == Reader::agent ? text_at(conversation, "resolution_notes") : "";
        lines.push_back({Voice::system, "hil", "resolved" + (notes.empty() ? "" : ": " + notes)});
    }
    status_ = status;
    agent_ = name;
}

}  // namespace hil::worker
