// What the output of a node must look like.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace hil::worker {

// A schema that means nothing. `pointer` leads from the schema to the spot.
class SchemaError : public std::runtime_error {
  public:
    SchemaError(std::string pointer, const std::string& message)
        : std::runtime_error(message), pointer_(std::move(pointer)) {}
    const std::string& pointer() const { return pointer_; }

  private:
    std::string pointer_;
};

// A parsed output schema: full JSON Schema (draft 7), or the shorthand. Copies share what was parsed; safe to
// use from several threads.
//
// Shorthand: a map of fields, each of which the output must have: string, integer, float or number, boolean,
// object, list, `[type]` (a list of that type), or a map of fields again. Further fields are allowed. It is
// JSON Schema if it has $schema, $ref, properties, anyOf, oneOf or allOf, or type: object or type: array. An
// empty schema asks for an object.
class OutputSchema {
  public:
    // Throws SchemaError, also for what JSON Schema allows but check_schema refuses.
    explicit OutputSchema(const Json& given);

    // As full JSON Schema: what a model is told.
    const Json& json_schema() const;

    // The names of the fields of an output; nothing where the schema does not name them all.
    std::optional<std::vector<std::string>> fields() const;

    // What is wrong with an output, in words; empty if it fits. At most ten problems, and how many more.
    std::vector<std::string> problems(const Json& output) const;

  private:
    struct Parsed;
    std::shared_ptr<const Parsed> parsed_;
};

}  // namespace hil::worker
