#include "run/flights.hpp"

#include <algorithm>
#include <asio/post.hpp>

namespace hil::worker {

void Flight::abandon() {
    abandoned_ = true;
    asio::post(strand,
               [self = shared_from_this()] { self->signal_.emit(asio::cancellation_type::terminal); });
}

void Flights::add(const FlightPtr& flight) {
    for (const FlightPtr& older : flights_) {
        if (older->raw.claim.run_id == flight->raw.claim.run_id) older->abandon();
    }
    flights_.push_back(flight);
}

void Flights::abandon_all() const {
    for (const FlightPtr& flight : flights_) flight->abandon();
}

void abandon_lost(const std::vector<FlightPtr>& asked, const std::vector<std::int64_t>& held) {
    for (const FlightPtr& flight : asked) {
        if (std::find(held.begin(), held.end(), flight->raw.claim.run_id) == held.end()) flight->abandon();
    }
}

}  // namespace hil::worker
