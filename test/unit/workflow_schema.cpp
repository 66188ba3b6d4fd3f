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
              "/$defs/b/$ref");
    const char* tree = R"({"properties": {"value": {"type": "integer"}, "child": {"$ref": "#"}}})";
    EXPECT_TRUE(fits(tree, R"({"value": 1, "child": {"value": 2}})"));
    EXPECT_FALSE(fits(tree, R"({"value": 1, "child": {"value": "2"}})"));
}

// valijson matches patterns with std::regex, which a model's long text could crash.
TEST(OutputSchema, RefusesPatterns) {
    EXPECT_EQ(refused_at(R"({"properties": {"pattern": {"type": "string", "pattern": "a+"}}})"),
              "/properties/pattern/pattern");
    EXPECT_EQ(refused_at(R"({"allOf": [{"patternProperties": {}}]})"), "/allOf/0/patternProperties");
    for (const char* format : {"date", "time", "date-time"})
        EXPECT_EQ(
            refused_at(
                (R"({"properties": {"format": {"format": ")" + std::string(format) + R"("}}})").c_str()),
            "/properties/format/format");
    EXPECT_EQ(refused_at(R"({"properties": {"format": {"format": "email"}}})"), "not refused");
    EXPECT_EQ(refused_at(R"({"properties": {"a": {"enum": [{"pattern": 1}]}}})"), "not refused");
}

// A division by this ends the process.
TEST(OutputSchema, RefusesAMultipleOfNothing) {
    for (const char* divisor : {"0", "-1", "0.0", "\"0\"", "18446744073709551615"})
        EXPECT_EQ(
            refused_at((R"({"properties": {"n": {"multipleOf": )" + std::string(divisor) + "}}}").c_str()),
            "/properties/n/multipleOf");
    EXPECT_FALSE(fits(R"({"properties": {"n": {"multipleOf": 5}}})", R"({"n": 7})"));
    EXPECT_EQ(refused_at(R"({"$ref": "#/default", "default": {"multipleOf": 0}})"), "/default/multipleOf");
}

TEST(OutputSchema, RefusesASchemaThatComesBackToItselfOnTheSameValue) {
    EXPECT_EQ(refused_at(R"({"allOf": [{"$ref": "#"}]})"), "/allOf/0/$ref");
    EXPECT_EQ(refused_at(R"({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}})"),
              "/properties/a/allOf/0/$ref");
    for (const char* keyword : {"not", "if", "then", "else"})
        EXPECT_NE(
            refused_at((R"({"properties": {}, ")" + std::string(keyword) + R"(": {"$ref": "#"}})").c_str()),
            "not refused")
            << keyword;
    for (const char* keyword : {"anyOf", "oneOf"})
        EXPECT_NE(refused_at((R"({")" + std::string(keyword) + R"(": [{}, {"$ref": "#"}]})").c_str()),
                  "not refused")
            << keyword;
    EXPECT_NE(refused_at(R"({"properties": {}, "dependencies": {"x": {"$ref": "#"}}})"), "not refused");
    EXPECT_NE(refused_at(R"({"$ref": "#/definitions/a",
                             "definitions": {"a": {"not": {"$ref": "#/definitions/b"}},
                                             "b": {"anyOf": [{"$ref": "#/definitions/a"}]}}})"),
              "not refused");
}

// Definition k asks twice for definition k + 1, by `link`.
Json doubling(int definitions, const std::string& link) {
    Json schema = {{"$ref", "#/definitions/d0"}};
    for (int i = 0; i < definitions; ++i) {
        const Json next = {{"$ref", "#/definitions/d" + std::to_string(i + 1)}};
        Json& definition = schema["definitions"]["d" + std::to_string(i)];
        if (link == "allOf")
            definition = {{"allOf", {next, next}}};
        else
            definition = {{"allOf", {{{"properties", {{link, next}}}}, {{"properties", {{link, next}}}}}}};
    }
    schema["definitions"]["d" + std::to_string(definitions)] = {{"type", "object"}};
    return schema;
}

TEST(OutputSchema, BoundsTheWaysThroughIt) {
    EXPECT_TRUE(OutputSchema(doubling(5, "allOf")).problems(Json::object()).empty());
    EXPECT_THROW(OutputSchema{doubling(15, "allOf")}, SchemaError);  // too many ways
    EXPECT_THROW(OutputSchema{doubling(40, "allOf")}, SchemaError);  // too many definitions
}

TEST(OutputSchema, BoundsTheStepsOfOneCheck) {
    const OutputSchema schema(doubling(28, "x"));
    Json output = Json::object();
    for (int i = 0; i < 5; ++i) output = {{"x", output}};
    EXPECT_EQ(schema.problems(output), Texts{});
    const Texts too_many{"checking it against its schema takes too many steps"};
    for (int i = 5; i < 28; ++i) output = {{"x", output}};
    EXPECT_EQ(schema.problems(output), too_many);

    const OutputSchema unique(Json::parse(R"({"type": "array", "uniqueItems": true})"));
    EXPECT_EQ(unique.problems({1, 2, 3}), Texts{});
    Json numbers = Json::array();
    for (int i = 0; i < 100'000; ++i) numbers.push_back(i);
    EXPECT_EQ(unique.problems(numbers), too_many);
}

TEST(OutputSchema, NamesUnderDependenciesAreNoKeywords) {
    EXPECT_EQ(refused_at(R"({"properties": {}, "dependencies": {"pattern": ["a"]}})"), "not refused");
    EXPECT_EQ(refused_at(R"({"properties": {}, "dependencies": {"a": {"pattern": "a"}}})"),
              "/dependencies/a/pattern");
}

TEST(OutputSchema, TellsOfManyProblemsInShort) {
    Json wrong = Json::array();
    for (int i = 0; i < 60'000; ++i) wrong.push_back("x");
    const Texts problems = OutputSchema(Json{{"l", {"integer"}}}).problems({{"l", wrong}});
    ASSERT_EQ(problems.size(), 11u);
    EXPECT_TRUE(problems.back().starts_with("and ")) << problems.back();
    const std::string name(5'000, 'x');
    for (const std::string& problem : OutputSchema(Json{{name, "integer"}}).problems({{name, "x"}}))
        EXPECT_LT(problem.size(), 400u);
}

}  // namespace
}  // namespace hil::worker
