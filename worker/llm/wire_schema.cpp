#include "llm/wire_schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace hil::worker {
namespace {

template <std::size_t N>
bool one_of(std::string_view keyword, const std::array<std::string_view, N>& known) {
    return std::find(known.begin(), known.end(), keyword) != known.end();
}

bool is_type(const Json& schema, const char* type) {
    const auto given = schema.find("type");
    if (given == schema.end()) return false;
    return given->is_array() ? std::find(given->begin(), given->end(), type) != given->end() : *given == type;
}

bool is_object(const Json& schema) { return schema.contains("properties") || is_type(schema, "object"); }

bool is_closed(const Json& schema) {
    const auto further = schema.find("additionalProperties");
    return further == schema.end() || *further == false;
}

// Calls visit(part) with each schema that lies right inside `schema`, until it returns false.
template <typename SchemaOrConst, typename Visit>
bool all_parts(SchemaOrConst& schema, const Visit& visit) {
    const auto each = [&](auto& parts) { return std::all_of(parts.begin(), parts.end(), visit); };
    for (const char* keyword : {"properties", "$defs", "definitions", "anyOf", "oneOf", "allOf"})
        if (const auto parts = schema.find(keyword); parts != schema.end() && parts->is_structured())
            if (!each(*parts)) return false;
    const auto items = schema.find("items");
    if (items == schema.end()) return true;
    return items->is_array() ? each(*items) : visit(*items);
}

bool takes_strict(const Json& schema) {
    static constexpr std::array<std::string_view, 15> known = {
        "type",        "properties", "required", "items",   "enum",
        "const",       "anyOf",      "$ref",     "$defs",   "definitions",
        "description", "title",      "minimum",  "maximum", "additionalProperties"};
    static constexpr std::array<std::string_view, 5> meaning = {"type", "enum", "const", "anyOf", "$ref"};
    if (!schema.is_object() || !is_closed(schema)) return false;
    bool means_something = false;
    for (const auto& [keyword, value] : schema.items()) {
        if (!one_of(keyword, known)) return false;
        means_something = means_something || one_of(keyword, meaning);
    }
    if (!means_something) return false;
    if (is_object(schema)) {
        const auto properties = schema.find("properties");
        const Json required = schema.value("required", Json::array());
        if (properties == schema.end() || !required.is_array()) return false;
        for (const auto& entry : properties->items())
            if (std::find(required.begin(), required.end(), entry.key()) == required.end()) return false;
    }
    const auto items = schema.find("items");
    if (is_type(schema, "array") && (items == schema.end() || !items->is_object())) return false;
    return all_parts(schema, takes_strict);
}

bool close(Json& schema) {
    if (!schema.is_object()) return true;
    if (is_object(schema)) schema["additionalProperties"] = false;
    return all_parts(schema, close);
}

bool names_all_properties(const Json& schema) {
    if (!schema.is_object()) return false;
    if (is_object(schema) && (!schema.contains("properties") || !is_closed(schema))) return false;
    return all_parts(schema, names_all_properties);
}

bool drop_bounds(Json& schema) {
    if (!schema.is_object()) return true;
    for (const char* keyword :
         {"minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems"})
        schema.erase(keyword);
    if (const auto least = schema.find("minItems"); least != schema.end() && *least > 1) schema.erase(least);
    return all_parts(schema, drop_bounds);
}

}  // namespace

bool asks_for_any_object(const Json& schema) {
    return is_type(schema, "object") &&
           std::all_of(schema.items().begin(), schema.items().end(), [](auto& entry) {
               return entry.key() == "type" || entry.key() == "description" || entry.key() == "title";
           });
}

std::optional<Json> strict_schema(const Json& schema) {
    if (!is_object(schema) || !takes_strict(schema)) return std::nullopt;
    Json closed = schema;
    close(closed);
    return closed;
}

std::optional<Json> output_format_schema(const Json& schema) {
    if (!names_all_properties(schema)) return std::nullopt;
    Json closed = schema;
    close(closed);
    drop_bounds(closed);
    return closed;
}

}  // namespace hil::worker
