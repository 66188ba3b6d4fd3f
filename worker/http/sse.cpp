#include "http/sse.hpp"

#include <stdexcept>
#include <utility>

namespace hil::worker {

std::vector<ServerEvent> SseReader::add(std::string_view bytes) {
    std::vector<ServerEvent> events;
    for (const char c : bytes) {
        const bool second_half = after_cr_ && c == '\n';
        after_cr_ = c == '\r';
        if (second_half) continue;
        if (c == '\n' || c == '\r') {
            take_line(events);
        } else {
            line_ += c;
            if (line_.size() + data_.size() > max_event_bytes_)
                throw std::length_error("an event of more than " + std::to_string(max_event_bytes_) +
                                        " bytes");
        }
    }
    return events;
}

void SseReader::take_line(std::vector<ServerEvent>& events) {
    const std::string line = std::exchange(line_, "");
    std::string_view rest = line;
    if (std::exchange(first_line_, false) && rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    if (rest.empty()) {
        if (has_data_) events.push_back({type_.empty() ? "message" : type_, data_});
        type_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    const std::size_t colon = rest.find(':');
    const std::string_view field = rest.substr(0, colon);  // "" for a comment
    std::string_view value = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") type_ = value;
    if (field != "data") return;
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
}

}  // namespace hil::worker
