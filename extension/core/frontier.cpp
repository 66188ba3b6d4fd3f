#include "core/frontier.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace hil {
namespace {

constexpr double seconds_between_sweeps = 60;
// A transaction that goes on for longer is left behind as a laggard.
constexpr double seconds_to_wait = 1;

// Takes a number and the character after it off the front of `text`.
std::uint64_t take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) throw std::invalid_argument("not a snapshot: " + std::string(text));
    text.remove_prefix(std::min<std::size_t>(text.size(), end - text.data() + 1));
    return number;
}

}  // namespace

bool Snapshot::ended(std::uint64_t transaction) const {
    return transaction < next && !std::binary_search(running.begin(), running.end(), transaction);
}

Snapshot read_snapshot(std::string_view text) {
    Snapshot snapshot;
    take_number(text);
    snapshot.next = take_number(text);
    while (!text.empty()) snapshot.running.push_back(take_number(text));
    return snapshot;
}

bool Frontier::must_sweep(const Sight& sight) const {
    if (!swept_at_ || sight.seconds - *swept_at_ >= seconds_between_sweeps || sight.newest_id < id_)
        return true;
    return std::any_of(laggards_.begin(), laggards_.end(),
                       [&](std::uint64_t laggard) { return sight.snapshot.ended(laggard); });
}

void Frontier::saw(const Sight& sight, bool swept) {
    const Snapshot& snapshot = sight.snapshot;
    // What was seen is there until its deletion is committed, which is not for this snapshot to say.
    const auto before_first = [&](std::int64_t id) {
        return sight.first ? std::min(id, *sight.first - 1) : id;
    };
    if (swept) {
        swept_at_ = sight.seconds;
        std::erase_if(laggards_, [&](std::uint64_t laggard) { return snapshot.ended(laggard); });
        id_ = before_first(std::min(id_, sight.newest_id));
        if (mark_ && mark_->id > sight.newest_id) mark_.reset();
    }
    if (mark_ && mark_->before <= snapshot.next) {
        std::vector<std::uint64_t> older = snapshot.running;
        std::erase_if(older, [&](std::uint64_t transaction) { return transaction >= mark_->before; });
        const bool nobody_new = std::includes(laggards_.begin(), laggards_.end(), older.begin(), older.end());
        if (nobody_new || sight.seconds - mark_->seconds >= seconds_to_wait) {
            id_ = before_first(mark_->id);
            laggards_ = std::move(older);
            mark_.reset();
        }
    }
    if (!mark_) mark_ = Mark{sight.newest_id, sight.next_transaction, sight.seconds};
}

}  // namespace hil
