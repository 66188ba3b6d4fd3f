#include "step/call_record.hpp"

#include <utility>

#include "core/text.hpp"
#include "llm/counted_provider.hpp"
#include "tools/result_text.hpp"
#include "workflow/storable.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_message_bytes = 256 << 10;
constexpr std::size_t max_quoted_bytes = 1000;

bool can_be_recorded(const Json& value, std::size_t max_bytes) {
    try {
        require_recordable(value, "it");
        return value.dump().size() <= max_bytes;
    } catch (const std::exception&) {
        return false;
    }
}

// What cannot be read stays a text.
Json arguments_of(const ToolCall& call) {
    if (call.arguments.size() <= max_arguments_bytes) {
        try {
            Json read = parse_json(call.arguments.empty() ? "{}" : call.arguments, "it");
            if (can_be_recorded(read, max_arguments_bytes)) return read;
        } catch (const std::exception&) {
            // Told to the model by whoever makes the call.
        }
    }
    return result_text(call.arguments, max_quoted_bytes);
}

Json message_of(const ModelTurn& turn, const ModelProfile& profile) {
    Json message = {{"provider", profile.provider},
                    {"model", profile.model},
                    {"kind", turn.kind},
                    {"text", result_text(turn.text, max_arguments_bytes)},
                    {"calls", Json::array()}};
    for (const ToolCall& call : turn.calls)
        message["calls"].push_back({{"id", result_text(call.id, max_quoted_bytes)},
                                    {"name", result_text(call.wire_name, max_quoted_bytes)}});
    message["raw"] = turn.raw;
    if (!can_be_recorded(message, max_message_bytes)) {
        message["raw"] = nullptr;
        message["kind"] = "";
    }
    return message;
}

std::string text_at(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void begin(RecordedTurn& recorded, const Json& message, const ModelProfile& profile) {
    recorded.turn.text = text_at(message, "text");
    const bool same =
        text_at(message, "provider") == profile.provider && text_at(message, "model") == profile.model;
    if (!same) return;
    recorded.turn.kind = text_at(message, "kind");
    recorded.turn.raw = message.value("raw", Json());
}

}  // namespace

void require_recordable(const Json& value, std::string_view argument) {
    Json item = Json::object();
    item["value"] = value;
    Json items = Json::array();
    items.push_back(std::move(item));
    require_storable(items, argument);
}

Json usage_json(const Usage& usage, const ModelProfile& profile) {
    return {{"input_tokens", usage.input_tokens},
            {"output_tokens", usage.output_tokens},
            {"cost_usd", usage.cost_usd},
            {"model", name_of(profile)}};
}

Json items_of(const ModelTurn& turn, int number, int first_call, const Usage& usage,
              const ModelProfile& profile, const std::function<std::string(const std::string&)>& tool_name) {
    Json items = Json::array();
    for (std::size_t i = 0; i < turn.calls.size(); ++i) {
        const ToolCall& call = turn.calls[i];
        const std::string name = one_line(tool_name(call.wire_name), 100);
        Json item = {{"call", first_call++},
                     {"turn", number},
                     {"tool", name.empty() ? "(none)" : name},
                     {"arguments", arguments_of(call)}};
        if (items.empty()) {
            item["message"] = message_of(turn, profile);
            item["usage"] = usage_json(usage, profile);
        }
        const auto result = turn.results.find(i);
        if (result != turn.results.end()) item.update(result_item(item["call"], result->second, 0));
        items.push_back(std::move(item));
    }
    return items;
}

Json result_item(int call, const ToolResult& result, long long duration_ms) {
    return {
        {"call", call}, {"result", result.text}, {"is_error", result.is_error}, {"duration_ms", duration_ms}};
}

std::vector<RecordedTurn> recorded_turns(const Json& calls, const ModelProfile& profile) {
    std::vector<RecordedTurn> turns;
    Json ids = Json::array();
    for (const Json& item : calls) {
        const int number = item.value("turn", 0);
        if (turns.empty() || turns.back().number != number) {
            turns.emplace_back().number = number;
            const Json message = item.value("message", Json());
            begin(turns.back(), message, profile);
            ids = message.is_object() ? message.value("calls", Json::array()) : Json::array();
        }
        RecordedTurn& recorded = turns.back();
        const std::size_t at = recorded.numbers.size();
        const int call = item.value("call", 0);
        const Json known = at < ids.size() ? ids[at] : Json();
        const std::string id = text_at(known, "id"), name = text_at(known, "name");
        const Json arguments = item.value("arguments", Json());
        recorded.turn.calls.push_back(
            {id.empty() ? "call_" + std::to_string(call) : id, name,
             arguments.is_string() ? arguments.get<std::string>() : arguments.dump()});
        recorded.numbers.push_back(call);
        recorded.tools.push_back(text_at(item, "tool"));
        if (const Json result = item.value("result", Json()); result.is_string())
            recorded.turn.results[at] = {result.get<std::string>(), item.value("is_error", Json()) == true};
    }
    return turns;
}

}  // namespace hil::worker
