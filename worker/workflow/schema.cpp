#include "workflow/schema.hpp"

// Without this valijson ends the process where a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1

#include <map>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

bool is_json_schema(const Json& given) {
    for (const char* key : {"$schema", "$ref", "properties", "anyOf", "oneOf", "allOf"})
        if (given.contains(key)) return true;
    const auto type = given.find("type");
    return type != given.end() && (*type == "object" || *type == "array");
}

Json fields_schema(const Json& fields, const std::string& pointer);

// The JSON Schema of what stands for a type in the shorthand.
Json type_schema(const Json& type, const std::string& pointer) {
    static const std::map<std::string, Json> types = {
        {"string", {{"type", "string"}}},   {"integer", {{"type", "integer"}}},
        {"float", {{"type", "number"}}},    {"number", {{"type", "number"}}},
        {"boolean", {{"type", "boolean"}}}, {"object", {{"type", "object"}}},
        {"list", {{"type", "array"}}}};
    if (type.is_object()) return fields_schema(type, pointer);
    if (type.is_array() && type.size() == 1)
        return {{"type", "array"}, {"items", type_schema(type[0], pointer_to(pointer, std::size_t{0}))}};
    const auto known = type.is_string() ? types.find(type.get<std::string>()) : types.end();
    if (known == types.end())
        throw SchemaError(pointer,
                          "unknown type " + type.dump() +
                              "; known are string, integer, float, number, boolean, object, list, [type] "
                              "and a map of fields");
    return known->second;
}

Json fields_schema(const Json& fields, const std::string& pointer) {
    Json schema = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
    for (const auto& [name, type] : fields.items()) {
        schema["properties"][name] = type_schema(type, pointer_to(pointer, name));
        schema["required"].push_back(name);
    }
    return schema;
}

// Refuses references that valijson would follow for ever, or out of the schema.
void check_reference(const Json& root, const Json& reference, const std::string& at) {
    std::string target = reference.get<std::string>();
    for (int steps = 0; steps < 20; ++steps) {
        if (!target.starts_with("#"))
            throw SchemaError(at, "a `$ref` must lead into the schema itself: #/...");
        const Json* next = nullptr;
        try {
            next = &root.at(Json::json_pointer(target.substr(1)));
        } catch (const Json::exception&) {
            throw SchemaError(at, "nothing is at `" + target + "`");
        }
        const auto further = next->find("$ref");
        if (further == next->end() || !further->is_string()) return;
        target = further->get<std::string>();
    }
    throw SchemaError(at, "this `$ref` leads to no schema, only to other references");
}

// valijson matches patterns with std::regex, which can take exponential time and overflow the stack on what a
// model says. Looks where keywords stand, not at the names of properties.
void check_keywords(const Json& root, const Json& schema, const std::string& pointer) {
    if (schema.is_array())
        for (std::size_t i = 0; i < schema.size(); ++i)
            check_keywords(root, schema[i], pointer_to(pointer, i));
    if (!schema.is_object()) return;
    for (const auto& [keyword, value] : schema.items()) {
        const std::string at = pointer_to(pointer, keyword);
        if (keyword == "pattern" || keyword == "patternProperties")
            throw SchemaError(at, "`" + keyword + "` is not supported; use enum, or check in a condition");
        if (keyword == "$ref" && value.is_string()) check_reference(root, value, at);
        if (keyword == "enum" || keyword == "const" || keyword == "default" || keyword == "examples")
            continue;
        const bool named = keyword == "properties" || keyword == "definitions" || keyword == "$defs";
        if (!named || !value.is_object()) {
            check_keywords(root, value, at);
            continue;
        }
        for (const auto& [name, part] : value.items()) check_keywords(root, part, pointer_to(at, name));
    }
}

}  // namespace

struct OutputSchema::Parsed {
    Json json;
    valijson::Schema schema;
};

OutputSchema::OutputSchema(const Json& given) {
    auto parsed = std::make_shared<Parsed>();
    if (given.is_null() || given.empty()) {
        parsed->json = {{"type", "object"}};
    } else if (!given.is_object()) {
        throw SchemaError("", "an output schema must be a map");
    } else if (is_json_schema(given)) {
        check_keywords(given, given, "");
        parsed->json = given;
    } else {
        parsed->json = fields_schema(given, "");
    }
    try {
        valijson::adapters::NlohmannJsonAdapter adapter(parsed->json);
        valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, parsed->schema);
    } catch (const std::exception& error) {
        throw SchemaError("", std::string("no JSON Schema: ") + error.what());
    }
    parsed_ = std::move(parsed);
}

const Json& OutputSchema::json_schema() const { return parsed_->json; }

std::vector<std::string> OutputSchema::problems(const Json& output) const {
    // Strong types: "0.9" is no number, also if it reads as one.
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    std::vector<std::string> problems;
    const valijson::adapters::NlohmannJsonAdapter adapter(output);
    if (validator.validate(parsed_->schema, adapter, &results)) return problems;
    for (const auto& error : results) {
        std::string path;
        for (std::size_t i = 1; i < error.context.size(); ++i)
            path += error.context[i];  // the first is <root>
        problems.push_back((path.empty() ? "" : path + ": ") + error.description);
    }
    return problems;
}

}  // namespace hil::worker
