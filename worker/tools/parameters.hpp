// The parameters of a tool: what the model is told of them, and what the tool gets.
#pragma once

#include <string>

#include "core/json.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

// A tool that has a text property `idempotency_key` gets the call's key there; the model neither sees it nor
// chooses it.
class ToolParameters {
  public:
    // Throws SchemaError for what is no schema, or none of an object.
    explicit ToolParameters(const Json& schema);

    // Without the key.
    const OutputSchema& shown() const { return shown_; }

    Json with_key(Json arguments, const std::string& idempotency_key) const;

  private:
    bool takes_key_;
    OutputSchema shown_;
};

}  // namespace hil::worker
