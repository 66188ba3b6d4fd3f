#include "terminal/sitting.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <system_error>

#include "core/text.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// No other line has it, in whatever process.
std::string new_key() {
    static std::random_device random;
    static const std::string own = std::to_string(random()) + "-" + std::to_string(random());
    static int count = 0;
    return "terminal-" + own + "-" + std::to_string(++count);
}

}  // namespace

void Sitting::run() {
    connect();
    page_.note("/help lists the commands");
    for (;;) {
        try {
            if (!database_) connect();
            return talk();
        } catch (const DatabaseError& error) {
            if (!error.worth_retrying()) throw;
            complain(error);
            if (error.connection_lost()) database_.reset();
        }
        if (!rest(backoff_.next())) return leave_without_database();
    }
}

void Sitting::connect() {
    database_.emplace(url_);
    try {
        seat_.connected(*database_);
    } catch (...) {
        database_.reset();  // the next one begins anew
        throw;
    }
}

void Sitting::complain(const DatabaseError& error) {
    const std::string what = error.connection_lost() ? "is not there" : "does not do its work";
    if (complaint_ != error.what()) page_.error("the database " + what + ", trying again: " + error.what());
    complaint_ = error.what();
}

void Sitting::talk() {
    // Before the first line is obeyed, which may be about what is there.
    if (!has_looked_) seat_.look();
    has_looked_ = true;
    for (;;) {
        take_lines();
        obey_lines();
        const milliseconds pause = seat_.look();
        if (!complaint_.empty()) page_.note("the database is back");
        complaint_.clear();
        backoff_.reset();
        if (has_ended()) return seat_.leave();
        database_->wait(pause, input_.fd());
    }
}

void Sitting::take_lines() {
    while (const std::optional<Input::Line> line = input_.line()) {
        if (line->too_long && !quit_)
            page_.error("a line of more than " + std::to_string(Input::max_line) +
                        " bytes is left out: no message may be so long");
        const std::string words(trimmed(line->text));
        if (words.empty() || quit_) continue;
        if (words == "/quit")
            quit_ = true;
        else
            typed_.push_back({words, new_key()});
    }
}

void Sitting::obey_lines() {
    while (!typed_.empty()) {
        try {
            seat_.obey(typed_.front().line, typed_.front().key);
        } catch (const DatabaseError& error) {
            if (error.connection_lost()) throw;
            page_.error(error.what());
        }
        typed_.pop_front();
    }
}

bool Sitting::has_ended() const {
    return quit_ || input_.interrupted() || (input_.ended() && !seat_.expects_more());
}

// Without a connection. False: whoever sits there leaves.
bool Sitting::rest(milliseconds delay) {
    const Clock::time_point end = Clock::now() + delay;
    for (;;) {
        take_lines();
        const bool misses_nothing = typed_.empty() && seat_.missed().empty();
        if (input_.interrupted() || (has_ended() && misses_nothing)) return false;
        if (has_ended() && !std::exchange(said_how_to_leave_, true))
            page_.note("leaving when the database is back; Ctrl-C leaves now");
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        if (left.count() <= 0) return true;
        pollfd typed{input_.fd(), POLLIN, 0};
        if (poll(&typed, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "poll");
    }
}

void Sitting::leave_without_database() const {
    std::string missed = seat_.missed();
    if (!typed_.empty())
        missed = std::to_string(typed_.size()) + " of the lines that were typed " +
                 (typed_.size() == 1 ? "was" : "were") + " not sent" + (missed.empty() ? "" : "; ") + missed;
    if (!missed.empty()) throw std::runtime_error("left without the database: " + missed);
}

}  // namespace hil::worker
