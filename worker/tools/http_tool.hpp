// A tool that is an HTTP request.
#pragma once

#include <memory>
#include <string>

#include "config/tools.hpp"
#include "http/client.hpp"
#include "threads.hpp"
#include "tools/http_request.hpp"
#include "tools/parameters.hpp"
#include "tools/tool.hpp"

namespace hil::worker {

class HttpTool : public Tool {
  public:
    // `config` with its variables replaced. Throws BadTemplate and SchemaError.
    HttpTool(HttpToolConfig config, Threads& threads, HttpClient& client);

    const std::string& name() const override { return config_.name; }
    const std::string& description() const override { return config_.description; }
    const OutputSchema& parameters() const override { return parameters_.shown(); }

    // Repeats the request, with the same key, where the server may answer another time, and as long as the
    // tool's time lasts. So it does where 409 may say that it is still at an earlier attempt's request.
    Task<ToolOutcome> call(const Json& arguments, const CallContext& context) override;

  private:
    HttpRequest request(const Json& arguments, const CallContext& context) const;
    Task<ToolOutcome> exchange(HttpRequest request, bool again);

    const HttpToolConfig config_;
    const HttpTemplate template_;
    const ToolParameters parameters_;
    Threads& threads_;
    HttpClient& client_;
};

}  // namespace hil::worker
