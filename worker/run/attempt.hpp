// One attempt at a run: execute its workflow, report what comes out.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "backoff.hpp"
#include "core/workflow.hpp"
#include "db/protocol.hpp"
#include "llm/provider.hpp"
#include "run/flights.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

// A definition that this worker cannot execute: it refers to an agent or a model profile that is not
// configured here.
class BadWorkflow : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::size_t max_known_workflows = 100;

// The workflows that runs refer to. A revision never changes, so each is read and checked once, and again
// only after more than max_known_workflows others. Thread-safe.
class Workflows {
  public:
    explicit Workflows(const Catalogue& catalogue) : catalogue_(catalogue) {}

    // Throws BadWorkflow where this worker cannot execute the revision, DatabaseError as Protocol does.
    std::shared_ptr<const Workflow> get(Protocol& protocol, const std::string& name, int revision);

  private:
    const Catalogue& catalogue_;
    std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::shared_ptr<const Workflow>> known_;
};

// What every attempt needs; outlives them all.
struct Surroundings {
    Workflows& workflows;
    const Catalogue& catalogue;
    llm::Providers& providers;
    Backoff backoff;  // between the repetitions of a report that the database could not take
};

// Executes the run and reports each step, then the result or the failure. A report that did not get through
// is repeated until it does or the flight is abandoned: the fence makes repeating safe. Never throws; what
// goes wrong is in the run's error and in the log.
void attempt(Flight& flight, Protocol& protocol, const Surroundings& surroundings) noexcept;

}  // namespace hil::worker
