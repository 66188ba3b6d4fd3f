#include "run/attempt.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "db/timestamp.hpp"
#include "run/executor.hpp"
#include "step/spending.hpp"
#include "watch/log.hpp"
#include "watch/points.hpp"

namespace hil::worker {
namespace {

class Attempt {
  public:
    Attempt(Flight& flight, const Surroundings& surroundings)
        : flight_(flight), claim_(flight.raw.claim), surroundings_(surroundings) {}

    Task<> run() {
        std::optional<Json> last;
        try {
            last = co_await execute_workflow();
        } catch (const LimitReached& limit) {
            last = ending("handover", {{"reason", limit.what()}, {"handover_context", limit.context}});
            note(spdlog::level::warn, "limit_reached", "handed over: {}", limit.what());
        } catch (const BadWorkflow& error) {
            last = failure(error.what(), /*retryable=*/false);
        } catch (const StepPostponed& later) {
            last = postponed(later.what(), later.after);
        } catch (const StepFailed& error) {
            node_ = error.node;
            last = failure("node " + error.node + ": " + error.what(), error.retryable, error.retry_after);
        } catch (const std::exception& error) {
            last = failure(error.what(), /*retryable=*/true);
        }
        if (flight_.abandoned()) {
            ended("abandoned");
            note(spdlog::level::warn, "run_abandoned",
                 "abandoned: another worker has it, or this one is ending");
        } else if (last) {
            co_await report(std::move(*last));
        }
    }

    Task<> put_back(std::chrono::milliseconds after) {
        Json last = postponed("the worker is ending", after);
        co_await report(std::move(last));
    }

  private:
    // Returns what is still to be reported.
    Task<std::optional<Json>> execute_workflow() {
        reach("after_claim");
        note(spdlog::level::info, "run_started", "started");
        claim_.input = Json::parse(flight_.raw.input);
        measure_pickup();
        const auto workflow = co_await find_workflow();
        spending_.emplace(surroundings_.limits, claim_.input.value("spent", Json::object()));
        SendReport send = [this](Json body) { return send_report(std::move(body)); };
        const Answer answer = co_await execute(
            *workflow, claim_, *spending_, surroundings_.run_step, std::move(send),
            surroundings_.parallel_nodes, [this](bool away) { note_away(away); },
            [this](bool waits) { flight_.note_call(waits); });
        if (answer.action == Answer::Action::refused)
            co_return failure("the report was refused: " + answer.reason, /*retryable=*/true);
        conclude(answer);
        co_return std::nullopt;
    }

    Task<std::shared_ptr<const KnownWorkflow>> find_workflow() {
        Backoff backoff = surroundings_.backoff;
        spdlog::level::level_enum level = spdlog::level::warn;
        for (;;) {
            try {
                co_return co_await surroundings_.workflows.get(claim_.workflow, claim_.revision);
            } catch (const DatabaseError& error) {
                if (!error.worth_retrying()) throw;
                note(level, "database_silent", "the database did not answer and will be asked again: {}",
                     error.what());
                level = spdlog::level::debug;  // saying it once is enough
            }
            asio::steady_timer pause(surroundings_.io, backoff.next());
            co_await pause.async_wait(asio::use_awaitable);
        }
    }

    // The run may have been lost while something else was going on, or while the answer was on its way.
    Task<Answer> send_report(Json body) {
        require_held();
        Report report{claim_.run_id, claim_.attempt, claim_.conversation_id, std::move(body)};
        const Answer answer = co_await surroundings_.reports.send(std::move(report));
        require_held();
        co_return answer;
    }

    void require_held() const {
        if (flight_.abandoned()) throw std::system_error(asio::error::operation_aborted);
    }

    // Of steps that go on side by side, the first that leaves and the last that is back count.
    void note_away(bool away) {
        const bool was_away = steps_away_ > 0;
        steps_away_ += away ? 1 : -1;
        if (surroundings_.at_provider && was_away != (steps_away_ > 0)) surroundings_.at_provider(away);
    }

    // What ends the attempt without a result, with what nothing else has counted.
    Json ending(const char* key, Json body) const {
        const Usage spent = spending_ ? spending_->unreported() : Usage();
        if (spent.input_tokens > 0 || spent.output_tokens > 0 || spent.cost_usd > 0)
            body["usage"] = {{"input_tokens", spent.input_tokens},
                             {"output_tokens", spent.output_tokens},
                             {"cost_usd", spent.cost_usd}};
        return Json{{key, std::move(body)}};
    }

    Json postponed(std::string_view reason, std::chrono::milliseconds after) const {
        return ending("postponed", {{"reason", error_text(reason)}, {"after_seconds", retry_seconds(after)}});
    }

    // The error goes to the database in full. It can quote a message, so the log does not get it.
    Json failure(const std::string& error, bool retryable,
                 std::optional<std::chrono::milliseconds> retry_after = std::nullopt) {
        if (!flight_.abandoned())
            note(spdlog::level::warn, "run_failed", "failed ({}); see hil.run_failures",
                 retryable ? "can be tried again" : "not to be tried again");
        Json report = {{"error", error_text(error)}, {"retryable", retryable}};
        if (retry_after) report["retry_after_seconds"] = retry_seconds(*retry_after);
        return ending("failure", std::move(report));
    }

    Task<> report(Json last) {
        const bool postponed = last.contains("postponed");
        try {
            const Answer answer = co_await send_report(std::move(last));
            if (answer.action == Answer::Action::refused) {
                note(spdlog::level::err, "report_refused", "its end could not be reported: {}",
                     answer.reason);
            } else {
                conclude(answer, postponed);
            }
        } catch (const std::exception&) {
            note(spdlog::level::warn, "run_abandoned", "abandoned before its end could be reported");
        }
    }

    void ended(const std::string& outcome) {
        surroundings_.metrics.run_ended(outcome, std::chrono::steady_clock::now() - start_);
    }

    // From the customer's newest message, by the database's clock, to now, by this machine's. Before a run
    // with instructions lies what a human thought.
    void measure_pickup() const {
        const Json messages = claim_.input.value("messages", Json::array());
        if (claim_.attempt != 1 || !messages.is_array() || messages.empty()) return;
        const Json& newest = messages.back();
        if (newest.value("sender_type", "") != "user" ||
            !claim_.input.value("instructions", Json()).is_null())
            return;
        if (const auto at = read_timestamp(newest.value("at", "")))
            surroundings_.metrics.run_picked_up(
                std::max(Metrics::Seconds(std::chrono::system_clock::now() - *at), Metrics::Seconds(0)));
    }

    void conclude(const Answer& answer, bool postponed = false) {
        switch (answer.action) {
            case Answer::Action::done:
                ended(postponed ? "postponed" : answer.reason);
                if (postponed) return note(spdlog::level::info, "run_put_back", "put back for a while");
                return note(spdlog::level::info, "run_done", "reported; it is {}", answer.reason);
            case Answer::Action::handover:
                ended("handover");
                return note(spdlog::level::info, "run_handed_over", "handed over to a human, trigger {}",
                            answer.trigger);
            case Answer::Action::stop:
                ended("lost");
                return note(spdlog::level::warn, "run_lost", "report not accepted: {}", answer.reason);
            default:
                return;
        }
    }

    template <typename... Values>
    void note(spdlog::level::level_enum level, const char* event, fmt::format_string<Values...> text,
              Values&&... values) const {
        if (!spdlog::should_log(level)) return;
        const About about = {claim_.run_id, claim_.attempt, claim_.conversation_id, node_};
        worker::note(level, event, fmt::format(text, std::forward<Values>(values)...), about);
    }

    Flight& flight_;
    Claim claim_;
    const Surroundings& surroundings_;
    std::optional<Spending> spending_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::string node_;  // that failed
    int steps_away_ = 0;
};

}  // namespace

Task<> attempt(FlightPtr flight, const Surroundings& surroundings) {
    Attempt attempt(*flight, surroundings);
    co_await attempt.run();
}

Task<> put_back(FlightPtr flight, const Surroundings& surroundings, std::chrono::milliseconds after) {
    Attempt attempt(*flight, surroundings);
    co_await attempt.put_back(after);
}

}  // namespace hil::worker
