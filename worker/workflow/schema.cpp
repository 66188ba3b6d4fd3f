#include "workflow/schema.hpp"

// Without this valijson ends the process where a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1

#include <map>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "core/text.hpp"
#include "workflow/schema_check.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_problems = 10;
constexpr std::size_t max_characters = 300;  // of one problem

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
        check_schema(given);
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

std::optional<std::vector<std::string>> OutputSchema::fields() const {
    const Json& schema = parsed_->json;
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object() || properties->empty()) return std::nullopt;
    for (const char* key : {"$ref", "anyOf", "oneOf", "allOf", "if", "patternProperties"})
        if (schema.contains(key)) return std::nullopt;
    // Said so, further ones are wanted.
    const auto further = schema.find("additionalProperties");
    if (further != schema.end() && *further != false) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& property : properties->items()) names.push_back(property.key());
    return names;
}

std::vector<std::string> OutputSchema::problems(const Json& output) const {
    if (is_laborious(parsed_->json, output)) return {"checking it against its schema takes too many steps"};
    // Strong types: "0.9" is no number, also if it reads as one.
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    std::vector<std::string> problems;
    const valijson::adapters::NlohmannJsonAdapter adapter(output);
    if (validator.validate(parsed_->schema, adapter, &results)) return problems;
    for (const auto& error : results) {
        if (problems.size() == max_problems) {
            problems.push_back("and " + std::to_string(results.numErrors() - max_problems) + " more");
            break;
        }
        std::string path;
        for (std::size_t i = 1; i < error.context.size(); ++i)
            path += error.context[i];  // the first is <root>
        problems.push_back(one_line((path.empty() ? "" : path + ": ") + error.description, max_characters));
    }
    return problems;
}

}  // namespace hil::worker
