// What the names in templates and conditions stand for.
#pragma once

#include <optional>
#include <string>

#include "core/json.hpp"

namespace hil::worker {

// A name that is nowhere here is undefined. Nodes win over variables of the same name.
struct Scope {
    Json variables = Json::object();  // customer_message and the like: what the input of a run holds
    Json nodes = Json::object();      // the output of each node that ran, by id
    std::optional<Json> output;       // in the condition of an edge: the output of the node that it leaves

    // Returns nullptr for what is undefined.
    const Json* find(const std::string& name) const {
        if (output && name == "output") return &*output;
        if (const auto node = nodes.find(name); node != nodes.end()) return &*node;
        if (const auto variable = variables.find(name); variable != variables.end()) return &*variable;
        return nullptr;
    }
};

}  // namespace hil::worker
