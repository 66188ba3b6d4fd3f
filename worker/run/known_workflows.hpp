// The workflows that runs refer to, read and prepared once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "async.hpp"
#include "core/workflow.hpp"
#include "workflow/catalogue.hpp"
#include "workflow/condition.hpp"
#include "workflow/plan.hpp"
#include "workflow/template.hpp"

namespace hil::worker {

// A definition that this worker cannot execute: it refers to an agent or a model profile that is not
// configured here.
class BadWorkflow : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A workflow with everything in it parsed. Never changed, so it is read by many runs at once.
struct KnownWorkflow {
    explicit KnownWorkflow(Workflow given);
    KnownWorkflow(const KnownWorkflow&) = delete;
    KnownWorkflow& operator=(const KnownWorkflow&) = delete;

    const Workflow workflow;
    const std::set<std::string> ids;
    std::vector<std::optional<ParsedCondition>> node_conditions;  // by index of the node
    std::vector<std::optional<ParsedCondition>> edge_conditions;  // by index of the edge
    std::map<std::string, Template> templates;                    // prompts and the texts of sinks, by source
    Plan plan;

  private:
    void parse_texts(const Json& value);
    std::vector<NamesRead> names_read() const;
};

inline constexpr std::size_t max_known_workflows = 100;

// Thread-safe.
class KnownWorkflows {
  public:
    // Reads the definition of a revision out of the database; throws DatabaseError.
    using Read = std::function<Task<Json>(std::string name, int revision)>;

    KnownWorkflows(const Catalogue& catalogue, Read read) : catalogue_(catalogue), read_(std::move(read)) {}

    // A revision never changes, so each is read and checked once, and again only after more than
    // max_known_workflows others. Throws BadWorkflow where this worker cannot execute it, and what reading
    // throws.
    Task<std::shared_ptr<const KnownWorkflow>> get(std::string name, int revision);

  private:
    using Key = std::pair<std::string, int>;
    struct Waiter;
    struct Loading;

    std::shared_ptr<const KnownWorkflow> find_or_wait(const Key& key, const std::shared_ptr<Waiter>& waiter);
    std::shared_ptr<const KnownWorkflow> parse(const Key& key, const Json& definition);

    const Catalogue& catalogue_;
    Read read_;
    std::mutex mutex_;
    std::map<Key, std::shared_ptr<const KnownWorkflow>> known_;
    std::map<Key, std::vector<std::shared_ptr<Waiter>>> loading_;  // and who waits for it
};

}  // namespace hil::worker
