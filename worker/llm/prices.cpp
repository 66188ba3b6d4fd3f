#include "llm/prices.hpp"

#include <algorithm>

namespace hil::worker {

double cost_of(const Usage& usage, const Prices& prices) {
    constexpr double million = 1e6;
    const auto tokens = [](long long count) { return static_cast<double>(std::max(count, 0LL)); };
    const double plain = std::max(
        tokens(usage.input_tokens) - tokens(usage.cached_tokens) - tokens(usage.cache_write_tokens), 0.0);
    return (plain * prices.input + tokens(usage.cached_tokens) * prices.cached_input.value_or(prices.input) +
            tokens(usage.cache_write_tokens) * prices.cache_write.value_or(prices.input) +
            tokens(usage.output_tokens) * prices.output) /
           million;
}

}  // namespace hil::worker
