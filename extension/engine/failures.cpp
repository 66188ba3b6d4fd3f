#include "engine/failures.hpp"

#include <algorithm>

#include "core/triggers.hpp"
#include "engine/handovers.hpp"
#include "engine/workflows.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

constexpr double first_backoff_seconds = 1, longest_backoff_seconds = 60;

// Doubles with each failure; between half and all of it, so that many runs that failed together do not return
// together.
Duration backoff(int failures, const std::optional<Duration>& at_least) {
    double seconds = first_backoff_seconds;
    for (int i = 1; i < failures && seconds < longest_backoff_seconds; ++i) seconds *= 2;
    seconds = std::min(seconds, longest_backoff_seconds) * (0.5 + 0.5 * pg::random_fraction());
    const auto microseconds = static_cast<std::int64_t>(seconds * 1e6);
    return {std::max(microseconds, at_least ? at_least->microseconds : 0)};
}

bool is_last(const Conversation& conversation, const HilConfig& config, const Failure& failure) {
    return !failure.retryable || conversation.consecutive_errors + 1 >= error_limit(config);
}

}  // namespace

bool is_last(const Conversation& conversation, const Run& run, const Failure& failure) {
    return is_last(conversation, config_of(run.workflow, run.revision), failure);
}

void end_attempt(Conversation& conversation, const Run& run, const Failure& failure) {
    const HilConfig config = config_of(run.workflow, run.revision);
    const bool last = is_last(conversation, config, failure);
    const int failures = ++conversation.consecutive_errors;
    if (!last) {
        requeue_run(run, failure.error, backoff(failures, failure.retry_after));
        save(conversation);
        return;
    }
    end_run(run, {.status = "failed", .error = failure.error});
    // The error itself stays in the run: it may be long, and may say what is not for customers.
    hand_over(conversation,
              {.reason = failures == 1 ? "AI error" : "AI error, " + std::to_string(failures) + " in a row",
               .notice = "error"},
              config);
}

}  // namespace hil::engine
