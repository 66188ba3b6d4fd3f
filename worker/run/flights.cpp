#include "run/flights.hpp"

#include <algorithm>

namespace hil::worker {

void Flight::abandon() {
    {
        const std::lock_guard lock(mutex_);
        abandoned_ = true;
    }
    changed_.notify_all();
}

void Flight::pause(std::chrono::milliseconds delay) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, delay, [this] { return abandoned_.load(); });
}

FlightPtr Flights::add(Claim claim) {
    auto flight = std::make_shared<Flight>(std::move(claim));
    const std::lock_guard lock(mutex_);
    for (const FlightPtr& older : flights_) {
        if (older->claim.run_id == flight->claim.run_id) older->abandon();
    }
    flights_.push_back(flight);
    return flight;
}

void Flights::remove(const FlightPtr& flight) {
    {
        const std::lock_guard lock(mutex_);
        std::erase(flights_, flight);
    }
    emptied_.notify_all();
}

std::vector<FlightPtr> Flights::all() const {
    const std::lock_guard lock(mutex_);
    return flights_;
}

std::size_t Flights::size() const {
    const std::lock_guard lock(mutex_);
    return flights_.size();
}

void Flights::abandon_all() {
    for (const FlightPtr& flight : all()) flight->abandon();
}

bool Flights::wait_until_empty(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return emptied_.wait_for(lock, limit, [this] { return flights_.empty(); });
}

void abandon_lost(const std::vector<FlightPtr>& asked, const std::vector<std::int64_t>& held) {
    for (const FlightPtr& flight : asked) {
        if (std::find(held.begin(), held.end(), flight->claim.run_id) == held.end()) flight->abandon();
    }
}

}  // namespace hil::worker
