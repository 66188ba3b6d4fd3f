// Output schemas as the providers take them.
#include <gtest/gtest.h>

#include "llm/wire_schema.hpp"

namespace hil::worker {
namespace {

bool strict(const char* schema) { return strict_schema(Json::parse(schema)).has_value(); }

TEST(LlmWireSchema, KnowsWhatAsksForAnyObject) {
    EXPECT_TRUE(asks_for_any_object(Json::parse(R"({"type": "object"})")));
    EXPECT_TRUE(asks_for_any_object(Json::parse(R"({"type": "object", "description": "x", "title": "y"})")));
    EXPECT_FALSE(asks_for_any_object(Json::parse(R"({"type": "object", "properties": {}})")));
    EXPECT_FALSE(asks_for_any_object(Json::parse(R"({"type": "array"})")));
    EXPECT_FALSE(asks_for_any_object(Json::parse(R"({"anyOf": []})")));
}

TEST(LlmWireSchema, ClosesEveryObjectForTheStrictMode) {
    EXPECT_EQ(strict_schema(Json::parse(R"({"type": "object", "required": ["a", "b"], "properties": {
                  "a": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}},
                                                   "required": ["x"]}},
                  "b": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}]}},
                  "$defs": {"b": {"type": "object", "properties": {}, "required": []}}})")),
              Json::parse(
                  R"({"type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
                  "a": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}},
                                                   "required": ["x"], "additionalProperties": false}},
                  "b": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}]}},
                  "$defs": {"b": {"type": "object", "properties": {}, "required": [],
                                  "additionalProperties": false}}})"));
}

TEST(LlmWireSchema, KnowsWhatTheStrictModeRefuses) {
    EXPECT_TRUE(strict(R"({"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]})"));
    EXPECT_TRUE(strict(R"({"type": "object", "properties": {}, "additionalProperties": false})"));
    for (const char* schema :
         {R"({"type": "object"})", R"({"type": "array", "items": {"type": "string"}})", R"({"anyOf": []})",
          R"({"type": "object", "properties": {"a": {"type": "string"}}})",
          R"({"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"]})",
          R"({"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]})",
          R"({"type": "object", "properties": {"a": {}}, "required": ["a"]})",
          R"({"type": "object", "properties": {"a": true}, "required": ["a"]})",
          R"({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"]})",
          R"({"type": "object", "properties": {"a": {"oneOf": []}}, "required": ["a"]})",
          R"({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}})"})
        EXPECT_FALSE(strict(schema)) << schema;
}

TEST(LlmWireSchema, LeavesOutBoundsForTheOutputFormat) {
    EXPECT_EQ(output_format_schema(Json::parse(R"({"type": "object", "properties": {
                  "minimum": {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 2},
                  "b": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 2},
                        "minItems": 2, "maxItems": 3, "uniqueItems": true},
                  "c": {"type": "array", "minItems": 1}}})")),
              Json::parse(R"({"type": "object", "additionalProperties": false, "properties": {
                  "minimum": {"type": "number"},
                  "b": {"type": "array", "items": {"type": "string"}},
                  "c": {"type": "array", "minItems": 1}}})"));
}

TEST(LlmWireSchema, KnowsWhatTheOutputFormatCannotSay) {
    for (const char* schema :
         {R"({"type": "object"})", R"({"type": "object", "properties": {"a": {"type": "object"}}})",
          R"({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}})",
          R"({"type": "object", "properties": {"a": true}})"})
        EXPECT_EQ(output_format_schema(Json::parse(schema)), std::nullopt) << schema;
}

}  // namespace
}  // namespace hil::worker
