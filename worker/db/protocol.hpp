// The worker's side of the protocol: hil's SQL functions as a class.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "db/connection.hpp"

namespace hil::worker {

// A run that this worker holds. Everything it reports carries (run_id, attempt), which fences it against
// newer attempts.
struct Claim {
    std::int64_t run_id = 0;
    int attempt = 0;
    std::string conversation_id;
    std::string workflow;
    int revision = 0;
    Json input;
};

// What the database says to a report. A report that is not accepted has changed nothing.
struct Receipt {
    bool accepted = true;
    std::string reason;  // why it was not accepted
};

// What a run's execution needs of the database. All functions throw DatabaseError. An object belongs to one
// thread.
class Protocol {
  public:
    virtual ~Protocol() = default;

    // The definition of a workflow's revision.
    virtual Json workflow_definition(const std::string& name, int revision) = 0;

    // The verdict on a finished step: {"action": "continue" | "handover" | "stop", …}.
    virtual Json record_step(const Claim&, const std::string& node, const Json& output,
                             const Json& usage) = 0;

    virtual Receipt complete_run(const Claim&, const Json& result) = 0;

    // Any `error` and `retry_after` get through: see error_text and retry_seconds.
    virtual Receipt fail_run(const Claim&, const std::string& error, bool retryable,
                             std::optional<std::chrono::milliseconds> retry_after) = 0;
};

// What the database takes as a run's error: at most max_error_bytes of it, cut between characters; a NUL and
// a byte of broken UTF-8 becomes U+FFFD each.
inline constexpr std::size_t max_error_bytes = 4000;
std::string error_text(std::string_view error);

// As the database takes it: seconds from 0 to a day.
std::string retry_seconds(std::chrono::milliseconds retry_after);

// The protocol over a connection of its own, opened when it is first needed and again after it was lost.
class Session : public Protocol {
  public:
    // Of statements, url and interrupt_fd see Connection. With `listen`, the session is woken by what waits
    // for workers (channel hil_runs).
    explicit Session(std::string url, int interrupt_fd = -1, bool listen = false)
        : url_(std::move(url)), interrupt_fd_(interrupt_fd), listen_(listen) {}

    Json workflow_definition(const std::string& name, int revision) override;
    Json record_step(const Claim&, const std::string& node, const Json& output, const Json& usage) override;
    Receipt complete_run(const Claim&, const Json& result) override;
    Receipt fail_run(const Claim&, const std::string& error, bool retryable,
                     std::optional<std::chrono::milliseconds> retry_after) override;

    std::vector<Claim> claim_runs(const std::string& worker, std::size_t max_runs,
                                  std::chrono::milliseconds lease);

    // Renews the leases of the runs given and returns those that this worker still holds.
    std::vector<std::int64_t> renew_runs(const std::string& worker, const std::vector<std::int64_t>& run_ids,
                                         std::chrono::milliseconds lease);
    void tick();

    // Stores a workflow and returns its new revision.
    int load_workflow(const Json& definition, const std::string& source);

    // See Connection::wait.
    bool wait(std::chrono::milliseconds timeout, int wake_fd);

  private:
    Result execute(const char* sql, std::initializer_list<Parameter> parameters);
    Connection& connection();

    std::string url_;
    int interrupt_fd_;
    bool listen_;
    std::optional<Connection> connection_;
};

}  // namespace hil::worker
