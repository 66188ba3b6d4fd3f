// A tool of an MCP server, as a tool of the worker.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tools/mcp/server.hpp"
#include "tools/tool.hpp"

namespace hil::worker::mcp {

class McpTool : public Tool {
  public:
    McpTool(std::shared_ptr<Server> server, ServerTool tool)
        : server_(std::move(server)),
          tool_(std::move(tool)),
          name_(server_->settings().name + "." + tool_.name) {}

    const std::string& name() const override { return name_; }
    const std::string& description() const override { return tool_.description; }
    const OutputSchema& parameters() const override { return tool_.parameters.shown(); }

    Task<ToolOutcome> call(const Json& arguments, const CallContext& context) override {
        return server_->call(tool_.name, tool_.parameters.with_key(arguments, context.idempotency_key),
                             context.idempotency_key);
    }

  private:
    const std::shared_ptr<Server> server_;
    const ServerTool tool_;
    const std::string name_;
};

}  // namespace hil::worker::mcp
