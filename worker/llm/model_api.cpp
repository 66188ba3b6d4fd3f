#include "llm/model_api.hpp"

namespace hil::worker {

long long token_count(const Json& usage, const char* key) {
    constexpr long long most = 1'000'000'000;  // no reply is as long; a server can say anything
    const auto found = usage.is_object() ? usage.find(key) : usage.end();
    if (!usage.is_object() || found == usage.end() || !found->is_number()) return 0;
    const double count = found->get<double>();
    if (!(count > 0)) return 0;
    return count < static_cast<double>(most) ? static_cast<long long>(count) : most;
}

std::string retold(const ModelTurn& turn) {
    std::string text = "Earlier in this step";
    if (turn.calls.empty()) return text + " you said:\n" + turn.text;
    text += " you called tools and got these results.";
    for (std::size_t i = 0; i < turn.calls.size(); ++i) {
        text += "\n\n" + turn.calls[i].wire_name + " with " + turn.calls[i].arguments + ":\n";
        if (const auto result = turn.results.find(i); result != turn.results.end())
            text += result->second.text;
    }
    return text;
}

std::string final_answer_description(const std::string& node) {
    return "Gives the final answer of " + node + ".";
}

void conclude(Reply& reply) {
    if (reply.finish == Finish::truncated || reply.finish == Finish::refused ||
        reply.finish == Finish::filtered)
        return;
    const std::vector<ToolCall>& calls = reply.turn.calls;
    if (calls.size() == 1 && calls.front().wire_name == final_answer) {
        reply.finish = Finish::answered;
        reply.answer = calls.front().arguments;
    } else if (!calls.empty()) {
        reply.finish = Finish::called;
    } else if (reply.finish == Finish::answered) {
        reply.answer = reply.turn.text;
    }
}

std::string request_text(OrderedJson request, const Json& options) {
    for (const auto& [key, value] : options.items()) request[key] = OrderedJson(value);
    return request.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace hil::worker
