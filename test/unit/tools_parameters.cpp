// Parameters of tools, and the idempotency key among them.
#include <gtest/gtest.h>

#include "tools/parameters.hpp"

namespace hil::worker {
namespace {

TEST(ToolParameters, TheKeyIsHiddenFromTheModelAndFilledIn) {
    const ToolParameters parameters(Json::parse(R"({"type": "object",
                        "properties": {"amount": {"type": "number"}, "idempotency_key": {"type": "string"}},
                        "required": ["idempotency_key", "amount"], "additionalProperties": false})"));
    EXPECT_EQ(parameters.shown().json_schema(), Json::parse(R"({"type": "object",
        "properties": {"amount": {"type": "number"}}, "required": ["amount"], "additionalProperties": false})"));
    EXPECT_EQ(parameters.shown().problems({{"amount", 3}}).size(), 0U);
    EXPECT_NE(parameters.shown().problems({{"amount", 3}, {"idempotency_key", "mine"}}).size(), 0U);
    EXPECT_EQ(parameters.with_key({{"amount", 3}}, "hil-1-a-1"),
              (Json{{"amount", 3}, {"idempotency_key", "hil-1-a-1"}}));
}

TEST(ToolParameters, AModelCannotChooseTheKey) {
    const ToolParameters parameters(
        Json::parse(R"({"type": "object", "properties": {"idempotency_key": {"type": "string"}}})"));
    EXPECT_EQ(parameters.with_key({{"idempotency_key", "chosen"}}, "ours"),
              (Json{{"idempotency_key", "ours"}}));
}

TEST(ToolParameters, OtherToolsGetTheirArgumentsAsTheyAre) {
    const Json schema =
        Json::parse(R"({"type": "object", "properties": {"idempotency_key": {"type": "integer"}}})");
    EXPECT_EQ(ToolParameters(schema).shown().json_schema(), schema);
    EXPECT_EQ(ToolParameters(schema).with_key(Json::object(), "ours"), Json::object());
}

TEST(ToolParameters, NoneAtAllIsAnObjectWithoutProperties) {
    const ToolParameters parameters(Json::object());
    EXPECT_EQ(parameters.shown().json_schema(), (Json{{"type", "object"}, {"properties", Json::object()}}));
}

TEST(ToolParameters, AreOfAnObject) {
    EXPECT_THROW(ToolParameters(Json::parse(R"({"type": "array"})")), SchemaError);
    EXPECT_THROW(ToolParameters(Json::parse(R"({"order_id": "string"})")), SchemaError);
    EXPECT_THROW(ToolParameters(Json::parse(R"(["order_id"])")), SchemaError);
    EXPECT_THROW(ToolParameters(Json::parse(R"({"type": "object", "properties": {"a": {"pattern": "x"}}})")),
                 SchemaError);
}

}  // namespace
}  // namespace hil::worker
