// Listening to hil's events, and how old they are when they are heard.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"

namespace hil::bench {

// Seconds from the timestamp in the payload to the moment in which it was received.
double age(const Notification& notification);

// Whether it tells workers to look for runs, and of nothing that happened.
bool is_hint(const Notification& notification);

// The next notification; throws where none comes within ten seconds.
Notification next(Client& listener);

// A session that listens in a thread of its own and notes the age of what it hears.
class Listener {
  public:
    Listener(const std::string& database, const std::vector<std::string>& channels);

    // Those since the last call; of payloads without a timestamp there is none.
    std::vector<double> take_ages();

  private:
    std::mutex mutex_;
    std::vector<double> ages_;
    std::atomic<bool> ready_ = false;
    std::jthread thread_;  // the last, so that it ends before the others do
};

}  // namespace hil::bench
