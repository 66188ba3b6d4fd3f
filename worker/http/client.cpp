#include "http/client.hpp"

#include <strings.h>

namespace hil::worker {

std::optional<std::string> HttpReply::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    }
    return std::nullopt;
}

bool HttpError::retryable() const {
    switch (kind) {
        case Kind::resolve:
        case Kind::connect:
        case Kind::first_byte:
        case Kind::total:
        case Kind::cut:
            return true;
        default:
            return false;
    }
}

}  // namespace hil::worker
