// All tools that a configuration names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/tools.hpp"
#include "http/client.hpp"
#include "threads.hpp"
#include "tools/mcp/server.hpp"
#include "tools/tool.hpp"

namespace hil::worker {

// `threads` and `client` outlive it.
class ToolRegistry : public Tools {
  public:
    ToolRegistry(std::vector<std::shared_ptr<Tool>> tools, std::vector<std::shared_ptr<mcp::Server>> servers);

    Task<std::vector<std::shared_ptr<Tool>>> matching(const std::vector<std::string>& patterns,
                                                      std::vector<std::string>& missing) override;
    Task<> stop() override;
    std::vector<std::string> configured() const override;

  private:
    const std::vector<std::shared_ptr<Tool>> tools_;
    const std::vector<std::shared_ptr<mcp::Server>> servers_;
};

// Throws std::runtime_error where a variable of the environment is missing. SQL tools connect to
// `database_url`, see Connection. Nothing is connected to or started yet.
std::unique_ptr<Tools> make_tools(const ToolsConfig& config, const std::string& database_url,
                                  Threads& threads, HttpClient& client);

}  // namespace hil::worker
