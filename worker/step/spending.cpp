#include "step/spending.hpp"

#include "step/step.hpp"

namespace hil::worker {
namespace {

template <typename Number>
Number number_at(const Json& spent, const char* key) {
    const auto found = spent.is_object() ? spent.find(key) : spent.end();
    return spent.is_object() && found != spent.end() && found->is_number() ? found->get<Number>() : Number{};
}

template <typename Number>
void require(bool allowed, const char* reason, const char* limit, Number most, Number reached) {
    if (!allowed) throw LimitReached(reason, {{"limit", limit}, {"allowed", most}, {"reached", reached}});
}

}  // namespace

Spending::Spending(const Limits& limits, const Json& spent, Clock::time_point start)
    : limits_(limits),
      start_(start),
      tokens_(number_at<long long>(spent, "input_tokens") + number_at<long long>(spent, "output_tokens")),
      cost_usd_(number_at<double>(spent, "cost_usd")),
      calls_(number_at<long long>(spent, "calls")) {}

void Spending::require_model_call(Clock::time_point now) const {
    const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
    require(now - start_ < limits_.wall, "The AI's time for one answer was used up", "wall_seconds",
            seconds(limits_.wall), seconds(now - start_));
    require<long long>(tokens_ < limits_.tokens, "The AI's token limit was reached", "tokens", limits_.tokens,
                       tokens_);
    require(cost_usd_ < limits_.cost_usd, "The AI's cost limit was reached", "cost_usd", limits_.cost_usd,
            cost_usd_);
}

void Spending::require_tool_call(Clock::time_point now) const {
    require_model_call(now);
    require<long long>(calls_ < limits_.tool_calls, "The AI's tool call limit was reached", "tool_calls",
                       limits_.tool_calls, calls_);
}

void Spending::add(const Usage& usage) {
    tokens_ += usage.input_tokens + usage.output_tokens;
    cost_usd_ += usage.cost_usd;
}

void Spending::add_unreported(const Usage& usage) { unreported_ += usage; }

}  // namespace hil::worker
