// A tool that is a function in the database, called by the worker's own role.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/tools.hpp"
#include "tools/parameters.hpp"
#include "tools/sql_pool.hpp"
#include "tools/tool.hpp"

namespace hil::worker {

// The function takes the arguments and the call (idempotency_key, run_id, conversation_id, node, call), both
// jsonb, and returns jsonb. What it wrote and the record of the call are one commit: a call that is recorded
// is never made again. The time limit holds for all of it, waiting for a connection included.
class SqlTool : public Tool {
  public:
    // Throws SchemaError.
    SqlTool(SqlToolConfig config, std::shared_ptr<SqlPool> pool);

    const std::string& name() const override { return config_.name; }
    const std::string& description() const override { return config_.description; }
    const OutputSchema& parameters() const override { return parameters_.shown(); }
    Task<ToolOutcome> call(const Json& arguments, const CallContext& context) override;

  private:
    using Time = SqlPool::Time;

    Task<ToolOutcome> call_over(std::shared_ptr<SqlPool::Loan> loan, std::string arguments,
                                const CallContext& context, Time until);
    // Nothing where the connection was lost before the function was called.
    Task<std::optional<ToolOutcome>> transaction(AsyncConnection& database, std::string arguments,
                                                 const CallContext& context, Time until);
    Task<std::string> begin(AsyncConnection& database, Time until);
    Task<ToolOutcome> run(AsyncConnection& database, std::string statement, std::string arguments,
                          const CallContext& context, Time until);

    const SqlToolConfig config_;
    const ToolParameters parameters_;
    const std::shared_ptr<SqlPool> pool_;
};

}  // namespace hil::worker
