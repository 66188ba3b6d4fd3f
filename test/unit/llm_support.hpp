// Questions for the tests of providers.
#pragma once

#include <string>
#include <vector>

#include "llm/model.hpp"

namespace hil::worker {

// A question with everything that it refers to.
struct Asked {
    ModelProfile profile;
    Exchange exchange{"You are support.", "Where is my order?", {}};
    Json schema = Json::parse(
        R"({"type": "object", "properties": {"intent": {"type": "string"}}, "required": ["intent"]})");
    std::vector<ToolSpec> tools;
    Json variables = Json::object();
    bool must_answer = false;

    explicit Asked(const std::string& model = "m") { profile.model = model; }

    void add_tool() {
        tools.push_back(
            {"shopify__get_order", "Looks up an order.",
             Json::parse(R"({"type": "object", "properties": {"order_id": {"type": "string"}}})")});
    }

    Question question() const {
        Question question;
        question.node = "classify";
        question.profile = &profile;
        question.exchange = &exchange;
        question.output_schema = &schema;
        question.tools = &tools;
        question.must_answer = must_answer;
        question.variables = &variables;
        return question;
    }
};

}  // namespace hil::worker
