// Server-sent events: the format text/event-stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hil::worker {

struct ServerEvent {
    std::string type = "message";
    std::string data;
};

// Takes a stream in whatever pieces it comes. What follows the last blank line is never an event.
class SseReader {
  public:
    explicit SseReader(std::size_t max_event_bytes = std::size_t{4} << 20U)
        : max_event_bytes_(max_event_bytes) {}

    // The events that these bytes complete. Throws std::length_error for an event that is too large.
    std::vector<ServerEvent> add(std::string_view bytes);

  private:
    void take_line(std::vector<ServerEvent>& events);

    std::size_t max_event_bytes_;
    std::string line_;
    std::string type_, data_;
    bool has_data_ = false;
    bool after_cr_ = false;  // a line feed that comes now belongs to the end of line before it
    bool first_line_ = true;
};

}  // namespace hil::worker
