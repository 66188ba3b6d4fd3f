#include "tools/parameters.hpp"

#include <algorithm>

namespace hil::worker {
namespace {

constexpr const char* key_property = "idempotency_key";

bool takes_key(const Json& schema) {
    if (!schema.is_object()) return false;
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) return false;
    const auto key = properties->find(key_property);
    return key != properties->end() && key->is_object() && key->value("type", Json()) == "string";
}

Json without_key(Json schema) {
    schema["properties"].erase(key_property);
    const auto required = schema.find("required");
    if (required != schema.end() && required->is_array())
        required->erase(std::remove(required->begin(), required->end(), key_property), required->end());
    return schema;
}

// An empty schema is one of no parameters. Anything else says that it is an object's.
Json of_object(const Json& schema) {
    if (schema.is_null() || (schema.is_object() && schema.empty()))
        return {{"type", "object"}, {"properties", Json::object()}};
    if (!schema.is_object() || schema.value("type", Json()) != "object")
        throw SchemaError("", "the parameters of a tool are JSON Schema with type: object");
    return schema;
}

}  // namespace

ToolParameters::ToolParameters(const Json& schema)
    : takes_key_(takes_key(schema)),
      shown_(takes_key_ ? without_key(of_object(schema)) : of_object(schema)) {}

Json ToolParameters::with_key(Json arguments, const std::string& idempotency_key) const {
    if (takes_key_) arguments[key_property] = idempotency_key;
    return arguments;
}

}  // namespace hil::worker
