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

bool is_with_people(const std::string& status) {
    return status == "pending_human" || status == "human_active";
}

Line line_of(const Json& message, const std::string& customer, const std::string& agent) {
    const std::string sender = text_at(message, "sender_type"), content = text_at(message, "content");
    if (sender == "user") return {Voice::customer, customer, content};
    if (sender == "ai") return {Voice::ai, "AI", content};
    if (sender == "agent") return {Voice::agent, agent, content};
    return {Voice::system, "hil", content};
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

void MessagesTold::typed(const Json& message_id) {
    if (message_id.is_number_integer()) typed_.push_back(message_id.get<long long>());
}

std::vector<Json> MessagesTold::news(const Json& messages) {
    std::vector<Json> news;
    for (const Json& message : messages) {
        const long long id = message.at("id").get<long long>();
        if (id <= last_) continue;
        last_ = id;
        if (std::find(typed_.begin(), typed_.end(), id) == typed_.end()) news.push_back(message);
    }
    return news;
}

std::string place_of(const Json& view) {
    const std::string status = text_at(view, "status"), agent = text_at(view, "agent_name");
    if (status == "human_active") return (agent.empty() ? "an agent" : agent) + " has the conversation";
    if (status != "pending_human") return "";
    std::string text =
        "waiting for an agent, place " + decimal(number_at(view, "queue_position"), 0) + " in the queue";
    if (const double seconds = number_at(view, "estimated_wait_seconds"); seconds > 0)
        text += ", about " + (seconds < 90 ? decimal(seconds, 0) + " s" : decimal(seconds / 60, 0) + " min");
    return text;
}

std::vector<Line> CustomerStory::news(const Json& view) {
    std::vector<Line> lines;
    for (const Json& message : messages_.news(view.at("messages"))) {
        const std::string agent = text_at(message, "agent_name");
        lines.push_back(line_of(message, "you", agent.empty() ? "agent" : agent));
    }
    const auto tell = [&](const std::string& text) { lines.push_back({Voice::system, "hil", text}); };
    const std::string status = text_at(view, "status"), agent = text_at(view, "agent_name");
    const bool with_people = is_with_people(status), was_with_people = is_with_people(status_);
    if (with_people && !was_with_people) tell("handed over to a human");
    if (with_people && (status != status_ || agent != agent_))
        tell(place_of(view) + (status == "human_active" ? " now" : ""));
    if (was_with_people && !with_people && status != "resolved") tell("the AI has the conversation again");
    if (status != status_ && (status == "finished" || status == "resolved")) tell(status);
    status_ = status;
    agent_ = agent;
    return lines;
}

std::vector<Line> AgentStory::news(const Json& conversation) {
    std::vector<Line> lines;
    const auto agent = conversation.find("agent");
    if (agent != conversation.end() && agent->is_object())
        names_[text_at(*agent, "id")] = text_at(*agent, "name");
    tell_messages(conversation, lines);
    tell_handovers(conversation, lines);
    tell_state(conversation, lines);
    return lines;
}

void AgentStory::tell_messages(const Json& conversation, std::vector<Line>& lines) {
    for (const Json& message : messages_.news(conversation.at("messages"))) {
        const auto known = names_.find(text_at(message, "agent_id"));
        lines.push_back(line_of(message, "customer", known == names_.end() ? "agent" : known->second));
    }
}

void AgentStory::tell_handovers(const Json& conversation, std::vector<Line>& lines) {
    const Json& handovers = conversation.at("handovers");
    for (; handovers_ < handovers.size(); ++handovers_) {
        const Json& handover = handovers[handovers_];
        const std::string reason = text_at(handover, "reason");
        const std::string because = reason.empty() ? "" : ": " + reason;
        if (text_at(handover, "to") != "human")
            lines.push_back({Voice::system, "hil", "given back to the AI" + because});
        else if (text_at(handover, "from") == "human")
            lines.push_back({Voice::system, "hil", "passed on to another agent" + because});
        else
            lines.push_back({Voice::system, "hil", "handed over to a human" + because});
    }
}

void AgentStory::tell_state(const Json& conversation, std::vector<Line>& lines) {
    const std::string status = text_at(conversation, "status");
    if (status != status_ && status == "finished") lines.push_back({Voice::system, "hil", "finished"});
    if (status != status_ && status == "resolved") {
        const std::string notes = text_at(conversation, "resolution_notes");
        lines.push_back({Voice::system, "hil", "resolved" + (notes.empty() ? "" : ": " + notes)});
    }
    status_ = status;
}

}  // namespace hil::worker
