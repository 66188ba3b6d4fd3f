#include "run/attempt.hpp"

#include <spdlog/spdlog.h>

#include <optional>
#include <stdexcept>

#include "workflow/executor.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {

std::shared_ptr<const Workflow> Workflows::get(Protocol& protocol, const std::string& name, int revision) {
    const std::pair key(name, revision);
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = known_.find(key); known != known_.end()) return known->second;
    }
    // Without the lock: others need not wait for this one's database. Two may read the same revision.
    LoadResult result = load_workflow_definition(protocol.workflow_definition(name, revision), catalogue_);
    if (!result.loaded) {
        throw BadWorkflow("this worker cannot execute workflow " + name + " revision " +
                          std::to_string(revision) + ": " +
                          (result.errors.empty() ? "" : result.errors.front().message));
    }
    auto workflow = std::make_shared<const Workflow>(std::move(result.loaded->workflow));
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_known_workflows) known_.clear();
    known_[key] = workflow;
    return workflow;
}

namespace {

// Thrown inside an attempt whose run is no longer this worker's.
class Abandoned : public std::runtime_error {
  public:
    Abandoned() : std::runtime_error("abandoned") {}
};

Verdict verdict_of(const Json& answer) {
    const std::string action = answer.value("action", "stop");
    if (action == "continue") return {Verdict::Action::proceed, "", ""};
    if (action == "handover") {
        return {Verdict::Action::handover, answer.value("trigger", ""), answer.value("reason", "")};
    }
    return {Verdict::Action::stop, "", ""};
}

class Attempt {
  public:
    Attempt(Flight& flight, Protocol& protocol, const Surroundings& surroundings)
        : flight_(flight), claim_(flight.claim), protocol_(protocol), surroundings_(surroundings) {}

    void run() {
        try {
            execute_workflow();
        } catch (const Abandoned&) {
            note(spdlog::level::warn, "abandoned: another worker has it, or this one is ending");
        } catch (const BadWorkflow& error) {
            fail(error.what(), /*retryable=*/false, std::nullopt);
        } catch (const StepFailed& error) {
            fail("node " + error.node + ": " + error.what(), error.retryable, error.retry_after);
        } catch (const std::exception& error) {
            fail(error.what(), /*retryable=*/true, std::nullopt);
        }
    }

  private:
    // Calls the database until it answers.
    template <typename Call>
    auto persist(const Call& call) {
        Backoff backoff = surroundings_.backoff;
        spdlog::level::level_enum level = spdlog::level::warn;
        for (;;) {
            if (flight_.abandoned()) throw Abandoned();
            try {
                return call();
            } catch (const DatabaseError& error) {
                if (!error.worth_retrying()) throw;
                note(level, "the database did not answer and will be asked again: {}", error.what());
                level = spdlog::level::debug;  // saying it once per report is enough
            }
            flight_.pause(backoff.next());
        }
    }

    void execute_workflow() {
        note(spdlog::level::info, "started");
        const auto workflow =
            persist([&] { return surroundings_.workflows.get(protocol_, claim_.workflow, claim_.revision); });
        const RecordStep record = [this](const std::string& node, const Json& output, const Json& usage) {
            return record_step(node, output, usage);
        };
        const Execution execution = execute(*workflow, surroundings_.catalogue, surroundings_.providers,
                                            claim_.input, record, flight_.abandoned());
        if (flight_.abandoned()) throw Abandoned();
        if (!execution.completed) return;
        conclude("completed", persist([&] { return protocol_.complete_run(claim_, execution.result); }));
    }

    Verdict record_step(const std::string& node, const Json& output, const Json& usage) {
        Verdict verdict =
            verdict_of(persist([&] { return protocol_.record_step(claim_, node, output, usage); }));
        if (verdict.action == Verdict::Action::handover) {
            note(spdlog::level::info, "step {} handed over to a human, trigger {}", node, verdict.trigger);
        } else if (verdict.action == Verdict::Action::stop) {
            note(spdlog::level::info, "told to stop after step {}", node);
        }
        return verdict;
    }

    // The error goes to the database in full. It can quote a message, so the log does not get it.
    void fail(const std::string& error, bool retryable,
              std::optional<std::chrono::milliseconds> retry_after) noexcept {
        try {
            note(spdlog::level::warn, "failed ({}); see the run's error",
                 retryable ? "can be tried again" : "not to be tried again");
            conclude("failure reported",
                     persist([&] { return protocol_.fail_run(claim_, error, retryable, retry_after); }));
        } catch (const Abandoned&) {
            note(spdlog::level::warn, "abandoned before its failure could be reported");
        } catch (const std::exception& refusal) {
            note(spdlog::level::err, "its failure could not be reported: {}", refusal.what());
        }
    }

    void conclude(const char* what, const Receipt& receipt) {
        if (receipt.accepted) {
            note(spdlog::level::info, "{}", what);
        } else {
            note(spdlog::level::warn, "report not accepted: {}", receipt.reason);
        }
    }

    template <typename... Values>
    void note(spdlog::level::level_enum level, fmt::format_string<Values...> text, Values&&... values) {
        spdlog::log(level, "run {} attempt {} conversation {}: {}", claim_.run_id, claim_.attempt,
                    claim_.conversation_id, fmt::format(text, std::forward<Values>(values)...));
    }

    Flight& flight_;
    const Claim& claim_;
    Protocol& protocol_;
    const Surroundings& surroundings_;
};

}  // namespace

void attempt(Flight& flight, Protocol& protocol, const Surroundings& surroundings) noexcept {
    Attempt(flight, protocol, surroundings).run();
}

}  // namespace hil::worker
