// Output schemas: the shorthand, full JSON Schema, what is refused.
#include <gtest/gtest.h>

#include "workflow/schema.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

bool fits(const char* schema, const char* output) {
    return OutputSchema(Json::parse(schema)).problems(Json::parse(output)).empty();
}

std::string refused_at(const char* schema) {
    try {
        OutputSchema checked{Json::parse(schema)};
    } catch (const SchemaError& error) {
        return error.pointer();
    }
    return "not refused";
}

TEST(OutputSchema, ShorthandTypes) {
    const Json schema =
        Json::parse(R"({"s": "string", "i": "integer", "f": "float", "n": "number", "b": "boolean",
                             "o": "object", "l": "list", "t": ["string"], "m": {"x": "integer"}})");
    const Json good = Json::parse(R"({"s": "a", "i": 1, "f": 0.5, "n": 2, "b": true, "o": {}, "l": [1, "a"],
                                      "t": ["a"], "m": {"x": 1}, "more": null})");
    const OutputSchema checked(schema);
    EXPECT_EQ(checked.problems(good), Texts{});
    const auto wrong = [&](const char* key, const Json& value) {
        Json output = good;
        output[key] = value;
        return !checked.problems(output).empty();
    };
    EXPECT_TRUE(wrong("s", 1));
    EXPECT_TRUE(wrong("i", 1.5));
    EXPECT_TRUE(wrong("f", "0.5"));
    EXPECT_TRUE(wrong("n", true));
    EXPECT_TRUE(wrong("b", 0));
    EXPECT_TRUE(wrong("o", Json::array()));
    EXPECT_TRUE(wrong("l", Json::object()));
    EXPECT_TRUE(wrong("t", {1}));
    EXPECT_TRUE(wrong("m", {{"x", "1"}}));
    EXPECT_FALSE(wrong("f", 1));  // a whole number is a number
    for (const auto& [key, value] : schema.items()) {
        Json output = good;
        output.erase(key);
        EXPECT_FALSE(checked.problems(output).empty()) << key << " is required";
    }
}

TEST(OutputSchema, AFieldCalledTypeIsNoJsonSchema) {
    EXPECT_TRUE(fits(R"({"type": "string"})", R"({"type": "refund"})"));
    EXPECT_FALSE(fits(R"({"type": "string"})", R"("refund")"));
}

TEST(OutputSchema, FullJsonSchema) {
    const char* schema =
        R"({"type": "object", "properties": {"level": {"enum": ["low", "high"]}, "pattern": {}},
                             "required": ["level"], "additionalProperties": false})";
    EXPECT_TRUE(fits(schema, R"({"level": "low"})"));
    EXPECT_TRUE(fits(schema, R"({"level": "low", "pattern": 1})"));
    EXPECT_FALSE(fits(schema, R"({"level": "middling"})"));
    EXPECT_FALSE(fits(schema, R"({"level": "low", "other": 1})"));
    EXPECT_TRUE(fits(R"({"type": "array", "items": {"type": "integer"}})", "[1, 2]"));
    EXPECT_FALSE(fits(R"({"anyOf": [{"type": "integer"}, {"type": "null"}]})", R"("x")"));
}

TEST(OutputSchema, AnEmptySchemaAsksForAnObject) {
    EXPECT_TRUE(fits("{}", R"({"anything": 1})"));
    EXPECT_TRUE(fits("null", "{}"));
    EXPECT_FALSE(fits("{}", R"("text")"));
}

TEST(OutputSchema, ProblemsNameTheField) {
    const Texts problems =
        OutputSchema(Json{{"confidence", "float"}}).problems(Json::parse(R"({"confidence": "high"})"));
    ASSERT_FALSE(problems.empty());
    EXPECT_NE(problems[0].find("confidence"), std::string::npos) << problems[0];
}

TEST(OutputSchema, RefusesWhatMeansNothing) {
    EXPECT_EQ(refused_at(R"({"a": {"b": "flaot"}})"), "/a/b");
    EXPECT_EQ(refused_at(R"({"a": ["string", "string"]})"), "/a");
    EXPECT_EQ(refused_at(R"({"a": [7]})"), "/a/0");
    EXPECT_EQ(refused_at(R"({"type": "object", "properties": 5})"), "");
    EXPECT_EQ(refused_at(R"({"type": "object", "required": "x"})"), "");
}

// valijson follows these until the stack is full.
TEST(OutputSchema, RefusesReferencesThatLeadNowhere) {
    EXPECT_EQ(refused_at(R"({"$ref": "http://localhost/x.json"})"), "/$ref");
    EXPECT_EQ(refused_at(R"({"$ref": "#"})"), "/$ref");
    EXPECT_EQ(refused_at(R"({"$ref": "#/definitions/a"})"), "/$ref");
    EXPECT_EQ(refused_at(R"({"properties": {"x": {"$ref": "#/$defs/a"}},
                             "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})"),
              "/$defs/a/$ref");
    const char* tree = R"({"properties": {"value": {"type": "integer"}, "child": {"$ref": "#"}}})";
    EXPECT_TRUE(fits(tree, R"({"value": 1, "child": {"value": 2}})"));
    EXPECT_FALSE(fits(tree, R"({"value": 1, "child": {"value": "2"}})"));
}

// valijson matches patterns with std::regex, which a model's long text could crash.
TEST(OutputSchema, RefusesPatterns) {
    EXPECT_EQ(refused_at(R"({"properties": {"pattern": {"type": "string", "pattern": "a+"}}})"),
              "/properties/pattern/pattern");
    EXPECT_EQ(refused_at(R"({"allOf": [{"patternProperties": {}}]})"), "/allOf/0/patternProperties");
    EXPECT_EQ(refused_at(R"({"properties": {"a": {"enum": [{"pattern": 1}]}}})"), "not refused");
}

}  // namespace
}  // namespace hil::worker
